//! The record: events are appended, never changed.

use mydata_domain::audit::Event;
use mydata_domain::transaction::TransactionId;
use mydata_wire::Random;
use mydata_wire::random::uuid_v4;

use crate::args;
use crate::db::{Arg, Db, Row, Tx, placeholders};
use crate::error::Result;

/// Appends events inside the transaction that makes them true.
pub async fn append(tx: &Tx, random: &dyn Random, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(events.len());
    let mut values = Vec::with_capacity(events.len() * 8);
    for event in events {
        rows.push(format!("({})", placeholders(values.len() + 1, 8)));
        let detail = (!event.detail.is_null()).then(|| event.detail.to_string());
        let row: [Arg<'_>; 8] = [
            uuid_v4(random).to_string().into(),
            event.at.0.into(),
            event.actor.as_str().into(),
            event.what.as_str().into(),
            event.transaction.map(|id| id.to_string()).into(),
            event.from.map(|a| a.to_string()).into(),
            detail.into(),
            event.account.map(|id| id.to_string()).into(),
        ];
        values.extend(row);
    }
    let sql = format!(
        "INSERT INTO audit_events (id, at, actor, what, transaction_id, from_address, detail, account_id) VALUES {}",
        rows.join(", ")
    );
    tx.run(sql, &values).await
}

/// One event as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Epoch milliseconds.
    pub at: i64,
    /// See `domain::audit::Actor`.
    pub actor: String,
    /// See `domain::audit::What`.
    pub what: String,
    /// The address it came from.
    pub from: Option<String>,
    /// JSON.
    pub detail: Option<String>,
}

/// The events of one transaction, oldest first.
pub async fn of_transaction(db: &Db, id: TransactionId) -> Result<Vec<Kept>> {
    let rows = db
        .fetch_all(
            "SELECT at, actor, what, from_address, detail FROM audit_events WHERE transaction_id = $1 ORDER BY at, id LIMIT 1000",
            args![id.to_string()],
        )
        .await?;
    let read = |row: &Row| {
        Ok(Kept {
            at: row.get_i64(0)?,
            actor: row.get_text(1)?,
            what: row.get_text(2)?,
            from: row.get_opt_text(3)?,
            detail: row.get_opt_text(4)?,
        })
    };
    rows.iter().map(read).collect()
}
