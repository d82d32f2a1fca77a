//! Citizens who prove who they are on the platform's own pages. An attempt is found by the keyed index of its ticket; once
//! who it is is known it waits, sealed, for the code that redeems it, and that once.

use mydata_domain::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "identity_attempts";

/// An attempt as it is kept. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Kept<P> {
    /// The keyed index of its ticket.
    pub id: String,
    /// The keyed index of the browser that opened its page first.
    pub browser: Option<String>,
    /// Until when it may be carried on.
    pub expires_at: Time,
    /// How far it is.
    pub private: P,
    edit: i64,
}

/// The keyed index of a ticket.
pub fn index(crypter: &Crypter, ticket: &str) -> String {
    crypter.index("identity attempt", ticket)
}

fn seal<P: Serialize>(crypter: &Crypter, id: &str, private: &P) -> Result<Vec<u8>> {
    let plain = Zeroizing::new(serde_json::to_vec(private).map_err(|_| unreadable(TABLE, "private"))?);
    Ok(crypter.seal(TABLE, id, "private", &plain))
}

fn open<P: DeserializeOwned>(crypter: &Crypter, id: &str, sealed: &[u8]) -> Result<P> {
    let plain = Zeroizing::new(crypter.open(TABLE, id, "private", sealed)?);
    serde_json::from_slice(&plain).map_err(|_| unreadable(TABLE, "private"))
}

/// Keeps a new attempt under its ticket.
///
/// # Errors
/// The database refuses.
pub async fn begin<P: Serialize>(
    tx: &Tx,
    crypter: &Crypter,
    ticket: &str,
    private: &P,
    expires_at: Time,
) -> Result<()> {
    let id = index(crypter, ticket);
    tx.run(
        "INSERT INTO identity_attempts (id, expires_at, edit, private) VALUES ($1, $2, 1, $3)",
        args![&id, expires_at, seal(crypter, &id, private)?],
    )
    .await
}

const SELECT: &str = "SELECT id, browser, expires_at, edit, private FROM identity_attempts \
                      WHERE id = $1 AND code IS NULL AND expires_at > $2";

fn read<P: DeserializeOwned>(crypter: &Crypter, row: &Row) -> Result<Kept<P>> {
    let id = row.get_text(0)?;
    Ok(Kept {
        browser: row.get_opt_text(1)?,
        expires_at: row.get_time(2)?,
        edit: row.get_i64(3)?,
        private: open(crypter, &id, &row.get_blob(4)?)?,
        id,
    })
}

/// The attempt of this index that goes on: not over, and nothing proven yet.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn load<P: DeserializeOwned>(
    db: &Db,
    crypter: &Crypter,
    id: &str,
    now: Time,
) -> Result<Option<Kept<P>>> {
    db.fetch_opt(SELECT, args![id, now]).await?.map(|row| read(crypter, &row)).transpose()
}

/// [`load`] inside a transaction.
///
/// # Errors
/// As there.
pub async fn load_in<P: DeserializeOwned>(
    tx: &Tx,
    crypter: &Crypter,
    id: &str,
    now: Time,
) -> Result<Option<Kept<P>>> {
    tx.fetch_opt(SELECT, args![id, now]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Writes how far it is. `false`: somebody else wrote first, or it is over.
///
/// # Errors
/// The database refuses.
pub async fn save<P: Serialize>(tx: &Tx, crypter: &Crypter, kept: &Kept<P>) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE identity_attempts SET browser = $3, private = $4, edit = edit + 1 \
             WHERE id = $1 AND edit = $2 AND code IS NULL",
            args![&kept.id, kept.edit, &kept.browser, seal(crypter, &kept.id, &kept.private)?],
        )
        .await?;
    Ok(changed == 1)
}

/// Who it is is known: from now on the attempt is redeemed with `code`, until `until`. `false`: somebody else wrote first.
///
/// # Errors
/// The database refuses.
pub async fn prove<P: Serialize>(
    tx: &Tx,
    crypter: &Crypter,
    kept: &Kept<P>,
    (code, until): (&str, Time),
) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE identity_attempts SET code = $3, expires_at = $4, private = $5, edit = edit + 1 \
             WHERE id = $1 AND edit = $2 AND code IS NULL",
            args![
                &kept.id,
                kept.edit,
                crypter.index("identity code", code),
                until,
                seal(crypter, &kept.id, &kept.private)?,
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Redeems a code with the ticket of its attempt; it cannot be redeemed again. `None`: unknown, used, another attempt's, or over.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn redeem<P: DeserializeOwned>(
    tx: &Tx,
    crypter: &Crypter,
    (ticket, code): (&str, &str),
    now: Time,
) -> Result<Option<P>> {
    let id = index(crypter, ticket);
    let row = tx
        .fetch_opt(
            "DELETE FROM identity_attempts WHERE id = $1 AND code = $2 RETURNING expires_at, private",
            args![&id, crypter.index("identity code", code)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.get_time(0)? <= now {
        return Ok(None);
    }
    open(crypter, &id, &row.get_blob(1)?).map(Some)
}

/// Ends an attempt. `false`: it was over.
///
/// # Errors
/// The database refuses.
pub async fn end(tx: &Tx, id: &str) -> Result<bool> {
    Ok(tx.execute("DELETE FROM identity_attempts WHERE id = $1 AND code IS NULL", args![id]).await? == 1)
}

/// A card is used by a citizen of this index. `false`: it is another's.
///
/// # Errors
/// The database refuses.
pub async fn uses_card(tx: &Tx, crypter: &Crypter, card: &str, citizen: &str, now: Time) -> Result<bool> {
    let card = crypter.index("identity card", card);
    tx.execute(
        "INSERT INTO identity_cards (card, citizen, first_at) VALUES ($1, $2, $3) ON CONFLICT (card) DO NOTHING",
        args![&card, citizen, now],
    )
    .await?;
    let row = tx.fetch_one("SELECT citizen FROM identity_cards WHERE card = $1", args![&card]).await?;
    Ok(row.get_text(0)? == citizen)
}

/// Removes attempts that are over.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("identity-sweep", "DELETE FROM identity_attempts WHERE expires_at < $1", args![now]).await
}
