//! Opening: token in, zip bytes out.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mydata_wire::{CbcIv, SecretKey};

/// Why a token was not opened. Whatever had been written by then is untrusted and must be discarded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token could not be read.
    #[error("the token could not be read: {0}")]
    Read(#[source] io::Error),
    /// The content could not be written.
    #[error("the content could not be written: {0}")]
    Write(#[source] io::Error),
    /// Signature wrong.
    #[error("the token's signature does not fit its content")]
    Signature,
}

impl OpenError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        String::new()
    }
}

/// An opened token; exists only when the signature fits.
#[derive(Debug)]
pub struct Opened<W> {
    /// The sink given to [`open`], now holding authenticated content.
    pub content: W,
    /// `filename` of the payload, `{client_id}.zip` by the protocol. As sent: not a safe path.
    pub filename: String,
    /// How many bytes of content were written.
    pub content_len: u64,
}

/// Opens `token`: decrypts into `out` while hashing, in one pass and constant memory.
///
/// What reaches `out` before this returns `Ok` is **not authenticated**. `out` comes back only inside [`Opened`];
/// on an error it is dropped, and a caller that kept another way to it must discard what is there.
///
/// # Errors
/// [`OpenError`].
pub fn open<R: Read, W: Write>(
    _token: R,
    _key: &SecretKey,
    _iv: &CbcIv,
    _out: W,
) -> Result<Opened<W>, OpenError> {
    unimplemented!()
}

/// Opens `token` into `folder`, as the file that the token names (`{client_id}.zip`), and gives its path.
///
/// The file appears under its name only when the signature fits; until then it is a hidden temporary file beside it,
/// removed on failure. A file of that name is replaced.
///
/// # Errors
/// [`OpenError`].
pub fn open_to_folder<R: Read>(
    _token: R,
    _key: &SecretKey,
    _iv: &CbcIv,
    _folder: &Path,
) -> Result<PathBuf, OpenError> {
    unimplemented!()
}
