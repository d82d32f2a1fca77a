//! Sealed blobs: written as a stream, read as a stream, or by blocking code that wants to seek.

use super::chunk::{self, BlobKey, CHUNK, HEADER, SEALED_CHUNK};
use super::upload::Upload;
use super::{BlobId, Blobs, Kind};
use crate::error::Result;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use object_store::ObjectStoreExt as _;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;
use tokio::runtime::Handle;

/// How many chunks are fetched at once when reading goes on where it stopped.
const AHEAD: u32 = 16;
/// How often a header is read that does not open, and how long is waited in between.
const HEADER_TRIES: u32 = 3;
const HEADER_PAUSE: Duration = Duration::from_millis(10);

/// A finished sealed blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its name, for the database.
    pub id: BlobId,
    /// How many plain bytes it holds.
    pub len: u64,
}

/// A sealed blob being written. Dropped before [`BlobWriter::finish`], nothing stays.
pub struct BlobWriter {
    upload: Upload,
    id: BlobId,
    key: BlobKey,
    /// The header, until the first chunk is written.
    header: Vec<u8>,
    chunk: Vec<u8>,
    number: u32,
    len: u64,
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("id", &self.id).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Blobs {
    /// Begins a sealed blob.
    pub fn create(&self) -> BlobWriter {
        let id = BlobId::random(Kind::Sealed, self.0.crypter.random());
        let (key, header) = BlobKey::fresh(&self.0.crypter, &id);
        BlobWriter {
            upload: Upload::new(self.clone(), id.clone()),
            id,
            key,
            header,
            chunk: Vec::with_capacity(SEALED_CHUNK),
            number: 0,
            len: 0,
        }
    }

    /// The content of a sealed blob, in pieces; each piece is authentic, and an error follows if the end is missing.
    ///
    /// # Errors
    /// It does not exist, or is not what was written under this id.
    pub async fn stream(&self, id: &BlobId) -> Result<BoxStream<'static, Result<Bytes>>> {
        let chunks = Chunks::open(self.clone(), id.clone()).await?;
        Ok(stream::try_unfold((chunks, 0), |(chunks, first)| async move {
            if first == chunks.count {
                return Ok(None);
            }
            let count = AHEAD.min(chunks.count - first);
            let piece = chunks.read(first, count).await?;
            Ok(Some((Bytes::from(piece), (chunks, first + count))))
        })
        .boxed())
    }

    /// The whole content of a small sealed blob.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub async fn read(&self, id: &BlobId) -> Result<Vec<u8>> {
        let chunks = Chunks::open(self.clone(), id.clone()).await?;
        chunks.read(0, chunks.count).await
    }

    /// A reader for blocking code; to be opened in a task or inside `spawn_blocking`, and read inside `spawn_blocking`. That the blob
    /// is complete is checked here.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub async fn reader(&self, id: &BlobId) -> Result<BlobReader> {
        let chunks = Chunks::open(self.clone(), id.clone()).await?;
        let last = chunks.count - 1;
        let window = chunks.read(last, 1).await?;
        Ok(BlobReader {
            chunks,
            runtime: Handle::current(),
            window,
            window_at: u64::from(last) * CHUNK as u64,
            position: 0,
            next: 0,
            ahead: 1,
        })
    }
}

