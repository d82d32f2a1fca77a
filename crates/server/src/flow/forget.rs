//! Forget, step 8 of the flow: what the citizen left, what has ended, and what a crash left behind is wiped.

use mydata_domain::Time;
use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::{Transaction, TransactionId};
use mydata_store::jobs::Leased;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::repo::{logins, spent};

use super::{Change, FlowError, event, step};
use crate::app::App;
use crate::jobs::Job;

/// Deletes blobs that nothing refers to any more. One that cannot be deleted now is found by [`sweep`].
pub async fn wipe(app: &App, blobs: &[String]) {
    for blob in blobs {
        let Ok(blob) = blob.parse() else { continue };
        if let Err(error) = app.store.blobs.delete(&blob).await {
            tracing::warn!(%error, "a blob could not be deleted; it will be swept");
        }
    }
}

/// The citizen may have left: ends the exchange once its time is over; the job that asks looks again later otherwise.
pub async fn abandon(app: &App, id: TransactionId, leased: Option<&Leased>) -> Result<(), FlowError> {
    step(app, "abandon", Which::Id(id), leased, |kept, now| {
        let t = &mut kept.transaction;
        match t.abandon(now) {
            // Confirmed or over: nobody left.
            Err(_) => Ok(Change::telling(())),
            Ok(None) => {
                let mut change = Change::telling(());
                change.again = Some((t.idle_until, "the citizen is still here".to_owned()));
                Ok(change)
            }
            Ok(Some(wipe)) => {
                let mut change =
                    Change::telling(()).wiping(wipe).event(event(t, now, Actor::Platform, What::Abandoned));
                change.end_logins = true;
                Ok(forgetting(t, app, change))
            }
        }
    })
    .await?;
    Ok(())
}

/// The job that forgets an exchange which has just ended without a ticket; where there is one, that job exists.
pub fn forgetting<T>(t: &Transaction, app: &App, change: Change<T>) -> Change<T> {
    match t.forgotten_at(&app.config.policy) {
        Some(at) if t.ticket().is_none() => change.job(Job::Expire { transaction: t.id }, at),
        _ => change,
    }
}

/// The time of the ticket, or of the way back, is over: token, ticket, key, person, and what the SP had added to the
/// return address go.
///
/// Of an own download everything goes; what was collected so far, too.
pub async fn expire(app: &App, id: TransactionId, leased: Option<&Leased>) -> Result<(), FlowError> {
    step(app, "expire", Which::Id(id), leased, |kept, now| {
        let t = &mut kept.transaction;
        let due = t.forgotten_at(&app.config.policy);
        let had_data = t.ticket().is_some() || t.own().is_some();
        let mut change = Change::telling(());
        match (t.expire(now, &app.config.policy), due) {
            (Some(wipe), _) => {
                change = change.wiping(wipe);
                // Where there was no ticket, what was collected went when the exchange ended.
                if had_data {
                    change = change.event(event(t, now, Actor::Platform, What::Forgotten));
                }
            }
            (None, Some(due)) => change.again = Some((due, "its time has not come".to_owned())),
            (None, None) => {}
        }
        Ok(change)
    })
    .await?;
    Ok(())
}

/// Deletes files that no transaction refers to: a process was killed between writing and noting them, or between noting
/// their end and deleting them.
pub async fn sweep(app: &App) {
    if let Err(error) = logins::sweep(&app.store.db, app.now()).await {
        tracing::warn!(%error, "could not sweep attempts to log in");
    }
    if let Err(error) = spent::sweep(&app.store.db, app.now()).await {
        tracing::warn!(%error, "could not sweep what was used once");
    }
    let before =
        Time(app.now().0 - i64::try_from(app.config.jobs.sweep_older_than.0.as_millis()).unwrap_or(i64::MAX));
    let swept = app
        .store
        .blobs
        .sweep(before, |blobs| async { transactions::referred(&app.store.db, blobs).await })
        .await;
    match swept {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "swept files that nothing referred to"),
        Err(error) => tracing::warn!(%error, "could not sweep"),
    }
}
