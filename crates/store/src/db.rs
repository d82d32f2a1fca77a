//! The database: SQLite or PostgreSQL behind one door, with one SQL text for both.
//!
//! The portable subset: `$1` placeholders; TEXT, BIGINT and BYTEA columns; times as epoch milliseconds; flags as 0/1; JSON as text;
//! upsert (`ON CONFLICT … DO UPDATE`), `RETURNING`, partial indexes; sums are `CAST(… AS BIGINT)`.
//! No type of the database library leaves this module.

mod arg;
mod connect;
mod metrics;
mod row;
mod sqlite;
#[cfg(test)]
mod tests;
mod tx;

pub use arg::{Arg, placeholders};
pub use connect::{DbAddress, PgConnectAddress, PoolSizes};
pub use metrics::TxStats;
pub use row::{Column, Row};
pub use sqlite::snapshot;
pub use tx::{Isolation, Tx};

use crate::error::{DbError, Result, StoreError, connection_is_gone, wants_retry};
use mydata_domain::Time;
use mydata_wire::Random;
use sqlx::PgPool;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How often a transaction is tried before it gives up. With the pauses below that is about three seconds.
const TRIES: u32 = 40;
/// How many connections may turn out to be dead one after the other: after a restart of the server all that lie in the pool are.
const CONNECTS: u32 = 100;

/// How many numbers [`Db::next_place`] has for one millisecond before it runs ahead of the clock.
const PLACES_PER_MILLISECOND: i64 = 1_000_000;

/// The text of a statement. Built texts hold placeholders only, never a value.
pub type Sql = Cow<'static, str>;

/// A database. Cloning is cheap and gives the same one.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pools: Pools,
    random: Arc<dyn Random>,
    registry: metrics::Registry,
    statements: AtomicU64,
    jobs_added: Notify,
    jobs_horizon: AtomicI64,
    last_place: AtomicI64,
}

enum Pools {
    Sqlite(sqlite::Sqlite),
    Postgres { writer: PgPool, readers: PgPool },
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Db").field(&self.engine()).finish()
    }
}

/// Which engine keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, one process.
    Sqlite,
    /// PostgreSQL, any number of processes.
    Postgres,
}

impl Engine {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

tokio::task_local! {
    static TASK_STATEMENTS: AtomicU64;
}

/// Runs `work` and tells how many statements its own task sent to any database meanwhile.
pub async fn count_statements<T>(work: impl Future<Output = T>) -> (T, u64) {
    TASK_STATEMENTS
        .scope(AtomicU64::new(0), async {
            let out = work.await;
            (out, TASK_STATEMENTS.with(|n| n.load(Relaxed)))
        })
        .await
}

impl Db {
    /// Connects. The schema is not looked at: see [`crate::migrate`].
    ///
    /// # Errors
    /// The file cannot be opened or the server not be reached.
    pub async fn connect(address: &DbAddress, sizes: PoolSizes, random: Arc<dyn Random>) -> Result<Self> {
        let pools = match address {
            DbAddress::Sqlite(path) => Pools::Sqlite(sqlite::Sqlite::open(path, sizes.readers).await?),
            DbAddress::Postgres(address) => {
                let (writer, readers) = connect::postgres(address, sizes).await?;
                Pools::Postgres { writer, readers }
            }
        };
        Ok(Self(Arc::new(Inner {
            pools,
            random,
            registry: metrics::Registry::default(),
            statements: AtomicU64::new(0),
            jobs_added: Notify::new(),
            jobs_horizon: AtomicI64::new(i64::MAX),
            last_place: AtomicI64::new(0),
        })))
    }

    /// The engine, for what cannot be said in one text.
    pub fn engine(&self) -> Engine {
        match self.0.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// All rows of a reading statement, outside any transaction. Each statement sees one moment; two may see two.
    ///
    /// # Errors
    /// The database refuses, also a statement that would write.
    pub async fn fetch_all(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let sql = sql.into();
        self.count();
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = match &self.0.pools {
                Pools::Sqlite(file) => file.read(&sql, args).await.map(row::from_sqlite),
                Pools::Postgres { readers, .. } => tx::pg_all(readers, sql.clone(), args).await,
            };
            match answer {
                Err(e) if connection_is_gone(&e) && tries < CONNECTS => {}
                other => return other.map_err(Into::into),
            }
        }
    }

