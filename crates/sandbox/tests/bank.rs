//! The bank: from its page through a scripted platform to the data on its page.

mod common;

use std::time::Duration;

use common::World;
use mydata_sandbox::citizen::{Citizen, Decision, End, Page, Plan};
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::personas;
use mydata_sandbox::sp::{Case, SpBehaviour};
use mydata_wire::{SystemRandom, TransactionUid, TxId, Verification};
use serde_json::json;

async fn apply(world: &World, citizen: &mut Citizen, name: &str, uid: &str) -> Page {
    let start = citizen.get(world.sandbox.addresses().bank.as_str()).await.unwrap();
    let form = start.reading.form("apply").unwrap().clone();
    let fill = |field: &mydata_sandbox::citizen::html::Field| {
        Some(if field.name == "uid" { uid } else { name }.to_owned())
    };
    citizen.submit(&start, &form, None, fill).await.unwrap()
}

/// Applies, signs in, decides.
async fn walk(world: &World, decision: Decision) -> (Citizen, Case, Page, String) {
    let mut citizen = Citizen::new(world.http.clone());
    let page = apply(world, &mut citizen, "王小明", "A123456789").await;
    let tx_id: TxId = page.trail[1].path().rsplit('/').next().unwrap().parse().unwrap();
    let persona = personas::by_key("wang-xiaoming").unwrap();
    let plan = Plan::new(persona, Verification::Cer).decide(decision);
    let home = world.sandbox.bank().facts().return_url.clone();
    let End::Returned { url, page } = citizen.walk(page, &home, &plan).await.unwrap() else {
        panic!("a dead end");
    };
    (citizen, world.sandbox.bank().case(&tx_id).unwrap(), page, url.into())
}

async fn package(world: &World, url: &str) -> Vec<u8> {
    let uid = TransactionUid::generate(&SystemRandom);
    let answer = world.ask_dp(url, "wang-xiaoming", uid, &[("INQ_YR", "114")]).await;
    answer.bytes().await.unwrap().to_vec()
}

/// Shows R69, R76, R77, R121–R129 from the SP's side.
#[tokio::test]
async fn what_the_platform_delivers_is_verified_and_shown() {
    let world = World::new().await;
    let (mut citizen, case, page, url) = walk(&world, Decision::ConfirmWhenDone).await;
    assert!(page.html.contains("資料下載需一段時間，可能不會即時取得") && page.reading.refresh.is_some());
    let script_form = world.script.lock().unwrap().form.clone();
    assert_eq!(script_form["terms"], "yes");
    assert_eq!(script_form["INQ_YR"], "114");
    assert!(world.script.lock().unwrap().polls >= 3, "the citizen waited until everything had arrived");

    let at = world.sandbox.addresses();
    let household = package(&world, at.household.join("household").unwrap().as_str()).await;
    let kin = package(&world, at.kin.join("kin").unwrap().as_str()).await;
    let iv = world.sandbox.bank().facts().service.cbc_iv.clone();
    let (ticket, key) = world.seal(
        &iv,
        &[
            (Dataset::Household.id(), "個人戶籍資料", Some(household)),
            (Dataset::Kin.id(), "親屬關係資料", Some(kin)),
            (Dataset::Property.id(), "財產資料", None),
        ],
    );
    let body = json!({"tx_id": case.tx_id.to_string(), "permission_ticket": ticket.expose(),
        "secret_key": key.to_wire()});
    assert_eq!(world.notify(body.clone()).await, 200);
    assert_eq!(world.notify(body).await, 200, "the same notification may come again");
    let bank = world.sandbox.bank();
    let case = bank.wait_for(&case.tx_id, Duration::from_secs(20), |c| c.outcome.is_some()).await.unwrap();
    assert_eq!(case.received().map(<[_]>::len), Some(3));
    assert!(!bank.case_folder(&case.tx_id).exists(), "token and package are not left lying around");

    let page = citizen.get(&url).await.unwrap();
    for word in ["示範戶政司", "簽章已驗證", "80年1月1日", "己身", "查無資料", "王大明"]
    {
        assert!(page.html.contains(word), "{word} is not on the page");
    }
    assert!(page.reading.refresh.is_none());
    let mut somebody_else = Citizen::new(world.http.clone());
    let page = somebody_else.get(&url).await.unwrap();
    assert!(page.status == 404 && !page.html.contains("王大明"), "data is shown to its own browser only");
}

