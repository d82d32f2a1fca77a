//! Content too large for the database, in an object store: a local folder, or anything the trait object is.
//!
//! Two kinds. **Sealed** blobs are encrypted here, chunk by chunk, under a key of their own ([`sealed`]). **Plain** blobs hold what is
//! ciphertext already (tokens for SPs) and can be read in ranges ([`plain`]). Nothing is visible before it is finished; no
//! content is ever changed, only deleted. The key in a sealed blob's header is sealed anew when keys are rotated ([`reseal`]).

mod chunk;
pub mod plain;
mod reseal;
pub mod sealed;
#[cfg(test)]
mod tests;
mod upload;

pub use plain::{PlainInfo, PlainWriter};
pub use sealed::{BlobInfo, BlobReader, BlobWriter};
pub use upload::Blocking;

use crate::crypt::Crypter;
use crate::error::{Result, StoreError};
use futures_util::stream::{BoxStream, StreamExt as _};
use mydata_domain::Time;
use mydata_wire::Random;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

/// So many bytes at the beginning of a sealed blob's file hold its key, sealed. They are the only ones that ever change.
pub const HEADER_LEN: usize = chunk::HEADER;
/// How many blobs the sweeper asks about at once.
const SWEEP_BATCH: usize = 500;

/// The name of a blob: its kind and 32 random hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sealed,
    Plain,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Sealed => 's',
            Self::Plain => 'p',
        }
    }
}

impl BlobId {
    fn random(kind: Kind, random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let mut id = String::with_capacity(33);
        id.push(kind.letter());
        for b in bytes {
            write!(id, "{b:02x}").expect("writing to a String does not fail");
        }
        Self(id)
    }

    /// As it stands in a database column.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it lies: 256 folders for each kind, so that no folder grows without limit and none is left over.
    fn key(&self) -> Key {
        Key::from(format!("{}/{}/{}", &self.0[..1], &self.0[1..3], self.0))
    }

    /// The error for a blob that is not there, or the store's own.
    fn error(&self, source: object_store::Error) -> StoreError {
        match source {
            object_store::Error::NotFound { .. } => StoreError::NoBlob { id: self.0.clone() },
            source => StoreError::Blob { id: self.0.clone(), source },
        }
    }

    fn corrupt(part: &'static str, reason: &'static str) -> StoreError {
        StoreError::Corrupt { table: "blobs".into(), column: part.into(), reason }
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobId {
    type Err = StoreError;

    fn from_str(s: &str) -> Result<Self> {
        let digits = s.strip_prefix(['s', 'p']).unwrap_or("");
        if digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(s.to_owned()))
        } else {
            Err(Self::corrupt("id", "it is not the name of a blob"))
        }
    }
}

impl<'a> From<&'a BlobId> for crate::db::Arg<'a> {
    fn from(id: &'a BlobId) -> Self {
        id.as_str().into()
    }
}

/// A blob found in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub id: BlobId,
    /// Its size as it lies there, in bytes.
    pub size: u64,
    /// When it was finished.
    pub at: Time,
}

/// All blobs. Cloning is cheap.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    objects: Arc<dyn ObjectStore>,
    /// The local folder, whose modes and drafts need care.
    folder: Option<PathBuf>,
    crypter: Crypter,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blobs").field(&self.0.folder).finish()
    }
}

