//! What can go wrong while keeping or fetching something.

use std::borrow::Cow;
use std::path::PathBuf;

/// One variant per way in which the store fails. No text holds a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique rule was broken: such a record exists already.
    #[error("such a record exists already ({constraint})")]
    Conflict {
        /// The engine's name of the rule; for the log, not for deciding (the engines name it differently).
        constraint: String,
    },
    /// A reference points to a record that does not exist, or a record that is still referred to was to be deleted.
    #[error("a record that this one refers to is missing, or is still referred to ({constraint})")]
    Reference {
        /// The engine's name of the rule.
        constraint: String,
    },
    /// Other transactions were in the way in every try, or the database stayed locked; nothing was changed.
    #[error(
        "the transaction {name} met others {tries} times and gave up; nothing was changed, try again later"
    )]
    Busy {
        /// The transaction's name.
        name: &'static str,
        /// How many times it was tried.
        tries: u32,
    },
    /// A row that must exist does not.
    #[error("the row asked for does not exist")]
    NotFound,
    /// A column is missing in the answer, NULL where a value is needed, or of another type.
    #[error("column {column}: {reason}")]
    Column {
        /// Name or number of the column.
        column: Cow<'static, str>,
        /// What is the matter with it.
        reason: &'static str,
    },
    /// A stored value is not what the program once stored: wrong key, changed by another hand, or moved.
    #[error("{table}.{column} holds something that this program did not store there: {reason}")]
    Corrupt {
        /// The table, or `blobs`.
        table: Cow<'static, str>,
        /// The column, or the part of the blob.
        column: Cow<'static, str>,
        /// What is the matter with it.
        reason: &'static str,
    },
    /// The lease on a job has run out and the job was given to another; the work done under it must be thrown away.
    #[error("the lease on job {id} is lost: it ran out or was taken back")]
    LeaseLost {
        /// The job.
        id: String,
    },
    /// The blob does not exist (any more).
    #[error("blob {id} does not exist; it was deleted or never finished")]
    NoBlob {
        /// The blob.
        id: String,
    },
    /// The text is not the address of a database.
    #[error(
        "the database address is not usable: {reason}; write sqlite:PATH or postgres://USER@HOST/DATABASE"
    )]
    Address {
        /// What is the matter with it (never the address itself: it may hold a password).
        reason: String,
    },
    /// Another process has the SQLite database open.
    #[error("{} is in use by another process; stop that one, or give this one another data folder", path.display())]
    InUse {
        /// The database's file.
        path: PathBuf,
    },
    /// The master key is not to be had, or not this database's.
    #[error("master key, {place}: {reason}")]
    Keys {
        /// Where it comes from: a file, a variable, a command.
        place: String,
        /// What is the matter and how to mend it.
        reason: String,
    },
    /// A data key cannot be retired.
    #[error("key {id} cannot be retired: {what}")]
    KeyInUse {
        /// The key.
        id: String,
        /// What it is needed for, and what to do about it.
        what: String,
    },
    /// Running nodes do not follow what is done to the keys.
    #[error(
        "nodes do not follow the keys: {nodes}; look into their logs, restart or stop them, and run `mydata keys rotate` again, \
         which goes on"
    )]
    KeyNodes {
        /// Their names.
        nodes: String,
    },
    /// The key that was to sign signs no more.
    #[error("another key signs by now; it is read anew at the next try")]
    SigningKeyReplaced,
    /// Somebody else changes the keys.
    #[error("another `mydata keys` is changing the keys; wait until it has ended, then run this one again")]
    KeysTaken,
    /// The schema in the database is not one that this program can work with.
    #[error("database schema: {0}")]
    Schema(String),
    /// A file or folder could not be read or written.
    #[error("{step} {}: {source}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The blob store failed.
    #[error("blob {id}: {source}")]
    Blob {
        /// The blob, or what was being done.
        id: String,
        /// The store's reason.
        source: object_store::Error,
    },
    /// The database could not be reached in time, or the connection broke.
    #[error("the database cannot be reached: {reason}")]
    Unreachable {
        /// The system's reason.
        reason: String,
    },
    /// The database refused a statement.
    #[error("database: {reason} (code {code})")]
    Database {
        /// The engine's code (SQLSTATE, or SQLite's extended code), or `-`.
        code: String,
        /// The engine's reason.
        reason: String,
    },
}

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// Whether the reason is that such a record exists already.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// Whether the same may work in a moment: other transactions were in the way, or the database cannot be reached for now.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable { .. })
    }

    /// An [`StoreError::Io`].
    pub(crate) fn io(step: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { step, path: path.into(), source }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match error {
            sqlx::Error::Database(e) => {
                // Neither text used here holds a value.
                let constraint = || e.constraint().map_or_else(|| e.message().to_owned(), ToOwned::to_owned);
                match e.kind() {
                    _ if is_gone_code(e.code().as_deref()) => {
                        Self::Unreachable { reason: e.message().to_owned() }
                    }
                    ErrorKind::UniqueViolation => Self::Conflict { constraint: constraint() },
                    ErrorKind::ForeignKeyViolation => Self::Reference { constraint: constraint() },
                    _ => Self::Database {
                        code: e.code().map_or_else(|| "-".to_owned(), Cow::into_owned),
                        reason: e.message().to_owned(),
                    },
                }
            }
            sqlx::Error::Io(e) => Self::Unreachable { reason: e.to_string() },
            sqlx::Error::Tls(e) => Self::Unreachable { reason: format!("TLS: {e}") },
            sqlx::Error::PoolTimedOut => {
                Self::Unreachable { reason: "no connection became free in time".to_owned() }
            }
            sqlx::Error::PoolClosed => Self::Unreachable { reason: "the store was closed".to_owned() },
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Configuration(e) => Self::Address { reason: e.to_string() },
            other => Self::Database { code: "-".to_owned(), reason: other.to_string() },
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        let rusqlite::Error::SqliteFailure(cause, message) = &error else {
            // No text of these holds a value.
            return Self::Database { code: "-".to_owned(), reason: error.to_string() };
        };
        let reason = message.clone().unwrap_or_else(|| cause.to_string());
        match cause.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => Self::Conflict { constraint: reason },
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::Reference { constraint: reason },
            code => Self::Database { code: code.to_string(), reason },
        }
    }
}

