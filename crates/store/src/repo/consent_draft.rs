//! What a citizen has filled in on the page of consent, sealed, until that page is behind them. It is filled in again
//! when a login failed or the language was changed; it goes nowhere else.

use mydata_domain::transaction::TransactionId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

const TABLE: &str = "transactions";
const COLUMN: &str = "draft";

/// Keeps a draft in place of the one before. Nothing is kept once the citizen is identified.
pub async fn keep<D: Serialize>(tx: &Tx, crypter: &Crypter, id: TransactionId, draft: &D) -> Result<()> {
    let id = id.to_string();
    let plain = Zeroizing::new(serde_json::to_vec(draft).map_err(|_| unreadable(TABLE, COLUMN))?);
    let sealed = crypter.seal(TABLE, &id, COLUMN, &plain);
    tx.run("UPDATE transactions SET draft = $2 WHERE id = $1 AND stage = 'entered'", args![&id, sealed]).await
}

/// Reads what was kept.
pub async fn load<D: DeserializeOwned>(db: &Db, crypter: &Crypter, id: TransactionId) -> Result<Option<D>> {
    let id = id.to_string();
    let row = db.fetch_opt("SELECT draft FROM transactions WHERE id = $1", args![&id]).await?;
    let Some(sealed) = row.map(|r| r.get_opt_blob(0)).transpose()?.flatten() else { return Ok(None) };
    let plain = crypter.open(TABLE, &id, COLUMN, &sealed)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| unreadable(TABLE, COLUMN))
}

/// Forgets it.
pub async fn end(tx: &Tx, id: TransactionId) -> Result<()> {
    tx.run("UPDATE transactions SET draft = NULL WHERE id = $1 AND draft IS NOT NULL", args![id.to_string()])
        .await
}
