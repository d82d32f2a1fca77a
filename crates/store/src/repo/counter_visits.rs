//! Clerks' visits. A browser's secret is looked up, never kept.

use mydata_domain::Time;
use mydata_domain::counter::visit::{LONGEST, Stage, Visit};
use mydata_domain::one_time::Sent;
use mydata_domain::transaction::own::TAKING;

use super::list::lock;
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "counter_visits";
const COLUMNS: &str =
    "transaction_id, service, address, number, stage, code, code_until, code_left, began_at, seen_at";

fn index(crypter: &Crypter, secret: &str) -> String {
    crypter.index("counter visit", secret)
}

fn read(row: &Row) -> Result<Visit> {
    let bad = |column| unreadable(TABLE, column);
    let stage = match row.get_text(4)?.as_str() {
        "asked" => {
            let left = row.get_opt_i64(7)?.and_then(|left| u32::try_from(left).ok());
            let until = row.get_opt_time(6)?;
            let (until, left) = until.zip(left).ok_or_else(|| bad("code_left"))?;
            let code = row.get_opt_text(5)?.ok_or_else(|| bad("code"))?;
            Stage::Asked { sent: Sent { until, left }, code }
        }
        "open" => Stage::Open,
        "took" => Stage::Took,
        _ => return Err(bad("stage")),
    };
    Ok(Visit {
        transaction: row.get_text(0)?.parse().map_err(|_| bad("transaction_id"))?,
        service: row.get_text(1)?.parse().map_err(|_| bad("service"))?,
        from: row.get_text(2)?.parse().map_err(|_| bad("address"))?,
        number: row.get_text(3)?,
        stage,
        began: row.get_time(8)?,
        seen: row.get_time(9)?,
    })
}

/// Begins a visit under a browser's new secret.
///
/// # Errors
/// The database refuses.
pub async fn begin(tx: &Tx, crypter: &Crypter, secret: &str, visit: &Visit) -> Result<()> {
    let (code, until, left) = code(visit);
    tx.execute(
        "INSERT INTO counter_visits (id, transaction_id, service, address, number, stage, code, code_until, code_left, began_at, \
         seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            index(crypter, secret),
            visit.transaction.to_string(),
            visit.service.to_string(),
            visit.from.to_string(),
            &visit.number,
            visit.stage.as_str(),
            code,
            until,
            left,
            visit.began,
            visit.seen,
        ],
    )
    .await?;
    Ok(())
}

fn code(visit: &Visit) -> (Option<&str>, Option<i64>, Option<i64>) {
    match &visit.stage {
        Stage::Asked { sent, code } => (Some(code), Some(sent.until.0), Some(i64::from(sent.left))),
        Stage::Open | Stage::Took => (None, None, None),
    }
}

/// The visit of a browser.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, secret: &str) -> Result<Option<Visit>> {
    let sql = format!("SELECT {COLUMNS} FROM counter_visits WHERE id = $1");
    db.fetch_opt(sql, args![index(crypter, secret)]).await?.as_ref().map(read).transpose()
}

/// The visit of a browser, locked until the transaction ends.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn load_in(tx: &Tx, crypter: &Crypter, secret: &str) -> Result<Option<Visit>> {
    let sql = format!("SELECT {COLUMNS} FROM counter_visits WHERE id = $1{}", lock(tx));
    tx.fetch_opt(sql, args![index(crypter, secret)]).await?.as_ref().map(read).transpose()
}

/// Writes back what a step changed.
///
/// # Errors
/// The database refuses.
pub async fn save(tx: &Tx, crypter: &Crypter, secret: &str, visit: &Visit) -> Result<()> {
    let (code, until, left) = code(visit);
    tx.execute(
        "UPDATE counter_visits SET stage = $2, code = $3, code_until = $4, code_left = $5, seen_at = $6 WHERE id = $1",
        args![index(crypter, secret), visit.stage.as_str(), code, until, left, visit.seen],
    )
    .await?;
    Ok(())
}

/// Ends a visit; whether there was one.
///
/// # Errors
/// The database refuses.
pub async fn end(tx: &Tx, crypter: &Crypter, secret: &str) -> Result<bool> {
    let sql = "DELETE FROM counter_visits WHERE id = $1";
    Ok(tx.execute(sql, args![index(crypter, secret)]).await? == 1)
}

/// Removes visits that are over in any case.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    let before = Time(now.0 - i64::try_from((LONGEST + TAKING).as_millis()).unwrap_or(i64::MAX));
    db.execute("counter-sweep", "DELETE FROM counter_visits WHERE began_at < $1", args![before]).await
}
