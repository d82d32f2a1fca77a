//! 稽核紀錄: who did what, and when. Rows are only ever read here.

use std::collections::HashMap;

use mydata_domain::Time;
use mydata_domain::account::{AccountId, AccountName};
use mydata_domain::audit::{Actor, What};
use mydata_domain::calendar::{end_of, midnight, read_day};
use mydata_store::StoreError;
use mydata_store::repo::list::List;
use mydata_store::repo::{accounts, audit};

use super::{above, chain};
use crate::backoffice::ROOT;
use crate::backoffice::lists::{ListPage, more};
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

const SHAPE: Shape =
    Shape { filters: &["actor", "what"], sorts: &["at"], default: Sort { key: "at", descending: true } };

/// How many characters of an event's detail the list shows; its own page shows them all.
const DETAIL: usize = 60;

/// `GET /system/audit`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let mut filter = audit::Filter {
        what: query.filter("what").map(str::to_owned),
        actor: query.filter("actor").map(str::to_owned),
        ..audit::Filter::default()
    };
    let mut notices = Vec::new();
    let search = query.search.as_str();
    if let Ok(day) = read_day(search) {
        filter.from = Some(midnight(day));
        filter.until = Some(end_of(day));
    } else if let Ok(transaction) = search.parse() {
        filter.transaction = Some(transaction);
    } else if !search.is_empty() {
        let found = match search.parse::<AccountName>() {
            Ok(name) => {
                let name = &name;
                let find = |tx: mydata_store::Tx| async move {
                    Ok::<_, StoreError>(accounts::by_name(&tx, crypter, name).await?.map(|a| a.id))
                };
                db.run_tx("audit-account", find).await?
            }
            Err(_) => None,
        };
        if found.is_none() {
            notices.push(Notice::new(Tone::Warn, visit.t("audit-not-understood")));
        }
        // Nothing is found rather than everything.
        filter.account = found;
        if found.is_none() {
            filter.until = Some(Time(i64::MIN));
        }
    }
    let asked = List {
        search: String::new(),
        filter,
        sort: audit::Sort::At,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = audit::list(db, &asked).await?;
    query.page = page.page;
    let ids: Vec<AccountId> = page.rows.iter().filter_map(|e| e.account).collect();
    let names: HashMap<AccountId, String> = accounts::with_ids(db, crypter, &ids)
        .await?
        .into_iter()
        .map(|a| (a.id, a.name.to_string()))
        .collect();
    // What another version of this program wrote stands as it is.
    let words = |words: Option<(&'static str, &'static str)>, kept: &str| {
        words.map_or_else(|| kept.to_owned(), |(zh, en)| visit.lang().pick(zh, Some(en)).to_owned())
    };
    let shortened = |detail: &str| match detail.char_indices().nth(DETAIL) {
        Some((end, _)) => format!("{}…", &detail[..end]),
        None => detail.to_owned(),
    };
    let row = |listed: &audit::Listed| {
        let event = &listed.event;
        let code = |text: Option<String>| text.map_or(Cell::Nothing, Cell::Code);
        vec![
            Cell::at(visit.lang(), Time(event.at)),
            Cell::Soft(words(Actor::read(&event.actor).map(Actor::words), &event.actor)),
            code(listed.account.map(|id| names.get(&id).cloned().unwrap_or_else(|| id.to_string()))),
            Cell::Name {
                title: words(What::read(&event.what).map(What::words), &event.what),
                below: None,
                href: Some(format!("{}?id={}", chain::EVENT, event.id)),
            },
            code(listed.transaction.map(|id| id.to_string())),
            code(event.from.clone()),
            code(event.detail.as_deref().map(shortened)),
        ]
    };
    let rows = page.rows.iter().map(row).collect();
    let list = Listing {
        lang: visit.lang(),
        path: format!("{ROOT}/system/audit"),
        query,
        caption: visit.t("system-audit"),
        search: Some(visit.t("audit-search")),
        filters: vec![
            Filter {
                name: "actor",
                label: visit.t("audit-actor"),
                choices: Actor::ALL.map(|a| Choice::new(a.as_str(), words(Some(a.words()), ""))).to_vec(),
            },
            Filter {
                name: "what",
                label: visit.t("audit-what"),
                choices: What::ALL.map(|w| Choice::new(w.as_str(), words(Some(w.words()), ""))).to_vec(),
            },
        ],
        action: Some(Link::new(visit.t("chain"), chain::PATH)),
        heads: vec![
            Head::sorting(visit.t("audit-at"), "at"),
            Head::new(visit.t("audit-actor")),
            Head::new(visit.t("audit-account")),
            Head::new(visit.t("audit-what")),
            Head::new(visit.t("audit-about")),
            Head::new(visit.t("audit-from")),
            Head::new(visit.t("audit-detail")),
        ],
        rows,
        total: page.count,
        empty: visit.t("audit-none"),
    };
    notices.extend(more(&visit, &page));
    Ok(visit.ok(&ListPage {
        frame: visit.frame(visit.t("system-audit"), vec![above(&visit)]),
        notices,
        list,
    }))
}
