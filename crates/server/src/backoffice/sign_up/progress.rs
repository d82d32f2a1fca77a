//! How far a sign-up is: its forms while they are filled in, and after 送出 that they are in review.

use askama::Template;
use mydata_domain::account::AccountState;
use mydata_domain::filing::FilingKind;
use mydata_store::repo::filings;

use super::{BEGIN, Drafts, desk};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::{overview, spec};
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// A step of signing up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done in it.
    pub title: String,
    /// What it asks for.
    pub how: String,
    /// How far it is.
    pub chip: Chip,
    /// Ways into it; the first is what comes next.
    pub links: Vec<Link>,
    /// It is what comes next.
    pub next: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/sign_up/progress.html")]
pub struct ProgressPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be known.
    pub notices: Vec<Notice>,
    /// The steps; none after 送出.
    pub steps: Vec<Step>,
}

/// How far a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing was saved yet.
    Open,
    /// Something was, and not all of it.
    Begun,
    /// Nothing is wrong with it.
    Complete,
}

fn chip(visit: &Visit, how: How) -> Chip {
    match how {
        How::Open => Chip::new(Colour::Quiet, visit.t("signup-step-open")),
        How::Begun => Chip::new(Colour::Amber, visit.t("signup-step-begun")),
        How::Complete => Chip::new(Colour::Green, visit.t("signup-step-complete")),
    }
}

/// `GET /signup/form`.
pub async fn show(visit: Visit) -> Answer {
    let me = visit.me()?;
    if me.account.state == AccountState::FillingIn {
        return filling_in(&visit).await;
    }
    let app = &visit.app;
    let filed =
        filings::last_of_account(&app.store.db, &app.store.crypter, me.account.id, FilingKind::SignUp)
            .await?;
    let number = filed.map_or_else(String::new, |filed| filed.number.to_string());
    let mut text = visit.t("signup-in-review.what");
    if !number.is_empty() {
        text = format!("{}\n\n{text}", visit.t1("signup-number", "number", number));
    }
    let page = ProgressPage {
        frame: visit.frame(visit.t("signup-in-review"), Vec::new()),
        notices: vec![Notice::new(Tone::Good, text)],
        steps: Vec::new(),
    };
    Ok(visit.ok(&page))
}

async fn filling_in(visit: &Visit) -> Answer {
    let drafts = Drafts::of(visit).await?;
    let mut notices = Vec::new();
    let (organisation, organisation_how) = match drafts.organisation {
        None => (None, How::Open),
        Some(draft) => {
            let desk = desk(visit, draft).await?;
            if let Some(returned) = &desk.returned {
                let title = visit.t1("form-returned", "number", returned.number.to_string());
                let reason = returned.review.reason.as_ref().map_or("", |reason| reason.as_str());
                notices.push(Notice::new(Tone::Warn, reason).titled(title));
            }
            let how = how_far(visit, &desk).await?;
            (Some(desk.path()), how)
        }
    };
    let mut application_how = How::Open;
    let mut application = Vec::new();
    let choose = format!("{ROOT}{BEGIN}/choose");
    let mut title = visit.t("signup-step-application");
    if let Some(draft) = drafts.application {
        let desk = desk(visit, draft).await?;
        application_how = how_far(visit, &desk).await?;
        title = visit.t(spec::title_key(desk.form()));
        application.push(Link::new(visit.t("signup-step-fill"), desk.path()).about(&title));
        application.push(Link::new(visit.t("signup-step-other"), choose));
    } else {
        application.push(Link::new(visit.t("signup-step-choose"), choose));
    }
    let complete = organisation_how == How::Complete && application_how == How::Complete;
    let organisation_title = visit.t("form-organisation");
    let organisation = organisation
        .map(|path| Link::new(visit.t("signup-step-fill"), path).about(&organisation_title))
        .into_iter()
        .collect();
    let send = Link::new(visit.t("signup-step-overview"), format!("{ROOT}{BEGIN}/overview"));
    let steps = vec![
        Step {
            title: organisation_title,
            how: visit.t("signup-step-organisation"),
            chip: chip(visit, organisation_how),
            links: organisation,
            next: organisation_how != How::Complete,
        },
        Step {
            title,
            how: visit.t("signup-step-application.how"),
            chip: chip(visit, application_how),
            links: application,
            next: organisation_how == How::Complete && application_how != How::Complete,
        },
        Step {
            title: visit.t("signup-step-send"),
            how: visit.t("signup-step-send.how"),
            chip: if complete {
                Chip::new(Colour::Amber, visit.t("signup-step-waiting"))
            } else {
                Chip::new(Colour::Quiet, visit.t("signup-step-later"))
            },
            links: if complete { vec![send] } else { Vec::new() },
            next: complete,
        },
    ];
    notices.push(Notice::new(Tone::Calm, visit.t("signup-progress.what")));
    let frame = visit.frame(visit.t("signup-progress"), Vec::new());
    Ok(visit.ok(&ProgressPage { frame, notices, steps }))
}

/// How far a draft is.
pub(super) async fn how_far(
    visit: &Visit,
    desk: &crate::backoffice::forms::desk::Desk,
) -> Result<How, Fault> {
    Ok(if overview::is_complete(visit, desk).await? {
        How::Complete
    } else if desk.draft.version > 1 {
        How::Begun
    } else {
        How::Open
    })
}
