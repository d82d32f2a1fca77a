//! What a request gets for which there is no room: 503 with a page or a problem, made without asking the store for anything.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use mydata_listen::serve::Overloaded;

use crate::app::App;
use crate::public::refused;
use crate::web::headers;

/// The answer, made with what the program has in memory.
pub fn answer(app: &App) -> Overloaded {
    let app = app.clone();
    Arc::new(move |parts| -> Response {
        let mut response = refused::bare(&app, parts, StatusCode::SERVICE_UNAVAILABLE);
        headers::complete(response.headers_mut(), app.secure() && !app.config.sandbox);
        response
    })
}
