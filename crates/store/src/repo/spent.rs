//! Things that count once: a captcha's challenge. What was used is remembered by its name for as long as it could be used.

use mydata_domain::Time;

use crate::args;
use crate::db::{Db, Tx};
use crate::error::Result;

/// Uses a thing up. `false`: it was used before. Of two who use it at once one gets `true`.
///
/// # Errors
/// The database refuses.
pub async fn spend(tx: &Tx, name: &str, until: Time) -> Result<bool> {
    let sql = "INSERT INTO spent (name, until) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    Ok(tx.execute(sql, args![name, until]).await? == 1)
}

/// Forgets what could not be used any more.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("spent-sweep", "DELETE FROM spent WHERE until < $1", args![now]).await
}
