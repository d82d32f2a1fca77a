//! `/counter`, 資料條碼取用資料 (R81, R82): the clerk's side of a counter. It owns the pages; it refuses every address that is on no
//! counter service's list, and keeps a clerk no longer than a visit. The steps are in [`crate::flow::counter`].
//!
//! | address | file |
//! | --- | --- |
//! | `GET /counter` | [`show`]: the number, the code, or the data, as far as the visit is |
//! | `POST /counter/number` | [`number`]: number and captcha |
//! | `POST /counter/code` | [`code`]: the code that the holder was sent |
//! | `POST /counter/preview`, `…/file` | [`preview`]: 預覽 |
//! | `GET/POST /counter/take` | [`take`]: 取資料 |
//! | `POST /counter/end` | [`show`] |

pub mod code;
pub mod desk;
pub mod number;
pub mod preview;
pub mod show;
pub mod stop;
pub mod take;
#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;
use crate::citizen::form::MAX_FORM;

/// Where.
pub const PATH: &str = "/counter";

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(PATH, get(show::show))
        .route("/counter/number", post(number::submit))
        .route("/counter/code", post(code::submit))
        .route("/counter/preview", post(preview::show))
        .route("/counter/file", post(preview::file))
        .route("/counter/take", get(take::ask).post(take::submit))
        .route("/counter/end", post(show::end))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
