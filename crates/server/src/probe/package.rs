//! A DP's package of the fictional person, with the dataset's 虛擬值: fetched as in an exchange, judged whole, and thrown
//! away unread (R61). In the test zone only, where there is nobody's data.

use std::collections::BTreeMap;
use std::time::Duration;

use mydata_domain::Dataset;
use mydata_domain::calendar::{day_of, days_between};
use mydata_domain::collect::{Answer, Failure, FailureKind};
use mydata_domain::health::{Fault, FaultKind, Figure};
use mydata_domain::parameter::ParameterKey;
use mydata_domain::time::Time;
use mydata_seal::dp_package::{self, DpPackageError};
use mydata_seal::trust::Trust;
use mydata_seal::zip::ZipError;
use mydata_store::blobs::BlobInfo;
use mydata_wire::{AccessToken, PersonalId, TransactionUid};

use super::{Found, grant};
use crate::app::App;
use crate::flow::forget;
use crate::outbound::dp::Call;
use crate::revocation::LearnError;

/// Longest time from the call to the last byte.
pub(super) const LONGEST: Duration = Duration::from_secs(90);

/// Asks for a package and judges it.
pub(super) async fn ask(app: &App, dataset: &Dataset) -> Found<()> {
    let parameters = virtual_values(dataset)?;
    let trust = app.trust_for(dataset).map_err(|_| FaultKind::PackageTrust)?;
    let Some(person) = grant::person_id(app) else { return Err(FaultKind::PackageRefused.into()) };
    let token = match grant::make(app, dataset).await {
        Ok(token) => token,
        Err(error) => return Err(ours(&error)),
    };
    let received = tokio::time::timeout(LONGEST, receive(app, dataset, &token, &parameters)).await;
    grant::end(app, &token).await;
    let info = match received {
        Err(_) => return Err(FaultKind::PackageBroken.into()),
        Ok(Err(ended)) => return ended.map(|figures| ((), figures)),
        Ok(Ok(info)) => info,
    };
    let judged = judge(app, trust, &info, person).await;
    forget::wipe(app, &[info.id.to_string()]).await;
    judged.map(|figures| ((), figures))
}

/// Judges a package whole.
async fn judge(app: &App, trust: Trust, info: &BlobInfo, person: PersonalId) -> Result<Vec<Figure>, Fault> {
    let now = app.now();
    let read = async || app.store.blobs.reader(&info.id).await.map_err(|error| ours(&error));
    let trust = match app.revocations.learn_for(read().await?, trust, now.to_system()).await {
        Ok(trust) => trust,
        Err(LearnError::Package(error)) => return Err(bad(&error)),
        Err(error @ LearnError::Broken(_)) => return Err(ours(&error)),
    };
    let reader = read().await?;
    let judging = tokio::task::spawn_blocking(move || {
        dp_package::verify(reader, &trust, now.to_system(), Some(&person))
    });
    match judging.await {
        Ok(Ok(verified)) => {
            let ends = day_of(Time::from(verified.signer.not_after));
            Ok(vec![
                Figure::Bytes(info.len),
                Figure::Files(verified.files.len() as u64),
                Figure::SignerDaysLeft(i64::from(days_between(day_of(now), ends))),
            ])
        }
        Ok(Err(error)) => Err(bad(&error)),
        Err(error) => Err(ours(&error)),
    }
}

/// The package is bad, or could not be read back.
fn bad(error: &DpPackageError) -> Fault {
    match error {
        DpPackageError::Zip(ZipError::Read(error)) => ours(error),
        // The error's own text may hold a file's name.
        error => Fault::new(FaultKind::PackageBad, error.step()),
    }
}

/// Something of ours failed: the DP is told nothing of it, the log is.
fn ours(error: &dyn std::fmt::Display) -> Fault {
    tracing::error!(%error, "a connection test could not go on");
    FaultKind::PackageBroken.into()
}

/// What a citizen of the test zone finds filled in.
fn virtual_values(dataset: &Dataset) -> Result<BTreeMap<ParameterKey, String>, Fault> {
    let mut values = BTreeMap::new();
    for parameter in &dataset.parameters {
        match parameter.read(Some(&parameter.test_value)) {
            Ok(Some(value)) => {
                values.insert(parameter.key.clone(), value);
            }
            Ok(None) => {}
            Err(_) => return Err(Fault::new(FaultKind::PackageNoValue, parameter.key.as_str())),
        }
    }
    Ok(values)
}

/// Calls the DP. `Err` holds how it ended without a package: well (nothing there, wait), or not.
async fn receive(
    app: &App,
    dataset: &Dataset,
    token: &AccessToken,
    parameters: &BTreeMap<ParameterKey, String>,
) -> Result<BlobInfo, Result<Vec<Figure>, Fault>> {
    let call = Call {
        dataset,
        token,
        transaction_uid: TransactionUid::generate(&*app.random),
        parameters,
        first_byte: app.config.policy.dp_first_byte.0,
        now: app.now(),
    };
    let most = app.config.limits.max_package_bytes;
    let too_large = || Err(Fault::new(FaultKind::PackageTooLarge, most));
    let mut incoming = app.outbound.collect(&call).await.map_err(ended)?;
    if incoming.total.is_some_and(|total| total > most) {
        return Err(too_large());
    }
    let mut blob = app.store.blobs.create();
    let mut so_far = 0u64;
    while let Some(piece) = incoming.next().await.map_err(ended)? {
        so_far += piece.len() as u64;
        if so_far > most {
            return Err(too_large());
        }
        blob.write(&piece).await.map_err(|error| Err(ours(&error)))?;
    }
    blob.finish().await.map_err(|error| Err(ours(&error)))
}

/// What an answer without a package means.
fn ended(answer: Answer) -> Result<Vec<Figure>, Fault> {
    match answer {
        Answer::NoData => Ok(vec![Figure::Status(204), Figure::NoData]),
        Answer::Wait(wait) => {
            let seconds = wait.map_or(0, |wait| wait.as_secs());
            Ok(vec![Figure::Status(429), Figure::AsksToWait(seconds)])
        }
        Answer::Final(failure) | Answer::Passing(failure) => Err(of_failure(&failure)),
    }
}

fn of_failure(failure: &Failure) -> Fault {
    let kind = match failure.kind {
        FailureKind::Refused => FaultKind::PackageRefused,
        FailureKind::ServerError => FaultKind::PackageServerError,
        FailureKind::NoAnswer => FaultKind::PackageNoAnswer,
        FailureKind::BadPackage => FaultKind::PackageType,
        _ => FaultKind::PackageBroken,
    };
    let detail = match failure.kind {
        FailureKind::Refused | FailureKind::ServerError => failure.detail.trim_start_matches("status "),
        FailureKind::BadPackage => {
            failure.detail.trim_start_matches("the answer is ").trim_end_matches(", not application/zip")
        }
        _ => "",
    };
    Fault::new(kind, detail)
}
