//! SQLite on the thread that asks. A statement takes microseconds; a journey to a thread of its own and back takes longer.
//!
//! Only what waits for the disk or may be long leaves the thread: commits, scripts, and the lists that people look
//! through ([`Sqlite::browse`]). There is one writer and a handful of readers; the file is this process's alone.

mod snapshot;
mod writer;

pub use snapshot::snapshot;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Arg, Sql};
use crate::error::{DbError, StoreError};
pub(super) use writer::SqliteTx;
use writer::Writer;

/// Statements kept prepared per connection; more than the program has.
const CACHED_STATEMENTS: usize = 512;
/// How long a statement waits for a lock of somebody who looks into the file from outside; then the transaction is tried
/// again, without holding a thread meanwhile.
const BUSY: Duration = Duration::from_millis(20);

/// An open file.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Inner>);

struct Inner {
    writer: Writer,
    readers: Readers,
}

/// Connections for reading; never more at a time than there are permits.
struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

/// One row: the columns' names, shared by the rows of an answer, and the values.
pub(super) struct SqliteRow {
    names: Arc<[String]>,
    values: Vec<Value>,
}

impl SqliteRow {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    pub(super) fn value(&self, place: usize) -> Option<&Value> {
        self.values.get(place)
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Blob(v) => ValueRef::Blob(v),
            Self::NullInt | Self::NullText | Self::NullBlob => ValueRef::Null,
        }))
    }
}

/// Opens a connection with what each of ours has.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // A plan does not depend on the values: otherwise SQLite parses and plans a prepared statement anew for each value that
    // is compared with a column of a partial index, and most of ours are.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

impl Sqlite {
    /// Opens the file, making it if need be.
    ///
    /// WAL, so that readers never wait for the writer. `synchronous=FULL`: a commit is on disk before it is answered, so
    /// that not even a power cut takes back what a party was told. Measured: 0.3 to 1 ms a commit, waiting, not computing.
    pub(super) async fn open(path: &Path, readers: u32) -> Result<Self, DbError> {
        let path = path.to_owned();
        let (writer, idle) = off_thread(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
            let writer = connect(&path, flags | OpenFlags::SQLITE_OPEN_CREATE)?;
            writer.pragma_update(None, "journal_mode", "WAL")?;
            let readers = (0..readers.max(1)).map(|_| {
                let reader = connect(&path, flags)?;
                reader.pragma_update(None, "query_only", true)?;
                Ok(reader)
            });
            let readers = readers.collect::<Result<Vec<_>, rusqlite::Error>>()?;
            Ok((writer, readers))
        })
        .await?;
        let permits = Arc::new(Semaphore::new(idle.len()));
        Ok(Self(Arc::new(Inner {
            writer: Writer::new(writer),
            readers: Readers { idle: Mutex::new(idle), permits },
        })))
    }

    /// All rows of a reading statement.
    pub(super) async fn read(&self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<SqliteRow>, DbError> {
        let reader = self.reader().await?;
        Ok(all(&reader.connection, sql, args)?)
    }

    /// [`Self::read`] for a statement that may take long: on a thread where nobody else waits.
    pub(super) async fn browse(&self, sql: Sql, args: Vec<Arg<'static>>) -> Result<Vec<SqliteRow>, DbError> {
        let reader = self.reader().await?;
        off_thread(move || Ok(all(&reader.connection, &sql, &args)?)).await
    }

    async fn reader(&self) -> Result<Reader, DbError> {
        let readers = &self.0.readers;
        let permit = Arc::clone(&readers.permits).acquire_owned().await.map_err(|_| closed())?;
        let connection = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Reader { connection: OnLoan(Some(connection.ok_or_else(closed)?), self.clone()), _permit: permit })
    }

    /// Waits for the only writer and begins.
    pub(super) async fn begin(&self) -> Result<SqliteTx, DbError> {
        self.0.writer.begin().await
    }

    /// One changing statement, a transaction by itself.
    pub(super) async fn change(&self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<SqliteRow>, DbError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql, args)?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Closes the file. What runs ends first; whoever comes later is told that it is over.
    pub(super) async fn close(&self) {
        let readers = &self.0.readers;
        readers.permits.close();
        readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.writer.close().await;
    }
}

/// A reading connection and the right to use it. The connection goes back first.
struct Reader {
    connection: OnLoan,
    _permit: OwnedSemaphorePermit,
}

/// Goes back where it came from.
struct OnLoan(Option<Connection>, Sqlite);

impl std::ops::Deref for OnLoan {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.as_ref().expect("it is there until it goes back")
    }
}

impl Drop for OnLoan {
    fn drop(&mut self) {
        let readers = &self.1.0.readers;
        if let Some(connection) = self.0.take()
            && !readers.permits.is_closed()
        {
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// Runs what may wait for the disk, or may be long, where nobody else waits for it.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(broken) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
        Err(_) => Err(closed().into()),
    }
}

fn closed() -> StoreError {
    StoreError::Unreachable { reason: "the store was closed".to_owned() }
}

/// All rows of a statement. One without rows gives none and has been run.
fn all(connection: &Connection, sql: &str, args: &[Arg<'_>]) -> Result<Vec<SqliteRow>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(sql)?;
    // `$2` may stand before `$1`, and SQLite numbers names as they come.
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let arg = number.and_then(|n: usize| args.get(n.checked_sub(1)?));
        let arg = arg.ok_or(rusqlite::Error::InvalidParameterCount(args.len(), place))?;
        statement.raw_bind_parameter(place, arg)?;
    }
    let columns = statement.column_count();
    let mut names: Option<Arc<[String]>> = None;
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let names = names.get_or_insert_with(|| row.as_ref().column_names().map(str::to_owned).collect());
        let values = (0..columns).map(|place| row.get(place)).collect::<Result<_, _>>()?;
        found.push(SqliteRow { names: Arc::clone(names), values });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// What is prepared stays prepared, whatever it is asked with.
    #[test]
    fn other_values_do_not_plan_a_statement_anew() {
        let folder = tempfile::tempdir().unwrap();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = connect(&folder.path().join("t.db"), flags).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (a TEXT, b TEXT); CREATE INDEX t_b ON t (b) WHERE a = 'x' AND b <> ''",
            )
            .unwrap();
        let mut statement = connection.prepare("SELECT b FROM t WHERE a = $1 AND b = $2").unwrap();
        for value in ["x", "y", "z"] {
            assert!(statement.query([value, value]).unwrap().next().unwrap().is_none());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
