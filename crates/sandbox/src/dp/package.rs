//! Packages of the sandbox's DPs: good ones through the SDK, deliberately bad ones by hand.

use std::io::{Cursor, Write};

use mydata_sdk::dp::{Builder, Signer};
use mydata_wire::manifest::{DigestEntry, DigestManifest};
use mydata_wire::{PersonalId, Random};
use rcgen::{KeyPair, SigningKey};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::document::Document;
use super::pdf;
use crate::ca::KeyAndCertificate;

/// Why a package could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The PDF could not be written.
    #[error("the PDF could not be written: {0}")]
    Pdf(#[from] lopdf::Error),
    /// The package could not be built.
    #[error("the package could not be built: {0}")]
    Build(#[from] mydata_sdk::dp::BuildError),
    /// The bad package could not be zipped.
    #[error("the package could not be zipped: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The bad package could not be written.
    #[error("the package could not be written: {0}")]
    Io(#[from] std::io::Error),
    /// The bad package could not be signed.
    #[error("the package could not be signed: {0}")]
    Sign(#[from] rcgen::Error),
}

/// A data file: name and content.
pub type DataFile = (String, Vec<u8>);

/// The JSON and the PDF of a document (R134).
pub fn files(
    document: &Document,
    person: &PersonalId,
    random: &dyn Random,
) -> Result<Vec<DataFile>, PackageError> {
    Ok(vec![
        (format!("{}.json", document.title), document.to_json()),
        (format!("{}.pdf", document.title), pdf::write(document, person, random)?),
    ])
}

/// A good package.
pub fn good(files: &[DataFile], signer: &Signer) -> Result<Vec<u8>, PackageError> {
    let mut builder = Builder::new(Vec::new(), signer);
    for (name, content) in files {
        builder.file(name, content.as_slice())?;
    }
    Ok(builder.finish()?)
}

/// A package that is put together without the builder's care.
pub struct Careless<'k> {
    /// What is zipped.
    pub files: Vec<DataFile>,
    /// What the manifest says; `None`: the truth.
    pub manifest: Option<Vec<u8>>,
    /// PEM of the key that signs the manifest.
    pub key: &'k str,
    /// The certificate that is put in, PEM.
    pub certificate: &'k str,
}

impl<'k> Careless<'k> {
    /// One that says the truth and is signed by its own key.
    pub fn of(files: Vec<DataFile>, identity: &'k KeyAndCertificate) -> Self {
        Self { files, manifest: None, key: &identity.key, certificate: &identity.certificate }
    }

    /// The zip.
    pub fn build(self) -> Result<Vec<u8>, PackageError> {
        let manifest = self.manifest.unwrap_or_else(|| manifest(&self.files));
        let signature = KeyPair::from_pem(self.key)?.sign(&manifest)?;
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let meta = [
            ("META-INFO/manifest.xml", manifest.as_slice()),
            ("META-INFO/manifest.sha256withrsa", &signature),
            ("META-INFO/certificate.cer", self.certificate.as_bytes()),
        ];
        let files = self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
        for (name, content) in files.chain(meta) {
            zip.start_file(name, options)?;
            zip.write_all(content)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// The manifest that tells the truth about `files`.
pub fn manifest(files: &[DataFile]) -> Vec<u8> {
    let files = files.iter().map(|(name, content)| {
        let mut digest = [0; 32];
        digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content).as_ref());
        DigestEntry { filename: name.clone(), digest }
    });
    DigestManifest { files: files.collect() }.to_xml().into_bytes()
}
