//! What holders of accounts are told by mail, and links that set a password.

use std::time::Duration;

use http::StatusCode;
use mydata_domain::account::{AccountState, Role};
use mydata_domain::mail::{AboutAccount, Kind};
use mydata_store::Engine;

use super::{Office, PASSWORD};
use crate::backoffice::{ROOT, account_mail};

const MINUTE: Duration = Duration::from_secs(60);

fn path(below: &str) -> String {
    format!("{ROOT}{below}")
}

/// Kinds and addressees of the outbox, sorted.
async fn sent(office: &Office) -> Vec<(Kind, String)> {
    let mut all: Vec<_> = office.outbox().await.into_iter().map(|m| (m.kind, m.content.address)).collect();
    all.sort_by_key(|(kind, to)| (kind.as_str(), to.clone()));
    all
}

fn to(kind: AboutAccount, name: &str) -> (Kind, String) {
    (kind.into(), format!("{name}@library.example"))
}

/// A forgotten password is set with a link that works once, within ten minutes; the holder is told.
#[tokio::test]
async fn a_forgotten_password_is_set_with_a_link_from_a_mail() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        office.account("jenny", Role::Applicant, Some("library")).await;
        let mut browser = office.browser();
        browser.get(&path("/signin")).await.says("href=\"/mydata-backend/forgot\"");
        browser.get(&path("/forgot")).await.says("帳號或 E-mail");
        let answer = browser.post(&path("/forgot"), &[("account", " Jenny@Library.example ")]).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, &*path("/signin")));
        office.work().await;
        let [mail] = office.outbox().await.try_into().unwrap();
        let link = mail.content.link.unwrap();
        let below = link.strip_prefix("https://mydata.example").unwrap();
        let (page, secret) = below.split_once("?link=").unwrap();
        assert_eq!((page, secret.len()), ("/mydata-backend/password", 43));

        // Asking again at once neither sends another mail nor ends the link.
        browser.post(&path("/forgot"), &[("account", "jenny")]).await;
        office.work().await;
        assert_eq!(office.outbox().await.len(), 1);

        browser.get(below).await.says("value=\"jenny\"");
        let new = "another sentence of the tests";
        let fields = [("link", secret), ("new", new), ("again", new)];
        assert_eq!(browser.post(page, &fields).await.location(), path("/signin"));
        assert_eq!(browser.get(below).await.status, StatusCode::GONE, "once");
        assert_eq!(browser.sign_in("jenny", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.sign_in("jenny", new).await.status, StatusCode::SEE_OTHER);
        let told = [to(AboutAccount::PasswordChanged, "jenny"), to(AboutAccount::PasswordReset, "jenny")];
        assert_eq!(sent(&office).await, told);

        // Ten minutes later a link has ended.
        office.pass(MINUTE * 3);
        let mut other = office.browser();
        other.get(&path("/forgot")).await;
        other.post(&path("/forgot"), &[("account", "jenny")]).await;
        office.work().await;
        let link = office.outbox().await.pop().unwrap().content.link.unwrap();
        office.pass(MINUTE * 10);
        let below = link.strip_prefix("https://mydata.example").unwrap();
        assert_eq!(other.get(below).await.status, StatusCode::GONE);
        office.close().await;
    }
}

