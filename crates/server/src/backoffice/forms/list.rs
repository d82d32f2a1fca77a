//! The drafts of an organisation: what was begun and not filed yet.

use askama::Template;
use mydata_domain::forms::FormKind;
use mydata_store::repo::drafts;

use super::desk::{self, Desk};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::list::{Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

const SHAPE: Shape = Shape { filters: &[], sorts: &[], default: Sort { key: "saved", descending: true } };

/// The page.
#[derive(Template)]
#[template(path = "backoffice/forms/list.html")]
pub struct DraftsPage {
    /// The frame.
    pub frame: Frame,
    /// The drafts, last saved first.
    pub list: Listing,
}

/// A form that is filed from a draft of an organisation.
fn is_shown(form: FormKind) -> bool {
    form != FormKind::Organisation
}

/// `GET /drafts`.
pub async fn show(visit: Visit) -> Answer {
    let app = &visit.app;
    let lang = visit.lang();
    let owner = desk::owner(&visit)?;
    let all = drafts::of_owner(&app.store.db, &app.store.crypter, &owner).await?;
    let mut rows = Vec::new();
    for draft in all.into_iter().filter(|draft| is_shown(draft.form)) {
        let saved = draft.updated_at;
        let desk = Desk::around(&visit, owner.clone(), draft).await?;
        let title = desk.title(&visit);
        rows.push(vec![
            Cell::Name { title: title.clone(), below: None, href: Some(desk.path()) },
            Cell::at(lang, saved),
            Cell::Links(vec![
                Link::new(visit.t("form-go-on"), desk.path()).about(&title),
                Link::new(visit.t("form-delete"), format!("{}/delete", desk.path())).about(&title),
            ]),
        ]);
    }
    let list = Listing {
        lang,
        path: format!("{ROOT}/drafts"),
        query: ListQuery::read(&visit, SHAPE),
        caption: visit.t("drafts"),
        search: None,
        filters: Vec::new(),
        action: None,
        heads: vec![
            Head::new(visit.t("drafts.form")),
            Head::new(visit.t("drafts.saved")),
            Head::new(visit.t("drafts.do")),
        ],
        total: rows.len() as u64,
        rows,
        empty: visit.t("drafts.none"),
    };
    Ok(visit.ok(&DraftsPage { frame: visit.frame(visit.t("drafts"), Vec::new()), list }))
}
