//! A citizen with a real browser: bank → consent → login → what came → back at the bank, on a desktop and on a phone, in
//! both languages, with and without JavaScript, every page free of axe-core violations.

use std::time::Duration;

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;

use crate::steps::quick;

/// Free of violations; axe-core is itself a script, so without scripts there is nobody to ask.
async fn accessible(browser: &Browser, look: &Look) {
    if look.javascript {
        assert_accessible(browser).await.unwrap();
    }
}

async fn walks(look: Look) {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let english = look.language.starts_with("en");
    let at = country.sandbox.addresses();

    browser.goto(at.bank.as_str()).await.unwrap();
    accessible(&browser, &look).await;
    browser.click("form[data-form=apply] button").await.unwrap();

    // ① and ②: nothing ticked, nothing chosen – the page says so by the field.
    browser.wait_for("form[data-form=authorise]").await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    let purpose = if english { "account" } else { "線上開戶身分與財力審核" };
    assert!(text.contains(purpose), "{text}");
    browser.click("form[data-form=authorise] button.primary").await.unwrap();
    browser.wait_for("[aria-invalid=true], .summary, [role=alert]").await.unwrap();
    accessible(&browser, &look).await;
    browser.click("input[name=terms]").await.unwrap();
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form[data-form=authorise] button.primary").await.unwrap();

    // The identity provider.
    browser.wait_for("button[value=wang-xiaoming]").await.unwrap();
    accessible(&browser, &look).await;
    browser.click("button[value=wang-xiaoming]").await.unwrap();

    // ③: what came can be looked at before anything is sent.
    browser.wait_for_within("a[href*='/preview/']", Duration::from_secs(60)).await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    assert!(text.contains("王○明"), "the name is masked: {text}");
    browser.click("a[href*='/preview/']").await.unwrap();
    browser.wait_for("main table, main dl").await.unwrap();
    accessible(&browser, &look).await;
    browser.back().await.unwrap();
    browser.wait_for("form[data-form=confirm]").await.unwrap();
    browser.click("form[data-form=confirm] button").await.unwrap();

    // Back at the bank, which shows what it received.
    for _ in 0..120 {
        let url = browser.current_url().await.unwrap();
        // Between two pages there is no body to read.
        let text = browser.text().await.unwrap_or_default();
        if url.as_str().starts_with(at.bank.as_str()) && text.contains("王大明") {
            accessible(&browser, &look).await;
            browser.close().await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the bank never showed the data: {}", browser.text().await.unwrap());
}

/// Shows R69, R70, R71, R72, R73, R74, R75, R76, R77, R83.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone() {
    walks(Look::phone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_without_javascript() {
    walks(Look { javascript: false, ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_english() {
    walks(Look { language: "en", ..Look::default() }).await;
}
