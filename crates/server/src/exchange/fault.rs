//! What goes wrong on a citizen's page, as a page that says what happened and how to go on.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use mydata_wire::ReturnCode;

use super::views;
use crate::app::App;
use crate::flow::FlowError;
use crate::flow::entry::Insiders;
use crate::web::{DeadEnd, DeadEndPage, Gathered, Policy, Prefs, page};

/// What went wrong.
#[derive(Debug)]
pub enum Fault {
    /// There is no such page.
    NotFound,
    /// The exchange belongs to another browser, or to this one before a new login.
    OtherBrowser,
    /// The form was not ours, or was too old.
    FormExpired,
    /// Too many requests; how long to wait.
    TooMany(Duration),
    /// Too much is asked for at once; how long to wait.
    Busy(Duration),
    /// A pilot goes on to which this address is not registered (403).
    Pilot(Box<Insiders>),
    /// An entry by a service that does not exist (401).
    UnknownService,
    /// An entry of a front test that is over (410).
    TestOver,
    /// The step failed.
    Flow(FlowError),
}

/// How long to wait when others were in the way of a step.
const BUSY: Duration = Duration::from_secs(5);

impl From<FlowError> for Fault {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Unknown => Self::NotFound,
            FlowError::OtherBrowser => Self::OtherBrowser,
            // The page was old: something else happened to the exchange meanwhile.
            FlowError::Stage(_) => Self::FormExpired,
            FlowError::Store(error) if error.passes() => {
                tracing::warn!(%error, "a page has to be asked for again");
                Self::Busy(BUSY)
            }
            other => Self::Flow(other),
        }
    }
}

impl From<mydata_store::StoreError> for Fault {
    fn from(error: mydata_store::StoreError) -> Self {
        FlowError::from(error).into()
    }
}

/// Makes the page of a fault.
pub struct FaultPage<'a> {
    /// The platform.
    pub app: &'a App,
    /// Whom it is for.
    pub prefs: Prefs,
    /// The address that was asked for.
    pub here: &'a str,
}

impl FaultPage<'_> {
    /// The page.
    pub fn page(&self, fault: &Fault) -> Response {
        let mut reference = None;
        let (mut organisation, mut service) = (None, None);
        if let Fault::Pilot(insiders) = fault {
            let lang = self.prefs.lang;
            organisation =
                insiders.organisation.as_ref().map(|o| lang.pick(o.spoken(), Some(&o.name_en)).to_owned());
            service = Some(lang.pick(&insiders.service, Some(&insiders.service_en)).to_owned());
        }
        let (status, kind, gathered) = match fault {
            Fault::NotFound => (StatusCode::NOT_FOUND, DeadEnd::NotFound, Gathered::Unrelated),
            Fault::OtherBrowser => (StatusCode::FORBIDDEN, DeadEnd::SessionEnded, Gathered::Unrelated),
            Fault::FormExpired => (StatusCode::CONFLICT, DeadEnd::FormExpired, Gathered::Unrelated),
            Fault::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, DeadEnd::TooMany, Gathered::Unrelated),
            Fault::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, DeadEnd::Busy, Gathered::Unrelated),
            Fault::Pilot(_) => (StatusCode::FORBIDDEN, DeadEnd::Pilot, Gathered::Nothing),
            Fault::TestOver => (StatusCode::GONE, DeadEnd::TestOver, Gathered::Nothing),
            Fault::UnknownService => {
                (StatusCode::UNAUTHORIZED, DeadEnd::Code(ReturnCode::UnknownId), Gathered::Nothing)
            }
            Fault::Flow(error) => {
                // The citizen reads this number to the service desk, which finds the line by it.
                let incident = mydata_wire::random::uuid_v4(&*self.app.random).to_string();
                tracing::error!(%error, %incident, "a page failed");
                reference = Some(incident);
                (StatusCode::INTERNAL_SERVER_ERROR, DeadEnd::Internal, Gathered::Unrelated)
            }
        };
        let view = DeadEndPage {
            chrome: views::chrome(self.app, self.prefs, self.here.to_owned()),
            kind,
            organisation,
            service,
            datasets: Vec::new(),
            gathered,
            reference,
            way_back: None,
        };
        let mut response = page(status, &view, &Policy::personal());
        if let Fault::TooMany(wait) | Fault::Busy(wait) = fault {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

/// Any address that leads nowhere.
pub async fn not_found(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let here = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    FaultPage { app: &app, prefs: Prefs::from_headers(&headers), here }.page(&Fault::NotFound)
}
