//! Brings the schema to the state that this program works with, or says why it cannot.

use crate::args;
use crate::db::{Db, Engine, Isolation, Tx};
use crate::error::{Result, StoreError};
use crate::migrations::{ALL, Migration};
use aws_lc_rs::digest;
use mydata_domain::Time;
use std::fmt::Write as _;

/// Any number, the same in all nodes: whoever holds it migrates.
const ADVISORY_LOCK: i64 = 0x006d_7964_6174_6101;

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub version: i64,
    /// Its file's name.
    pub name: String,
    /// When it was applied; `None`: not yet.
    pub applied_at: Option<Time>,
}

/// Applies what is missing, all or nothing; gives the names of the steps applied. Several nodes may call it at once.
///
/// # Errors
/// [`StoreError::Schema`]: the database is newer than this program, or a step was altered after it was applied.
pub async fn run(db: &Db, now: Time) -> Result<Vec<&'static str>> {
    apply(db, ALL, now).await
}

/// All steps, those to come included.
///
/// # Errors
/// As [`run`].
pub async fn status(db: &Db) -> Result<Vec<Step>> {
    compare(ALL, &applied(db).await?)
}

/// Refuses a database to which a step is still to be applied.
///
/// # Errors
/// As [`run`], and [`StoreError::Schema`] when a step is missing.
pub async fn check(db: &Db) -> Result<()> {
    let missing: Vec<String> =
        status(db).await?.into_iter().filter(|s| s.applied_at.is_none()).map(|s| s.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(StoreError::Schema(format!("{} not applied yet; run `mydata migrate` first", missing.join(", "))))
}

async fn apply(db: &Db, steps: &'static [Migration], now: Time) -> Result<Vec<&'static str>> {
    // READ COMMITTED: a node that waited for the lock must then see what the other has done.
    db.run_tx_as(Isolation::ReadCommitted, "migrate", async |tx| {
        if tx.engine() == Engine::Postgres {
            tx.fetch_all("SELECT pg_advisory_xact_lock($1)", args![ADVISORY_LOCK]).await?;
        }
        tx.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
            args![],
        )
        .await?;
        let state = compare(steps, &read(&tx).await?)?;
        let mut done = Vec::new();
        for step in &steps[state.iter().filter(|s| s.applied_at.is_some()).count()..] {
            tx.script(step.sql).await.map_err(|e| StoreError::Schema(format!("step {}: {e}", step.name)))?;
            tx.execute(
                "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                args![step.version, step.name, checksum(step.sql), now],
            )
            .await?;
            done.push(step.name);
        }
        Ok(done)
    })
    .await
}

struct Applied {
    version: i64,
    name: String,
    checksum: String,
    at: Time,
}

const SELECT: &str = "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version";

async fn read(tx: &Tx) -> Result<Vec<Applied>> {
    tx.fetch_all(SELECT, args![]).await?.iter().map(from_row).collect()
}

/// What was applied; nothing when the table itself is missing.
async fn applied(db: &Db) -> Result<Vec<Applied>> {
    let table = match db.engine() {
        Engine::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
        }
        Engine::Postgres => "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL",
    };
    if db.fetch_opt(table, args![]).await?.is_none() {
        return Ok(Vec::new());
    }
    db.fetch_all(SELECT, args![]).await?.iter().map(from_row).collect()
}

fn from_row(row: &crate::db::Row) -> Result<Applied> {
    Ok(Applied {
        version: row.get_i64(0)?,
        name: row.get_text(1)?,
        checksum: row.get_text(2)?,
        at: row.get_time(3)?,
    })
}

/// What is applied must be a beginning of what this program knows, unaltered.
fn compare(known: &[Migration], applied: &[Applied]) -> Result<Vec<Step>> {
    if let Some(newer) = applied.iter().find(|a| known.iter().all(|k| k.version != a.version)) {
        return Err(StoreError::Schema(format!(
            "it has step {}, which this program does not know; a newer program migrated it: start that one",
            newer.name
        )));
    }
    for (n, a) in applied.iter().enumerate() {
        let k = &known[n];
        if k.version != a.version {
            return Err(StoreError::Schema(format!(
                "step {} is missing although {} is applied; restore the database from a backup",
                k.name, a.name
            )));
        }
        if checksum(k.sql) != a.checksum {
            return Err(StoreError::Schema(format!(
                "step {} is not the one that was applied; start the program that applied it, or one released after it",
                k.name
            )));
        }
    }
    Ok(known
        .iter()
        .enumerate()
        .map(|(n, k)| Step {
            version: k.version,
            name: k.name.to_owned(),
            applied_at: applied.get(n).map(|a| a.at),
        })
        .collect())
}

/// SHA-256, in hexadecimal. Line ends do not count: a checkout may change them.
fn checksum(sql: &str) -> String {
    let sum = digest::digest(&digest::SHA256, sql.replace("\r\n", "\n").as_bytes());
    sum.as_ref().iter().fold(String::with_capacity(64), |mut out, b| {
        write!(out, "{b:02x}").expect("writing to a String does not fail");
        out
    })
}
