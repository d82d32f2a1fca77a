//! One transaction, and how a statement is handed to either engine.

use super::row;
use super::row::Inner as RowInner;
use super::sqlite::SqliteTx;
use super::{Arg, Db, Engine, Row, Sql};
use crate::error::{DbError, Result, StoreError, wants_retry};
use futures_util::TryStreamExt as _;
use mydata_domain::Time;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Arguments as _, AssertSqlSafe, Executor, Postgres, Transaction};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use tokio::sync::Mutex;

/// How much a transaction on PostgreSQL is kept apart from others. SQLite's always runs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// As if it ran alone.
    Serializable,
    /// Each statement sees what is committed; only locked rows stay as they were read.
    ReadCommitted,
}

/// A running transaction; see [`Db::run_tx`]. A handle: cloning gives the same one, and statements wait for each other.
#[derive(Clone)]
pub struct Tx {
    db: Db,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Gone once the transaction has ended.
    inner: Option<Inner>,
    /// A statement was refused: the transaction can only be taken back.
    failed: bool,
    /// It was refused because of another transaction: the body is to be run again.
    again: bool,
    /// The earliest due time of the jobs enqueued.
    earliest_job: Option<i64>,
}

pub(super) enum Inner {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

pub(super) enum Outcome<T, E> {
    Done(Result<T, E>),
    Again,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tx").field(&self.engine()).finish()
    }
}

impl Tx {
    pub(super) fn new(db: Db, inner: Inner) -> Self {
        let state = State { inner: Some(inner), failed: false, again: false, earliest_job: None };
        Self { db, state: Arc::new(Mutex::new(state)) }
    }

