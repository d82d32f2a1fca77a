//! Notify, step 5 of the flow: the SP is told, durably (PROTOCOL.md §3; R109–R115). Every try carries the same ticket and key.

use mydata_domain::audit::{Actor, What};
use mydata_domain::notify::{Notice, SpAnswer, retry_at};
use mydata_domain::transaction::{State, Transaction, TransactionId};
use mydata_store::jobs::Leased;
use mydata_store::repo::transactions::Which;
use mydata_wire::ClientId;
use mydata_wire::notification::{News, Notification};
use serde_json::json;

use super::{Change, FlowError, event, hold, look, settle, step};
use crate::app::App;
use crate::backoffice::front_test::nobody;
use crate::jobs::Job;
use crate::ops::trace;

/// Tells the SP that the citizen confirmed.
pub async fn run(app: &App, id: TransactionId, leased: &Leased) -> Result<(), FlowError> {
    let kept = look(app, Which::Id(id)).await?;
    let open = kept.as_ref().and_then(|k| k.transaction.confirmed()).filter(|c| c.told.is_open());
    let (Some(kept), Some(confirmed)) = (&kept, open) else { return done(app, leased).await };
    let Some(errand) = kept.transaction.errand() else { return done(app, leased).await };
    if !app.catalogue().await?.is_listed(&errand.client_id) {
        return hold(app, leased).await;
    }
    let notification = Notification {
        tx_id: errand.tx_id,
        permission_ticket: confirmed.ticket,
        news: News::Confirmed { secret_key: confirmed.key.clone() },
    };
    let answer = call(app, &errand.client_id, &notification).await?;
    step(app, "notified", Which::Id(id), Some(leased), |kept, now| {
        let t = &mut kept.transaction;
        // An SP that has fetched the data has accepted, whatever it says to a repeated notification.
        let fetched = matches!(&t.state, State::Sealed(sealed) if sealed.taken_at.is_some());
        match &answer {
            SpAnswer::Refused(_) if fetched => {
                t.told(true, now)?;
                Ok(Change::telling(()))
            }
            SpAnswer::Accepted => {
                t.told(true, now)?;
                let mut change = Change::telling(()).event(event(t, now, Actor::Sp, What::Notified));
                if t.nothing_usable() {
                    // It waited for this answer.
                    return Ok(settle(app, t, now, change));
                }
                if t.notice_of_undeliverable() == Notice::Pending {
                    change = change.job(Job::NotifyUndeliverable { transaction: id }, now);
                }
                Ok(change)
            }
            SpAnswer::Refused(status) => {
                let wipe = t.told(false, now)?;
                let event =
                    event(t, now, Actor::Sp, What::NotificationRefused).with(json!({ "status": status }));
                Ok(Change::telling(()).wiping(wipe).event(event))
            }
            SpAnswer::Failed(reason) => {
                let Some((_, ends)) = t.ticket() else { return Ok(Change::telling(())) };
                let failed = t.confirmed().map_or(0, |c| c.told.failures()).saturating_add(1);
                let again = retry_at(failed, now, ends, &app.config.policy);
                tracing::warn!(transaction = %id, failed, %reason, "an SP-API could not be told");
                t.telling_failed(again.is_none());
                let mut change = Change::telling(());
                change.again = again.map(|at| (at, reason.clone()));
                Ok(change)
            }
        }
    })
    .await?;
    Ok(())
}

/// Tells the SP which datasets cannot be delivered.
pub async fn run_undeliverable(app: &App, id: TransactionId, leased: &Leased) -> Result<(), FlowError> {
    let kept = look(app, Which::Id(id)).await?;
    let open = |t: &Transaction| t.notice_of_undeliverable().is_open();
    let Some(kept) = kept.filter(|k| open(&k.transaction)) else { return done(app, leased).await };
    let t = &kept.transaction;
    let Some(errand) = t.errand() else { return done(app, leased).await };
    if !app.catalogue().await?.is_listed(&errand.client_id) {
        return hold(app, leased).await;
    }
    let Some((permission_ticket, _)) = t.ticket() else { return done(app, leased).await };
    let news = News::Undeliverable { unable_to_deliver: t.undeliverable() };
    let notification = Notification { tx_id: errand.tx_id, permission_ticket, news };
    let answer = call(app, &errand.client_id, &notification).await?;
    step(app, "notified-undeliverable", Which::Id(id), Some(leased), |kept, now| {
        let t = &mut kept.transaction;
        let detail = json!({ "unable_to_deliver": t.undeliverable() });
        match &answer {
            SpAnswer::Accepted => {
                t.told_undeliverable(Notice::Accepted);
                Ok(Change::telling(()).event(event(t, now, Actor::Sp, What::Notified).with(detail)))
            }
            SpAnswer::Refused(status) => {
                t.told_undeliverable(Notice::Refused);
                let detail = json!({ "status": status, "unable_to_deliver": t.undeliverable() });
                Ok(Change::telling(())
                    .event(event(t, now, Actor::Sp, What::NotificationRefused).with(detail)))
            }
            SpAnswer::Failed(reason) => {
                let Some((_, ends)) = t.ticket() else { return Ok(Change::telling(())) };
                let failed = t.notice_of_undeliverable().failures().saturating_add(1);
                let again = retry_at(failed, now, ends, &app.config.policy);
                tracing::warn!(transaction = %id, failed, %reason, "an SP-API could not be told of failures");
                t.told_undeliverable(if again.is_some() { Notice::Failing(failed) } else { Notice::Lapsed });
                let mut change = Change::telling(());
                change.again = again.map(|at| (at, reason.clone()));
                Ok(change)
            }
        }
    })
    .await?;
    Ok(())
}

async fn call(app: &App, client_id: &ClientId, notification: &Notification) -> Result<SpAnswer, FlowError> {
    // A dataset that is tried alone: there is nobody to tell.
    if nobody::is(client_id) {
        return Ok(SpAnswer::Accepted);
    }
    let catalogue = app.catalogue().await?;
    let Some(service) = catalogue.services.get(client_id) else {
        return Ok(SpAnswer::Failed("the service is not registered any more".to_owned()));
    };
    let call = app.outbound.notify(service, notification, app.now());
    Ok(trace::within("call SP-API", trace::Kind::Client, call).await)
}

/// There is nothing left to do.
async fn done(app: &App, leased: &Leased) -> Result<(), FlowError> {
    Ok(app.store.jobs.complete(leased).await?)
}
