//! Plain blobs: what is ciphertext already. Written as a stream, read in ranges.

use super::upload::Upload;
use super::{BlobId, Blobs, Kind};
use crate::error::Result;
use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use object_store::ObjectStoreExt as _;
use std::ops::Range;

/// How much is fetched at once.
const PIECE: u64 = 256 << 10;

/// A finished plain blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainInfo {
    /// Its name, for the database.
    pub id: BlobId,
    /// Its length in bytes.
    pub len: u64,
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
}

/// A plain blob being written. Dropped before [`PlainWriter::finish`], nothing stays.
pub struct PlainWriter {
    upload: Upload,
    id: BlobId,
    hash: digest::Context,
}

impl std::fmt::Debug for PlainWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainWriter").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Blobs {
    /// Begins a plain blob.
    pub fn create_plain(&self) -> PlainWriter {
        let id = BlobId::random(Kind::Plain, self.0.crypter.random());
        PlainWriter {
            upload: Upload::new(self.clone(), id.clone()),
            id,
            hash: digest::Context::new(&digest::SHA256),
        }
    }

    /// The length of a plain blob in bytes.
    ///
    /// # Errors
    /// It does not exist.
    pub async fn plain_len(&self, id: &BlobId) -> Result<u64> {
        Ok(self.0.objects.head(&id.key()).await.map_err(|e| id.error(e))?.size)
    }

    /// A part of a plain blob, in pieces. What lies beyond its end is not there.
    ///
    /// # Errors
    /// It does not exist.
    pub async fn plain_stream(
        &self,
        id: &BlobId,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let end = range.end.min(self.plain_len(id).await?);
        let (objects, id) = (self.0.objects.clone(), id.clone());
        Ok(stream::try_unfold(range.start, move |at| {
            let (objects, id) = (objects.clone(), id.clone());
            async move {
                if at >= end {
                    return Ok(None);
                }
                let to = end.min(at + PIECE);
                let piece = objects.get_range(&id.key(), at..to).await.map_err(|e| id.error(e))?;
                Ok(Some((piece, to)))
            }
        })
        .boxed())
    }
}

impl PlainWriter {
    /// Adds to the content.
    ///
    /// # Errors
    /// The store fails; the blob must be given up.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.upload.write(bytes).await
    }

    /// Makes the blob visible, whole and on disk.
    ///
    /// # Errors
    /// The store fails; nothing stays.
    pub async fn finish(self) -> Result<PlainInfo> {
        let Self { upload, id, hash } = self;
        let len = upload.finish().await?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(hash.finish().as_ref());
        Ok(PlainInfo { id, len, sha256 })
    }
}
