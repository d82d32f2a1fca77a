//! Terms and policies in SQL: versions, their texts, and who accepted which.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::policy_text::{PolicyKind, Version};

use super::items::parsed;
use super::{system, unreadable};
use crate::args;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "policy_versions";
const COLUMNS: &str = "kind, number, holds_from, binding, published_at, updated_at, edit";

/// A version's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// In zh-TW, with markup.
    pub zh: String,
    /// In English.
    pub en: String,
}

fn read(row: &Row) -> Result<Version> {
    Ok(Version {
        kind: parsed(row, TABLE, "kind")?,
        number: u32::try_from(row.get_i64("number")?).map_err(|_| unreadable(TABLE, "number"))?,
        from: row.get_opt_time("holds_from")?,
        binding: row.get_i64("binding")? != 0,
        published_at: row.get_opt_time("published_at")?,
        updated_at: row.get_time("updated_at")?,
        edit: row.get_i64("edit")?,
    })
}

/// All versions without their texts, newest first; at most 1,000.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn versions(db: &Db) -> Result<Vec<Version>> {
    let sql = format!("SELECT {COLUMNS} FROM policy_versions ORDER BY kind, number DESC LIMIT 1000");
    db.fetch_all(sql, args![]).await?.iter().map(read).collect()
}

/// A version's text.
///
/// # Errors
/// The database refuses.
pub async fn texts(db: &Db, kind: PolicyKind, number: u32) -> Result<Option<Texts>> {
    let row = db
        .fetch_opt(
            "SELECT body, body_en FROM policy_versions WHERE kind = $1 AND number = $2",
            args![kind.as_str(), number],
        )
        .await?;
    row.map(|row| Ok(Texts { zh: row.get_text(0)?, en: row.get_text(1)? })).transpose()
}

/// Keeps a new draft as the next version; gives its number. A kind has one draft at a time: with one there, that one's
/// number, and nothing is changed.
///
/// # Errors
/// The database refuses.
pub async fn begin(tx: &Tx, kind: PolicyKind, texts: &Texts, now: Time) -> Result<u32> {
    let wrong = |_| unreadable(TABLE, "number");
    let row = tx
        .fetch_opt(
            "SELECT number FROM policy_versions WHERE kind = $1 AND holds_from IS NULL ORDER BY number LIMIT 1",
            args![kind.as_str()],
        )
        .await?;
    if let Some(row) = row {
        return u32::try_from(row.get_i64(0)?).map_err(wrong);
    }
    let row = tx
        .fetch_one(
            "SELECT COALESCE(MAX(number), 0) + 1 FROM policy_versions WHERE kind = $1",
            args![kind.as_str()],
        )
        .await?;
    let number = u32::try_from(row.get_i64(0)?).map_err(wrong)?;
    tx.run(
        "INSERT INTO policy_versions (kind, number, binding, updated_at, edit, body, body_en) \
         VALUES ($1, $2, 1, $3, 1, $4, $5)",
        args![kind.as_str(), number, now, &texts.zh, &texts.en],
    )
    .await?;
    Ok(number)
}

/// Saves a draft; `false` when it was saved, published or thrown away since `edit`.
///
/// # Errors
/// The database refuses.
pub async fn save(
    tx: &Tx,
    (kind, number, edit): (PolicyKind, u32, i64),
    texts: &Texts,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE policy_versions SET body = $4, body_en = $5, updated_at = $6, edit = edit + 1 \
             WHERE kind = $1 AND number = $2 AND edit = $3 AND holds_from IS NULL",
            args![kind.as_str(), number, edit, &texts.zh, &texts.en, now],
        )
        .await?;
    Ok(changed > 0)
}

/// Publishes a draft as it is at `edit`; `false` when it is another by now. From then on it never changes.
///
/// # Errors
/// The database refuses.
pub async fn publish(
    tx: &Tx,
    (kind, number, edit): (PolicyKind, u32, i64),
    from: Time,
    binding: bool,
    by: AccountId,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE policy_versions SET holds_from = $4, binding = $5, published_at = $6, published_by = $7, \
             updated_at = $6 WHERE kind = $1 AND number = $2 AND edit = $3 AND holds_from IS NULL",
            args![kind.as_str(), number, edit, from, binding, now, by.to_string()],
        )
        .await?;
    if changed > 0 {
        system::grow(tx).await?;
    }
    Ok(changed > 0)
}

/// Throws a draft away; `false` when there is none.
///
/// # Errors
/// The database refuses.
pub async fn discard(tx: &Tx, kind: PolicyKind, number: u32) -> Result<bool> {
    let gone = tx
        .execute(
            "DELETE FROM policy_versions WHERE kind = $1 AND number = $2 AND holds_from IS NULL",
            args![kind.as_str(), number],
        )
        .await?;
    Ok(gone > 0)
}

/// Notes that an account accepted a version. Done twice, the first moment stays.
///
/// # Errors
/// The database refuses.
pub async fn accept(tx: &Tx, account: AccountId, kind: PolicyKind, number: u32, now: Time) -> Result<()> {
    tx.run(
        "INSERT INTO policy_acceptances (account_id, kind, number, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account_id, kind, number) DO NOTHING",
        args![account.to_string(), kind.as_str(), number, now],
    )
    .await
}

/// The newest version of each kind that an account accepted.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn accepted(db: &Db, account: AccountId) -> Result<Vec<(PolicyKind, u32)>> {
    let rows = db
        .fetch_all(
            "SELECT kind, MAX(number) AS number FROM policy_acceptances WHERE account_id = $1 GROUP BY kind",
            args![account.to_string()],
        )
        .await?;
    let read = |row: &Row| {
        let number = u32::try_from(row.get_i64("number")?).map_err(|_| unreadable(TABLE, "number"))?;
        Ok((parsed(row, "policy_acceptances", "kind")?, number))
    };
    rows.iter().map(read).collect()
}
