//! A view becomes an answer.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use super::headers::Policy;

/// Renders `view` with `status` and the headers of `policy`.
pub fn page<V: Template>(status: StatusCode, view: &V, policy: &Policy) -> Response {
    let mut response = match view.render() {
        Ok(html) => (status, html).into_response(),
        Err(error) => {
            // Only a view whose own Display fails comes here.
            tracing::error!(%error, "a page could not be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    policy.apply(response.headers_mut());
    response
}
