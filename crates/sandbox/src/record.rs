//! What reached a program of the sandbox, kept for tests and scenarios to look at.
//!
//! Recordings hold tokens, keys and fictional persons' data: they stay in memory, are bounded, and have no `Debug`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::Clock;

/// How many calls one recorder remembers.
const REMEMBERED: usize = 2_000;
/// Largest body that is recorded, and therefore let through.
const MAX_BODY: usize = 64 * 1024;

/// One request and the status it was answered with.
#[derive(Clone)]
pub struct Call {
    /// When it came.
    pub at: SystemTime,
    /// GET, POST.
    pub method: Method,
    /// Path without query.
    pub path: String,
    /// The raw query, possibly empty.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The answer's status; `None` while it is being answered.
    pub status: Option<StatusCode>,
}

impl Call {
    /// A header's value as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Remembers the last calls.
#[derive(Clone)]
pub struct Recorder {
    calls: Arc<Mutex<Log>>,
    clock: Clock,
}

#[derive(Default)]
struct Log {
    first: usize,
    calls: VecDeque<Call>,
}

impl Recorder {
    /// An empty one.
    pub fn new(clock: Clock) -> Self {
        Self { calls: Arc::default(), clock }
    }

    /// Every call remembered, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.with(|log| log.calls.iter().cloned().collect())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.with(|log| {
            log.first += log.calls.len();
            log.calls.clear();
        });
    }

    /// `router`, with every call remembered.
    pub fn watch(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), record))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Log) -> T) -> T {
        f(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let call = Call {
        at: (recorder.clock)(),
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body: body.clone(),
        status: None,
    };
    let number = recorder.with(|log| {
        log.calls.push_back(call);
        if log.calls.len() > REMEMBERED {
            log.calls.pop_front();
            log.first += 1;
        }
        log.first + log.calls.len() - 1
    });
    let answer = next.run(Request::from_parts(head, Body::from(body))).await;
    recorder.with(|log| {
        if let Some(call) = number.checked_sub(log.first).and_then(|index| log.calls.get_mut(index)) {
            call.status = Some(answer.status());
        }
    });
    answer
}
