//! The citizen's pages of an exchange: handlers that translate HTTP and fill views. The steps are in [`crate::flow`],
//! the pages in [`crate::web`].
//!
//! | address | file |
//! | --- | --- |
//! | `GET /service/{client_id}/{resources}/{tx_id}` | [`enter`] |
//! | `GET /exchange/{id}` | [`show`]: the page of the stage it is in |
//! | `POST /exchange/{id}/authorise`, `…/preferences` | [`authorise`] |
//! | `GET /identity/callback` | [`callback`] |
//! | `GET /exchange/{id}/progress` | [`progress`] |
//! | `GET /exchange/{id}/preview/{resource_id}` | [`preview`] |
//! | `POST /exchange/{id}/confirm`, `…/refuse`, `…/extend`, `GET …/return` | [`decide`] |

pub mod authorise;
pub mod browser;
pub mod callback;
pub mod decide;
pub mod enter;
pub mod fault;
pub mod preview;
pub mod progress;
pub mod show;
pub mod views;
pub mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// Largest form a citizen may post: a hundred datasets with some parameters each.
const MAX_FORM: usize = 256 * 1024;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/service/{client_id}", get(enter::enter))
        .route("/service/{client_id}/{*rest}", get(enter::enter))
        .route("/exchange/{id}", get(show::show))
        .route("/exchange/{id}/authorise", post(authorise::authorise))
        .route("/exchange/{id}/preferences", post(authorise::preferences))
        .route("/exchange/{id}/progress", get(progress::progress))
        .route("/exchange/{id}/preview/{resource_id}", get(preview::preview))
        .route("/exchange/{id}/preview/{resource_id}/file", get(preview::file))
        .route("/exchange/{id}/confirm", post(decide::confirm))
        .route("/exchange/{id}/refuse", post(decide::refuse))
        .route("/exchange/{id}/extend", post(decide::extend))
        .route("/exchange/{id}/return", get(decide::way_back))
        .route(crate::CALLBACK_PATH, get(callback::callback))
        .fallback(fault::not_found)
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
