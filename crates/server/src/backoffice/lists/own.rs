//! 資料集列表, 服務列表, 臨櫃服務列表: the items of one's organisation (R39, R40).

use std::collections::HashMap;

use mydata_domain::filing::FilingKind;
use mydata_domain::item::{ActName, ItemId, Kind, Stage, step};
use mydata_store::repo::health;
use mydata_store::repo::items::{self, Filter as By, Listed};
use mydata_store::repo::list::{List, Page};

use super::{ListPage, SHAPE, first_number, more, sorted};
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::begin::form_path;
use crate::backoffice::health::view;
use crate::backoffice::item::words;
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, routes, scope};
use mydata_domain::item::StageName;

/// `GET /datasets`.
pub async fn datasets(visit: Visit) -> Answer {
    show(&visit, Kind::Dataset).await
}

/// `GET /services`.
pub async fn services(visit: Visit) -> Answer {
    show(&visit, Kind::Service).await
}

/// `GET /counter-services`.
pub async fn counter_services(visit: Visit) -> Answer {
    show(&visit, Kind::CounterService).await
}

/// The texts of a kind: name of the column, the button above, nothing there.
fn keys(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Dataset => ("list-name-dataset", "list-new-dataset", "list-none-dataset"),
        Kind::Service => ("list-name-service", "list-new-service", "list-none-service"),
        Kind::CounterService => {
            ("list-name-counter-service", "list-new-counter-service", "list-none-counter-service")
        }
    }
}

/// What is filtered by: every stage.
pub(super) fn stages(visit: &Visit) -> Filter {
    let lang = visit.lang();
    let choice = |stage: StageName| Choice::new(stage.as_str(), words::stage(lang, stage));
    Filter {
        name: "state",
        label: visit.t("list-state"),
        choices: StageName::ALL.into_iter().map(choice).collect(),
    }
}

async fn show(visit: &Visit, kind: Kind) -> Answer {
    let scope = scope::of_visit(visit)?;
    let mut query = ListQuery::read(visit, SHAPE);
    let stage = query.filter("state").and_then(|state| state.parse().ok());
    let asked = List {
        search: query.search.clone(),
        filter: By { kind: Some(kind), stages: stage.into_iter().collect(), ..By::default() },
        sort: sorted(&query),
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = items::list(&visit.app.store.db, &scope, &asked).await?;
    query.page = page.page;
    let known = standings(visit, &page).await?;
    let (name, new, none) = keys(kind);
    let first = first_number(&page);
    let rows = page.rows.iter().zip(first..).map(|(item, number)| row(visit, item, number, &known));
    let path = format!("{ROOT}{}", words::list_path(kind));
    let create = format!("{path}/new");
    let list = Listing {
        lang: visit.lang(),
        caption: visit.t(words::list_key(kind)),
        search: Some(visit.t("list-search-items")),
        filters: vec![stages(visit)],
        action: routes::has_page(&create).then(|| Link::new(visit.t(new), create)),
        heads: vec![
            Head::new(visit.t("list-number")),
            Head::sorting(visit.t("list-organisation"), "organisation"),
            Head::sorting(visit.t("list-category"), "category"),
            Head::sorting(visit.t(name), "name"),
            Head::sorting(visit.t("list-state"), "stage"),
            Head::new(visit.t("list-display")),
            Head::new(visit.t("list-edit")),
            Head::new(visit.t("list-look")),
        ],
        rows: rows.collect::<Result<_, Fault>>()?,
        total: page.count,
        empty: visit.t(none),
        path,
        query,
    };
    let notices = more(visit, &page);
    Ok(visit.ok(&ListPage { frame: visit.frame(visit.t(words::list_key(kind)), Vec::new()), notices, list }))
}

/// The number by which an item is known: its record's, or its form's.
pub(super) fn known_as(item: &Listed) -> Option<String> {
    let record = item.production_record.clone().or_else(|| item.test_record.clone());
    record.filter(|_| item.kind != Kind::CounterService).or_else(|| item.number.map(|n| n.to_string()))
}

/// What is known of the health of a page's items.
pub(super) async fn standings(
    visit: &Visit,
    page: &Page<Listed>,
) -> Result<HashMap<ItemId, health::Standing>, Fault> {
    let ids: Vec<ItemId> = page.rows.iter().map(|item| item.id).collect();
    Ok(health::standings(&visit.app.store.db, &ids).await?)
}

/// 狀態: where it stands, and beside it 未啟用輪詢 or 異常 (R41, R42).
pub(super) fn state(visit: &Visit, item: &Listed, known: &HashMap<ItemId, health::Standing>) -> Cell {
    let lang = visit.lang();
    let standing = known.get(&item.id).copied().unwrap_or_default();
    let let_in = item.standing.running().is_some();
    let chips =
        [Some(words::chip(lang, &item.standing, visit.now)), view::listed(lang, item.kind, let_in, standing)];
    Cell::Stage(chips.into_iter().flatten().collect(), words::way(lang, &item.standing, false))
}

fn row(
    visit: &Visit,
    item: &Listed,
    number: u64,
    known: &HashMap<ItemId, health::Standing>,
) -> Result<Vec<Cell>, Fault> {
    let lang = visit.lang();
    let href = format!("{ROOT}/items/{}", item.id);
    let title = if item.name.is_empty() { visit.t("item-unnamed") } else { item.name.clone() };
    Ok(vec![
        Cell::Soft(number.to_string()),
        Cell::Text(item.organisation_name.clone()),
        if item.category.is_empty() {
            Cell::Nothing
        } else {
            Cell::Text(words::category(visit, item.kind, &item.category))
        },
        Cell::Name { title: title.clone(), below: known_as(item), href: Some(href.clone()) },
        state(visit, item, known),
        words::display(lang, &item.standing, item.shown),
        match edit(visit, item)? {
            Some(path) => Cell::Links(vec![Link::new(visit.t("list-edit"), path).about(title.clone())]),
            None => Cell::Nothing,
        },
        Cell::Links(vec![Link::new(visit.t("list-look"), href).about(title)]),
    ])
}

/// The form that may be filled in now: of a draft its own, of what is listed that of a change.
fn edit(visit: &Visit, item: &Listed) -> Result<Option<String>, Fault> {
    let (act, filing) = match item.standing {
        Stage::Draft(_) => (ActName::File, FilingKind::NewItem),
        _ => (ActName::FileChange, FilingKind::Change),
    };
    let Some(organisation) = visit.catalogue.organisation(item.organisation.as_str()) else {
        return Ok(None);
    };
    let facts = mydata_domain::item::Facts {
        organisation: item.organisation.clone(),
        kind: organisation.kind,
        // Whether a competent authority is on record is asked when the form is filed.
        authority: Some(item.organisation.clone()),
        certificates: Vec::new(),
    };
    let may = step::may(&item.standing, act, &scope::actor(visit)?, &facts, visit.now).is_ok();
    Ok(may.then(|| form_path(item.id, filing)))
}
