//! Links events that were appended: gives each its number and the hash that follows from the one before it. One at a time,
//! in transactions of its own, so that whoever appends waits for nobody. What is linked never changes again.

use mydata_domain::Time;
use mydata_domain::audit::chain::{Digest, Entry};
use mydata_domain::calendar::{day_of, days_after, end_of};
use std::time::Duration;

use super::audit_roots;
use super::list::lock;
use super::unreadable;
use crate::args;
use crate::db::{Arg, Db, Engine, Isolation, Row, Tx};
use crate::error::{Result, StoreError};
use crate::signing::{Signer, sha256};

/// Events that one transaction links: some milliseconds of the only writer that SQLite has.
pub const BATCH: u32 = 500;
/// How long after its end a day waits for its root, for events that are written down late.
pub const GRACE: Duration = Duration::from_secs(10);

/// The columns of an [`Entry`].
pub(super) const ENTRY: &str =
    "id, at, place, actor, what, outcome, transaction_id, account_id, from_address, detail";

pub(super) fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry {
        id: row.get_text(0)?,
        at: row.get_i64(1)?,
        place: row.get_i64(2)?,
        actor: row.get_text(3)?,
        what: row.get_text(4)?,
        outcome: row.get_opt_text(5)?,
        transaction: row.get_opt_text(6)?,
        account: row.get_opt_text(7)?,
        from: row.get_opt_text(8)?,
        detail: row.get_opt_text(9)?,
    })
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest> {
    Digest::try_from(bytes).map_err(|_| unreadable("audit_events", "link"))
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many links there are.
    pub seq: i64,
    /// The last.
    pub link: Digest,
}

pub(super) fn head_of(row: &Row) -> Result<Head> {
    let link = row.get_opt_blob(1)?.map_or(Ok(Digest::GENESIS), |bytes| digest(&bytes))?;
    Ok(Head { seq: row.get_i64(0)?, link })
}

/// The end of the chain, as whoever links keeps it.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn head(db: &Db) -> Result<Head> {
    head_of(&db.fetch_one("SELECT seq, link FROM audit_chain WHERE id = 1", args![]).await?)
}

/// How many events wait for their link; no more than `most` are counted.
///
/// # Errors
/// As [`head`].
pub async fn waiting(db: &Db, most: u32) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM audit_events WHERE seq IS NULL LIMIT $1) counted";
    Ok(db.fetch_one(sql, args![most]).await?.get_i64(0)?.unsigned_abs())
}

/// Links events that wait and happened before a moment, at most `most` of them, the earliest first; gives how many.
///
/// # Errors
/// As [`head`].
pub async fn link(db: &Db, before: Time, most: u32) -> Result<u32> {
    // READ COMMITTED: on PostgreSQL it locks one row, and no reading of it makes a transaction that appends begin again.
    db.run_tx_as(Isolation::ReadCommitted, "audit-link", |tx| async move {
        let sql = format!("SELECT seq, link FROM audit_chain WHERE id = 1{}", lock(&tx));
        let mut head = head_of(&tx.fetch_one(sql, args![]).await?)?;
        let sql = format!(
            "SELECT {ENTRY} FROM audit_events WHERE seq IS NULL AND at < $1 ORDER BY at, place, id LIMIT $2"
        );
        let rows = tx.fetch_all(sql, args![before, most]).await?;
        let mut linked = Vec::with_capacity(rows.len());
        for row in &rows {
            let entry = entry(row)?;
            let seq = head.seq + 1;
            head = Head { seq, link: entry.link(sha256, seq, head.link) };
            linked.push((entry.id, head));
        }
        write(&tx, &linked).await?;
        if !linked.is_empty() {
            let sql = "UPDATE audit_chain SET seq = $1, link = $2 WHERE id = 1";
            tx.run(sql, args![head.seq, &head.link.0]).await?;
        }
        Ok(u32::try_from(linked.len()).unwrap_or(u32::MAX))
    })
    .await
}

