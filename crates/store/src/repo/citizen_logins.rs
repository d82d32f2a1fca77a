//! Citizens of the portal on the way to an identity provider and back. Each attempt is used once, by the browser that
//! began it.

use mydata_domain::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

const TABLE: &str = "citizen_logins";

/// Keeps an attempt under its `state` parameter, for the browser of this secret.
///
/// # Errors
/// The database refuses.
pub async fn begin<P: Serialize>(
    tx: &Tx,
    crypter: &Crypter,
    (state, browser): (&str, &str),
    private: &P,
    expires_at: Time,
) -> Result<()> {
    let index = crypter.index("citizen login", state);
    let plain = Zeroizing::new(serde_json::to_vec(private).map_err(|_| unreadable(TABLE, "private"))?);
    tx.run(
        "INSERT INTO citizen_logins (state, browser, expires_at, private) VALUES ($1, $2, $3, $4)",
        args![
            &index,
            crypter.index("citizen browser", browser),
            expires_at,
            crypter.seal(TABLE, &index, "private", &plain),
        ],
    )
    .await
}

/// Takes an attempt out; it cannot be used again. `None` when it is unknown, another browser's, used, or has ended.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn take<P: DeserializeOwned>(
    tx: &Tx,
    crypter: &Crypter,
    (state, browser): (&str, &str),
    now: Time,
) -> Result<Option<P>> {
    let index = crypter.index("citizen login", state);
    let sql = "DELETE FROM citizen_logins WHERE state = $1 AND browser = $2 RETURNING expires_at, private";
    let row = tx.fetch_opt(sql, args![&index, crypter.index("citizen browser", browser)]).await?;
    let Some(row) = row else { return Ok(None) };
    if row.get_time(0)? <= now {
        return Ok(None);
    }
    let plain = crypter.open(TABLE, &index, "private", &row.get_blob(1)?)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| unreadable(TABLE, "private"))
}

/// Removes attempts that nobody came back from.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("citizen-logins-sweep", "DELETE FROM citizen_logins WHERE expires_at < $1", args![now]).await
}
