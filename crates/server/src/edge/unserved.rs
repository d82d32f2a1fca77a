//! What a request gets that a listener itself does not let through: there is no room, its address holds as much as it may,
//! it is too large or comes too slowly. The status with a page or a problem, made without asking the store for anything.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use mydata_listen::serve::Refused;

use crate::app::App;
use crate::public::refused;
use crate::web::headers;

/// The main listener's: a page for browsers, a problem (RFC 9457) for programs.
pub fn pages(app: &App) -> Refused {
    let app = app.clone();
    Arc::new(move |parts, status| complete(&app, refused::bare(&app, parts, status)))
}

/// The partners' listener's: a problem in any case.
pub fn problems(app: &App) -> Refused {
    let app = app.clone();
    Arc::new(move |_, status: StatusCode| complete(&app, refused::bare_problem(status)))
}

fn complete(app: &App, mut response: Response) -> Response {
    headers::complete(response.headers_mut(), app.secure() && !app.config.sandbox);
    response
}
