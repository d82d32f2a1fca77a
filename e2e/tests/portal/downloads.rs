//! Own downloads: from the catalogue through the login to 下載完成, what came, and the barcode. Every page free of axe-core
//! violations.

use std::path::Path;
use std::time::Duration;

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;

/// Where pictures of the pages go, where somebody wants them.
const PICTURES: &str = "MYDATA_PICTURES_OUT";

/// Free of violations, and seen; axe-core is itself a script, so without scripts there is nobody to ask.
async fn seen(browser: &Browser, look: &Look, name: &str) {
    if look.javascript {
        assert_accessible(browser).await.unwrap();
    }
    if let Some(folder) = std::env::var_os(PICTURES) {
        let name = format!("{name}-{}-{}.png", look.size.0, look.language);
        browser.picture(&Path::new(&folder).join(name)).await.unwrap();
    }
}

/// The text of the number on the page.
async fn number(browser: &Browser) -> anyhow::Result<String> {
    Ok(browser.wait_for(".big-code").await?.text().await?)
}

async fn walks(look: Look) {
    let country = Country::start(Engine::Sqlite).await.unwrap();
    let browser = Browser::start(&look).await.unwrap();

    browser.goto(country.platform.url("/download").as_str()).await.unwrap();
    browser.wait_for("input[name=dataset]").await.unwrap();
    seen(&browser, &look, "pick").await;
    browser.click("button[name=go]").await.unwrap();
    browser.wait_for("[role=alert]").await.unwrap();
    seen(&browser, &look, "pick-mends").await;
    browser.click("input[name=dataset]").await.unwrap();
    browser.click("button[name=go]").await.unwrap();

    // The login offers what is enough; the way leads back to the form.
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form.login button.primary").await.unwrap();
    browser.click("button[value=wang-xiaoming]").await.unwrap();
    browser.click("input[name=agree]").await.unwrap();
    browser.click("main form button.primary").await.unwrap();
    browser.wait_for("form#consent").await.unwrap();
    seen(&browser, &look, "order").await;
    browser.click("form#consent button.primary").await.unwrap();
    browser.wait_for("#terms[aria-invalid=true]").await.unwrap();
    seen(&browser, &look, "order-mends").await;
    browser.click("#terms").await.unwrap();
    browser.click("form#consent button.primary").await.unwrap();

    // It comes by itself, with scripts at once and without by a page that loads itself.
    browser.wait_for_within(".ways-on", Duration::from_secs(90)).await.unwrap();
    seen(&browser, &look, "ready").await;
    let english = look.language.starts_with("en");
    let text = browser.text().await.unwrap();
    assert!(text.contains(if english { "100% downloaded" } else { "下載進度 100%" }), "{text}");
    assert!(text.contains("王○明"), "the name is masked: {text}");
    browser.click(".ways-on a[href*='/preview/']").await.unwrap();
    browser.wait_for("main table, main dl.json").await.unwrap();
    seen(&browser, &look, "preview").await;
    browser.back().await.unwrap();

    browser.click("form[action^='/barcodes/'] button").await.unwrap();
    let first = number(&browser).await.unwrap();
    seen(&browser, &look, "barcodes").await;
    browser.click(".barcode form button").await.unwrap();
    let mut second = None;
    for _ in 0..60 {
        // Between two pages there is nothing to read.
        second = number(&browser).await.ok().filter(|number| *number != first);
        if second.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(second.is_some(), "the number was renewed");

    browser.goto(country.platform.url("/downloads").as_str()).await.unwrap();
    browser.wait_for(".rows a").await.unwrap();
    seen(&browser, &look, "list").await;
    browser.click(".rows a").await.unwrap();
    browser.click("a[href$='/withdraw']").await.unwrap();
    browser.wait_for("form[action$='/withdraw']").await.unwrap();
    seen(&browser, &look, "withdraw").await;
    browser.click("form[action$='/withdraw'] button").await.unwrap();
    browser.wait_for(".end .lead").await.unwrap();
    seen(&browser, &look, "over").await;
    browser.close().await.unwrap();
}

/// Shows R78, R80, R83.
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
