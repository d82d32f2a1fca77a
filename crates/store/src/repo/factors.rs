//! Second factors: generators of one-time passwords, passkeys, recovery codes. What is secret in them is sealed; what they
//! mean is decided elsewhere.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use zeroize::Zeroizing;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "account_factors";

/// What kind of factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactorKind {
    /// One-time passwords by time (RFC 6238).
    Totp,
    /// A passkey (WebAuthn).
    Passkey,
    /// A recovery code; each is used once.
    Recovery,
}

impl FactorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Recovery => "recovery",
        }
    }

    fn read(text: &str) -> Result<Self> {
        match text {
            "totp" => Ok(Self::Totp),
            "passkey" => Ok(Self::Passkey),
            "recovery" => Ok(Self::Recovery),
            _ => Err(unreadable(TABLE, "kind")),
        }
    }
}

/// A factor. Its content is secret: no `Debug`.
#[derive(Clone)]
pub struct Factor {
    /// Its identifier.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// What kind.
    pub kind: FactorKind,
    /// The last time step or signature counter taken.
    pub counter: i64,
    /// When it was added.
    pub created_at: Time,
    /// When it was last used.
    pub used_at: Option<Time>,
    /// What was sealed.
    pub content: Zeroizing<Vec<u8>>,
}

/// A factor to be added.
pub struct NewFactor<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Whose it is.
    pub account: AccountId,
    /// What kind.
    pub kind: FactorKind,
    /// What it is looked up by: a passkey's id, a recovery code.
    pub lookup: Option<&'a [u8]>,
    /// The first counter.
    pub counter: i64,
    /// What is to be sealed.
    pub content: &'a [u8],
}

fn lookup_index(crypter: &Crypter, kind: FactorKind, account: AccountId, lookup: &[u8]) -> String {
    let mut value = format!("{} {account} ", kind.as_str()).into_bytes();
    value.extend_from_slice(lookup);
    crypter.index("factor", value)
}

const COLUMNS: &str = "id, account_id, kind, counter, created_at, used_at, private";

fn read(crypter: &Crypter, row: &Row) -> Result<Factor> {
    let id = row.get_text(0)?;
    Ok(Factor {
        account: row.get_text(1)?.parse().map_err(|_| unreadable(TABLE, "account_id"))?,
        kind: FactorKind::read(&row.get_text(2)?)?,
        counter: row.get_i64(3)?,
        created_at: row.get_time(4)?,
        used_at: row.get_opt_time(5)?,
        content: crypter.open(TABLE, &id, "private", &row.get_blob(6)?)?,
        id,
    })
}

/// Adds a factor.
///
/// # Errors
/// [`crate::StoreError::Conflict`]: the account has it already.
pub async fn add(tx: &Tx, crypter: &Crypter, new: &NewFactor<'_>, now: Time) -> Result<()> {
    let lookup = new.lookup.map(|lookup| lookup_index(crypter, new.kind, new.account, lookup));
    tx.execute(
        "INSERT INTO account_factors (id, account_id, kind, lookup, counter, created_at, private) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            new.id,
            new.account.to_string(),
            new.kind.as_str(),
            lookup,
            new.counter,
            now,
            crypter.seal(TABLE, new.id, "private", new.content),
        ],
    )
    .await?;
    Ok(())
}

/// The factors of an account, oldest first; recovery codes are among them.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_account(db: &Db, crypter: &Crypter, account: AccountId) -> Result<Vec<Factor>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account_factors WHERE account_id = $1 ORDER BY created_at, id LIMIT 100"
    );
    let rows = db.fetch_all(sql, args![account.to_string()]).await?;
    rows.iter().map(|row| read(crypter, row)).collect()
}

/// A factor by what it is looked up by.
///
/// # Errors
/// As [`of_account`].
pub async fn find(
    db: &Db,
    crypter: &Crypter,
    account: AccountId,
    kind: FactorKind,
    lookup: &[u8],
) -> Result<Option<Factor>> {
    let sql = format!("SELECT {COLUMNS} FROM account_factors WHERE lookup = $1");
    let row = db.fetch_opt(sql, args![lookup_index(crypter, kind, account, lookup)]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Writes down that a factor was used, when `counter` is beyond the last one: so nothing is taken twice, not even side by
/// side. `false` when it is not.
///
/// # Errors
/// The database refuses.
pub async fn used(tx: &Tx, id: &str, counter: i64, now: Time) -> Result<bool> {
    let sql = "UPDATE account_factors SET counter = $2, used_at = $3 WHERE id = $1 AND counter < $2";
    Ok(tx.execute(sql, args![id, counter, now]).await? == 1)
}

/// Writes down that a factor without a counter was used.
///
/// # Errors
/// The database refuses.
pub async fn used_uncounted(tx: &Tx, id: &str, now: Time) -> Result<bool> {
    let sql = "UPDATE account_factors SET used_at = $2 WHERE id = $1 AND counter = 0";
    Ok(tx.execute(sql, args![id, now]).await? == 1)
}

/// Takes a factor away; `false` when the account has none of that identifier.
///
/// # Errors
/// The database refuses.
pub async fn remove(tx: &Tx, account: AccountId, id: &str) -> Result<bool> {
    let sql = "DELETE FROM account_factors WHERE id = $1 AND account_id = $2";
    Ok(tx.execute(sql, args![id, account.to_string()]).await? == 1)
}

/// Takes all factors of a kind away; gives their number.
///
/// # Errors
/// The database refuses.
pub async fn remove_kind(tx: &Tx, account: AccountId, kind: FactorKind) -> Result<u64> {
    let sql = "DELETE FROM account_factors WHERE account_id = $1 AND kind = $2";
    tx.execute(sql, args![account.to_string(), kind.as_str()]).await
}

/// The account that a factor belongs to.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn owner(db: &Db, id: &str) -> Result<Option<AccountId>> {
    let row = db.fetch_opt("SELECT account_id FROM account_factors WHERE id = $1", args![id]).await?;
    row.map(|row| row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "account_id"))).transpose()
}
