//! The SP-API: where the platform tells the SP about a transaction (R109–R115).

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mydata_wire::notification::{News, Notification};
use mydata_wire::{PermissionTicket, ResourceId, TxId};
use serde::Deserialize;

/// Largest body that is read. The biggest real one names 100 datasets.
const MAX_BODY: usize = 16 * 1024;
/// How many accepted notifications are remembered, to answer a repeated one without asking the handler again.
const REMEMBERED: usize = 4096;
/// Notifications of one transaction run one after the other; transactions share this many lanes.
const LANES: usize = 64;

/// The key that the platform sends as `x-api-key`. Only its digest is kept; `Debug` hides it.
#[derive(Clone)]
pub struct ApiKey([u8; 32]);

impl ApiKey {
    /// The key agreed with the platform.
    pub fn new(key: &str) -> Self {
        Self(sha256(key.as_bytes()))
    }

    /// Compares in a time that tells neither content nor length.
    fn matches(&self, given: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, &sha256(given)).is_ok()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// What the SP answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 200: taken. Give it only once the notification is safely kept.
    Accept,
    /// 403: final. The platform ends the transaction, nothing is delivered.
    Refuse,
    /// 503: not now. The platform tries again, for as long as the ticket lives.
    Later,
}

/// What the SP does with a notification. Implemented for async closures.
pub trait NotificationHandler: Send + Sync + 'static {
    /// Called for each notification that has the right key and form. The same one may come again after a restart or
    /// when an answer got lost: keeping it twice must do no harm.
    fn notified(&self, notification: Notification) -> impl Future<Output = Verdict> + Send;
}

impl<F, Fut> NotificationHandler for F
where
    F: Fn(Notification) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Verdict> + Send,
{
    fn notified(&self, notification: Notification) -> impl Future<Output = Verdict> + Send {
        self(notification)
    }
}

/// The notification endpoint.
///
/// | request | answer |
/// | --- | --- |
/// | missing or wrong `x-api-key` | 403 |
/// | not `application/json` | 415 |
/// | larger than 16 KiB | 413 |
/// | not a notification | 400, saying which field |
/// | otherwise | the handler's [`Verdict`] |
///
/// ```
/// use mydata_sdk::sp::{ApiKey, NotificationEndpoint, Verdict};
/// use mydata_sdk::wire::notification::{News, Notification};
///
/// let router: axum::Router = NotificationEndpoint::new(Some(ApiKey::new("k-2f9c")), |notice: Notification| async move {
///     match notice.news {
///         News::Confirmed { .. } => Verdict::Accept, // keep ticket and key, then fetch
///         News::Undeliverable { .. } => Verdict::Accept, // tell the case worker
///     }
/// })
/// .router("/mydata-sp/notification");
/// ```
pub struct NotificationEndpoint<H> {
    key: Option<ApiKey>,
    handler: H,
    seen: Mutex<Seen>,
    lanes: [tokio::sync::Mutex<()>; LANES],
}

impl<H> fmt::Debug for NotificationEndpoint<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationEndpoint").field("key", &self.key).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Seen {
    set: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Seen {
    fn remember(&mut self, mark: [u8; 32]) {
        if self.set.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}

impl<H: NotificationHandler> NotificationEndpoint<H> {
    /// An endpoint that asks for `key`, or for none where the service has none.
    pub fn new(key: Option<ApiKey>, handler: H) -> Self {
        Self {
            key,
            handler,
            seen: Mutex::default(),
            lanes: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
        }
    }

    /// A router that answers POST at `path`.
    pub fn router(self, path: &str) -> Router {
        Router::new()
            .route(path, post(receive::<H>))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::new(self))
    }

    async fn verdict(&self, notification: Notification, mark: [u8; 32]) -> Verdict {
        let lane = usize::from(notification.tx_id.as_bytes()[15]) % LANES;
        let _turn = self.lanes[lane].lock().await;
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen().set.contains(&mark) {
            return Verdict::Accept;
        }
        let verdict = self.handler.notified(notification).await;
        if verdict == Verdict::Accept {
            seen().remember(mark);
        }
        verdict
    }
}

