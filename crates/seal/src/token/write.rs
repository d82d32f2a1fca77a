//! Sealing: zip bytes in, token out.

use std::io::{self, Write};

use mydata_wire::{CbcIv, ClientId, SecretKey};

/// Writes a token: what is written into it comes out of `W` encrypted, wrapped and signed.
///
/// One pass, constant memory. Nothing is complete before [`finish`](Self::finish): a writer that is dropped leaves
/// a token that no reader accepts.
pub struct TokenWriter<W: Write> {
    out: W,
}

impl<W: Write> TokenWriter<W> {
    /// Begins a token for the service `client_id` on `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(_out: W, _client_id: &ClientId, _key: &SecretKey, _iv: &CbcIv) -> io::Result<Self> {
        unimplemented!()
    }

    /// Writes what is left and the signature, and gives `out` back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.out)
    }
}

impl<W: Write> Write for TokenWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.out.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Exact length in bytes of the token that a zip of `zip_len` bytes becomes.
pub fn sealed_len(_client_id: &ClientId, _zip_len: u64) -> u64 {
    unimplemented!()
}