    /// [`Self::fetch_all`] for a statement that may take longer than a moment: a list that people look through, a sum over
    /// many rows. On SQLite it runs on a thread where no request waits for it.
    ///
    /// # Errors
    /// As [`Self::fetch_all`].
    pub async fn browse(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let Pools::Sqlite(file) = &self.0.pools else { return self.fetch_all(sql, args).await };
        self.count();
        let args = args.iter().cloned().map(Arg::into_owned).collect();
        Ok(file.browse(sql.into(), args).await.map(row::from_sqlite)?)
    }

    /// The first row of a reading statement, if any.
    ///
    /// # Errors
    /// As [`Self::fetch_all`].
    pub async fn fetch_opt(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Option<Row>> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// The first row of a reading statement that always gives one.
    ///
    /// # Errors
    /// As [`Self::fetch_all`]; [`StoreError::NotFound`] without a row.
    pub async fn fetch_one(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Row> {
        self.fetch_opt(sql, args).await?.ok_or(StoreError::NotFound)
    }

    /// Runs one changing statement in a transaction of its own; gives the number of rows changed.
    ///
    /// # Errors
    /// The database refuses; [`StoreError::Busy`].
    pub async fn execute(&self, name: &'static str, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64> {
        let sql = sql.into();
        self.run_tx(name, async |tx| tx.execute(sql.clone(), args).await).await
    }

    /// Runs one changing statement and gives the rows that it returns. On SQLite it is a transaction by itself, without
    /// `BEGIN` and `COMMIT` around it; on PostgreSQL it sees what is committed and locks what it changes.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn change(
        &self,
        name: &'static str,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>> {
        let sql = sql.into();
        let Pools::Sqlite(file) = &self.0.pools else {
            return self
                .run_tx_as(Isolation::ReadCommitted, name, async |tx| tx.fetch_all(sql.clone(), args).await)
                .await;
        };
        self.count();
        let counters = self.0.registry.counters(name);
        let start = Instant::now();
        let mut tries = 0;
        let outcome = loop {
            tries += 1;
            match file.change(&sql, args).await {
                Ok(rows) => break Ok(row::from_sqlite(rows)),
                // Somebody writes from outside, such as a command beside the platform; nothing was changed.
                Err(e) if wants_retry(&e) && tries < TRIES => {
                    counters.retried();
                    self.pause(tries).await;
                }
                Err(e) if wants_retry(&e) => break Err(StoreError::Busy { name, tries }),
                Err(e) => break Err(e.into()),
            }
        };
        counters.ended(outcome.is_ok(), start.elapsed());
        outcome
    }

    /// Runs `body` in a transaction that behaves as if it ran alone, and commits when it gives `Ok`.
    ///
    /// SQLite: `BEGIN IMMEDIATE` on the only writing connection. PostgreSQL: SERIALIZABLE; when another transaction is in the way
    /// `body` is **run again from its start**, so it must change nothing but the database. An `Err` takes everything back. After a
    /// refused statement nothing more is accepted on either engine: use `ON CONFLICT DO NOTHING` where a refusal is expected.
    /// Never begin another transaction inside `body`: on SQLite it would wait for this one.
    ///
    /// ```ignore
    /// let left = db.run_tx("take_one", async |tx| {
    ///     tx.fetch_one("UPDATE stock SET n = n - 1 WHERE id = $1 RETURNING n", args![id]).await?.get_i64(0)
    /// }).await?;
    /// ```
    ///
    /// # Errors
    /// What `body` gives; [`StoreError::Busy`] after too many tries; the database cannot be reached.
    pub async fn run_tx<T, Fut: Future<Output = Result<T>>>(
        &self,
        name: &'static str,
        body: impl Fn(Tx) -> Fut,
    ) -> Result<T> {
        self.run_tx_as(Isolation::Serializable, name, body).await
    }

    /// [`Self::run_tx`] with the caller's own error type, and with the isolation to be had on PostgreSQL: a weaker one is for a
    /// body that locks the rows it depends on.
    ///
    /// # Errors
    /// As [`Self::run_tx`].
    pub async fn run_tx_as<T, E: From<StoreError>, Fut: Future<Output = Result<T, E>>>(
        &self,
        isolation: Isolation,
        name: &'static str,
        body: impl Fn(Tx) -> Fut,
    ) -> Result<T, E> {
        let counters = self.0.registry.counters(name);
        let start = Instant::now();
        let mut tries = 0;
        let outcome = loop {
            tries += 1;
            let tx = match self.begin(isolation).await {
                Ok(tx) => tx,
                Err(e) if wants_retry(&e) && tries < TRIES => {
                    counters.retried();
                    self.pause(tries).await;
                    continue;
                }
                Err(e) => break Err(StoreError::from(e).into()),
            };
            let result = body(tx.clone()).await;
            match tx.end(result).await {
                tx::Outcome::Done(result) => break result,
                tx::Outcome::Again if tries < TRIES => {
                    counters.retried();
                    self.pause(tries).await;
                }
                tx::Outcome::Again => break Err(StoreError::Busy { name, tries }.into()),
            }
        };
        counters.ended(outcome.is_ok(), start.elapsed());
        outcome
    }

    async fn begin(&self, isolation: Isolation) -> Result<Tx, DbError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = match &self.0.pools {
                Pools::Sqlite(file) => file.begin().await.map(tx::Inner::Sqlite),
                Pools::Postgres { writer, .. } => match isolation {
                    Isolation::Serializable => writer.begin().await,
                    Isolation::ReadCommitted => {
                        writer.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await
                    }
                }
                .map(tx::Inner::Postgres)
                .map_err(DbError::from),
            };
            match begun {
                Ok(inner) => return Ok(Tx::new(self.clone(), inner)),
                // The pooled connection had died; it is thrown away and another is taken.
                Err(e) if connection_is_gone(&e) && tries < CONNECTS => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Counts a statement, for the database and for the task.
    fn count(&self) {
        self.0.statements.fetch_add(1, Relaxed);
        let _ = TASK_STATEMENTS.try_with(|n| n.fetch_add(1, Relaxed));
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    /// It is not, or refuses.
    pub async fn ping(&self) -> Result<()> {
        self.fetch_one("SELECT 1", &[]).await.map(|_| ())
    }

    /// How many statements were sent since start (`BEGIN` and `COMMIT` not counted).
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Relaxed)
    }

    /// What each named transaction did since start, by name.
    pub fn transactions(&self) -> Vec<TxStats> {
        self.0.registry.snapshot()
    }

    /// Fires after the commit of a transaction that enqueued a job due before the runner's horizon.
    pub(crate) fn jobs_added(&self) -> &Notify {
        &self.0.jobs_added
    }

    /// Until when (epoch ms) the job runner means to sleep; later jobs need not wake it.
    pub(crate) fn jobs_horizon(&self) -> &AtomicI64 {
        &self.0.jobs_horizon
    }

    /// A number for what is appended at a moment, greater than all that were given before; so that what happens within one
    /// millisecond keeps its order. Begins with the moment, so that it goes on growing after a restart.
    pub(crate) fn next_place(&self, at: Time) -> i64 {
        let floor = at.0.saturating_mul(PLACES_PER_MILLISECOND);
        let next = |last: i64| last.saturating_add(1).max(floor);
        let before = self.0.last_place.fetch_update(Relaxed, Relaxed, |last| Some(next(last)));
        next(before.unwrap_or_else(|last| last))
    }

    /// Closes all connections after their current statement.
    pub async fn close(&self) {
        match &self.0.pools {
            Pools::Sqlite(file) => file.close().await,
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// The source of ids, tokens and pauses.
    pub(crate) fn random(&self) -> &dyn Random {
        self.0.random.as_ref()
    }

    /// Waits before try number `tries + 1`: at random within a window that doubles from 2 ms to 128 ms.
    async fn pause(&self, tries: u32) {
        let window = 1_000u64 << tries.min(7);
        let mut random = [0; 8];
        self.random().fill(&mut random);
        tokio::time::sleep(Duration::from_micros(u64::from_le_bytes(random) % window)).await;
    }
}
