//! Seal, step 6 of the flow: what came goes, byte for byte, into one package, and the package into one token (PROTOCOL.md §5; R121–R129).
//!
//! The token is ciphertext under a key that only the SP and the sealed column hold, so it rests as it will travel, and
//! every fetch is a plain read.

use futures_util::StreamExt as _;
use mydata_domain::audit::{Actor, What};
use mydata_domain::collect::{Failure, FailureKind};
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::{State, Token, Transaction, TransactionId};
use mydata_seal::package;
use mydata_seal::token::TokenWriter;
use mydata_store::StoreError;
use mydata_store::blobs::{BlobId, PlainInfo};
use mydata_store::jobs::Leased;
use mydata_store::repo::transactions::Which;
use mydata_wire::ResourceId;
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest, hex};
use serde_json::json;
use std::collections::HashMap;
use std::io;

use super::{Change, FlowError, event, look, settle, step, surely_unused};
use crate::app::App;

/// After so many tries, more than half an hour, what still cannot be sealed counts as lost.
const TRIES: i64 = 12;

/// Makes the token.
pub async fn run(app: &App, id: TransactionId, leased: &Leased) -> Result<(), FlowError> {
    let Some(kept) = look(app, Which::Id(id)).await? else {
        return Ok(app.store.jobs.complete(leased).await?);
    };
    let made = make(app, &kept.transaction).await;
    let token = match made {
        Ok(Some(token)) => token,
        Ok(None) => return Ok(app.store.jobs.complete(leased).await?),
        Err(error) => {
            let lost = lost(app, &kept.transaction, leased.attempts >= TRIES).await;
            if lost.is_empty() {
                return Err(error);
            }
            tracing::error!(transaction = %id, %error, ?lost, "packages can no longer be read; their datasets are given up");
            return give_up(app, id, leased, &lost).await;
        }
    };
    let kept = Token { blob: token.id.to_string(), len: token.len, sha256: hex(&token.sha256) };
    let used = step(app, "sealed", Which::Id(id), Some(leased), |keep, now| {
        let t = &mut keep.transaction;
        if !matches!(t.state, State::Confirmed(_)) {
            return Ok(Change::telling(false));
        }
        let wipe = t.sealed(kept.clone(), now)?;
        let event = event(t, now, Actor::Platform, What::Sealed)
            .with(json!({ "bytes": kept.len, "sha256": kept.sha256 }));
        Ok(Change::telling(true).wiping(wipe).event(event))
    })
    .await;
    if surely_unused(&used) {
        super::forget::wipe(app, &[kept.blob]).await;
    }
    used.map(|_| ())
}

/// The datasets whose packages are gone or damaged, which no further try mends; all that came, once it was tried often
/// enough.
async fn lost(app: &App, t: &Transaction, all: bool) -> Vec<ResourceId> {
    let mut lost = Vec::new();
    for part in &t.parts {
        let PartState::Ready { blob: Some(blob), .. } = &part.state else { continue };
        let readable = match blob.parse::<BlobId>() {
            Err(_) => false,
            Ok(blob) => match app.store.blobs.stream(&blob).await {
                Ok(mut pieces) => loop {
                    match pieces.next().await {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => break !is_for_ever(&error),
                        None => break true,
                    }
                },
                Err(error) => !is_for_ever(&error),
            },
        };
        if all || !readable {
            lost.push(part.resource_id.clone());
        }
    }
    lost
}

fn is_for_ever(error: &StoreError) -> bool {
    matches!(error, StoreError::NoBlob { .. } | StoreError::Corrupt { .. })
}

/// Goes on without what was lost: the rest is sealed, or the exchange ends as undeliverable.
async fn give_up(
    app: &App,
    id: TransactionId,
    leased: &Leased,
    lost: &[ResourceId],
) -> Result<(), FlowError> {
    step(app, "seal-lost", Which::Id(id), Some(leased), |kept, now| {
        let t = &mut kept.transaction;
        if !matches!(t.state, State::Confirmed(_)) {
            return Ok(Change::telling(()));
        }
        let wipe = t.lost(lost)?;
        let mut change = Change::telling(()).wiping(wipe);
        for resource in lost {
            let failure = Failure::new(FailureKind::Lost, "");
            let detail = json!({ "resource_id": resource, "failure": failure });
            change = change.event(event(t, now, Actor::Platform, What::Undeliverable).with(detail));
        }
        Ok(settle(app, t, now, change))
    })
    .await?;
    Ok(())
}

async fn make(app: &App, t: &Transaction) -> Result<Option<PlainInfo>, FlowError> {
    let State::Confirmed(confirmed) = &t.state else { return Ok(None) };
    let catalogue = app.catalogue().await?;
    let Some(client_id) = t.client_id() else { return Ok(None) };
    let service = catalogue
        .services
        .get(client_id)
        .ok_or_else(|| FlowError::Broken(format!("service {client_id} is not registered any more")))?;

    let mut manifest = PackageManifest::default();
    let mut packages: HashMap<ResourceId, BlobId> = HashMap::new();
    for part in &t.parts {
        let code = match &part.state {
            PartState::Ready { blob: Some(blob), .. } => {
                let blob: BlobId =
                    blob.parse().map_err(|_| FlowError::Broken("a part names no blob".to_owned()))?;
                packages.insert(part.resource_id.clone(), blob);
                FileCode::Present
            }
            PartState::NoData => FileCode::NoData,
            // Named in the second notification instead.
            PartState::Undeliverable(_) => continue,
            _ => return Ok(None),
        };
        let resource_name =
            catalogue.datasets.get(&part.resource_id).map(|d| d.dataset.name.clone()).unwrap_or_default();
        manifest.files.push(PackageEntry { resource_id: part.resource_id.clone(), resource_name, code });
    }

    let out = app.store.blobs.create_plain().blocking();
    let (client_id, key, iv) = (client_id.clone(), confirmed.key.clone(), service.secrets.cbc_iv.clone());
    let (blobs, runtime) = (app.store.blobs.clone(), tokio::runtime::Handle::current());
    let sealed = tokio::task::spawn_blocking(move || {
        let token = TokenWriter::new(out, &client_id, &key, &iv)?;
        let token = package::write(token, &manifest, |id| {
            let blob = packages.get(id).ok_or(io::ErrorKind::NotFound)?;
            runtime.block_on(blobs.reader(blob)).map_err(io::Error::other)
        })?;
        token.finish()?.finish().map_err(io::Error::other)
    })
    .await
    .map_err(|e| FlowError::Broken(format!("sealing ended early: {e}")))?;
    sealed.map(Some).map_err(|e| FlowError::Broken(format!("sealing failed: {e}")))
}
