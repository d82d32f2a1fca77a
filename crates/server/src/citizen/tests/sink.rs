//! Takes what is posted to it, as a mailbox or as a gateway for text messages, and answers as the test wants.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use url::Url;

/// What was posted: path, bearer token, body.
pub(crate) type Posted = (String, Option<String>, Value);

#[derive(Clone, Default)]
struct Shared {
    got: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

/// The server.
pub(crate) struct Sink {
    pub(crate) url: Url,
    shared: Shared,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let shared = Shared::default();
        let router = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// The next answers; 202 when there are none left.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.shared.answers.lock().unwrap().extend(statuses.iter().rev());
    }

    /// What came since the last look.
    pub(crate) fn take(&self) -> Vec<Posted> {
        std::mem::take(&mut self.shared.got.lock().unwrap())
    }
}

async fn take(
    State(shared): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    let token = headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
    shared.got.lock().unwrap().push((uri.path().to_owned(), token, body));
    let status = shared.answers.lock().unwrap().pop().unwrap_or(202);
    let location = [("location", "http://127.0.0.1:1/")];
    (StatusCode::from_u16(status).unwrap(), location).into_response()
}
