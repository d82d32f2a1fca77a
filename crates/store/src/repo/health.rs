//! How items are: polled or not, since when they fail and why, their last polls and their last connection test; and the
//! short-lived tokens of connection tests.
//!
//! A change is made by [`load_for_update`], a rule of the domain, and [`save`], inside one database transaction.

use std::collections::HashMap;

use mydata_domain::Time;
use mydata_domain::health::{Fault, Health, Probe};
use mydata_domain::item::{ItemId, Kind};
use mydata_wire::{AccessToken, ResourceId};

use super::items::{self, Listed, json, parsed};
use super::list::lock;
use super::list::{List, Page, Scope, Select};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Arg, Db, Row, Tx, placeholders};
use crate::error::Result;

const TABLE: &str = "item_health";
const COLUMNS: &str = "polled, failing_since, failures, fault, told, held, by_rule, polls";

fn read(row: &Row) -> Result<Health> {
    Ok(Health {
        polled: row.get_i64("polled")? != 0,
        since: row.get_opt_time("failing_since")?,
        failures: failures(row)?,
        fault: fault(row)?,
        told: row.get_i64("told")? != 0,
        held: row.get_i64("held")? != 0,
        by_rule: parsed(row, TABLE, "by_rule")?,
        polls: serde_json::from_str(&row.get_text("polls")?).map_err(|_| unreadable(TABLE, "polls"))?,
    })
}

fn failures(row: &Row) -> Result<u32> {
    u32::try_from(row.get_i64("failures")?).map_err(|_| unreadable(TABLE, "failures"))
}

fn fault(row: &Row) -> Result<Option<Fault>> {
    let text = row.get_opt_text("fault")?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| unreadable(TABLE, "fault"))).transpose()
}

/// How an item is, and its last connection test.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, item: ItemId) -> Result<(Health, Option<Probe>)> {
    let sql = format!("SELECT {COLUMNS}, probe FROM item_health WHERE item = $1");
    let Some(row) = db.fetch_opt(sql, args![item.to_string()]).await? else {
        return Ok((Health::default(), None));
    };
    let probe = row.get_opt_text("probe")?;
    // One that an earlier version wrote in another form is as if there were none.
    Ok((read(&row)?, probe.and_then(|text| serde_json::from_str(&text).ok())))
}

/// How an item is, locked until the database transaction ends. The item itself is locked before it.
///
/// # Errors
/// As [`load`].
pub async fn load_for_update(tx: &Tx, item: ItemId) -> Result<Health> {
    let sql = format!("SELECT {COLUMNS} FROM item_health WHERE item = $1{}", lock(tx));
    let row = tx.fetch_opt(sql, args![item.to_string()]).await?;
    row.as_ref().map_or_else(|| Ok(Health::default()), read)
}

/// Writes it back.
///
/// # Errors
/// The database refuses.
pub async fn save(tx: &Tx, item: ItemId, health: &Health) -> Result<()> {
    tx.run(
        "INSERT INTO item_health (item, polled, failing_since, failures, fault, told, held, by_rule, polls) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (item) DO UPDATE SET polled = excluded.polled, failing_since = excluded.failing_since, \
         failures = excluded.failures, fault = excluded.fault, told = excluded.told, held = excluded.held, \
         by_rule = excluded.by_rule, polls = excluded.polls",
        args![
            item.to_string(),
            i64::from(health.polled),
            health.since.map(|t| t.0),
            i64::from(health.failures),
            health.fault.as_ref().map(json),
            i64::from(health.told),
            i64::from(health.held),
            health.by_rule.as_str(),
            json(&health.polls),
        ],
    )
    .await
}

/// Keeps a connection test as the item's last one.
///
/// # Errors
/// The database refuses.
pub async fn save_probe(tx: &Tx, item: ItemId, probe: &Probe) -> Result<()> {
    tx.run(
        "INSERT INTO item_health (item, polled, failures, told, held, by_rule, polls, probe) \
         VALUES ($1, 0, 0, 0, 0, 'nothing', '[]', $2) ON CONFLICT (item) DO UPDATE SET probe = excluded.probe",
        args![item.to_string(), json(probe)],
    )
    .await
}

/// What lists say of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is polled; 未啟用輪詢 otherwise (R42).
    pub polled: bool,
    /// Since when it fails.
    pub since: Option<Time>,
}

/// What lists say of these items; those that are not named in the answer are not polled and not known to fail.
///
/// # Errors
/// The database refuses.
pub async fn standings(db: &Db, items: &[ItemId]) -> Result<HashMap<ItemId, Standing>> {
    if items.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT item, polled, failing_since FROM item_health WHERE item IN ({})",
        placeholders(1, items.len())
    );
    let values: Vec<Arg<'_>> = items.iter().map(|id| id.to_string().into()).collect();
    let rows = db.fetch_all(sql, &values).await?;
    let one = |row: &Row| {
        let polled = row.get_i64("polled")? != 0;
        Ok((parsed(row, TABLE, "item")?, Standing { polled, since: row.get_opt_time("failing_since")? }))
    };
    rows.iter().map(one).collect()
}

