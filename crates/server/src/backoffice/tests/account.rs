//! Signing in, the second factor, one's own account.

use std::time::Duration;

use http::StatusCode;
use http::header::{RETRY_AFTER, SET_COOKIE};
use mydata_domain::account::session::Stage;
use mydata_domain::account::{AccountState, Role};
use mydata_store::repo::accounts::{self, Purpose};
use mydata_wire::b64;

use super::{Browser, Office, PASSWORD};
use crate::backoffice::ROOT;
use crate::backoffice::passkey::tests::{Device, attestation, client_data, head};
use crate::backoffice::totp::Secret;

const MINUTE: Duration = Duration::from_secs(60);
const ORIGIN: &str = "https://mydata.example";

fn path(below: &str) -> String {
    format!("{ROOT}{below}")
}

/// Shows R86: sign-in by 帳號 and 密碼. The browser's secret changes, so one that was known before is worth nothing.
#[tokio::test]
async fn an_applicant_signs_in_with_account_and_password() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let mut browser = office.browser();
    let page = browser.get(&path("/me?x=1")).await;
    assert_eq!(page.location(), "/mydata-backend/signin?next=%2Fmydata%2Dbackend%2Fme%3Fx%3D1");
    browser.get(page.location()).await.says("value=\"/mydata-backend/me?x=1\"");
    let before = browser.cookie.clone().unwrap();
    let fields = [("account", " Jenny "), ("password", PASSWORD), ("next", "/mydata-backend/me?x=1")];
    let answer = browser.post(&path("/signin"), &fields).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/mydata-backend/me?x=1"));
    let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_ne!(browser.cookie.as_ref(), Some(&before));
    let me = browser.get(&path("/me")).await;
    me.says("示範圖書館");
    me.says("陳○華");
    assert_eq!(me.headers["cache-control"], "no-store");

    let out = browser.post(&path("/signout"), &[]).await;
    assert_eq!(out.location(), path("/signin"));
    let mut old = office.browser();
    old.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    assert_eq!(old.get(&path("/me")).await.status, StatusCode::SEE_OTHER, "the session has ended");
    office.close().await;
}

/// Nobody learns from the answer whether an account exists: the same page, the same number of statements.
#[tokio::test]
async fn a_wrong_account_and_a_wrong_password_look_the_same() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let mut answers = Vec::new();
    for name in ["jenny", "nobody", "no such name!"] {
        let mut browser = office.browser();
        browser.get(&path("/signin")).await;
        let fields = [("account", name), ("password", "not the right one")];
        let signin = path("/signin");
        let tried = browser.post(&signin, &fields);
        let (answer, statements) = mydata_store::db::count_statements(tried).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says("帳號或密碼不正確");
        let token = browser.token.clone();
        answers.push((answer.body.replace(&token, "").replace(name, ""), statements));
    }
    assert_eq!(answers[0], answers[1]);
    // What can be no name is not looked up; everything else is the same.
    assert_eq!(answers[0].0, answers[2].0);
    office.close().await;
}

#[tokio::test]
async fn five_failures_close_the_door_for_a_quarter_of_an_hour() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    office.account("other", Role::Applicant, Some("library")).await;
    for name in ["jenny", "nobody"] {
        let mut browser = office.browser();
        browser.address = if name == "jenny" { "192.0.2.7:1" } else { "192.0.2.8:1" }.parse().unwrap();
        for _ in 0..4 {
            let answer = browser.sign_in(name, "wrong").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            office.pass(MINUTE);
        }
        let answer = browser.sign_in(name, "wrong").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers[RETRY_AFTER], "900");
        answer.says("暫停登入");
        answer.says("約 15 分鐘後");
        answer.says("data-countdown=\"900\"");
        // The right password does not help now, from no address, nor another account from the same address.
        let right = if name == "jenny" { browser.sign_in("other", PASSWORD).await } else { answer };
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let mut elsewhere = office.browser();
    elsewhere.address = "192.0.2.9:1".parse().unwrap();
    assert_eq!(elsewhere.sign_in("jenny", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(elsewhere.sign_in("other", PASSWORD).await.status, StatusCode::SEE_OTHER);
    // Trying on while it is closed does not keep it closed.
    office.pass(MINUTE * 15);
    let mut browser = office.browser();
    browser.address = "192.0.2.7:2".parse().unwrap();
    assert_eq!(browser.sign_in("jenny", PASSWORD).await.status, StatusCode::SEE_OTHER);
    office.close().await;
}

/// Tries side by side count as well: of twenty at once five are looked at.
#[tokio::test]
async fn guesses_side_by_side_do_not_get_past_the_count() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let tries = (0..20).map(|n| {
        let office = &office;
        async move {
            let mut browser = office.browser();
            browser.address = format!("192.0.2.{n}:1").parse().unwrap();
            browser.sign_in("jenny", "wrong").await.status
        }
    });
    let statuses = futures_util::future::join_all(tries).await;
    let looked_at = statuses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert!(looked_at <= 5, "{statuses:?}");
    office.close().await;
}

