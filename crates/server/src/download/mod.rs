//! Own downloads as pages (R78–R80): asking for data, watching it come, looking at it, saving it, the 資料條碼區. Every page takes the
//! citizen's session and asks whether the download is theirs; to anybody else there is no such page. The steps are in
//! [`crate::flow::download`].
//!
//! | address | file |
//! | --- | --- |
//! | `GET /download?dataset=…`, `POST /download` | [`order`]: terms, parameters, the method that is needed |
//! | `GET /download` without a dataset, or with `pick` | [`pick`]: one to five datasets |
//! | `GET /downloads` | [`list`]: 我的下載 |
//! | `GET /downloads/{id}`, `…/progress` | [`one`]: how far it is, and the three ways on |
//! | `GET /downloads/{id}/preview/{resource_id}`, `…/file` | [`preview`]: 線上預覽檔案 |
//! | `POST /downloads/{id}/save` | [`save`]: 轉存到我的電腦 |
//! | `GET/POST /downloads/{id}/withdraw` | [`withdraw`] |
//! | `GET /barcodes`, `POST /barcodes/{id}` | [`barcodes`]: 資料條碼區 |

pub mod barcodes;
pub mod list;
pub mod one;
pub mod opened;
pub mod order;
pub mod pick;
pub mod preview;
pub mod save;
#[cfg(test)]
mod tests;
pub mod view;
pub mod withdraw;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;
use crate::citizen::form::MAX_FORM;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(order::PATH, get(order::show).post(order::submit))
        .route(order::PREFERENCES, post(order::preferences))
        .route(list::PATH, get(list::show))
        .route("/downloads/{id}", get(one::show))
        .route("/downloads/{id}/progress", get(one::progress))
        .route("/downloads/{id}/preview/{resource_id}", get(preview::show))
        .route("/downloads/{id}/preview/{resource_id}/file", get(preview::file))
        .route("/downloads/{id}/save", post(save::save))
        .route("/downloads/{id}/withdraw", get(withdraw::show).post(withdraw::submit))
        .route(barcodes::PATH, get(barcodes::show))
        .route("/barcodes/{id}", post(barcodes::renew))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
