//! `/logout`, and `/login/extend`: the citizen leaves, or is still there.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::audit::{Actor, Event, What};
use mydata_store::repo::{audit, citizen_sessions};
use serde_json::json;

use super::form::BrowserForm;
use super::session::DOOR;
use crate::browser::Browser;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, Policy, page};

/// Where one leaves.
pub const PATH: &str = "/logout";
/// Where a page says that the citizen is still there.
pub const EXTEND: &str = "/login/extend";

/// The page that says good-bye.
#[derive(Template)]
#[template(path = "citizen/logged_out.html")]
pub struct LoggedOutPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
}

/// `GET /logout`: where one is after leaving. Whoever is still logged in is led to the first page: an address alone logs
/// nobody out.
pub async fn show(visit: Visit) -> Response {
    if visit.citizen.is_some() {
        return Redirect::to("/").into_response();
    }
    let frame = Frame::new(&visit, Area::Elsewhere, visit.prefs.lang.t("logged-out-title"));
    page(StatusCode::OK, &LoggedOutPage { chrome: frame.chrome.clone(), frame }, &Policy::personal())
}

/// `POST /logout`.
pub async fn submit(visit: Visit, form: BrowserForm) -> Response {
    let answer = left(&visit, &form).await;
    visit.or_fault(answer)
}

async fn left(visit: &Visit, form: &BrowserForm) -> Result<Response, Fault> {
    let app = &visit.app;
    if let Some(session) = form.known.running() {
        let from = visit.from;
        app.store
            .db
            .run_tx("citizen-logout", |tx| async move {
                let now = app.now();
                if !citizen_sessions::end(&tx, session, now).await? {
                    return Ok(());
                }
                let detail = json!({ "citizen": session.citizen });
                let event = Event::new(now, Actor::Citizen, What::CitizenLoggedOut);
                audit::append(&tx, &*app.random, &[event.from(Some(from)).with(detail)]).await
            })
            .await?;
    }
    let mut response = Redirect::to(PATH).into_response();
    Browser::forget(&DOOR, app, &mut response);
    Ok(response)
}

/// `POST /login/extend`: 204 when the session goes on for its full length, 409 when it has ended.
pub async fn extend(visit: Visit, form: BrowserForm) -> Response {
    let app = &visit.app;
    let Some(citizen) = form.known.citizen() else { return StatusCode::CONFLICT.into_response() };
    match citizen_sessions::touch(&app.store.db, citizen.kept(), app.now()).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => visit.fault(&error.into()),
    }
}
