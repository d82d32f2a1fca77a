//! Builds a DP's package in one pass.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use mydata_wire::manifest::{DigestEntry, DigestManifest};

use super::{CERTIFICATE, FileKind, MANIFEST, SIGNATURE, Signer};
use crate::zip::{MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED, NameFault, ZipError, ZipWriter, check_name};

/// What is left for data files beside the three in `META-INFO/`.
const MAX_FILES: u64 = MAX_ENTRIES - 3;
/// Room for the three in `META-INFO/`, within the limit of the whole.
const META_ROOM: u64 = 2 * 1024 * 1024;

/// Why a package could not be built. A package is never built that [`verify`](super::verify) would refuse for its
/// form; the content of JSON and PDF files is the caller's.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file could not be read, or the package could not be written.
    #[error("a file of the package could not be read or written: {0}")]
    Io(#[source] io::Error),
    /// A name that no reader accepts.
    #[error(
        "the name {file} cannot stand in a package: no absolute names, no .., no backslash, nothing in META-INFO/"
    )]
    Name {
        /// The name.
        file: String,
        /// What is wrong; `None` when it lies in `META-INFO/`.
        fault: Option<NameFault>,
    },
    /// A name that stands twice.
    #[error("{file} was added twice")]
    Duplicate {
        /// The name.
        file: String,
    },
    /// Too many files.
    #[error("a package holds at most {MAX_FILES} data files")]
    TooMany,
    /// Too much content.
    #[error("a package holds at most 2 GiB")]
    TooLarge,
    /// A file that readers would take for a zip bomb.
    #[error("{file} unpacks to more than {MAX_RATIO} times its packed size, which readers refuse")]
    Ratio {
        /// The name.
        file: String,
    },
    /// No machine-readable file (R134).
    #[error("a package needs at least one JSON file")]
    NoJson,
    /// No human-readable file (R134).
    #[error("a package needs at least one PDF file")]
    NoPdf,
    /// The list of files is too long to be read again.
    #[error("the names of the files are too long: the manifest would exceed 1 MiB")]
    Manifest,
    /// The key failed.
    #[error("the manifest could not be signed")]
    Sign,
}

/// Builds a package in one pass and constant memory: files as they come, then manifest, signature and certificate.
///
/// The same files, key and certificate give the same bytes.
pub struct Builder<'s, W: Write> {
    zip: ZipWriter<W>,
    signer: &'s Signer,
    files: Vec<DigestEntry>,
    names: HashSet<String>,
    room: u64,
}

impl<'s, W: Write> Builder<'s, W> {
    /// Begins a package on `out`.
    pub fn new(out: W, signer: &'s Signer) -> Self {
        Self {
            zip: ZipWriter::new(out),
            signer,
            files: Vec::new(),
            names: HashSet::new(),
            room: MAX_UNPACKED - META_ROOM,
        }
    }

    /// Adds a data file. Its kind follows from its name: see [`FileKind`].
    ///
    /// # Errors
    /// [`BuildError`]; the package is lost then.
    pub fn file(&mut self, name: &str, content: impl Read) -> Result<(), BuildError> {
        let bad = |fault| BuildError::Name { file: name.to_owned(), fault };
        check_name(name).map_err(|fault| bad(Some(fault)))?;
        if name.ends_with('/') {
            return Err(bad(Some(NameFault::Form)));
        }
        if name.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case("META-INFO")) {
            return Err(bad(None));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(BuildError::Duplicate { file: name.to_owned() });
        }
        if self.files.len() as u64 == MAX_FILES {
            return Err(BuildError::TooMany);
        }
        let mut sha256 = Context::new(&SHA256);
        let (packed, unpacked) = self
            .zip
            .deflated(name, content, self.room, |piece| sha256.update(piece))
            .map_err(|e| match ZipError::from_io(e) {
                ZipError::TooLarge { .. } => BuildError::TooLarge,
                other => BuildError::Io(other.into_io()),
            })?;
        if unpacked > packed.saturating_mul(MAX_RATIO) {
            return Err(BuildError::Ratio { file: name.to_owned() });
        }
        self.room -= unpacked;
        let mut digest = [0; 32];
        digest.copy_from_slice(sha256.finish().as_ref());
        self.files.push(DigestEntry { filename: name.to_owned(), digest });
        Ok(())
    }

    /// Signs, writes what is left and gives `out` back.
    ///
    /// # Errors
    /// [`BuildError`], also when a JSON or a PDF file is lacking (R134).
    pub fn finish(mut self) -> Result<W, BuildError> {
        let has = |kind| self.files.iter().any(|file| FileKind::of(&file.filename) == kind);
        if !has(FileKind::Json) {
            return Err(BuildError::NoJson);
        }
        if !has(FileKind::Pdf) {
            return Err(BuildError::NoPdf);
        }
        let manifest = DigestManifest { files: self.files }.to_xml().into_bytes();
        if manifest.len() > mydata_wire::manifest::MAX_BYTES {
            return Err(BuildError::Manifest);
        }
        let signature = self.signer.sign(&manifest).map_err(|_| BuildError::Sign)?;
        self.zip.bytes(MANIFEST, &manifest).map_err(BuildError::Io)?;
        self.zip.bytes(SIGNATURE, &signature).map_err(BuildError::Io)?;
        self.zip.bytes(CERTIFICATE, self.signer.certificate().as_bytes()).map_err(BuildError::Io)?;
        self.zip.finish().map_err(BuildError::Io)
    }
}
