//! The page of a draft: filled in, saved, checked; rows come and go, files are sent, all without script.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::desk::Desk;
use super::draw::{FIND, Wrong};
use super::save::{self, Outcome};
use super::{conflict, spec, way_back};
use crate::backoffice::ROOT;
use crate::backoffice::fault::FaultPage;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::field_id;
use crate::backoffice::parts::form::{Button, Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::rows::{DO, RowAct};
use crate::backoffice::route::Answer;
use crate::backoffice::sign_up;
use crate::backoffice::visit::Visit;
use crate::web::{RocDateTime, i18n};
use mydata_store::repo::drafts::Owner;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/forms/draft.html")]
pub struct DraftPage {
    /// The frame.
    pub frame: Frame,
    /// What the form is for.
    pub lead: Option<String>,
    /// When it was saved last.
    pub saved: Option<String>,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// The form.
    pub form: Form,
    /// Throws the draft away.
    pub delete: Option<Link>,
}

/// The page of a draft, with what is wrong with it.
pub(super) fn view(visit: &Visit, desk: &Desk, wrong: &[Wrong], unnamed: &[String]) -> DraftPage {
    let lang = visit.lang();
    let sheet = desk.sheet(visit, wrong);
    let back = way_back(visit, desk);
    let frame = visit.frame(desk.title(visit), crumbs(&back, desk));
    let mut notices = returned(visit, desk);
    if !unnamed.is_empty() {
        let names = unnamed.join(if lang == crate::web::Lang::ZhTw { "、" } else { ", " });
        notices.push(Notice::new(Tone::Warn, visit.t1("form-parameters-unnamed", "names", names)));
    }
    let form = Form {
        lang,
        action: desk.path(),
        token: frame.token.clone(),
        hidden: vec![("version".to_owned(), desk.draft.version.to_string())],
        sections: sheet.sections(),
        buttons: vec![
            Button { label: visit.t("form-save"), value: "save", look: Look::Plain },
            Button { label: visit.t("form-check"), value: "check", look: Look::Primary },
        ],
        cancel: Some(Link::new(visit.t("cancel"), back.href)),
    };
    let at = RocDateTime::new(desk.draft.updated_at.to_timestamp());
    let key = spec::title_key(desk.form());
    let how = format!("{key}.how");
    DraftPage {
        frame,
        lead: i18n::has(lang, &how).then(|| visit.t(&how)),
        saved: (desk.draft.version > 1).then(|| visit.t1("form-saved-at", "at", at.date_time(lang))),
        notices,
        form,
        delete: matches!(desk.owner, Owner::Organisation(_))
            .then(|| Link::new(visit.t("form-delete"), format!("{}/delete", desk.path()))),
    }
}

fn crumbs(back: &Link, desk: &Desk) -> Vec<Crumb> {
    match desk.owner {
        // Who signs up has no pages above.
        Owner::Account(_) => Vec::new(),
        Owner::Organisation(_) => vec![Crumb::new(&back.label, &back.href)],
    }
}

/// What the reviewer wrote, above the form; what is about a field stands there.
fn returned(visit: &Visit, desk: &Desk) -> Vec<Notice> {
    let Some(returned) = &desk.returned else { return Vec::new() };
    let number = returned.number.to_string();
    let title = visit.t1("form-returned", "number", number);
    let reason = returned.review.reason.as_ref().map_or("", |reason| reason.as_str());
    let text = format!("{reason}\n\n{}", visit.t("form-returned.next"));
    vec![Notice::new(Tone::Warn, text).titled(title)]
}

/// `GET /drafts/{id}`; with `?check` it says what is wrong.
pub async fn show(visit: Visit) -> Answer {
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    let wrong = match visit.query("check") {
        Some(_) => desk.read(&visit).await?.err().unwrap_or_default(),
        None => Vec::new(),
    };
    let unnamed = desk.unnamed_parameters(&visit).await?;
    Ok(visit.ok(&view(&visit, &desk, &wrong, &unnamed)))
}

/// `POST /drafts/{id}`: whatever the button is, what is typed is saved first.
pub async fn submit(visit: Visit) -> Answer {
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    let wrong = match save::save(&visit, &desk).await? {
        Outcome::Saved(wrong) => wrong,
        Outcome::Stale(mine) => return conflict::show(&visit, &desk, &mine).await,
        Outcome::Gone => return Ok(gone(&visit)),
    };
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    if !wrong.is_empty() {
        let unnamed = desk.unnamed_parameters(&visit).await?;
        return Ok(visit.mend(&view(&visit, &desk, &wrong, &unnamed)));
    }
    let button = visit.posted.text(DO);
    if let Some(RowAct::Add(group) | RowAct::Remove(group, _)) = RowAct::read(button) {
        return Ok(visit.go(&format!("{}#{}", desk.path(), field_id(&group))));
    }
    match button {
        "find" => {
            let find = visit.posted.text(FIND);
            let find = percent_encoding::utf8_percent_encode(find, percent_encoding::NON_ALPHANUMERIC);
            Ok(visit.go(&format!("{}?{FIND}={find}#{FIND}", desk.path())))
        }
        "check" => check(&visit, &desk).await,
        _ => Ok(visit.go_saying(&desk.path(), "said-draft-saved", "")),
    }
}

async fn check(visit: &Visit, desk: &Desk) -> Answer {
    if let Err(wrong) = desk.read(visit).await? {
        let unnamed = desk.unnamed_parameters(visit).await?;
        return Ok(visit.mend(&view(visit, desk, &wrong, &unnamed)));
    }
    Ok(visit.go(&match desk.owner {
        Owner::Account(_) => format!("{ROOT}{}", sign_up::FORM),
        Owner::Organisation(_) => format!("{}/overview", desk.path()),
    }))
}

/// The draft was filed or deleted meanwhile: 410.
pub(super) fn gone(visit: &Visit) -> Response {
    let view = FaultPage {
        frame: visit.frame(visit.t("form-gone"), Vec::new()),
        what: visit.t("form-gone.what"),
        next: visit.t("form-gone.next"),
        reference: None,
    };
    visit.page(StatusCode::GONE, &view)
}
