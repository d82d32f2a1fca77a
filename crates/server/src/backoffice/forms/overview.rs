//! What was filled in, once more to be read, and 送審.

use askama::Template;
use mydata_domain::forms::FormKind;

use super::desk::Desk;
use super::draw::Wrong;
use super::page::gone;
use super::{spec, way_back};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, ActError, By};
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::form::{Button, Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// A section to be read.
pub struct ReadSection {
    /// Its heading.
    pub title: String,
    /// What was filled in.
    pub facts: Facts,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/forms/overview.html")]
pub struct OverviewPage {
    /// The frame.
    pub frame: Frame,
    /// What comes next.
    pub lead: String,
    /// Why it could not be filed.
    pub notice: Option<Notice>,
    /// What was filled in.
    pub sections: Vec<ReadSection>,
    /// Files it.
    pub form: Form,
}

/// The sections of a sheet, to be read.
pub fn sections(desk: &Desk, visit: &Visit) -> Vec<ReadSection> {
    let facts = desk.sheet(visit, &[]).facts();
    facts.into_iter().map(|(title, facts)| ReadSection { title, facts }).collect()
}

fn view(visit: &Visit, desk: &Desk, notice: Option<Notice>) -> OverviewPage {
    let back = way_back(visit, desk);
    let title = visit.t1("form-overview", "form", visit.t(spec::title_key(desk.form())));
    let frame = visit
        .frame(title, vec![Crumb::new(back.label, back.href), Crumb::new(desk.title(visit), desk.path())]);
    let form = Form {
        lang: visit.lang(),
        action: format!("{ROOT}/drafts/file"),
        token: frame.token.clone(),
        hidden: vec![
            ("draft".to_owned(), desk.draft.id.to_string()),
            ("version".to_owned(), desk.draft.version.to_string()),
        ],
        sections: Vec::new(),
        buttons: vec![Button { label: visit.t("form-file"), value: "file", look: Look::Primary }],
        cancel: Some(Link::new(visit.t("form-go-on"), desk.path())),
    };
    OverviewPage { lead: visit.t(lead(desk.form())), notice, sections: sections(desk, visit), form, frame }
}

fn lead(form: FormKind) -> &'static str {
    match form {
        FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => {
            "form-overview-go-live"
        }
        FormKind::Extension => "form-overview-extension",
        FormKind::PilotReport => "form-overview-report",
        _ => "form-overview-lead",
    }
}

/// `GET /drafts/{id}/overview`. What is not complete is mended first.
pub async fn show(visit: Visit) -> Answer {
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    if desk.read(&visit).await?.is_err() {
        return Ok(visit.go(&format!("{}?check", desk.path())));
    }
    Ok(visit.ok(&view(&visit, &desk, None)))
}

/// `POST /drafts/file`: 送審. Sent twice, it is filed once.
pub async fn submit(visit: Visit) -> Answer {
    let Ok(id) = visit.posted.text("draft").parse() else { return Ok(gone(&visit)) };
    let version = visit.posted.text("version").parse().unwrap_or(0);
    let desk = Desk::of(&visit, id).await?;
    if let Some(desk) = &desk
        && desk.read(&visit).await?.is_err()
    {
        return Ok(visit.go(&format!("{}?check", desk.path())));
    }
    match flow::file(&visit.app, &By::visitor(&visit)?, id, version).await {
        Ok(filed) => {
            let number = filed.number.map_or_else(String::new, |number| number.to_string());
            Ok(visit.go_saying(&format!("{ROOT}/items/{}", filed.item), "said-filed", &number))
        }
        Err(error) => refused(&visit, desk.as_ref(), error),
    }
}

fn refused(visit: &Visit, desk: Option<&Desk>, error: ActError) -> Answer {
    let Some(desk) = desk else { return Ok(gone(visit)) };
    if matches!(error, ActError::Faults(_)) {
        return Ok(visit.go(&format!("{}?check", desk.path())));
    }
    match error.fault() {
        Ok(Fault::NotFound) => Ok(gone(visit)),
        Ok(fault) => Err(fault),
        Err(error) => {
            let notice = Notice::new(Tone::Bad, error.words(visit.lang())).titled(visit.t("form-not-filed"));
            Ok(visit.page(http::StatusCode::CONFLICT, &view(visit, desk, Some(notice))))
        }
    }
}

/// Whether anything is wrong with what is typed.
///
/// # Errors
/// The store fails.
pub async fn is_complete(visit: &Visit, desk: &Desk) -> Result<bool, Fault> {
    let read: Result<_, Vec<Wrong>> = desk.read(visit).await?;
    Ok(read.is_ok())
}
