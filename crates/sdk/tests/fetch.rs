//! Fetching the token from a scripted platform: waits, broken transfers, deadline, refusals.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mydata_sdk::sp::{FetchError, FetchOptions, Platform, StatusError};
use mydata_sdk::wire::status::TxStatus;
use mydata_sdk::wire::{PermissionTicket, SystemRandom, TxId, Verification};

/// One scripted answer.
#[derive(Clone)]
enum Step {
    Whole,
    /// Says the whole length, sends this many bytes, and breaks off.
    Break(usize),
    /// As `Break`, under another ETag: the token was sealed anew.
    BreakOther(usize),
    Wait(&'static str),
    WaitDate(u64),
    Status(u16),
    Html,
    Hang,
}

#[derive(Default)]
struct Script {
    steps: VecDeque<Step>,
    ranges: Vec<Option<String>>,
    tickets: Vec<String>,
}

fn token() -> Bytes {
    (0..100_000u32).map(|i| b'A' + (i % 23) as u8).collect()
}

async fn data(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    let step = {
        let mut script = script.lock().unwrap();
        script.ranges.push(text("range"));
        script.tickets.push(text("permission_ticket").unwrap_or_default());
        script.steps.pop_front().unwrap_or(Step::Whole)
    };
    let whole = token();
    let tag = if matches!(step, Step::BreakOther(_)) { "\"other\"" } else { "\"v1\"" };
    let from = match (text("range"), text("if-range")) {
        (Some(range), Some(if_range)) if if_range == tag => {
            range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap()
        }
        _ => 0,
    };
    let rest = whole.slice(from..);
    let jwt = [(header::CONTENT_TYPE, "application/jwt"), (header::ETAG, tag)];
    let range = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{}", whole.len() - 1, whole.len()))];
    let status = if from > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    match step {
        Step::Whole if from > 0 => (status, jwt, range, rest).into_response(),
        Step::Whole => (status, jwt, rest).into_response(),
        Step::Break(after) | Step::BreakOther(after) => {
            let length = [(header::CONTENT_LENGTH, rest.len().to_string())];
            let part = rest.slice(..after.min(rest.len()));
            let stream = futures_util::stream::unfold(Some(part), |part| async move {
                match part {
                    Some(part) if part.is_empty() => None,
                    Some(part) => Some((Ok::<_, std::io::Error>(part), Some(Bytes::new()))),
                    None => None,
                }
            });
            let stream = futures_util::StreamExt::chain(
                stream,
                futures_util::stream::once(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(std::io::Error::other("the line breaks"))
                }),
            );
            if from > 0 {
                (status, jwt, range, length, Body::from_stream(stream)).into_response()
            } else {
                (status, jwt, length, Body::from_stream(stream)).into_response()
            }
        }
        Step::Wait("") => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Step::Wait(value) => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, value)]).into_response(),
        Step::WaitDate(seconds) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, date)]).into_response()
        }
        Step::Status(status) => {
            let problem =
                r#"{"status":403,"code":"ticket_unknown","title":"Forbidden","detail":"查無此交易"}"#;
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            (StatusCode::from_u16(status).unwrap(), kind, problem).into_response()
        }
        Step::Html => (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], "<p>hello").into_response(),
        Step::Hang => std::future::pending().await,
    }
}

struct Running {
    platform: Platform,
    script: Arc<Mutex<Script>>,
    folder: tempfile::TempDir,
}

