//! The end of opening: base64 → ciphertext → content.

use std::io::Write;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, StreamingDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64_simd::{Out, STANDARD};
use mydata_wire::{CbcIv, SecretKey};

use super::OpenError;

const BLOCK: usize = 16;

/// Takes the characters of `data` behind its prefix, in pieces of any size.
pub(super) struct Content<W> {
    out: W,
    written: u64,
    cipher: StreamingDecryptingKey,
    /// Up to three characters that wait for the rest of their group.
    carry: Vec<u8>,
    /// A padded group was seen: nothing may follow.
    ended: bool,
    sealed: Vec<u8>,
    plain: Vec<u8>,
}

impl<W: Write> Content<W> {
    pub(super) fn new(key: &SecretKey, iv: &CbcIv, out: W) -> Self {
        let cipher_key = UnboundCipherKey::new(&AES_256, key.bytes()).expect("32 bytes are an AES-256 key");
        let context = DecryptionContext::Iv128(FixedLength::from(iv.bytes()));
        let cipher = StreamingDecryptingKey::cbc_pkcs7(cipher_key, context)
            .expect("AES-256-CBC takes a 16 byte vector");
        Self {
            out,
            written: 0,
            cipher,
            carry: Vec::with_capacity(4),
            ended: false,
            sealed: Vec::new(),
            plain: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, mut text: &[u8]) -> Result<(), OpenError> {
        if !self.carry.is_empty() {
            let missing = text.len().min(4 - self.carry.len());
            self.carry.extend_from_slice(&text[..missing]);
            text = &text[missing..];
            if self.carry.len() < 4 {
                return Ok(());
            }
            let group = std::mem::take(&mut self.carry);
            self.groups(&group)?;
        }
        let whole = text.len() / 4 * 4;
        self.carry.extend_from_slice(&text[whole..]);
        self.groups(&text[..whole])
    }

    /// Decrypts whole groups.
    fn groups(&mut self, text: &[u8]) -> Result<(), OpenError> {
        let Some(last) = text.last() else { return Ok(()) };
        if self.ended {
            return Err(OpenError::DataBase64);
        }
        self.ended = *last == b'=';
        let room = text.len() / 4 * 3;
        if self.sealed.len() < room {
            self.sealed.resize(room, 0);
            self.plain.resize(room + BLOCK, 0);
        }
        let sealed =
            STANDARD.decode(text, Out::from_slice(&mut self.sealed)).map_err(|_| OpenError::DataBase64)?;
        let plain = self.cipher.update(sealed, &mut self.plain).map_err(|_| OpenError::Cipher)?;
        let plain = plain.written();
        self.written += plain.len() as u64;
        self.out.write_all(plain).map_err(OpenError::Write)
    }

    /// Whether the last group is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.carry.is_empty()
    }

    /// Writes the last block. To be called only when the signature fits: the padding is looked at here.
    pub(super) fn finish(self) -> Result<(W, u64), OpenError> {
        let Self { mut out, written, cipher, .. } = self;
        let mut last = [0u8; BLOCK];
        let last = cipher.finish(&mut last).map_err(|_| OpenError::Cipher)?;
        out.write_all(last.written()).map_err(OpenError::Write)?;
        out.flush().map_err(OpenError::Write)?;
        Ok((out, written + last.written().len() as u64))
    }
}
