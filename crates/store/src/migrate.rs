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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::PoolSizes;
    use crate::testing::{START, TestStore, on_both};
    use mydata_wire::SystemRandom;
    use std::sync::Arc;

    const ONE: Migration = Migration {
        version: 9001,
        name: "9001_one",
        sql: "CREATE TABLE a (id TEXT); CREATE TABLE b (id TEXT);",
    };
    const TWO: Migration =
        Migration { version: 9002, name: "9002_two", sql: "ALTER TABLE a ADD COLUMN n BIGINT;" };
    const TWO_ALTERED: Migration = Migration { sql: "ALTER TABLE a ADD COLUMN m BIGINT;", ..TWO };
    const TWO_BROKEN: Migration =
        Migration { sql: "CREATE TABLE c (id TEXT); ALTER TABLE nothing ADD COLUMN n BIGINT;", ..TWO };

    /// A database without any step.
    async fn empty(store: &TestStore) -> Db {
        store.db.run_tx("empty", async |tx| tx.script("DROP TABLE schema_migrations").await).await.unwrap();
        store.db.clone()
    }

    #[tokio::test]
    async fn steps_are_applied_once_and_in_order() {
        on_both(async |store: TestStore| {
            assert!(
                status(&store.db).await.unwrap().iter().all(|s| s.applied_at == Some(START)),
                "opened and migrated"
            );
            assert_eq!(run(&store.db, START).await.unwrap(), Vec::<&str>::new());
            check(&store.db).await.unwrap();

            let db = empty(&store).await;
            assert!(check(&db).await.unwrap_err().to_string().contains("mydata migrate"));
            assert_eq!(apply(&db, &[ONE], START).await.unwrap(), ["9001_one"]);
            assert_eq!(
                apply(&db, &[ONE, TWO], START.plus(std::time::Duration::from_secs(1))).await.unwrap(),
                ["9002_two"]
            );
            assert_eq!(apply(&db, &[ONE, TWO], START).await.unwrap(), Vec::<&str>::new());
            db.execute("use", "INSERT INTO a (id, n) VALUES ('x', 1)", args![]).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_newer_or_altered_schema_is_refused() {
        on_both(async |store: TestStore| {
            let db = empty(&store).await;
            apply(&db, &[ONE, TWO], START).await.unwrap();
            let reason = async |steps| apply(&db, steps, START).await.unwrap_err().to_string();
            assert!(reason(&[ONE]).await.contains("9002_two, which this program does not know"));
            assert!(reason(&[ONE, TWO_ALTERED]).await.contains("9002_two is not the one that was applied"));
            db.execute("lose", "DELETE FROM schema_migrations WHERE version = 9001", args![]).await.unwrap();
            assert!(reason(&[ONE, TWO]).await.contains("9001_one is missing"));
        })
        .await;
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_nothing() {
        on_both(async |store: TestStore| {
            let db = empty(&store).await;
            let error = apply(&db, &[ONE, TWO_BROKEN], START).await.unwrap_err().to_string();
            assert!(error.contains("step 9002_two"), "{error}");
            assert_eq!(apply(&db, &[ONE, TWO], START).await.unwrap(), ["9001_one", "9002_two"]);
        })
        .await;
    }

    /// Each node has pools of its own, as other processes would.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nodes_that_start_together_apply_each_step_once() {
        on_both(async |store: TestStore| {
            empty(&store).await;
            let address = store.config().database.clone();
            let address = address.unwrap_or_else(|| crate::DbAddress::in_folder(store.folder()));
            let nodes: Vec<_> = (0..6)
                .map(|_| {
                    let address = address.clone();
                    tokio::spawn(async move {
                        let sizes = PoolSizes { readers: 1, writers: 1 };
                        let db = Db::connect(&address, sizes, Arc::new(SystemRandom)).await.unwrap();
                        let done = apply(&db, &[ONE, TWO], START).await.unwrap().len();
                        db.close().await;
                        done
                    })
                })
                .collect();
            let mut done = 0;
            for node in nodes {
                done += node.await.unwrap();
            }
            assert_eq!(done, 2);
        })
        .await;
    }

    #[test]
    fn line_ends_do_not_count() {
        assert_eq!(checksum("a\nb"), checksum("a\r\nb"));
        assert_ne!(checksum("a\nb"), checksum("a\nc"));
    }
}
