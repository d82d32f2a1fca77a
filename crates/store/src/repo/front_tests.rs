//! 前臺測試: which exchange is tried by whom, and how far each came.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::front_test::{FrontTestId, Step};
use mydata_domain::item::ItemId;
use mydata_domain::transaction::TransactionId;
use mydata_wire::{ClientId, ResourceId, TxId};

use super::items::{parsed, parsed_opt};
use super::unreadable;
use crate::args;
use crate::db::{Db, Engine, Row, Tx};
use crate::error::Result;

const TABLE: &str = "front_tests";
const COLUMNS: &str =
    "id, item, account, client_id, tx_id, resources, transaction_id, began_at, ends_at, ended_at, steps";

/// A front test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontTest {
    /// Its identifier.
    pub id: FrontTestId,
    /// What is tried.
    pub item: ItemId,
    /// Who tries it.
    pub account: AccountId,
    /// The service of the entry.
    pub client_id: ClientId,
    /// The identifier of the entry.
    pub tx_id: TxId,
    /// The datasets asked for.
    pub resources: Vec<ResourceId>,
    /// The exchange, once the citizen has entered; it is gone when the test is over.
    pub transaction: Option<TransactionId>,
    /// When it began.
    pub began_at: Time,
    /// When it ends at the latest.
    pub ends_at: Time,
    /// When it was over.
    pub ended_at: Option<Time>,
    /// How far it came, once it is over.
    pub steps: Vec<Step>,
}

impl FrontTest {
    /// Whether the citizen may still enter.
    pub fn goes_on(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }
}

fn read(row: &Row) -> Result<FrontTest> {
    let bad = |column| unreadable(TABLE, column);
    let steps = row.get_opt_text(10)?.map(|text| serde_json::from_str(&text)).transpose();
    Ok(FrontTest {
        id: parsed(row, TABLE, "id")?,
        item: parsed(row, TABLE, "item")?,
        account: parsed(row, TABLE, "account")?,
        client_id: parsed(row, TABLE, "client_id")?,
        tx_id: parsed(row, TABLE, "tx_id")?,
        resources: serde_json::from_str(&row.get_text(5)?).map_err(|_| bad("resources"))?,
        transaction: parsed_opt(row, TABLE, "transaction_id")?,
        began_at: Time(row.get_i64(7)?),
        ends_at: Time(row.get_i64(8)?),
        ended_at: row.get_opt_i64(9)?.map(Time),
        steps: steps.map_err(|_| bad("steps"))?.unwrap_or_default(),
    })
}

/// Keeps a test that begins.
///
/// # Errors
/// The database refuses.
pub async fn begin(tx: &Tx, test: &FrontTest) -> Result<()> {
    let resources = serde_json::to_string(&test.resources).map_err(|_| unreadable(TABLE, "resources"))?;
    tx.run(
        "INSERT INTO front_tests (id, item, account, client_id, tx_id, resources, began_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            test.id.to_string(),
            test.item.to_string(),
            test.account.to_string(),
            test.client_id.as_str(),
            test.tx_id.to_string(),
            resources,
            test.began_at.0,
            test.ends_at.0,
        ],
    )
    .await
}

/// The test that an entry belongs to, also when it is over.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_entry(db: &Db, client_id: &ClientId, tx_id: TxId) -> Result<Option<FrontTest>> {
    let sql = format!("SELECT {COLUMNS} FROM front_tests WHERE tx_id = $1 AND client_id = $2");
    let row = db.fetch_opt(sql, args![tx_id.to_string(), client_id.as_str()]).await?;
    row.as_ref().map(read).transpose()
}

/// The latest tests of an item, latest first.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_item(db: &Db, item: ItemId, most: u32) -> Result<Vec<FrontTest>> {
    let sql =
        format!("SELECT {COLUMNS} FROM front_tests WHERE item = $1 ORDER BY began_at DESC, id LIMIT $2");
    db.fetch_all(sql, args![item.to_string(), i64::from(most)]).await?.iter().map(read).collect()
}

/// Reads a test and locks it.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load_for_update(tx: &Tx, id: FrontTestId) -> Result<Option<FrontTest>> {
    let lock = if tx.engine() == Engine::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM front_tests WHERE id = $1{lock}");
    tx.fetch_opt(sql, args![id.to_string()]).await?.as_ref().map(read).transpose()
}

/// The tests of an item that one account has not ended.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn going_on(tx: &Tx, item: ItemId, account: AccountId) -> Result<Vec<FrontTest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM front_tests WHERE item = $1 AND account = $2 AND ended_at IS NULL ORDER BY id LIMIT 20"
    );
    tx.fetch_all(sql, args![item.to_string(), account.to_string()]).await?.iter().map(read).collect()
}

/// The citizen has entered: from here on the exchange is known as a test's.
///
/// # Errors
/// The database refuses.
pub async fn entered(tx: &Tx, id: FrontTestId, transaction: TransactionId) -> Result<()> {
    let transaction = transaction.to_string();
    tx.run("UPDATE front_tests SET transaction_id = $2 WHERE id = $1", args![id.to_string(), &transaction])
        .await?;
    tx.run("UPDATE transactions SET front_test = 1 WHERE id = $1 AND zone = 'test'", args![&transaction])
        .await
}

/// It is over: what remains is how far it came.
///
/// # Errors
/// The database refuses.
pub async fn end(tx: &Tx, id: FrontTestId, steps: &[Step], now: Time) -> Result<()> {
    let steps = serde_json::to_string(steps).map_err(|_| unreadable(TABLE, "steps"))?;
    tx.run(
        "UPDATE front_tests SET ended_at = $2, steps = $3, transaction_id = NULL WHERE id = $1 AND ended_at IS NULL",
        args![id.to_string(), now.0, steps],
    )
    .await
}

/// Deletes the exchange of a test with everything that hangs on it. No other exchange is ever deleted: the row itself must say
/// that it is a test's, and of the test zone.
///
/// # Errors
/// The database refuses.
pub async fn delete_exchange(tx: &Tx, id: TransactionId) -> Result<()> {
    const TESTS: &str = "SELECT id FROM transactions WHERE id = $1 AND front_test = 1 AND zone = 'test'";
    let id = id.to_string();
    for table in ["logins", "transaction_parts"] {
        tx.run(format!("DELETE FROM {table} WHERE transaction_id IN ({TESTS})"), args![&id]).await?;
    }
    tx.run("DELETE FROM transactions WHERE id = $1 AND front_test = 1 AND zone = 'test'", args![&id]).await
}
