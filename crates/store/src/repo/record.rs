//! 使用紀錄: a citizen's transactions with their events, found by the citizen's keyed index. What is read grows with what the
//! citizen did, not with what everybody did.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use mydata_domain::transaction::own::CounterCase;
use mydata_domain::transaction::{Ending, TransactionId};
use mydata_domain::{Time, Zone};
use mydata_wire::{ClientId, ResourceId, Verification};

pub use super::audit::Kept as Event;
use super::audit::{self, KEPT};
use super::unreadable;
use crate::args;
use crate::db::{Arg, Db, Row, placeholders};
use crate::error::Result;

const TABLE: &str = "transactions";
/// Most transactions that are read at a time.
pub const MOST: u32 = 500;
/// Most events that are read at a time.
const MOST_EVENTS: u32 = 20_000;
/// Most services that a citizen's record is filtered by.
const MOST_SERVICES: u32 = 100;

/// A transaction of a citizen, as far as it is kept for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The platform's identifier.
    pub id: TransactionId,
    /// The service that asked, and its identifier of the transaction; none: the citizen downloaded for themselves.
    pub service: Option<(ClientId, String)>,
    /// The counter service's case that an own download was for.
    pub case: Option<CounterCase>,
    /// The zone.
    pub zone: Zone,
    /// How far it is.
    pub stage: String,
    /// How it ended.
    pub ending: Option<Ending>,
    /// How the citizen proved who they are.
    pub verification: Option<Verification>,
    /// When it began.
    pub entered_at: Time,
    /// When the citizen agreed to the terms and proved who they are.
    pub authorised_at: Option<Time>,
    /// When the citizen confirmed.
    pub confirmed_at: Option<Time>,
    /// When all of it was taken.
    pub taken_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Until when it may be fetched or handed over.
    pub expires_at: Option<Time>,
    /// The datasets, in order, and how far each is.
    pub parts: Vec<(ResourceId, String)>,
}

/// What a record is filtered by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Own downloads alone, or exchanges with services alone.
    pub own: Option<bool>,
    /// What still runs alone, or what is over.
    pub running: Option<bool>,
    /// One service's.
    pub service: Option<ClientId>,
    /// That began from this moment on.
    pub from: Option<Time>,
    /// That began before this moment.
    pub until: Option<Time>,
}

/// Behind which transaction a page begins: `{milliseconds}.{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it began.
    pub at: Time,
    /// Which of those that began then.
    pub id: TransactionId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.0, self.id)
    }
}

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (at, id) = text.split_once('.').ok_or("a cursor is a moment and an identifier")?;
        let at = at.parse().map_err(|_| "a cursor's moment is a number")?;
        Ok(Self { at: Time(at), id: id.parse().map_err(|_| "a cursor's identifier is a UUID")? })
    }
}

const COLUMNS: &str = "id, purpose, client_id, tx_id, counter_case, zone, stage, ending, verification, entered_at, \
                       authorised_at, confirmed_at, taken_at, ended_at, expires_at";

fn read(row: &Row) -> Result<Entry> {
    let bad = |column| unreadable(TABLE, column);
    let parsed = |text: Option<String>| text.map(|text| text.parse().map_err(|_| bad("verification")));
    let service = match row.get_text("purpose")?.as_str() {
        "service" => {
            let client = row.get_text("client_id")?.parse().map_err(|_| bad("client_id"))?;
            Some((client, row.get_text("tx_id")?))
        }
        _ => None,
    };
    let case = row.get_opt_text("counter_case")?;
    let ending = row.get_opt_text("ending")?;
    Ok(Entry {
        id: row.get_text("id")?.parse().map_err(|_| bad("id"))?,
        service,
        case: case.map(|case| serde_json::from_str(&case)).transpose().map_err(|_| bad("counter_case"))?,
        zone: row.get_text("zone")?.parse().map_err(|_| bad("zone"))?,
        stage: row.get_text("stage")?,
        ending: ending.map(|e| Ending::from_kept(&e).ok_or_else(|| bad("ending"))).transpose()?,
        verification: parsed(row.get_opt_text("verification")?).transpose()?,
        entered_at: row.get_time("entered_at")?,
        authorised_at: row.get_opt_time("authorised_at")?,
        confirmed_at: row.get_opt_time("confirmed_at")?,
        taken_at: row.get_opt_time("taken_at")?,
        ended_at: row.get_opt_time("ended_at")?,
        expires_at: row.get_opt_time("expires_at")?,
        parts: Vec::new(),
    })
}

