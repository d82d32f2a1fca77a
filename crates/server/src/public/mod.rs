//! Pages that are open to everybody and belong to no exchange.
//!
//! | address | file |
//! | --- | --- |
//! | `GET /policies/{kind}` | [`policies`]: terms and policies with their versions |
//! | `GET /news`, `/news/{id}` | [`news`] |
//! | `GET /faq` | [`faq`] |
//! | `GET /contact`, `POST /contact`, `GET /contact/sent` | [`contact`] |
//! | `GET /documents`, `/documents/{path}` | [`documents`]: specifications, samples, test vectors |
//! | `GET /api/audit/keys`, `/api/audit/roots` | [`audit`]: what proofs and receipts are checked with |
//! | `GET /styleguide` | [`styleguide`], in a sandbox only |
//! | whatever is refused before a page is reached | [`refused`] |

pub mod audit;
pub mod contact;
pub mod documents;
pub mod faq;
pub mod news;
pub mod policies;
pub mod refused;
pub mod styleguide;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::app::App;

/// Largest form: a message of 2,000 characters, each as nine letters.
const MAX_FORM: usize = 32 * 1024;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/policies/{kind}", get(policies::show))
        .route("/news", get(news::list))
        .route("/news/{id}", get(news::one))
        .route("/faq", get(faq::show))
        .route("/contact", get(contact::show).post(contact::submit))
        .route("/contact/sent", get(contact::sent))
        .route("/documents", get(documents::list))
        .route("/documents/{*path}", get(documents::one))
        .route("/api/audit/keys", get(audit::keys))
        .route("/api/audit/roots", get(audit::roots))
        .route("/styleguide", get(styleguide::show))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
