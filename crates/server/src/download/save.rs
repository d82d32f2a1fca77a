//! 轉存到我的電腦 (R78, R79): everything that came as one zip that opens with the personal id in upper case. Made on its way out of the
//! sealed blobs, in constant memory; its length is known beforehand, so that a broken transfer is noticed.

use std::collections::{HashSet, VecDeque};

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use mydata_domain::calendar::day_of;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Transaction, TransactionId};
use mydata_seal::dp_package::FileReader;
use mydata_seal::zip::LockedZip;
use mydata_store::blobs::{BlobId, BlobReader};
use mydata_wire::PersonalId;

use super::opened;
use super::view::{Names, own, path};
use crate::app::App;
use crate::citizen::form::CitizenForm;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::alive::Alive;
use crate::flow::{FlowError, download};

/// Longest name of a dataset's folder, in characters.
const MAX_FOLDER: usize = 60;

/// A file on its way into the zip.
struct Source {
    name: String,
    len: u64,
    blob: BlobId,
    within: String,
}

/// `POST /downloads/{id}/save`.
pub async fn save(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = saved(&visit, &id, &form).await;
    visit.or_fault(answer)
}

async fn saved(visit: &Visit, id: &str, form: &CitizenForm) -> Result<Response, Fault> {
    let citizen = &form.citizen;
    let kept = own(visit, id, &citizen.index).await?;
    let t = &kept.transaction;
    let open = t.held().is_some_and(|held| held.is_open(visit.app.now())) && t.has_files();
    let person = t.person().map(Person::uid).filter(|_| open);
    // Taken, withdrawn or over meanwhile: the download's page says so.
    let Some(person) = person else { return Ok(Redirect::to(&path(t.id, "")).into_response()) };
    let catalogue = visit.app.catalogue().await?;
    let sources = sources(&visit.app, t, Names { catalogue: &catalogue, lang: visit.prefs.lang }).await?;
    download::saved(&visit.app, t.id, &citizen.index, visit.from).await?;
    let len = LockedZip::len(sources.iter().map(|source| (source.name.as_str(), source.len)));
    let name = format!("MyData-{}.zip", day_of(visit.app.now()));
    Ok(answer(Body::from_stream(zipped(&visit.app, t.id, &person, sources)), len, &name))
}

/// Everything that came, as one file for a clerk.
///
/// # Errors
/// A package cannot be read.
pub(crate) async fn to_clerk(app: &App, t: &Transaction, names: Names<'_>) -> Result<Response, FlowError> {
    let person = t.person().map(Person::uid);
    let person = person.ok_or_else(|| FlowError::Broken("a held download has no person".to_owned()))?;
    let sources = sources(app, t, names).await?;
    let len = LockedZip::len(sources.iter().map(|source| (source.name.as_str(), source.len)));
    let name = format!("MyData-{}.zip", day_of(app.now()));
    Ok(answer(Body::from_stream(zipped(app, t.id, &person, sources)), len, &name))
}

fn answer(body: Body, len: u64, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.expect("letters, digits and hyphens are a header's"));
    response
}

/// The files of all datasets that came, each dataset in a folder of its own, with what proves their origin.
async fn sources(app: &App, t: &Transaction, names: Names<'_>) -> Result<Vec<Source>, FlowError> {
    let mut sources = Vec::new();
    let mut folders = HashSet::new();
    for part in &t.parts {
        let Some(blob) = opened::blob_of(t, &part.resource_id)? else { continue };
        let mut folder = folder_name(&names.name(&part.resource_id));
        if folder.is_empty() || !folders.insert(folder.clone()) {
            folder = part.resource_id.to_string();
        }
        for (within, len) in opened::files(app, &blob).await? {
            sources.push(Source { name: format!("{folder}/{within}"), len, blob: blob.clone(), within });
        }
    }
    Ok(sources)
}

/// A dataset's name as a folder's on every system.
fn folder_name(name: &str) -> String {
    let allowed = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        c if c.is_control() => '-',
        c => c,
    };
    let name: String = name.chars().map(allowed).take(MAX_FOLDER).collect();
    name.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// What is on its way.
struct Way {
    app: App,
    alive: Alive,
    zip: Option<LockedZip>,
    waiting: VecDeque<Source>,
    open: Option<FileReader<BlobReader>>,
}

/// The zip, piece by piece. A thread is taken for each piece only, so that a reader who stops reading holds none.
fn zipped(
    app: &App,
    id: TransactionId,
    person: &PersonalId,
    sources: Vec<Source>,
) -> impl stream::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let zip = Some(LockedZip::new(person.expose()));
    let way = Way { app: app.clone(), alive: Alive::of(app, id), zip, waiting: sources.into(), open: None };
    stream::try_unfold(way, |mut way| async move {
        match way.next().await {
            Ok(Some(piece)) => Ok(Some((piece, way))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::error!(%error, "a download could not be saved to its end");
                Err(error)
            }
        }
    })
}

impl Way {
    async fn next(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        let Some(zip) = &mut self.zip else { return Ok(None) };
        self.alive.check().await.map_err(std::io::Error::other)?;
        if let Some(content) = self.open.take() {
            let read = opened::blocking(move || opened::next_piece(content)).await;
            let (content, piece) = read.map_err(std::io::Error::other)?;
            let mut piece = piece?;
            if piece.is_empty() {
                return Ok(Some(zip.end()?.into()));
            }
            zip.content(&mut piece)?;
            self.open = Some(content);
            return Ok(Some(piece.into()));
        }
        if let Some(source) = self.waiting.pop_front() {
            let content = opened::file(&self.app, &source.blob, &source.within).await;
            let content = content.map_err(std::io::Error::other)?;
            self.open = Some(content.ok_or(std::io::ErrorKind::NotFound)?);
            return Ok(Some(zip.begin(&source.name, source.len, &*self.app.random)?.into()));
        }
        let Some(zip) = self.zip.take() else { return Ok(None) };
        Ok(Some(zip.finish()?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_name_that_every_system_takes() {
        assert_eq!(folder_name("個人戶籍資料"), "個人戶籍資料");
        assert_eq!(folder_name("土地/建物: <1>?"), "土地-建物- -1--");
        assert_eq!(folder_name(" ..\\.. "), "-");
        assert_eq!(folder_name("..."), "");
        assert_eq!(folder_name(&"長".repeat(500)).chars().count(), MAX_FOLDER);
    }
}