/// A citizen's transactions, the latest first, at most [`MOST`]; behind `after` where it is given.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn list(
    db: &Db,
    citizen: &str,
    filter: &Filter,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Entry>> {
    let mut values: Vec<Arg<'_>> = vec![citizen.into()];
    let mut sql = format!("SELECT {COLUMNS} FROM transactions WHERE citizen = $1");
    let mut and = |condition: &str, value: Arg<'static>| {
        values.push(value);
        sql.push_str(&format!(" AND {}", condition.replace("{}", &format!("${}", values.len()))));
    };
    if let Some(own) = filter.own {
        and("purpose = {}", if own { "own" } else { "service" }.into());
    }
    if let Some(service) = &filter.service {
        and("client_id = {}", service.as_str().to_owned().into());
    }
    if let Some(from) = filter.from {
        and("entered_at >= {}", from.into());
    }
    if let Some(until) = filter.until {
        and("entered_at < {}", until.into());
    }
    match filter.running {
        Some(true) => sql.push_str(" AND stage <> 'ended'"),
        Some(false) => sql.push_str(" AND stage = 'ended'"),
        None => {}
    }
    if let Some(Cursor { at, id }) = after {
        values.extend([at.into(), id.to_string().into()]);
        let (at, id) = (values.len() - 1, values.len());
        sql.push_str(&format!(" AND entered_at <= ${at} AND (entered_at < ${at} OR id < ${id})"));
    }
    values.push(most.min(MOST).into());
    sql.push_str(&format!(" ORDER BY entered_at DESC, id DESC LIMIT ${}", values.len()));
    let entries: Vec<Entry> = db.fetch_all(sql, &values).await?.iter().map(read).collect::<Result<_>>()?;
    with_parts(db, entries).await
}

/// One transaction of a citizen; none where it is somebody else's.
///
/// # Errors
/// As [`list`].
pub async fn one(db: &Db, citizen: &str, id: TransactionId) -> Result<Option<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM transactions WHERE id = $1 AND citizen = $2");
    let row = db.fetch_opt(sql, args![id.to_string(), citizen]).await?;
    let found = row.as_ref().map(read).transpose()?;
    Ok(with_parts(db, found.into_iter().collect()).await?.pop())
}

async fn with_parts(db: &Db, mut entries: Vec<Entry>) -> Result<Vec<Entry>> {
    if entries.is_empty() {
        return Ok(entries);
    }
    let sql = format!(
        "SELECT transaction_id, resource_id, state FROM transaction_parts WHERE transaction_id IN ({}) \
         ORDER BY transaction_id, place",
        placeholders(1, entries.len())
    );
    let ids: Vec<Arg<'_>> = entries.iter().map(|entry| entry.id.to_string().into()).collect();
    let mut parts: HashMap<String, Vec<(ResourceId, String)>> = HashMap::new();
    for row in db.fetch_all(sql, &ids).await? {
        let resource =
            row.get_text(1)?.parse().map_err(|_| unreadable("transaction_parts", "resource_id"))?;
        parts.entry(row.get_text(0)?).or_default().push((resource, row.get_text(2)?));
    }
    for entry in &mut entries {
        entry.parts = parts.remove(&entry.id.to_string()).unwrap_or_default();
    }
    Ok(entries)
}

/// The events of transactions, oldest first.
///
/// # Errors
/// As [`list`].
pub async fn events(db: &Db, ids: &[TransactionId]) -> Result<HashMap<TransactionId, Vec<Event>>> {
    let mut all: HashMap<TransactionId, Vec<Event>> = HashMap::new();
    if ids.is_empty() {
        return Ok(all);
    }
    let sql = format!(
        "SELECT {KEPT}, transaction_id FROM audit_events WHERE transaction_id IN ({}) \
         ORDER BY transaction_id, at, place, id LIMIT {MOST_EVENTS}",
        placeholders(1, ids.len())
    );
    let ids: Vec<Arg<'_>> = ids.iter().map(|id| id.to_string().into()).collect();
    for row in db.fetch_all(sql, &ids).await? {
        let id = row
            .get_text("transaction_id")?
            .parse()
            .map_err(|_| unreadable("audit_events", "transaction_id"))?;
        all.entry(id).or_default().push(audit::read(&row)?);
    }
    Ok(all)
}

/// An event of a citizen's transaction; none where transaction or event is somebody else's.
///
/// # Errors
/// As [`list`].
pub async fn event(db: &Db, citizen: &str, transaction: TransactionId, event: &str) -> Result<Option<Event>> {
    let sql = format!(
        "SELECT {KEPT} FROM audit_events WHERE id = $1 AND transaction_id = $2 \
         AND EXISTS (SELECT 1 FROM transactions WHERE transactions.id = $2 AND citizen = $3)"
    );
    db.fetch_opt(sql, args![event, transaction.to_string(), citizen])
        .await?
        .as_ref()
        .map(audit::read)
        .transpose()
}

/// The services that a citizen's data was asked for by.
///
/// # Errors
/// As [`list`].
pub async fn services(db: &Db, citizen: &str) -> Result<Vec<ClientId>> {
    let sql = "SELECT DISTINCT client_id FROM transactions WHERE citizen = $1 AND purpose = 'service' \
               ORDER BY client_id LIMIT $2";
    let rows = db.fetch_all(sql, args![citizen, MOST_SERVICES]).await?;
    rows.iter().map(|row| row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "client_id"))).collect()
}
