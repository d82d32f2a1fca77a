//! Pages that are open to everybody and belong to no exchange: terms and policies with their versions.

pub mod policies;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// The routes.
pub fn router() -> Router<App> {
    Router::new().route("/policies/{kind}", get(policies::show))
}
