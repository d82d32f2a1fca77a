//! Collect, step 3 of the flow: each dataset is asked for by a job of its own, all at once (PROTOCOL.md §6; R114, R119, R132–R134).
//!
//! A package is written, encrypted, to a blob while it comes, and counts only once it is verified whole. The same
//! `transaction_uid` goes with every try.

use std::time::{Duration, Instant};

use mydata_domain::Dataset;
use mydata_domain::audit::{Actor, What};
use mydata_domain::collect::{Answer, Failure, FailureKind, Next};
use mydata_domain::dataset::DatasetState;
use mydata_domain::transaction::part::{Part, PartState};
use mydata_domain::transaction::{State, Transaction, TransactionId};
use mydata_seal::dp_package;
use mydata_store::blobs::BlobInfo;
use mydata_store::jobs::Leased;
use mydata_store::repo::transactions::{self, Which};
use mydata_wire::{AccessToken, PersonalId, ResourceId, TransactionUid};
use serde_json::json;

use super::{Change, FlowError, event, settle, step, surely_unused};
use crate::app::App;
use crate::outbound::dp::Call;

/// How often a page may see a transfer move.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What a call needs to know of the exchange.
struct Asked {
    part: Part,
    token: AccessToken,
    person: PersonalId,
}

/// Asks for one dataset once.
pub async fn run(
    app: &App,
    id: TransactionId,
    resource: &ResourceId,
    leased: &Leased,
) -> Result<(), FlowError> {
    let Some(asked) = begin(app, id, resource).await? else {
        return Ok(app.store.jobs.complete(leased).await?);
    };
    let catalogue = app.catalogue().await?;
    let dataset = catalogue.datasets.get(resource).map(|d| &d.dataset).filter(|d| is_offered(d));
    let outcome = match dataset {
        Some(dataset) => fetch(app, id, dataset, &asked).await?,
        None => Err(Answer::Final(Failure::new(FailureKind::Withdrawn, ""))),
    };
    end(app, id, asked.part.transaction_uid, leased, outcome).await
}

fn is_offered(dataset: &Dataset) -> bool {
    !matches!(dataset.state, DatasetState::Suspended | DatasetState::Delisted | DatasetState::Stopped)
}

fn part_of<'t>(t: &'t mut Transaction, resource: &ResourceId) -> Option<&'t mut Part> {
    t.parts.iter_mut().find(|p| p.resource_id == *resource)
}

/// Notes that a call begins. `None` when there is nothing to ask for any more.
async fn begin(app: &App, id: TransactionId, resource: &ResourceId) -> Result<Option<Asked>, FlowError> {
    let begun = step(app, "collect-begin", Which::Id(id), None, |kept, now| {
        let t = &mut kept.transaction;
        let Some(person) = t.person().map(mydata_domain::transaction::person::Person::uid) else {
            return Ok(Change::telling(None));
        };
        let life = app.config.policy.access_token_life.0;
        match part_of(t, resource) {
            Some(part) if !part.state.is_final() => {
                let token = part.begin(now, life, &*app.random);
                Ok(Change::telling(Some(Asked { part: part.clone(), token, person })))
            }
            _ => Ok(Change::telling(None)),
        }
    })
    .await?;
    Ok(begun.flatten())
}

/// Calls the DP, keeps the package and verifies it.
async fn fetch(
    app: &App,
    id: TransactionId,
    dataset: &Dataset,
    asked: &Asked,
) -> Result<Result<BlobInfo, Answer>, FlowError> {
    let call = Call {
        dataset,
        token: &asked.token,
        transaction_uid: asked.part.transaction_uid,
        parameters: &asked.part.parameters,
        first_byte: app.config.policy.dp_first_byte.0,
        now: app.now(),
    };
    let mut incoming = match app.outbound.collect(&call).await {
        Ok(incoming) => incoming,
        Err(answer) => return Ok(Err(answer)),
    };
    let most = app.config.limits.max_package_bytes;
    let too_large =
        || Answer::Final(Failure::new(FailureKind::BadPackage, format!("larger than {most} bytes")));
    if incoming.total.is_some_and(|total| total > most) {
        return Ok(Err(too_large()));
    }
    let mut blob = app.store.blobs.create();
    let (mut received, mut noted) = (0u64, Instant::now());
    loop {
        let piece = match incoming.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(answer) => return Ok(Err(answer)),
        };
        received += piece.len() as u64;
        if received > most {
            return Ok(Err(too_large()));
        }
        blob.write(&piece).await?;
        if noted.elapsed() >= PROGRESS_EVERY {
            noted = Instant::now();
            let told =
                transactions::progress(&app.store.db, id, &dataset.resource_id, received, incoming.total);
            if let Err(error) = told.await {
                // Only the page's bar stands still.
                tracing::warn!(transaction = %id, %error, "progress could not be written down");
            }
            app.bell.ring_again(id);
        }
    }
    let info = blob.finish().await?;
    match verify(app, dataset, &info, asked.person.clone()).await? {
        Ok(()) => Ok(Ok(info)),
        Err(failure) => {
            super::forget::wipe(app, &[info.id.to_string()]).await;
            Ok(Err(Answer::Final(failure)))
        }
    }
}

