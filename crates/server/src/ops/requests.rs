//! Counts and times every request, and makes it the beginning of a trace.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use super::metrics::{Answered, Route};
use super::trace::{self, Kind, Value};
use crate::app::App;

/// A method as it is counted. Anybody may write any word there, and each would be kept for ever.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}

/// What no route is there for.
const NOWHERE: &str = "(none)";

/// The layer around all routes. Addresses are counted by their pattern, so that there are only so many.
pub async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or(NOWHERE, MatchedPath::as_str).to_owned();
    let method = method(request.method()).to_owned();
    let begun = Instant::now();
    let metrics = &app.ops.metrics;
    let _in_flight = metrics.in_flight();
    let name = format!("{method} {route}");
    let response = trace::begin(&app.ops.tracer, name, Kind::Server, async {
        let response = next.run(request).await;
        let status = response.status();
        trace::note("http.request.method", Value::Text(method.clone()));
        trace::note("http.route", Value::Text(route.clone()));
        trace::note("http.response.status_code", Value::Number(status.as_u16().into()));
        if status.is_server_error() {
            trace::failed();
        }
        response
    })
    .await;
    metrics
        .request_seconds
        .get_or_create(&Route { route: route.clone() })
        .observe(begun.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&Answered { route, method, status: response.status().as_u16() }).inc();
    response
}
