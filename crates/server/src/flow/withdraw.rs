//! Withdraw: the citizen takes back a consent that is still running, or ends a download of their own. Ticket, token, barcode
//! and whatever was collected go in the same step; the SP's next call is answered with 403 (PROTOCOL.md §4). What was fetched
//! before is with the service, and is not called back by it.

use std::net::IpAddr;

use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::{Ended, Ending, State, TransactionId};
use mydata_store::repo::transactions::Which;

use super::{Change, FlowError, deliver, download, event, forget, step};
use crate::app::App;
use crate::citizen::notify::{Details, Kind};

/// The citizen with this keyed index withdraws. Pressed twice, it is withdrawn once.
///
/// # Errors
/// [`FlowError::Unknown`]: it is not theirs. [`FlowError::Stage`]: nothing runs any more, or nothing was confirmed.
pub async fn withdraw(app: &App, id: TransactionId, citizen: &str, from: IpAddr) -> Result<(), FlowError> {
    let catalogue = app.catalogue().await?;
    step(app, "withdraw", Which::Id(id), None, |kept, now| {
        if kept.citizen.as_deref() != Some(citizen) {
            return Err(FlowError::Unknown);
        }
        let t = &mut kept.transaction;
        if matches!(t.state, State::Ended(Ended { ending: Ending::Withdrawn, .. })) {
            return Ok(Change::telling(()));
        }
        let wipe = t.withdraw(now)?;
        let withdrawn = event(t, now, Actor::Citizen, What::Withdrawn).from(Some(from));
        let about = match t.own() {
            Some(_) => download::details(&catalogue, t),
            None => deliver::receiver(&catalogue, t),
        };
        let change = Change::telling(()).wiping(wipe).event(withdrawn);
        let change =
            change.telling_citizen(Kind::Withdrawn, Details { path: Some("/record".to_owned()), ..about });
        Ok(forget::forgetting(t, app, change))
    })
    .await?
    .ok_or(FlowError::Unknown)
}
