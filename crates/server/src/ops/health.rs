//! Whether a node lives, and whether it should be sent requests.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::app::App;

/// The database must answer in this time.
const ANSWER: Duration = Duration::from_secs(2);
/// Background work that gave no sign of life for so long hangs. It looks for jobs twice a second.
const SILENT: Duration = Duration::from_secs(30);

/// The life of this node: since when it runs, when background work was last seen, whether it ends.
#[derive(Debug)]
pub struct Life {
    since: Instant,
    /// In ms since then; 0 before it was ever seen.
    worked: AtomicU64,
    ending: AtomicBool,
}

impl Default for Life {
    fn default() -> Self {
        Self { since: Instant::now(), worked: AtomicU64::new(0), ending: AtomicBool::new(false) }
    }
}

impl Life {
    /// Background work looks for jobs.
    pub fn works(&self) {
        self.worked.store(self.age().max(1), Relaxed);
    }

    /// The node ends; it should get no more requests.
    pub fn ends(&self) {
        self.ending.store(true, Relaxed);
    }

    fn age(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn jobs(&self) -> &'static str {
        match self.worked.load(Relaxed) {
            0 => "not begun",
            seen if self.age().saturating_sub(seen) > SILENT.as_millis() as u64 => "hangs",
            _ => OK,
        }
    }
}

const OK: &str = "ok";

/// `GET /healthz`: the process answers. Says nothing about what it depends on, so that a broken database does not make
/// a supervisor restart nodes that are well.
pub async fn alive() -> Response {
    (StatusCode::OK, [no_store()], "ok\n").into_response()
}

/// `GET /readyz`: 200 when requests can be served, else 503; which question has which answer as JSON. Reasons are in the
/// log, not here: everybody may ask.
pub async fn ready(State(app): State<App>) -> Response {
    let life = &app.ops.life;
    let asked = tokio::time::timeout(ANSWER, app.store.db.ping()).await;
    let database = match asked {
        Ok(Ok(())) => OK,
        Ok(Err(error)) => {
            tracing::error!(%error, "not ready: the database refuses");
            "refuses"
        }
        Err(_) => {
            tracing::error!("not ready: the database does not answer in {ANSWER:?}");
            "does not answer"
        }
    };
    let jobs = life.jobs();
    let node = if life.ending.load(Relaxed) { "ending" } else { OK };
    let ready = [database, jobs, node].iter().all(|answer| *answer == OK);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = json!({ "ready": ready, "database": database, "jobs": jobs, "node": node });
    (status, [no_store()], Json(answer)).into_response()
}

fn no_store() -> (header::HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
