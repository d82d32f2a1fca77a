//! Collect, step 3 of the flow: each dataset is asked for by a job of its own, all at once (PROTOCOL.md §6; R114, R119, R132–R134).
//!
//! A package is written, encrypted, to a blob while it comes, and counts only once it is verified whole. The same
//! `transaction_uid` goes with every try.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mydata_domain::audit::{Actor, What};
use mydata_domain::collect::{Answer, Failure, FailureKind, Next};
use mydata_domain::transaction::part::{Part, PartState};
use mydata_domain::transaction::{Ended, Ending, State, Transaction, TransactionId};
use mydata_domain::{Dataset, Time, maintenance};
use mydata_seal::dp_package::{self, DpPackageError};
use mydata_seal::trust::CertificateError;
use mydata_seal::zip::ZipError;
use mydata_store::blobs::BlobInfo;
use mydata_store::jobs::Leased;
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::{self, Which};
use mydata_wire::{AccessToken, PersonalId, ResourceId, TransactionUid};
use serde_json::json;

use super::{Change, FlowError, event, hold, may_receive, settle, step, surely_unused};
use crate::app::App;
use crate::citizen::notify::Kind;
use crate::ops::trace;
use crate::outbound::dp::Call;
use crate::revocation::LearnError;

/// How often a page may see a transfer move, and a call looks whether it is still wanted.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What is kept of a failure: the DP's certificate, or one above it, is revoked.
pub const REVOKED: &str = "revoked";
/// What is kept of a failure: nobody told whether it is, and the setting says to refuse it then.
pub const REVOCATION_UNKNOWN: &str = "revocation-unknown";

/// What a call needs to know of the exchange.
struct Asked {
    part: Part,
    token: AccessToken,
    person: PersonalId,
}

/// A package that was verified.
struct Received {
    info: BlobInfo,
    /// Nobody told whether its certificate is revoked; the setting says to accept it.
    revocation_unknown: bool,
}

/// Asks for one dataset once.
pub async fn run(
    app: &App,
    id: TransactionId,
    resource: &ResourceId,
    uid: TransactionUid,
    leased: &Leased,
) -> Result<(), FlowError> {
    if let Some(until) = maintained(app, resource).await? {
        return Ok(app.store.jobs.retry_at(leased, until, "maintenance").await?);
    }
    let catalogue = app.catalogue().await?;
    let asked = match begin(app, id, uid, &catalogue).await? {
        Begun::Asked(asked) => asked,
        Begun::OnHold => return hold(app, leased).await,
        Begun::Over => return Ok(app.store.jobs.complete(leased).await?),
    };
    let dataset = catalogue.datasets.get(resource).map(|d| &d.dataset).filter(|d| d.is_offered());
    let outcome = match dataset {
        Some(dataset) => match fetch(app, id, dataset, &asked).await? {
            Some(outcome) => outcome,
            // Refused, left or started over meanwhile: the call was dropped.
            None => return Ok(app.store.jobs.complete(leased).await?),
        },
        None => Err(Answer::Final(Failure::new(FailureKind::Withdrawn, ""))),
    };
    end(app, id, uid, leased, outcome).await
}

/// Until when nobody is asked for a dataset: the platform is in maintenance, or the dataset is.
async fn maintained(app: &App, resource: &ResourceId) -> Result<Option<Time>, FlowError> {
    let (system, now) = (app.system().await?, app.now());
    let windows = [
        maintenance::of_platform(&system.windows, now),
        maintenance::of_dataset(&system.windows, resource, now),
    ];
    Ok(windows.into_iter().flatten().map(|(_, occurrence)| occurrence.until).max())
}

fn part_of(t: &mut Transaction, uid: TransactionUid) -> Option<&mut Part> {
    t.parts.iter_mut().find(|p| p.transaction_uid == uid)
}

