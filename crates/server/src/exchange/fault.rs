//! What goes wrong on a citizen's page, as a page that says what happened and how to go on.

use std::time::Duration;

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use mydata_domain::Time;
use mydata_domain::maintenance::{self, Occurrence};
use mydata_wire::ReturnCode;

use super::views;
use super::visit::Visit;
use crate::app::App;
use crate::citizen::header;
use crate::citizen::session::Citizen;
use crate::flow::FlowError;
use crate::flow::entry::Insiders;
use crate::web::{
    Chrome, DeadEnd, DeadEndPage, Gathered, MaintenancePage, Policy, Prefs, RocDateTime, WayBack, page,
};

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
    /// The platform, or datasets that the exchange needs, are in maintenance (503).
    Maintenance(Box<Closed>),
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
/// What is in maintenance, and until when.
#[derive(Debug, Clone)]
pub struct Closed {
    /// When it goes on.
    pub until: Time,
    /// What is done, in zh-TW and in English; possibly empty.
    pub note: (String, String),
    /// The datasets that are the reason; none: the whole platform.
    pub datasets: Vec<String>,
    /// The way back to the service, where there is an exchange.
    pub way_back: Option<WayBack>,
}

impl Fault {
    /// The whole platform is in maintenance.
    pub fn maintenance(occurrence: Occurrence) -> Self {
        let note = (String::new(), String::new());
        Self::Maintenance(Box::new(Closed {
            until: occurrence.until,
            note,
            datasets: Vec::new(),
            way_back: None,
        }))
    }
}

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
    /// Who is logged in, on a page of the portal.
    pub citizen: Option<&'a Citizen>,
}

impl FaultPage<'_> {
    fn chrome(&self) -> Chrome {
        let mut chrome = views::chrome(self.app, self.prefs, self.here.to_owned());
        if let Some(citizen) = self.citizen {
            header::logged_in(&mut chrome, self.app, self.here, citizen);
        }
        chrome
    }

    /// The page.
    pub fn page(&self, fault: &Fault) -> Response {
        if let Fault::Maintenance(closed) = fault {
            return self.maintenance(closed);
        }
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
            // Answered above, with a page of its own.
            Fault::Maintenance(_) => (StatusCode::SERVICE_UNAVAILABLE, DeadEnd::Busy, Gathered::Unrelated),
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
            chrome: self.chrome(),
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

impl FaultPage<'_> {
    /// Until when it lasts, and what is done meanwhile.
    fn maintenance(&self, closed: &Closed) -> Response {
        let lang = self.prefs.lang;
        let now = self.app.now();
        let system = self.app.last_system();
        let set = maintenance::of_platform(&system.windows, now).map(|(window, _)| window);
        let note = match set.filter(|_| closed.datasets.is_empty()) {
            Some(window) => lang.pick(&window.note, Some(&window.note_en)).to_owned(),
            None => lang.pick(&closed.note.0, Some(&closed.note.1)).to_owned(),
        };
        let view = MaintenancePage {
            chrome: self.chrome(),
            until: RocDateTime::new(closed.until.to_timestamp()).date_time(lang),
            note: (!note.is_empty()).then_some(note),
            datasets: closed.datasets.clone(),
            way_back: closed.way_back.clone(),
        };
        let mut response = page(StatusCode::SERVICE_UNAVAILABLE, &view, &Policy::personal());
        let wait = now.until(closed.until).as_secs().max(1);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        response
    }
}

/// Any address that leads nowhere.
pub async fn not_found(visit: Visit) -> Response {
    visit.fault(&Fault::NotFound)
}
