//! 預覽: the citizen looks at what will be sent, before anything is.

use std::io::Read as _;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::State;
use mydata_domain::transaction::part::PartState;
use mydata_seal::dp_package::{self, FileKind, Verified};
use mydata_store::blobs::{BlobId, BlobReader};
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::ResourceId;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use url::form_urlencoded;

use super::fault::Fault;
use super::views::Scene;
use super::visit::Visit;
use crate::flow::{Change, FlowError, step};
use crate::web::{FileView, JsonDocument, PreviewPage, SignerView, headers, page};

/// Larger JSON files are offered as a file instead of a table.
const MAX_TABLE: u64 = 2 * 1024 * 1024;
/// Pieces that a file is sent in.
const PIECE: usize = 64 * 1024;

/// `GET /exchange/{id}/preview/{resource_id}`.
pub async fn preview(visit: Visit, Path((id, resource)): Path<(String, String)>) -> Response {
    let answer = shown(&visit, &id, &resource).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str, resource: &str) -> Result<Response, Fault> {
    let mut kept = visit.exchange(id).await?;
    visit.touch(&mut kept).await?;
    let app = &visit.app;
    let (resource, blob) = ready(&kept, resource)?;
    let catalogue = app.catalogue().await?;
    let dataset = &catalogue.datasets.get(&resource).ok_or(Fault::NotFound)?.dataset;
    let person = kept.transaction.person().ok_or(Fault::NotFound)?.uid();
    let trust = app.trust_for(dataset).map_err(|e| FlowError::Broken(e.to_string()))?;
    let reader = app.store.blobs.reader(&blob).await?;
    let again = app.store.blobs.reader(&blob).await?;
    let now = app.now();
    let (verified, documents) = tokio::task::spawn_blocking(move || {
        let verified =
            dp_package::verify(reader, &trust, now.to_system(), Some(&person)).map_err(|e| e.to_string())?;
        let documents = documents(again, &verified).map_err(|e| e.to_string())?;
        Ok::<_, String>((verified, documents))
    })
    .await
    .map_err(|e| FlowError::Broken(format!("a preview ended early: {e}")))?
    .map_err(FlowError::Broken)?;
    record(visit, &kept, &resource).await?;

    let scene = Scene { app, kept: &kept, catalogue: &catalogue, prefs: visit.prefs, now };
    let shown_as_table = |name: &str| documents.iter().any(|d| d.filename == name);
    let files = verified.files.iter().filter(|f| !shown_as_table(&f.name)).map(|f| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("name", &f.name).finish();
        FileView {
            filename: f.name.clone(),
            size: f.len,
            url: scene.path(&format!("/preview/{resource}/file?{query}")),
        }
    });
    let files = files.collect();
    let at = |t: std::time::SystemTime| mydata_domain::Time::from(t).to_timestamp();
    let mut chrome = scene.chrome();
    chrome.here.clone_from(&visit.here);
    let view = PreviewPage {
        chrome,
        parties: scene.parties(),
        dataset: scene.dataset_name(&resource),
        provider: scene.provider(&resource),
        documents,
        files,
        signer: SignerView {
            subject: verified.signer.subject.clone(),
            issuer: verified.signer.issuer.clone(),
            valid_from: at(verified.signer.not_before),
            valid_until: at(verified.signer.not_after),
            verified_at: now.to_timestamp(),
        },
        back_url: scene.path(""),
    };
    Ok(page(StatusCode::OK, &view, &scene.policy()))
}

fn documents(
    reader: BlobReader,
    verified: &Verified,
) -> Result<Vec<JsonDocument>, dp_package::DpPackageError> {
    let mut reader = reader;
    let mut documents = Vec::new();
    for file in verified.files.iter().filter(|f| f.kind == FileKind::Json && f.len <= MAX_TABLE) {
        let content = dp_package::open_file(&mut reader, &file.name)?;
        // Deeper nesting than the parser follows is no table either: it is offered as a file.
        if let Ok(value) = serde_json::from_reader(content) {
            documents.push(JsonDocument { filename: file.name.clone(), value });
        }
    }
    Ok(documents)
}

/// The dataset's package, while the citizen may look at it.
fn ready(kept: &Kept, resource: &str) -> Result<(ResourceId, BlobId), Fault> {
    let resource: ResourceId = resource.parse().map_err(|_| Fault::NotFound)?;
    if !matches!(kept.transaction.state, State::Authorised(_)) {
        return Err(Fault::NotFound);
    }
    let part = kept.transaction.parts.iter().find(|p| p.resource_id == resource).ok_or(Fault::NotFound)?;
    match &part.state {
        PartState::Ready { blob: Some(blob), .. } => {
            Ok((resource, blob.parse().map_err(|_| FlowError::Broken("a part names no blob".to_owned()))?))
        }
        _ => Err(Fault::NotFound),
    }
}

async fn record(visit: &Visit, kept: &Kept, resource: &ResourceId) -> Result<(), Fault> {
    step(&visit.app, "previewed", Which::Id(kept.transaction.id), None, |kept, now| {
        let event = mydata_domain::audit::Event::new(now, Actor::Citizen, What::Previewed)
            .of(kept.transaction.id)
            .from(Some(visit.from))
            .with(json!({ "resource_id": resource }));
        Ok(Change::telling(()).event(event))
    })
    .await?;
    Ok(())
}

/// Which file.
#[derive(Deserialize)]
pub struct Wanted {
    name: String,
}

/// `GET /exchange/{id}/preview/{resource_id}/file?name=`.
pub async fn file(
    visit: Visit,
    Path((id, resource)): Path<(String, String)>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let answer = match wanted {
        Ok(Query(wanted)) => sent(&visit, &id, &resource, &wanted.name).await,
        Err(_) => Err(Fault::NotFound),
    };
    visit.or_fault(answer)
}

async fn sent(visit: &Visit, id: &str, resource: &str, name: &str) -> Result<Response, Fault> {
    let kept = visit.exchange(id).await?;
    let (resource, blob) = ready(&kept, resource)?;
    let reader = visit.app.store.blobs.reader(&blob).await?;
    let (to, from) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    let (found, is_found) = tokio::sync::oneshot::channel();
    let wanted = name.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut content = match dp_package::open_file(reader, &wanted) {
            Ok(content) => {
                let _ = found.send(true);
                content
            }
            Err(_) => {
                let _ = found.send(false);
                return;
            }
        };
        loop {
            let mut piece = vec![0; PIECE];
            let sent = match content.read(&mut piece) {
                Ok(0) => return,
                Ok(n) => {
                    piece.truncate(n);
                    to.blocking_send(Ok(piece.into()))
                }
                Err(error) => to.blocking_send(Err(error)),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    if !is_found.await.unwrap_or(false) {
        return Err(Fault::NotFound);
    }
    record(visit, &kept, &resource).await?;
    let pieces =
        futures_util::stream::unfold(from, |mut from| async move { from.recv().await.map(|p| (p, from)) });
    let mut response = Body::from_stream(pieces).into_response();
    response.headers_mut().remove(CONTENT_LENGTH);
    headers::apply_file(response.headers_mut(), name);
    Ok(response)
}
