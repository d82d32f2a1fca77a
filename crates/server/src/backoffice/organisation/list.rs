//! All organisations, for the operating side.

use mydata_domain::organisation::OrganisationKind;
use mydata_store::repo::list::List;
use mydata_store::repo::organisations::{self as kept, Listed, Sort as By, State};

use super::{OPENERS, path};
use crate::backoffice::ROOT;
use crate::backoffice::lists::{ListPage, first_number, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::Lang;

const SHAPE: Shape = Shape {
    filters: &["state"],
    sorts: &["name", "changed"],
    default: Sort { key: "name", descending: false },
};

/// Whether an organisation's accounts may work.
pub(super) fn chip(lang: Lang, state: Option<State>) -> Chip {
    let (colour, key) = match state {
        Some(State::InReview) => (Colour::Amber, "organisation-state-in-review"),
        Some(State::Active) => (Colour::Green, "organisation-state-active"),
        Some(State::Closed) => (Colour::Quiet, "organisation-state-closed"),
        None => (Colour::Quiet, "organisation-state-file"),
    };
    Chip::new(colour, lang.t(key))
}

pub(super) fn kind_key(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Agency => "form-kind-agency",
        OrganisationKind::Private => "form-kind-private",
    }
}

/// `GET /organisations`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: query.search.clone(),
        filter: query.filter("state").and_then(|state| state.parse().ok()),
        sort: if query.sort.key == "changed" { By::Changed } else { By::Name },
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = kept::list(&visit.app.store.db, &asked).await?;
    query.page = page.page;
    let lang = visit.lang();
    let row = |(listed, number): (&Listed, u64)| {
        let organisation = &listed.organisation;
        vec![
            Cell::Soft(number.to_string()),
            Cell::Name {
                title: super::name(&visit, organisation),
                below: Some(organisation.id.to_string()),
                href: Some(path(&organisation.id)),
            },
            Cell::Text(visit.t(kind_key(organisation.kind))),
            Cell::Chip(chip(lang, listed.state)),
            Cell::at(lang, listed.updated_at),
        ]
    };
    let first = first_number(&page);
    let states = [State::InReview, State::Active, State::Closed]
        .map(|state| Choice::new(state.as_str(), chip(lang, Some(state)).text));
    let list = Listing {
        lang,
        path: format!("{ROOT}/organisations"),
        query,
        caption: visit.t("organisations"),
        search: Some(visit.t("organisation-search")),
        filters: vec![Filter {
            name: "state",
            label: visit.t("organisation-state"),
            choices: states.to_vec(),
        }],
        action: OPENERS
            .contains(&visit.me()?.account.role)
            .then(|| Link::new(visit.t("organisation-open"), format!("{ROOT}/organisations/new"))),
        heads: vec![
            Head::new(visit.t("list-number")),
            Head::sorting(visit.t("organisation-name"), "name"),
            Head::new(visit.t("organisation-kind")),
            Head::new(visit.t("organisation-state")),
            Head::sorting(visit.t("organisation-changed"), "changed"),
        ],
        rows: page.rows.iter().zip(first..).map(row).collect(),
        total: page.count,
        empty: visit.t("organisation-none"),
    };
    let notices = more(&visit, &page);
    Ok(visit.ok(&ListPage { frame: visit.frame(visit.t("organisations"), Vec::new()), notices, list }))
}
