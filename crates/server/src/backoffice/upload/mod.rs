//! Judges uploaded files by what they contain, never by what they are called. Pure functions on bytes: nothing is kept here.
//!
//! | module | judges |
//! | --- | --- |
//! | [`kind`] | which kinds there are, and which are accepted for what |
//! | [`binary`] | executables, PDF, images |
//! | [`archive`] | ZIP and office documents |
//! | [`text`] | JSON, CSV, XML, YAML |
//! | [`tree`], [`json`], [`yaml`] | a document with the place of everything in it |
//! | [`oas`] | API documents (OpenAPI 3.0 and 3.1), and the form's parameters held against them |

pub mod archive;
pub mod binary;
pub mod json;
pub mod kind;
pub mod oas;
pub mod text;
pub mod tree;
pub mod yaml;

use aws_lc_rs::digest::{SHA256, digest};
use mydata_domain::forms::Purpose;
use mydata_domain::forms::upload::MAX_BYTES;
use mydata_domain::text::{BadText, line};
use mydata_seal::zip::ZipError;

pub use kind::FileKind;
pub use oas::ApiDocument;
pub use tree::Place;

/// Most characters of a file's name.
const MAX_NAME: usize = 120;

/// A file that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it is.
    pub kind: FileKind,
    /// Its name without folders.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// What an API document says; of other purposes nothing.
    pub api: Option<ApiDocument>,
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// Over the limit (R45).
    #[error("the file has {bytes} bytes; at most {most} are accepted")]
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// Its name cannot be shown.
    #[error("the file's name is not accepted: {0}")]
    Name(BadText),
    /// A program.
    #[error("the file is a program ({what}); programs are not accepted, whatever they are called")]
    Program {
        /// What kind of program.
        what: &'static str,
    },
    /// A document that does something when it is opened.
    #[error("the file holds {what}, which does something when it is opened; save it without")]
    Active {
        /// What.
        what: &'static str,
    },
    /// A kind that is not known here.
    #[error("the file is of no kind that is accepted")]
    Unknown,
    /// A kind that is known, but not wanted here.
    #[error("the file is {}; accepted for this are {}", found.name(), kind::names(accepted))]
    NotFor {
        /// What it is.
        found: FileKind,
        /// What is wanted.
        accepted: &'static [FileKind],
    },
    /// It is called something else than it is.
    #[error("the file is {}, but its name does not end in {}", found.name(), found.extensions().join(" or "))]
    Misnamed {
        /// What it is.
        found: FileKind,
    },
    /// It is damaged, or cut off.
    #[error("the file begins as {}, but is damaged: {reason}", kind.name())]
    Damaged {
        /// What it would be.
        kind: FileKind,
        /// What is wrong.
        reason: &'static str,
    },
    /// A zip that is not accepted.
    #[error("the file is packed in a way that is not accepted: {0}")]
    Zip(#[from] ZipError),
    /// A zip with something inside that is not accepted.
    #[error("{file} inside the file is a program ({what}); programs are not accepted")]
    ProgramInside {
        /// Its name inside the zip.
        file: String,
        /// What kind of program.
        what: &'static str,
    },
    /// A text that cannot be read.
    #[error("{} cannot be read: {fault}", kind.name())]
    Text {
        /// What it would be.
        kind: FileKind,
        /// Where and why.
        fault: tree::Fault,
    },
    /// No API document as the OpenAPI Specification has it (R46).
    #[error("the API document is not accepted: {0}")]
    Api(#[from] oas::OasFault),
}

/// Judges a file that is uploaded for a purpose. Unpacking and reading take up to a second: keep it off the async threads.
///
/// # Errors
/// See [`Refused`].
pub fn check(purpose: Purpose, name: &str, bytes: &[u8]) -> Result<Checked, Refused> {
    let size = bytes.len() as u64;
    if size > MAX_BYTES {
        return Err(Refused::TooLarge { bytes: size, most: MAX_BYTES });
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Refused::Empty);
    }
    // Browsers of old send folders too.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = line(name, MAX_NAME).map_err(Refused::Name)?;
    let kind = kind_of(&name, bytes)?;
    let accepted = kind::accepted(purpose);
    if !accepted.contains(&kind) {
        return Err(Refused::NotFor { found: kind, accepted });
    }
    if !kind.may_be_called(&name) {
        return Err(Refused::Misnamed { found: kind });
    }
    let api = match purpose {
        Purpose::ApiDocument => Some(oas::read(bytes)?),
        _ => None,
    };
    Ok(Checked { kind, name, sha256: hex(digest(&SHA256, bytes).as_ref()), api })
}

/// What a file is, by its content. The name only decides what is tried first among texts that could be either.
fn kind_of(name: &str, bytes: &[u8]) -> Result<FileKind, Refused> {
    if let Some(what) = binary::program(bytes) {
        return Err(Refused::Program { what });
    }
    if let Some(kind) = binary::kind_of(bytes)? {
        return Ok(kind);
    }
    if bytes.starts_with(b"PK") {
        return archive::kind_of(bytes);
    }
    text::kind_of(name, bytes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        write!(out, "{b:02x}").expect("writing to a String does not fail");
        out
    })
}

#[cfg(test)]
mod tests;