/// Whether there is somebody to ask.
#[derive(Default)]
enum Begun {
    /// The call may be made.
    Asked(Box<Asked>),
    /// Nobody is asked on behalf of a service that may not receive anything.
    OnHold,
    /// There is nothing to ask for any more.
    #[default]
    Over,
}

/// Notes that a call begins.
async fn begin(
    app: &App,
    id: TransactionId,
    uid: TransactionUid,
    catalogue: &Catalogue,
) -> Result<Begun, FlowError> {
    let begun = step(app, "collect-begin", Which::Id(id), None, |kept, now| {
        let t = &mut kept.transaction;
        let Some(person) = t.person().map(mydata_domain::transaction::person::Person::uid) else {
            return Ok(Change::telling(Begun::Over));
        };
        if !may_receive(catalogue, t) {
            return Ok(Change::telling(Begun::OnHold));
        }
        let life = app.config.policy.access_token_life.0;
        match part_of(t, uid) {
            Some(part) if !part.state.is_final() => {
                let token = part.begin(now, life, &*app.random);
                let asked = Asked { part: part.clone(), token, person };
                Ok(Change::telling(Begun::Asked(Box::new(asked))))
            }
            _ => Ok(Change::telling(Begun::Over)),
        }
    })
    .await?;
    Ok(begun.unwrap_or_default())
}

/// Calls the DP, keeps the package and verifies it. `None` when nobody wants it any more.
async fn fetch(
    app: &App,
    id: TransactionId,
    dataset: &Dataset,
    asked: &Asked,
) -> Result<Option<Result<Received, Answer>>, FlowError> {
    let (received, total) = (AtomicU64::new(0), AtomicU64::new(UNKNOWN));
    let longest = app.config.policy.dp_call.0;
    let call = tokio::time::timeout(longest, receive(app, dataset, asked, &received, &total));
    let info = tokio::select! {
        received = call => match received {
            Ok(received) => received?,
            Err(_) => {
                let detail = format!("not complete after {} s", longest.as_secs());
                Err(Answer::Passing(Failure::new(FailureKind::Broken, detail)))
            }
        },
        () = until_unwanted(app, id, asked.part.transaction_uid, &received, &total) => {
            tracing::info!(transaction = %id, resource = %dataset.resource_id, "a call was dropped: nobody wants its answer any more");
            return Ok(None);
        }
    };
    let info = match info {
        Ok(info) => info,
        Err(answer) => return Ok(Some(Err(answer))),
    };
    match verify(app, dataset, &info, asked.person.clone()).await {
        Ok(Ok(revocation_unknown)) => Ok(Some(Ok(Received { info, revocation_unknown }))),
        Ok(Err(answer)) => {
            super::forget::wipe(app, &[info.id.to_string()]).await;
            Ok(Some(Err(answer)))
        }
        Err(error) => {
            super::forget::wipe(app, &[info.id.to_string()]).await;
            Err(error)
        }
    }
}

/// How long the answer will be while nobody has said so.
const UNKNOWN: u64 = u64::MAX;

/// Calls the DP and keeps what comes; `received` and `total` tell how far it is. Dropped before its end, nothing stays.
async fn receive(
    app: &App,
    dataset: &Dataset,
    asked: &Asked,
    received: &AtomicU64,
    total: &AtomicU64,
) -> Result<Result<BlobInfo, Answer>, FlowError> {
    let call = Call {
        dataset,
        token: &asked.token,
        transaction_uid: asked.part.transaction_uid,
        parameters: &asked.part.parameters,
        first_byte: app.config.policy.dp_first_byte.0,
        now: app.now(),
    };
    let mut incoming =
        match trace::within("call DP-API", trace::Kind::Client, app.outbound.collect(&call)).await {
            Ok(incoming) => incoming,
            Err(answer) => return Ok(Err(answer)),
        };
    let most = app.config.limits.max_package_bytes;
    let too_large =
        || Answer::Final(Failure::new(FailureKind::BadPackage, format!("larger than {most} bytes")));
    if incoming.total.is_some_and(|total| total > most) {
        return Ok(Err(too_large()));
    }
    total.store(incoming.total.unwrap_or(UNKNOWN), Ordering::Relaxed);
    let mut blob = app.store.blobs.create();
    let mut so_far = 0u64;
    loop {
        let piece = match incoming.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(answer) => return Ok(Err(answer)),
        };
        so_far += piece.len() as u64;
        if so_far > most {
            return Ok(Err(too_large()));
        }
        received.store(so_far, Ordering::Relaxed);
        blob.write(&piece).await?;
    }
    Ok(Ok(blob.finish().await?))
}

