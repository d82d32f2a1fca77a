//! By one-time password.

use std::time::Duration;

use http::StatusCode;
use mydata_store::Engine;
use mydata_wire::Verification;

use super::{LENIENT, STRICT, begin, consents, exchange, follow, onward, person, state};
use crate::citizen::tests::{Browser, Portal, WANG};
use crate::config::Config;

const BORN: &str = "1991-01-01";

async fn portal(engine: Engine, set: impl FnOnce(&mut Config)) -> Portal {
    let portal = Portal::open_with(engine, |config| {
        config.identity.codes = true;
        config.sms.mailbox = Some("http://127.0.0.1:9/".parse().unwrap());
        set(config);
    })
    .await;
    // Known from a login by a provider, with an address and a date of birth.
    let mut browser = portal.browser();
    browser.log_in(&WANG).await;
    portal
}

fn who<'a>(id: &'a str, birthdate: &'a str, channel: &'a str) -> [(&'a str, &'a str); 3] {
    [("id", id), ("birthdate", birthdate), ("channel", channel)]
}

/// The one-time passwords in the outbox. The clock stands still, so their order says nothing.
async fn sent(portal: &Portal) -> Vec<String> {
    let mails = portal.office.outbox().await;
    let codes = mails.into_iter().filter(|mail| mail.kind.to_string() == "citizen-login-code");
    codes.filter_map(|mail| mail.content.link).collect()
}

/// Opens the page, says who it is, lets the job work.
async fn asks(portal: &Portal, browser: &mut Browser<'_>, id: &str, birthdate: &str) -> String {
    let path = begin(browser, "OTP").await;
    browser.get(&path).await.says("寄送一次性密碼");
    browser.post(&path, &who(id, birthdate, "mail")).await.leads_to(&path);
    work(portal).await;
    path
}

/// Works on what makes codes; nothing is delivered.
async fn work(portal: &Portal) {
    use mydata_store::jobs::Full;
    let app = &portal.office.app;
    let full = Full { kinds: vec!["message".to_owned(), "mail".to_owned()], lanes: Vec::new() };
    for leased in app.store.jobs.claim(50, &full, app.now(), Duration::from_secs(60)).await.unwrap() {
        let job = crate::jobs::Job::read(&leased).unwrap();
        crate::flow::work(app, &job, &leased).await.unwrap();
    }
}

fn other(code: &str) -> String {
    code.chars().rev().map(|c| if c == '9' { '0' } else { char::from(c as u8 + 1) }).collect()
}

/// Shows R74: who types what was sent to the confirmed address is logged in, on both engines, once.
#[tokio::test]
async fn a_password_that_was_sent_logs_in() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let portal = portal(engine, |_| ()).await;
        let mut browser = portal.browser();
        let path = asks(&portal, &mut browser, "a123456789", "80/01/01").await;
        let codes = sent(&portal).await;
        let [code] = codes.as_slice() else { panic!("{} were sent", codes.len()) };
        browser.get(&path).await.says("8 位數字").hides("example.test");
        browser.post(&path, &[("code", "12")]).await.says("8 位數字");
        browser.post(&path, &[("code", &other(code))]).await.says("還可以再試 4 次");
        let back = browser.post(&path, &[("code", code)]).await;
        let landed = follow(&mut browser, &back).await;
        assert!(landed.location().starts_with("/login/elsewhere"), "{}", landed.location());
        assert_eq!(browser.post(&path, &[("code", code)]).await.status, StatusCode::FORBIDDEN);
        portal.office.close().await;
    }
}

/// Nobody, a wrong date of birth and a channel without an address get the same pages; nothing is sent, and no code is right.
#[tokio::test]
async fn who_is_not_known_gets_the_same_pages() {
    let portal = portal(Engine::Sqlite, |_| ()).await;
    let mut pages = Vec::new();
    for (id, born) in [("A123456789", BORN), ("B222222228", BORN), ("A123456789", "1991-01-02")] {
        let mut browser = portal.browser();
        let path = asks(&portal, &mut browser, id, born).await;
        let page = browser.get(&path).await;
        let wrong = browser.post(&path, &[("code", "00000000")]).await;
        let cut = |text: &str| text.replace(&path, "").replace(&browser.token, "");
        pages.push((page.status, cut(&page.body), wrong.status, cut(&wrong.body)));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "they are told apart");
    assert_eq!(sent(&portal).await.len(), 1, "only the one who is known was sent anything");
    let mut browser = portal.browser();
    let path = begin(&mut browser, "OTP").await;
    browser.get(&path).await;
    browser.post(&path, &who("C100000003", BORN, "sms")).await.leads_to(&path);
    work(&portal).await;
    assert_eq!(sent(&portal).await.len(), 1);
    portal.office.close().await;
}

