//! A service of a non-public body, in English: by way of its competent authority, to 已上架 and 下架.

use std::time::Duration;

use mydata_sandbox::sp::{DatasetContent, Facts, Outcome};
use mydata_sdk::sp::Service;
use thirtyfour::prelude::*;

use super::dataset::{PDF, day};
use super::walk::Answer::{File, Option as Choice, Text, Tick};
use super::walk::{Newcomer, Walk};
use super::world::{AUTHORITY, PASSWORD, World};

const FINTECH: Newcomer =
    Newcomer {
        mail: "wumei@fintech.example", organisation: "示範金融科技公司", authority: Some(AUTHORITY)
    };

/// Shows R1, R3, R4, R6, R7, R9, R10, R13, R14, R15, R16, R17, R25, R32, R33, R35, R53, R89, R90, R91.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_of_a_non_public_body_in_english() {
    let world = World::begin(day(2026, 12, 1)).await;
    let desk = world.production.desk().await.unwrap();
    let (back, sp_api) = (format!("{}back", desk.url()), format!("{}notification", desk.url()));
    let w = Walk::begin(&world, "en").await;
    w.sign_up(&FINTECH).await;
    w.fill(&[("form", Tick("service"))]).await;
    w.press(".sheet .primary").await;
    let pdf = world.file("申請書.pdf", PDF);
    w.fill(&[
        ("category", Choice("")),
        ("name", Text("線上貸款")),
        ("name_en", Text("Online loans")),
        ("url", Text("https://fintech.example/loans")),
        ("description", Text("線上申請示範貸款")),
        ("purpose", Text("審核示範貸款")),
        ("terms", Text("示範條款")),
        ("dataset[]", Tick("")),
        ("return_url[0]", Text(&back)),
        ("sp_api", Text(&sp_api)),
        ("ip[0]", Text("127.0.0.1")),
        ("application", File(&pdf)),
    ])
    .await;
    w.send().await;

    // Operator, competent authority with its letter, ministry.
    w.become_("operator").await;
    w.review("R1151201001").await;
    w.button("approve").await;
    w.review("B1151201001").await;
    w.button("approve").await;
    world.mail(FINTECH.mail, "目的事業主管機關").await;
    w.approve("authority", "B1151201001", true).await;
    w.approve("ministry", "B1151201001", false).await;

    w.become_("wumei").await;
    let item = w.item("services", "線上貸款").await;
    w.sees("", "Testing").await;
    w.begin_form(&item, "", "Apply to go live", "service-go-live").await;
    let checklist = world.file("checklist.pdf", PDF);
    w.fill(&[
        ("on", Text("115/12/31")),
        ("production.dataset[]", Tick("")),
        ("pilot_ip[0]", Text("203.0.113.128/28")),
        ("checklist", File(&checklist)),
    ])
    .await;
    let number = w.file("service-go-live").await;
    w.approve("operator", &number, false).await;
    w.review(&number).await;
    w.letter().await;
    w.button("letter").await;
    w.approve("ministry", &number, false).await;
    world.mail(FINTECH.mail, "正式區試辦").await;

    w.on(day(2026, 12, 20), "wumei", &item).await;
    w.begin_form(&item, "", "File the pilot report", "service-report").await;
    w.fill(&[("report", File(&pdf))]).await;
    let number = w.file("service-report").await;
    w.approve("operator", &number, false).await;
    w.on(day(2026, 12, 31), "wumei", &item).await;
    w.sees("", "Listed").await;
    w.look("service-listed").await;
    w.open("/mydata-backend/all-services?q=線上貸款").await;
    w.look("all-services").await;
    w.sees("", "線上貸款").await;

    // A citizen's data goes from a provider's production API to the service, with its production credentials.
    let live = &world.production.live()[0];
    let facts =
        Facts { datasets: vec![live.id.clone()], return_url: back.clone(), ..credentials(&w, &item).await };
    let sp = world.production.service(&world.sandbox, desk, facts).unwrap();
    let case = sp.open_case("王小明", None, "a session of the service");
    w.browser.goto(&case.entry_url).await.unwrap();
    w.look("consent-in-production").await;
    assert!(!w.text().await.contains("Test zone"), "{}", w.text().await);
    w.identify("wang-xiaoming").await;
    w.browser.wait_for_within("a[href*='/preview/']", Duration::from_secs(60)).await.unwrap();
    w.browser.click("form[data-form=confirm] button").await.unwrap();
    let case =
        sp.wait_for(&case.tx_id, Duration::from_secs(60), |case| case.outcome.is_some()).await.unwrap();
    while !w.browser.current_url().await.unwrap().as_str().starts_with(&back) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let received = match case.outcome {
        Some(Outcome::Received(received)) => received,
        Some(Outcome::Failed(reason)) => panic!("{reason}"),
        None => panic!("nothing came"),
    };
    let [dataset] = received.as_slice() else { panic!("{} datasets", received.len()) };
    assert_eq!(dataset.resource_id, live.id);
    assert!(matches!(&dataset.content, DatasetContent::Verified { document: Some(_), .. }));
    assert_eq!(world.production.calls().calls().len(), 1, "the production API was called");
    assert!(world.sandbox.dp_calls().calls().is_empty(), "that of the test zone was not");

    // Its owner takes it back.
    w.open(&item).await;
    w.become_("wumei").await;
    w.act(&item, "", "Delist the", "The product has ended.").await;
    w.sees("", "Delisted").await;
    world.mail(FINTECH.mail, "已下架").await;
    w.end().await;
}

/// The production credentials as the item's page shows them, after a proof.
async fn credentials(w: &Walk<'_>, item: &str) -> Facts {
    w.world.pass(Duration::from_secs(6 * 60));
    w.open(&format!("{item}/credentials?zone=production")).await;
    w.browser.fill("input[name=password]", PASSWORD).await.unwrap();
    w.press("form:has([name=password]) .buttons button").await;
    w.look("credentials-in-production").await;
    let mut values = Vec::new();
    for cell in w.browser.find_all(By::Css("main dd code")).await.unwrap() {
        values.push(cell.text().await.unwrap());
    }
    let [id, secret, iv, key] = values.as_slice() else {
        panic!("{} values: {}", values.len(), w.text().await)
    };
    Facts {
        key: "fintech",
        service: Service {
            platform: w.world.base.parse().unwrap(),
            client_id: id.parse().unwrap(),
            client_secret: secret.parse().unwrap(),
            cbc_iv: iv.parse().unwrap(),
        },
        api_key: key.clone(),
        datasets: Vec::new(),
        return_url: String::new(),
        notification_path: "/notification".to_owned(),
    }
}
