//! 基本資料: a new address is confirmed twice; nothing that was typed is lost.

use std::time::Duration;

use http::StatusCode;
use mydata_store::Engine;
use mydata_wire::Verification;
use serde_json::Value;

use super::sink::Sink;
use super::{Browser, Portal, WANG, WU, on_both};

/// A platform whose mails and text messages arrive at a sink.
async fn on_both_with_sink(test: impl AsyncFn(&Portal, &Sink)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let sink = Sink::start().await;
        let url = sink.url.clone();
        let portal = Portal::open_with(engine, |config| {
            config.mail.mailbox = Some(url.clone());
            config.sms.mailbox = Some(url);
        })
        .await;
        test(&portal, &sink).await;
        portal.office.close().await;
    }
}

/// Works on the outbox; gives what arrived: channel, addressee, text.
async fn arrived(portal: &Portal, sink: &Sink) -> Vec<(String, String, String)> {
    portal.office.work().await;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let all = sink.take();
    all.into_iter().map(|(_, _, m)| (text(&m, "channel"), text(&m, "to"), text(&m, "body"))).collect()
}

/// The code that arrived at an address.
fn code_of(arrived: &[(String, String, String)], to: &str) -> String {
    let (_, _, body) =
        arrived.iter().rev().find(|(_, at, _)| at == to).unwrap_or_else(|| panic!("{arrived:?}"));
    let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = body.split(|c: char| !c.is_ascii_digit()).filter(digits);
    words.next().unwrap_or_else(|| panic!("no code in {body}")).to_owned()
}

