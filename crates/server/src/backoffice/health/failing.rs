//! 異常管理 (R88): what fails, since when, why, how often; with what may be done about it. Organisations see and try their
//! own; the operating team sees everything, notifies, suspends and resumes.

use mydata_domain::account::Role;
use mydata_domain::item::{ActName, Cause, Kind, Stage};
use mydata_store::repo::health::{self, Failing, Filter as By, Sort as SortBy};
use mydata_store::repo::list::List;

use super::words;
use crate::backoffice::item::{act, path, words as item_words};
use crate::backoffice::lists::{ListPage, first_number, more};
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::list::{Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, scope};
use crate::web::Lang;
use crate::web::i18n::t;

pub(super) const SHAPE: Shape = Shape {
    filters: &[],
    sorts: &["since", "times", "name", "organisation"],
    default: Sort { key: "since", descending: false },
};

/// `GET /datasets/failing`.
pub async fn datasets(visit: Visit) -> Answer {
    show(&visit, Kind::Dataset).await
}

/// `GET /services/failing`.
pub async fn services(visit: Visit) -> Answer {
    show(&visit, Kind::Service).await
}

async fn show(visit: &Visit, kind: Kind) -> Answer {
    let mut query = ListQuery::read(visit, SHAPE);
    let asked = List {
        search: query.search.clone(),
        filter: By { kind: Some(kind) },
        sort: match query.sort.key {
            "times" => SortBy::Failures,
            "name" => SortBy::Name,
            "organisation" => SortBy::Organisation,
            _ => SortBy::Since,
        },
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = health::failing(&visit.app.store.db, &scope::of_visit(visit)?, &asked).await?;
    query.page = page.page;
    let role = visit.me()?.account.role;
    let frame = visit.frame(title(visit.lang(), kind), Vec::new());
    let first = first_number(&page);
    let rows = page.rows.iter().zip(first..);
    let rows = rows.map(|(row, number)| cells(visit.lang(), row, number, role, visit.now, &frame.token));
    let rows = rows.collect();
    let list = listing(visit.lang(), kind, role, query, rows, page.count);
    Ok(visit.ok(&ListPage { frame, notices: more(visit, &page), list }))
}

pub(super) fn title(lang: Lang, kind: Kind) -> String {
    lang.t(if kind == Kind::Service { "failing-services" } else { "failing-datasets" })
}

/// The list around its rows.
pub(super) fn listing(
    lang: Lang,
    kind: Kind,
    role: Role,
    query: ListQuery,
    rows: Vec<Vec<Cell>>,
    total: u64,
) -> Listing {
    let (name, path, empty) = match kind {
        Kind::Service => ("list-name-service", "/services/failing", "failing-none-service"),
        _ => ("list-name-dataset", "/datasets/failing", "failing-none-dataset"),
    };
    let mut heads = vec![
        Head::new(lang.t("list-number")),
        Head::sorting(lang.t("list-organisation"), "organisation"),
        Head::sorting(lang.t(name), "name"),
        Head::new(lang.t("list-state")),
        Head::sorting(lang.t("failing-since"), "since"),
        Head::new(lang.t("failing-error")),
        Head::sorting(lang.t("failing-times"), "times"),
    ];
    if may_try(role) {
        heads.push(Head::new(lang.t("failing-try")));
    }
    if role == Role::Operator {
        heads.push(Head::new(lang.t("failing-do")));
    }
    Listing {
        lang,
        path: format!("{ROOT}{path}"),
        query,
        caption: title(lang, kind),
        search: Some(lang.t("list-search-items")),
        filters: Vec::new(),
        action: None,
        heads,
        rows,
        total,
        empty: lang.t(empty),
    }
}

fn may_try(role: Role) -> bool {
    Role::ORGANISATION.contains(&role) || role == Role::Operator
}

/// A row.
pub(super) fn cells(
    lang: Lang,
    row: &Failing,
    number: u64,
    role: Role,
    now: mydata_domain::Time,
    token: &str,
) -> Vec<Cell> {
    let item = &row.item;
    let own = path(item.id);
    let record = item.production_record.clone().or_else(|| item.test_record.clone());
    let error = match &row.fault {
        Some(fault) => {
            let step = words::step(lang, item.kind, fault.step());
            let args = [("step", step.into()), ("what", words::reason(lang, fault).into())];
            Cell::Text(t(lang, "probe-fault-in-step", &args))
        }
        None => Cell::Soft(lang.t("failing-by-people")),
    };
    let times = match row.failures {
        0 => Cell::Nothing,
        times => Cell::Number(i64::from(times)),
    };
    let mut cells = vec![
        Cell::Soft(number.to_string()),
        Cell::Text(item.organisation_name.clone()),
        Cell::Name { title: item.name.clone(), below: record, href: Some(own.clone()) },
        Cell::Chip(item_words::chip(lang, &item.standing, now)),
        Cell::at(lang, row.since),
        error,
        times,
    ];
    if may_try(role) {
        cells.push(Cell::Button {
            action: format!("{own}/probe"),
            token: token.to_owned(),
            label: lang.t("failing-try.now"),
            about: item.name.clone(),
        });
    }
    if role == Role::Operator {
        let link = |key: &str, href: String| Link::new(lang.t(key), href).about(item.name.clone());
        let mut links = vec![link("failing-tell", format!("{ROOT}/failing/tell?item={}", item.id))];
        let failing = matches!(&item.standing, Stage::Suspended(s) if s.is_for(Cause::Failing));
        links.push(match failing {
            true => link("failing-resume", act::path(item.id, ActName::ResumeFailing)),
            false => link("failing-suspend", act::path(item.id, ActName::SuspendFailing)),
        });
        cells.push(Cell::Links(links));
    }
    cells
}
