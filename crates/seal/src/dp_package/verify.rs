//! Judges a DP's package in the order of PROTOCOL.md §7.

use std::collections::HashSet;
use std::io::{self, Read, Seek};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use mydata_wire::PersonalId;
use mydata_wire::b64;
use mydata_wire::manifest::{DigestManifest, MAX_BYTES};
use rustls_pki_types::CertificateDer;

use super::{
    CERTIFICATE, DpPackageError, FileKind, MANIFEST, SIGNATURE, SignerInfo, check_json, check_pdf, is_meta,
};
use crate::trust::{Signature, Trust};
use crate::zip::{Archive, EntryReader, Limits, MAX_ENTRIES, MAX_UNPACKED, ZipError, shown};

const MAX_CERTIFICATE: u64 = 256 * 1024;
const MAX_SIGNATURE: u64 = 16 * 1024;
const LIMITS: Limits = Limits { entries: MAX_ENTRIES, unpacked: MAX_UNPACKED };

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

/// What verification established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The data files in the manifest's order.
    pub files: Vec<VerifiedFile>,
    /// Who signed.
    pub signer: SignerInfo,
    /// Nobody told whether the certificate is revoked, and the setting says to accept it all the same.
    pub revocation_unknown: bool,
}

/// Verifies a package in the order of PROTOCOL.md §7: zip limits; the three `META-INFO` files; the certificate; the
/// signature; every listed digest; no unlisted file; JSON parses and PDF opens, one of each at least (R130–R134).
///
/// With `person` every PDF must open with that personal id. Memory does not grow with the package; see
/// [`check_pdf`](super::check_pdf) for the one bound that is large.
///
/// # Errors
/// [`DpPackageError`]: the first check that failed.
pub fn verify<R: Read + Seek>(
    package: R,
    trust: &Trust,
    now: SystemTime,
    person: Option<&PersonalId>,
) -> Result<Verified, DpPackageError> {
    let mut archive = Archive::open(package, LIMITS)?;

    for file in [MANIFEST, SIGNATURE, CERTIFICATE] {
        archive.find(file).ok_or(DpPackageError::PartMissing { file })?;
    }
    let certificate = part(&mut archive, CERTIFICATE, MAX_CERTIFICATE)?;
    let signature = part(&mut archive, SIGNATURE, MAX_SIGNATURE)?;
    let manifest = part(&mut archive, MANIFEST, MAX_BYTES as u64)?;

    let signer = trust.judge(&certificate, now)?;
    check_signature(&signer, &manifest, &signature)?;

    let manifest = DigestManifest::from_xml(&manifest).map_err(DpPackageError::Manifest)?;
    let files = check_digests(&mut archive, &manifest)?;
    let listed: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if let Some(entry) =
        archive.entries.iter().find(|e| !is_meta(&e.name) && !listed.contains(e.name.as_str()))
    {
        return Err(DpPackageError::Unlisted { file: shown(&entry.name) });
    }
    check_formats(&mut archive, &files, person)?;
    Ok(Verified { files, signer: signer.info, revocation_unknown: signer.revocation_unknown })
}

/// The chain of a package's signer, so that revocation can be learnt before [`verify`], which waits for nobody. Nothing
/// else is verified.
///
/// # Errors
/// [`DpPackageError`]: what [`verify`] would say of the zip's limits, the three files, and the certificate without revocation.
pub fn signer_chain<R: Read + Seek>(
    package: R,
    trust: &Trust,
    now: SystemTime,
) -> Result<Vec<CertificateDer<'static>>, DpPackageError> {
    let mut archive = Archive::open(package, LIMITS)?;
    for file in [MANIFEST, SIGNATURE, CERTIFICATE] {
        archive.find(file).ok_or(DpPackageError::PartMissing { file })?;
    }
    let certificate = part(&mut archive, CERTIFICATE, MAX_CERTIFICATE)?;
    Ok(trust.chain_of(&certificate, now)?)
}

/// One of the three small files.
fn part<R: Read + Seek>(
    archive: &mut Archive<R>,
    file: &'static str,
    limit: u64,
) -> Result<Vec<u8>, DpPackageError> {
    let entry = archive.find(file).cloned().ok_or(DpPackageError::PartMissing { file })?;
    if entry.unpacked > limit {
        return Err(DpPackageError::PartTooLarge { file, limit });
    }
    Ok(archive.bytes(&entry)?)
}

