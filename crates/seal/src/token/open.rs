//! Opening: token in, zip bytes out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::{constant_time, hmac};
use base64_simd::{Out, URL_SAFE_NO_PAD};
use memchr::memchr;
use mydata_wire::{CbcIv, ClientId, SecretKey, SystemRandom};

use super::content::Content;
use super::header;
use super::payload::Payload;

/// Characters read per round; a multiple of four. What comes of them stays in a core's second-level cache.
const CHUNK: usize = 64 * 1024;
/// Longest header, in characters.
const MAX_HEADER: usize = 4096;
/// Characters of the signature.
const SIGNATURE_CHARS: usize = 43;

/// Why a token was not opened. Whatever had been written by then is untrusted and must be discarded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token could not be read.
    #[error("the token could not be read: {0}")]
    Read(#[source] io::Error),
    /// The content could not be written.
    #[error("the content could not be written: {0}")]
    Write(#[source] io::Error),
    /// It ends too early.
    #[error("the token ends inside its {part}; fetch it again")]
    Truncated {
        /// `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// Something follows the signature.
    #[error("something follows the token's signature; a token has exactly three parts")]
    Trailing,
    /// The header is not base64url of a JSON object.
    #[error("the token's header {reason}")]
    Header {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Another algorithm than HS256, `none` among them (R124).
    #[error("the token's alg is not HS256; no other is accepted")]
    Algorithm,
    /// The payload is not base64url without padding.
    #[error("the token's payload is not base64url without padding")]
    PayloadBase64,
    /// The payload is not a JSON object of the expected shape.
    #[error("the token's payload {reason}")]
    Payload {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `data` does not begin as the protocol says (R125).
    #[error("the payload's data does not begin with application/zip;data:")]
    DataPrefix,
    /// What follows in `data` is not padded standard base64.
    #[error("the payload's data is not padded standard base64")]
    DataBase64,
    /// The signature is not 43 characters of base64url.
    #[error("the token's signature is not base64url of 32 bytes")]
    SignatureForm,
    /// The signature does not fit: the token was changed, or this is not its key (R126).
    #[error(
        "the token's signature does not fit its content: it was changed on its way, or sealed with another secret_key"
    )]
    Signature,
    /// Signed with this key, yet not encrypted with this key and IV (R127).
    #[error("the signature fits, but the content does not decrypt: check the CBC IV")]
    Cipher,
    /// `filename` is not `{client_id}.zip`, so no file is made of it.
    #[error("the payload's filename is not {{client_id}}.zip")]
    Filename,
}

impl OpenError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        match self {
            Self::Read(_) => "無法讀取資料權杖".to_owned(),
            Self::Write(_) => "無法寫入解密後的內容".to_owned(),
            Self::Truncated { part } => {
                let part = match *part {
                    "header" => "標頭",
                    "payload" => "內容",
                    _ => "簽章",
                };
                format!("資料權杖不完整,於{part}處中斷,請重新取得")
            }
            Self::Trailing => "資料權杖的簽章之後尚有多餘內容".to_owned(),
            Self::Header { .. } => "資料權杖的標頭格式不正確".to_owned(),
            Self::Algorithm => "資料權杖的簽章演算法不是 HS256,不予接受".to_owned(),
            Self::PayloadBase64 => "資料權杖的內容不是未補位的 base64url 編碼".to_owned(),
            Self::Payload { .. } => "資料權杖的內容格式不正確".to_owned(),
            Self::DataPrefix => "資料權杖的 data 欄位未以 application/zip;data: 開頭".to_owned(),
            Self::DataBase64 => "資料權杖的 data 欄位不是標準 base64 編碼".to_owned(),
            Self::SignatureForm => "資料權杖的簽章格式不正確".to_owned(),
            Self::Signature => "資料權杖的簽章驗證失敗:內容曾遭更動,或 secret_key 不相符".to_owned(),
            Self::Cipher => "簽章相符但無法解密,請確認 CBC IV 是否正確".to_owned(),
            Self::Filename => "資料權杖的檔名不是 {client_id}.zip".to_owned(),
        }
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
/// [`OpenError`]. Whether the padding of the cipher was right is only looked at after the signature proved right, so
/// that no error tells a forger anything about the content.
pub fn open<R: Read, W: Write>(
    mut token: R,
    key: &SecretKey,
    iv: &CbcIv,
    out: W,
) -> Result<Opened<W>, OpenError> {
    let mut opener = Opener {
        mac: hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes())),
        part: Part::Header(Vec::new()),
        carry: 0,
        json: Vec::new(),
        payload: Payload::new(Content::new(key, iv, out)),
    };
    // The first bytes are up to three characters that wait for the rest of their group.
    let mut chunk = vec![0u8; CHUNK];
    loop {
        let carry = opener.carry;
        match token.read(&mut chunk[carry..]) {
            Ok(0) => return opener.finish(),
            Ok(n) => opener.feed(&mut chunk, carry + n)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(OpenError::Read(e)),
        }
    }
}

