//! What the operating side set, as every request needs it: categories, windows, settings, and which policies hold. The
//! server keeps it in memory and reads it again when [`revision`] has changed.

use mydata_domain::Time;
use mydata_domain::category::Categories;
use mydata_domain::maintenance::Window;
use mydata_domain::policy_text::Version;
use mydata_domain::settings::Settings;

use super::{categories, maintenance, policy_texts, settings, unreadable};
use crate::args;
use crate::db::{Db, Tx};
use crate::error::Result;

/// What the operating side set.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// See [`revision`].
    pub revision: i64,
    /// Both trees.
    pub categories: Categories,
    /// Every window that was not over when this was read.
    pub windows: Vec<Window>,
    /// What is set while the platform runs.
    pub settings: Settings,
    /// The published versions of terms and policies, without their texts, newest first.
    pub policies: Vec<Version>,
}

/// A number that grows with every change.
///
/// # Errors
/// The database refuses.
pub async fn revision(db: &Db) -> Result<i64> {
    let row = db.fetch_opt("SELECT value FROM meta WHERE key = 'system_revision'", args![]).await?;
    row.map_or(Ok(0), |r| r.get_text(0)?.parse().map_err(|_| unreadable("meta", "system_revision")))
}

/// Lets the revision grow.
pub(super) async fn grow(tx: &Tx) -> Result<()> {
    tx.run(
        "INSERT INTO meta (key, value) VALUES ('system_revision', '1') \
         ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
        args![],
    )
    .await
}

/// Reads everything.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, now: Time) -> Result<System> {
    // The revision first: if something changes in between, the next look sees a newer one and reads again.
    let revision = revision(db).await?;
    let mut policies = policy_texts::versions(db).await?;
    policies.retain(|version| version.from.is_some());
    Ok(System {
        revision,
        categories: categories::all(db).await?,
        windows: maintenance::live(db, now).await?,
        settings: settings::load(db).await?.0,
        policies,
    })
}
