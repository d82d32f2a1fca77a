//! 使用紀錄: what became of a citizen's data, transaction by transaction, read from the record of events; and taking back a
//! consent that is still running. Owns no data: everything here is in the record anyway, found by the citizen's keyed index.
//!
//! | address | file |
//! | --- | --- |
//! | `GET /record` | [`list`] |
//! | `GET /record/export.csv`, `/record/export.json` | [`export`] |
//! | `GET /record/{id}` | [`one`] |
//! | `GET /record/{id}/proof/{event}` | [`proof`] |
//! | `GET /record/{id}/receipt` | [`receipt`] |
//! | `GET/POST /record/{id}/withdraw` | [`withdraw`] |

pub mod asked;
pub mod export;
pub mod list;
pub mod one;
pub mod proof;
pub mod receipt;
#[cfg(test)]
mod tests;
pub mod view;
pub mod withdraw;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// Address of the record.
pub const PATH: &str = "/record";

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(PATH, get(list::show))
        .route("/record/export.csv", get(export::csv))
        .route("/record/export.json", get(export::json))
        .route("/record/{id}", get(one::show))
        .route("/record/{id}/proof/{event}", get(proof::show))
        .route("/record/{id}/receipt", get(receipt::show))
        .route("/record/{id}/withdraw", get(withdraw::ask).post(withdraw::submit))
}
