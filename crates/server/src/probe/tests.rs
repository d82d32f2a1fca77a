//! Connections tried against parties that stand for real ones: what is wrong with each is found at its step, and nothing
//! beyond it is tried.

mod certificates;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, Method, StatusCode};
use mydata_domain::credentials::Earlier;
use mydata_domain::health::{Fault, FaultKind, Figure, Outcome, Probe, Skipped, Step};
use mydata_domain::policy::Seconds;
use mydata_domain::service::{ServiceKeys, ServiceSecrets, ServiceWithSecrets};
use mydata_domain::{Dataset, Policy};
use mydata_store::Engine;
use tokio::net::TcpListener;

use super::{Target, notice, reach};
use crate::backoffice::tests::Office;
use crate::outbound::Outbound;

/// An office whose patience is short.
async fn office() -> Office {
    Office::open_with(Engine::Sqlite, |config| {
        config.policy.dp_connect = Seconds(Duration::from_millis(400));
        config.policy.sp_answer = Seconds(Duration::from_millis(400));
        config.health.answer = Seconds(Duration::from_millis(400));
    })
    .await
}

fn dataset(dp_api: &str, more: serde_json::Value) -> Dataset {
    let mut body = serde_json::json!({
        "resource_id": "API.Kr1C3b1ijJ", "zone": "test", "organisation": "library", "name": "示範",
        "name_en": "Demo", "category": "教育", "weakest_verification": "NHI", "dp_api": dp_api, "state": "listed",
    });
    let serde_json::Value::Object(more) = more else { panic!("an object") };
    body.as_object_mut().unwrap().extend(more);
    serde_json::from_value(body).unwrap()
}

fn target(dp_api: &str) -> Target {
    Target::Dataset(Box::new(dataset(dp_api, serde_json::json!({}))))
}

fn service(sp_api: &str, key: Option<&str>, earlier: Option<&str>) -> Target {
    let body = serde_json::json!({
        "client_id": "CLI.qqOjnjO4WR", "zone": "test", "organisation": "bank", "name": "示範", "name_en": "Demo",
        "purpose": "示範", "purpose_en": "Demo", "category": "綜合", "url": "http://127.0.0.1/", "terms": "示範",
        "return_urls": ["http://127.0.0.1/return"], "sp_api": sp_api, "allowed_ips": [], "datasets": [],
        "state": "listed",
    });
    let client_secret: mydata_wire::ClientSecret = "demoBankSecret16".parse().unwrap();
    let keys =
        |key: &str| ServiceKeys { client_secret: client_secret.clone(), api_key: Some(key.to_owned()) };
    let earlier = earlier.map(|key| Earlier { secret: keys(key), until: mydata_domain::Time(i64::MAX) });
    Target::Service(Box::new(ServiceWithSecrets {
        service: serde_json::from_value(body).unwrap(),
        secrets: ServiceSecrets {
            client_secret: client_secret.clone(),
            cbc_iv: "demoBankCbcIv016".parse().unwrap(),
            api_key: key.map(str::to_owned),
            earlier,
        },
    }))
}

/// Serves on a port of its own; gives its base address.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

/// A party that answers everything in the same way.
async fn answering<F>(answer: F) -> String
where
    F: Fn(Method) -> Response + Clone + Send + Sync + 'static,
{
    let handler = move |request: Request| {
        let answer = answer.clone();
        async move { answer(request.method().clone()) }
    };
    serve(Router::new().fallback(handler)).await
}

fn stopped(probe: &Probe) -> &Fault {
    let fault = probe.fault().unwrap_or_else(|| panic!("nothing is wrong: {probe:?}"));
    let last = probe.steps.last().unwrap();
    assert!(matches!(&last.outcome, Outcome::Failed { .. }), "it went on: {probe:?}");
    assert_eq!(last.step, fault.step(), "{probe:?}");
    fault
}

#[tokio::test]
async fn what_cannot_be_connected_to_is_told_at_its_step() {
    let office = office().await;
    let test = async |target: Target| super::test(&office.app, &target).await;

    let probe = test(target("http://no-such-host.invalid/")).await;
    assert_eq!(stopped(&probe).kind, FaultKind::DnsUnknown);
    assert_eq!(probe.steps.len(), 1);

    // Nobody listens on a port that was just given back.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let probe = test(target(&format!("http://localhost:{}/", free.port()))).await;
    assert_eq!(stopped(&probe).kind, FaultKind::TcpRefused);
    assert!(matches!(probe.step(Step::Address), Some(Outcome::Passed { .. })));

    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap();
    let begun = std::time::Instant::now();
    let probe = test(target(&format!("https://{at}/"))).await;
    assert_eq!(*stopped(&probe), Fault::new(FaultKind::TlsNoAnswer, 0.4));
    let probe = test(target(&format!("http://{at}/"))).await;
    assert_eq!(*stopped(&probe), Fault::new(FaultKind::ResponseNoAnswer, 0.4));
    assert_eq!(
        probe.step(Step::Certificate),
        Some(&Outcome::Skipped { why: Skipped::Plain }),
        "the sandbox may speak http"
    );
    assert!(begun.elapsed() < Duration::from_secs(5), "it ends in time");

    // Speaks, but no TLS.
    let plain = answering(|_| StatusCode::OK.into_response()).await;
    let probe = test(target(&plain.replace("http:", "https:"))).await;
    assert_eq!(stopped(&probe).kind, FaultKind::TlsNotSpoken);
    office.close().await;
}