/// Writes down how far a call is, and returns once nobody wants it any more.
async fn until_unwanted(
    app: &App,
    id: TransactionId,
    uid: TransactionUid,
    received: &AtomicU64,
    total: &AtomicU64,
) {
    let mut noted = 0;
    loop {
        tokio::time::sleep(PROGRESS_EVERY).await;
        let so_far = received.load(Ordering::Relaxed);
        let wanted = if so_far == noted {
            transactions::is_wanted(&app.store.db, id, uid).await
        } else {
            let total = Some(total.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN);
            transactions::progress(&app.store.db, id, uid, so_far, total).await
        };
        match wanted {
            Ok(true) if so_far == noted => {}
            Ok(true) => {
                noted = so_far;
                app.bell.ring_again(id);
            }
            Ok(false) => return,
            // Only the page's bar stands still.
            Err(error) => tracing::warn!(transaction = %id, %error, "progress could not be written down"),
        }
    }
}

/// PROTOCOL.md §7, whole, before a byte goes on. `true`: nobody told whether the certificate is revoked.
async fn verify(
    app: &App,
    dataset: &Dataset,
    info: &BlobInfo,
    person: PersonalId,
) -> Result<Result<bool, Answer>, FlowError> {
    let trust = match app.trust_for(dataset) {
        Ok(trust) => trust,
        Err(bad) => {
            let detail = format!("the certificate registered for the dataset cannot be used: {bad}");
            return Ok(Err(Answer::Final(Failure::new(FailureKind::BadPackage, detail))));
        }
    };
    let now = app.now().to_system();
    let reader = app.store.blobs.reader(&info.id).await?;
    let trust = match app.revocations.learn_for(reader, trust, now).await {
        Ok(trust) => trust,
        Err(LearnError::Package(error)) => return judged(&dataset.resource_id, Err(error)),
        Err(broken @ LearnError::Broken(_)) => return Err(FlowError::Broken(broken.to_string())),
    };
    let reader = app.store.blobs.reader(&info.id).await?;
    let verified = tokio::task::spawn_blocking(move || {
        dp_package::verify(reader, &trust, now, Some(&person)).map(|verified| verified.revocation_unknown)
    })
    .await
    .map_err(|e| FlowError::Broken(format!("verification ended early: {e}")))?;
    judged(&dataset.resource_id, verified)
}

/// What verification says of the DP; where our own store failed it says nothing, and all is tried again.
fn judged(
    resource: &ResourceId,
    verified: Result<bool, DpPackageError>,
) -> Result<Result<bool, Answer>, FlowError> {
    match verified {
        Ok(revocation_unknown) => {
            if revocation_unknown {
                tracing::warn!(%resource, "a DP package is accepted though nobody tells whether its certificate is revoked");
            }
            Ok(Ok(revocation_unknown))
        }
        Err(DpPackageError::Zip(ZipError::Read(error))) => {
            Err(FlowError::Broken(format!("a package could not be read back for verification: {error}")))
        }
        Err(error) => {
            // The error's text may hold a file's name, and a DP may have named files after a person.
            let step = match &error {
                DpPackageError::Certificate(CertificateError::Revoked) => REVOKED.to_owned(),
                DpPackageError::Certificate(CertificateError::RevocationUnknown) => {
                    REVOCATION_UNKNOWN.to_owned()
                }
                error => error.step().to_string(),
            };
            tracing::warn!(%resource, %step, "a DP package failed verification");
            let failure = Failure::new(FailureKind::BadPackage, &step);
            // Whoever does not tell now may in a while.
            Ok(Err(if step == REVOCATION_UNKNOWN {
                Answer::Passing(failure)
            } else {
                Answer::Final(failure)
            }))
        }
    }
}

