//! Maintenance windows in SQL.

use mydata_domain::Time;
use mydata_domain::maintenance::{Schedule, Window, WindowId};

use super::items::{json, parsed, parsed_opt};
use super::list::{List, Page, Select};
use super::{system, unreadable};
use crate::args;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "maintenance_windows";
const COLUMNS: &str = "id, dataset, schedule, note, note_en, announced_days, version";
/// So many windows are in force at a time.
const MOST: u32 = 500;

fn read(row: &Row) -> Result<Window> {
    let schedule = row.get_text("schedule")?;
    Ok(Window {
        id: parsed(row, TABLE, "id")?,
        dataset: parsed_opt(row, TABLE, "dataset")?,
        schedule: serde_json::from_str(&schedule).map_err(|_| unreadable(TABLE, "schedule"))?,
        note: row.get_text("note")?,
        note_en: row.get_text("note_en")?,
        announced_days: u16::try_from(row.get_i64("announced_days")?)
            .map_err(|_| unreadable(TABLE, "announced_days"))?,
        version: row.get_i64("version")?,
    })
}

/// When a window is over for good.
fn over_at(schedule: &Schedule) -> Option<Time> {
    match schedule {
        Schedule::Once { until, .. } => Some(*until),
        Schedule::Monthly { .. } | Schedule::Weekly { .. } => None,
    }
}

/// Every window that is not over for good.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn live(db: &Db, now: Time) -> Result<Vec<Window>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM maintenance_windows WHERE over_at IS NULL OR over_at > $1 ORDER BY id LIMIT {MOST}"
    );
    db.fetch_all(sql, args![now]).await?.iter().map(read).collect()
}

/// What windows are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When they were changed.
    #[default]
    Changed,
}

/// A page of all windows, those that are over included.
///
/// # Errors
/// As [`live`].
pub async fn list(db: &Db, list: &List<(), Sort>) -> Result<Page<Window>> {
    Select::default().page(db, COLUMNS, TABLE, "updated_at, id", list.into(), read).await
}

/// Reads a window.
///
/// # Errors
/// As [`live`].
pub async fn load(db: &Db, id: WindowId) -> Result<Option<Window>> {
    let sql = format!("SELECT {COLUMNS} FROM maintenance_windows WHERE id = $1");
    db.fetch_opt(sql, args![id.to_string()]).await?.as_ref().map(read).transpose()
}

/// Keeps a new window.
///
/// # Errors
/// The database refuses.
pub async fn add(tx: &Tx, window: &Window, now: Time) -> Result<()> {
    tx.run(
        "INSERT INTO maintenance_windows (id, dataset, schedule, note, note_en, announced_days, over_at, version, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
        args![
            window.id.to_string(),
            window.dataset.as_ref().map(mydata_wire::ResourceId::as_str),
            json(&window.schedule),
            &window.note,
            &window.note_en,
            window.announced_days,
            over_at(&window.schedule),
            now
        ],
    )
    .await?;
    system::grow(tx).await
}

/// Changes a window; `false` when somebody changed it, or took it away, since `window.version`.
///
/// # Errors
/// The database refuses.
pub async fn update(tx: &Tx, window: &Window, now: Time) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE maintenance_windows SET dataset = $3, schedule = $4, note = $5, note_en = $6, announced_days = $7, \
             over_at = $8, version = version + 1, updated_at = $9 WHERE id = $1 AND version = $2",
            args![
                window.id.to_string(),
                window.version,
                window.dataset.as_ref().map(mydata_wire::ResourceId::as_str),
                json(&window.schedule),
                &window.note,
                &window.note_en,
                window.announced_days,
                over_at(&window.schedule),
                now
            ],
        )
        .await?;
    system::grow(tx).await?;
    Ok(changed > 0)
}

/// Takes a window away, and ends it where it runs; `false` when it is gone already.
///
/// # Errors
/// The database refuses.
pub async fn remove(tx: &Tx, id: WindowId) -> Result<bool> {
    let gone = tx.execute("DELETE FROM maintenance_windows WHERE id = $1", args![id.to_string()]).await?;
    system::grow(tx).await?;
    Ok(gone > 0)
}
