//! A DP that misbehaves: every failure of PROTOCOL.md §7 and every answer of §6, by a real DP over HTTP. What fails is
//! named to the SP and to the citizen; what is good still arrives.

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use mydata_sandbox::sp::DatasetContent;

use crate::steps::{Walk, notifications, outcome, quick, settled};

/// Runs an exchange of the good dataset and a faulty one; gives the text of ③ once all has ended.
async fn beside_a_good_one(country: &Country, fault: Fault) -> String {
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Good.id(), fault.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    let page = walk.page.html.clone();
    walk.press("confirm").await.unwrap();
    let case = outcome(sp, &case).await;
    let received = case.received().unwrap_or_else(|| panic!("{fault:?}: the SP could open nothing"));
    assert_eq!(received.len(), 1, "{fault:?} must not be inside");
    assert_eq!(received[0].resource_id, Fault::Good.id());
    assert!(matches!(received[0].content, DatasetContent::Verified { .. }));
    let case = sp
        .wait_for(&case.tx_id, std::time::Duration::from_secs(20), |c| !c.unable_to_deliver.is_empty())
        .await
        .unwrap();
    assert_eq!(case.unable_to_deliver, [fault.id()], "{fault:?}");
    let told = notifications(sp, &case);
    assert_eq!(
        told.iter().filter(|n| n.get("unable_to_deliver").is_some()).count(),
        1,
        "{fault:?}: told once"
    );
    page
}

/// Shows R113, R121, R130, R131, R132, R133, R134.
#[tokio::test]
async fn a_package_that_fails_verification_never_reaches_the_sp() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    for fault in [
        Fault::ZipBomb,
        Fault::DotDot,
        Fault::ShortManifest,
        Fault::WrongDigest,
        Fault::EntityManifest,
        Fault::NoMeta,
        Fault::NoPdf,
        Fault::BrokenJson,
        Fault::OtherKey,
        Fault::Expired,
        Fault::WrongRoot,
        Fault::Revoked,
        Fault::Html,
    ] {
        let page = beside_a_good_one(&country, fault).await;
        assert!(page.contains("無法取得"), "{fault:?}: the citizen is told");
        let log = country.platform.log();
        assert!(log.contains(fault.id().as_str()), "{fault:?}: the operator is told");
    }
}

/// Where nobody tells whether a certificate is revoked, the operator's setting decides; who hangs holds up nobody for long.
/// Shows R131.
#[tokio::test]
async fn where_nobody_tells_about_revocation_the_setting_decides() {
    // Connections wait in its backlog for ever.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs = format!("http://{}/", silent.local_addr().unwrap());
    for (engine, on_unknown) in [(Engine::Sqlite, "refuse"), (Engine::Postgres, "accept-and-flag")] {
        let country = Country::start_with(engine, |config| {
            quick(config);
            let issuer = &mut config["trust"]["issuers"][0];
            issuer["ocsp"] = serde_json::json!([hangs]);
            issuer["crl"] = serde_json::json!([hangs]);
            config["trust"]["patience"] = serde_json::json!(0.3);
            config["trust"]["on_unknown"] = on_unknown.into();
        })
        .await
        .unwrap();
        let sp = country.sandbox.lab().service(LabService::Faults);
        let case = sp.open_case_for(&[Fault::Good.id()], "王小明", None, "test");
        let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
        walk.reload_until(settled).await;
        if on_unknown == "refuse" {
            assert!(walk.page.html.contains("無法取得"), "{}", walk.page.html);
            let calls = country.sandbox.dp_calls().calls();
            let tries = calls.iter().filter(|c| c.path == Fault::Good.path()).count();
            assert_eq!(tries, 5, "it may be told in a while");
            continue;
        }
        walk.press("confirm").await.unwrap();
        let case = outcome(sp, &case).await;
        let received = case.received().expect("the data arrives");
        assert!(matches!(received[0].content, DatasetContent::Verified { .. }));
        let log = country.platform.log();
        assert!(log.contains("accepted though nobody tells"), "{log}");
    }
}

/// Shows R113, R114.
#[tokio::test]
async fn a_dp_that_fails_refuses_hangs_or_breaks_off_is_given_up_in_time() {
    let country = Country::start_with(Engine::Postgres, quick).await.unwrap();
    for fault in [Fault::Fail, Fault::Forbidden, Fault::HalfFile, Fault::Hang, Fault::WaitForever] {
        let page = beside_a_good_one(&country, fault).await;
        assert!(page.contains("無法取得"), "{fault:?}");
        let calls = country.sandbox.dp_calls().calls();
        let ours: Vec<_> = calls.iter().filter(|c| c.path == fault.path()).collect();
        let uids: std::collections::HashSet<_> =
            ours.iter().filter_map(|c| c.header("transaction_uid")).collect();
        assert_eq!(uids.len(), 1, "{fault:?}: the same transaction_uid on every try");
        let tries = match fault {
            // Refused is final; and it asks for more than the 90 minutes there are.
            Fault::Forbidden | Fault::WaitForever => 1,
            _ => 5,
        };
        assert_eq!(ours.len(), tries, "{fault:?}");
    }
}

