//! A data provider's package (R130–R135, PROTOCOL.md §7).

use std::io::{self, Read, Seek, Write};
use std::time::SystemTime;

use mydata_wire::PersonalId;

use crate::trust::Trust;

/// What a data file is, by its name's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Machine-readable.
    Json,
    /// Human-readable; opened with the upper-case personal id.
    Pdf,
    /// Anything else the DP puts in (R135).
    Other,
}

/// The key and certificate that a DP signs with.
#[derive(Clone)]
pub struct Signer {}

/// Why a key and a certificate cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum BadSigner {
    /// The key cannot be read.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#8 (PEM or DER)")]
    Key,
}

impl Signer {
    /// Takes an RSA private key (≥ 2048 bits; PKCS#8, PEM or DER) and its certificate (PEM or DER).
    ///
    /// # Errors
    /// [`BadSigner`].
    pub fn new(_private_key: &[u8], _certificate: &[u8]) -> Result<Self, BadSigner> {
        unimplemented!()
    }
}

/// Why a package could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file could not be read, or the package could not be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Builds a package in one pass: files as they come, then manifest, signature and certificate.
pub struct Builder<'s, W: Write> {
    out: W,
    signer: &'s Signer,
}

impl<'s, W: Write> Builder<'s, W> {
    /// Begins a package on `out`.
    pub fn new(out: W, signer: &'s Signer) -> Self {
        Self { out, signer }
    }

    /// Adds a data file.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn file(&mut self, _name: &str, _content: impl Read) -> Result<(), BuildError> {
        let _ = (&self.out, self.signer);
        unimplemented!()
    }

    /// Signs, writes what is left and gives `out` back.
    ///
    /// # Errors
    /// [`BuildError`], also when a JSON or a PDF file is lacking (R134).
    pub fn finish(self) -> Result<W, BuildError> {
        Ok(self.out)
    }
}

/// A data file of a verified package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedFile {
    /// Path inside the package.
    pub name: String,
    /// Length in bytes.
    pub len: u64,
    /// SHA-256.
    pub digest: [u8; 32],
    /// What it is.
    pub kind: FileKind,
}

/// Who signed a verified package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerInfo {
    /// Subject as RFC 4514 text.
    pub subject: String,
    /// Issuer as RFC 4514 text.
    pub issuer: String,
    /// Serial number, upper-case hexadecimal.
    pub serial: String,
    /// Valid from.
    pub not_before: SystemTime,
    /// Valid until.
    pub not_after: SystemTime,
    /// SHA-256 of the certificate in DER.
    pub certificate_sha256: [u8; 32],
    /// SHA-256 of its SubjectPublicKeyInfo in DER.
    pub spki_sha256: [u8; 32],
}

/// What verification established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The data files in the manifest's order.
    pub files: Vec<VerifiedFile>,
    /// Who signed.
    pub signer: SignerInfo,
}

/// Why a package is refused: one variant per failure of PROTOCOL.md §7.
#[derive(Debug, thiserror::Error)]
pub enum DpPackageError {
    /// It could not be read.
    #[error("the package could not be read: {0}")]
    Read(#[source] io::Error),
}

impl DpPackageError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        String::new()
    }
}

/// Verifies a package in the order of PROTOCOL.md §7. With `person` every PDF must open with that personal id.
///
/// # Errors
/// [`DpPackageError`]: the first check that failed.
pub fn verify<R: Read + Seek>(
    _package: R,
    _trust: &Trust,
    _now: SystemTime,
    _person: Option<&PersonalId>,
) -> Result<Verified, DpPackageError> {
    unimplemented!()
}

/// Opens one data file of a package for reading, under the same limits as [`verify`]. Does not verify anything.
///
/// # Errors
/// [`DpPackageError`].
pub fn open_file<R: Read + Seek>(_package: R, _name: &str) -> Result<FileReader<R>, DpPackageError> {
    unimplemented!()
}

/// Content of one data file.
#[derive(Debug)]
pub struct FileReader<R> {
    reader: R,
}

impl<R: Read> Read for FileReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}
