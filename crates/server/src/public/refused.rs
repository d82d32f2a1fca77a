//! What is refused before a page is reached: a method that an address does not take, a form that is too large or cannot be
//! read, a way that leads nowhere. The bare answers of the router get a page, or a problem for programs (RFC 9457), with the
//! status and the headers that they have; whatever a handler has said stays as it is.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mydata_wire::problem::{MEDIA_TYPE, Problem};

use crate::app::App;
use crate::exchange::views::chrome;
use crate::web::{DeadEnd, DeadEndPage, Gathered, Lang, Policy, Prefs, page};

/// What whoever asked can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// A browser.
    Page,
    /// A program.
    Problem,
    /// Neither: a picture was asked for, say.
    Nothing,
}

/// Addresses that only programs ask for.
const PROGRAMS: [&str; 5] =
    ["/api/", "/service/data", "/service/type_valid", "/service/txid_status", "/connect/"];

fn reads(path: &str, headers: &HeaderMap) -> Reads {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    if PROGRAMS.iter().any(|program| path.starts_with(program)) {
        return Reads::Problem;
    }
    if accept.contains("text/html") {
        return Reads::Page;
    }
    if accept.contains("json") {
        return Reads::Problem;
    }
    // A browser's picture, sound or script names its own kinds first.
    if accept.starts_with("*/*") || accept.is_empty() { Reads::Page } else { Reads::Nothing }
}

/// What a bare answer means to a reader.
fn kind(status: StatusCode) -> DeadEnd {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => DeadEnd::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => DeadEnd::WrongMethod,
        StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => DeadEnd::TooLarge,
        StatusCode::REQUEST_TIMEOUT => DeadEnd::TooSlow,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => DeadEnd::NotAllowed,
        StatusCode::TOO_MANY_REQUESTS => DeadEnd::TooMany,
        StatusCode::SERVICE_UNAVAILABLE => DeadEnd::Busy,
        status if status.is_client_error() => DeadEnd::Unreadable,
        _ => DeadEnd::Internal,
    }
}

/// A stable word for programs.
fn code(kind: DeadEnd) -> &'static str {
    match kind {
        DeadEnd::NotFound => "not_found",
        DeadEnd::WrongMethod => "method_not_allowed",
        DeadEnd::TooLarge => "too_large",
        DeadEnd::TooSlow => "too_slow",
        DeadEnd::NotAllowed => "not_allowed",
        DeadEnd::TooMany => "too_many_requests",
        DeadEnd::Busy => "busy",
        DeadEnd::Unreadable => "invalid_request",
        _ => "internal_error",
    }
}

fn is_bare(response: &Response) -> bool {
    let status = response.status();
    let said = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    (status.is_client_error() || status.is_server_error())
        && said.is_none_or(|kind| kind.starts_with("text/plain"))
}

/// The page of a path, or `/` where it cannot be shown again.
fn shown_again(method: &Method, uri: &http::Uri) -> String {
    match *method {
        Method::GET | Method::HEAD => uri.path_and_query().map_or(uri.path(), |all| all.as_str()).to_owned(),
        // What was posted cannot be shown again.
        _ => "/".to_owned(),
    }
}

/// What a request gets that never reached the router.
pub fn bare(app: &App, parts: &http::request::Parts, status: StatusCode) -> Response {
    let here = shown_again(&parts.method, &parts.uri);
    let prefs = Prefs::from_headers(&parts.headers);
    let path = parts.uri.path();
    dressed(app, reads(path, &parts.headers), prefs, path, here, status)
}

/// The same for programs, whatever was asked for and by whom.
pub fn bare_problem(status: StatusCode) -> Response {
    problem(status, kind(status))
}

/// Middleware: see the module. A handler that panics is a fault of the platform, with a page like any other.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let here = shown_again(request.method(), request.uri());
    let (prefs, reads) = (Prefs::from_headers(request.headers()), reads(&path, request.headers()));
    let response = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response = response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    if reads == Reads::Nothing || !is_bare(&response) {
        return response;
    }
    let mut dressed = dressed(&app, reads, prefs, &path, here, response.status());
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH && !dressed.headers().contains_key(name) {
            dressed.headers_mut().append(name, value.clone());
        }
    }
    dressed
}

fn dressed(app: &App, reads: Reads, prefs: Prefs, path: &str, here: String, status: StatusCode) -> Response {
    let kind = kind(status);
    let mut reference = None;
    if kind == DeadEnd::Internal {
        // Whoever reads it out to the service desk is found by it in the log.
        let incident = mydata_wire::random::uuid_v4(&*app.random).to_string();
        tracing::error!(%incident, %path, %status, "a request failed");
        reference = Some(incident);
    }
    match reads {
        Reads::Nothing => status.into_response(),
        Reads::Problem => problem(status, kind),
        Reads::Page => {
            let view = DeadEndPage {
                chrome: chrome(app, prefs, here),
                kind,
                organisation: None,
                service: None,
                datasets: Vec::new(),
                gathered: Gathered::Unrelated,
                reference,
                way_back: None,
            };
            page(status, &view, &Policy::personal())
        }
    }
}

fn problem(status: StatusCode, kind: DeadEnd) -> Response {
    let key = kind.key();
    let body = Problem {
        status: status.as_u16(),
        code: code(kind).to_owned(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        detail: format!("{}{}", Lang::ZhTw.t(&format!("{key}.what")), Lang::ZhTw.t(&format!("{key}.next"))),
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_gets_what_they_can_read() {
        let of = |path: &str, accept: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            reads(path, &headers)
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(of("/datasets", Some(browser)), Reads::Page);
        assert_eq!(of("/datasets", Some("*/*")), Reads::Page);
        assert_eq!(of("/datasets", None), Reads::Page);
        assert_eq!(of("/datasets", Some("application/json")), Reads::Problem);
        assert_eq!(of("/service/data", Some(browser)), Reads::Problem);
        assert_eq!(of("/api/catalogue", None), Reads::Problem);
        assert_eq!(of("/captcha/picture", Some("image/avif,image/webp,*/*;q=0.8")), Reads::Nothing);
    }
}