struct Opener<W> {
    mac: hmac::Context,
    part: Part,
    /// How many characters of the payload wait at the beginning of the chunk, hashed already.
    carry: usize,
    json: Vec<u8>,
    payload: Payload<W>,
}

enum Part {
    Header(Vec<u8>),
    Payload,
    Signature(Vec<u8>),
}

impl<W: Write> Opener<W> {
    /// Takes `chunk[..end]`, of which the first `self.carry` were read before.
    fn feed(&mut self, chunk: &mut [u8], end: usize) -> Result<(), OpenError> {
        let mut start = 0;
        if let Part::Header(header) = &mut self.part {
            let dot = memchr(b'.', &chunk[..end]);
            let until = dot.unwrap_or(end);
            if header.len() + until > MAX_HEADER {
                return Err(OpenError::Header { reason: "is longer than 4,096 characters" });
            }
            header.extend_from_slice(&chunk[..until]);
            let Some(dot) = dot else { return Ok(()) };
            header::check(header)?;
            self.mac.update(header);
            self.mac.update(b".");
            self.part = Part::Payload;
            start = dot + 1;
        }
        if matches!(self.part, Part::Payload) {
            let fresh = start + self.carry;
            let dot = memchr(b'.', &chunk[fresh..end]).map(|at| fresh + at);
            let until = dot.unwrap_or(end);
            self.mac.update(&chunk[fresh..until]);
            let waiting = &chunk[start..until];
            let taken = if dot.is_some() { waiting.len() } else { waiting.len() / 4 * 4 };
            self.decode(&waiting[..taken])?;
            self.carry = waiting.len() - taken;
            chunk.copy_within(start + taken..until, 0);
            let Some(dot) = dot else { return Ok(()) };
            self.payload.finish()?;
            self.part = Part::Signature(Vec::with_capacity(SIGNATURE_CHARS));
            start = dot + 1;
        }
        if let Part::Signature(signature) = &mut self.part {
            if signature.len() + (end - start) > SIGNATURE_CHARS {
                return Err(OpenError::Trailing);
            }
            signature.extend_from_slice(&chunk[start..end]);
        }
        Ok(())
    }

    /// Decodes whole groups of the payload, or its end.
    fn decode(&mut self, text: &[u8]) -> Result<(), OpenError> {
        let most = text.len().div_ceil(4) * 3;
        if self.json.len() < most {
            self.json.resize(most, 0);
        }
        let json = URL_SAFE_NO_PAD
            .decode(text, Out::from_slice(&mut self.json))
            .map_err(|_| OpenError::PayloadBase64)?;
        self.payload.feed(json)
    }

    fn finish(self) -> Result<Opened<W>, OpenError> {
        let signature = match self.part {
            Part::Header(_) => return Err(OpenError::Truncated { part: "header" }),
            Part::Payload => return Err(OpenError::Truncated { part: "payload" }),
            Part::Signature(text) if text.len() < SIGNATURE_CHARS => {
                return Err(OpenError::Truncated { part: "signature" });
            }
            Part::Signature(text) => {
                URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| OpenError::SignatureForm)?
            }
        };
        constant_time::verify_slices_are_equal(self.mac.sign().as_ref(), &signature)
            .map_err(|_| OpenError::Signature)?;
        let (filename, content) = self.payload.into_parts()?;
        let (content, content_len) = content.finish()?;
        Ok(Opened { content, filename, content_len })
    }
}

/// Opens `token` into `folder`, as the file that the token names (`{client_id}.zip`), and gives its path.
///
/// The file appears under its name only when the signature fits; until then it is a hidden temporary file beside it,
/// removed on failure. A file of that name is replaced. Only the owner can read it.
///
/// # Errors
/// [`OpenError`].
pub fn open_to_folder<R: Read>(
    token: R,
    key: &SecretKey,
    iv: &CbcIv,
    folder: &Path,
) -> Result<PathBuf, OpenError> {
    let (file, part) = PartFile::create(folder).map_err(OpenError::Write)?;
    let opened = open(token, key, iv, file)?;
    let known = opened.filename.strip_suffix(".zip").is_some_and(|id| id.parse::<ClientId>().is_ok());
    if !known {
        return Err(OpenError::Filename);
    }
    opened.content.sync_all().map_err(OpenError::Write)?;
    let path = folder.join(&opened.filename);
    part.keep_as(&path).map_err(OpenError::Write)?;
    Ok(path)
}

/// A temporary file that is removed unless kept.
struct PartFile(Option<PathBuf>);

impl PartFile {
    fn create(folder: &Path) -> io::Result<(File, Self)> {
        let path =
            folder.join(format!(".mydata-{}.part", mydata_wire::random::alphanumeric(&SystemRandom, 16)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok((file, Self(Some(path))))
    }

    fn keep_as(mut self, path: &Path) -> io::Result<()> {
        if let Some(part) = &self.0 {
            fs::rename(part, path)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nothing more can be done where removing fails; the name tells what the file is.
            let _ = fs::remove_file(path);
        }
    }
}
