//! The sandbox's start page: who is there, who you can be, what to click first.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::Addresses;
use crate::page::{self, Page, html};
use crate::personas::{self, Persona};

#[derive(Template)]
#[template(path = "portal.html")]
struct PortalPage<'a> {
    page: Page,
    at: &'a Addresses,
    people: &'static [Persona],
}

/// The page.
pub fn router(addresses: Addresses) -> Router {
    let router = Router::new().route("/", get(show)).with_state(Arc::new(addresses));
    page::with_style(router)
}

async fn show(State(addresses): State<Arc<Addresses>>, uri: Uri, headers: HeaderMap) -> Response {
    let page = PortalPage { page: Page::of(&uri, &headers), at: &addresses, people: personas::all() };
    html(&page, StatusCode::OK, &[])
}