async fn platform(steps: &[Step]) -> Running {
    let script =
        Arc::new(Mutex::new(Script { steps: steps.iter().cloned().collect(), ..Default::default() }));
    let router = Router::new().route("/base/service/data", get(data)).with_state(Arc::clone(&script));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/base/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Running { platform: Platform::with_client(base, client()), script, folder: tempfile::tempdir().unwrap() }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

fn quick() -> FetchOptions {
    FetchOptions {
        deadline: Duration::from_secs(20),
        default_wait: Duration::from_secs(1),
        backoff: Duration::from_millis(10),
        max_failures: 4,
        ..Default::default()
    }
}

impl Running {
    async fn fetch(&self, options: &FetchOptions) -> Result<mydata_sdk::sp::Fetched, FetchError> {
        let ticket = PermissionTicket::generate(&SystemRandom);
        let into = self.folder.path().join("token.jwt");
        let fetched = self.platform.fetch(&ticket, &into, options).await;
        match &fetched {
            Ok(fetched) => {
                assert!(std::fs::read(&into).unwrap() == token(), "the token arrived as it was");
                assert_eq!(fetched.bytes, token().len() as u64);
            }
            Err(_) => assert!(!into.exists(), "no half token is left behind"),
        }
        assert!(self.script.lock().unwrap().tickets.iter().all(|t| *t == ticket.expose()));
        fetched
    }
}

/// Shows R116, R117.
#[tokio::test]
async fn fetches_at_once_into_a_file_for_its_owner_only() {
    let running = platform(&[]).await;
    let fetched = running.fetch(&quick()).await.unwrap();
    assert_eq!((fetched.waits, fetched.resumed, fetched.restarted), (0, 0, 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(running.folder.path().join("token.jwt")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Shows R118: seconds, a date, and a 429 that does not say.
#[tokio::test]
async fn waits_as_long_as_asked() {
    let running = platform(&[Step::Wait("1"), Step::WaitDate(2), Step::Wait(""), Step::Wait("soon")]).await;
    let begin = std::time::Instant::now();
    let fetched = running.fetch(&quick()).await.unwrap();
    assert_eq!(fetched.waits, 4);
    assert!(begin.elapsed() >= Duration::from_secs(4), "{:?}", begin.elapsed());
}

/// Shows R118.
#[tokio::test]
async fn tells_whether_the_token_is_there_without_taking_it() {
    let running = platform(&[Step::Wait("7"), Step::Status(403), Step::Whole]).await;
    let ticket = PermissionTicket::generate(&SystemRandom);
    let ready = || running.platform.ready(&ticket);
    assert_eq!(ready().await.unwrap(), Some(Duration::from_secs(7)));
    assert!(matches!(ready().await.unwrap_err(), FetchError::Denied(_)));
    assert_eq!(ready().await.unwrap(), None);
    // The scripted platform answers HEAD as GET; a fetch afterwards still gets everything.
    let into = running.folder.path().join("token.jwt");
    let fetched = running.platform.fetch(&ticket, &into, &quick()).await.unwrap();
    assert_eq!(fetched.bytes, token().len() as u64);
}

#[tokio::test]
async fn a_broken_transfer_goes_on_where_it_stopped() {
    let running = platform(&[Step::Break(40_000), Step::Break(30_000), Step::Whole]).await;
    let fetched = running.fetch(&quick()).await.unwrap();
    assert_eq!((fetched.resumed, fetched.restarted), (2, 0));
    let ranges = running.script.lock().unwrap().ranges.clone();
    assert_eq!(ranges, [None, Some("bytes=40000-".to_owned()), Some("bytes=70000-".to_owned())]);
}

#[tokio::test]
async fn a_token_that_changed_in_between_is_taken_from_its_beginning() {
    let running = platform(&[Step::BreakOther(40_000), Step::Whole]).await;
    let fetched = running.fetch(&quick()).await.unwrap();
    assert_eq!((fetched.resumed, fetched.restarted), (0, 1));
}

#[tokio::test]
async fn server_errors_are_tried_again_but_not_for_ever() {
    let running = platform(&[Step::Status(500), Step::Status(502), Step::Status(503)]).await;
    running.fetch(&quick()).await.unwrap();
    let running = platform(&[const { Step::Status(500) }; 9]).await;
    let error = running.fetch(&quick()).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { failures: 4, .. }), "{error}");
    assert_eq!(running.script.lock().unwrap().ranges.len(), 4);
}

#[tokio::test]
async fn the_deadline_covers_waits_and_hanging_answers() {
    let running = platform(&[Step::Wait("3600")]).await;
    let begin = std::time::Instant::now();
    let error = running.fetch(&quick()).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Deadline { asked: Some(wait), .. } if wait == Duration::from_secs(3600)),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(5), "a wait beyond the deadline is told at once");

    let running = platform(&[Step::Hang]).await;
    let options = FetchOptions { deadline: Duration::from_millis(300), ..quick() };
    let error = running.fetch(&options).await.unwrap_err();
    assert!(matches!(error, FetchError::Deadline { asked: None, .. }), "{error}");
}

/// Shows R120.
#[tokio::test]
async fn refusals_are_final_and_carry_the_platforms_reason() {
    for status in [400, 401, 403, 504] {
        let running = platform(&[Step::Status(status)]).await;
        let error = running.fetch(&quick()).await.unwrap_err();
        let fits = match &error {
            FetchError::BadTicket(_) => 400,
            FetchError::Unauthorised(_) => 401,
            FetchError::Denied(_) => 403,
            FetchError::Undeliverable(_) => 504,
            _ => 0,
        };
        assert_eq!(fits, status, "{error}");
        assert!(error.to_string().contains("查無此交易"), "{error}");
        assert_eq!(running.script.lock().unwrap().ranges.len(), 1, "{status} is not asked again");
    }
    let running = platform(&[Step::Html]).await;
    let error = running.fetch(&quick()).await.unwrap_err();
    assert!(matches!(&error, FetchError::Unexpected { content_type, .. } if content_type == "text/html"));
    let running = platform(&[Step::Status(302)]).await;
    assert!(matches!(running.fetch(&quick()).await.unwrap_err(), FetchError::Unexpected { status: 302, .. }));
}

#[tokio::test]
async fn a_token_above_the_limit_is_refused() {
    let running = platform(&[]).await;
    let error = running.fetch(&FetchOptions { max_bytes: 99_999, ..quick() }).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(99_999)), "{error}");
}

/// Shows R136, R138, R139, R140, R141.
#[tokio::test]
async fn status_questions_have_their_answers_and_errors() {
    async fn status(headers: HeaderMap) -> Response {
        match headers.get("tx_id").and_then(|v| v.to_str().ok()).unwrap_or_default() {
            tx if tx.starts_with("00000000") => StatusCode::FORBIDDEN.into_response(),
            _ => r#"{"code":"201","text":"SP 已取用資料"}"#.into_response(),
        }
    }
    let router = Router::new()
        .route("/service/type_valid", get(|| async { r#"{"verification":"NHI"}"# }))
        .route("/service/txid_status", get(status));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let platform = Platform::with_client(base, client());
    let ticket = PermissionTicket::generate(&SystemRandom);
    assert_eq!(platform.type_valid(&ticket).await.unwrap(), Verification::Nhi);
    assert_eq!(platform.txid_status(&TxId::generate(&SystemRandom)).await.unwrap(), TxStatus::Taken);
    let unknown = "00000000-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap();
    assert!(matches!(platform.txid_status(&unknown).await, Err(StatusError::Denied(_))));
}