/// Shows R107, R108.
#[tokio::test]
async fn a_refusal_is_explained() {
    let world = World::new().await;
    for decision in [Decision::RefuseWhenDone, Decision::RefuseBeforeLogin] {
        let (_, case, page, _) = walk(&world, decision).await;
        assert!(page.html.contains("您拒絕傳送資料") && page.html.contains(r#"data-code="205""#));
        assert!(case.outcome.is_none() && case.notification.is_none());
    }
}

/// Shows R113 from the SP's side.
#[tokio::test]
async fn undeliverable_datasets_are_shown() {
    let world = World::new().await;
    let (mut citizen, case, _, url) = walk(&world, Decision::ConfirmAtOnce).await;
    let ticket = "0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30";
    let body = json!({"tx_id": case.tx_id.to_string(), "permission_ticket": ticket,
        "unable_to_deliver": [Dataset::Property.id()]});
    assert_eq!(world.notify(body).await, 200);
    let page = citizen.get(&url).await.unwrap();
    assert!(page.html.contains("MyData 無法傳送") && page.html.contains("財產資料"));
}

#[tokio::test]
async fn what_is_not_ours_or_does_not_open_is_refused() {
    let world = World::new().await;
    let (mut citizen, case, _, url) = walk(&world, Decision::ConfirmAtOnce).await;
    let iv = world.sandbox.bank().facts().service.cbc_iv.clone();
    let (ticket, _) = world.seal(&iv, &[(Dataset::Property.id(), "財產資料", None)]);
    let another = mydata_wire::SecretKey::generate(&SystemRandom).to_wire();
    let body =
        |tx_id: &str| json!({"tx_id": tx_id, "permission_ticket": ticket.expose(), "secret_key": another});
    assert_eq!(world.notify(body("3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e")).await, 403, "no case of ours");
    assert_eq!(world.notify(body(&case.tx_id.to_string())).await, 200);
    let bank = world.sandbox.bank();
    let case = bank.wait_for(&case.tx_id, Duration::from_secs(20), |c| c.outcome.is_some()).await.unwrap();
    assert!(case.received().is_none(), "a token under another key must not open");
    assert!(citizen.get(&url).await.unwrap().html.contains("無法取得資料"));
}

#[tokio::test]
async fn the_sp_api_misbehaves_on_request() {
    let world = World::new().await;
    let bank = world.sandbox.bank();
    let case = bank.open_case("王小明", None, "");
    let body = json!({"tx_id": case.tx_id.to_string(),
        "permission_ticket": "0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30", "unable_to_deliver": ["API.Kr1C3b1ijJ"]});
    bank.behave(SpBehaviour::FailFirst(2));
    for status in [500, 500, 200] {
        assert_eq!(world.notify(body.clone()).await, status);
    }
    bank.behave(SpBehaviour::Refuse);
    assert_eq!(world.notify(body.clone()).await, 403);
    bank.behave(SpBehaviour::SilentFirst(1));
    let silent = tokio::time::timeout(Duration::from_millis(300), world.notify(body.clone())).await;
    assert!(silent.is_err());
    assert_eq!(world.notify(body).await, 200);
    let statuses: Vec<_> =
        bank.notifications().calls().iter().map(|c| c.status.map(|s| s.as_u16())).collect();
    assert_eq!(statuses, [Some(500), Some(500), Some(200), Some(403), None, Some(200)]);
}

#[tokio::test]
async fn wrong_input_is_marked_and_kept() {
    let world = World::new().await;
    let mut citizen = Citizen::new(world.http.clone());
    for (name, uid, marked) in
        [("王小明", "A123456788", "uid-hint"), ("", "A123456789", "name-error"), ("<b>", "\"x", "uid-hint")]
    {
        let page = apply(&world, &mut citizen, name, uid).await;
        assert_eq!(page.status, 422);
        assert!(
            page.html.contains(&format!(r#"aria-describedby="{marked}""#))
                && page.html.contains("aria-invalid")
        );
        assert!(!page.html.contains("<b>"));
        let form = page.reading.form("apply").unwrap();
        assert_eq!((form.fields[0].value.as_str(), form.fields[1].value.as_str()), (name, uid));
    }
}
