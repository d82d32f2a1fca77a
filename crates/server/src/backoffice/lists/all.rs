//! 所有資料集列表, 所有服務列表 (R91, R92). The operating side sees every item wherever it stands. An organisation sees what
//! is offered in the zone it works in, with what belongs to everybody to know; of others' drafts and reviews it learns nothing.

use mydata_domain::Zone;
use mydata_domain::account::Role;
use mydata_domain::item::{Kind, StageName};
use mydata_store::repo::items::{self, Filter as By, Listed};
use mydata_store::repo::list::{List, Scope};
use mydata_wire::Verification;

use super::own::{known_as, stages};
use super::{ListPage, SHAPE, first_number, more, sorted};
use crate::backoffice::item::words;
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, scope};
use crate::web::verification_name;

/// `GET /all-datasets`.
pub async fn datasets(visit: Visit) -> Answer {
    show(&visit, Kind::Dataset).await
}

/// `GET /all-services`.
pub async fn services(visit: Visit) -> Answer {
    show(&visit, Kind::Service).await
}

/// What is offered: in the test zone whatever is let in there, in production what is listed.
fn offered(zone: Zone) -> Vec<StageName> {
    match zone {
        Zone::Test => StageName::RUNNING.to_vec(),
        Zone::Production => {
            vec![StageName::Listed, StageName::ChangeOperatorReview, StageName::ChangeMinistryReview]
        }
    }
}

/// The weakest method accepted, as the platform's documents write it.
pub fn level(visit: &Visit, method: Verification) -> String {
    format!("{} ({method})", verification_name(visit.lang(), method))
}

async fn show(visit: &Visit, kind: Kind) -> Answer {
    let account = &visit.me()?.account;
    // A competent authority looks at what is offered like everybody else; what it reviews stands in its list of reviews.
    let oversees = Role::OVERSEERS.contains(&account.role);
    let mut query = ListQuery::read(visit, SHAPE);
    let own = query.filter("own").is_some() && Role::ORGANISATION.contains(&account.role);
    let stages_asked = match query.filter("state").and_then(|state| state.parse().ok()) {
        Some(stage) if oversees => vec![stage],
        _ if oversees => Vec::new(),
        _ => offered(visit.zone()),
    };
    let asked = List {
        search: query.search.clone(),
        filter: By {
            kind: Some(kind),
            stages: stages_asked,
            zone: (!oversees && visit.zone() == Zone::Production).then_some(Zone::Production),
            ..By::default()
        },
        sort: sorted(&query),
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let scope = if own { scope::of_visit(visit)? } else { Scope::All };
    let page = items::list(&visit.app.store.db, &scope, &asked).await?;
    query.page = page.page;
    let first = first_number(&page);
    let rows = page
        .rows
        .iter()
        .zip(first..)
        .map(|(item, number)| row(visit, kind, item, number, oversees))
        .collect();
    let mine = || Filter {
        name: "own",
        label: visit.t("list-whose"),
        choices: vec![Choice::new("yes", visit.t("list-whose.own"))],
    };
    let filters = if oversees {
        vec![stages(visit)]
    } else if Role::ORGANISATION.contains(&account.role) {
        vec![mine()]
    } else {
        Vec::new()
    };
    let (title, path) = match kind {
        Kind::Service => (visit.t("menu-all-services"), format!("{ROOT}/all-services")),
        _ => (visit.t("menu-all-datasets"), format!("{ROOT}/all-datasets")),
    };
    let list = Listing {
        lang: visit.lang(),
        path,
        query,
        caption: title.clone(),
        search: Some(visit.t("list-search-items")),
        filters,
        action: None,
        heads: heads(visit, kind, oversees),
        rows,
        total: page.count,
        empty: visit.t("list-none-offered"),
    };
    Ok(visit.ok(&ListPage { frame: visit.frame(title, Vec::new()), notices: more(visit, &page), list }))
}

fn heads(visit: &Visit, kind: Kind, oversees: bool) -> Vec<Head> {
    let mut heads =
        vec![Head::new(visit.t("list-number")), Head::sorting(visit.t("list-provider"), "organisation")];
    match kind {
        Kind::Dataset => {
            heads.push(Head::sorting(visit.t("list-name-dataset"), "name"));
            heads.push(Head::new(visit.t("list-scope-code")));
            heads.push(Head::new(visit.t("list-level")));
        }
        _ => {
            heads.push(Head::sorting(visit.t("list-category-service"), "category"));
            heads.push(Head::sorting(visit.t("list-name-service"), "name"));
        }
    }
    heads.push(Head::sorting(visit.t("list-state"), "stage"));
    if oversees || kind == Kind::Dataset {
        heads.push(Head::new(visit.t("list-look-dataset")));
    }
    heads
}

fn row(visit: &Visit, kind: Kind, item: &Listed, number: u64, oversees: bool) -> Vec<Cell> {
    let lang = visit.lang();
    let page = format!("{ROOT}/items/{}", item.id);
    let record = match visit.zone() {
        Zone::Production => item.production_record.clone(),
        Zone::Test => item.test_record.clone().or_else(|| item.production_record.clone()),
    };
    let name = |below| Cell::Name { title: item.name.clone(), below, href: oversees.then(|| page.clone()) };
    let code = |text: Option<String>| text.map_or(Cell::Nothing, Cell::Code);
    let mut row = vec![Cell::Soft(number.to_string()), Cell::Text(item.organisation_name.clone())];
    let id = record.as_deref().and_then(|id| id.parse().ok());
    let dataset = id.and_then(|id| visit.catalogue.datasets.get(&id)).map(|d| &d.dataset);
    if kind == Kind::Dataset {
        row.push(name(None));
        row.push(code(record.clone().or_else(|| known_as(item))));
        row.push(dataset.map_or(Cell::Nothing, |d| Cell::Text(level(visit, d.weakest_verification))));
    } else {
        row.push(Cell::Text(words::category(visit, item.kind, &item.category)));
        row.push(name(None));
    }
    row.push(if oversees {
        Cell::Stage(words::chip(lang, &item.standing, visit.now), words::way(lang, &item.standing, false))
    } else {
        Cell::Chip(Chip::new(Colour::Green, visit.t("list-in-use")))
    });
    if oversees {
        let look = Link::new(visit.t("list-look"), page).about(item.name.clone());
        row.push(Cell::Links(vec![look]));
    } else if kind == Kind::Dataset {
        row.push(match dataset {
            Some(d) => {
                let href = format!("{ROOT}/all-datasets/dataset?resource_id={}", d.resource_id);
                Cell::Links(vec![Link::new(visit.t("list-look"), href).about(item.name.clone())])
            }
            None => Cell::Nothing,
        });
    }
    row
}
