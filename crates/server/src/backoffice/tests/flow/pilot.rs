//! What a pilot and replaced credentials mean to those who call: over HTTP.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mydata_domain::credentials::Earlier;
use mydata_domain::registry::Registry;
use mydata_domain::service::ServiceKeys;
use mydata_store::repo::registry;
use mydata_wire::pid::Pid;
use mydata_wire::{ClientSecret, b64};

use super::Office;
use crate::backoffice::tests::Answered;

const INSIDER: &str = "192.0.2.1:1000";
const STRANGER: &str = "192.0.2.99:1000";

/// A service and a dataset of the test zone, each with insiders where they are named.
pub(in crate::backoffice::tests) fn document(service_pilot: &str, dataset_pilot: &str) -> Registry {
    let text = format!(
        r#"
        version = 1
        [[organisation]]
        id = "library"
        name = "示範圖書館"
        name_en = "Demo Library"
        kind = "agency"
        [[dataset]]
        resource_id = "API.Kr1C3b1ijJ"
        resource_secret = "lxLRIhDcR59kp2SG"
        zone = "test"
        organisation = "library"
        name = "示範借閱紀錄"
        name_en = "Loans"
        category = "教育"
        weakest_verification = "NHI"
        dp_api = "http://127.0.0.1:9/"
        state = "listed"
        {dataset_pilot}
        [[service]]
        client_id = "CLI.qqOjnjO4WR"
        client_secret = "demoBankSecret16"
        cbc_iv = "demoBankCbcIv016"
        zone = "test"
        organisation = "library"
        name = "示範申請"
        name_en = "Demo application"
        purpose = "示範"
        purpose_en = "Demo"
        category = "綜合"
        url = "https://sp.example/"
        terms = "示範"
        return_urls = ["https://sp.example/return"]
        sp_api = "https://sp.example/notify"
        allowed_ips = ["192.0.2.1"]
        datasets = ["API.Kr1C3b1ijJ"]
        state = "listed"
        {service_pilot}
        "#
    );
    toml::from_str(&text).unwrap()
}

impl Office {
    pub(in crate::backoffice::tests) async fn apply(&self, document: &Registry) {
        let (crypter, now) = (&self.app.store.crypter, self.now());
        self.app
            .store
            .db
            .run_tx("test", |tx| async move { registry::apply(&tx, crypter, document, now).await })
            .await
            .unwrap();
        // What is in memory may be a second old.
        self.pass(Duration::from_secs(2));
    }

    /// A citizen is sent.
    pub(in crate::backoffice::tests) async fn entry(
        &self,
        from: &str,
        tx_id: u8,
        secret: &ClientSecret,
    ) -> Answered {
        let pid =
            Pid::Person("A123456789".parse().unwrap()).encrypt(secret, &"demoBankCbcIv016".parse().unwrap());
        let encode =
            |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let path = format!(
            "/service/CLI.qqOjnjO4WR/{}/3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca9{tx_id:02}?returnUrl={}&pid={}",
            b64::standard(b"API.Kr1C3b1ijJ"),
            encode("https://sp.example/return"),
            encode(&pid),
        );
        let mut browser = self.browser();
        browser.address = from.parse().unwrap();
        browser.get(&path).await
    }

