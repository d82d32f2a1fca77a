//! Why a clerk cannot go on, as a page that says so and where to begin again.

use askama::Template;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use mydata_domain::Time;
use mydata_domain::counter::Gone;

use super::PATH;
use super::desk::Desk;
use crate::download::view::Left;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::counter::{self, NoStep};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, Policy, page};

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The address is on no list.
    Address,
    /// The counter service is suspended.
    Suspended,
    /// Too many wrong numbers or codes; until then.
    Locked(Time),
    /// The number was renewed, or ended by its holder.
    Renewed,
    /// Somebody has taken the data.
    Taken,
    /// The data is not there any more.
    Over,
    /// The visit is over.
    Ended,
    /// The code came too late.
    CodeLate,
    /// The code was wrong too often.
    CodeTooOften,
    /// The case does not allow it.
    NotAllowed,
}

impl Stop {
    fn key(self) -> &'static str {
        match self {
            Self::Address => "counter-stop-address",
            Self::Suspended => "counter-stop-suspended",
            Self::Locked(_) => "counter-stop-locked",
            Self::Renewed => "counter-stop-renewed",
            Self::Taken => "counter-stop-taken",
            Self::Over => "counter-stop-over",
            Self::Ended => "counter-stop-ended",
            Self::CodeLate => "counter-stop-code-late",
            Self::CodeTooOften => "counter-stop-code-too-often",
            Self::NotAllowed => "counter-stop-not-allowed",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Address | Self::Suspended | Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Taken | Self::Over | Self::Renewed => StatusCode::GONE,
            Self::Ended | Self::CodeLate | Self::CodeTooOften => StatusCode::CONFLICT,
        }
    }
}

impl From<Gone> for Stop {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Renewed => Self::Renewed,
            Gone::Taken => Self::Taken,
            Gone::Over => Self::Over,
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "counter/stop.html")]
pub struct StopPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What happened.
    pub what: String,
    /// What to do.
    pub next: String,
    /// The address that asked, where it is the reason.
    pub address: Option<String>,
    /// How long it lasts.
    pub left: Option<Left>,
    /// Where to begin again.
    pub again: Option<&'static str>,
}

/// Makes it.
pub fn view(visit: &Visit, why: Stop) -> StopPage {
    let lang = visit.prefs.lang;
    let mut frame = Frame::new(visit, Area::Elsewhere, lang.t(why.key()));
    frame.chrome.here = PATH.to_owned();
    StopPage {
        chrome: frame.chrome.clone(),
        frame,
        what: lang.t(&format!("{}.what", why.key())),
        next: lang.t(&format!("{}.next", why.key())),
        address: matches!(why, Stop::Address).then(|| visit.from.to_string()),
        left: match why {
            Stop::Locked(until) => Some(Left::until(lang, visit.app.now(), until)),
            _ => None,
        },
        again: (!matches!(why, Stop::Address | Stop::Suspended | Stop::Locked(_))).then_some(PATH),
    }
}

/// The answer.
pub fn stop(visit: &Visit, why: Stop) -> Response {
    let mut response = page(why.status(), &view(visit, why), &Policy::personal());
    if let Stop::Locked(until) = why {
        let wait = visit.app.now().until(until).as_secs().max(1);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}

/// What became of a step that was not made. A visit that cannot go on is over, so that the next number may be typed.
pub async fn no_step(desk: &Desk, why: NoStep) -> Result<Response, Fault> {
    if matches!(why, NoStep::Gone(Gone::Renewed | Gone::Over)) {
        counter::end(desk.app(), desk.browser.expose()).await?;
    }
    Ok(stop(
        &desk.visit,
        match why {
            NoStep::NoVisit | NoStep::Stage => Stop::Ended,
            NoStep::NotAllowed => Stop::NotAllowed,
            NoStep::Suspended => Stop::Suspended,
            NoStep::Gone(gone) => gone.into(),
            NoStep::Flow(error) => return Err(error.into()),
        },
    ))
}
