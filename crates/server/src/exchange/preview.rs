//! 預覽: the citizen looks at what will be sent, before anything is.

use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::State;
use mydata_domain::transaction::part::PartState;
use mydata_seal::dp_package::{self, FileKind, Verified, VerifiedFile};
use mydata_store::blobs::{BlobId, BlobReader};
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::ResourceId;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::fault::Fault;
use super::views::Scene;
use super::visit::Visit;
use crate::flow::{Change, FlowError, step};
use crate::web::{FileView, JsonDocument, Policy, PreviewPage, SignerView, headers, page};

/// Larger JSON files are offered as a file instead of a table.
const MAX_TABLE: u64 = 2 * 1024 * 1024;
/// So are those after which the tables of one page would hold more than this, in bytes of JSON.
const MAX_TABLES: u64 = 4 * 1024 * 1024;
/// How long a preview waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a citizen may ask again who waited in vain.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Pieces that a file is sent in.
const PIECE: usize = 64 * 1024;

/// `GET /exchange/{id}/preview/{resource_id}`.
pub async fn preview(visit: Visit, Path((id, resource)): Path<(String, String)>) -> Response {
    let answer = shown(&visit, &id, &resource).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str, resource: &str) -> Result<Response, Fault> {
    let mut kept = visit.exchange(id).await?;
    if !matches!(kept.transaction.state, State::Authorised(_)) {
        // Over meanwhile, or decided in another window: the exchange's page says so.
        return Ok(Redirect::to(&format!("/exchange/{}", kept.transaction.id)).into_response());
    }
    visit.touch(&mut kept).await?;
    let app = &visit.app;
    let (resource, blob) = ready(&kept, resource)?;
    let catalogue = app.catalogue().await?;
    let dataset = &catalogue.datasets.get(&resource).ok_or(Fault::NotFound)?.dataset;
    let person = kept.transaction.person().ok_or(Fault::NotFound)?.uid();
    let trust = app.trust_for(dataset).map_err(|e| FlowError::Broken(e.to_string()))?;
    // A package is verified and read whole: so many at a time, whoever asks.
    let turn = tokio::time::timeout(PATIENCE, app.previews.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| Fault::Busy(ASK_AGAIN))?.map_err(|_| Fault::Busy(ASK_AGAIN))?;
    let reader = app.store.blobs.reader(&blob).await?;
    let again = app.store.blobs.reader(&blob).await?;
    let now = app.now();
    let (verified, documents, turn) = tokio::task::spawn_blocking(move || {
        let verified =
            dp_package::verify(reader, &trust, now.to_system(), Some(&person)).map_err(|e| e.to_string())?;
        let documents = documents(again, &verified).map_err(|e| e.to_string())?;
        // Given back with the work itself, also when the citizen does not wait for it.
        Ok::<_, String>((verified, documents, turn))
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
    let files: Vec<FileView> = files.collect();
    let json = verified.files.iter().filter(|f| f.kind == FileKind::Json);
    let too_large = json.count() - fitting(&verified.files).count();
    let at = |t: std::time::SystemTime| mydata_domain::Time::from(t).to_timestamp();
    let mut chrome = scene.chrome();
    chrome.here.clone_from(&visit.here);
    let view = PreviewPage {
        chrome,
        parties: scene.parties(),
        dataset: scene.dataset_name(&resource),
        provider: scene.provider(&resource),
        documents,
        too_large,
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
    let rendered = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        page(StatusCode::OK, &view, &Policy::personal())
    });
    Ok(rendered.await.map_err(|e| FlowError::Broken(format!("a preview ended early: {e}")))?)
}

/// The JSON files that the page shows, in the manifest's order, as many as fit.
fn documents(
    reader: BlobReader,
    verified: &Verified,
) -> Result<Vec<JsonDocument>, dp_package::DpPackageError> {
    let mut reader = reader;
    let mut documents = Vec::new();
    for file in fitting(&verified.files) {
        let content = dp_package::open_file(&mut reader, &file.name)?;
        // Deeper nesting than the parser follows is no table either: it is offered as a file.
        if let Ok(value) = serde_json::from_reader(content) {
            documents.push(JsonDocument { filename: file.name.clone(), value });
        }
    }
    Ok(documents)
}

/// The JSON files that one page has room for.
fn fitting(files: &[VerifiedFile]) -> impl Iterator<Item = &VerifiedFile> {
    let mut room = MAX_TABLES;
    files.iter().filter(move |file| {
        let fits = file.kind == FileKind::Json && file.len <= MAX_TABLE.min(room);
        if fits {
            room -= file.len;
        }
        fits
    })
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
    let wanted = name.to_owned();
    let opened = blocking(move || dp_package::open_file(reader, &wanted)).await?;
    let content = opened.map_err(|_| Fault::NotFound)?;
    record(visit, &kept, &resource).await?;
    // A thread is taken for each piece only, so that a reader who stops reading holds none.
    let pieces = futures_util::stream::try_unfold(content, |content| async move {
        let (content, piece) = blocking(move || next_piece(content)).await.map_err(std::io::Error::other)?;
        let piece = piece?;
        Ok::<_, std::io::Error>((!piece.is_empty()).then_some((piece, content)))
    });
    let mut response = Body::from_stream(pieces).into_response();
    response.headers_mut().remove(CONTENT_LENGTH);
    headers::apply_file(response.headers_mut(), name);
    Ok(response)
}

/// The next bytes of a file; none at its end.
fn next_piece<R: Read>(mut content: R) -> (R, std::io::Result<Bytes>) {
    let mut piece = Vec::with_capacity(PIECE);
    let read = content.by_ref().take(PIECE as u64).read_to_end(&mut piece);
    (content, read.map(|_| piece.into()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FlowError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| FlowError::Broken(format!("a preview ended early: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_so_much_json_and_offers_the_rest_as_files() {
        let file = |name: &str, len| VerifiedFile {
            name: name.to_owned(),
            len,
            digest: [0; 32],
            kind: FileKind::of(name),
        };
        const MIB: u64 = 1 << 20;
        let files = [
            file("a.json", 2 * MIB),
            file("a.pdf", MIB),
            file("too-large.json", 2 * MIB + 1),
            file("b.json", 3 * MIB / 2),
            file("beyond.json", MIB),
            file("c.json", MIB / 2),
        ];
        let shown: Vec<_> = fitting(&files).map(|f| f.name.as_str()).collect();
        assert_eq!(shown, ["a.json", "b.json", "c.json"]);
        let many: Vec<_> = (0..1_000).map(|n| file(&format!("{n}.json"), MIB)).collect();
        assert_eq!(fitting(&many).map(|f| f.len).sum::<u64>(), MAX_TABLES);
    }
}
