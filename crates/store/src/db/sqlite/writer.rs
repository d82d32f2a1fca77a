//! The only writer, and transactions that are committed together.
//!
//! A commit waits for the disk, and everybody who writes waits meanwhile. So a transaction that has done its work while
//! others stand in line is not committed at once: the next one works on top of it, in a savepoint of its own, and one
//! commit serves them all. Nobody is answered before that commit. It comes when all have worked who stood in line when the
//! first of them was done, so nobody waits for more than one round.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rusqlite::{Connection, ffi};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::{SqliteRow, all, closed, off_thread};
use crate::db::Arg;
use crate::error::DbError;

/// The writing connection and the line in front of it. Cloning gives the same one.
#[derive(Clone)]
pub(super) struct Writer {
    desk: Arc<Mutex<Desk>>,
    /// How many stand in line. Only ever decides whether waiting for others is worth it.
    waiting: Arc<AtomicUsize>,
}

struct Desk {
    /// Gone once the file was closed.
    connection: Option<Connection>,
    /// Those who are done and wait for the commit.
    done: Vec<oneshot::Sender<Result<(), Failed>>>,
}

/// Why a commit failed, for each of those who waited for it.
#[derive(Clone)]
struct Failed(ffi::Error, Option<String>);

impl From<Failed> for DbError {
    fn from(failed: Failed) -> Self {
        rusqlite::Error::SqliteFailure(failed.0, failed.1).into()
    }
}

/// Stands in line while it lives.
struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        let desk = Desk { connection: Some(connection), done: Vec::new() };
        Self { desk: Arc::new(Mutex::new(desk)), waiting: Arc::default() }
    }

    async fn turn(&self) -> OwnedMutexGuard<Desk> {
        self.waiting.fetch_add(1, Relaxed);
        let _line = InLine(&self.waiting);
        Arc::clone(&self.desk).lock_owned().await
    }

    /// Waits for its turn and begins.
    pub(super) async fn begin(&self) -> Result<SqliteTx, DbError> {
        let mut desk = self.turn().await;
        let connection = desk.connection.as_ref().ok_or_else(closed)?;
        if !desk.done.is_empty() && connection.is_autocommit() {
            // A statement failed so badly that SQLite took back everything that was not committed.
            desk.answer(&Err(lost()));
        }
        let nested = !desk.done.is_empty();
        let how = if nested { "SAVEPOINT one" } else { "BEGIN IMMEDIATE" };
        desk.connection.as_ref().ok_or_else(closed)?.execute_batch(how)?;
        Ok(SqliteTx { desk, writer: self.clone(), nested, open: true })
    }

    /// Commits what is done, after the turn of all who stand in line now.
    async fn commit_done(self) {
        let desk = self.turn().await;
        if !desk.done.is_empty() {
            commit(desk).await;
        }
    }

    /// Closes the file. What is done is committed first.
    pub(super) async fn close(&self) {
        let mut desk = self.turn().await;
        while !desk.done.is_empty() {
            commit(desk).await;
            desk = self.turn().await;
        }
        // The last connection brings the log into the file and removes it; a failure leaves that to the next start.
        let _ = off_thread(move || {
            drop(desk.connection.take());
            Ok(())
        })
        .await;
    }
}

/// The only wait for the disk. A failure is answered to those who are done, and everything is taken back.
async fn commit(mut desk: OwnedMutexGuard<Desk>) {
    // When the process ends before the commit, nobody gets an answer.
    let _ = off_thread(move || {
        let Some(connection) = &desk.connection else { return Ok(()) };
        let outcome = if connection.is_autocommit() {
            Err(lost())
        } else {
            connection.execute_batch("COMMIT").map_err(|error| {
                let _ = connection.execute_batch("ROLLBACK");
                match error {
                    rusqlite::Error::SqliteFailure(cause, message) => Failed(cause, message),
                    _ => lost(),
                }
            })
        };
        desk.answer(&outcome);
        Ok(())
    })
    .await;
}

/// The changes are gone; nothing of them was kept, so the same may be tried again.
fn lost() -> Failed {
    Failed(
        ffi::Error::new(ffi::SQLITE_BUSY),
        Some("the changes were taken back with those of another transaction".to_owned()),
    )
}

impl Desk {
    fn answer(&mut self, outcome: &Result<(), Failed>) {
        for one in self.done.drain(..) {
            // Whoever has gone needs no answer.
            let _ = one.send(outcome.clone());
        }
    }
}

/// A running transaction: the writer, for as long as it lasts. Dropped unended it is taken back.
pub(in crate::db) struct SqliteTx {
    desk: OwnedMutexGuard<Desk>,
    writer: Writer,
    /// On top of others that are not committed yet.
    nested: bool,
    open: bool,
}

