//! Changes of mail address or phone number that wait to be confirmed. New address and hashes of codes are sealed.

use mydata_domain::Time;
use mydata_domain::citizen::change::{Change, ChangeId};

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "contact_changes";

/// A change as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub id: ChangeId,
    /// Whose: the keyed index.
    pub citizen: String,
    /// What it waits for.
    pub change: Change,
    /// Grows with every change of it.
    edit: i64,
}

fn seal(crypter: &Crypter, id: ChangeId, change: &Change) -> Vec<u8> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(change).expect("a change is made of texts"));
    crypter.seal(TABLE, &id.to_string(), "private", &plain)
}

fn read(crypter: &Crypter, row: &Row) -> Result<Kept> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(0)?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob(3)?)?;
    Ok(Kept {
        id: id.parse().map_err(|_| bad("id"))?,
        citizen: row.get_text(1)?,
        edit: row.get_i64(2)?,
        change: serde_json::from_slice(&plain).map_err(|_| bad("private"))?,
    })
}

/// Keeps a new change; one of the same channel that still waits ends with it.
///
/// # Errors
/// The database refuses.
pub async fn begin(tx: &Tx, crypter: &Crypter, citizen: &str, id: ChangeId, change: &Change) -> Result<()> {
    let channel = change.channel.as_str();
    tx.execute(
        "UPDATE contact_changes SET state = 'void' WHERE citizen = $1 AND channel = $2 AND state = 'open'",
        args![citizen, channel],
    )
    .await?;
    tx.run(
        "INSERT INTO contact_changes (id, citizen, channel, state, began_at, edit, private) \
         VALUES ($1, $2, $3, 'open', $4, 1, $5)",
        args![id.to_string(), citizen, channel, change.began_at, seal(crypter, id, change)],
    )
    .await
}

/// How many changes a citizen began since a moment.
///
/// # Errors
/// The database refuses.
pub async fn since(tx: &Tx, citizen: &str, from: Time) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM contact_changes WHERE citizen = $1 AND began_at > $2";
    tx.fetch_one(sql, args![citizen, from]).await?.get_i64(0)
}

const SELECT: &str = "SELECT id, citizen, edit, private FROM contact_changes WHERE id = $1 AND citizen = $2 AND state = 'open'";

/// A citizen's change that still waits; another's is not found.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, citizen: &str, id: ChangeId) -> Result<Option<Kept>> {
    let row = db.fetch_opt(SELECT, args![id.to_string(), citizen]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// [`load`] inside a transaction.
///
/// # Errors
/// As there.
pub async fn load_in(tx: &Tx, crypter: &Crypter, citizen: &str, id: ChangeId) -> Result<Option<Kept>> {
    let row = tx.fetch_opt(SELECT, args![id.to_string(), citizen]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Writes a change; `done` when it was confirmed whole. `false`: somebody else wrote it first.
///
/// # Errors
/// The database refuses.
pub async fn save(tx: &Tx, crypter: &Crypter, kept: &Kept, done: bool) -> Result<bool> {
    let state = if done { "done" } else { "open" };
    let private = seal(crypter, kept.id, &kept.change);
    let changed = tx
        .execute(
            "UPDATE contact_changes SET state = $3, edit = edit + 1, private = $4 \
             WHERE id = $1 AND edit = $2 AND state = 'open'",
            args![kept.id.to_string(), kept.edit, state, private],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes changes that began before a moment.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, before: Time) -> Result<u64> {
    let sql = "DELETE FROM contact_changes WHERE began_at < $1";
    db.execute("contact-changes-sweep", sql, args![before]).await
}
