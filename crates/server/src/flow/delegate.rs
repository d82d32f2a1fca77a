//! 代辦: the citizen asks somebody to go to the counter in their place, who agrees or declines, and then holds the number. Each step
//! is one database transaction: the delegation, the download's number, the record of the download, and what the other side is
//! told. Whether anybody is known by the id that was named shows in nothing that the citizen sees.

use std::net::IpAddr;

use mydata_domain::audit::{Actor, What};
use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::citizen::told::AboutCitizen;
use mydata_domain::delegate::{Act, Delegation, DelegationId, State};
use mydata_domain::transaction::TransactionId;
use mydata_domain::transaction::person::Person;
use mydata_domain::{Time, Transaction};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::repo::{audit, citizens, delegations};
use mydata_store::{Isolation, StoreError};
use mydata_wire::person::masked_name;
use serde_json::json;

use super::{FlowError, event};
use crate::app::App;
use crate::citizen::notify::{Details, tell};

/// How many people a citizen may ask within [`WITHIN`]: each may be told.
const MOST: i64 = 10;
const WITHIN: i64 = 24 * 3_600_000;
/// Tries to find a number that no other living barcode has.
const NUMBERS: usize = 8;

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
pub enum NoStep {
    /// There is no such download or delegation of this person's.
    #[error("there is no such delegation")]
    Unknown,
    /// The case does not allow a delegate, or the download is not there to be handed over.
    #[error("there is nothing that a delegate could do")]
    NotNow,
    /// Somebody was asked before, and it goes on.
    #[error("a delegation goes on")]
    GoesOn,
    /// Too many people were asked within a day.
    #[error("too many people were asked within a day")]
    TooMany,
    /// The step failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for NoStep {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

/// Whether the case of a download allows a delegate.
pub fn allows(catalogue: &Catalogue, t: &Transaction) -> bool {
    let case = t.own().and_then(|own| own.case.as_ref());
    case.is_some_and(|case| {
        let service = catalogue.counter_services.get(&case.service);
        service.and_then(|service| service.case(&case.case)).is_some_and(|case| case.delegate)
    })
}

fn about(catalogue: &Catalogue, t: &Transaction, other: &str, path: &str) -> Details {
    let case = t.own().and_then(|own| own.case.as_ref());
    let service = case.and_then(|case| catalogue.counter_services.get(&case.service));
    Details {
        item: service.map(|s| (s.name.clone(), s.name_en.clone())),
        other: Some(masked_name(other)),
        path: Some(path.to_owned()),
        ..Details::default()
    }
}

/// The citizen names somebody.
///
/// # Errors
/// Why nobody was asked.
pub async fn appoint(
    app: &App,
    catalogue: &Catalogue,
    (id, citizen): (TransactionId, &str),
    delegate: &Person,
    from: IpAddr,
) -> Result<(), NoStep> {
    app.store
        .db
        .run_tx_as(Isolation::Serializable, "delegate-appoint", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let kept = transactions::load_for_update(&tx, crypter, Which::Id(id)).await?;
            let kept = kept.filter(|kept| kept.citizen.as_deref() == Some(citizen)).ok_or(NoStep::Unknown)?;
            let t = &kept.transaction;
            let held = t.held().filter(|held| held.is_open(now) && allows(catalogue, t));
            let (held, person) = held.zip(t.person()).ok_or(NoStep::NotNow)?;
            if delegations::living_in(&tx, crypter, id).await?.is_some() {
                return Err(NoStep::GoesOn);
            }
            if delegations::begun_since(&tx, citizen, Time(now.0 - WITHIN)).await? >= MOST {
                return Err(NoStep::TooMany);
            }
            let one = Delegation {
                id: DelegationId::generate(&*app.random),
                transaction: id,
                citizen: citizen.to_owned(),
                citizen_name: person.name.clone(),
                delegate: citizens::index(crypter, delegate),
                delegate_name: delegate.name.clone(),
                state: State::Asked,
                asked_at: now,
                decided_at: None,
                ends_at: held.expires_at,
            };
            delegations::insert(&tx, crypter, &one).await?;
            let event = event(t, now, Actor::Citizen, What::DelegateAppointed).from(Some(from));
            audit::append(&tx, &*app.random, &[event]).await?;
            let details = about(catalogue, t, &person.name, "/delegations");
            tell(&tx, app, &one.delegate, AboutCitizen::DelegateAppointed, &details).await?;
            Ok(())
        })
        .await
}