impl SqliteTx {
    /// All rows of a statement.
    pub(in crate::db) fn all(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<SqliteRow>, DbError> {
        Ok(all(self.connection(), sql, args)?)
    }

    /// Runs a changing statement; gives the number of rows changed.
    pub(in crate::db) fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, DbError> {
        all(self.connection(), sql, args)?;
        Ok(self.connection().changes())
    }

    /// Runs several statements without values.
    pub(in crate::db) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.connection().execute_batch(sql)?)
    }

    /// Done. Comes back when it is on disk.
    pub(in crate::db) async fn commit(self) -> Result<(), DbError> {
        if !self.nested && self.writer.waiting.load(Relaxed) == 0 {
            return off_thread(move || {
                let mut tx = self;
                tx.connection().execute_batch("COMMIT")?;
                tx.open = false;
                Ok(())
            })
            .await;
        }
        if self.nested {
            self.connection().execute_batch("RELEASE one")?;
        }
        self.answered().await
    }

    /// Takes everything back. What it was decided on may be changes that are not on disk: then that is waited for.
    pub(in crate::db) async fn roll_back(mut self) -> Result<(), DbError> {
        self.take_back();
        if self.nested { self.answered().await } else { Ok(()) }
    }

    /// Leaves the desk to the next and waits for the common commit.
    async fn answered(mut self) -> Result<(), DbError> {
        self.open = false;
        let (answer, answered) = oneshot::channel();
        self.desk.done.push(answer);
        let first = self.desk.done.len() == 1;
        let writer = self.writer.clone();
        drop(self);
        if first {
            // Not part of the one who asks: whoever goes away takes nobody's commit along.
            tokio::spawn(writer.commit_done());
        }
        answered.await.map_err(|_| closed())?.map_err(DbError::from)
    }

    fn take_back(&mut self) {
        if self.open {
            self.open = false;
            // A statement that failed badly has taken everything back already; then there is nothing to do.
            let how = if self.nested { "ROLLBACK TO one; RELEASE one" } else { "ROLLBACK" };
            let _ = self.connection().execute_batch(how);
        }
    }

    fn connection(&self) -> &Connection {
        self.desk
            .connection
            .as_ref()
            .expect("a transaction begins on an open file, and closing waits for its end")
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        self.take_back();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Sqlite;
    use super::*;
    use crate::args;

    async fn opened(folder: &Path) -> Sqlite {
        let file = Sqlite::open(&folder.join("t.db"), 4).await.unwrap();
        let mut tx = file.begin().await.unwrap();
        tx.script("CREATE TABLE t (id BIGINT PRIMARY KEY)").unwrap();
        tx.commit().await.unwrap();
        file
    }

    async fn there(file: &Sqlite, id: i64) -> bool {
        !file.read("SELECT 1 FROM t WHERE id = $1", args![id]).await.unwrap().is_empty()
    }

    async fn insert(file: &Sqlite, id: i64) -> SqliteTx {
        let mut tx = file.begin().await.unwrap();
        tx.execute("INSERT INTO t (id) VALUES ($1)", args![id]).unwrap();
        tx
    }

    /// Whoever is answered is on disk, whoever went back left nothing, and neither takes the others along.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn each_of_many_at_once_ends_on_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = opened(folder.path()).await;
        let all = (0..400i64).map(|id| {
            let file = file.clone();
            tokio::spawn(async move {
                let tx = insert(&file, id).await;
                match id % 5 {
                    0 => tx.roll_back().await.unwrap(),
                    1 => drop(tx),
                    // Whoever asked goes away while the commit is awaited.
                    2 => drop(tokio::time::timeout(std::time::Duration::ZERO, tx.commit()).await),
                    _ => tx.commit().await.unwrap(),
                }
                if id % 5 != 2 {
                    assert_eq!(there(&file, id).await, id % 5 > 2, "{id}");
                }
            })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        file.close().await;
        let file = Sqlite::open(&folder.path().join("t.db"), 1).await.unwrap();
        for id in 0..400 {
            assert_eq!(there(&file, id).await, id % 5 > 1, "{id}");
        }
    }

    #[tokio::test]
    async fn one_commit_serves_those_who_stood_in_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = opened(folder.path()).await;
        let first = insert(&file, 1).await;
        // Two stand in line while the first one works; the one after them does not.
        let later = [2, 3].map(|id| {
            let file = file.clone();
            tokio::spawn(async move {
                let tx = insert(&file, id).await;
                assert!(tx.nested, "{id}");
                assert!(!there(&file, 1).await, "nothing is on disk yet");
                tx.commit().await.unwrap();
                assert!(there(&file, 1).await && there(&file, 2).await && there(&file, 3).await);
            })
        });
        while file.0.writer.waiting.load(Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        first.commit().await.unwrap();
        for one in later {
            one.await.unwrap();
        }
        assert!(!insert(&file, 4).await.nested);
    }

    /// What SQLite takes back by itself is lost for all who were not committed, and each of them hears it.
    #[tokio::test]
    async fn what_is_lost_together_is_told_to_each() {
        let folder = tempfile::tempdir().unwrap();
        let file = opened(folder.path()).await;
        let first = insert(&file, 1).await;
        let second = tokio::spawn({
            let file = file.clone();
            async move {
                let mut tx = insert(&file, 2).await;
                assert!(tx.nested);
                tx.script("ROLLBACK").unwrap();
                tx.commit().await
            }
        });
        while file.0.writer.waiting.load(Relaxed) < 1 {
            tokio::task::yield_now().await;
        }
        let lost = first.commit().await.unwrap_err();
        assert!(crate::error::wants_retry(&lost), "{lost:?}");
        assert!(second.await.unwrap().is_err());
        assert!(!there(&file, 1).await && !there(&file, 2).await);
        insert(&file, 1).await.commit().await.unwrap();
        assert!(there(&file, 1).await);
    }
}