/// Shows R5: until the review is over an account cannot be used, and its holder is told so – after the right password.
#[tokio::test]
async fn an_account_that_may_not_be_used_says_why_to_its_holder_only() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    for (state, says) in [
        (AccountState::InReview, "審核中，請您耐心等候通知"),
        (AccountState::Refused, "未通過"),
        (AccountState::Closed, "已關閉"),
    ] {
        office.change(account.id, |account| account.state = state).await;
        let mut browser = office.browser();
        let answer = browser.sign_in("jenny", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        answer.says(says);
        assert_eq!(browser.get(ROOT).await.status, StatusCode::SEE_OTHER);
        let wrong = browser.sign_in("jenny", "wrong").await;
        assert!(!wrong.body.contains(says), "{state:?}");
    }
    office.close().await;
}

#[tokio::test]
async fn a_session_ends_idle_old_or_when_its_account_is_locked() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    let mut browser = office.browser();
    browser.sign_in("jenny", PASSWORD).await;
    for _ in 0..3 {
        office.pass(MINUTE * 19);
        assert_eq!(browser.get(ROOT).await.status, StatusCode::OK);
    }
    office.pass(MINUTE * 20);
    assert_eq!(browser.get(ROOT).await.status, StatusCode::SEE_OTHER, "idle");

    browser.sign_in("jenny", PASSWORD).await;
    for _ in 0..26 {
        office.pass(MINUTE * 18);
        assert_eq!(browser.get(ROOT).await.status, StatusCode::OK);
        assert_eq!(browser.post(&path("/extend"), &[]).await.status, StatusCode::NO_CONTENT);
    }
    office.pass(MINUTE * 12);
    assert_eq!(browser.get(ROOT).await.status, StatusCode::SEE_OTHER, "eight hours");

    browser.sign_in("jenny", PASSWORD).await;
    assert_eq!(browser.get(ROOT).await.status, StatusCode::OK);
    let now = office.now();
    office.change(account.id, |account| account.locked_at = Some(now)).await;
    assert_eq!(browser.get(ROOT).await.status, StatusCode::SEE_OTHER, "locked meanwhile");
    office.close().await;
}

