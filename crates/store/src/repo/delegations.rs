//! Delegations (代辦). Both people are found by keyed index; their names are sealed.

use mydata_domain::Time;
use mydata_domain::delegate::{Delegation, DelegationId};
use mydata_domain::transaction::TransactionId;
use mydata_domain::transaction::own::CounterCase;
use serde::{Deserialize, Serialize};

use super::list::lock;
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "delegations";
const COLUMNS: &str = "id, transaction_id, citizen, delegate, state, asked_at, decided_at, ends_at, private";

/// Personal data: no `Debug`.
#[derive(Serialize, Deserialize)]
struct Private {
    citizen: String,
    delegate: String,
}

fn read(crypter: &Crypter, row: &Row) -> Result<Delegation> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(0)?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob(8)?)?;
    let private: Private = serde_json::from_slice(&plain).map_err(|_| bad("private"))?;
    Ok(Delegation {
        id: id.parse().map_err(|_| bad("id"))?,
        transaction: row.get_text(1)?.parse().map_err(|_| bad("transaction_id"))?,
        citizen: row.get_text(2)?,
        delegate: row.get_text(3)?,
        state: row.get_text(4)?.parse().map_err(|_| bad("state"))?,
        asked_at: row.get_time(5)?,
        decided_at: row.get_opt_time(6)?,
        ends_at: row.get_time(7)?,
        citizen_name: private.citizen,
        delegate_name: private.delegate,
    })
}

/// Keeps a new one.
///
/// # Errors
/// [`crate::StoreError::Conflict`]: the download has one that goes on.
pub async fn insert(tx: &Tx, crypter: &Crypter, one: &Delegation) -> Result<()> {
    let id = one.id.to_string();
    let private = Private { citizen: one.citizen_name.clone(), delegate: one.delegate_name.clone() };
    let plain = serde_json::to_vec(&private).map_err(|_| unreadable(TABLE, "private"))?;
    let sealed = crypter.seal(TABLE, &id, "private", &plain);
    tx.execute(
        "INSERT INTO delegations (id, transaction_id, citizen, delegate, state, asked_at, decided_at, ends_at, private) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &id,
            one.transaction.to_string(),
            &one.citizen,
            &one.delegate,
            one.state.as_str(),
            one.asked_at,
            one.decided_at.map(|at| at.0),
            one.ends_at,
            sealed,
        ],
    )
    .await?;
    Ok(())
}

/// Reads one and locks it until the transaction ends.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn load_in(tx: &Tx, crypter: &Crypter, id: DelegationId) -> Result<Option<Delegation>> {
    let sql = format!("SELECT {COLUMNS} FROM delegations WHERE id = $1{}", lock(tx));
    tx.fetch_opt(sql, args![id.to_string()]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Reads one.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, id: DelegationId) -> Result<Option<Delegation>> {
    let sql = format!("SELECT {COLUMNS} FROM delegations WHERE id = $1");
    db.fetch_opt(sql, args![id.to_string()]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Writes back what a step changed.
///
/// # Errors
/// The database refuses.
pub async fn save(tx: &Tx, one: &Delegation) -> Result<()> {
    tx.execute(
        "UPDATE delegations SET state = $2, decided_at = $3 WHERE id = $1",
        args![one.id.to_string(), one.state.as_str(), one.decided_at.map(|at| at.0)],
    )
    .await?;
    Ok(())
}

/// The latest one of a download.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn latest(db: &Db, crypter: &Crypter, transaction: TransactionId) -> Result<Option<Delegation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delegations WHERE transaction_id = $1 ORDER BY asked_at DESC, id LIMIT 1"
    );
    db.fetch_opt(sql, args![transaction.to_string()]).await?.map(|row| read(crypter, &row)).transpose()
}

/// The one of a download that goes on, in the caller's transaction.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn living_in(tx: &Tx, crypter: &Crypter, transaction: TransactionId) -> Result<Option<Delegation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delegations WHERE transaction_id = $1 AND state IN ('asked', 'agreed') LIMIT 1"
    );
    tx.fetch_opt(sql, args![transaction.to_string()]).await?.map(|row| read(crypter, &row)).transpose()
}

/// What a person was asked, or agreed to, whose downloads are not over: the latest `most`.
///
/// # Errors
/// The database refuses, or a row cannot be read.
pub async fn asked_of(
    db: &Db,
    crypter: &Crypter,
    delegate: &str,
    now: Time,
    most: u32,
) -> Result<Vec<Delegation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delegations WHERE delegate = $1 AND state IN ('asked', 'agreed') AND ends_at > $2 \
         ORDER BY asked_at DESC, id LIMIT $3"
    );
    let rows = db.fetch_all(sql, args![delegate, now, i64::from(most)]).await?;
    rows.iter().map(|row| read(crypter, row)).collect()
}

/// What a person was ever asked to do for others, the latest `most` first, each with the case it was for.
///
/// # Errors
/// The database refuses, or a row cannot be read.
pub async fn of_delegate(
    db: &Db,
    crypter: &Crypter,
    delegate: &str,
    most: u32,
) -> Result<Vec<(Delegation, Option<CounterCase>)>> {
    let columns = COLUMNS.split(", ").map(|column| format!("d.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns}, t.counter_case FROM delegations d JOIN transactions t ON t.id = d.transaction_id \
         WHERE d.delegate = $1 ORDER BY d.asked_at DESC, d.id LIMIT $2"
    );
    let case = |row: &Row| {
        let text = row.get_opt_text(9)?;
        let read = text.map(|text| serde_json::from_str(&text)).transpose();
        read.map_err(|_| unreadable("transactions", "counter_case"))
    };
    let rows = db.fetch_all(sql, args![delegate, i64::from(most)]).await?;
    rows.iter().map(|row| Ok((read(crypter, row)?, case(row)?))).collect()
}

/// How many delegations a citizen began since a moment: each may tell somebody.
///
/// # Errors
/// The database refuses.
pub async fn begun_since(tx: &Tx, citizen: &str, since: Time) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM delegations WHERE citizen = $1 AND asked_at > $2";
    tx.fetch_one(sql, args![citizen, since]).await?.get_i64(0)
}
