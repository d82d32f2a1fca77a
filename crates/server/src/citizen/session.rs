//! Who sits before the page: the session behind the browser's cookie. The cookie's secret is looked up, never kept, and is a
//! new one from every login on.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, Method};
use mydata_domain::Time;
use mydata_domain::citizen::session::{SessionId, Stage};
use mydata_domain::transaction::person::Person;
use mydata_store::StoreError;
use mydata_store::repo::citizen_sessions::{self, Session};
use mydata_wire::Verification;

use super::{elsewhere, next, policies};
use crate::app::App;
use crate::backoffice::visit::with_next;
use crate::browser::{Browser, Door};
use crate::exchange::callback::is_visit;
use crate::exchange::fault::FaultPage;
use crate::web::{FormTarget, Prefs};

/// The door of citizens.
pub static DOOR: Door =
    Door { secure_name: "__Host-mydata_citizen", plain_name: "mydata_citizen", forms: "citizen form" };

/// A session's last use is written down when it is older than this.
const TOUCH_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// A citizen who is logged in. As an argument of a handler it leads everybody else to the login and back. Personal data:
/// `Debug` shows the session alone.
#[derive(Clone)]
pub struct Citizen {
    /// The keyed index: the only way rows of a citizen are found.
    pub index: String,
    /// Who it is.
    pub person: Person,
    /// How they proved it.
    pub verification: Verification,
    /// When they did.
    pub signed_in_at: Time,
    /// The session.
    pub session: SessionId,
    /// When the session ends unless the citizen does something.
    pub ends_at: Time,
    kept: Session,
    browser: Browser,
}

impl std::fmt::Debug for Citizen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Citizen({})", self.session)
    }
}

impl Citizen {
    /// The token that the citizen's forms carry, as the field `form_token`.
    pub fn form_token(&self, app: &App) -> String {
        self.browser.form_token(app)
    }

    /// A form of theirs.
    pub fn form(&self, app: &App, action: impl Into<String>) -> FormTarget {
        FormTarget { action: action.into(), token: self.form_token(app) }
    }

    /// Whether a posted token is that of this citizen's forms.
    pub fn is_our_form(&self, app: &App, token: &str) -> bool {
        self.browser.is_our_form(app, token)
    }

    /// Whether the method they logged in with is enough for what needs `weakest`. Where it is not: [`Self::step_up`].
    pub fn satisfies(&self, weakest: Verification) -> bool {
        self.verification.satisfies(weakest)
    }

    /// To a login of the same person by a method that is enough, and back to `next`.
    pub fn step_up(weakest: Verification, next: &str) -> Response {
        Redirect::to(&next::to_login(next, &[("needs", weakest.code())])).into_response()
    }

    /// Whether they proved who they are within the last minutes. Where they did not: [`Self::prove_again`].
    pub fn is_fresh(&self, now: Time) -> bool {
        self.kept.moments.is_fresh(now)
    }

    /// To another login of the same person, and back to `next`.
    pub fn prove_again(next: &str) -> Response {
        Redirect::to(&next::to_login(next, &[("again", "1")])).into_response()
    }

    /// The session as it is kept.
    pub(super) fn kept(&self) -> &Session {
        &self.kept
    }
}

/// What is known of a browser.
#[derive(Debug, Clone, Default)]
pub struct Known {
    found: Option<Found>,
}

#[derive(Clone)]
struct Found {
    browser: Browser,
    session: Option<Session>,
    runs: bool,
    ends_at: Time,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Found({:?}, runs: {})", self.session, self.runs)
    }
}

impl Known {
    /// What is known of the browser that sent these headers. One without a cookie costs no look-up.
    ///
    /// # Errors
    /// The store fails.
    pub async fn of(app: &App, headers: &HeaderMap, now: Time) -> Result<Self, StoreError> {
        let Some(browser) = Browser::known(&DOOR, app, headers) else { return Ok(Self::default()) };
        let session = citizen_sessions::load(&app.store.db, &app.store.crypter, browser.expose()).await?;
        let idle = app.config.policy.session_idle.0;
        let moments = session.as_ref().map(|session| session.moments);
        Ok(Self {
            found: Some(Found {
                runs: moments.is_some_and(|moments| moments.runs(idle, now)),
                ends_at: moments.map_or(now, |moments| moments.ends_at(idle)),
                browser,
                session,
            }),
        })
    }

    /// The browser, where it has a secret of ours.
    pub fn browser(&self) -> Option<&Browser> {
        self.found.as_ref().map(|found| &found.browser)
    }

    fn session(&self, runs: bool) -> Option<&Session> {
        self.found.as_ref().filter(|found| found.runs == runs)?.session.as_ref()
    }

