//! What SPs and DPs call (PROTOCOL.md §4 and §6). Handlers translate HTTP; the steps are in [`crate::flow`].

pub mod caller;
pub mod data;
pub mod introspect;
pub mod problem;
pub mod status;
pub mod userinfo;

use axum::Router;
use axum::routing::{any, get, post};

use crate::app::App;
use problem::Problem;

/// What the main listener says where partners have one of their own.
pub fn elsewhere() -> Router<App> {
    let refused = || async { Problem::Listener };
    PATHS.iter().fold(Router::new(), |router, path| router.route(path, any(refused)))
}

/// Every path of the routes.
const PATHS: [&str; 5] = [
    "/service/data",
    "/service/type_valid",
    "/service/txid_status",
    "/connect/introspect",
    "/connect/userinfo",
];

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/service/data", get(data::data))
        .route("/service/type_valid", get(status::type_valid))
        .route("/service/txid_status", get(status::txid_status))
        .route("/connect/introspect", post(introspect::introspect))
        .route("/connect/userinfo", get(userinfo::userinfo))
}
