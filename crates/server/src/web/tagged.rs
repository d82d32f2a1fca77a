//! JSON for anybody, with an `ETag`: whoever has it already is told so.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// The answer to a request with these headers; `caching` is its `Cache-Control`.
pub fn json(headers: &HeaderMap, body: &Value, caching: &'static str) -> Response {
    let body = body.to_string();
    let mut tag = String::from("\"");
    for byte in &digest(&SHA256, body.as_bytes()).as_ref()[..12] {
        write!(tag, "{byte:02x}").expect("writing to a String does not fail");
    }
    tag.push('"');
    let status = if knows(headers, &tag) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = [
        (CONTENT_TYPE, "application/json; charset=utf-8"),
        (CACHE_CONTROL, caching),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ETAG, tag.as_str()),
    ];
    let body = if status == StatusCode::OK { body } else { String::new() };
    (status, headers, body).into_response()
}

/// Whether the caller has this version.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let all = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