/// PROTOCOL.md §7, whole, before a byte goes on.
async fn verify(
    app: &App,
    dataset: &Dataset,
    info: &BlobInfo,
    person: PersonalId,
) -> Result<Result<(), Failure>, FlowError> {
    let trust = match app.trust_for(dataset) {
        Ok(trust) => trust,
        Err(bad) => {
            let detail = format!("the certificate registered for the dataset cannot be used: {bad}");
            return Ok(Err(Failure::new(FailureKind::BadPackage, detail)));
        }
    };
    let reader = app.store.blobs.reader(&info.id).await?;
    let now = app.now().to_system();
    let verified = tokio::task::spawn_blocking(move || {
        dp_package::verify(reader, &trust, now, Some(&person)).map(|_| ())
    })
    .await
    .map_err(|e| FlowError::Broken(format!("verification ended early: {e}")))?;
    Ok(verified.map_err(|error| {
        // The error's text may hold a file's name, and a DP may have named files after a person.
        let step = error.step();
        tracing::warn!(resource = %dataset.resource_id, %step, "a DP package failed verification");
        Failure::new(FailureKind::BadPackage, step)
    }))
}

/// Writes down how the call ended.
async fn end(
    app: &App,
    id: TransactionId,
    uid: TransactionUid,
    leased: &Leased,
    outcome: Result<BlobInfo, Answer>,
) -> Result<(), FlowError> {
    let outcome = &outcome;
    let used = step(app, "collect-end", Which::Id(id), Some(leased), |kept, now| {
        let t = &mut kept.transaction;
        // Refused, left or started over meanwhile: nothing may be kept. An exchange that started over has new
        // identifiers, so that what one person had asked for never reaches another's.
        let alive = matches!(t.state, State::Authorised(_) | State::Confirmed(_));
        let part = t.parts.iter_mut().find(|p| p.transaction_uid == uid);
        let Some(part) = part.filter(|p| alive && !p.state.is_final()) else {
            return Ok(Change::telling(false));
        };
        let resource = part.resource_id.clone();
        let mut change = Change::telling(outcome.is_ok());
        match outcome {
            Ok(info) => part.arrived(info.id.to_string(), info.len),
            Err(answer) => {
                let next = part.tries.next(answer.clone(), now, &app.config.policy);
                if let Next::Again { at, .. } = &next {
                    change.again = Some((*at, format!("{answer:?}")));
                }
                if let Next::GiveUp(failure) = &next {
                    tracing::warn!(transaction = %id, %resource, %failure, "a dataset cannot be delivered");
                }
                part.answered(next);
            }
        }
        let told = match &part.state {
            PartState::Ready { len, .. } => {
                Some((What::Collected, json!({ "resource_id": resource, "bytes": len })))
            }
            PartState::NoData => Some((What::NoData, json!({ "resource_id": resource }))),
            PartState::Undeliverable(failure) => {
                Some((What::Undeliverable, json!({ "resource_id": resource, "failure": failure })))
            }
            _ => None,
        };
        if let Some((what, detail)) = told {
            change = change.event(event(t, now, Actor::Dp, what).with(detail));
        }
        Ok(settle(t, now, change))
    })
    .await;
    // The package is in use only if the step was made and took it.
    if let Ok(info) = outcome
        && surely_unused(&used)
    {
        super::forget::wipe(app, &[info.id.to_string()]).await;
    }
    used.map(|_| ())
}