fn ended_undeliverable(t: &Transaction) -> bool {
    matches!(t.state, State::Ended(Ended { ending: Ending::Undeliverable, .. }))
}

/// Writes down how the call ended.
async fn end(
    app: &App,
    id: TransactionId,
    uid: TransactionUid,
    leased: &Leased,
    outcome: Result<Received, Answer>,
) -> Result<(), FlowError> {
    let outcome = &outcome;
    let catalogue = app.catalogue().await?;
    let used = step(app, "collect-end", Which::Id(id), Some(leased), |kept, now| {
        let t = &mut kept.transaction;
        // Refused, left or started over meanwhile: nothing may be kept. An exchange that started over has new
        // identifiers, so that what one person had asked for never reaches another's.
        let alive = matches!(t.state, State::Authorised(_) | State::Confirmed(_));
        let Some(part) = part_of(t, uid).filter(|p| alive && !p.state.is_final()) else {
            return Ok(Change::telling(false));
        };
        let resource = part.resource_id.clone();
        let mut change = Change::telling(outcome.is_ok());
        match outcome {
            Ok(Received { info, revocation_unknown }) => {
                part.revocation_unknown = *revocation_unknown;
                part.arrived(info.id.to_string(), info.len);
            }
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
                let mut detail = json!({ "resource_id": resource, "bytes": len });
                if part.revocation_unknown {
                    detail["revocation"] = "unknown".into();
                }
                Some((What::Collected, detail))
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
        let change = settle(app, t, now, change);
        Ok(match t.held() {
            Some(_) if t.has_files() => {
                change.telling_citizen(Kind::Ready, super::download::details(&catalogue, t))
            }
            Some(_) => change.telling_citizen(Kind::NothingFound, super::download::details(&catalogue, t)),
            None if t.own().is_some() && ended_undeliverable(t) => {
                change.telling_citizen(Kind::Undeliverable, super::download::details(&catalogue, t))
            }
            None => change,
        })
    })
    .await;
    // The package is in use only if the step was made and took it.
    if let Ok(Received { info, .. }) = outcome
        && surely_unused(&used)
    {
        super::forget::wipe(app, &[info.id.to_string()]).await;
    }
    used.map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read, Seek, SeekFrom};

    use super::*;

    /// A blob whose store fails while it is read.
    struct Failing(Cursor<Vec<u8>>);

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk does not answer"))
        }
    }

    impl Seek for Failing {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_store_that_fails_is_not_held_against_the_dp() {
        let resource: ResourceId = "API.Kr1C3b1ijJ".parse().unwrap();
        let failed = dp_package::open_file(Failing(Cursor::new(vec![0; 500])), "a.json").map(|_| false);
        let failed = judged(&resource, failed);
        assert!(matches!(failed, Err(FlowError::Broken(ref why)) if why.contains("the disk")), "{failed:?}");
        let bad = dp_package::open_file(Cursor::new(vec![0; 500]), "a.json").map(|_| false);
        let bad = judged(&resource, bad);
        let bad_package =
            |answer: &Answer| matches!(answer, Answer::Final(f) if f.kind == FailureKind::BadPackage);
        assert!(matches!(&bad, Ok(Err(answer)) if bad_package(answer)), "{bad:?}");
        let unknown = judged(&resource, Err(CertificateError::RevocationUnknown.into()));
        assert!(matches!(unknown, Ok(Err(Answer::Passing(_)))), "it may be told in a while: {unknown:?}");
        let revoked = judged(&resource, Err(CertificateError::Revoked.into()));
        assert!(matches!(revoked, Ok(Err(Answer::Final(_)))), "{revoked:?}");
    }
}
