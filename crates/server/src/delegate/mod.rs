//! 代辦 as pages. It owns both sides: the citizen, who names somebody and may end it, and the delegate, who agrees or declines and then
//! shows the number. To everybody else there is no such page. The steps are in [`crate::flow::delegate`].
//!
//! | address | file |
//! | --- | --- |
//! | `GET/POST /downloads/{id}/delegate`, `POST …/end` | [`appoint`]: the citizen's side |
//! | `GET /delegations`, `POST /delegations/{id}/{act}` | [`asked`]: the delegate's side |

pub mod appoint;
pub mod asked;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;
use crate::citizen::form::MAX_FORM;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/downloads/{id}/delegate", get(appoint::show).post(appoint::submit))
        .route("/downloads/{id}/delegate/end", post(appoint::end))
        .route(asked::PATH, get(asked::show))
        .route("/delegations/{id}/{act}", post(asked::act))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