impl Blobs {
    /// The blobs of a local folder, which is made for its owner only if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn in_folder(folder: &Path, crypter: Crypter) -> Result<Self> {
        make_private(folder).map_err(|e| StoreError::io("make the folder", folder, e))?;
        // On disk before it is answered: the database will say that the blob is there.
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|source| StoreError::Blob { id: folder.display().to_string(), source })?
            .with_fsync(true);
        Ok(Self(Arc::new(Inner { objects: Arc::new(objects), folder: Some(folder.to_owned()), crypter })))
    }

    /// The blobs of any object store.
    pub fn in_objects(objects: Arc<dyn ObjectStore>, crypter: Crypter) -> Self {
        Self(Arc::new(Inner { objects, folder: None, crypter }))
    }

    /// Deletes a blob. It is no error if it is gone already.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete(&self, id: &BlobId) -> Result<()> {
        match self.0.objects.delete(&id.key()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(id.error(e)),
        }
    }

    /// All blobs, in no order. What does not look like a blob is passed over.
    pub fn list(&self) -> BoxStream<'static, Result<Found>> {
        self.0
            .objects
            .list(None)
            .filter_map(|found| async {
                match found {
                    Ok(meta) => {
                        let id = meta.location.filename()?.parse().ok()?;
                        Some(Ok(Found {
                            id,
                            size: meta.size,
                            at: Time(meta.last_modified.timestamp_millis()),
                        }))
                    }
                    // Deleted between the listing and the look at it.
                    Err(object_store::Error::NotFound { .. }) => None,
                    Err(source) => Some(Err(StoreError::Blob { id: "(list)".to_owned(), source })),
                }
            })
            .boxed()
    }

    /// Deletes the blobs that nothing refers to: older than `before`, and not among those that `known` gives back of the names it is
    /// asked about. Drafts left by a killed process go as well. Gives the number deleted. `before` must lie further back than any
    /// exchange takes between finishing a blob and recording it.
    ///
    /// # Errors
    /// The store fails, or `known` does.
    pub async fn sweep<Fut>(&self, before: Time, known: impl Fn(Vec<BlobId>) -> Fut) -> Result<u64>
    where
        Fut: Future<Output = Result<HashSet<BlobId>>>,
    {
        let mut deleted = 0;
        let mut old = self
            .list()
            .filter(|found| std::future::ready(!matches!(found, Ok(f) if f.at >= before)))
            .chunks(SWEEP_BATCH);
        while let Some(batch) = old.next().await {
            let ids = batch.into_iter().map(|f| Ok(f?.id)).collect::<Result<Vec<_>>>()?;
            let keep = known(ids.clone()).await?;
            for id in ids.iter().filter(|id| !keep.contains(id)) {
                self.delete(id).await?;
                deleted += 1;
            }
        }
        if let Some(folder) = self.0.folder.clone() {
            let swept = tokio::task::spawn_blocking(move || sweep_drafts(&folder, before)).await;
            deleted += swept
                .map_err(|e| StoreError::io("sweep", "", std::io::Error::other(e)))?
                .map_err(|e| StoreError::io("sweep", self.0.folder.clone().unwrap_or_default(), e))?;
        }
        Ok(deleted)
    }

    /// The folder in which a blob will lie must exist for its owner only, before the object store makes it for everybody.
    fn prepare(&self, id: &BlobId) -> Result<()> {
        let Some(folder) = &self.0.folder else { return Ok(()) };
        let folder = folder.join(&id.0[..1]).join(&id.0[1..3]);
        make_private(&folder).map_err(|e| StoreError::io("make the folder", folder, e))
    }

    /// The finished file is its owner's only. (Until here the folders around it have kept others out.)
    fn publish(&self, id: &BlobId) -> Result<()> {
        #[cfg(unix)]
        if let Some(folder) = &self.0.folder {
            use std::os::unix::fs::PermissionsExt as _;
            let path = folder.join(id.key().as_ref());
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
                .map_err(|e| StoreError::io("restrict the file", path, e))?;
        }
        Ok(())
    }
}

/// Makes a folder, and those above it, with mode 0700.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes files that were being written when a process was killed: named `…#number`, which the object store does not list.
fn sweep_drafts(folder: &Path, before: Time) -> std::io::Result<u64> {
    let mut removed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name();
            let Some((id, _)) = name.to_str().and_then(|n| n.split_once('#')) else { continue };
            // A draft may be finished or given up between these steps.
            let Ok(changed) = entry.metadata().and_then(|m| m.modified()) else { continue };
            if id.parse::<BlobId>().is_ok()
                && time_of(changed) < before
                && fs::remove_file(entry.path()).is_ok()
            {
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn time_of(at: SystemTime) -> Time {
    at.into()
}
