//! An SP-API that answers 403, 500, or nothing (PROTOCOL.md §3).

use std::time::Duration;

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
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
