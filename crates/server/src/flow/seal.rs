//! Seal, step 6 of the flow: what came goes, byte for byte, into one package, and the package into one token (PROTOCOL.md §5; R121–R129).
//!
//! The token is ciphertext under a key that only the SP and the sealed column hold, so it rests as it will travel, and
//! every fetch is a plain read.

use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::{State, Token, TransactionId};
use mydata_seal::package;
use mydata_seal::token::TokenWriter;
use mydata_store::blobs::{BlobId, PlainInfo};
use mydata_store::jobs::Leased;
use mydata_store::repo::transactions::Which;
use mydata_wire::ResourceId;
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest, hex};
use serde_json::json;
use std::collections::HashMap;
use std::io;

use super::{Change, FlowError, event, look, step, surely_unused};
use crate::app::App;

/// Makes the token.
pub async fn run(app: &App, id: TransactionId, leased: &Leased) -> Result<(), FlowError> {
    let Some(token) = make(app, id).await? else {
        return Ok(app.store.jobs.complete(leased).await?);
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

async fn make(app: &App, id: TransactionId) -> Result<Option<PlainInfo>, FlowError> {
    let Some(kept) = look(app, Which::Id(id)).await? else { return Ok(None) };
    let t = kept.transaction;
    let State::Confirmed(confirmed) = &t.state else { return Ok(None) };
    let catalogue = app.catalogue().await?;
    let service = catalogue
        .services
        .get(&t.client_id)
        .ok_or_else(|| FlowError::Broken(format!("service {} is not registered any more", t.client_id)))?;

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
    let (client_id, key, iv) = (t.client_id.clone(), confirmed.key.clone(), service.secrets.cbc_iv.clone());
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