/// Nobody learns from 忘記密碼 whether an account exists: the same answer, the same number of statements.
#[tokio::test]
async fn asking_for_a_link_tells_nothing() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let locked = office.account("locked", Role::Applicant, Some("library")).await;
    office.change(locked.id, |account| account.locked_at = Some(office.now())).await;
    let closed = office.account("closed", Role::Applicant, Some("library")).await;
    office.change(closed.id, |account| account.state = AccountState::Closed).await;
    let mut answers = Vec::new();
    for name in ["jenny", "nobody", "locked", "closed", "nobody@library.example", "臺北 <b>"] {
        let mut browser = office.browser();
        browser.get(&path("/forgot")).await;
        let (forgot, fields) = (path("/forgot"), [("account", name)]);
        let asked = browser.post(&forgot, &fields);
        let (answer, statements) = mydata_store::db::count_statements(asked).await;
        answers.push((answer.status, answer.location().to_owned(), answer.body, statements));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    office.work().await;
    assert_eq!(sent(&office).await, [to(AboutAccount::PasswordReset, "jenny")]);
    let mut browser = office.browser();
    browser.get(&path("/forgot")).await;
    let answer = browser.post(&path("/forgot"), &[("account", " ")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("請填寫帳號或 E-mail。");
    office.close().await;
}

/// Of too many failures the holder is told, and of an account of the operating side the administrators, too: once.
#[tokio::test]
async fn a_closed_door_is_told_to_its_holder_and_to_administrators() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    office.account("olga", Role::Operator, None).await;
    office.account("admin", Role::Administrator, None).await;
    let absent = office.account("absent", Role::Administrator, None).await;
    office.change(absent.id, |account| account.state = AccountState::Closed).await;
    let fail = async |name: &str, times: usize, from: u8| {
        for n in 0..times {
            let mut browser = office.browser();
            // Each from another address: it is the account's door that closes.
            browser.address = format!("192.0.2.{}:1", usize::from(from) + n).parse().unwrap();
            browser.sign_in(name, "wrong").await;
        }
        office.work().await;
    };
    fail("jenny", 4, 10).await;
    assert_eq!(sent(&office).await, []);
    fail("jenny", 1, 20).await;
    assert_eq!(sent(&office).await, [to(AboutAccount::SignInClosed, "jenny")]);
    fail("jenny", 5, 30).await;
    fail("nobody", 6, 40).await;
    assert_eq!(office.outbox().await.len(), 1, "once, and nobody is told of who does not exist");
    fail("olga", 5, 50).await;
    let all = [
        to(AboutAccount::SignInClosed, "jenny"),
        to(AboutAccount::SignInClosed, "olga"),
        to(AboutAccount::StaffSignInClosed, "admin"),
    ];
    assert_eq!(sent(&office).await, all);

    // An address that tries many accounts closes its own door; their holders are not told.
    let mut browser = office.browser();
    browser.address = "192.0.2.99:1".parse().unwrap();
    office.pass(MINUTE * 31);
    for name in ["jenny", "olga", "admin", "jenny", "olga"] {
        browser.sign_in(name, "wrong").await;
    }
    assert_eq!(browser.sign_in("admin", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    office.work().await;
    assert_eq!(sent(&office).await, all);
    office.close().await;
}

/// How long a refusal takes does not tell whether the account exists, at the failure that closes the door either.
#[tokio::test]
async fn the_failure_that_closes_the_door_costs_the_same_for_nobody() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let mut counted = Vec::new();
    for (name, address) in [("jenny", "192.0.2.7:1"), ("nobody", "192.0.2.8:1")] {
        let mut browser = office.browser();
        browser.address = address.parse().unwrap();
        for _ in 0..4 {
            browser.sign_in(name, "wrong").await;
        }
        let (answer, statements) = mydata_store::db::count_statements(browser.sign_in(name, "wrong")).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        counted.push(statements);
    }
    assert_eq!(counted[0], counted[1]);
    office.close().await;
}

/// Shows R65: an account that the operating side opened is invited by mail to set its password.
#[tokio::test]
async fn an_account_that_was_opened_is_invited() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    office.change(account.id, |account| account.state = AccountState::Invited).await;
    let (app, account) = (&office.app, &account);
    let invite = |tx| async move { account_mail::invite(&tx, app, account).await };
    app.store.db.run_tx("test", invite).await.unwrap();
    let [mail] = office.outbox().await.try_into().unwrap();
    assert_eq!(mail.kind, Kind::from(AboutAccount::Opened));
    assert!(mail.content.text.contains("帳號：jenny"));
    let link = mail.content.link.unwrap();
    let (page, secret) = link.strip_prefix("https://mydata.example").unwrap().split_once("?link=").unwrap();
    office.pass(MINUTE * 60 * 23);
    let mut browser = office.browser();
    browser.get(&format!("{page}?link={secret}")).await;
    let new = "another sentence of the tests";
    let set = browser.post(page, &[("link", secret), ("new", new), ("again", new)]).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.sign_in("jenny", new).await.location(), ROOT);
    assert_eq!(office.outbox().await.len(), 1, "the first password is no change");
    office.close().await;
}
