//! A copy of the database as it was at one moment, made while others read and write it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StoreError};

/// A writer that holds the file alone (a checkpoint) is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// Copies the database in the file `from` to the file `to`, which must not exist.
///
/// # Errors
/// `from` is no database or cannot be read, `to` exists or cannot be written. Blocks the thread.
pub fn snapshot(from: &Path, to: &Path) -> Result<()> {
    let failed = |error: rusqlite::Error| {
        StoreError::io("copy the database of", from, std::io::Error::other(error.to_string()))
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(failed)?;
    connection.busy_timeout(WAIT).map_err(failed)?;
    let target = to.to_str().ok_or_else(|| {
        StoreError::io("copy the database to", to, std::io::Error::other("the path is not UTF-8"))
    })?;
    connection.execute("VACUUM INTO ?1", [target]).map_err(failed)?;
    Ok(())
}
