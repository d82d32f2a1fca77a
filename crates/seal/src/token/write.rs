//! Sealing: zip bytes in, token out.

use std::io::{self, Write};

use aws_lc_rs::cipher::{AES_256, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use base64_simd::{Out, STANDARD, URL_SAFE_NO_PAD};
use mydata_wire::token::{HEADER, PAYLOAD_TAIL, payload_head};
use mydata_wire::{CbcIv, ClientId, SecretKey};

/// Plain bytes per round: what comes of them in the four steps stays in a core's second-level cache, and each buffer
/// small enough that the allocator keeps it for the next token instead of giving its pages back.
const CHUNK: usize = 36 * 1024;
/// AES block.
const BLOCK: usize = 16;
/// Encoding to base64 takes groups of three; fewer wait for the next round.
const GROUP: usize = 3;
/// Characters of the signature: HMAC-SHA256 in base64url without padding.
const SIGNATURE_CHARS: u64 = 43;

/// Writes a token: what is written into it comes out of `W` encrypted, wrapped and signed (R121–R127).
///
/// One pass, constant memory. Nothing is complete before [`finish`](Self::finish): a writer that is dropped leaves
/// a token that no reader accepts.
///
/// Bytes move through four buffers, each the result of one step:
/// `plain` → AES → `sealed` → base64 → `payload` → base64url → `wire` → HMAC and `W`.
pub struct TokenWriter<W: Write> {
    out: W,
    cipher: StreamingEncryptingKey,
    mac: hmac::Context,
    /// Small writes, gathered.
    plain: Vec<u8>,
    sealed: Stage,
    payload: Stage,
    wire: Vec<u8>,
    /// A sink that failed once has an unknown part of the token: nothing may follow.
    failed: bool,
}

/// A buffer whose first bytes may be left over from the last round. Grows to what a round needs, so that a small token
/// pays for no more.
#[derive(Default)]
struct Stage {
    bytes: Vec<u8>,
    left: usize,
}

impl Stage {
    /// Room for `len` bytes behind those left over.
    fn room(&mut self, len: usize) -> &mut [u8] {
        room(&mut self.bytes, self.left + len);
        &mut self.bytes[self.left..]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.left += bytes.len();
    }

    /// Encodes bytes behind those left over.
    fn push_base64(&mut self, bytes: &[u8]) {
        let room = self.room(bytes.len().div_ceil(3) * 4);
        let len = STANDARD.encode(bytes, Out::from_slice(room)).len();
        self.left += len;
    }

    /// Keeps what the next step could not take.
    fn keep_from(&mut self, taken: usize) {
        self.bytes.copy_within(taken..self.left, 0);
        self.left -= taken;
    }

    /// The whole groups among the bytes.
    fn groups(&self) -> &[u8] {
        &self.bytes[..self.left - self.left % GROUP]
    }
}

fn room(bytes: &mut Vec<u8>, len: usize) {
    if bytes.len() < len {
        bytes.resize(len, 0);
    }
}

/// Encodes to the wire's form.
fn base64url<'w>(bytes: &[u8], wire: &'w mut Vec<u8>) -> &'w [u8] {
    room(wire, bytes.len().div_ceil(3) * 4);
    URL_SAFE_NO_PAD.encode(bytes, Out::from_slice(wire))
}

