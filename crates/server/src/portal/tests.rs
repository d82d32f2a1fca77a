//! The portal through its door, in both languages.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, Request, StatusCode};
use mydata_domain::Zone;
use mydata_domain::dataset::DatasetState;
use mydata_domain::registry::Registry;
use mydata_domain::service::ServiceState;
use mydata_store::Engine;
use mydata_store::repo::registry;
use mydata_store::testing::START;
use tower::ServiceExt as _;

use crate::backoffice::tests::Office;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.text().contains(text), "{text:?} is not said: {}\n{}", self.status, self.text());
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) {
        assert!(!self.text().contains(text), "{text:?} is said: {}\n{}", self.status, self.text());
    }
}

pub(crate) async fn ask_with(
    office: &Office,
    path: &str,
    from: &str,
    header: Option<(http::HeaderName, &str)>,
) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    send(office, from, request).await
}

pub(crate) async fn send(office: &Office, from: &str, mut request: Request<Body>) -> Answer {
    let from: SocketAddr = format!("{from}:4000").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    let response = crate::platform::router(office.app.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn ask(office: &Office, path: &str) -> Answer {
    ask_with(office, path, "127.0.0.1", None).await
}

pub(crate) async fn ask_in_english(office: &Office, path: &str) -> Answer {
    ask_with(office, path, "127.0.0.1", Some((ACCEPT_LANGUAGE, "en"))).await
}

/// The example of the operators' book, and beside its dataset others in every state.
pub(crate) async fn registered(office: &Office, change: impl FnOnce(&mut Registry)) {
    let mut document: Registry =
        toml::from_str(include_str!("../../../../docs/operators/registry.example.toml")).unwrap();
    // What is tried here comes over no TLS of ours.
    document.services[0].service.client_certificates.clear();
    let example = document.datasets[0].clone();
    for (number, state) in [
        DatasetState::Maintenance,
        DatasetState::Failing,
        DatasetState::Suspended,
        DatasetState::Delisted,
        DatasetState::Stopped,
        DatasetState::Hidden,
    ]
    .into_iter()
    .enumerate()
    {
        let mut other = example.clone();
        other.dataset.resource_id = format!("API.Other0000{number}").parse().unwrap();
        other.dataset.name = format!("別的資料 {}", state.as_str());
        other.dataset.name_en = format!("Other data {}", state.as_str());
        other.dataset.category = "綜合".to_owned();
        other.dataset.state = state;
        other.dataset.pilot = None;
        document.datasets.push(other);
    }
    change(&mut document);
    let (document, crypter) = (&document, &office.app.store.crypter);
    let apply = async |tx| registry::apply(&tx, crypter, document, START).await;
    office.app.store.db.run_tx("test", apply).await.unwrap();
}

pub(crate) async fn on_both(test: impl AsyncFn(&Office)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        test(&office).await;
        office.close().await;
    }
}

#[tokio::test]
async fn lists_show_what_may_be_had_and_nothing_else() {
    on_both(async |office| {
        registered(office, |_| ()).await;
        let page = ask(office, "/datasets").await;
        assert_eq!(page.status, StatusCode::OK);
        for there in
            ["範例戶籍資料", "別的資料 maintenance", "別的資料 failing", "共 3 項", "維護中", "連線異常"]
        {
            page.says(there);
        }
        for gone in ["suspended", "delisted", "stopped", "hidden"] {
            page.hides(&format!("別的資料 {gone}"));
        }
        assert_eq!(ask(office, "/datasets/API.Other00005").await.status, StatusCode::NOT_FOUND);
        assert_eq!(ask(office, "/datasets/%3Cscript%3E").await.status, StatusCode::NOT_FOUND);
        // 試辦 (R15): only registered addresses.
        let outside = ask_with(office, "/datasets", "203.0.113.9", None).await;
        outside.hides("範例戶籍資料");
        outside.says("共 2 項");
        let outside = ask_with(office, "/datasets/API.Example001", "203.0.113.9", None).await;
        assert_eq!(outside.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn what_is_searched_and_filtered_stands_in_the_address() {
    on_both(async |office| {
        registered(office, |_| ()).await;
        let found = ask(office, "/datasets?q=%E6%88%B6%E7%B1%8D").await;
        found.says("範例戶籍資料");
        found.says("value=\"戶籍\"");
        let by_category = ask(office, "/datasets?category=%E7%B6%9C%E5%90%88").await;
        by_category.hides("/datasets/API.Example001");
        by_category.says("共 2 項");
        by_category.says("href=\"/datasets?category=%E6%88%B6%E5%BD%B9%E6%94%BF\"");
        // A part of a field's name finds it, too.
        ask(office, "/datasets?q=%E5%9C%B0%E6%94%BF").await.says("沒有符合");
        ask(office, "/datasets?q=%E5%87%BA%E7%94%9F").await.says("範例戶籍資料");
        let all = ask(office, "/search?q=%E7%AF%84%E4%BE%8B").await;
        for there in ["/datasets/API.Example001", "/services/CLI.Example001", "/counter-services/"] {
            all.says(there);
        }
        for odd in [
            "/datasets?q=%3Cscript%3E&category=%00&page=-1",
            "/search?q=%ff%fe",
            "/services?kind=no&page=9999999999",
        ] {
            let page = ask(office, odd).await;
            assert_eq!(page.status, StatusCode::OK, "{odd}");
            page.hides("<script>");
        }
    })
    .await;
}

/// Every page in both languages, without a text that is not written.
#[tokio::test]
async fn every_page_is_there_in_both_languages() {
    let office = Office::open().await;
    registered(&office, |_| ()).await;
    let counter = ask(&office, "/counter-services").await;
    let counter = counter
        .text()
        .split("href=\"/counter-services/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let counter = format!("/counter-services/{counter}");
    for (path, zh, en) in [
        ("/", "您的資料，由您決定交給誰", "Your data goes where you decide"),
        ("/datasets", "戶役政", "Household registration and conscription"),
        ("/datasets/API.Example001", "健保卡", "National Health Insurance card"),
        ("/services", "線上服務", "Online services"),
        ("/services/CLI.Example001", "我要申請", "Go to the service"),
        ("/counter-services", "臨櫃服務", "Counter services"),
        (counter.as_str(), "請自行攜帶", "Please bring"),
        ("/search", "搜尋", "Search"),
        ("/about", "哪種方式能取得哪些資料", "Which method reaches which data"),
        ("/sitemap", "快速鍵", "Access keys"),
        ("/news", "目前沒有消息", "no news"),
        ("/faq", "沒有找到答案", "Not answered here"),
        ("/contact", "電子郵件", "The answer goes here"),
        ("/contact/sent?number=1151121-7K3FA", "已收到您的訊息", "We have your message"),
        ("/documents", "測試向量", "Test vectors"),
        ("/styleguide", "色彩", "Colours"),
    ] {
        for (page, text) in [(ask(&office, path).await, zh), (ask_in_english(&office, path).await, en)] {
            assert_eq!(page.status, StatusCode::OK, "{path}");
            page.says(text);
            for key in
                ["portal-", "home-", "verification-", "news", "faq", "contact", "documents", "styleguide-"]
            {
                page.hides(&format!(">{key}"));
            }
            assert_eq!(page.text().matches("<h1").count(), 1, "{path}");
            // A first visit stays light.
            assert!(page.body.len() < 20 * 1024, "{path}: {} bytes", page.body.len());
        }
    }
    office.close().await;
}

/// Production shows production; only a sandbox shows its test zone, too (R94).
#[tokio::test]
async fn the_test_zone_is_not_shown_where_the_data_is_real() {
    let office = Office::open_with(Engine::Sqlite, |config| config.sandbox = false).await;
    registered(&office, |document| {
        document.datasets[1].dataset.zone = Zone::Production;
        document.services[0].service.state = ServiceState::Listed;
    })
    .await;
    let page = ask(&office, "/datasets").await;
    page.says("別的資料 maintenance");
    page.says("共 1 項");
    page.hides("測試區");
    assert_eq!(ask(&office, "/datasets/API.Example001").await.status, StatusCode::NOT_FOUND);
    office.close().await;
}

#[tokio::test]
async fn the_open_catalogue_is_asked_for_again_only_when_it_changed() {
    on_both(async |office| {
        registered(office, |_| ()).await;
        let first = ask(office, "/api/catalogue").await;
        assert_eq!(first.headers[CONTENT_TYPE], "application/json; charset=utf-8");
        assert_eq!(first.headers["cache-control"], "private, max-age=60", "insiders of a pilot see more");
        let catalogue: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
        assert_eq!(catalogue["datasets"].as_array().unwrap().len(), 3);
        assert_eq!(catalogue["services"][0]["client_id"], "CLI.Example001");
        assert_eq!(catalogue["counter_services"].as_array().unwrap().len(), 1);
        for secret in ["exampleSecret", "exampleCbcIv", "example-api-key", "/household"] {
            first.hides(secret);
        }
        let tag = first.headers[ETAG].to_str().unwrap().to_owned();
        let again = ask_with(office, "/api/catalogue", "127.0.0.1", Some((IF_NONE_MATCH, &tag))).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
        let weak = format!("\"old\", W/{tag}");
        let again = ask_with(office, "/api/catalogue", "127.0.0.1", Some((IF_NONE_MATCH, &weak))).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        let other = ask_with(office, "/api/catalogue", "127.0.0.1", Some((IF_NONE_MATCH, "\"old\""))).await;
        assert_eq!(other.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn a_challenge_is_drawn_and_spoken_for_whoever_holds_it() {
    use mydata_wire::SystemRandom;

    use crate::captcha::Challenge;

    let office = Office::open().await;
    let challenge = Challenge::new(&office.app.store.crypter, &SystemRandom, START);
    let picture = ask(&office, &format!("/captcha/picture?c={}", challenge.as_str())).await;
    assert_eq!(
        (picture.status, &picture.headers[CONTENT_TYPE]),
        (StatusCode::OK, &"image/png".parse().unwrap())
    );
    let (zh, en) = (
        ask(&office, &format!("/captcha/sound?c={}", challenge.as_str())).await,
        ask(&office, &format!("/captcha/sound?c={}&l=en", challenge.as_str())).await,
    );
    assert!(zh.body.starts_with(b"RIFF") && en.body.starts_with(b"RIFF") && zh.body.len() != en.body.len());
    for foreign in ["", "?c=", "?c=a.b", "?c=%ff", &format!("?c={}", "a".repeat(500))] {
        assert_eq!(ask(&office, &format!("/captcha/picture{foreign}")).await.status, StatusCode::NOT_FOUND);
    }
    let robots = ask(&office, "/robots.txt").await;
    robots.says("Disallow: /exchange/");
    office.close().await;
}
