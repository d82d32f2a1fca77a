//! Links in mails that begin a sign-up (R3, R21): the address is sealed, the secret is looked up and never kept.

use std::time::Duration;

use mydata_domain::Time;

use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

const TABLE: &str = "sign_up_links";

fn secret_index(crypter: &Crypter, secret: &str) -> String {
    crypter.index("sign-up link", secret)
}

fn mail_index(crypter: &Crypter, mail: &str) -> String {
    crypter.index("sign-up mail", mail.trim().to_lowercase())
}

/// How many links of an address have not ended.
///
/// # Errors
/// The database refuses.
pub async fn open_for(tx: &Tx, crypter: &Crypter, mail: &str, now: Time) -> Result<u32> {
    let row = tx
        .fetch_one(
            "SELECT COUNT(*) FROM sign_up_links WHERE mail = $1 AND expires_at > $2",
            args![mail_index(crypter, mail), now],
        )
        .await?;
    Ok(u32::try_from(row.get_i64(0)?).unwrap_or(u32::MAX))
}

/// Keeps a link under its secret.
///
/// # Errors
/// The database refuses.
pub async fn make(
    tx: &Tx,
    crypter: &Crypter,
    mail: &str,
    secret: &str,
    now: Time,
    life: Duration,
) -> Result<()> {
    let index = secret_index(crypter, secret);
    let sealed = crypter.seal(TABLE, &index, "private", mail.trim().as_bytes());
    tx.run(
        "INSERT INTO sign_up_links (secret, mail, expires_at, private) VALUES ($1, $2, $3, $4)",
        args![&index, mail_index(crypter, mail), now.plus(life), sealed],
    )
    .await
}

/// The address of a link that has not ended, without using it up.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn look(db: &Db, crypter: &Crypter, secret: &str, now: Time) -> Result<Option<String>> {
    let index = secret_index(crypter, secret);
    let row = db
        .fetch_opt(
            "SELECT private FROM sign_up_links WHERE secret = $1 AND expires_at > $2",
            args![&index, now],
        )
        .await?;
    row.map(|row| open(crypter, &index, &row.get_blob(0)?)).transpose()
}

/// Takes a link out, with every other one of its address; gives the address, and when the link would have ended. `None` when it is unknown, used, or has ended.
///
/// # Errors
/// As [`look`].
pub async fn take(tx: &Tx, crypter: &Crypter, secret: &str, now: Time) -> Result<Option<(String, Time)>> {
    let index = secret_index(crypter, secret);
    let row = tx
        .fetch_opt(
            "DELETE FROM sign_up_links WHERE secret = $1 RETURNING mail, expires_at, private",
            args![&index],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let until = row.get_time(1)?;
    if until <= now {
        return Ok(None);
    }
    tx.run("DELETE FROM sign_up_links WHERE mail = $1", args![row.get_text(0)?]).await?;
    open(crypter, &index, &row.get_blob(2)?).map(|address| Some((address, until)))
}

fn open(crypter: &Crypter, index: &str, sealed: &[u8]) -> Result<String> {
    Ok(crypter.open_text(TABLE, index, "private", sealed)?.as_str().to_owned())
}

/// Removes links that nobody used.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("sign-up-links-sweep", "DELETE FROM sign_up_links WHERE expires_at <= $1", args![now]).await
}
