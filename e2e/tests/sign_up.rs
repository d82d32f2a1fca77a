//! A newcomer with a real browser: 建立帳號 → mail → link → organisation's form → application → 送出, on a desktop and on a
//! phone, in both languages, with and without JavaScript, every page free of axe-core violations.

use std::time::Duration;

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use thirtyfour::By;

const MAIL: &str = "lin@archives.example";
const PASSWORD: &str = "a sentence of the newcomer";

/// Free of violations; axe-core is itself a script, so without scripts there is nobody to ask.
async fn accessible(browser: &Browser, look: &Look) {
    if look.javascript {
        assert_accessible(browser).await.unwrap();
    }
}

/// The link of the registration mail, once it has come.
async fn link(country: &Country) -> String {
    for _ in 0..120 {
        let messages = country.sandbox.mailbox().messages();
        if let Some(message) = messages.iter().find(|message| message.to == MAIL) {
            let begin = message.body.find("http://").expect("the mail has a link");
            return message.body[begin..].split_whitespace().next().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("no mail came\n{}", country.platform.log());
}

/// Waits until the next page is there, which does not have this.
async fn gone(browser: &Browser, css: &str) {
    for _ in 0..120 {
        if browser.find_all(By::Css(css)).await.is_ok_and(|found| found.is_empty()) {
            browser.wait_for(".foot").await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{css} is still there");
}

async fn walks(look: Look) {
    let country = Country::start_with(Engine::Sqlite, |_| {}).await.unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let english = look.language.starts_with("en");
    let says = |zh: &'static str, en: &'static str| if english { en } else { zh };

    browser.goto(country.platform.url("/mydata-backend/signin").as_str()).await.unwrap();
    accessible(&browser, &look).await;
    browser.click("a[href$='/signup']").await.unwrap();

    // The tick stands at the end of the text; with scripts it waits until the end was seen.
    browser.wait_for("input[name=agree]").await.unwrap();
    accessible(&browser, &look).await;
    if look.javascript {
        browser.wait_for("input[name=agree]:disabled").await.unwrap();
        let scroll = "document.querySelector('[name=agree]').scrollIntoView()";
        browser.execute(scroll, vec![]).await.unwrap();
        browser.wait_for("input[name=agree]:enabled").await.unwrap();
    }
    browser.click("input[name=agree]").await.unwrap();
    browser.fill("input[name=mail]", "lin@gmail.com").await.unwrap();
    browser.click(".sheet .primary").await.unwrap();
    browser.wait_for("#mail-fault").await.unwrap();
    assert!(browser.text().await.unwrap().contains("gmail.com"));
    accessible(&browser, &look).await;
    browser.fill("input[name=mail]", MAIL).await.unwrap();
    browser.click(".sheet .primary").await.unwrap();
    browser.wait_for(".bullets").await.unwrap();
    accessible(&browser, &look).await;

    // The mail's link.
    browser.goto(&link(&country).await).await.unwrap();
    browser.fill("input[name=account]", "lin").await.unwrap();
    browser.fill("input[name=new]", PASSWORD).await.unwrap();
    browser.fill("input[name=again]", PASSWORD).await.unwrap();
    accessible(&browser, &look).await;
    browser.click(".sheet .primary").await.unwrap();
    browser.wait_for(".task.next").await.unwrap();
    accessible(&browser, &look).await;

    // The organisation, with a row too many.
    browser.click(".task.next .primary").await.unwrap();
    browser.click("button[value='add:deputy']").await.unwrap();
    browser.wait_for("input[name='deputy[0].name']").await.unwrap();
    browser.click("button[value='remove:deputy:0']").await.unwrap();
    gone(&browser, "input[name='deputy[0].name']").await;
    browser.click("button[value=check]:not(.sr)").await.unwrap();
    browser.wait_for("#mends").await.unwrap();
    accessible(&browser, &look).await;
    for (name, text) in [
        ("name", "示範縣立檔案館"),
        ("address", "000 示範市示範路 1 號"),
        ("applicant.name", "林示例"),
        ("applicant.phone", "02-2345-6789#12"),
        ("applicant.account", "lin.archives"),
    ] {
        browser.fill(&format!("[name='{name}']"), text).await.unwrap();
    }
    browser.click("input[name=kind][value=agency]").await.unwrap();
    browser.click("button[value=check]:not(.sr)").await.unwrap();

    // Which application.
    browser.click(".task.next .primary").await.unwrap();
    accessible(&browser, &look).await;
    browser.click("input[value=service]").await.unwrap();
    browser.click(".sheet .primary").await.unwrap();
    browser.wait_for("[name=terms]").await.unwrap();
    accessible(&browser, &look).await;
    for (name, text) in [
        ("name", "線上閱覽"),
        ("url", "https://archives.example/read"),
        ("description", "線上閱覽檔案"),
        ("purpose", "線上閱覽身分確認"),
        ("terms", "示範條款"),
        ("return_url[0]", "https://archives.example/back"),
        ("sp_api", "https://api.archives.example/notification"),
        ("ip[0]", "192.0.2.7"),
    ] {
        browser.fill(&format!("[name='{name}']"), text).await.unwrap();
    }
    browser.click("select[name=category] option:last-child").await.unwrap();
    browser.click("input[name='dataset[]']").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("申請書.pdf");
    std::fs::write(&letter, b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0").unwrap();
    let file = browser.wait_for("input[name=application]").await.unwrap();
    file.send_keys(letter.to_str().unwrap()).await.unwrap();
    browser.click("button[value=check]:not(.sr)").await.unwrap();
    browser.wait_for("#application-fault").await.unwrap();
    accessible(&browser, &look).await;
    std::fs::write(&letter, b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n").unwrap();
    let file = browser.wait_for("input[name=application]").await.unwrap();
    file.send_keys(letter.to_str().unwrap()).await.unwrap();
    browser.click("button[value=check]:not(.sr)").await.unwrap();

    // Everything once more, and 送出.
    browser.wait_for("a[href$='/signup/overview']").await.unwrap();
    browser.click("a[href$='/signup/overview']").await.unwrap();
    browser.wait_for("button[value=send]:not(.sr)").await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    assert!(text.contains("線上閱覽") && text.contains("示範縣立檔案館"), "{text}");
    browser.click("button[value=send]:not(.sr)").await.unwrap();
    browser.wait_for(".box.good").await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    assert!(text.contains(says("審核中", "In review")), "{text}");
    browser.close().await.unwrap();
}

/// Shows R1, R2, R3, R4, R6, R18, R23, R24, R85, R89.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_signs_up_on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_signs_up_on_a_phone_without_javascript() {
    walks(Look { javascript: false, ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_signs_up_in_english_on_a_phone() {
    walks(Look { language: "en", ..Look::phone() }).await;
}