/// One of the two agrees, declines or ends it. `who` is their keyed index and name: the delegate is known by both.
///
/// # Errors
/// Why nothing was changed.
pub async fn act(
    app: &App,
    catalogue: &Catalogue,
    id: DelegationId,
    (who, name): (&str, &str),
    act: Act,
    from: IpAddr,
) -> Result<(), NoStep> {
    app.store
        .db
        .run_tx_as(Isolation::Serializable, "delegate-act", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let mut one = delegations::load_in(&tx, crypter, id).await?.ok_or(NoStep::Unknown)?;
            let is_delegate = one.names(who, name);
            let is_citizen = one.citizen == who;
            if !(is_delegate || (is_citizen && act == Act::End)) {
                return Err(NoStep::Unknown);
            }
            let kept = transactions::load_for_update(&tx, crypter, Which::Id(one.transaction)).await?;
            let mut kept = kept.ok_or(NoStep::Unknown)?;
            let before = one.state;
            one.act(act, now).map_err(|_| NoStep::NotNow)?;
            delegations::save(&tx, &one).await?;
            // The number of whoever held it before dies: the citizen's when the delegate agrees, the delegate's when it ends.
            if act == Act::Agree || before == State::Agreed {
                kept.transaction.end_barcode();
                kept.save(&tx, crypter).await?;
            }
            let (what, kind) = match act {
                Act::Agree => (What::DelegateAgreed, AboutCitizen::DelegateAgreed),
                Act::Decline => (What::DelegateDeclined, AboutCitizen::DelegateDeclined),
                Act::End => (What::DelegateEnded, AboutCitizen::DelegateCancelled),
            };
            let mut event = event(&kept.transaction, now, Actor::Citizen, what).from(Some(from));
            if is_delegate {
                event = event.with(json!({ "by": "delegate" }));
            }
            audit::append(&tx, &*app.random, &[event]).await?;
            let (other, name, path) = if is_delegate {
                (&one.citizen, &one.delegate_name, format!("/downloads/{}", one.transaction))
            } else {
                (&one.delegate, &one.citizen_name, "/delegations".to_owned())
            };
            tell(&tx, app, other, kind, &about(catalogue, &kept.transaction, name, &path)).await?;
            Ok(())
        })
        .await
}

/// A new number for the delegate who agreed; the one before is dead.
///
/// # Errors
/// Why there is none.
pub async fn renew(
    app: &App,
    id: DelegationId,
    (who, name): (&str, &str),
    from: IpAddr,
) -> Result<(), NoStep> {
    let mut tries = NUMBERS;
    loop {
        let renewed = app
            .store
            .db
            .run_tx_as(Isolation::Serializable, "delegate-renew", |tx| async move {
                let (crypter, now) = (&app.store.crypter, app.now());
                let one = delegations::load_in(&tx, crypter, id).await?;
                let one = one.filter(|one| one.names(who, name)).ok_or(NoStep::Unknown)?;
                if one.state != State::Agreed || !one.lives(now) {
                    return Err(NoStep::NotNow);
                }
                let kept = transactions::load_for_update(&tx, crypter, Which::Id(one.transaction)).await?;
                let mut kept = kept.ok_or(NoStep::Unknown)?;
                let number = BarcodeNumber::generate(&*app.random);
                let made = kept.transaction.renew_barcode(who, number, now, &app.config.policy);
                made.map_err(|_| NoStep::NotNow)?;
                kept.save(&tx, crypter).await?;
                let event = event(&kept.transaction, now, Actor::Citizen, What::BarcodeMade).from(Some(from));
                let event = event.with(json!({ "by": "delegate" }));
                audit::append(&tx, &*app.random, &[event]).await?;
                Ok(())
            })
            .await;
        match renewed {
            // Another living one has the same number.
            Err(NoStep::Flow(FlowError::Store(StoreError::Conflict { .. }))) if tries > 1 => tries -= 1,
            done => return done,
        }
    }
}