impl<W: Write> TokenWriter<W> {
    /// Begins a token for the service `client_id` on `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, client_id: &ClientId, key: &SecretKey, iv: &CbcIv) -> io::Result<Self> {
        let cipher_key = UnboundCipherKey::new(&AES_256, key.bytes()).expect("32 bytes are an AES-256 key");
        let context = EncryptionContext::Iv128(FixedLength::from(iv.bytes()));
        let cipher = StreamingEncryptingKey::less_safe_cbc_pkcs7(cipher_key, context)
            .expect("AES-256-CBC takes a 16 byte vector");
        let mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()));
        let mut writer = Self {
            out,
            cipher,
            mac,
            plain: Vec::new(),
            sealed: Stage::default(),
            payload: Stage::default(),
            wire: Vec::new(),
            failed: false,
        };
        let mut header = URL_SAFE_NO_PAD.encode_to_string(HEADER);
        header.push('.');
        writer.emit_text(header.as_bytes())?;
        writer.payload.push(payload_head(client_id).as_bytes());
        Ok(writer)
    }

    /// Writes what is left and the signature, and gives `out` back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.check()?;
        let rest = std::mem::take(&mut self.plain);
        self.absorb(&rest)?;
        let Self { mut out, cipher, mut mac, mut sealed, mut payload, mut wire, .. } = self;

        let mut last = [0u8; BLOCK];
        let (_, written) = cipher.finish(&mut last).map_err(|_| broken_cipher())?;
        sealed.push(written.written());
        payload.push_base64(&sealed.bytes[..sealed.left]);
        payload.push(PAYLOAD_TAIL.as_bytes());
        let text = base64url(&payload.bytes[..payload.left], &mut wire);
        mac.update(text);
        out.write_all(text)?;

        let signature = URL_SAFE_NO_PAD.encode_to_string(mac.sign().as_ref());
        out.write_all(format!(".{signature}").as_bytes())?;
        out.flush()?;
        Ok(out)
    }

    /// All four steps for at most [`CHUNK`] bytes.
    fn absorb(&mut self, plain: &[u8]) -> io::Result<()> {
        let Self { cipher, sealed, payload, wire, .. } = self;
        let free = sealed.room(plain.len() + BLOCK);
        let written = cipher.update(plain, free).map_err(|_| broken_cipher())?.written().len();
        sealed.left += written;

        let groups = sealed.groups();
        let taken = groups.len();
        payload.push_base64(groups);
        sealed.keep_from(taken);

        let groups = payload.groups();
        let taken = groups.len();
        let text = base64url(groups, wire);
        self.mac.update(text);
        let outcome = self.out.write_all(text);
        payload.keep_from(taken);
        self.failed |= outcome.is_err();
        outcome
    }

    /// Signs and writes text that is in its last form already.
    fn emit_text(&mut self, text: &[u8]) -> io::Result<()> {
        self.mac.update(text);
        self.out.write_all(text)
    }

    fn check(&self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("the token is broken: an earlier write to its sink failed"));
        }
        Ok(())
    }
}

impl<W: Write> Write for TokenWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        if self.plain.is_empty() && buf.len() >= CHUNK {
            self.absorb(&buf[..CHUNK])?;
            return Ok(CHUNK);
        }
        let taken = buf.len().min(CHUNK - self.plain.len());
        self.plain.extend_from_slice(&buf[..taken]);
        if self.plain.len() == CHUNK {
            let mut plain = std::mem::take(&mut self.plain);
            let outcome = self.absorb(&plain);
            plain.clear();
            self.plain = plain;
            outcome?;
        }
        Ok(taken)
    }

    /// Flushes the sink. Bytes that do not fill a round stay inside until [`finish`](TokenWriter::finish).
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Exact length in bytes of the token that a zip of `zip_len` bytes becomes: known before the first byte, so that an
/// answer can carry a `Content-Length`.
pub fn sealed_len(client_id: &ClientId, zip_len: u64) -> u64 {
    let sealed = (zip_len / BLOCK as u64 + 1) * BLOCK as u64;
    let payload = payload_head(client_id).len() as u64 + sealed.div_ceil(3) * 4 + PAYLOAD_TAIL.len() as u64;
    unpadded(HEADER.len() as u64) + 1 + unpadded(payload) + 1 + SIGNATURE_CHARS
}

/// Characters of base64 without padding.
fn unpadded(bytes: u64) -> u64 {
    (bytes * 4).div_ceil(3)
}

fn broken_cipher() -> io::Error {
    io::Error::other("the cipher failed")
}
