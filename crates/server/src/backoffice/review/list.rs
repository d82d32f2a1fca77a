//! 審核: the list of filings (R54, R55), of all or of one's own.

use std::collections::HashMap;

use mydata_domain::account::{AccountId, Role};
use mydata_domain::filing::{FilingKind, FilingState, ReviewStep};
use mydata_domain::item::Kind;
use mydata_store::repo::accounts;
use mydata_store::repo::filings::{self, Filter as By, Listed, Sort as SortBy};
use mydata_store::repo::list::List;

use crate::backoffice::item::page::{filing_key, state_chip};
use crate::backoffice::item::words;
use crate::backoffice::lists::{ListPage, first_number, more};
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, scope};

const SHAPE: Shape = Shape {
    filters: &["state", "for", "item", "turn"],
    sorts: &["filed", "number"],
    default: Sort { key: "filed", descending: true },
};

/// The text that names a station.
pub(super) fn step_key(step: ReviewStep) -> &'static str {
    match step {
        ReviewStep::Operator => "role-operator",
        ReviewStep::Authority => "role-authority",
        ReviewStep::Ministry => "role-ministry",
    }
}

fn filters(visit: &Visit) -> Vec<Filter> {
    let lang = visit.lang();
    let state = |state: FilingState| Choice::new(state.as_str(), state_chip(visit, state).text);
    let kind = |kind: FilingKind| Choice::new(kind.as_str(), visit.t(filing_key(kind)));
    let item = |kind: Kind| Choice::new(kind.as_str(), words::kind(lang, kind));
    let turn = |step: ReviewStep| Choice::new(step.as_str(), visit.t(step_key(step)));
    vec![
        Filter {
            name: "state",
            label: visit.t("review-state"),
            choices: FilingState::ALL.into_iter().map(state).collect(),
        },
        Filter {
            name: "turn",
            label: visit.t("review-turn"),
            choices: ReviewStep::ALL.into_iter().map(turn).collect(),
        },
        Filter {
            name: "for",
            label: visit.t("review-for"),
            choices: FilingKind::ALL.into_iter().map(kind).collect(),
        },
        Filter {
            name: "item",
            label: visit.t("review-item"),
            choices: Kind::ALL.into_iter().map(item).collect(),
        },
    ]
}

/// `GET /reviews`.
pub async fn show(visit: Visit) -> Answer {
    let scope = scope::of_visit(&visit)?;
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: query.search.clone(),
        filter: By {
            kind: query.filter("for").and_then(|v| v.parse().ok()),
            item_kind: query.filter("item").and_then(|v| v.parse().ok()),
            state: query.filter("state").and_then(|v| v.parse().ok()),
            step: query.filter("turn").and_then(|v| v.parse().ok()),
        },
        sort: if query.sort.key == "number" { SortBy::Number } else { SortBy::Filed },
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let page = filings::list(db, &scope, &asked).await?;
    query.page = page.page;
    let ids: Vec<AccountId> = page.rows.iter().map(|f| f.filed_by).collect();
    // An organisation knows its own people; everybody else sees who applies as the header shows names.
    let whole = Role::ORGANISATION.contains(&visit.me()?.account.role);
    let names: HashMap<AccountId, String> = accounts::with_ids(db, crypter, &ids)
        .await?
        .into_iter()
        .map(|a| (a.id, if whole { a.holder.name.clone() } else { a.holder.masked_name() }))
        .collect();
    let first = first_number(&page);
    let rows =
        page.rows.iter().zip(first..).map(|(filing, number)| row(&visit, filing, number, &names)).collect();
    let list = Listing {
        lang: visit.lang(),
        path: format!("{ROOT}/reviews"),
        query,
        caption: visit.t("menu-reviews"),
        search: Some(visit.t("review-search")),
        filters: filters(&visit),
        action: None,
        heads: vec![
            Head::new(visit.t("list-number")),
            Head::new(visit.t("review-applicant")),
            Head::sorting(visit.t("item-form-number"), "number"),
            Head::new(visit.t("review-organisation")),
            Head::new(visit.t("review-item")),
            Head::sorting(visit.t("review-filed"), "filed"),
            Head::new(visit.t("review-about")),
            Head::new(visit.t("review-state")),
            Head::new(visit.t("review-print")),
        ],
        rows,
        total: page.count,
        empty: visit.t("review-none"),
    };
    let notices = more(&visit, &page);
    Ok(visit.ok(&ListPage { frame: visit.frame(visit.t("menu-reviews"), Vec::new()), notices, list }))
}

fn row(visit: &Visit, filing: &Listed, number: u64, names: &HashMap<AccountId, String>) -> Vec<Cell> {
    let lang = visit.lang();
    let href = format!("{ROOT}/reviews/{}", filing.id);
    let form = filing.number.to_string();
    let below = match filing.item_kind {
        Some(kind) => words::kind(lang, kind),
        None => visit.t("review-item-account"),
    };
    let chip = state_chip(visit, filing.state);
    let state = match filing.step {
        Some(step) => Cell::Turn(chip, visit.t(step_key(step))),
        None => Cell::Chip(chip),
    };
    vec![
        Cell::Soft(number.to_string()),
        names.get(&filing.filed_by).map_or(Cell::Nothing, |name| Cell::Text(name.clone())),
        Cell::Name {
            title: form.clone(),
            below: Some(visit.t(filing_key(filing.kind))),
            href: Some(href.clone()),
        },
        Cell::Text(filing.organisation_name.clone()),
        Cell::Text(below),
        Cell::at(lang, filing.filed_at),
        Cell::Links(vec![Link::new(filing.item_name.clone(), href.clone())]),
        state,
        Cell::Links(vec![Link::new(visit.t("review-print.short"), format!("{href}/print")).about(form)]),
    ]
}