    /// The citizen, where one is logged in.
    pub fn citizen(&self) -> Option<Citizen> {
        let session = self.session(true).filter(|session| session.stage == Stage::Whole)?;
        let found = self.found.as_ref()?;
        Some(Citizen {
            index: session.citizen.clone(),
            person: session.person.clone(),
            verification: session.method,
            signed_in_at: session.moments.began,
            session: session.handle,
            ends_at: found.ends_at,
            kept: session.clone(),
            browser: found.browser.clone(),
        })
    }

    /// The session of somebody who has proved who they are and is not logged in yet.
    pub fn halfway(&self) -> Option<&Session> {
        self.session(true).filter(|session| session.stage != Stage::Whole)
    }

    /// The session of somebody whose time is over, or who logged in elsewhere.
    pub fn ended(&self) -> Option<&Session> {
        self.session(false).filter(|session| session.stage == Stage::Whole)
    }

    /// Any session that runs, at whatever stage.
    pub fn running(&self) -> Option<&Session> {
        self.session(true)
    }

    /// The session that waits at a stage of its login; else where its login goes on, and in the end `next`.
    ///
    /// # Errors
    /// The way there.
    pub fn waits_at(&self, stage: Stage, next: &str) -> Result<&Session, String> {
        match self.halfway() {
            Some(session) if session.stage == stage => Ok(session),
            _ if self.citizen().is_some() => Err(next.to_owned()),
            _ => Err(self.way_in(next)),
        }
    }

    /// The citizen did something: the session's time begins anew.
    ///
    /// # Errors
    /// The store fails.
    pub async fn touch(&mut self, app: &App, now: Time) -> Result<(), StoreError> {
        let Some(found) = self.found.as_mut().filter(|found| found.runs) else { return Ok(()) };
        let Some(session) = &mut found.session else { return Ok(()) };
        if session.stage != Stage::Whole || now < session.moments.seen.plus(TOUCH_AFTER) {
            return Ok(());
        }
        citizen_sessions::touch(&app.store.db, session, now).await?;
        session.moments.seen = now;
        found.ends_at = session.moments.ends_at(app.config.policy.session_idle.0);
        Ok(())
    }

    /// Where somebody goes first who is not logged in and asked for `here`.
    pub fn way_in(&self, here: &str) -> String {
        match self.halfway().map(|session| session.stage) {
            Some(Stage::Elsewhere) => with_next(elsewhere::PATH, next::own_path(Some(here))),
            Some(_) => with_next(policies::PATH, next::own_path(Some(here))),
            None if self.ended().is_some() => next::to_login(here, &[("ended", "1")]),
            None => next::to_login(here, &[]),
        }
    }
}

/// Whether somebody does something by this request; a page that loads itself, or asks for news, prolongs nothing.
fn is_act(parts: &Parts) -> bool {
    parts.method != Method::GET || (is_visit(&parts.headers) && parts.uri.query() != Some("auto"))
}

/// What is known of the browser of a request, looked up once for all that ask.
///
/// # Errors
/// The store fails.
pub async fn known(parts: &mut Parts, app: &App) -> Result<Known, StoreError> {
    if let Some(known) = parts.extensions.get::<Known>() {
        return Ok(known.clone());
    }
    let now = app.now();
    let mut known = Known::of(app, &parts.headers, now).await?;
    if is_act(parts) {
        known.touch(app, now).await?;
    }
    parts.extensions.insert(known.clone());
    Ok(known)
}

/// Path and query of a page, without the mark of one that loads itself.
pub(super) fn here(parts: &Parts) -> String {
    let here = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    here.strip_suffix("?auto").unwrap_or(here).to_owned()
}

/// The page that says that the store failed.
pub(super) fn broken(parts: &Parts, app: &App, error: StoreError) -> Response {
    let prefs = Prefs::from_headers(&parts.headers);
    FaultPage { app, prefs, here: &here(parts), citizen: None }.page(&error.into())
}

impl FromRequestParts<App> for Citizen {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let known = known(parts, app).await.map_err(|error| broken(parts, app, error))?;
        known.citizen().ok_or_else(|| {
            let here = match parts.method {
                Method::GET | Method::HEAD => here(parts),
                // What was posted cannot be asked for again; forms are kept by `CitizenForm`.
                _ => crate::browser::posted_from(app, &parts.headers).unwrap_or_default(),
            };
            Redirect::to(&known.way_in(&here)).into_response()
        })
    }
}

impl OptionalFromRequestParts<App> for Citizen {
    type Rejection = Infallible;

    /// Nobody where the store fails: the page is there for everybody.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Infallible> {
        match known(parts, app).await {
            Ok(known) => Ok(known.citizen()),
            Err(error) => {
                tracing::error!(%error, "a session could not be looked up");
                Ok(None)
            }
        }
    }
}
