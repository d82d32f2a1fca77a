//! The browser harness itself, on pages that need no server.

use mydata_e2e::axe;
use mydata_e2e::browser::{Browser, Look};

const GOOD: &str = "data:text/html;charset=utf-8,<!doctype html><html lang=zh-Hant><title>好</title>\
                    <main><h1>測試</h1><label for=a>姓名</label><input id=a></main>";
const BAD: &str = "data:text/html;charset=utf-8,<!doctype html><html><title>x</title>\
                   <main><h1>x</h1><input id=unlabelled></main>";

#[tokio::test]
async fn the_accessibility_check_passes_a_good_page_and_names_what_is_wrong_with_a_bad_one() {
    let browser = Browser::start(&Look::default()).await.unwrap();
    browser.goto(GOOD).await.unwrap();
    browser.fill("#a", "王小明").await.unwrap();
    axe::assert_accessible(&browser).await.unwrap();
    browser.goto(BAD).await.unwrap();
    let error = axe::assert_accessible(&browser).await.unwrap_err().to_string();
    assert!(
        error.contains("label") && error.contains("#unlabelled") && error.contains("html-has-lang"),
        "{error}"
    );
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_phone_is_as_narrow_as_a_phone_and_scripts_can_be_off() {
    let browser = Browser::start(&Look::phone()).await.unwrap();
    browser.goto(GOOD).await.unwrap();
    let width = browser.execute("return window.screen.width", vec![]).await.unwrap();
    assert_eq!(width.json().as_u64(), Some(390));
    browser.close().await.unwrap();

    let browser = Browser::start(&Look { javascript: false, ..Look::default() }).await.unwrap();
    let page = "data:text/html,<!doctype html><p id=p>without</p><script>p.textContent='with'</script>";
    browser.goto(page).await.unwrap();
    assert_eq!(browser.text().await.unwrap(), "without");
    browser.close().await.unwrap();
}
