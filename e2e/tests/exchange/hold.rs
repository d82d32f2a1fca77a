//! A service that is suspended or delisted while exchanges are under way: nothing is asked or sent on for it, and what
//! can be taken up again later is.

use std::time::Duration;

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::sp::SpBehaviour;
use serde_json::json;

use crate::steps::{Walk, call, notifications, outcome, quick, settled};

/// Registers every service in this state, while the platform runs.
async fn register(country: &Country, state: &str) {
    let mut registry: toml::Table = country.sandbox.registry_toml().parse().unwrap();
    for service in registry["service"].as_array_mut().unwrap() {
        service["state"] = toml::Value::String(state.to_owned());
    }
    let file = country.platform.data_folder().with_file_name("states.toml");
    std::fs::write(&file, toml::to_string(&registry).unwrap()).unwrap();
    country.platform.apply(&file).unwrap();
    // What is registered is looked at once a second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
}

/// PROTOCOL.md §4 has no status of its own for it: 403, with a code that says why. Shows R120, R138, R141.
#[tokio::test]
async fn what_was_confirmed_waits_while_the_service_is_suspended() {
    let country = Country::start_with(Engine::Postgres, |config| {
        quick(config);
        config["policy"]["suspended_retry"] = json!(0.5);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    let household = [Dataset::Household.id()];

    // Confirmed, and the SP not yet told; confirmed, told, and not yet fetched; still deciding; still at the beginning.
    bank.behave(SpBehaviour::FailFirst(u32::MAX));
    let case = bank.open_case_for(&household, "王小明", None, "test");
    let mut confirmed = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    confirmed.reload_until(settled).await;
    confirmed.press("confirm").await.unwrap();
    let deciding_case = bank.open_case_for(&household, "王小明", None, "test");
    let mut deciding = Walk::to_confirm(&deciding_case.entry_url, "wang-xiaoming").await;
    deciding.reload_until(settled).await;
    let beginning_case = bank.open_case_for(&household, "王小明", None, "test");
    let mut beginning = Walk::enter(&beginning_case.entry_url).await;

    for state in ["suspended", "delisted"] {
        register(&country, state).await;
        let told = notifications(bank, &case).len();
        let ticket = notifications(bank, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
        let tx_id = case.tx_id.to_string();
        for (path, header) in [
            ("/service/data", ("permission_ticket", ticket.as_str())),
            ("/service/type_valid", ("permission_ticket", ticket.as_str())),
            ("/service/txid_status", ("tx_id", tx_id.as_str())),
        ] {
            let answer = call(&country, path, Some(header)).await;
            assert_eq!((answer.status, answer.code.as_str()), (403, "service_not_listed"), "{path}");
            assert!(answer.text.contains("停權"), "{}", answer.text);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(notifications(bank, &case).len(), told, "{state}: the SP is not called");
    }

    // Who has not confirmed goes back with 423; nothing of it was or will be sent.
    deciding.press("confirm").await.unwrap();
    assert!(deciding.page.html.contains("423"), "{}", deciding.page.html);
    assert!(notifications(bank, &deciding_case).is_empty());
    beginning.reload().await;
    assert!(beginning.page.html.contains("這項服務暫停中"), "{}", beginning.page.html);
    let link = beginning.page.reading.links.iter().find(|l| l.contains("code=423&")).cloned();
    assert!(link.is_some(), "{:?}", beginning.page.reading.links);

    // Listed again: what was confirmed goes on where it was.
    bank.behave(SpBehaviour::Accept);
    register(&country, "listed").await;
    assert!(outcome(bank, &case).await.received().is_some());
    assert!(notifications(bank, &deciding_case).is_empty());
}

/// When the service stays suspended, what was confirmed ends with its ticket and is wiped, untold.
#[tokio::test]
async fn what_was_confirmed_ends_when_the_service_stays_suspended() {
    let country = Country::start_with(Engine::Postgres, |config| {
        quick(config);
        config["policy"]["suspended_retry"] = json!(0.5);
        config["policy"]["ticket_life"] = json!(6.0);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    bank.behave(SpBehaviour::FailFirst(u32::MAX));
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    register(&country, "suspended").await;
    bank.behave(SpBehaviour::Accept);
    let told = notifications(bank, &case).len();
    let blobs = country.platform.data_folder().join("blobs");
    for _ in 0..150 {
        if crate::partner::files_in(&blobs) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(crate::partner::files_in(&blobs), 0, "wiped");
    register(&country, "listed").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(notifications(bank, &case).len(), told, "nobody is told afterwards");
    let status = call(&country, "/service/txid_status", Some(("tx_id", &case.tx_id.to_string()))).await;
    assert_eq!((status.status, status.code.as_str()), (403, "tx_id_invalid"));
}
