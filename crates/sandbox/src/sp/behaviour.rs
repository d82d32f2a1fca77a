//! An SP-API that does not behave: for trying what the platform does then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Sp;

/// How an SP-API behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpBehaviour {
    /// As it should.
    #[default]
    Accept,
    /// Refuses everything: 403.
    Refuse,
    /// Answers the first calls of each transaction with 500.
    FailFirst(u32),
    /// Does not answer the first calls of each transaction at all.
    SilentFirst(u32),
}

/// The behaviour, and how often each transaction came.
#[derive(Default)]
pub(super) struct Behaving(Mutex<(SpBehaviour, HashMap<String, u32>)>);

impl Behaving {
    pub(super) fn set(&self, behaviour: SpBehaviour) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (behaviour, HashMap::new());
    }

    /// The behaviour towards this call of `transaction`.
    fn towards(&self, transaction: &str) -> SpBehaviour {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (SpBehaviour::FailFirst(times) | SpBehaviour::SilentFirst(times)) = now.0 else { return now.0 };
        let came = now.1.entry(transaction.to_owned()).or_default();
        *came += 1;
        if *came <= times { now.0 } else { SpBehaviour::Accept }
    }
}

/// Stands before the SP-API.
pub(super) async fn misbehave(State(sp): State<Sp>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 * 1024).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let transaction = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|json| json["tx_id"].as_str().map(str::to_owned))
        .unwrap_or_default();
    match sp.0.behaviour.towards(&transaction) {
        SpBehaviour::Accept => next.run(Request::from_parts(head, Body::from(body))).await,
        SpBehaviour::Refuse => StatusCode::FORBIDDEN.into_response(),
        SpBehaviour::FailFirst(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        SpBehaviour::SilentFirst(_) => std::future::pending().await,
    }
}
