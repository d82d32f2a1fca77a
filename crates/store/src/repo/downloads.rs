//! Lists of own downloads: a citizen's, and those whose number somebody holds. One download is read and changed like every
//! transaction, by [`super::transactions`].

use super::transactions::{COLUMNS, Kept, PART_COLUMNS, TABLE, read};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Arg, Db, Row};
use crate::error::Result;

/// A citizen's own downloads, latest first: `most` of them, after the first `skip`. `citizen` is the keyed index.
///
/// # Errors
/// The database refuses, or a row cannot be read.
pub async fn of_citizen(
    db: &Db,
    crypter: &Crypter,
    citizen: &str,
    skip: u32,
    most: u32,
) -> Result<Vec<Kept>> {
    let of = "SELECT * FROM transactions WHERE citizen = $1 AND purpose = 'own' ORDER BY entered_at DESC, id LIMIT $2 OFFSET $3";
    list(db, crypter, of, args![citizen, i64::from(most), i64::from(skip)]).await
}

/// How many own downloads a citizen has had.
///
/// # Errors
/// The database refuses.
pub async fn count(db: &Db, citizen: &str) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM transactions WHERE citizen = $1 AND purpose = 'own'";
    let count = db.fetch_one(sql, args![citizen]).await?.get_i64(0)?;
    u64::try_from(count).map_err(|_| unreadable(TABLE, "citizen"))
}

/// How many own downloads of a citizen are being collected or held.
///
/// # Errors
/// The database refuses.
pub async fn running(db: &Db, citizen: &str) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM transactions WHERE citizen = $1 AND purpose = 'own' AND stage <> 'ended'";
    let count = db.fetch_one(sql, args![citizen]).await?.get_i64(0)?;
    u64::try_from(count).map_err(|_| unreadable(TABLE, "citizen"))
}

/// The downloads of a citizen that are held, latest first.
///
/// # Errors
/// The database refuses, or a row cannot be read.
pub async fn held(db: &Db, crypter: &Crypter, citizen: &str, most: u32) -> Result<Vec<Kept>> {
    let of = "SELECT * FROM transactions WHERE citizen = $1 AND purpose = 'own' AND stage = 'held' \
              ORDER BY entered_at DESC, id LIMIT $2";
    list(db, crypter, of, args![citizen, i64::from(most)]).await
}

/// The downloads whose number somebody holds, the citizen or a delegate; also numbers that have ended.
///
/// # Errors
/// The database refuses, or a row cannot be read.
pub async fn with_barcode_of(db: &Db, crypter: &Crypter, holder: &str, most: u32) -> Result<Vec<Kept>> {
    let of = "SELECT * FROM transactions WHERE id IN \
              (SELECT transaction_id FROM barcodes WHERE holder = $1 ORDER BY ends_at DESC, number LIMIT $2)";
    list(db, crypter, of, args![holder, i64::from(most)]).await
}

/// Reads the transactions that `of` selects, one statement for all.
async fn list(db: &Db, crypter: &Crypter, of: &str, arguments: &[Arg<'_>]) -> Result<Vec<Kept>> {
    let sql = format!(
        "SELECT {COLUMNS}, {PART_COLUMNS} FROM ({of}) t JOIN transaction_parts p ON p.transaction_id = t.id \
         ORDER BY t.entered_at DESC, t.id, p.place"
    );
    let rows = db.fetch_all(sql, arguments).await?;
    let id = |row: &Row| row.get_text("id");
    let mut kept = Vec::new();
    let mut rest = rows.as_slice();
    while let Some(first) = rest.first() {
        let first = id(first)?;
        let mut len = 1;
        while rest.get(len).map(id).transpose()?.is_some_and(|next| next == first) {
            len += 1;
        }
        let (these, others) = rest.split_at(len);
        kept.extend(read(crypter, these)?);
        rest = others;
    }
    Ok(kept)
}
