//! Confirm, step 4 of the flow: only now does anything go to the SP; or the citizen refuses, and everything collected is wiped (R73, R75).

use std::net::IpAddr;
use std::time::Duration;

use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::{State, TransactionId};
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::secret::is_same;
use serde_json::json;

use super::forget::forgetting;
use super::{Change, FlowError, event, look, may_receive, settle, step};
use crate::app::App;
use crate::jobs::Job;

/// The citizen confirmed. Ticket and key come into being, the SP is told, and what has come is sealed. `owner` is the
/// index of the browser that the caller found the exchange to belong to, here and below: a step made in another's name
/// is not made.
pub async fn confirm(app: &App, id: TransactionId, owner: &str, from: IpAddr) -> Result<(), FlowError> {
    step(app, "confirm", Which::Id(id), None, |kept, now| {
        owned_by(kept, owner)?;
        let t = &mut kept.transaction;
        t.confirm(now, &app.config.policy, &*app.random)?;
        let resources: Vec<_> = t.parts.iter().map(|p| &p.resource_id).collect();
        let mut change = Change::telling(())
            .event(
                event(t, now, Actor::Citizen, What::Confirmed)
                    .from(Some(from))
                    .with(json!({ "resources": resources })),
            )
            .job(Job::Notify { transaction: id }, now);
        if let Some((_, ends)) = t.ticket() {
            change = change.job(Job::Expire { transaction: id }, ends);
        }
        Ok(settle(app, t, now, change))
    })
    .await?
    .ok_or(FlowError::Unknown)
}

/// The citizen refused, or goes back because the service was suspended; gives the address to go back to.
pub async fn refuse(app: &App, id: TransactionId, owner: &str, from: IpAddr) -> Result<String, FlowError> {
    let catalogue = app.catalogue().await?;
    step(app, "refuse", Which::Id(id), None, |kept, now| {
        owned_by(kept, owner)?;
        let t = &mut kept.transaction;
        let wipe = if may_receive(&catalogue, t) { t.refuse(now)? } else { t.stop(now)? };
        let t = &kept.transaction;
        let mut change = Change::telling(t.return_location().ok_or(FlowError::Unknown)?)
            .wiping(wipe)
            .event(event(t, now, Actor::Citizen, What::Refused).from(Some(from)));
        change.end_logins = true;
        Ok(forgetting(t, app, change))
    })
    .await?
    .ok_or(FlowError::Unknown)
}

/// The service was suspended before the citizen confirmed: the exchange ends.
pub async fn stop(app: &App, id: TransactionId, owner: &str) -> Result<(), FlowError> {
    step(app, "stop", Which::Id(id), None, |kept, now| {
        owned_by(kept, owner)?;
        let t = &mut kept.transaction;
        if !matches!(t.state, State::Entered | State::Authorised(_)) {
            return Ok(Change::telling(()));
        }
        let wipe = t.stop(now)?;
        let mut change =
            Change::telling(()).wiping(wipe).event(event(t, now, Actor::Platform, What::Stopped));
        change.end_logins = true;
        Ok(forgetting(t, app, change))
    })
    .await?
    .ok_or(FlowError::Unknown)
}

fn owned_by(kept: &Kept, owner: &str) -> Result<(), FlowError> {
    if is_same(&kept.browser, owner) { Ok(()) } else { Err(FlowError::OtherBrowser) }
}

/// The citizen did something: the session goes on.
pub async fn touch(app: &App, id: TransactionId, owner: &str) -> Result<(), FlowError> {
    step(app, "touch", Which::Id(id), None, |kept, now| {
        owned_by(kept, owner)?;
        kept.transaction.touch(now, &app.config.policy);
        Ok(Change::telling(()))
    })
    .await?;
    Ok(())
}

/// Waits until the browser may go back: the SP has answered once, or the exchange is over. `None` when that takes longer
/// than `at_most`; otherwise the address.
pub async fn way_back(app: &App, id: TransactionId, at_most: Duration) -> Result<Option<String>, FlowError> {
    let mut news = app.bell.listen(id);
    let deadline = app.now().plus(at_most);
    // An SP that hangs must not hold the citizen: its answer has a limit, after which the citizen goes back anyway.
    let policy = &app.config.policy;
    let longest = policy.sp_connect.0 + policy.sp_answer.0 + Duration::from_secs(2);
    loop {
        let kept = look(app, Which::Id(id)).await?.ok_or(FlowError::Unknown)?;
        let t = &kept.transaction;
        let now = app.now();
        let decided = match t.confirmed() {
            // Started over in another browser: there is no way back to take.
            None if matches!(t.state, State::Entered | State::Authorised(_)) => return Ok(None),
            None => true,
            // Nothing will be sent: no reason to wait for the SP's word.
            Some(_) if t.nothing_usable() => true,
            Some(c) => c.told != mydata_domain::notify::Notice::Pending || c.at.plus(longest) <= now,
        };
        if decided {
            return t.return_location().map(Some).ok_or(FlowError::Unknown);
        }
        if now >= deadline || news.is_over() {
            return Ok(None);
        }
        news.wait_for(now.until(deadline).min(Duration::from_millis(500)), |news| news.way_back).await;
    }
}