/// Writes links into their events, none of which has one.
async fn write(tx: &Tx, linked: &[(String, Head)]) -> Result<()> {
    let mut written = 0;
    match tx.engine() {
        // A statement is a call of a function here.
        Engine::Sqlite => {
            for (id, head) in linked {
                let sql = "UPDATE audit_events SET seq = $2, link = $3 WHERE id = $1 AND seq IS NULL";
                written += tx.execute(sql, args![id, head.seq, &head.link.0]).await?;
            }
        }
        Engine::Postgres if linked.is_empty() => {}
        Engine::Postgres => {
            let rows: Vec<String> = (0..linked.len())
                .map(|n| format!("(${}, ${}, ${})", n * 3 + 1, n * 3 + 2, n * 3 + 3))
                .collect();
            let sql = format!(
                "UPDATE audit_events SET seq = linked.seq, link = linked.link \
                 FROM (VALUES {}) AS linked (id, seq, link) \
                 WHERE audit_events.id = linked.id AND audit_events.seq IS NULL",
                rows.join(", ")
            );
            let mut values: Vec<Arg<'_>> = Vec::with_capacity(linked.len() * 3);
            for (id, head) in linked {
                values.extend([id.into(), head.seq.into(), (&head.link.0).into()]);
            }
            written = tx.execute(sql, &values).await?;
        }
    }
    if written == linked.len() as u64 {
        return Ok(());
    }
    // Somebody changed the rows by hand while they were read: taken back, and read again.
    Err(StoreError::Corrupt {
        table: "audit_events".into(),
        column: "seq".into(),
        reason: "an event was linked or removed by another hand",
    })
}

/// What one step of sealing did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// How many events it linked.
    pub linked: u32,
    /// The day whose root it made.
    pub root: Option<String>,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// One step: links a batch of what waits, or makes the root of a day that is over. The work of one who links; more than one
/// do each other's no harm.
///
/// # Errors
/// As [`head`].
pub async fn seal(db: &Db, signer: &Signer, now: Time) -> Result<Sealed> {
    let open = "SELECT (SELECT at FROM audit_events WHERE seq IS NULL ORDER BY at LIMIT 1), \
                (SELECT at FROM audit_events WHERE seq = 1 + COALESCE((SELECT MAX(last_seq) FROM audit_roots), 0)), \
                (SELECT day FROM audit_roots ORDER BY last_seq DESC LIMIT 1)";
    let row = db.fetch_one(open, args![]).await?;
    let earliest = [row.get_opt_time(0)?, row.get_opt_time(1)?].into_iter().flatten().min();
    let Some(earliest) = earliest else { return Ok(Sealed::default()) };
    let rooted = row.get_opt_text(2)?.map(|day| day.parse::<jiff::civil::Date>());
    let rooted = rooted.transpose().map_err(|_| unreadable("audit_roots", "day"))?;
    // An event that was written down after the root of its day belongs to the next root.
    let day = rooted.map_or_else(|| day_of(earliest), |day| day_of(earliest).max(days_after(day, 1)));
    let end = end_of(day);
    if now >= end.plus(GRACE) {
        let linked = link(db, end, BATCH).await?;
        let root = if linked < BATCH { audit_roots::make(db, signer, day, now).await? } else { None };
        return Ok(Sealed { linked, more: linked == BATCH || root.is_some(), root });
    }
    // Between the end of a day and its root the events of the next day wait.
    let before = if now >= end { end } else { Time(i64::MAX) };
    let linked = link(db, before, BATCH).await?;
    Ok(Sealed { linked, root: None, more: linked == BATCH })
}

/// [`seal`], until there is nothing more to do at once.
///
/// # Errors
/// As [`head`].
pub async fn seal_all(db: &Db, signer: &Signer, now: Time) -> Result<()> {
    while seal(db, signer, now).await?.more {}
    Ok(())
}