/// The secret that the page of a new app shows.
fn shown_secret(page: &str) -> Secret {
    let text = page.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
    for c in text.bytes() {
        let value = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Secret::from_bytes(&bytes)
}

/// Signs a staff account in for the first time; gives the app's secret and the recovery codes.
async fn enrol(browser: &mut Browser<'_>, name: &str) -> (Secret, Vec<String>) {
    let office = browser.office;
    let answer = browser.sign_in(name, PASSWORD).await;
    assert_eq!(answer.location(), "/mydata-backend/second-factor?next=%2Fmydata%2Dbackend");
    let answer = browser.get(answer.location()).await;
    assert!(answer.location().starts_with("/mydata-backend/second-factor/new?"), "{}", answer.location());
    let page = browser.get(answer.location()).await;
    page.says("您的角色需要第二道驗證");
    page.says("<svg class=\"qr\"");
    let secret = shown_secret(&page.body);
    let wrong = browser.post(&path("/second-factor/new"), &[("do", "totp"), ("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(shown_secret(&wrong.body).bytes(), secret.bytes(), "the code that was scanned stays good");
    let code = secret.now(office.now());
    let done = browser.post(&path("/second-factor/new"), &[("do", "totp"), ("code", &code)]).await;
    assert_eq!(done.status, StatusCode::OK);
    done.says("請保存您的復原碼");
    let codes = done.body.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    (secret, codes.collect())
}

#[tokio::test]
async fn staff_set_up_a_second_factor_and_show_it_from_then_on() {
    let office = Office::open().await;
    office.account("weiyun", Role::Operator, None).await;
    let mut browser = office.browser();
    let (secret, codes) = enrol(&mut browser, "weiyun").await;
    assert_eq!(codes.len(), 10);
    assert_eq!(browser.get(ROOT).await.status, StatusCode::OK, "signed in");

    // The password alone opens nothing, not even the page that would add another factor.
    let mut thief = office.browser();
    let answer = thief.sign_in("weiyun", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(thief.get(ROOT).await.location().starts_with("/mydata-backend/second-factor?"));
    assert_eq!(thief.get(&path("/second-factor/new")).await.location(), "/mydata-backend/second-factor");
    thief.get(&path("/second-factor")).await;
    let answer = thief.post(&path("/second-factor/new"), &[("code", "123456")]).await;
    assert_eq!(answer.location(), "/mydata-backend/second-factor");

    // The digits that were just used are not taken again; the next ones are, once.
    let used = secret.now(office.now());
    let answer = thief.post(&path("/second-factor"), &[("do", "totp"), ("code", &used)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("已經使用過");
    office.pass(MINUTE);
    let next = secret.now(office.now());
    let answer = thief.post(&path("/second-factor"), &[("do", "totp"), ("code", &next)]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, ROOT));
    assert_eq!(thief.get(ROOT).await.status, StatusCode::OK);

    // A recovery code works once.
    for (code, status) in [(&codes[3], StatusCode::SEE_OTHER), (&codes[3], StatusCode::UNPROCESSABLE_ENTITY)]
    {
        let mut browser = office.browser();
        browser.sign_in("weiyun", PASSWORD).await;
        browser.get(&path("/second-factor")).await;
        let answer = browser.post(&path("/second-factor"), &[("do", "recovery"), ("recovery", code)]).await;
        assert_eq!(answer.status, status);
    }
    office.close().await;
}

#[tokio::test]
async fn guessing_the_second_factor_closes_the_door() {
    let office = Office::open().await;
    office.account("weiyun", Role::Operator, None).await;
    enrol(&mut office.browser(), "weiyun").await;
    office.pass(MINUTE * 16);
    let mut browser = office.browser();
    browser.sign_in("weiyun", PASSWORD).await;
    browser.get(&path("/second-factor")).await;
    for n in 0..5 {
        browser.address = format!("192.0.2.{}:1", n + 20).parse().unwrap();
        let answer = browser.post(&path("/second-factor"), &[("do", "totp"), ("code", "000000")]).await;
        let status = if n < 4 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(answer.status, status, "{n}");
    }
    office.close().await;
}

fn fields_of<'f>(fields: &'f [(&'static str, String)]) -> Vec<(&'f str, &'f str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn challenge(page: &str) -> Vec<u8> {
    let text = page.split("data-challenge=\"").nth(1).unwrap().split('"').next().unwrap();
    b64::decode_lenient(text).unwrap()
}

#[tokio::test]
async fn a_passkey_is_added_and_opens_the_door_once_per_challenge() {
    let office = Office::open().await;
    office.account("weiyun", Role::Ministry, None).await;
    let device = &Device::all()[0];
    let mut browser = office.browser();
    browser.sign_in("weiyun", PASSWORD).await;
    let page = browser.get(&path("/second-factor/new")).await;
    page.says("data-rp=\"mydata.example\"");
    let created = client_data("webauthn.create", &challenge(&page.body), ORIGIN);
    let fields = [
        ("do", "passkey".to_owned()),
        ("client_data", b64::url_safe(&created)),
        ("attestation", b64::url_safe(&attestation(device, 0x45))),
    ];
    let answer = browser.post(&path("/second-factor/new"), &fields_of(&fields)).await;
    answer.says("請保存您的復原碼");

    let mut browser = office.browser();
    browser.sign_in("weiyun", PASSWORD).await;
    let page = browser.get(&path("/second-factor")).await;
    page.says(&format!("data-credentials=\"{}\"", b64::url_safe(b"cred")));
    let answer_to = |challenge: &[u8], counter| {
        let client = client_data("webauthn.get", challenge, ORIGIN);
        let data = head("mydata.example", 5, counter);
        let mut signed = data.clone();
        signed.extend_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &client).as_ref());
        [
            ("do", "passkey".to_owned()),
            ("credential", b64::url_safe(b"cred")),
            ("client_data", b64::url_safe(&client)),
            ("authenticator_data", b64::url_safe(&data)),
            ("signature", b64::url_safe(&device.sign(&signed))),
        ]
    };
    let old = answer_to(&challenge(&page.body), 8);
    let page = browser.get(&path("/second-factor")).await;
    let answer = browser.post(&path("/second-factor"), &fields_of(&old)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "the challenge of an earlier page");
    let stale = answer_to(&challenge(&page.body), 8);
    let again = browser.post(&path("/second-factor"), &fields_of(&stale)).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a failure uses the challenge up");
    let fresh = answer_to(&challenge(&again.body), 8);
    let answer = browser.post(&path("/second-factor"), &fields_of(&fresh)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, ROOT));
    office.close().await;
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_other_devices_are_signed_out() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let (mut here, mut there) = (office.browser(), office.browser());
    here.sign_in("jenny", PASSWORD).await;
    there.sign_in("jenny", PASSWORD).await;
    here.get(&path("/me")).await.says("登出其他所有裝置");
    let me = path("/me/password");
    for (present, new, again, says) in [
        (PASSWORD, "short", "short", "至少要 12 個字元"),
        (PASSWORD, "jenny jenny jenny", "jenny jenny jenny", "不可以有帳號名稱"),
        (PASSWORD, "another sentence", "another sentense", "兩次輸入的密碼不一樣"),
        ("wrong", "another sentence", "another sentence", "密碼不正確"),
    ] {
        let answer = here.post(&me, &[("present", present), ("new", new), ("again", again)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(says);
        assert!(!answer.body.contains("another sent"), "a password is never sent back");
    }
    let fields = [("present", PASSWORD), ("new", "another sentence"), ("again", "another sentence")];
    assert_eq!(here.post(&me, &fields).await.location(), path("/me"));
    assert_eq!(here.get(&path("/me")).await.status, StatusCode::OK);
    assert_eq!(there.get(&path("/me")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.browser().sign_in("jenny", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.browser().sign_in("jenny", "another sentence").await.status, StatusCode::SEE_OTHER);
    office.close().await;
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_lapses() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    office.change(account.id, |account| account.state = AccountState::Invited).await;
    let link = async |secret: &'static str| {
        let (crypter, now) = (&office.app.store.crypter, office.now());
        let life = mydata_domain::account::LINK_LIFE;
        let make = |tx| async move {
            accounts::make_link(&tx, crypter, account.id, Purpose::Invitation, secret, now, life).await
        };
        office.app.store.db.run_tx("test", make).await.unwrap();
    };
    link("first").await;
    office.pass(MINUTE * 10);
    let mut browser = office.browser();
    assert_eq!(browser.get(&path("/password?link=first")).await.status, StatusCode::GONE, "ten minutes");
    link("second").await;
    for _ in 0..2 {
        browser.get(&path("/password?link=second")).await.says("value=\"jenny\"");
    }
    let fields = [("link", "second"), ("new", "another sentence"), ("again", "another sentence")];
    assert_eq!(browser.post(&path("/password"), &fields).await.location(), path("/signin"));
    let again = browser.post(&path("/password"), &fields).await;
    assert_eq!(again.status, StatusCode::GONE);
    again.says("已經使用過");
    assert_eq!(browser.sign_in("jenny", "another sentence").await.status, StatusCode::SEE_OTHER);
    office.close().await;
}

#[tokio::test]
async fn the_zone_is_switched_and_stays() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let mut browser = office.browser();
    browser.sign_in("jenny", PASSWORD).await;
    browser.get(&path("/me")).await.says("測試區</span>");
    let fields = [("zone", "production"), ("back", "/mydata-backend/me")];
    assert_eq!(browser.post(&path("/zone"), &fields).await.location(), path("/me"));
    browser.get(&path("/me")).await.says("正式區</span>");
    office.close().await;
}

#[tokio::test]
async fn a_proof_opens_what_is_secret_for_five_minutes() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    let long_ago = mydata_domain::Time(office.now().0 - 6 * 60_000);
    let (mut browser, _) = office.session(account.id, Stage::Whole, long_ago).await;
    let answer = browser.get(&path("/second-factor/new")).await;
    assert_eq!(answer.location(), "/mydata-backend/prove?next=%2Fmydata%2Dbackend%2Fsecond%2Dfactor%2Fnew");
    browser.get(answer.location()).await.says("請再次確認是您本人");
    let next = ("next", "/mydata-backend/second-factor/new");
    let wrong = browser.post(&path("/prove"), &[("do", "password"), ("password", "wrong"), next]).await;
    wrong.says("密碼不正確");
    let right = browser.post(&path("/prove"), &[("do", "password"), ("password", PASSWORD), next]).await;
    assert_eq!(right.location(), "/mydata-backend/second-factor/new");
    assert_eq!(browser.get(right.location()).await.status, StatusCode::OK);
    office.pass(MINUTE * 5);
    assert_eq!(browser.get(right.location()).await.status, StatusCode::SEE_OTHER);
    office.close().await;
}
