//! Counter services as they are registered.

use mydata_domain::Time;
use mydata_domain::counter_service::{CounterService, CounterServiceId};

use super::items::json;
use super::{registry, unreadable};
use crate::args;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

fn read(row: &Row) -> Result<CounterService> {
    serde_json::from_str(&row.get_text("body")?).map_err(|_| unreadable("counter_services", "body"))
}

/// Writes a counter service; the registry's revision grows.
///
/// # Errors
/// [`crate::StoreError::Reference`]: its organisation is not registered.
pub async fn put(tx: &Tx, service: &CounterService, now: Time) -> Result<()> {
    tx.execute(
        "INSERT INTO counter_services (id, zone, organisation, state, name, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, organisation = excluded.organisation, state = excluded.state, \
         name = excluded.name, body = excluded.body, updated_at = excluded.updated_at",
        args![
            service.id.to_string(),
            service.zone.as_str(),
            service.organisation.as_str(),
            service.state.as_str(),
            &service.name,
            json(service),
            now.0,
        ],
    )
    .await?;
    registry::grow(tx).await
}

/// Reads a counter service.
pub async fn load(db: &Db, id: CounterServiceId) -> Result<Option<CounterService>> {
    let row = db.fetch_opt("SELECT body FROM counter_services WHERE id = $1", args![id.to_string()]).await?;
    row.as_ref().map(read).transpose()
}

/// Reads a counter service and locks it until the database transaction ends.
pub async fn load_in(tx: &Tx, id: CounterServiceId) -> Result<Option<CounterService>> {
    let sql = format!("SELECT body FROM counter_services WHERE id = $1{}", super::list::lock(tx));
    let row = tx.fetch_opt(sql, args![id.to_string()]).await?;
    row.as_ref().map(read).transpose()
}

/// Every counter service; the registry has hundreds.
pub async fn all(db: &Db) -> Result<Vec<CounterService>> {
    db.fetch_all("SELECT body FROM counter_services ORDER BY id", args![]).await?.iter().map(read).collect()
}