/// What an engine answers when it refuses.
#[derive(Debug)]
pub(crate) enum DbError {
    Postgres(sqlx::Error),
    Sqlite(rusqlite::Error),
    /// The store's own word.
    Store(StoreError),
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for DbError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Postgres(error) => error.into(),
            DbError::Sqlite(error) => error.into(),
            DbError::Store(error) => error,
        }
    }
}

/// Whether the engine asks for the whole transaction to be tried again: serialisation failure or deadlock on PostgreSQL,
/// busy or locked on SQLite.
pub(crate) fn wants_retry(error: &DbError) -> bool {
    match error {
        DbError::Postgres(sqlx::Error::Database(e)) => {
            e.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01"))
        }
        DbError::Sqlite(error) => matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        ),
        DbError::Postgres(_) | DbError::Store(_) => false,
    }
}

/// Whether the connection has died: then nothing was done, if nothing had been begun.
pub(crate) fn connection_is_gone(error: &DbError) -> bool {
    match error {
        DbError::Postgres(sqlx::Error::Io(_)) => true,
        DbError::Postgres(sqlx::Error::Database(e)) => is_gone_code(e.code().as_deref()),
        _ => false,
    }
}

/// PostgreSQL's classes "connection exception" and "operator intervention: shutdown".
fn is_gone_code(code: Option<&str>) -> bool {
    code.is_some_and(|c| c.len() == 5 && (c.starts_with("08") || c.starts_with("57P")))
}
