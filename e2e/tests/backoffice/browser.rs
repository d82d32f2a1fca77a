//! People at the back office with a real browser: second factors, passkeys, the closed door, e-government accounts; every
//! page free of axe-core violations, in both languages.

use std::time::Duration;

use mydata_e2e::browser::Look;
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use url::Url;

use crate::steps::{PASSWORD, Person, admin, invite};

/// From the invitation to the first page, with an authenticator app; then out, and in again with the next code.
async fn with_an_authenticator(look: Look) {
    let country = Country::start(Engine::Sqlite).await.unwrap();
    let link = invite(&country, "operator", "olga");
    let person = Person::at(country.platform.base().as_str(), look).await;
    person.set_password(&link, PASSWORD).await;
    person.sign_in("olga", PASSWORD).await;
    let secret = person.shown_secret().await;
    person.look("enrol").await;
    assert_eq!(person.count("form[data-passkey]:not([hidden])").await, 0, "no passkeys at an IP address");
    person.type_code(&secret, 0).await;

    person.browser.wait_for("ul.recovery").await.unwrap();
    assert_eq!(person.count("ul.recovery code").await, 10);
    person.look("recovery").await;
    let recovery = person.browser.wait_for("ul.recovery code").await.unwrap().text().await.unwrap();
    person.browser.click("a.button.primary").await.unwrap();
    person.is_in().await;
    person.look("home").await;
    person.open("/mydata-backend/me").await;
    person.is_in().await;
    person.look("me").await;
    person.sign_out().await;

    // The code of this moment was used; the next one is taken.
    person.sign_in("olga", PASSWORD).await;
    person.browser.wait_for("input[name=code]").await.unwrap();
    person.look("second-factor").await;
    person.type_code(&secret, 1).await;
    person.is_in().await;
    person.sign_out().await;

    // A recovery code, once.
    for right in [true, false] {
        person.sign_in("olga", PASSWORD).await;
        person.browser.fill("input[name=recovery]", &recovery).await.unwrap();
        person.submit("recovery").await;
        if right {
            person.is_in().await;
            person.sign_out().await;
        } else {
            person.browser.wait_for(".box.bad").await.unwrap();
            person.look("second-factor-wrong").await;
        }
    }
    person.browser.close().await.unwrap();
}