    /// A DP asks about a token.
    pub(in crate::backoffice::tests) async fn introspect(&self, from: &str, secret: &str) -> Answered {
        let basic = b64::standard(format!("API.Kr1C3b1ijJ:{secret}").as_bytes());
        let request = Request::post("/connect/introspect")
            .header(AUTHORIZATION, format!("Basic {basic}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(axum::body::Body::from("token=mydata%3A%3A0123456789abcdef0123"))
            .unwrap();
        let mut browser = self.browser();
        browser.address = from.parse().unwrap();
        browser.send(request).await
    }
}

/// Shows R15.
#[tokio::test]
async fn in_a_pilot_only_registered_addresses_get_in() {
    let office = Office::open().await;
    let secret: ClientSecret = "demoBankSecret16".parse().unwrap();
    let pilot = r#"pilot = ["192.0.2.1"]"#;
    for (number, (service, dataset)) in [(pilot, ""), ("", pilot), (pilot, pilot)].into_iter().enumerate() {
        office.apply(&document(service, dataset)).await;
        let number = u8::try_from(number).unwrap() + 10;
        let kept_out = office.entry(STRANGER, number, &secret).await;
        assert_eq!(kept_out.status, StatusCode::FORBIDDEN);
        kept_out.says("試辦");
        kept_out.says("示範申請");
        let inside = office.entry(INSIDER, number, &secret).await;
        assert_eq!(inside.status, StatusCode::SEE_OTHER, "{}", inside.body);
        assert!(inside.location().starts_with("/exchange/"), "{}", inside.location());
    }
    // A DP in its pilot that has registered no address is let in from none.
    let refused = office.introspect(INSIDER, "lxLRIhDcR59kp2SG").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.says("address_not_allowed");
    office.apply(&document("", "pilot = [\"192.0.2.1\"]\nallowed_ips = [\"192.0.2.1\"]")).await;
    assert_eq!(office.introspect(INSIDER, "lxLRIhDcR59kp2SG").await.status, StatusCode::OK);
    assert_eq!(office.introspect(STRANGER, "lxLRIhDcR59kp2SG").await.status, StatusCode::FORBIDDEN);
    // Afterwards everybody may come.
    office.apply(&document("", "")).await;
    assert_eq!(office.entry(STRANGER, 20, &secret).await.status, StatusCode::SEE_OTHER);
    office.close().await;
}

/// The address is asked for at every page of the exchange, not at the entry alone. Shows R15.
#[tokio::test]
async fn in_a_pilot_every_page_is_for_registered_addresses() {
    let office = Office::open().await;
    let secret: ClientSecret = "demoBankSecret16".parse().unwrap();
    office.apply(&document("", "")).await;
    let entered = office.entry(STRANGER, 40, &secret).await;
    let page = entered.location().to_owned();
    let cookie = entered.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = async |from: &str, path: &str| {
        let mut browser = office.browser();
        browser.address = from.parse().unwrap();
        browser.cookie = Some(cookie.clone());
        browser.get(path).await
    };
    assert_eq!(get(STRANGER, &page).await.status, StatusCode::OK);
    // The pilot begins, of the service or of the dataset that is asked for.
    let pilot = r#"pilot = ["192.0.2.1"]"#;
    for (service, dataset) in [(pilot, ""), ("", pilot)] {
        office.apply(&document(service, dataset)).await;
        for path in [page.clone(), format!("{page}/progress"), format!("{page}/preview/API.Kr1C3b1ijJ")] {
            let kept_out = get(STRANGER, &path).await;
            assert_eq!(kept_out.status, StatusCode::FORBIDDEN, "{path}");
            kept_out.says("試辦");
        }
        assert_eq!(get(INSIDER, &page).await.status, StatusCode::OK);
    }
    // Another's exchange looks the same from wherever one comes.
    let mut other = office.browser();
    other.address = STRANGER.parse().unwrap();
    other.get(&page).await.says("重新");
    office.close().await;
}

/// Shows R100.
#[tokio::test]
async fn earlier_credentials_work_until_their_end_and_no_longer() {
    let office = Office::open().await;
    let mut document = document("", "");
    let (old, new): (ClientSecret, ClientSecret) =
        ("demoBankSecret16".parse().unwrap(), "newerBankSecre16".parse().unwrap());
    let until = office.now().plus(Duration::from_secs(600));
    let secrets = &mut document.services[0].secrets;
    secrets.client_secret = new.clone();
    secrets.earlier =
        Some(Earlier { secret: ServiceKeys { client_secret: old.clone(), api_key: None }, until });
    document.datasets[0].earlier = Some(Earlier { secret: "earlierSecret016".parse().unwrap(), until });
    // The document keeps them, too.
    let text = toml::to_string(&document).unwrap();
    assert!(text.contains("earlier_client_secret") && text.contains("earlier_until"), "{text}");
    assert!(toml::from_str::<Registry>(&text).unwrap() == document);
    office.apply(&document).await;

    for (number, secret) in [(30, &old), (31, &new)] {
        let entered = office.entry(INSIDER, number, secret).await;
        assert!(entered.location().starts_with("/exchange/"), "{}", entered.location());
    }
    for secret in ["earlierSecret016", "lxLRIhDcR59kp2SG"] {
        assert_eq!(office.introspect(INSIDER, secret).await.status, StatusCode::OK, "{secret}");
    }
    assert_eq!(office.introspect(INSIDER, "anotherSecret016").await.status, StatusCode::UNAUTHORIZED);
    office.pass(Duration::from_secs(600));
    let over = office.entry(INSIDER, 32, &old).await;
    assert!(over.location().contains("code=400"), "{}", over.location());
    assert!(office.entry(INSIDER, 33, &new).await.location().starts_with("/exchange/"));
    assert_eq!(office.introspect(INSIDER, "earlierSecret016").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(office.introspect(INSIDER, "lxLRIhDcR59kp2SG").await.status, StatusCode::OK);
    office.close().await;
}
