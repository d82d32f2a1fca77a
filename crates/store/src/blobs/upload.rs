//! A blob being written: small ones in one piece, larger ones in parts, in bounded memory.

use super::{BlobId, Blobs};
use crate::error::Result;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use std::io;
use tokio::runtime::Handle;

/// The size of a part. Object stores ask for at least 5 MiB; up to this size a blob is one request.
const PART: usize = 5 << 20;
/// A local folder has no such wish; smaller parts keep less in memory.
const LOCAL_PART: usize = 1 << 20;

pub(super) struct Upload {
    blobs: Blobs,
    id: BlobId,
    part: usize,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    size: u64,
}

impl Upload {
    pub(super) fn new(blobs: Blobs, id: BlobId) -> Self {
        let part = if blobs.0.folder.is_some() { LOCAL_PART } else { PART };
        Self { blobs, id, part, buffer: Vec::new(), parts: None, size: 0 }
    }

    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.buffer.len() == self.part {
                self.send().await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.part - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            self.size += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// Sends the buffer as a part.
    async fn send(&mut self) -> Result<()> {
        let error = |e| self.id.error(e);
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                self.blobs.prepare(&self.id)?;
                self.parts.insert(self.blobs.0.objects.put_multipart(&self.id.key()).await.map_err(error)?)
            }
        };
        let part = std::mem::replace(&mut self.buffer, Vec::with_capacity(self.part));
        parts.put_part(PutPayload::from(part)).await.map_err(error)
    }

    /// Makes the blob visible; gives its size.
    pub(super) async fn finish(mut self) -> Result<u64> {
        if self.parts.is_none() {
            self.blobs.prepare(&self.id)?;
            let whole = PutPayload::from(std::mem::take(&mut self.buffer));
            self.blobs.0.objects.put(&self.id.key(), whole).await.map_err(|e| self.id.error(e))?;
        } else {
            self.send().await?;
            if let Some(parts) = &mut self.parts {
                parts.complete().await.map_err(|e| self.id.error(e))?;
            }
            self.parts = None;
        }
        self.blobs.publish(&self.id)?;
        Ok(self.size)
    }
}

/// Given up before it was finished: nothing may stay behind.
impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                // What cannot be removed now, the sweeper removes later.
                let _ = parts.abort().await;
            });
        }
    }
}

/// A writer for blocking code: to be used inside `spawn_blocking`, never in a task.
pub struct Blocking<W> {
    pub(super) writer: W,
    pub(super) runtime: Handle,
}

impl<W> std::fmt::Debug for Blocking<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocking")
    }
}

impl<W> Blocking<W> {
    /// The writer again, to be finished.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

macro_rules! blocking {
    ($($writer:ty => $info:ty)*) => {$(
        impl $writer {
            /// For blocking code: to be used inside `spawn_blocking`, never in a task.
            pub fn blocking(self) -> Blocking<Self> {
                Blocking { writer: self, runtime: Handle::current() }
            }
        }

        impl Blocking<$writer> {
            /// Makes the blob visible.
            ///
            /// # Errors
            /// The store fails.
            pub fn finish(self) -> Result<$info> {
                self.runtime.block_on(self.writer.finish())
            }
        }

        impl io::Write for Blocking<$writer> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.runtime.block_on(self.writer.write(bytes)).map_err(io::Error::other)?;
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )*};
}

blocking! {
    super::sealed::BlobWriter => super::sealed::BlobInfo
    super::plain::PlainWriter => super::plain::PlainInfo
}