    /// The database that this transaction changes.
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// The engine, for what cannot be said in one text.
    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    /// All rows of a statement, also of one that changes and has `RETURNING`.
    ///
    /// # Errors
    /// The database refuses; the transaction is lost then.
    pub async fn fetch_all(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let sql = sql.into();
        let mut state = self.state.lock().await;
        let answer = match self.ready(&mut state)? {
            Inner::Sqlite(t) => t.all(&sql, args).map(row::from_sqlite),
            Inner::Postgres(t) => pg_all(&mut **t, sql, args).await,
        };
        state.note(answer)
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// As [`Self::fetch_all`].
    pub async fn fetch_opt(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Option<Row>> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// The first row of a statement that always gives one.
    ///
    /// # Errors
    /// As [`Self::fetch_all`]; [`StoreError::NotFound`] without a row.
    pub async fn fetch_one(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Row> {
        self.fetch_opt(sql, args).await?.ok_or(StoreError::NotFound)
    }

    /// Runs a changing statement; gives the number of rows changed.
    ///
    /// # Errors
    /// As [`Self::fetch_all`].
    pub async fn execute(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64> {
        let sql = sql.into();
        let mut state = self.state.lock().await;
        let answer = match self.ready(&mut state)? {
            Inner::Sqlite(t) => t.execute(&sql, args),
            Inner::Postgres(t) => match pg_query(sql, args) {
                Ok(q) => q.execute(&mut **t).await.map(|done| done.rows_affected()).map_err(DbError::from),
                Err(e) => Err(e.into()),
            },
        };
        state.note(answer)
    }

    /// Runs a changing statement of which nothing but its success matters.
    ///
    /// # Errors
    /// As [`Self::fetch_all`].
    pub async fn run(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<()> {
        self.execute(sql, args).await.map(drop)
    }

    /// Runs several statements without values, separated by `;`.
    pub(crate) async fn script(&self, sql: &'static str) -> Result<()> {
        let mut state = self.state.lock().await;
        let answer = match self.ready(&mut state)? {
            Inner::Sqlite(t) => t.script(sql),
            Inner::Postgres(t) => sqlx::raw_sql(sql).execute(&mut **t).await.map(drop).map_err(DbError::from),
        };
        state.note(answer)
    }

    /// Remembers that a job due at `at` was enqueued, so that the runner is woken after the commit.
    pub(crate) async fn job_enqueued(&self, at: Time) {
        let mut state = self.state.lock().await;
        state.earliest_job = Some(state.earliest_job.map_or(at.0, |e| e.min(at.0)));
    }

    /// Refuses after a failure, as PostgreSQL does, on SQLite too.
    fn ready<'s>(&self, state: &'s mut State) -> Result<&'s mut Inner> {
        if state.failed {
            return Err(passed_over());
        }
        self.db.count();
        state.inner.as_mut().ok_or_else(ended)
    }

    /// Commits or takes back.
    pub(super) async fn end<T, E: From<StoreError>>(self, result: Result<T, E>) -> Outcome<T, E> {
        let mut state = self.state.lock().await;
        let (inner, failed, again, earliest_job) =
            (state.inner.take(), state.failed, state.again, state.earliest_job);
        drop(state);
        let result = match result {
            // PostgreSQL answers COMMIT of a failed transaction with a silent rollback: never let that look like success.
            Ok(_) if failed => Err(passed_over().into()),
            other => other,
        };
        let ended = match (&result, inner) {
            (Ok(_), Some(Inner::Sqlite(t))) => t.commit().await,
            (Ok(_), Some(Inner::Postgres(t))) => t.commit().await.map_err(DbError::from),
            (Err(_), Some(Inner::Sqlite(t))) => t.roll_back().await,
            (Err(_), Some(Inner::Postgres(t))) => t.rollback().await.map_err(DbError::from),
            (_, None) => Ok(()),
        };
        if again {
            return Outcome::Again;
        }
        match ended {
            Ok(()) => {
                let horizon = self.db.jobs_horizon().load(SeqCst);
                if result.is_ok() && earliest_job.is_some_and(|at| at < horizon) {
                    self.db.jobs_added().notify_one();
                }
                Outcome::Done(result)
            }
            Err(e) if wants_retry(&e) => Outcome::Again,
            // A failing rollback changes nothing: the body's error is the one that matters.
            Err(_) if result.is_err() => Outcome::Done(result),
            Err(e) => Outcome::Done(Err(StoreError::from(e).into())),
        }
    }
}

impl State {
    fn note<T>(&mut self, answer: Result<T, DbError>) -> Result<T> {
        answer.map_err(|e| {
            self.failed = true;
            self.again |= wants_retry(&e);
            e.into()
        })
    }
}

fn ended() -> StoreError {
    StoreError::Database {
        code: "-".to_owned(),
        reason: "the transaction has ended; its handle was kept beyond its body".to_owned(),
    }
}

fn passed_over() -> StoreError {
    StoreError::Database {
        code: "-".to_owned(),
        reason: "a statement of this transaction was refused before; the transaction can only be taken back"
            .to_owned(),
    }
}

pub(super) async fn pg_all<'c, X: Executor<'c, Database = Postgres>>(
    on: X,
    sql: Sql,
    args: &[Arg<'_>],
) -> Result<Vec<Row>, DbError> {
    Ok(pg_query(sql, args)?.fetch(on).map_ok(|r| Row(RowInner::Postgres(r))).try_collect().await?)
}

fn pg_query(sql: Sql, args: &[Arg<'_>]) -> Result<Query<'static, Postgres, PgArguments>, sqlx::Error> {
    let mut bound = PgArguments::default();
    let size = |a: &Arg<'_>| match a {
        Arg::Text(t) => t.len(),
        Arg::Blob(b) => b.len(),
        _ => 8,
    };
    bound.reserve(args.len(), args.iter().map(size).sum());
    for arg in args {
        match arg {
            Arg::Int(v) => bound.add(*v),
            Arg::Text(v) => bound.add(v.as_ref()),
            Arg::Blob(v) => bound.add(v.as_ref()),
            Arg::NullInt => bound.add(None::<i64>),
            Arg::NullText => bound.add(None::<&str>),
            Arg::NullBlob => bound.add(None::<&[u8]>),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(AssertSqlSafe(sql), bound))
}
