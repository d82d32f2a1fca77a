//! What goes wrong in the back office, as a page that says what happened and how to go on.

use std::time::Duration;

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use mydata_store::StoreError;

use super::frame::Frame;
use super::visit::Visit;
use super::{gate, sign_in};
use crate::app::App;

/// What went wrong.
#[derive(Debug)]
pub enum Fault {
    /// Another page comes first: sign-in, the second factor, the repeated proof. 303.
    Elsewhere(String),
    /// Nobody is signed in. 303.
    SignIn,
    /// Not with this role. 403.
    Forbidden,
    /// There is no such page, or what it is about is somebody else's. 404.
    NotFound,
    /// The form is not ours, too old, or of another session. 403.
    FormExpired,
    /// What was to be changed is no longer as the page showed it: somebody was quicker. 409.
    Changed,
    /// More was posted than the form allows. 413.
    TooLarge,
    /// Too many forms from one address; how long to wait. 429.
    TooMany(Duration),
    /// Too many connection tests of one item; how long to wait. 429.
    TooManyTests(Duration),
    /// The store failed. 500; 503 when only others were in the way, or it cannot be reached for now.
    Store(StoreError),
    /// Something that must be true is not; the text says what. 500.
    Broken(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How long to wait when others were in the way.
const BUSY: Duration = Duration::from_secs(5);

/// The page of a fault.
#[derive(Template)]
#[template(path = "backoffice/fault.html")]
pub struct FaultPage {
    /// The frame.
    pub frame: Frame,
    /// What happened.
    pub what: String,
    /// How to go on.
    pub next: String,
    /// What to tell the service desk.
    pub reference: Option<String>,
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Elsewhere(_) | Self::SignIn => StatusCode::SEE_OTHER,
            Self::Forbidden | Self::FormExpired => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Changed => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) | Self::TooManyTests(_) => StatusCode::TOO_MANY_REQUESTS,
            _ if self.wait().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how long it is worth another try.
    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany(wait) | Self::TooManyTests(wait) => Some(*wait),
            Self::Store(error) if error.passes() => Some(BUSY),
            _ => None,
        }
    }

    /// The text of the page; its attributes say what happened and how to go on.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Elsewhere(_) | Self::SignIn | Self::Forbidden => "office-forbidden",
            Self::NotFound => "office-not-found",
            Self::FormExpired => "office-form-expired",
            Self::Changed => "office-changed",
            Self::TooLarge => "office-too-large",
            Self::TooMany(_) => "office-too-many",
            Self::TooManyTests(_) => "office-too-many-tests",
            Self::Store(error) if error.passes() => "office-busy",
            Self::Store(_) | Self::Broken(_) => "office-internal",
        }
    }

    /// Answers a visit.
    pub fn page(&self, visit: &Visit) -> Response {
        match self {
            Self::Elsewhere(path) => return gate::elsewhere(path),
            Self::SignIn => return gate::elsewhere(sign_in::PATH),
            _ => {}
        }
        let key = self.key();
        let view = FaultPage {
            frame: visit.frame(visit.t(key), Vec::new()),
            what: visit.t(&format!("{key}.what")),
            next: visit.t(&format!("{key}.next")),
            reference: self.logged(&visit.app),
        };
        let mut response = visit.page(self.status(), &view);
        if let Some(wait) = self.wait() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }

    /// Answers when not even the frame can be made.
    pub(super) fn plain(&self, app: &App) -> Response {
        let reference = self.logged(app).unwrap_or_default();
        let mut response =
            (self.status(), format!("MyData: {} {reference}\n", self.status())).into_response();
        if let Some(wait) = self.wait() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }

    /// Writes a fault of ours down under a number that its reader can tell the service desk.
    fn logged(&self, app: &App) -> Option<String> {
        let error: &dyn std::fmt::Display = match self {
            Self::Store(error) => error,
            Self::Broken(text) => text,
            _ => return None,
        };
        let incident = mydata_wire::random::uuid_v4(&*app.random).to_string();
        tracing::error!(%error, %incident, "a page of the back office failed");
        Some(incident)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoffice::tests::Office;
    use crate::exchange::fault::{Fault as CitizenFault, FaultPage as CitizenPage};
    use crate::web::Prefs;

    /// Others in the way are no fault of ours: the same is asked for again in a moment.
    #[tokio::test]
    async fn what_passes_is_said_to_pass() {
        let office = Office::open().await;
        let busy = || StoreError::Busy { name: "x", tries: 40 };
        let fault = Fault::from(busy());
        assert_eq!((fault.status(), fault.key()), (StatusCode::SERVICE_UNAVAILABLE, "office-busy"));
        let answer = fault.plain(&office.app);
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[RETRY_AFTER], "5");
        let citizen = CitizenPage { app: &office.app, prefs: Prefs::default(), here: "/", citizen: None };
        let answer = citizen.page(&CitizenFault::from(busy()));
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[RETRY_AFTER], "5");
        let broken = Fault::from(StoreError::NotFound);
        assert_eq!(broken.plain(&office.app).status(), StatusCode::INTERNAL_SERVER_ERROR);
        office.close().await;
    }
}