/// Shows R96: the address is judged before anything is connected to.
#[tokio::test]
async fn what_may_not_be_called_is_not_knocked_at() {
    let office = office().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let elsewhere = dataset(&url, serde_json::json!({ "dp_ips": ["192.0.2.7"] }));
    let probe = super::test(&office.app, &Target::Dataset(Box::new(elsewhere))).await;
    assert_eq!(*stopped(&probe), Fault::new(FaultKind::AddressNotRegistered, "127.0.0.1"));
    let knocked = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(knocked.is_err(), "it was connected to");

    let registered = dataset(&url, serde_json::json!({ "dp_ips": ["127.0.0.0/8"] }));
    let probe = super::test(&office.app, &Target::Dataset(Box::new(registered))).await;
    let Some(Outcome::Passed { figures, .. }) = probe.step(Step::Address) else { panic!("{probe:?}") };
    assert!(figures.contains(&Figure::Registered));
    office.close().await;

    let strict = Outbound::new(&Policy::default(), false).unwrap();
    let found = ["127.0.0.1".parse().unwrap()];
    for (url, kind) in [
        ("http://dp.example/", FaultKind::AddressPlain),
        ("https://127.0.0.1/", FaultKind::AddressInternal),
        ("https://localhost/", FaultKind::AddressInternal),
        // A public name that leads inside.
        ("https://dp.example/", FaultKind::AddressInternal),
    ] {
        assert_eq!(reach::allowed(&strict, &target(url), &found).unwrap_err().kind, kind, "{url}");
    }
    let mixed = ["10.0.0.1".parse().unwrap(), "8.8.8.8".parse().unwrap()];
    let (allowed, _) = reach::allowed(&strict, &target("https://dp.example/"), &mixed).unwrap();
    assert_eq!(allowed, [mixed[1]], "what is public is left");
}

#[tokio::test]
async fn a_dp_that_answers_badly_is_not_alive() {
    let office = office().await;
    let poll = async |url: &str| super::poll(&office.app, &target(url)).await.fault;
    let web = answering(|_| Html("<title>系統維護中</title>").into_response()).await;
    assert_eq!(poll(&web).await, Some(Fault::new(FaultKind::ResponseWebPage, 200)));
    let away = answering(|_| Redirect::to("/login").into_response()).await;
    assert_eq!(poll(&away).await, Some(Fault::new(FaultKind::ResponseRedirect, 303)));
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND] {
        let url = answering(move |_| status.into_response()).await;
        assert_eq!(poll(&url).await, Some(Fault::new(FaultKind::ResponseStatus, status.as_u16())));
    }
    for status in [StatusCode::OK, StatusCode::NO_CONTENT] {
        let url = answering(move |_| status.into_response()).await;
        assert_eq!(poll(&url).await, None, "{status}");
    }
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = poll(&format!("http://{free}/")).await.unwrap();
    assert_eq!(refused.kind, FaultKind::TcpRefused);
    let gone = poll("http://no-such-host.invalid/").await.unwrap();
    assert!(matches!(gone.kind, FaultKind::DnsUnknown | FaultKind::TcpUnreachable), "{gone:?}");
    office.close().await;
}

/// A poll of an SP is no notification: it has no key and no body.
#[tokio::test]
async fn a_poll_tells_an_sp_nothing() {
    let office = office().await;
    let posts = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&posts);
    let handler = move |method: Method, headers: HeaderMap, body: Bytes| {
        let seen = Arc::clone(&seen);
        async move {
            let silent = method == Method::HEAD && body.is_empty() && !headers.contains_key("x-api-key");
            seen.fetch_add(usize::from(!silent), Ordering::SeqCst);
            // Many frameworks answer so to what is not POST.
            StatusCode::METHOD_NOT_ALLOWED
        }
    };
    let url = serve(Router::new().fallback(handler)).await;
    assert_eq!(super::poll(&office.app, &service(&url, Some("k"), None)).await.fault, None);
    assert_eq!(posts.load(Ordering::SeqCst), 0);
    let broken = answering(|_| StatusCode::BAD_GATEWAY.into_response()).await;
    let fault = super::poll(&office.app, &service(&broken, None, None)).await.fault;
    assert_eq!(fault, Some(Fault::new(FaultKind::ResponseStatus, 502)));
    office.close().await;
}