async fn receive<H: NotificationHandler>(
    State(endpoint): State<Arc<NotificationEndpoint<H>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(key) = &endpoint.key {
        let given = headers.get("x-api-key").map(http::HeaderValue::as_bytes).unwrap_or_default();
        if !key.matches(given) {
            return refuse(StatusCode::FORBIDDEN, "x-api-key is missing or wrong");
        }
    }
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/json"));
    if !json {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json");
    }
    let notification = match read(&body) {
        Ok(notification) => notification,
        Err(reason) => return refuse(StatusCode::BAD_REQUEST, &reason),
    };
    let mark = mark(&notification);
    match endpoint.verdict(notification, mark).await {
        Verdict::Accept => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "{}").into_response()
        }
        Verdict::Refuse => refuse(StatusCode::FORBIDDEN, "refused"),
        Verdict::Later => refuse(StatusCode::SERVICE_UNAVAILABLE, "not now, please try again"),
    }
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    let body = serde_json::json!({ "error": reason }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The body, each field once; fields of later versions are passed over.
#[derive(Deserialize)]
struct Body {
    tx_id: TxId,
    permission_ticket: PermissionTicket,
    secret_key: Option<String>,
    unable_to_deliver: Option<Vec<ResourceId>>,
}

fn read(body: &[u8]) -> Result<Notification, String> {
    let body: Body = serde_json::from_slice(body).map_err(|e| without_values(&e))?;
    let news = match (body.secret_key, body.unable_to_deliver) {
        (Some(key), None) => News::Confirmed {
            secret_key: key.parse().map_err(|_| "secret_key must be base64 of 32 bytes".to_owned())?,
        },
        (None, Some(ids)) if !ids.is_empty() => News::Undeliverable { unable_to_deliver: ids },
        (None, Some(_)) => return Err("unable_to_deliver must name at least one resource_id".to_owned()),
        _ => return Err("exactly one of secret_key and unable_to_deliver must be there".to_owned()),
    };
    Ok(Notification { tx_id: body.tx_id, permission_ticket: body.permission_ticket, news })
}

/// serde's messages may quote a value; a ticket or key must not come back in an answer or a log.
fn without_values(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Io | Category::Eof => "the body ends too early",
        Category::Syntax => "the body is not JSON",
        Category::Data => {
            let text = error.to_string();
            return ["tx_id", "permission_ticket", "secret_key", "resource_id"]
                .into_iter()
                .find(|field| text.contains(field))
                .map_or_else(
                    || "the body is not a notification".to_owned(),
                    |field| format!("{field} is missing, stands twice, or has a wrong form"),
                );
        }
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// What makes two notifications the same.
fn mark(notification: &Notification) -> [u8; 32] {
    let mut text =
        format!("{}\n{}\n", notification.tx_id, notification.permission_ticket.expose()).into_bytes();
    match &notification.news {
        News::Confirmed { secret_key } => text.extend_from_slice(secret_key.bytes()),
        News::Undeliverable { unable_to_deliver } => {
            for id in unable_to_deliver {
                text.extend_from_slice(id.as_str().as_bytes());
            }
        }
    }
    sha256(&text)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body as HttpBody;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    const CONFIRMED: &str = r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","secret_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
    const FAILED: &str = r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","unable_to_deliver":["API.Kr1C3b1ijJ"]}"#;

    fn counting(verdict: Verdict) -> (Router, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let endpoint = NotificationEndpoint::new(Some(ApiKey::new("right")), move |_: Notification| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move { verdict }
        });
        (endpoint.router("/notify"), calls)
    }

    async fn send(router: &Router, key: Option<&str>, content_type: &str, body: &str) -> (u16, String) {
        let mut request = Request::post("/notify").header("content-type", content_type);
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let request = request.body(HttpBody::from(body.to_owned())).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Shows R109, R113, R115.
    #[tokio::test]
    async fn accepts_both_kinds_and_the_same_one_again_without_a_second_call() {
        let (router, calls) = counting(Verdict::Accept);
        for body in [CONFIRMED, FAILED, CONFIRMED, FAILED] {
            let (status, _) = send(&router, Some("right"), "application/json; charset=utf-8", body).await;
            assert_eq!(status, 200);
        }
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    /// Shows R115.
    #[tokio::test]
    async fn a_refusal_is_403_and_later_is_503_and_both_are_asked_again() {
        for (verdict, expected) in [(Verdict::Refuse, 403), (Verdict::Later, 503)] {
            let (router, calls) = counting(verdict);
            for _ in 0..2 {
                assert_eq!(send(&router, Some("right"), "application/json", CONFIRMED).await.0, expected);
            }
            assert_eq!(calls.load(Ordering::SeqCst), 2);
        }
    }

    #[tokio::test]
    async fn strangers_and_broken_bodies_never_reach_the_handler() {
        let (router, calls) = counting(Verdict::Accept);
        for key in [None, Some(""), Some("wrong"), Some("Right")] {
            assert_eq!(send(&router, key, "application/json", CONFIRMED).await.0, 403);
        }
        assert_eq!(send(&router, Some("right"), "text/plain", CONFIRMED).await.0, 415);
        assert_eq!(send(&router, Some("right"), "application/json", &" ".repeat(MAX_BODY + 1)).await.0, 413);
        let twice = CONFIRMED.replacen('{', r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","#, 1);
        let both = CONFIRMED.replacen('{', r#"{"unable_to_deliver":["API.Kr1C3b1ijJ"],"#, 1);
        for (body, field) in [
            ("", "too early"),
            ("<html>", "not JSON"),
            ("[]", "not a notification"),
            (twice.as_str(), "tx_id"),
            (both.as_str(), "exactly one"),
            (&CONFIRMED.replace("0b8e5f64", "nonsense"), "permission_ticket"),
            (&CONFIRMED.replace("AAEC", ""), "secret_key"),
            (&FAILED.replace("API.", "XXX."), "resource_id"),
            (&FAILED.replace(r#""API.Kr1C3b1ijJ""#, ""), "unable_to_deliver"),
        ] {
            let (status, text) = send(&router, Some("right"), "application/json", body).await;
            assert_eq!(status, 400, "{body}");
            assert!(text.contains(field), "{body} → {text}");
            assert!(!text.contains("nonsense"), "an answer must not repeat a ticket: {text}");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 0);
    }
}
