//! The citizen's portal: what can be had, and where. Handlers and the views they fill; what is offered is read from the
//! registry in memory, so a page asks the database for nothing but whether that has changed.
//!
//! | address | file |
//! | --- | --- |
//! | `GET /` | [`home`] |
//! | `GET /datasets`, `/datasets/{resource_id}` | [`datasets`] |
//! | `GET /services`, `/services/{client_id}` | [`services`] |
//! | `GET /counter-services`, `/counter-services/{id}` | [`counter_services`] |
//! | `GET /search` | [`search`] |
//! | `GET /about` | [`about`]: which method reaches which dataset |
//! | `GET /sitemap`, `/robots.txt` | [`sitemap`] |
//! | `GET /api/catalogue` | [`api`] |

pub mod about;
pub mod api;
pub mod apply;
pub mod counter_services;
pub mod datasets;
pub mod find;
pub mod folded;
pub mod home;
pub mod nav;
pub mod search;
pub mod services;
pub mod shelf;
pub mod sitemap;
#[cfg(test)]
pub(crate) mod tests;
pub mod view;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/datasets", get(datasets::list))
        .route("/datasets/{id}", get(datasets::one))
        .route("/services", get(services::list))
        .route("/services/{id}", get(services::one))
        .route("/counter-services", get(counter_services::list))
        .route("/counter-services/{id}", get(counter_services::one))
        .route("/counter-services/{id}/apply", get(apply::show))
        .route("/search", get(search::show))
        .route("/about", get(about::show))
        .route("/sitemap", get(sitemap::show))
        .route("/robots.txt", get(sitemap::robots))
        .route("/api/catalogue", get(api::show))
}