/// Five minutes, five tries, another after sixty seconds; five codes in a quarter of an hour for one person.
#[tokio::test]
async fn passwords_end_and_are_counted() {
    let portal = portal(Engine::Sqlite, |_| ()).await;
    let mut browser = portal.browser();
    let path = asks(&portal, &mut browser, "A123456789", BORN).await;
    let first = sent(&portal).await.remove(0);
    browser.get(&path).await;
    browser.post(&format!("{path}/again"), &[]).await.says("秒後再重新寄送");
    portal.office.pass(Duration::from_secs(60));
    browser.post(&format!("{path}/again"), &[]).await.leads_to(&path);
    work(&portal).await;
    let second = sent(&portal).await.pop().unwrap();
    browser.post(&path, &[("code", &first)]).await.says("還可以再試");
    portal.office.pass(Duration::from_secs(300));
    browser.post(&path, &[("code", &second)]).await.says("已過期");
    portal.office.pass(Duration::from_secs(901));

    // Five wrong ones end the attempt.
    let path = asks(&portal, &mut browser, "A123456789", BORN).await;
    let code = sent(&portal).await.pop().unwrap();
    browser.get(&path).await;
    let wrong = other(&code);
    for _ in 0..4 {
        browser.post(&path, &[("code", &wrong)]).await.says("還可以再試");
    }
    let fifth = browser.post(&path, &[("code", &wrong)]).await;
    assert!(fifth.location().contains("error=login_failed"), "{}", fifth.body);
    // And keep whoever tries from this person for a while, whatever they type.
    let path = asks(&portal, &mut browser, "A123456789", BORN).await;
    let code = sent(&portal).await.pop().unwrap();
    browser.get(&path).await;
    let closed = browser.post(&path, &[("code", &code)]).await;
    assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS);
    closed.says("嘗試次數太多");

    // Known or not: no more than five codes.
    for id in ["A123456789", "D121212120"] {
        portal.office.pass(Duration::from_secs(3_600));
        let before = sent(&portal).await.len();
        for _ in 0..5 {
            asks(&portal, &mut portal.browser(), id, BORN).await;
        }
        let mut browser = portal.browser();
        let path = begin(&mut browser, "OTP").await;
        browser.get(&path).await;
        let closed = browser.post(&path, &who(id, BORN, "mail")).await;
        assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS, "{id}");
        let more = sent(&portal).await.len() - before;
        assert_eq!(more, if id == "A123456789" { 5 } else { 0 });
    }
    portal.office.close().await;
}

/// What is typed wrongly is told field by field, and asks for nothing.
#[tokio::test]
async fn what_cannot_be_is_mended_first() {
    let portal = portal(Engine::Sqlite, |_| ()).await;
    let mut browser = portal.browser();
    let path = begin(&mut browser, "OTP").await;
    browser.get(&path).await;
    for (fields, words) in [
        (who("A123456780", BORN, "mail"), "10 碼證號"),
        (who("A123456789", "1991-02-30", "mail"), "正確的日期"),
        (who("A123456789", "2991-02-03", "mail"), "正確的日期"),
        (who("A123456789", BORN, "pigeon"), "請選擇一種"),
    ] {
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(words).says("有 1 個地方需要您修正");
    }
    portal.office.close().await;
}

/// From one address no more than so many tries a minute.
#[tokio::test]
async fn an_address_tries_so_often_and_no_more() {
    let portal = portal(Engine::Sqlite, |config| config.limits.proofs_per_minute = 3).await;
    let mut browser = portal.browser();
    let path = begin(&mut browser, "OTP").await;
    browser.get(&path).await;
    for _ in 0..3 {
        assert_eq!(
            browser.post(&path, &who("x", "x", "mail")).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let fourth = browser.post(&path, &who("x", "x", "mail")).await;
    assert_eq!(fourth.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(fourth.headers.contains_key("retry-after"));
    portal.office.close().await;
}

/// Shows R71: a dataset that needs more takes no one-time password; and 409 when it is another than the service asked for.
#[tokio::test]
async fn an_exchange_by_password_is_for_whom_the_service_expects() {
    let portal = portal(Engine::Sqlite, |_| ()).await;
    let mut browser = portal.browser();
    let id = exchange(&portal, &mut browser, STRICT, person("A123456789")).await;
    let refused = consents(&mut browser, &id, "OTP").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    for expected in ["A123456789", "B222222228"] {
        let mut browser = portal.browser();
        let id = exchange(&portal, &mut browser, LENIENT, person(expected)).await;
        let path = onward(&consents(&mut browser, &id, "OTP").await);
        browser.get(&path).await;
        let earlier = sent(&portal).await;
        browser.post(&path, &who("A123456789", BORN, "mail")).await.leads_to(&path);
        work(&portal).await;
        browser.get(&path).await;
        let code = sent(&portal).await.into_iter().find(|code| !earlier.contains(code)).unwrap();
        let back = browser.post(&path, &[("code", &code)]).await;
        let landed = follow(&mut browser, &back).await;
        if expected == "A123456789" {
            landed.leads_to(&format!("/exchange/{id}"));
            assert_eq!(state(&portal, &id).await, format!("authorised {}", Verification::Otp));
        } else {
            landed.says("code=409");
            assert_eq!(state(&portal, &id).await, "ended");
        }
    }
    portal.office.close().await;
}
