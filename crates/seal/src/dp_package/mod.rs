//! A data provider's package (R130–R135, PROTOCOL.md §7): data files, and in `META-INFO/` a manifest of their digests,
//! its signature, and the signer's certificate.
//!
//! `build` and `signer` make one; `verify` judges one, with `json` and `pdf` for the last step; `error` says why not.

mod build;
mod error;
mod json;
mod pdf;
mod signer;
mod verify;

pub use build::{BuildError, Builder};
pub use error::{DpPackageError, Step};
pub use json::{MAX_DEPTH, check_json};
pub use pdf::{MAX_OPENED_PDF, PdfFault, check_pdf, unlock_pdf};
pub use signer::{BadSigner, Signer};
pub use verify::{FileReader, Verified, VerifiedFile, list_files, open_file, signer_chain, verify};

pub use crate::trust::SignerInfo;

/// The manifest of digests.
pub const MANIFEST: &str = "META-INFO/manifest.xml";
/// SHA256withRSA over the bytes of the manifest.
pub const SIGNATURE: &str = "META-INFO/manifest.sha256withrsa";
/// The signer's certificate.
pub const CERTIFICATE: &str = "META-INFO/certificate.cer";

/// What a data file is, by the ending of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Machine-readable.
    Json,
    /// Human-readable; opened with the upper-case personal id.
    Pdf,
    /// Anything else the DP puts in (R135).
    Other,
}

impl FileKind {
    /// The kind of a file of this name.
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("json") => Self::Json,
            Some("pdf") => Self::Pdf,
            _ => Self::Other,
        }
    }
}

/// Whether a name is one of the three in `META-INFO/`.
fn is_meta(name: &str) -> bool {
    [MANIFEST, SIGNATURE, CERTIFICATE].contains(&name)
}