/// Shows R118, R119, R129.
#[tokio::test]
async fn a_dp_that_recovers_or_asks_to_wait_is_heard() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    for fault in [Fault::FailOnce, Fault::WaitUnsaid, Fault::WaitTwice, Fault::Large] {
        let case = sp.open_case_for(&[fault.id()], "王小明", None, "test");
        let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
        walk.press("confirm").await.unwrap();
        let case = outcome(sp, &case).await;
        let received = case.received().unwrap_or_else(|| panic!("{fault:?}"));
        assert!(matches!(received[0].content, DatasetContent::Verified { .. }), "{fault:?}");
    }
}

/// A DP that hangs holds up its own dataset and nobody else: neither other datasets nor notifications. Shows R114.
#[tokio::test]
async fn a_dp_that_hangs_holds_up_nobody_else() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["dp_first_byte"] = serde_json::json!(30.0);
        config["jobs"]["at_once"] = serde_json::json!(4);
        config["jobs"]["collect_at_once"] = serde_json::json!(4);
        config["jobs"]["collect_per_dataset"] = serde_json::json!(2);
    })
    .await
    .unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let hanging = || {
        let calls = country.sandbox.dp_calls().calls();
        calls.iter().filter(|c| c.path == Fault::Hang.path()).count()
    };
    let mut hung = Vec::new();
    for _ in 0..6 {
        let case = sp.open_case_for(&[Fault::Hang.id()], "王小明", None, "test");
        hung.push(Walk::to_confirm(&case.entry_url, "wang-xiaoming").await);
    }
    let case = sp.open_case_for(&[Fault::Good.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    let case = outcome(sp, &case).await;
    assert!(case.received().is_some());
    assert_eq!(hanging(), 2, "two calls at a time, and all of them still hang");
    drop(hung);
}

/// Nobody waits for an answer that nobody wants any more: refused, or started over by somebody else.
#[tokio::test]
async fn a_call_ends_when_the_citizen_refuses_or_starts_over() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["dp_first_byte"] = serde_json::json!(60.0);
        // On a busy machine a short lease runs out, and then the call ends for that reason.
        config["jobs"]["lease"] = serde_json::json!(20.0);
    })
    .await
    .unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let hanging = || -> Vec<String> {
        let calls = country.sandbox.dp_calls().calls();
        let calls = calls.iter().filter(|c| c.path == Fault::Hang.path());
        calls.filter_map(|c| c.header("transaction_uid").map(str::to_owned)).collect()
    };
    let dropped = || country.platform.log().matches("a call was dropped").count();
    let until = async |what: &str, happened: &dyn Fn() -> bool| {
        for _ in 0..100 {
            if happened() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{what} did not happen within five seconds");
    };
    let case = sp.open_case_for(&[Fault::Hang.id()], "某人", None, "test");
    Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    until("the first call", &|| hanging().len() == 1).await;
    // Another browser starts over: its own call goes out at once, and the first one ends.
    let mut second = Walk::to_confirm(&case.entry_url, "ji-xiaotian").await;
    until("the second call", &|| hanging().len() == 2).await;
    assert_ne!(hanging()[0], hanging()[1], "another part, another transaction_uid");
    until("the end of the first call", &|| dropped() == 1).await;
    second.press("refuse").await.unwrap();
    until("the end of the second call", &|| dropped() == 2).await;
    assert_eq!(hanging().len(), 2, "nobody is asked again");
}

/// One call has an end, however slowly its answer comes. Shows R114.
#[tokio::test]
async fn a_call_has_a_deadline_as_a_whole() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["dp_first_byte"] = serde_json::json!(60.0);
        config["policy"]["dp_call"] = serde_json::json!(1.0);
    })
    .await
    .unwrap();
    let page = beside_a_good_one(&country, Fault::Hang).await;
    assert!(page.contains("無法取得"));
    assert!(country.platform.log().contains("not complete after 1 s"));
}

/// A package that vanished from the store before it could be sealed ends the exchange with a clear state: the SP is
/// told, instead of waiting for what never comes.
#[tokio::test]
async fn what_can_never_be_sealed_is_told_as_undeliverable() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Good.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    let blobs = country.platform.data_folder().join("blobs");
    assert_eq!(crate::partner::files_in(&blobs), 1);
    std::fs::remove_dir_all(&blobs).unwrap();
    std::fs::create_dir(&blobs).unwrap();
    walk.press("confirm").await.unwrap();
    let case = sp
        .wait_for(&case.tx_id, std::time::Duration::from_secs(20), |c| !c.unable_to_deliver.is_empty())
        .await
        .unwrap();
    assert_eq!(case.unable_to_deliver, [Fault::Good.id()]);
    let told = notifications(sp, &case);
    let ticket = told[0]["permission_ticket"].as_str().unwrap();
    let answer = crate::steps::call(&country, "/service/data", Some(("permission_ticket", ticket))).await;
    assert_eq!((answer.status, answer.code.as_str()), (504, "undeliverable"));
}
