//! The DP endpoint in front of a scripted platform.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mydata_sdk::dp::{DpAnswer, DpConfig, DpRequest, DpRouter, Parameter, TokenCheck};
use serde_json::{Value, json};

const ID: &str = "API.Kr1C3b1ijJ";
const SECRET: &str = "lxLRIhDcR59kp2SG";

/// What the scripted platform says.
#[derive(Clone)]
struct Says {
    introspect: (u16, Value),
    userinfo: (u16, Value),
}

impl Says {
    fn good() -> Self {
        Self {
            introspect: (
                200,
                json!({"active": true, "client_id": ID, "verification": "CER", "exp": 4_102_444_800_i64}),
            ),
            userinfo: (
                200,
                json!({"sub": "s", "cn": "王小明", "uid": "A123456789", "uid_verified": "True",
                    "birthdate": "1991-01-01", "gender": "male", "email": "", "verification": "CER"}),
            ),
        }
    }
}

type Platform = Arc<Mutex<Says>>;

fn answer((status, body): (u16, Value)) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

async fn introspect(State(says): State<Platform>, headers: HeaderMap, body: String) -> Response {
    let expected = mydata_sdk::wire::b64::standard(format!("{ID}:{SECRET}").as_bytes());
    if headers["authorization"] != format!("Basic {expected}").as_str() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(body, "token=mydata%3A%3A0123456789abcdef");
    answer(says.lock().unwrap().introspect.clone())
}

async fn userinfo(State(says): State<Platform>, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer mydata::0123456789abcdef");
    answer(says.lock().unwrap().userinfo.clone())
}

async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

struct Dp {
    url: String,
    says: Platform,
    calls: Arc<AtomicUsize>,
}

async fn dp(secret: &str) -> Dp {
    let says = Arc::new(Mutex::new(Says::good()));
    let platform = Router::new()
        .route("/connect/introspect", post(introspect))
        .route("/connect/userinfo", get(userinfo))
        .with_state(Arc::clone(&says));
    let platform = listen(platform).await.parse().unwrap();
    let check = TokenCheck::with_client(platform, ID.parse().unwrap(), secret.parse().unwrap(), client());
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let config = DpConfig { check, parameters: vec![Parameter::required("INQ_YR")] };
    let router = DpRouter::new(config, move |request: DpRequest| {
        let call = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_eq!(request.citizen.id.expose(), "A123456789");
            match request.call.parameters["INQ_YR"].as_str() {
                "slow" if call == 0 => DpAnswer::Wait(Duration::from_secs(7)),
                "none" => DpAnswer::NoData,
                "closed" => DpAnswer::Refuse("the register is closed".to_owned()),
                year => DpAnswer::from(format!("package of {year}").into_bytes()),
            }
        }
    });
    Dp { url: listen(router.at("/property")).await, says, calls }
}

impl Dp {
    async fn ask(&self, year: &str) -> reqwest::Response {
        client()
            .get(format!("{}/property", self.url))
            .header("Authorization", "Bearer mydata::0123456789abcdef")
            .header("transaction_uid", "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e")
            .header("INQ_YR", year)
            .send()
            .await
            .unwrap()
    }
}

/// Shows R59, R118.
#[tokio::test]
async fn answers_each_way_once_the_token_is_good() {
    let dp = dp(SECRET).await;
    let slow = dp.ask("slow").await;
    assert_eq!((slow.status().as_u16(), slow.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let package = dp.ask("slow").await;
    assert_eq!(package.headers()["content-type"], "application/zip");
    assert_eq!(package.text().await.unwrap(), "package of slow");
    assert_eq!(dp.ask("%E8%87%BA").await.text().await.unwrap(), "package of 臺");
    assert_eq!(dp.ask("none").await.status(), 204);
    assert_eq!(dp.ask("closed").await.status(), 403);
}

#[tokio::test]
async fn heartbeat_needs_no_token_and_asks_nobody() {
    let dp = dp(SECRET).await;
    let answer = client().get(format!("{}/property?heartbeat=true", dp.url)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let answer = client().get(format!("{}/property?heartbeat=false", dp.url)).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_token_that_is_not_good_never_reaches_the_handler() {
    let dp = dp(SECRET).await;
    let cases = [
        ((200, json!({"active": false})), 401),
        ((200, json!({"active": true, "client_id": "API.TM12KLkB8o", "verification": "CER"})), 401),
        ((200, json!({"active": true, "verification": "CER"})), 401),
        ((200, json!({"active": true, "client_id": ID, "verification": "CER", "exp": 1_000_000_000})), 401),
        ((200, json!({"active": true, "client_id": ID})), 503),
        ((200, json!("<html>")), 503),
        ((500, json!(null)), 503),
    ];
    for (introspect, expected) in cases {
        *dp.says.lock().unwrap() = Says { introspect: introspect.clone(), ..Says::good() };
        assert_eq!(dp.ask("114").await.status(), expected, "{introspect:?}");
    }
    for (status, expected) in [(401, 401), (500, 503)] {
        *dp.says.lock().unwrap() = Says { userinfo: (status, json!(null)), ..Says::good() };
        assert_eq!(dp.ask("114").await.status(), expected);
    }
    let mut unverified = Says::good();
    unverified.userinfo.1["uid_verified"] = json!("False");
    *dp.says.lock().unwrap() = unverified;
    assert_eq!(dp.ask("114").await.status(), 503);
    assert_eq!(dp.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn wrong_credentials_are_this_sides_fault() {
    let dp = dp("0000000000000000").await;
    assert_eq!(dp.ask("114").await.status(), 503);
}

#[tokio::test]
async fn malformed_calls_are_told_what_lacks() {
    let dp = dp(SECRET).await;
    let answer = client()
        .post(format!("{}/property", dp.url))
        .header("Authorization", "Bearer mydata::0123456789abcdef")
        .header("transaction_uid", "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("INQ_YR is missing"));
}
