//! Citizens on the way to an identity provider and back. Each is used once.

use mydata_domain::Time;
use mydata_domain::transaction::TransactionId;
use mydata_wire::Verification;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

const TABLE: &str = "logins";

/// A login that began.
#[derive(Debug, Clone)]
pub struct Login<P> {
    /// The transaction it is for.
    pub transaction: TransactionId,
    /// The method chosen.
    pub method: Verification,
    /// When it ends.
    pub expires_at: Time,
    /// What only the platform knows of it: nonce, verifier, what the citizen filled in.
    pub private: P,
}

/// Keeps a login under its `state` parameter.
pub async fn begin<P: Serialize>(tx: &Tx, crypter: &Crypter, state: &str, login: &Login<P>) -> Result<()> {
    let index = crypter.index("login", state);
    let plain = serde_json::to_vec(&login.private).map_err(|_| unreadable(TABLE, "private"))?;
    let private = crypter.seal(TABLE, &index, "private", &plain);
    tx.run(
        "INSERT INTO logins (state, transaction_id, method, expires_at, private) VALUES ($1, $2, $3, $4, $5)",
        args![&index, login.transaction.to_string(), login.method.code(), login.expires_at.0, private],
    )
    .await?;
    Ok(())
}

/// The transaction of a `state` parameter, without using it up.
pub async fn transaction_of(db: &Db, crypter: &Crypter, state: &str) -> Result<Option<TransactionId>> {
    let index = crypter.index("login", state);
    let row = db.fetch_opt("SELECT transaction_id FROM logins WHERE state = $1", args![&index]).await?;
    row.map(|r| r.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "transaction_id"))).transpose()
}

/// Takes a login out; it cannot be used again. `None` when it is unknown, used, or has ended.
pub async fn take<P: DeserializeOwned>(
    tx: &Tx,
    crypter: &Crypter,
    state: &str,
    now: Time,
) -> Result<Option<Login<P>>> {
    let index = crypter.index("login", state);
    let row = tx
        .fetch_opt(
            "DELETE FROM logins WHERE state = $1 RETURNING transaction_id, method, expires_at, private",
            args![&index],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let expires_at = Time(row.get_i64(2)?);
    if expires_at <= now {
        return Ok(None);
    }
    let plain = crypter.open(TABLE, &index, "private", &row.get_blob(3)?)?;
    Ok(Some(Login {
        transaction: row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "transaction_id"))?,
        method: row.get_text(1)?.parse().map_err(|_| unreadable(TABLE, "method"))?,
        expires_at,
        private: serde_json::from_slice(&plain).map_err(|_| unreadable(TABLE, "private"))?,
    }))
}

/// Removes attempts that nobody came back from.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("logins-sweep", "DELETE FROM logins WHERE expires_at < $1", args![now]).await
}

/// Removes what belongs to a transaction.
pub async fn end(tx: &Tx, id: TransactionId) -> Result<()> {
    tx.run("DELETE FROM logins WHERE transaction_id = $1", args![id.to_string()]).await
}