#[tokio::test]
async fn an_sp_is_told_of_nobodys_transaction_and_its_answer_is_judged() {
    let office = office().await;
    let handler = |method: Method, headers: HeaderMap, body: Bytes| async move {
        if method != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let nobodys = told["tx_id"] == notice::NOBODYS
            && told["permission_ticket"] == notice::NOBODYS
            && told["unable_to_deliver"].as_array().is_some_and(|ids| ids.len() == 1)
            && told.get("secret_key").is_none();
        assert!(nobodys, "{told}");
        match headers.get("x-api-key").and_then(|key| key.to_str().ok()) {
            Some("takes") => StatusCode::OK.into_response(),
            Some("refuses") => (StatusCode::NOT_FOUND, axum::Json("no such transaction")).into_response(),
            Some("forbids") => StatusCode::FORBIDDEN.into_response(),
            Some("no-page") => (StatusCode::NOT_FOUND, Html("Not Found")).into_response(),
            Some("no-post") => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            Some("breaks") => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    };
    let url = serve(Router::new().fallback(handler)).await;
    let test = async |key: Option<&str>, earlier: Option<&str>| {
        super::test(&office.app, &service(&url, key, earlier)).await
    };
    for (key, figure) in
        [("takes", Figure::Taken), ("refuses", Figure::Refused), ("forbids", Figure::Refused)]
    {
        let probe = test(Some(key), None).await;
        let Some(Outcome::Passed { figures, .. }) = probe.step(Step::Package) else {
            panic!("{key}: {probe:?}")
        };
        assert!(figures.contains(&figure), "{key}: {figures:?}");
    }
    for (key, fault) in [
        (None, Fault::new(FaultKind::NoticeKey, 401)),
        (Some("another"), Fault::new(FaultKind::NoticeKey, 401)),
        (Some("no-page"), Fault::new(FaultKind::NoticeNowhere, 404)),
        (Some("no-post"), Fault::new(FaultKind::NoticeNowhere, 405)),
        (Some("breaks"), Fault::new(FaultKind::NoticeStatus, 500)),
    ] {
        assert_eq!(*stopped(&test(key, None).await), fault, "{key:?}");
    }
    let overlapping = test(Some("another"), Some("takes")).await;
    assert!(overlapping.fault().is_none(), "the key before still works: {overlapping:?}");
    office.close().await;
}

/// Shows R61: a virtual value is all that a test has to go by; without one there is no test, and in production none at all.
#[tokio::test]
async fn a_package_is_asked_for_with_virtual_values_in_the_test_zone_only() {
    let office = office().await;
    let handler = |request: Request| async move {
        if request.uri().query() == Some("heartbeat=true") {
            return StatusCode::NO_CONTENT.into_response();
        }
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        assert!(header("authorization").is_some_and(|v| v.starts_with("Bearer mydata::")));
        match header("INQ_YR") {
            Some("114") => StatusCode::NO_CONTENT.into_response(),
            Some("115") => ([("retry-after", "40")], StatusCode::TOO_MANY_REQUESTS).into_response(),
            _ => (StatusCode::OK, Html("<p>no zip</p>")).into_response(),
        }
    };
    let url = serve(Router::new().fallback(handler)).await;
    let test = async |zone: &str, parameter: serde_json::Value| {
        let more = serde_json::json!({ "zone": zone, "parameter": [parameter] });
        super::test(&office.app, &Target::Dataset(Box::new(dataset(&url, more)))).await
    };
    let parameter = |value: &str| serde_json::json!({ "key": "INQ_YR", "name": "年度", "test_value": value });
    let figures = |probe: &Probe| match probe.step(Step::Package) {
        Some(Outcome::Passed { figures, .. }) => figures.clone(),
        other => panic!("{other:?}"),
    };
    assert!(figures(&test("test", parameter("114")).await).contains(&Figure::NoData));
    assert!(figures(&test("test", parameter("115")).await).contains(&Figure::AsksToWait(40)));
    assert_eq!(
        *stopped(&test("test", parameter("113")).await),
        Fault::new(FaultKind::PackageType, "text/html")
    );
    assert_eq!(*stopped(&test("test", parameter("")).await), Fault::new(FaultKind::PackageNoValue, "INQ_YR"));
    let production = test("production", parameter("114")).await;
    assert!(production.fault().is_none());
    assert_eq!(production.step(Step::Package), Some(&Outcome::Skipped { why: Skipped::Production }));
    // Nothing is left behind: no token that works, no package.
    let left = office.app.store.db.fetch_all("SELECT token FROM probe_grants", &[]).await.unwrap();
    assert!(left.is_empty());
    office.close().await;
}
