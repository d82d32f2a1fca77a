//! Why a DP's package is refused.

use std::fmt;

use mydata_wire::manifest::BadManifest;

use super::pdf::PdfFault;
use crate::trust::CertificateError;
use crate::zip::ZipError;

/// The steps of verification, in their order (PROTOCOL.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The limits of the zip.
    Zip,
    /// The three files in `META-INFO/` exist.
    Parts,
    /// The signer's certificate.
    Certificate,
    /// The signature over the manifest.
    Signature,
    /// The digest of every listed file.
    Digests,
    /// No file but the listed ones.
    Unlisted,
    /// JSON parses, PDF opens, one of each is there.
    Formats,
}

impl Step {
    /// Its name in zh-TW.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Zip => "壓縮檔檢查",
            Self::Parts => "必要檔案檢查",
            Self::Certificate => "憑證驗證",
            Self::Signature => "簽章驗證",
            Self::Digests => "檔案摘要驗證",
            Self::Unlisted => "未列檔案檢查",
            Self::Formats => "檔案格式檢查",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zip => "zip limits",
            Self::Parts => "required parts",
            Self::Certificate => "certificate",
            Self::Signature => "signature",
            Self::Digests => "digests",
            Self::Unlisted => "unlisted files",
            Self::Formats => "formats",
        })
    }
}

/// Why a package is refused: one variant per failure of PROTOCOL.md §7, each naming step and file.
#[derive(Debug, thiserror::Error)]
pub enum DpPackageError {
    /// The zip is refused, or a file in it is damaged.
    #[error("zip limits: {0}")]
    Zip(#[from] ZipError),
    /// One of the three files in `META-INFO/` is missing.
    #[error("required parts: {file} is missing")]
    PartMissing {
        /// The file.
        file: &'static str,
    },
    /// One of them is larger than any real one.
    #[error("required parts: {file} is larger than {limit} bytes")]
    PartTooLarge {
        /// The file.
        file: &'static str,
        /// In bytes.
        limit: u64,
    },
    /// The signer's certificate is refused.
    #[error("certificate: META-INFO/certificate.cer: {0}")]
    Certificate(#[from] CertificateError),
    /// The signature has a wrong form.
    #[error(
        "signature: META-INFO/manifest.sha256withrsa is not a signature by the certificate's key, raw or in base64: its length is wrong"
    )]
    SignatureForm,
    /// The signature does not fit (R132).
    #[error(
        "signature: META-INFO/manifest.sha256withrsa does not fit META-INFO/manifest.xml: the manifest was changed, or signed with another key than the certificate's"
    )]
    Signature,
    /// The manifest cannot be read.
    #[error("digests: META-INFO/manifest.xml: {0}")]
    Manifest(#[source] BadManifest),
    /// The manifest lists a file twice.
    #[error("digests: META-INFO/manifest.xml lists {file} twice")]
    ListedTwice {
        /// The file.
        file: String,
    },
    /// A listed file is not inside.
    #[error("digests: {file} is listed, but not inside")]
    ListedMissing {
        /// The file.
        file: String,
    },
    /// A file is not the one that was signed (R133).
    #[error("digests: the SHA-256 of {file} is not the one listed")]
    Digest {
        /// The file.
        file: String,
    },
    /// A file was not signed.
    #[error("unlisted files: {file} is inside, but not listed")]
    Unlisted {
        /// The file.
        file: String,
    },
    /// No machine-readable file (R134).
    #[error("formats: there is no JSON file; at least one machine-readable file is required")]
    NoJson,
    /// No human-readable file (R134).
    #[error("formats: there is no PDF file; at least one human-readable file is required")]
    NoPdf,
    /// A JSON file does not parse.
    #[error("formats: {file} is not JSON in UTF-8: {reason}")]
    Json {
        /// The file.
        file: String,
        /// Where it breaks; nothing of the content.
        reason: String,
    },
    /// A PDF file does not open.
    #[error("formats: {file}: {fault}")]
    Pdf {
        /// The file.
        file: String,
        /// Why.
        fault: PdfFault,
    },
}

impl DpPackageError {
    /// The step that failed.
    pub fn step(&self) -> Step {
        match self {
            Self::Zip(_) => Step::Zip,
            Self::PartMissing { .. } | Self::PartTooLarge { .. } => Step::Parts,
            Self::Certificate(_) => Step::Certificate,
            Self::SignatureForm | Self::Signature => Step::Signature,
            Self::Manifest(_)
            | Self::ListedTwice { .. }
            | Self::ListedMissing { .. }
            | Self::Digest { .. } => Step::Digests,
            Self::Unlisted { .. } => Step::Unlisted,
            Self::NoJson | Self::NoPdf | Self::Json { .. } | Self::Pdf { .. } => Step::Formats,
        }
    }

    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        let what = match self {
            Self::Zip(e) => e.zh(),
            Self::PartMissing { file } => format!("缺少 {file}"),
            Self::PartTooLarge { file, limit } => format!("{file} 超過 {limit} 位元組"),
            Self::Certificate(e) => format!("META-INFO/certificate.cer {}", e.zh()),
            Self::SignatureForm => "META-INFO/manifest.sha256withrsa 的長度與憑證金鑰不符".to_owned(),
            Self::Signature => {
                "META-INFO/manifest.sha256withrsa 與 META-INFO/manifest.xml 不符:摘要檔曾遭更動,或非以憑證所載金鑰簽章".to_owned()
            }
            Self::Manifest(_) => "META-INFO/manifest.xml 格式不正確".to_owned(),
            Self::ListedTwice { file } => format!("META-INFO/manifest.xml 重複列出「{file}」"),
            Self::ListedMissing { file } => format!("「{file}」列於摘要檔但不在資料檔內"),
            Self::Digest { file } => format!("「{file}」的 SHA-256 摘要值不符"),
            Self::Unlisted { file } => format!("「{file}」未列於摘要檔"),
            Self::NoJson => "缺少機器可讀的 JSON 檔".to_owned(),
            Self::NoPdf => "缺少供人閱讀的 PDF 檔".to_owned(),
            Self::Json { file, .. } => format!("「{file}」不是正確的 UTF-8 JSON"),
            Self::Pdf { file, fault } => format!("「{file}」{}", fault.zh()),
        };
        format!("{}:{what}", self.step().zh())
    }
}
