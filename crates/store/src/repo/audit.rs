//! The record: events are appended, never changed. [`super::audit_chain`] links them a moment later.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::audit::Event;
use mydata_domain::transaction::TransactionId;
use mydata_wire::Random;
use mydata_wire::random::uuid_v4;

use super::list::{List, Page, Select};
use super::unreadable;
use crate::args;
use crate::db::{Arg, Db, Row, Tx, placeholders};
use crate::error::Result;

/// What an event is appended as.
const COLUMNS: usize = 10;

/// Appends events inside the transaction that makes them true.
pub async fn append(tx: &Tx, random: &dyn Random, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(events.len());
    let mut values = Vec::with_capacity(events.len() * COLUMNS);
    for event in events {
        rows.push(format!("({})", placeholders(values.len() + 1, COLUMNS)));
        let detail = (!event.detail.is_null()).then(|| event.detail.to_string());
        let row: [Arg<'_>; COLUMNS] = [
            uuid_v4(random).to_string().into(),
            event.at.0.into(),
            event.actor.as_str().into(),
            event.what.as_str().into(),
            event.transaction.map(|id| id.to_string()).into(),
            event.from.map(|a| a.to_string()).into(),
            detail.into(),
            event.account.map(|id| id.to_string()).into(),
            event.what.outcome().as_str().into(),
            tx.db().next_place(event.at).into(),
        ];
        values.extend(row);
    }
    let sql = format!(
        "INSERT INTO audit_events (id, at, actor, what, transaction_id, from_address, detail, account_id, outcome, place) \
         VALUES {}",
        rows.join(", ")
    );
    tx.run(sql, &values).await
}

/// One event as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its own identifier.
    pub id: String,
    /// Epoch milliseconds.
    pub at: i64,
    /// See `domain::audit::Actor`.
    pub actor: String,
    /// See `domain::audit::What`.
    pub what: String,
    /// The address it came from.
    pub from: Option<String>,
    /// JSON.
    pub detail: Option<String>,
    /// The number of its link, once it has one.
    pub seq: Option<i64>,
    /// See `domain::audit::Outcome`; none for those of before it was kept.
    pub outcome: Option<String>,
}

/// What the record is filtered by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What happened.
    pub what: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// The account that did it.
    pub account: Option<AccountId>,
    /// About which exchange.
    pub transaction: Option<TransactionId>,
    /// From this moment on.
    pub from: Option<Time>,
    /// Before this moment.
    pub until: Option<Time>,
}

/// What the record is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When it happened.
    #[default]
    At,
}

/// One event of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The event as it was kept.
    pub event: Kept,
    /// The account that did it.
    pub account: Option<AccountId>,
    /// The exchange it belongs to.
    pub transaction: Option<TransactionId>,
}

/// A page of the record.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn list(db: &Db, list: &List<Filter, Sort>) -> Result<Page<Listed>> {
    let mut select = Select::default();
    let filter = &list.filter;
    if let Some(what) = &filter.what {
        select.and("what = {}", [what.clone().into()]);
    }
    if let Some(actor) = &filter.actor {
        select.and("actor = {}", [actor.clone().into()]);
    }
    if let Some(account) = filter.account {
        select.and("account_id = {}", [account.to_string().into()]);
    }
    if let Some(transaction) = filter.transaction {
        select.and("transaction_id = {}", [transaction.to_string().into()]);
    }
    if let Some(from) = filter.from {
        select.and("at >= {}", [from.0.into()]);
    }
    if let Some(until) = filter.until {
        select.and("at < {}", [until.0.into()]);
    }
    let columns = format!("{KEPT}, {BESIDE}");
    select.page(db, &columns, "audit_events", "at, place, id", list.into(), read_listed).await
}

/// What a list shows beside an event.
const BESIDE: &str = "account_id, transaction_id";

fn read_listed(row: &Row) -> Result<Listed> {
    let bad = |column| unreadable("audit_events", column);
    let account = row.get_opt_text("account_id")?.map(|a| a.parse()).transpose();
    let transaction = row.get_opt_text("transaction_id")?.map(|t| t.parse()).transpose();
    Ok(Listed {
        event: read(row)?,
        account: account.map_err(|_| bad("account_id"))?,
        transaction: transaction.map_err(|_| bad("transaction_id"))?,
    })
}

/// One event.
///
/// # Errors
/// As [`list`].
pub async fn one(db: &Db, id: &str) -> Result<Option<Listed>> {
    let sql = format!("SELECT {KEPT}, {BESIDE} FROM audit_events WHERE id = $1");
    db.fetch_opt(sql, args![id]).await?.as_ref().map(read_listed).transpose()
}

/// The columns of [`Kept`].
pub(super) const KEPT: &str = "id, at, actor, what, from_address, detail, seq, outcome";

pub(super) fn read(row: &Row) -> Result<Kept> {
    Ok(Kept {
        id: row.get_text(0)?,
        at: row.get_i64(1)?,
        actor: row.get_text(2)?,
        what: row.get_text(3)?,
        from: row.get_opt_text(4)?,
        detail: row.get_opt_text(5)?,
        seq: row.get_opt_i64(6)?,
        outcome: row.get_opt_text(7)?,
    })
}

/// The events of one transaction, oldest first.
pub async fn of_transaction(db: &Db, id: TransactionId) -> Result<Vec<Kept>> {
    let rows = db
        .fetch_all(
            format!(
                "SELECT {KEPT} FROM audit_events WHERE transaction_id = $1 ORDER BY at, place, id LIMIT 1000"
            ),
            args![id.to_string()],
        )
        .await?;
    rows.iter().map(read).collect()
}
