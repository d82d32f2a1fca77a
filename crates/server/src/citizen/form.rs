//! Forms of citizens. One that comes when the session has ended is kept, sealed, and offered again after the login: nothing
//! that was typed is lost, and nothing is carried out that nobody has seen again.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use mydata_domain::citizen::session::FORM_KEPT;
use mydata_store::StoreError;
use mydata_store::repo::citizen_forms;

use super::next;
use super::session::{Citizen, DOOR, Known, broken, known};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::browser::{Browser, is_our_origin, posted_from};
use crate::exchange::fault::{Fault, FaultPage};
use crate::web::Prefs;

/// Largest form of a citizen.
pub const MAX_FORM: usize = 256 * 1024;
/// The field by which a page whose time is over asks for its form to be kept, not carried out.
const KEEP: &str = "form_keep";
/// Fields that are the page's own.
const OWN: [&str; 2] = ["form_token", KEEP];

/// A form of a citizen who is logged in; its origin and its token are right. As an argument of a handler it is the last.
pub struct CitizenForm {
    /// Whose it is.
    pub citizen: Citizen,
    /// What was posted.
    pub posted: Posted,
}

/// A form of a browser, whoever sits before it; its origin and its token are right.
pub struct BrowserForm {
    /// The browser.
    pub browser: Browser,
    /// What is known of it.
    pub known: Known,
    /// What was posted.
    pub posted: Posted,
}

fn refuse(parts: &Parts, app: &App, fault: &Fault) -> Response {
    let here = page_of(parts, app);
    let citizen = parts.extensions.get::<Known>().and_then(Known::citizen);
    let prefs = Prefs::from_headers(&parts.headers);
    FaultPage { app, prefs, here: &here, citizen: citizen.as_ref() }.page(fault)
}

/// The page that a form stands on.
fn page_of(parts: &Parts, app: &App) -> String {
    let path = parts.uri.path();
    let above = || path.rsplit_once('/').map_or("/", |(above, _)| above).to_owned();
    let page = posted_from(app, &parts.headers).unwrap_or_else(above);
    if page.is_empty() { "/".to_owned() } else { page }
}

/// Reads a form, and sees that it comes from a page of ours that this browser was shown.
///
/// # Errors
/// [`Fault::FormExpired`].
pub(crate) async fn read(
    parts: &Parts,
    app: &App,
    body: axum::body::Body,
    browser: Option<&Browser>,
) -> Result<Posted, Fault> {
    if !is_our_origin(app, &parts.headers) {
        return Err(Fault::FormExpired);
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let body = to_bytes(body, MAX_FORM).await.map_err(|_| Fault::FormExpired)?;
    let posted = Posted::read(kind, &body).map_err(|_| Fault::FormExpired)?;
    let token = posted.raw("form_token").unwrap_or_default();
    match browser {
        Some(browser) if browser.is_our_form(app, token) => Ok(posted),
        _ => Err(Fault::FormExpired),
    }
}

impl FromRequest<App> for BrowserForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let known = known(&mut parts, app).await.map_err(|error| broken(&parts, app, error))?;
        let posted = read(&parts, app, body, known.browser()).await;
        let posted = posted.map_err(|fault| refuse(&parts, app, &fault))?;
        let browser = known.browser().cloned().unwrap_or_else(|| Browser::fresh(&DOOR, app));
        Ok(Self { browser, known, posted })
    }
}

impl FromRequest<App> for CitizenForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let known = known(&mut parts, app).await.map_err(|error| broken(&parts, app, error))?;
        let page = page_of(&parts, app);
        if known.citizen().is_none() && known.ended().is_none() {
            // Nobody had logged in, so no form of ours was filled in.
            return Err(Redirect::to(&known.way_in(&page)).into_response());
        }
        let posted = read(&parts, app, body, known.browser()).await;
        let posted = posted.map_err(|fault| refuse(&parts, app, &fault))?;
        let action = parts.uri.path();
        let failed = |error| broken(&parts, app, error);
        match (known.citizen(), known.ended()) {
            (Some(citizen), _) if posted.raw(KEEP).is_none() => {
                citizen_forms::forget(&app.store.db, &citizen.index, action).await.map_err(failed)?;
                Ok(Self { citizen, posted })
            }
            (Some(citizen), _) => {
                keep(app, &citizen.index, action, posted).await.map_err(failed)?;
                let page = next::with_kept(next::own_path(Some(&page)));
                Err(Redirect::to(&page).into_response())
            }
            (None, Some(session)) => {
                keep(app, &session.citizen, action, posted).await.map_err(failed)?;
                let page = next::with_kept(next::own_path(Some(&page)));
                Err(Redirect::to(&known.way_in(&page)).into_response())
            }
            (None, None) => Err(Redirect::to(&known.way_in(&page)).into_response()),
        }
    }
}

async fn keep(app: &App, citizen: &str, action: &str, posted: Posted) -> Result<(), StoreError> {
    let fields: Vec<_> =
        posted.fields.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
    let (fields, crypter, until) = (&fields, &app.store.crypter, app.now().plus(FORM_KEPT));
    app.store
        .db
        .run_tx("citizen-form-keep", |tx| async move {
            citizen_forms::keep(&tx, crypter, citizen, action, fields, until).await
        })
        .await
}

impl Citizen {
    /// Keeps what the citizen has filled in in the form with this address, for [`Self::kept_form`]: they are led elsewhere before
    /// it can be carried out.
    ///
    /// # Errors
    /// The store fails.
    pub async fn keep_form(&self, app: &App, action: &str, posted: &Posted) -> Result<(), StoreError> {
        keep(app, &self.index, action, posted.clone()).await
    }

    /// What the citizen had filled in in the form with this address when their session ended; to be shown filled in on the
    /// page `here`. Asked for only where the page's address says that something was kept.
    ///
    /// # Errors
    /// The store fails.
    pub async fn kept_form(&self, app: &App, here: &str, action: &str) -> Result<Option<Posted>, StoreError> {
        if !next::says_kept(here) {
            return Ok(None);
        }
        let (db, crypter) = (&app.store.db, &app.store.crypter);
        let fields = citizen_forms::load(db, crypter, &self.index, action, app.now()).await?;
        Ok(fields.map(|fields| Posted { fields, files: Vec::new() }))
    }
}