impl BlobWriter {
    /// Adds to the content.
    ///
    /// # Errors
    /// The store fails; the blob must be given up.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            // A full chunk waits until more comes: only then is it certain that it is not the last.
            if self.chunk.len() == CHUNK {
                self.send(false).await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            self.len += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    async fn send(&mut self, last: bool) -> Result<()> {
        if self.number == 0 {
            self.upload.write(&std::mem::take(&mut self.header)).await?;
        }
        self.key.seal(self.number, last, &mut self.chunk);
        self.upload.write(&self.chunk).await?;
        self.chunk.clear();
        self.number = self
            .number
            .checked_add(1)
            .ok_or_else(|| BlobId::corrupt("chunk", "the blob has become larger than 256 TiB"))?;
        Ok(())
    }

    /// Makes the blob visible, whole and on disk.
    ///
    /// # Errors
    /// The store fails; nothing stays.
    pub async fn finish(mut self) -> Result<BlobInfo> {
        self.send(true).await?;
        let Self { upload, id, len, .. } = self;
        upload.finish().await?;
        Ok(BlobInfo { id, len })
    }
}

/// A sealed blob opened for reading.
struct Chunks {
    blobs: Blobs,
    id: BlobId,
    key: BlobKey,
    size: u64,
    count: u32,
    len: u64,
}

impl Chunks {
    async fn open(blobs: Blobs, id: BlobId) -> Result<Self> {
        let objects = &blobs.0.objects;
        let size = objects.head(&id.key()).await.map_err(|e| id.error(e))?.size;
        let (count, len) = chunk::layout(size)
            .ok_or_else(|| BlobId::corrupt("length", "the blob was cut off or lengthened"))?;
        let mut tries = 0;
        let key = loop {
            tries += 1;
            let header = objects.get_range(&id.key(), 0..HEADER as u64).await.map_err(|e| id.error(e))?;
            match BlobKey::from_header(&blobs.0.crypter, &id, &header) {
                Ok(key) => break key,
                // It may have been read at the very moment when it was sealed anew.
                Err(_) if tries < HEADER_TRIES => tokio::time::sleep(HEADER_PAUSE).await,
                Err(e) => return Err(e),
            }
        };
        Ok(Self { blobs, id, key, size, count, len })
    }

    /// The plain bytes of some chunks.
    async fn read(&self, first: u32, count: u32) -> Result<Vec<u8>> {
        let start = HEADER as u64 + u64::from(first) * SEALED_CHUNK as u64;
        let end = self.size.min(start + u64::from(count) * SEALED_CHUNK as u64);
        let bytes = self.blobs.0.objects.get_range(&self.id.key(), start..end).await;
        let mut sealed = Vec::from(bytes.map_err(|e| self.id.error(e))?);
        let mut plain = Vec::with_capacity(sealed.len());
        for (number, chunk) in (first..).zip(sealed.chunks_mut(SEALED_CHUNK)) {
            plain.extend_from_slice(self.key.open(number, number + 1 == self.count, chunk)?);
        }
        Ok(plain)
    }
}

/// Reads a sealed blob from any place, in constant memory. Blocking: inside `spawn_blocking` only.
pub struct BlobReader {
    chunks: Chunks,
    runtime: Handle,
    /// Some chunks in plain.
    window: Vec<u8>,
    /// Where the window begins in the content.
    window_at: u64,
    position: u64,
    /// The chunk after the last window fetched.
    next: u32,
    /// How many chunks to fetch when the next one is asked for.
    ahead: u32,
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobReader")
            .field("id", &self.chunks.id)
            .field("len", &self.chunks.len)
            .finish_non_exhaustive()
    }
}

impl BlobReader {
    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.chunks.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the window holds from the position on.
    fn in_window(&self) -> Option<&[u8]> {
        let from = usize::try_from(self.position.checked_sub(self.window_at)?).ok()?;
        self.window.get(from..).filter(|rest| !rest.is_empty())
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.position >= self.chunks.len {
            return Ok(0);
        }
        if self.in_window().is_none() {
            let first =
                u32::try_from(self.position / CHUNK as u64).expect("the position lies before the end");
            // Twice as much each time when reading on, one chunk after a jump.
            self.ahead = if first == self.next { (self.ahead * 2).min(AHEAD) } else { 1 };
            let count = self.ahead.min(self.chunks.count - first);
            self.window = self.runtime.block_on(self.chunks.read(first, count)).map_err(io::Error::other)?;
            self.window_at = u64::from(first) * CHUNK as u64;
            self.next = first + count;
        }
        let rest = self.in_window().ok_or(io::ErrorKind::UnexpectedEof)?;
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
            SeekFrom::End(n) => self.chunks.len.checked_add_signed(n),
        };
        self.position =
            place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning"))?;
        Ok(self.position)
    }
}