/// Raw as the seeds have it; some DPs write it in base64.
fn check_signature(signer: &Signature, manifest: &[u8], signature: &[u8]) -> Result<(), DpPackageError> {
    let decoded;
    let signature = if signature.len() == signer.modulus_len {
        signature
    } else {
        let text: String =
            signature.iter().filter(|b| !b.is_ascii_whitespace()).map(|&b| char::from(b)).collect();
        decoded = b64::decode_lenient(&text).map_err(|_| DpPackageError::SignatureForm)?;
        &decoded
    };
    if signature.len() != signer.modulus_len {
        return Err(DpPackageError::SignatureForm);
    }
    if signer.fits(manifest, signature) { Ok(()) } else { Err(DpPackageError::Signature) }
}

fn check_digests<R: Read + Seek>(
    archive: &mut Archive<R>,
    manifest: &DigestManifest,
) -> Result<Vec<VerifiedFile>, DpPackageError> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut buf = vec![0u8; 64 * 1024];
    for listed in &manifest.files {
        let file = || shown(&listed.filename);
        if !seen.insert(&listed.filename) {
            return Err(DpPackageError::ListedTwice { file: file() });
        }
        let entry = archive
            .find(&listed.filename)
            .cloned()
            .ok_or_else(|| DpPackageError::ListedMissing { file: file() })?;
        let mut content = archive.content(&entry)?;
        let mut sha256 = Context::new(&SHA256);
        loop {
            match content.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => sha256.update(&buf[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(ZipError::from_io(e).into()),
            }
        }
        if sha256.finish().as_ref() != listed.digest {
            return Err(DpPackageError::Digest { file: file() });
        }
        // A manifest may list the certificate as well; that is no data file.
        if !is_meta(&listed.filename) {
            files.push(VerifiedFile {
                name: listed.filename.clone(),
                len: entry.unpacked,
                digest: listed.digest,
                kind: FileKind::of(&listed.filename),
            });
        }
    }
    Ok(files)
}

fn check_formats<R: Read + Seek>(
    archive: &mut Archive<R>,
    files: &[VerifiedFile],
    person: Option<&PersonalId>,
) -> Result<(), DpPackageError> {
    if !files.iter().any(|file| file.kind == FileKind::Json) {
        return Err(DpPackageError::NoJson);
    }
    if !files.iter().any(|file| file.kind == FileKind::Pdf) {
        return Err(DpPackageError::NoPdf);
    }
    for verified in files {
        let file = || shown(&verified.name);
        let Some(entry) = archive.find(&verified.name).cloned() else { continue };
        let content = archive.content(&entry)?;
        match verified.kind {
            FileKind::Json => check_json(content)
                .map_err(ZipError::from_io)?
                .map_err(|reason| DpPackageError::Json { file: file(), reason })?,
            FileKind::Pdf => check_pdf(content, person)
                .map_err(ZipError::from_io)?
                .map_err(|fault| DpPackageError::Pdf { file: file(), fault })?,
            FileKind::Other => {}
        }
    }
    Ok(())
}

/// Every file of a package, `META-INFO/` included, with its length: name and bytes. Verifies nothing, as [`open_file`].
///
/// # Errors
/// [`DpPackageError::Zip`].
pub fn list_files<R: Read + Seek>(package: R) -> Result<Vec<(String, u64)>, DpPackageError> {
    let archive = Archive::open(package, LIMITS)?;
    Ok(archive.entries.into_iter().map(|entry| (entry.name, entry.unpacked)).collect())
}

/// Opens one data file of a package for reading, under the same limits as [`verify`]. Verifies nothing else: it is
/// for packages that were verified before, such as for a preview.
///
/// # Errors
/// [`DpPackageError::Zip`]; [`DpPackageError::ListedMissing`] when there is no such file.
pub fn open_file<R: Read + Seek>(package: R, name: &str) -> Result<FileReader<R>, DpPackageError> {
    let archive = Archive::open(package, LIMITS)?;
    let entry =
        archive.find(name).cloned().ok_or_else(|| DpPackageError::ListedMissing { file: shown(name) })?;
    let len = entry.unpacked;
    Ok(FileReader { content: archive.into_content(&entry)?, len })
}

/// Content of one data file. Ends with an error of kind [`io::ErrorKind::InvalidData`] when the file is damaged.
#[derive(Debug)]
pub struct FileReader<R> {
    content: EntryReader<R>,
    len: u64,
}

impl<R> FileReader<R> {
    /// Length of the content in bytes, as declared; reading never gives more.
    pub fn content_len(&self) -> u64 {
        self.len
    }
}

impl<R: Read> Read for FileReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.content.read(buf)
    }
}