/// What is filtered in the list of what fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What they are.
    pub kind: Option<Kind>,
}

/// By what the list of what fails is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Since when it fails.
    #[default]
    Since,
    /// Failures in a row.
    Failures,
    /// Name.
    Name,
    /// 機關名稱.
    Organisation,
}

impl Sort {
    fn columns(self) -> &'static str {
        match self {
            Self::Since => "failing_since, item",
            Self::Failures => "failures, item",
            Self::Name => "name, item",
            Self::Organisation => "organisation_name, item",
        }
    }
}

/// One row of the list of what fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The item.
    pub item: Listed,
    /// Whether it is polled.
    pub polled: bool,
    /// Since when it fails.
    pub since: Time,
    /// Failures in a row; none when somebody suspended it.
    pub failures: u32,
    /// The last of them.
    pub fault: Option<Fault>,
}

/// A page of what fails, within the scope.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn failing(db: &Db, scope: &Scope, list: &List<Filter, Sort>) -> Result<Page<Failing>> {
    let mut select = Select::default();
    select.and("failing_since IS NOT NULL", []);
    scope.narrow(&mut select);
    if let Some(kind) = list.filter.kind {
        select.and("kind = {}", [kind.as_str().into()]);
    }
    select.search(db, items::AREA, &list.search).await?;
    let columns = format!("{}, polled, failing_since, failures, fault", items::LIST_COLUMNS);
    let table = "item_health JOIN items ON items.id = item_health.item";
    let read = |row: &Row| {
        Ok(Failing {
            item: items::read_listed(row)?,
            polled: row.get_i64("polled")? != 0,
            since: row.get_opt_time("failing_since")?.ok_or_else(|| unreadable(TABLE, "failing_since"))?,
            failures: failures(row)?,
            fault: fault(row)?,
        })
    };
    select.page(db, &columns, table, list.sort.columns(), list.into(), read).await
}

/// How many items are polled, and how many fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items that are polled.
    pub polled: u64,
    /// Items that fail.
    pub failing: u64,
}

/// Counts.
///
/// # Errors
/// The database refuses.
pub async fn counts(db: &Db) -> Result<Counts> {
    let row = db
        .fetch_one(
            "SELECT (SELECT COUNT(*) FROM item_health WHERE polled = 1), \
             (SELECT COUNT(*) FROM item_health WHERE failing_since IS NOT NULL)",
            args![],
        )
        .await?;
    Ok(Counts { polled: row.get_i64(0)?.unsigned_abs(), failing: row.get_i64(1)?.unsigned_abs() })
}

/// Items that are polled and let in, although no living job of this kind has their id as its key; at most `limit`.
///
/// # Errors
/// The database refuses.
pub async fn unwatched(db: &Db, job: &str, stages: &[&str], limit: u32) -> Result<Vec<ItemId>> {
    if stages.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT item FROM item_health JOIN items ON items.id = item_health.item WHERE polled = 1 AND stage IN ({}) \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = $1 AND key = item AND dead_at IS NULL) ORDER BY item LIMIT $2",
        placeholders(3, stages.len())
    );
    let mut values: Vec<Arg<'_>> = vec![job.into(), i64::from(limit).into()];
    values.extend(stages.iter().map(|stage| Arg::from(*stage)));
    db.fetch_all(sql, &values).await?.iter().map(|row| parsed(row, TABLE, "item")).collect()
}

fn token_index(crypter: &Crypter, token: &AccessToken) -> String {
    crypter.index("probe access", token.expose())
}

/// Lets a token stand for the fictional person until then, for one dataset. Tokens that have ended go at the same time.
///
/// # Errors
/// The database refuses.
pub async fn grant(
    tx: &Tx,
    crypter: &Crypter,
    token: &AccessToken,
    resource: &ResourceId,
    until: Time,
    now: Time,
) -> Result<()> {
    tx.run("DELETE FROM probe_grants WHERE expires_at <= $1", args![now]).await?;
    tx.run(
        "INSERT INTO probe_grants (token, resource_id, expires_at) VALUES ($1, $2, $3)",
        args![token_index(crypter, token), resource.as_str(), until],
    )
    .await
}

/// The dataset for which a token of a connection test was made, and when it ends.
///
/// # Errors
/// The database refuses.
pub async fn granted(db: &Db, crypter: &Crypter, token: &AccessToken) -> Result<Option<(ResourceId, Time)>> {
    let row = db
        .fetch_opt(
            "SELECT resource_id, expires_at FROM probe_grants WHERE token = $1",
            args![token_index(crypter, token)],
        )
        .await?;
    row.map(|row| Ok((parsed(&row, "probe_grants", "resource_id")?, row.get_time("expires_at")?))).transpose()
}

/// Ends a token.
///
/// # Errors
/// The database refuses.
pub async fn end_grant(tx: &Tx, crypter: &Crypter, token: &AccessToken) -> Result<()> {
    tx.run("DELETE FROM probe_grants WHERE token = $1", args![token_index(crypter, token)]).await
}
