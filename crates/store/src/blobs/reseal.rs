//! The key in a blob's header, sealed anew under the key that seals now. The content stays as it is, so those who read it go on.
//!
//! In place, in one write of 69 bytes at the beginning of the file: no power failure parts a disk's sector, and a copy put in the
//! blob's place could bring back one that is being wiped. Stores that cannot write in place are waited for: what lies there is gone
//! within hours.

use super::chunk::{BlobKey, HEADER};
use super::{BlobId, Blobs, Kind};
use crate::error::{Result, StoreError};
use crate::keys::KeyId;
use object_store::ObjectStoreExt as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

impl Blobs {
    /// Under which key a blob's own key lies. `None`: it has none, or is gone.
    pub(crate) async fn key_of(&self, id: &BlobId) -> Result<Option<KeyId>> {
        if !id.as_str().starts_with(Kind::Sealed.letter()) {
            return Ok(None);
        }
        match self.0.objects.get_range(&id.key(), 0..HEADER as u64).await {
            Ok(header) => Ok(BlobKey::sealed_under(&header)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(id.error(e)),
        }
    }

    /// Seals a blob's key anew if it lies under another key than the one that seals. `false`: there was nothing to do.
    pub(crate) async fn reseal_key(&self, id: &BlobId) -> Result<bool> {
        let crypter = self.0.crypter.clone();
        if self.key_of(id).await?.is_none_or(|key| key == crypter.sealing()) {
            return Ok(false);
        }
        let Some(folder) = self.0.folder.clone() else { return Ok(false) };
        let path = folder.join(id.key().as_ref());
        let id = id.clone();
        let written = tokio::task::spawn_blocking(move || {
            let io = |e| StoreError::io("seal anew", &path, e);
            let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
                Ok(file) => file,
                // Wiped meanwhile.
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
                Err(e) => return Err(io(e)),
            };
            let mut header = vec![0; HEADER];
            file.read_exact(&mut header).map_err(io)?;
            let Ok(header) = BlobKey::reseal(&crypter, &id, &header) else { return Ok(false) };
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            file.write_all(&header).map_err(io)?;
            file.sync_data().map_err(io)?;
            Ok(true)
        });
        written.await.map_err(|e| StoreError::io("seal anew", "", std::io::Error::other(e)))?
    }
}
