//! Two tabs, or two people, on one draft: the one that comes later sees both and chooses.

use askama::Template;
use http::StatusCode;
use mydata_domain::forms::Fields;

use super::desk::Desk;
use super::draw::path_label;
use super::{spec, way_back};
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::form::{Button, Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Its name.
    pub label: String,
    /// What is typed in this tab.
    pub mine: String,
    /// What is saved.
    pub there: String,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/forms/conflict.html")]
pub struct ConflictPage {
    /// The frame.
    pub frame: Frame,
    /// What happened.
    pub notice: Notice,
    /// What differs.
    pub differing: Vec<Differing>,
    /// Keeps what is typed in this tab.
    pub form: Form,
}

/// Every field in which two drafts differ, in the order of the form.
pub fn between(visit: &Visit, desk: &Desk, mine: &Fields) -> Vec<Differing> {
    let there = &desk.draft.fields;
    let form = desk.form();
    let mut paths: Vec<&str> = mine.iter().chain(there.iter()).map(|(path, _)| path).collect();
    let place = |path: &str| {
        let wanted = spec::pattern(path);
        spec::fields(form).position(|(rows, field)| {
            let known =
                rows.map_or_else(|| field.path.to_owned(), |r| spec::pattern(&field.in_row(r.path, 0)));
            known == wanted || format!("{known}[]") == wanted
        })
    };
    paths.sort_by_key(|path| (place(path), *path));
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| mine.text(path).trim() != there.text(path).trim())
        .map(|path| Differing {
            label: path_label(visit.lang(), form, path),
            mine: mine.text(path).to_owned(),
            there: there.text(path).to_owned(),
        })
        .collect()
}

/// The page: 409.
pub(super) async fn show(visit: &Visit, desk: &Desk, mine: &Fields) -> Answer {
    let lang = visit.lang();
    let back = way_back(visit, desk);
    let frame = visit.frame(
        visit.t("form-conflict"),
        vec![
            crate::backoffice::frame::Crumb::new(back.label, back.href),
            crate::backoffice::frame::Crumb::new(desk.title(visit), desk.path()),
        ],
    );
    let at = RocDateTime::new(desk.draft.updated_at.to_timestamp());
    let mut hidden = vec![("version".to_owned(), desk.draft.version.to_string())];
    hidden.extend(mine.iter().map(|(path, text)| (path.to_owned(), text.to_owned())));
    let form = Form {
        lang,
        action: desk.path(),
        token: frame.token.clone(),
        hidden,
        sections: Vec::new(),
        buttons: vec![Button { label: visit.t("form-conflict.mine"), value: "save", look: Look::Primary }],
        cancel: Some(Link::new(visit.t("form-conflict.there"), desk.path())),
    };
    let page = ConflictPage {
        notice: Notice::new(Tone::Warn, visit.t1("form-conflict.text", "at", at.date_time(lang))),
        differing: between(visit, desk, mine),
        form,
        frame,
    };
    Ok(visit.page(StatusCode::CONFLICT, &page))
}
