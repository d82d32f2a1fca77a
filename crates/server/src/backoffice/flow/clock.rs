//! What the clock does to items (R27–R31, R36, R41, R53): one job an item wakes it at its next moment.

use mydata_domain::Time;
use mydata_domain::item::{ItemId, due};
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::{StoreError, Tx};

use super::{ActError, By, Doer, Said, certificates, in_tx};
use crate::app::App;
use crate::jobs::{ITEM_DUE, Job};

/// How many items without a job are looked after in one sweep.
const SWEPT_AT_ONCE: u32 = 1_000;

/// Sets the job of an item to its next moment. One that is set earlier already finds nothing to do then, and goes on.
pub(super) async fn wake(tx: &Tx, kept: &Kept, now: Time) -> Result<(), StoreError> {
    match due(&kept.stage, &kept.certificates, now) {
        Some(due) => Job::ItemDue { item: kept.id }.enqueue(tx, due.at.max(now), now).await,
        None => Ok(()),
    }
}

/// Works on the job of an item: does what is due, one act at a time. Done twice, the second finds nothing due.
pub(super) async fn run(app: &App, item: ItemId, leased: &Leased) -> Result<(), ActError> {
    in_tx(app, "item-due", |tx| async move {
        let doer = Doer::of(app, &tx, &By::Clock).await?;
        if let Some(mut kept) = items::load_for_update(&tx, &Scope::All, item).await? {
            match due(&kept.stage, &kept.certificates, doer.now) {
                Some(due) if due.at <= doer.now => {
                    doer.step(app, &tx, &mut kept, due.act, Said::default()).await?;
                }
                _ => wake(&tx, &kept, doer.now).await?,
            }
        }
        // What was just set lets the job go on.
        Ok(jobs::complete(&tx, leased).await?)
    })
    .await
}

/// Finds items whose job is missing, and certificates that came with a registry file.
pub async fn sweep(app: &App) {
    if let Err(error) = set_missing(app).await {
        tracing::error!(%error, "items without a job could not be looked after");
    }
    if let Err(error) = certificates::watch_registry(app).await {
        tracing::error!(%error, "certificates of the registry could not be looked at");
    }
}

async fn set_missing(app: &App) -> Result<(), StoreError> {
    let missing = items::unwatched(&app.store.db, ITEM_DUE, SWEPT_AT_ONCE).await?;
    if missing.is_empty() {
        return Ok(());
    }
    tracing::warn!(count = missing.len(), "items had no job; they get one");
    let (missing, now) = (&missing, app.now());
    app.store
        .db
        .run_tx("items-unwatched", |tx| async move {
            for (item, at) in missing {
                Job::ItemDue { item: *item }.enqueue(&tx, (*at).max(now), now).await?;
            }
            Ok(())
        })
        .await
}
