//! What is in a package that was verified when it came: its files, its JSON as far as one page holds it, its PDFs without their
//! password. Read from the sealed blob piece by piece; nothing readable is ever written anywhere.

use std::io::Read;

use bytes::Bytes;
use mydata_domain::transaction::Transaction;
use mydata_domain::transaction::part::PartState;
use mydata_seal::dp_package::{self, DpPackageError, FileKind, FileReader, MAX_OPENED_PDF};
use mydata_store::blobs::{BlobId, BlobReader};
use mydata_wire::{PersonalId, ResourceId};
use zeroize::Zeroizing;

use crate::app::App;
use crate::flow::FlowError;
use crate::web::JsonDocument;

/// Largest JSON file that is shown as tables, in bytes.
pub const MAX_TABLE: u64 = 2 * 1024 * 1024;
/// Most bytes of JSON that one page shows as tables.
pub const MAX_TABLES: u64 = 4 * 1024 * 1024;
/// Pieces that a file is sent in.
const PIECE: usize = 64 * 1024;

/// Why a file cannot be shown on a page. It can still be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cannot {
    /// It is larger than what a page shows.
    TooLarge,
    /// It is no JSON, or is nested deeper than is read.
    NoTable,
    /// It is no PDF that can be opened.
    NoPdf,
    /// Of no kind that is shown.
    OtherKind,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub len: u64,
    /// What it is.
    pub kind: FileKind,
    /// Why it cannot be shown, as far as that is known beforehand.
    pub cannot: Option<Cannot>,
}

/// What one page shows of a package.
#[derive(Debug)]
pub struct Opened {
    /// Its JSON, in the package's order.
    pub documents: Vec<JsonDocument>,
    /// The other files, and the JSON that there is no table of.
    pub files: Vec<Listed>,
}

/// The package of a dataset that has come, while it is there.
pub fn blob_of(t: &Transaction, resource: &ResourceId) -> Result<Option<BlobId>, FlowError> {
    let part = t.parts.iter().find(|part| part.resource_id == *resource);
    match part.map(|part| &part.state) {
        Some(PartState::Ready { blob: Some(blob), .. }) => {
            let blob = blob.parse().map_err(|_| FlowError::Broken("a part names no blob".to_owned()))?;
            Ok(Some(blob))
        }
        _ => Ok(None),
    }
}

/// Runs work that reads, where it holds up nobody.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FlowError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| FlowError::Broken(format!("a package was given up while it was read: {e}")))
}

fn broken(error: &DpPackageError) -> FlowError {
    // The error's text may hold a file's name, and a DP may have named files after a person.
    FlowError::Broken(format!("a package that was verified cannot be read any more: {}", error.step()))
}

/// The files of a package with their lengths, what proves its origin included.
pub async fn files(app: &App, blob: &BlobId) -> Result<Vec<(String, u64)>, FlowError> {
    let reader = app.store.blobs.reader(blob).await?;
    blocking(move || dp_package::list_files(reader)).await?.map_err(|error| broken(&error))
}

/// One file of a package, to be read where it holds up nobody. `None` when there is no such file.
pub async fn file(app: &App, blob: &BlobId, name: &str) -> Result<Option<FileReader<BlobReader>>, FlowError> {
    let reader = app.store.blobs.reader(blob).await?;
    let wanted = name.to_owned();
    match blocking(move || dp_package::open_file(reader, &wanted)).await? {
        Ok(content) => Ok(Some(content)),
        Err(DpPackageError::ListedMissing { .. }) => Ok(None),
        Err(error) => Err(broken(&error)),
    }
}

/// The next bytes of a file; none at its end.
pub fn next_piece<R: Read>(mut content: R) -> (R, std::io::Result<Vec<u8>>) {
    let mut piece = Vec::with_capacity(PIECE);
    let read = content.by_ref().take(PIECE as u64).read_to_end(&mut piece);
    (content, read.map(|_| piece))
}

/// Opens a package for a page.
pub async fn open(app: &App, blob: &BlobId) -> Result<Opened, FlowError> {
    let listed = files(app, blob).await?;
    let reader = app.store.blobs.reader(blob).await?;
    blocking(move || opened(reader, listed)).await?.map_err(|error| broken(&error))
}

fn opened(mut reader: BlobReader, listed: Vec<(String, u64)>) -> Result<Opened, DpPackageError> {
    let mut opened = Opened { documents: Vec::new(), files: Vec::new() };
    let mut room = MAX_TABLES;
    for (name, len) in listed.into_iter().filter(|(name, _)| !name.starts_with("META-INFO/")) {
        let kind = FileKind::of(&name);
        let cannot = match kind {
            FileKind::Json if len > MAX_TABLE.min(room) => Some(Cannot::TooLarge),
            FileKind::Json => {
                let content = dp_package::open_file(&mut reader, &name)?;
                match serde_json::from_reader(content) {
                    Ok(value) => {
                        room -= len;
                        opened.documents.push(JsonDocument { filename: name, value });
                        continue;
                    }
                    Err(_) => Some(Cannot::NoTable),
                }
            }
            FileKind::Pdf => (len > MAX_OPENED_PDF).then_some(Cannot::TooLarge),
            FileKind::Other => Some(Cannot::OtherKind),
        };
        opened.files.push(Listed { name, len, kind, cannot });
    }
    Ok(opened)
}

/// A PDF of a package without its password; the memory is wiped when it has been sent.
pub async fn pdf(
    app: &App,
    blob: &BlobId,
    name: &str,
    person: &PersonalId,
) -> Result<Option<Result<Bytes, Cannot>>, FlowError> {
    let Some(content) = file(app, blob, name).await? else { return Ok(None) };
    if content.content_len() > MAX_OPENED_PDF {
        return Ok(Some(Err(Cannot::TooLarge)));
    }
    let person = person.clone();
    let unlocked = blocking(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        content.take(MAX_OPENED_PDF).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(dp_package::unlock_pdf(&bytes, &person))
    })
    .await?
    .map_err(|error| FlowError::Broken(format!("a package could not be read: {error}")))?;
    Ok(Some(unlocked.map(Bytes::from_owner).map_err(|_| Cannot::NoPdf)))
}
