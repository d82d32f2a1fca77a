//! A citizen of the portal with a real browser: logs in, changes the mail address with the codes that arrive in the
//! sandbox's mailbox, chooses how to be told, logs out; on a desktop and on a phone, in both languages, with and without
//! JavaScript, every page free of axe-core violations.

use std::time::Duration;

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use serde_json::Value;

/// What the page is: free of violations, in its language, no wider than the window.
async fn looks_right(browser: &Browser, look: &Look) {
    if !look.javascript {
        return;
    }
    assert_accessible(browser).await.unwrap();
    let wide = browser
        .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![])
        .await
        .unwrap();
    assert_eq!(
        wide.json().as_i64(),
        Some(0),
        "the page scrolls sideways: {}",
        browser.current_url().await.unwrap()
    );
}

/// The code in the last of `count` messages with a code to an address.
async fn code_to(country: &Country, to: &str, count: usize) -> String {
    let messages = country.sandbox.addresses().mailbox.join("messages").unwrap();
    for _ in 0..100 {
        let all: Vec<Value> =
            client().unwrap().get(messages.clone()).send().await.unwrap().json().await.unwrap();
        let code = |message: &Value| {
            let body = message["body"].as_str().filter(|_| message["to"] == to)?;
            body.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).map(str::to_owned)
        };
        // Newest first.
        let codes: Vec<String> = all.iter().filter_map(code).collect();
        if codes.len() == count {
            return codes[0].clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no code came to {to}");
}

async fn walks(look: Look) {
    let country = Country::start_with(Engine::Sqlite, |config| {
        let mailbox = config["mail"]["mailbox"].clone();
        config["sms"] = serde_json::json!({ "mailbox": mailbox });
    })
    .await
    .unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let english = look.language.starts_with("en");
    let at = |path: &str| country.platform.url(path).to_string();

    // Who asks for an own page is led to the login, and comes back to it.
    browser.goto(&at("/me")).await.unwrap();
    browser.wait_for("form.login").await.unwrap();
    looks_right(&browser, &look).await;
    browser.click("form.login button.primary").await.unwrap();
    browser.wait_for("[role=alert]").await.unwrap();
    looks_right(&browser, &look).await;
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form.login button.primary").await.unwrap();
    browser.wait_for("button[value=wang-xiaoming]").await.unwrap();
    browser.click("button[value=wang-xiaoming]").await.unwrap();
    browser.wait_for("form[action='/login/policies']").await.unwrap();
    looks_right(&browser, &look).await;
    browser.click("#agree").await.unwrap();
    browser.click("form[action='/login/policies'] button").await.unwrap();
    browser.wait_for("#who").await.unwrap();
    looks_right(&browser, &look).await;
    let text = browser.text().await.unwrap();
    assert!(text.contains("王○明") && text.contains("****@example.test"), "{text}");
    assert!(text.contains(if english { "My details" } else { "基本資料" }), "{text}");

    // Another mail address, confirmed through itself and the old one.
    browser.click("a[href='/me/mail']").await.unwrap();
    looks_right(&browser, &look).await;
    browser.fill("#address", "xiaoming.new@example.test").await.unwrap();
    browser.click("form[action='/me/mail'] button.primary").await.unwrap();
    browser.wait_for("#new").await.unwrap();
    looks_right(&browser, &look).await;
    browser.fill("#new", &code_to(&country, "xiaoming.new@example.test", 1).await).await.unwrap();
    browser.fill("#old", "12345678").await.unwrap();
    browser.click("form.card button.primary").await.unwrap();
    browser.wait_for("[role=alert]").await.unwrap();
    looks_right(&browser, &look).await;
    browser.fill("#old", &code_to(&country, "wang-xiaoming@example.test", 1).await).await.unwrap();
    browser.click("form.card button.primary").await.unwrap();
    browser.wait_for("[role=status]").await.unwrap();
    assert!(browser.text().await.unwrap().contains("xiaoming****@example.test"));

    // A phone number, and text messages.
    browser.click("a[href='/me/phone']").await.unwrap();
    browser.fill("#address", "0912-345-678").await.unwrap();
    browser.click("form[action='/me/phone'] button.primary").await.unwrap();
    browser.wait_for("#new").await.unwrap();
    browser.fill("#new", &code_to(&country, "0912345678", 1).await).await.unwrap();
    browser.fill("#old", &code_to(&country, "xiaoming.new@example.test", 2).await).await.unwrap();
    browser.click("form.card button.primary").await.unwrap();
    browser.wait_for("#channel-sms").await.unwrap();
    browser.click("#channel-sms").await.unwrap();
    browser.click("form[action='/me/notify'] button").await.unwrap();
    browser.wait_for("#channel-sms:checked").await.unwrap();
    looks_right(&browser, &look).await;

    browser.click("form[action='/logout'] button").await.unwrap();
    browser.wait_for("a[href='/login']").await.unwrap();
    looks_right(&browser, &look).await;
    browser.goto(&at("/")).await.unwrap();
    assert!(!browser.text().await.unwrap().contains("王○明"));
    browser.close().await.unwrap();
}

/// Shows R83.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_in_english() {
    walks(Look { language: "en", ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_without_javascript() {
    walks(Look { javascript: false, ..Look::phone() }).await;
}

/// A form that is open when the session ends is not lost: the page hands it over by itself, and it stands there again,
/// not carried out, after the next login.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_survives_the_end_of_the_session() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        config["policy"]["session_idle"] = 12.into();
    })
    .await
    .unwrap();
    let browser = Browser::start(&Look::default()).await.unwrap();
    let logs_in = async || {
        browser.wait_for("form.login").await.unwrap();
        browser.click("input[name=method][value=CER]").await.unwrap();
        browser.click("form.login button.primary").await.unwrap();
        browser.click("button[value=wang-xiaoming]").await.unwrap();
    };
    browser.goto(country.platform.url("/me/mail").as_str()).await.unwrap();
    logs_in().await;
    browser.click("#agree").await.unwrap();
    browser.click("form[action='/login/policies'] button").await.unwrap();
    browser.fill("#address", "half.typed@example.test").await.unwrap();
    // The warning is there at once: less than two minutes are left.
    browser.wait_for("#session:not([hidden])").await.unwrap();
    browser.wait_for_within("form.login", Duration::from_secs(60)).await.unwrap();
    assert!(browser.text().await.unwrap().contains("填寫的內容已保留"));
    logs_in().await;
    let field = browser.wait_for("#address").await.unwrap();
    assert_eq!(field.prop("value").await.unwrap().as_deref(), Some("half.typed@example.test"));
    assert!(browser.text().await.unwrap().contains("內容尚未送出"));
    browser.close().await.unwrap();
}
