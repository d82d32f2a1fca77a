//! An SP-API that answers 403, 500, or nothing (PROTOCOL.md §3).

use std::time::Duration;

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use mydata_sandbox::sp::SpBehaviour;

use crate::steps::{Walk, call, notifications, outcome, quick};

async fn exchange(country: &Country, behaviour: SpBehaviour) -> (mydata_sandbox::sp::Case, Walk) {
    let bank = country.sandbox.bank();
    bank.behave(behaviour);
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.press("confirm").await.unwrap();
    for _ in 0..100 {
        if walk.page.url.as_str().starts_with(country.sandbox.addresses().bank.as_str()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        walk.reload().await;
    }
    (case, walk)
}

async fn behaves(engine: Engine) {
    let country = Country::start_with(engine, quick).await.unwrap();
    let bank = country.sandbox.bank();

    // 403 is final: the citizen comes back with 410, nothing can be fetched, nobody is called again.
    let (case, walk) = exchange(&country, SpBehaviour::Refuse).await;
    assert!(walk.page.trail.iter().any(|u| u.query().is_some_and(|q| q.starts_with("code=410&tx_id="))));
    let told = notifications(bank, &case);
    assert_eq!(told.len(), 1);
    let ticket = told[0]["permission_ticket"].as_str().unwrap();
    assert_eq!(call(&country, "/service/data", Some(("permission_ticket", ticket))).await.status, 403);
    let status = call(&country, "/service/txid_status", Some(("tx_id", &case.tx_id.to_string()))).await;
    assert!(status.body.starts_with(br#"{"code":"410""#));

    // 500 and silence are retried with the same ticket and key; the citizen is back meanwhile.
    for behaviour in [SpBehaviour::FailFirst(3), SpBehaviour::SilentFirst(1)] {
        let (case, walk) = exchange(&country, behaviour).await;
        assert!(
            walk.page.trail.iter().any(|u| u.query().is_some_and(|q| q.starts_with("tx_id="))),
            "{behaviour:?}"
        );
        let case = outcome(bank, &case).await;
        assert!(case.received().is_some(), "{behaviour:?}");
        let told = notifications(bank, &case);
        assert!(told.len() >= 2, "{behaviour:?}");
        assert!(told.iter().all(|n| *n == told[0]), "{behaviour:?}: every try says the same");
    }
}

/// Shows R109, R110, R115.
#[tokio::test]
async fn an_sp_api_behaves_as_it_likes_on_sqlite() {
    behaves(Engine::Sqlite).await;
}

/// Shows R115.
#[tokio::test]
async fn an_sp_api_behaves_as_it_likes_on_postgresql() {
    behaves(Engine::Postgres).await;
}

/// Where every dataset fails, the SP still hears of the ticket first, however often that takes, and then that it opens
/// nothing; the citizen comes back with 504. Shows R113.
#[tokio::test]
async fn the_first_notification_comes_before_the_one_about_failures() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    sp.behave(SpBehaviour::FailFirst(5));
    let case = sp.open_case_for(&[Fault::Fail.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.press("confirm").await.unwrap();
    let case =
        sp.wait_for(&case.tx_id, Duration::from_secs(30), |c| !c.unable_to_deliver.is_empty()).await.unwrap();
    assert_eq!(case.unable_to_deliver, [Fault::Fail.id()]);
    let told = notifications(sp, &case);
    let first: Vec<bool> = told.iter().map(|n| n.get("secret_key").is_some()).collect();
    assert_eq!(first, [true, true, true, true, true, true, false], "six tries, then the failures, once");
    let ticket = told[0]["permission_ticket"].as_str().unwrap();
    assert_eq!(call(&country, "/service/data", Some(("permission_ticket", ticket))).await.status, 504);
}

/// A process that is killed while it tells the SP does not move the schedule ahead: failures count, not tries begun.
#[tokio::test]
async fn a_killed_process_does_not_postpone_the_notification() {
    let mut country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["sp_answer"] = serde_json::json!(30.0);
        config["policy"]["sp_retry"] = serde_json::json!([0.5]);
        config["policy"]["sp_retry_later"] = serde_json::json!(600.0);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank().clone();
    bank.behave(SpBehaviour::SilentFirst(3));
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.press("confirm").await.unwrap();
    for killed in 1..=3 {
        for _ in 0..200 {
            if notifications(&bank, &case).len() == killed {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(notifications(&bank, &case).len(), killed);
        country.platform.kill().unwrap();
        if killed == 3 {
            // One real failure follows: it is the first, so the next try comes after half a second.
            bank.behave(SpBehaviour::FailFirst(1));
        }
        country.platform.start().await.unwrap();
    }
    let case = outcome(&bank, &case).await;
    assert!(case.received().is_some());
    assert_eq!(notifications(&bank, &case).len(), 5);
}
