//! An owner finds out whether the own systems can be reached: 測試連線, polling, the mail, 異常管理; every page free of
//! axe-core violations.

use std::time::{Duration, Instant};

use mydata_e2e::browser::Look;
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;

use crate::steps::{PASSWORD, Person, admin};

/// The household agency's dataset, and one of which nobody is at home.
async fn country() -> Country {
    let adjust = |config: &mut serde_json::Value| {
        config["health"] = serde_json::json!({ "poll_every": 1.0, "tell_after": 2 });
    };
    Country::start_registered(Engine::Sqlite, adjust, |sandbox| {
        let nobody = "\n[[dataset]]\nresource_id = \"API.NobodyHome\"\nresource_secret = \"fictionalSecret1\"\n\
            zone = \"test\"\norganisation = \"demo-household\"\nname = \"示範斷線資料\"\nname_en = \"Nobody at home\"\n\
            category = \"教育\"\nweakest_verification = \"NHI\"\ndp_api = \"http://127.0.0.1:1/\"\nstate = \"listed\"\n";
        Ok(sandbox.registry_toml().to_owned() + nobody)
    })
    .await
    .unwrap()
}

async fn opens(person: &Person, search: &str) {
    person.open(&format!("/mydata-backend/datasets?q={search}")).await;
    person.browser.click("td .name a").await.unwrap();
    person.browser.wait_for("#health").await.unwrap();
}

async fn an_owner(look: Look) {
    let country = country().await;
    let link = admin(
        &country,
        &[
            "add",
            "--role",
            "applicant",
            "--account",
            "hanna",
            "--organisation",
            "demo-household",
            "--mail",
            "hanna@household.example",
            "--name",
            "陳示華",
        ],
    );
    let person = Person::at(country.platform.base().as_str(), look).await;
    person.set_password(&link, PASSWORD).await;
    person.sign_in("hanna", PASSWORD).await;
    person.is_in().await;

    // A system that works, tested from its page.
    opens(&person, "API.Hh7Qm2Zt9X").await;
    person.look("item-health-off").await;
    person.browser.click("form[action$='/probe'] button").await.unwrap();
    person.browser.wait_for(".box.good").await.unwrap();
    assert_eq!(person.count(".probe-step.passed").await, 5);
    assert_eq!(person.count(".probe-step.skipped").await, 2, "the sandbox speaks http");
    person.look("probe-passed").await;

    // One that nobody answers for.
    opens(&person, "API.NobodyHome").await;
    person.browser.click("form[action$='/probe'] button").await.unwrap();
    person.browser.wait_for(".box.bad").await.unwrap();
    assert_eq!((person.count(".probe-step.failed").await, person.count(".probe-step.ahead").await), (1, 4));
    person.look("probe-failed").await;
    opens(&person, "API.NobodyHome").await;
    person.browser.click("form[action$='/polling'] button").await.unwrap();
    let begun = Instant::now();
    let mail = loop {
        let found = country.sandbox.mailbox().messages().into_iter().find(|m| m.subject.contains("介接異常"));
        if let Some(mail) = found {
            break mail;
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "no mail came\n{}", country.platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(mail.to, "hanna@household.example");
    assert!(mail.body.contains("示範斷線資料") && mail.body.contains("主機拒絕連線"), "{}", mail.body);
    opens(&person, "API.NobodyHome").await;
    person.browser.wait_for("svg.polls .failed").await.unwrap();
    person.look("item-health-failing").await;
    person.open("/mydata-backend/datasets/failing").await;
    person.browser.wait_for("td form[action$='/probe'] button").await.unwrap();
    assert_eq!(person.count("tbody tr").await, 1);
    person.look("failing").await;
    person.browser.click("td form[action$='/probe'] button").await.unwrap();
    person.browser.wait_for(".probe-step.failed").await.unwrap();
    person.browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_tests_polls_and_is_told() {
    an_owner(Look::default()).await;
}

/// Without JavaScript, on a phone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_without_javascript() {
    an_owner(Look { javascript: false, ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_in_english() {
    an_owner(Look { language: "en", ..Look::phone() }).await;
}