/// Without JavaScript, on a phone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticator_app_without_javascript() {
    with_an_authenticator(Look { javascript: false, ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticator_app() {
    with_an_authenticator(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticator_app_in_english() {
    with_an_authenticator(Look { language: "en", ..Look::phone() }).await;
}

/// The platform under the name `localhost`, since passkeys belong to names.
async fn named() -> (Country, Url) {
    let mut named = None;
    let country = Country::start_with(Engine::Sqlite, |config| {
        let mut base = Url::parse(config["base_url"].as_str().unwrap()).unwrap();
        base.set_host(Some("localhost")).unwrap();
        config["base_url"] = base.as_str().into();
        named = Some(base);
    })
    .await
    .unwrap();
    (country, named.unwrap())
}

/// A passkey is enrolled and signs in, by the browser's own WebAuthn; one that does not know its user does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey() {
    let (country, base) = named().await;
    let link = invite(&country, "operator", "olga");
    let person = Person::at(base.as_str(), Look::default()).await;
    let authenticator = person.browser.add_authenticator().await.unwrap();
    person.set_password(&link, PASSWORD).await;
    person.sign_in("olga", PASSWORD).await;
    person.browser.wait_for("form[data-passkey=create]").await.unwrap();
    person.look("enrol-passkey").await;
    person.browser.click("form[data-passkey=create] .buttons button").await.unwrap();
    person.browser.wait_for("ul.recovery").await.unwrap();
    person.browser.click("a.button.primary").await.unwrap();
    person.is_in().await;
    person.sign_out().await;

    for _ in 0..2 {
        person.sign_in("olga", PASSWORD).await;
        person.browser.wait_for("form[data-passkey=get]").await.unwrap();
        person.look("second-factor-passkey").await;
        person.browser.click("form[data-passkey=get] .buttons button").await.unwrap();
        person.is_in().await;
        person.sign_out().await;
    }

    // Whoever cannot unlock the authenticator stays outside, and is told what to do.
    person.browser.verify_user(&authenticator, false).await.unwrap();
    person.sign_in("olga", PASSWORD).await;
    person.browser.click("form[data-passkey=get] .buttons button").await.unwrap();
    let fault = person.browser.wait_for("form[data-passkey=get] .fault:not(:empty)").await.unwrap();
    assert!(fault.text().await.unwrap().contains("請再試一次"));
    person.look("second-factor-passkey-failed").await;
    person.open("/mydata-backend/me").await;
    person.browser.wait_for("input[name=recovery]").await.unwrap();
    person.browser.close().await.unwrap();
}

/// Five failures close the door; the page counts down, and says so without scripts, too.
async fn the_closed_door(look: Look) {
    let country = Country::start(Engine::Sqlite).await.unwrap();
    let scripts = look.javascript;
    let person = Person::at(country.platform.base().as_str(), look).await;
    for n in 0..5 {
        person.sign_in("nobody", "wrong").await;
        person.browser.wait_for(".box.bad").await.unwrap();
        if n == 0 {
            person.look("sign-in-wrong").await;
        }
    }
    person.browser.wait_for("a.button").await.unwrap();
    assert_eq!(person.count("input[name=password]").await, 0, "there is nothing to fill in");
    person.look("sign-in-closed").await;
    if scripts {
        let left = person.browser.wait_for(".countdown").await.unwrap();
        let first = left.text().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert_ne!(left.text().await.unwrap(), first, "it counts");
    }
    person.browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_closed_by_failures_counts_down() {
    the_closed_door(Look::default()).await;
    the_closed_door(Look { language: "en", ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_closed_by_failures_says_so_without_javascript() {
    the_closed_door(Look { javascript: false, ..Look::phone() }).await;
}

/// A forgotten password: the mail arrives in the sandbox's mailbox, and its link sets another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password() {
    let country = Country::start(Engine::Sqlite).await.unwrap();
    let link = invite(&country, "operator", "olga");
    let person = Person::at(country.platform.base().as_str(), Look::default()).await;
    person.set_password(&link, PASSWORD).await;
    person.open("/mydata-backend/forgot").await;
    person.browser.fill("input[name=account]", "olga@mydata.example").await.unwrap();
    person.look("forgot").await;
    person.submit("account").await;
    person.browser.wait_for(".box.good").await.unwrap();
    person.look("forgot-sent").await;
    let mut tries = 0;
    let mail = loop {
        if let Some(mail) = country.sandbox.mailbox().messages().into_iter().next() {
            break mail;
        }
        tries += 1;
        assert!(tries < 200, "no mail came\n{}", country.platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(mail.to, "olga@mydata.example");
    assert!(mail.subject.contains("重新設定密碼") && mail.body.contains("請勿回信"), "{}", mail.body);
    let link = mail.body.lines().find(|line| line.contains("/mydata-backend/password?link=")).unwrap();
    let new = "quite another sentence";
    person.set_password(link, new).await;
    person.sign_in("olga", new).await;
    person.shown_secret().await;
    let log = country.platform.log();
    let secret = link.split_once("link=").unwrap().1;
    assert!(!log.contains(secret) && !log.contains("olga@mydata.example"), "the log holds neither");
    person.browser.close().await.unwrap();
}

/// Chooses 王小明 at the identity provider.
async fn as_wang(person: &Person) {
    person.browser.click("button[value=wang-xiaoming]").await.unwrap();
}

/// An account is linked to an E政府帳號 and signed in to with it; staff still show their second factor. Shows R67, R86.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_e_government_account() {
    let country = Country::start(Engine::Sqlite).await.unwrap();
    let link = invite(&country, "operator", "olga");
    let person = Person::at(country.platform.base().as_str(), Look::default()).await;

    // Linked to nothing yet.
    person.open("/mydata-backend/signin").await;
    person.browser.click("a[href*='/mydata-backend/gov']").await.unwrap();
    as_wang(&person).await;
    person.browser.wait_for(".box.bad").await.unwrap();
    assert!(person.text().await.contains("尚未連結後臺帳號"), "{}", person.text().await);
    let url = person.browser.current_url().await.unwrap();
    assert!(!url.as_str().contains("code=") && !url.as_str().contains("state="), "{url}");
    person.look("gov-unknown").await;

    person.set_password(&link, PASSWORD).await;
    person.sign_in("olga", PASSWORD).await;
    let secret = person.shown_secret().await;
    person.type_code(&secret, 0).await;
    person.browser.click("a.button.primary").await.unwrap();
    person.is_in().await;
    person.open("/mydata-backend/me").await;
    person.browser.click("form[action$='/me/gov/link'] button").await.unwrap();
    as_wang(&person).await;
    person.browser.wait_for("form[action$='/me/gov/unlink']").await.unwrap();
    person.look("gov-linked").await;
    person.sign_out().await;

    // In with it, and the second factor.
    person.open("/mydata-backend/signin?next=/mydata-backend/me").await;
    person.browser.click("a[href*='/mydata-backend/gov']").await.unwrap();
    as_wang(&person).await;
    person.browser.wait_for("input[name=code]").await.unwrap();
    person.type_code(&secret, 1).await;
    person.browser.wait_for("form[action$='/me/gov/unlink']").await.unwrap();
    person.sign_out().await;

    // Who cancels at the provider is back at the sign-in page.
    person.browser.click("a[href*='/mydata-backend/gov']").await.unwrap();
    person.browser.click("form[data-form=cancel] button").await.unwrap();
    person.browser.wait_for(".box.bad").await.unwrap();
    assert!(person.text().await.contains("您取消了"), "{}", person.text().await);

    // A locked account stays locked.
    admin(&country, &["lock", "olga"]);
    person.browser.click("a[href*='/mydata-backend/gov']").await.unwrap();
    as_wang(&person).await;
    person.browser.wait_for(".box.warn").await.unwrap();
    assert!(person.text().await.contains("停用"), "{}", person.text().await);

    // An answer that nobody here asked for is worth nothing.
    person.open("/mydata-backend/gov/callback?code=x&state=y").await;
    person.browser.wait_for(".box.bad").await.unwrap();
    assert!(person.text().await.contains("無法完成"), "{}", person.text().await);
    person.browser.close().await.unwrap();
}
