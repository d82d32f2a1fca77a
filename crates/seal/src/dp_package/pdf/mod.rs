//! Whether a file is a PDF that the citizen can open (R134).

mod password;

use std::io::{self, Read};

use lopdf::{Document, Error, LoadOptions};
use memchr::memmem;
use mydata_wire::PersonalId;
use zeroize::Zeroizing;

use password::Lock;

/// Largest PDF that is opened, in bytes. A larger one is judged as a stream: it begins and ends as a PDF and is
/// encrypted; the password is not tried, because that would need the whole file in memory.
pub const MAX_OPENED_PDF: u64 = 16 * 1024 * 1024;

/// Why a PDF is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfFault {
    /// Not a PDF, or a broken one.
    #[error("it is not a PDF that can be opened")]
    Broken,
    /// Anyone can open it.
    #[error("it opens without a password; its password must be the personal id in upper case")]
    NotEncrypted,
    /// It has another password.
    #[error("it does not open with the personal id in upper case")]
    Password,
}

impl PdfFault {
    pub(super) fn zh(self) -> &'static str {
        match self {
            Self::Broken => "不是可開啟的 PDF 檔",
            Self::NotEncrypted => "未設定密碼,應以身分證字號(英文為大寫)為密碼",
            Self::Password => "無法以身分證字號(英文為大寫)開啟",
        }
    }
}

/// Checks that `content` is a PDF, and with `person` that it opens with that personal id and not without it.
///
/// The outer error is the reader's. Memory: at most [`MAX_OPENED_PDF`] and what the parser makes of the page tree.
///
/// # Errors
/// Those of `content`.
pub fn check_pdf(mut content: impl Read, person: Option<&PersonalId>) -> io::Result<Result<(), PdfFault>> {
    let mut bytes = Zeroizing::new(Vec::new());
    content.by_ref().take(MAX_OPENED_PDF + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_OPENED_PDF {
        return check_stream(&bytes, content, person.is_some());
    }
    Ok(check_whole(&bytes, person))
}

/// The same PDF without its password, for a citizen's own browser. Memory: the PDF, and what the parser makes of it.
///
/// # Errors
/// [`PdfFault`]: it is none, is larger than [`MAX_OPENED_PDF`], or has another password.
pub fn unlock_pdf(bytes: &[u8], person: &PersonalId) -> Result<Zeroizing<Vec<u8>>, PdfFault> {
    if bytes.len() as u64 > MAX_OPENED_PDF {
        return Err(PdfFault::Broken);
    }
    let document = Document::load_mem(bytes);
    let mut document = match document {
        Ok(open) if !open.is_encrypted() => open,
        _ => Document::load_mem_with_options(bytes, LoadOptions::with_password(person.expose())).map_err(
            |error| match error {
                Error::InvalidPassword => PdfFault::Password,
                _ => PdfFault::Broken,
            },
        )?,
    };
    // What was cut off is repaired as far as it goes; a page that is missing is no page to show.
    let pages = document.get_pages();
    if pages.is_empty() || pages.values().any(|page| document.get_dictionary(*page).is_err()) {
        return Err(PdfFault::Broken);
    }
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    document.save_to(&mut *out).map_err(|_| PdfFault::Broken)?;
    Ok(out)
}

fn check_whole(bytes: &[u8], person: Option<&PersonalId>) -> Result<(), PdfFault> {
    // What nearly every package holds, and the only question that a check has.
    if let Some(person) = person
        && let Some(lock) = Lock::read(bytes)
        && lock.opens_for_user(person.expose().as_bytes())
    {
        return if lock.opens_for_owner(b"") { Err(PdfFault::NotEncrypted) } else { Ok(()) };
    }
    let metadata = Document::load_metadata_mem(bytes).map_err(|_| PdfFault::Broken)?;
    if metadata.page_count > 0 {
        // Not encrypted, or encrypted under an empty password.
        return if person.is_some() { Err(PdfFault::NotEncrypted) } else { Ok(()) };
    }
    if !metadata.encrypted {
        return Err(PdfFault::Broken);
    }
    let Some(person) = person else { return Ok(()) };
    match Document::load_metadata_mem_with_password(bytes, person.expose()) {
        Ok(metadata) if metadata.page_count > 0 => Ok(()),
        Err(Error::InvalidPassword) => Err(PdfFault::Password),
        Ok(_) | Err(_) => Err(PdfFault::Broken),
    }
}

/// What can be said of a PDF without holding it.
fn check_stream(head: &[u8], mut rest: impl Read, encrypted: bool) -> io::Result<Result<(), PdfFault>> {
    const MARGIN: usize = 1024;
    const NAME: &[u8] = b"/Encrypt";
    let begins = memmem::find(&head[..MARGIN.min(head.len())], b"%PDF-").is_some();
    let mut found = memmem::find(head, NAME).is_some();
    let mut window = Zeroizing::new(head[head.len() - MARGIN..].to_vec());
    let mut buf = Zeroizing::new(vec![0u8; 64 * 1024]);
    loop {
        match rest.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => {
                window.extend_from_slice(&buf[..n]);
                found = found || memmem::find(&window, NAME).is_some();
                let keep_from = window.len() - MARGIN;
                window.drain(..keep_from);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let ends = memmem::find(&window, b"startxref").is_some() && memmem::find(&window, b"%%EOF").is_some();
    Ok(match (begins && ends, found || !encrypted) {
        (false, _) => Err(PdfFault::Broken),
        (true, false) => Err(PdfFault::NotEncrypted),
        (true, true) => Ok(()),
    })
}
