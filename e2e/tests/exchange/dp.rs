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

/// Shows R113, R121, R130, R132, R133, R134.
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
        Fault::Html,
    ] {
        let page = beside_a_good_one(&country, fault).await;
        assert!(page.contains("無法取得"), "{fault:?}: the citizen is told");
        let log = country.platform.log();
        assert!(log.contains(fault.id().as_str()), "{fault:?}: the operator is told");
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