async fn asks(browser: &mut Browser<'_>, path: &str, address: &str) -> String {
    browser.get(path).await;
    let answer = browser.post(path, &[("address", address)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let change = answer.location().to_owned();
    browser.get(&change).await;
    change
}

#[tokio::test]
async fn the_page_shows_who_one_is_and_masks_how_one_is_reached() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        browser.get("/me").await.leads_to("/login?next=%2Fme");
        browser.log_in(&WANG).await;
        let page = browser.get("/me").await;
        page.says("王小明").says("A12345****").says("wang.****@example.test").says("健保卡");
        page.hides("A123456789").hides("wang.demo@");
        // Without a gateway no phone number is asked for.
        page.hides("手機號碼");
        assert_eq!(browser.get("/me/phone").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_new_mail_address_is_confirmed_through_itself_and_the_old_one() {
    on_both_with_sink(async |portal, sink| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let change = asks(&mut browser, "/me/mail", " new.mail@example.test ").await;
        let mails = arrived(portal, sink).await;
        assert_eq!(mails.len(), 2, "{mails:?}");
        let (new, old) =
            (code_of(&mails, "new.mail@example.test"), code_of(&mails, "wang.demo@example.test"));
        assert_ne!(new, old);
        let page = browser.get(&change).await;
        page.says("new.****@example.test").says("wang.****@example.test").hides(&new);
        // Each code is for its own address.
        let wrong = browser.post(&change, &[("new", &old), ("old", &new)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        wrong.says("還可以再試 4 次");
        let half = browser.post(&change, &[("new", &new), ("old", "")]).await;
        half.says("已確認").says("請輸入確認碼");
        browser.get("/me").await.says("wang.****@example.test");
        browser
            .post(&change, &[("old", &format!("{} {}", &old[..4], &old[4..]))])
            .await
            .leads_to("/me?said=contact");
        browser.get("/me?said=contact").await.says("已變更聯絡方式").says("new.****@example.test");
        browser.post(&change, &[("old", &old)]).await.leads_to("/me");
        assert_eq!(browser.get(&change).await.status, StatusCode::NOT_FOUND);
        let told = arrived(portal, sink).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].1, "wang.demo@example.test", "the old address is told");
        assert!(
            told[0].2.contains("聯絡方式或通知方式已變更") && told[0].2.contains("new.****@example.test")
        );
        let record = portal.record().await;
        let count = |what: &str| record.iter().filter(|w| *w == what).count();
        let counts = ["contact-change-begun", "contact-confirmed", "contact-changed"].map(count);
        assert_eq!(counts, [1, 2, 1], "{record:?}");
    })
    .await;
}

#[tokio::test]
async fn codes_end_after_two_minutes_and_after_five_tries_and_can_be_sent_again() {
    on_both_with_sink(async |portal, sink| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let change = asks(&mut browser, "/me/mail", "new.mail@example.test").await;
        let first = code_of(&arrived(portal, sink).await, "new.mail@example.test");
        portal.office.pass(Duration::from_secs(120));
        browser.post(&change, &[("new", &first), ("old", "")]).await.says("確認碼已過期");
        let again = format!("{change}/again");
        browser.get(&change).await;
        browser.post(&again, &[]).await.leads_to(&format!("{change}?sent=1"));
        browser.get(&format!("{change}?sent=1")).await.says("已寄出新的確認碼");
        let mails = arrived(portal, sink).await;
        let (new, old) =
            (code_of(&mails, "new.mail@example.test"), code_of(&mails, "wang.demo@example.test"));
        for left in [4, 3, 2, 1] {
            let wrong = browser.post(&change, &[("new", &first), ("old", "")]).await;
            wrong.says(&format!("還可以再試 {left} 次"));
        }
        // What cannot be a code costs no try.
        browser.post(&change, &[("new", "1234"), ("old", "")]).await.says("確認碼是 8 位數字");
        browser.post(&change, &[("new", &first), ("old", "")]).await.says("輸入錯誤太多次");
        browser.post(&change, &[("new", &new), ("old", &old)]).await.says("輸入錯誤太多次");
        browser.get("/me").await.says("wang.****@example.test");
        // Codes of one change are sent five times at most, changes begun five times an hour.
        for _ in 0..3 {
            browser.get(&change).await;
            browser.post(&again, &[]).await.leads_to(&format!("{change}?sent=1"));
        }
        browser.get(&change).await.hides("重新寄送確認碼</button>");
        browser.post(&again, &[]).await.leads_to("/me");
        for number in 0..4 {
            asks(&mut browser, "/me/mail", &format!("mail{number}@example.test")).await;
        }
        assert_eq!(
            browser.get(&change).await.status,
            StatusCode::NOT_FOUND,
            "a later change ends an earlier one"
        );
        browser.get("/me/mail").await;
        let often = browser.post("/me/mail", &[("address", "mail9@example.test")]).await;
        often.says("一小時內最多申請 5 次");
    })
    .await;
}

#[tokio::test]
async fn a_login_stands_in_for_an_old_address_and_a_phone_number_is_taken() {
    on_both_with_sink(async |portal, sink| {
        let mut browser = portal.browser();
        browser.log_in(&WU).await;
        browser.get("/me").await.says("尚未設定").says("請先設定電子郵件或手機號碼");
        portal.office.pass(Duration::from_secs(400));
        let change = asks(&mut browser, "/me/phone", "０９１２-３４５-６７８").await;
        let texts = arrived(portal, sink).await;
        assert_eq!((texts.len(), texts[0].0.as_str(), texts[0].1.as_str()), (1, "sms", "0912345678"));
        assert!(texts[0].2.chars().count() <= 70, "{}", texts[0].2);
        let code = code_of(&texts, "0912345678");
        let page = browser.get(&change).await;
        page.says("請重新驗證身分作為第二次確認");
        let half = browser.post(&change, &[("new", &code)]).await;
        half.says("已確認");
        browser.get("/me").await.says("尚未設定");
        // Another person's login does not count, one of the same person does.
        let login = format!("/login?next={}&again=1", change.replace('/', "%2F"));
        let other = browser.proves(&login, Verification::Nhi, &WANG, Verification::Nhi).await;
        assert!(other.location().ends_with("&again=1&fault=other-person"), "{}", other.location());
        portal.office.pass(Duration::from_secs(1));
        browser.proves(&login, Verification::Nhi, &WU, Verification::Nhi).await.leads_to(&change);
        browser.get(&change).await.says("您已重新驗證身分");
        browser.post(&change, &[]).await.leads_to("/me?said=contact");
        let page = browser.get("/me").await;
        page.says("091****678").says("value=\"sms\" checked");
        // The other one's change is nobody else's.
        let mut wang = portal.browser();
        wang.log_in(&WANG).await;
        assert_eq!(wang.get(&change).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn bad_addresses_and_empty_choices_are_said_by_their_fields() {
    on_both_with_sink(async |portal, _| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        for (path, typed, said) in [
            ("/me/mail", "", "這不是電子郵件地址"),
            ("/me/mail", "a@b@c", "這不是電子郵件地址"),
            ("/me/mail", "<script>@x.y", "&#60;script&#62;"),
            ("/me/mail", "wang.demo@example.test", "這就是目前的聯絡方式"),
            ("/me/phone", "02-2345-6789", "這不是手機號碼"),
        ] {
            browser.get(path).await;
            let page = browser.post(path, &[("address", typed)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            page.says(said).says("href=\"#address\"");
        }
        browser.get("/me").await;
        let none = browser.post("/me/notify", &[("language", "en")]).await;
        none.says("請至少選擇一種通知方式");
        browser.post("/me/notify", &[("language", "tlh"), ("channel", "mail")]).await.says("請至少選擇");
        browser
            .post("/me/notify", &[("language", "en"), ("channel", "mail")])
            .await
            .leads_to("/me?said=notify");
        browser.get("/me").await.says("value=\"en\" checked");
    })
    .await;
}

/// A session that ends in the middle of a form costs nothing that was typed, and carries nothing out.
#[tokio::test]
async fn a_form_that_comes_too_late_is_kept_and_shown_again() {
    on_both_with_sink(async |portal, sink| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/me/mail").await;
        portal.office.pass(Duration::from_secs(601));
        let late = browser.post("/me/mail", &[("address", "typed.long@example.test")]).await;
        late.leads_to("/login?next=%2Fme%2Fmail%3Fkept%3D1&ended=1");
        browser.get(late.location()).await.says("填寫的內容已保留");
        let login = late.location().to_owned();
        browser.proves(&login, Verification::Nhi, &WANG, Verification::Nhi).await.leads_to("/me/mail?kept=1");
        let page = browser.get("/me/mail?kept=1").await;
        page.says("value=\"typed.long@example.test\"").says("已帶出您登出前填寫的內容");
        assert!(arrived(portal, sink).await.is_empty(), "nothing was carried out");
        browser.post("/me/mail", &[("address", "typed.long@example.test")]).await;
        browser.get("/me/mail?kept=1").await.hides("typed.long@");

        // A page whose time is over asks for it to be kept, also when another window has prolonged the session.
        browser.get("/me/mail").await;
        let kept = browser.post("/me/mail", &[("address", "b@example.test"), ("form_keep", "1")]).await;
        kept.leads_to("/me/mail?kept=1");
        browser.get("/me/mail?kept=1").await.says("value=\"b@example.test\"");

        // Another person at the same computer does not see it.
        browser.get("/me/mail").await;
        portal.office.pass(Duration::from_secs(601));
        browser.post("/me/mail", &[("address", "secret@example.test")]).await;
        browser.log_in(&WU).await;
        browser.get("/me/mail?kept=1").await.hides("secret@");
        // Nor is a form of a foreign token kept, and after a quarter of an hour nothing is.
        portal.office.pass(Duration::from_secs(601));
        let foreign = browser.post_with("/me/mail", &[("address", "x@example.test")], "another").await;
        assert_eq!(foreign.status, StatusCode::CONFLICT);
        portal.office.pass(Duration::from_secs(900));
        browser.log_in(&WANG).await;
        browser.get("/me/mail?kept=1").await.hides("secret@");
    })
    .await;
}
