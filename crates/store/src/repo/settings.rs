//! The settings that are changed while the platform runs: one row.

use mydata_domain::Time;
use mydata_domain::settings::Settings;

use super::items::json;
use super::{system, unreadable};
use crate::args;
use crate::db::{Db, Tx};
use crate::error::Result;

/// The row's name.
const ROW: &str = "settings";

/// The settings, and their version; 0 while nothing was set.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn load(db: &Db) -> Result<(Settings, i64)> {
    let row = db.fetch_opt("SELECT body, version FROM settings WHERE id = $1", args![ROW]).await?;
    match row {
        None => Ok((Settings::default(), 0)),
        Some(row) => {
            let settings =
                serde_json::from_str(&row.get_text(0)?).map_err(|_| unreadable("settings", "body"))?;
            Ok((settings, row.get_i64(1)?))
        }
    }
}

/// Writes the settings; `false` when somebody changed them since `version`.
///
/// # Errors
/// The database refuses.
pub async fn save(tx: &Tx, settings: &Settings, version: i64, now: Time) -> Result<bool> {
    let body = json(settings);
    let changed = if version == 0 {
        tx.execute(
            "INSERT INTO settings (id, body, version, updated_at) VALUES ($1, $2, 1, $3) ON CONFLICT (id) DO NOTHING",
            args![ROW, body, now],
        )
        .await?
    } else {
        tx.execute(
            "UPDATE settings SET body = $3, version = version + 1, updated_at = $4 WHERE id = $1 AND version = $2",
            args![ROW, version, body, now],
        )
        .await?
    };
    if changed > 0 {
        system::grow(tx).await?;
    }
    Ok(changed > 0)
}
