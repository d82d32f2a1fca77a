//! What the operator's tools ask of a running node, and are told: whether it lives and is ready ([`health`]), what it
//! counted ([`metrics`]), what took how long ([`trace`]). It tells of numbers, names of routes and steps; never of a person.
//!
//! `/healthz` and `/readyz` are answered on the main address, the partners' and that of `ops.listen`; `/metrics` only on the latter,
//! which is meant for the operator's network.

pub mod health;
pub mod metrics;
mod process;
pub mod requests;
pub mod trace;

use axum::Router;
use axum::routing::get;

use crate::app::App;
use health::Life;
use metrics::Metrics;
use trace::Tracer;

/// What a node knows of itself.
#[derive(Debug)]
pub struct Ops {
    /// Its life.
    pub life: Life,
    /// Its counts.
    pub metrics: Metrics,
    /// Its traces.
    pub tracer: Tracer,
}

/// What is answered beside all other requests, however many those are.
pub const BESIDE: [&str; 2] = ["/healthz", "/readyz"];

/// What everybody may ask.
pub fn open_router() -> Router<App> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

/// What is served on `ops.listen`.
pub fn router(app: App) -> Router {
    open_router().route("/metrics", get(metrics::show)).with_state(app)
}
