//! `kill -9` at every step of a running exchange: after the restart the SP gets its data, once, with the ticket and key
//! it was told of first.

use std::collections::HashSet;
use std::time::Duration;

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::sp::{Case, DatasetContent, SpBehaviour};

use crate::partner::files_in;
use crate::steps::{Walk, notifications, outcome, quick, settled};

/// Where the platform is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Entered,
    AtTheIdentityProvider,
    Authorised,
    FirstDpCalled,
    EveryDpCalled,
    DpAsksToWait,
    EverythingThere,
    WhileConfirming,
    Confirmed,
    SpBeingTold,
    SpFailedOnce,
    SpAccepted,
    SpWaiting,
    UndeliverableKnown,
    TokenTaken,
}

impl Point {
    const ALL: [Point; 15] = [
        Self::Entered,
        Self::AtTheIdentityProvider,
        Self::Authorised,
        Self::FirstDpCalled,
        Self::EveryDpCalled,
        Self::DpAsksToWait,
        Self::EverythingThere,
        Self::WhileConfirming,
        Self::Confirmed,
        Self::SpBeingTold,
        Self::SpFailedOnce,
        Self::SpAccepted,
        Self::SpWaiting,
        Self::UndeliverableKnown,
        Self::TokenTaken,
    ];

    fn persona(self) -> &'static str {
        match self {
            Self::DpAsksToWait | Self::SpWaiting => "chen-manman",
            Self::UndeliverableKnown => "huang-butong",
            _ => "wang-xiaoming",
        }
    }
}

async fn restart(country: &mut Country) {
    country.platform.kill().unwrap();
    country.platform.start().await.unwrap();
}

/// Waits for something to happen outside; panics after half a minute.
async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

async fn kill_at(country: &mut Country, point: Point) {
    let bank = country.sandbox.bank().clone();
    bank.behave(match point {
        Point::SpFailedOnce => SpBehaviour::FailFirst(2),
        _ => SpBehaviour::Accept,
    });
    let case = bank.open_case("某人", None, "test");
    let before = country.sandbox.dp_calls().calls().len();
    let mut walk = Walk::enter(&case.entry_url).await;
    if point == Point::Entered {
        restart(country).await;
    }
    walk.choose_method().await;
    if point == Point::AtTheIdentityProvider {
        restart(country).await;
    }
    walk.sign_in(point.persona()).await;
    let dp_calls = country.sandbox.dp_calls().clone();
    match point {
        Point::Authorised => restart(country).await,
        Point::FirstDpCalled => {
            until("a call of a DP", || dp_calls.calls().len() > before).await;
            restart(country).await;
        }
        Point::EveryDpCalled => {
            until("a call of every DP", || dp_calls.calls().len() >= before + 3).await;
            restart(country).await;
        }
        Point::DpAsksToWait => {
            until("a DP's 429", || {
                dp_calls.calls()[before..].iter().any(|c| c.status.is_some_and(|s| s == 429))
            })
            .await;
            restart(country).await;
        }
        Point::EverythingThere => {
            walk.reload_until(settled).await;
            restart(country).await;
            walk.reload().await;
            assert!(settled(&walk.page), "what had arrived is still there");
        }
        _ => {}
    }
    let told = || notifications(&bank, &case).len();
    match point {
        Point::WhileConfirming => {
            // The answer may never come; what was written is what counts.
            let pressed = tokio::time::timeout(Duration::from_millis(15), walk.press("confirm")).await;
            restart(country).await;
            if pressed.is_err() || pressed.is_ok_and(|p| p.is_err()) {
                walk.reload().await;
                if walk.page.reading.form("confirm").is_some() {
                    walk.press("confirm").await.unwrap();
                }
            }
        }
        Point::SpBeingTold => {
            let pressing = walk.press("confirm");
            tokio::pin!(pressing);
            tokio::select! {
                _ = &mut pressing => {}
                () = until("a call of the SP-API", || told() > 0) => {}
            }
            restart(country).await;
        }
        _ => {
            walk.press("confirm").await.unwrap();
        }
    }
    match point {
        Point::Confirmed => restart(country).await,
        Point::SpFailedOnce => {
            until("a failed call of the SP-API", || told() > 0).await;
            restart(country).await;
        }
        Point::SpAccepted => {
            until("an accepted call of the SP-API", || {
                bank.case(&case.tx_id).is_some_and(|c| c.notification.is_some())
            })
            .await;
            restart(country).await;
        }
        Point::SpWaiting => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            restart(country).await;
        }
        Point::UndeliverableKnown => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            restart(country).await;
        }
        Point::TokenTaken => {
            outcome(&bank, &case).await;
            restart(country).await;
        }
        _ => {}
    }
    check(&bank, &case, point).await;
}

async fn check(bank: &mydata_sandbox::sp::Sp, case: &Case, point: Point) {
    let case = outcome(bank, case).await;
    let received = case.received().unwrap_or_else(|| panic!("{point:?}: the SP could open nothing"));
    let expected = if point == Point::UndeliverableKnown { 2 } else { 3 };
    assert_eq!(received.len(), expected, "{point:?}");
    for dataset in received {
        assert!(
            matches!(dataset.content, DatasetContent::Verified { .. }),
            "{point:?}: {}",
            dataset.resource_id
        );
    }
    let told = notifications(bank, &case);
    let confirmed: Vec<_> = told.iter().filter(|n| n.get("secret_key").is_some()).collect();
    assert!(!confirmed.is_empty(), "{point:?}");
    assert!(confirmed.iter().all(|n| *n == confirmed[0]), "{point:?}: one ticket, one key");
    let tickets: HashSet<_> = told.iter().map(|n| n["permission_ticket"].to_string()).collect();
    assert_eq!(tickets.len(), 1, "{point:?}");
    if point == Point::UndeliverableKnown {
        let case = bank
            .wait_for(&case.tx_id, Duration::from_secs(30), |c| !c.unable_to_deliver.is_empty())
            .await
            .unwrap();
        assert_eq!(case.unable_to_deliver.len(), 1);
    }
}

async fn survives(engine: Engine) {
    let mut country = Country::start_with(engine, |config| {
        quick(config);
        config["jobs"] = serde_json::json!({ "lease": 1.5, "sweep_every": 0.5, "sweep_older_than": 3.0 });
    })
    .await
    .unwrap();
    for point in Point::ALL {
        kill_at(&mut country, point).await;
    }
    // Nothing is left behind but the tokens whose tickets still live.
    let blobs = country.platform.data_folder().join("blobs");
    for _ in 0..150 {
        if files_in(&blobs) == Point::ALL.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(files_in(&blobs), Point::ALL.len(), "files left behind");
    country.platform.stop().unwrap();
}

#[tokio::test]
async fn every_step_survives_a_kill_on_sqlite() {
    survives(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_step_survives_a_kill_on_postgresql() {
    survives(Engine::Postgres).await;
}
