//! How to mend a data provider's package that was refused.

use mydata_seal::dp_package::{DpPackageError, PdfFault};
use mydata_seal::trust::CertificateError;
use mydata_seal::zip::ZipError;

/// What the data provider does about it.
pub fn for_provider(error: &DpPackageError) -> &'static str {
    match error {
        DpPackageError::Zip(e) => zip(e),
        DpPackageError::PartMissing { .. } => "put all three files into META-INFO/; `mydata dp pack` does",
        DpPackageError::PartTooLarge { .. } => "these three files are small: look at what was written there",
        DpPackageError::Certificate(e) => certificate(e),
        DpPackageError::SignatureForm => {
            "write the raw bytes of the signature (as many as the RSA key has), or base64 of them; neither hex nor a PKCS#7 envelope"
        }
        DpPackageError::Signature => {
            "sign the very bytes of manifest.xml that go into the zip, with SHA256withRSA (PKCS#1 v1.5) and the certificate's own key"
        }
        DpPackageError::Manifest(_) => {
            "write <files><file><filename>…</filename><digest>…</digest></file>…</files> in UTF-8, digests as hex SHA-256"
        }
        DpPackageError::ListedTwice { .. } => "list every file once",
        DpPackageError::ListedMissing { .. } => {
            "put the file in, or take it off the manifest; names must be equal byte for byte"
        }
        DpPackageError::Digest { .. } => {
            "compute the digest from the file as it goes into the zip, after its last change"
        }
        DpPackageError::Unlisted { .. } => {
            "list every file outside META-INFO/ in manifest.xml, or leave it out"
        }
        DpPackageError::NoJson => "add the data as JSON, in a file whose name ends in .json",
        DpPackageError::NoPdf => "add the document as PDF, in a file whose name ends in .pdf",
        DpPackageError::Json { .. } => "write JSON in UTF-8, nested at most 128 levels deep",
        DpPackageError::Pdf { fault, .. } => pdf(*fault),
    }
}

/// What the service provider who received it does about it.
pub fn for_receiver(error: &DpPackageError) -> &'static str {
    match error {
        DpPackageError::Certificate(CertificateError::Untrusted { .. }) => {
            "give the data providers' root with --roots (and what stands between with --intermediates); if it is the right one, do not use the data and tell the platform"
        }
        DpPackageError::Certificate(
            CertificateError::NotYetValid { .. } | CertificateError::Expired { .. },
        ) => "set this machine's clock; if it is right, do not use the data and tell the platform",
        DpPackageError::Pdf { fault: PdfFault::Password, .. } => {
            "look whether --person is the citizen's; if it is, do not use the data and tell the platform"
        }
        _ => "do not use the data; tell the platform's service desk",
    }
}

fn zip(error: &ZipError) -> &'static str {
    match error {
        ZipError::Read(_) => "read the file again, or copy it again",
        ZipError::Structure(_) => "write a plain zip (no split archive, nothing before or after it)",
        ZipError::TooManyEntries { .. } => "put fewer files in; the limit counts META-INFO/, too",
        ZipError::TooLarge { .. } => "put less in",
        ZipError::Ratio { .. } => {
            "store the file instead of compressing it, so that it is not taken for a zip bomb"
        }
        ZipError::Name { .. } => "name files relatively, with / between folders, in UTF-8",
        ZipError::Duplicate { .. } => "give every file a name of its own",
        ZipError::Encrypted { .. } => "do not encrypt the zip; only the PDF has a password",
        ZipError::Method { .. } => "write entries stored or deflated",
        ZipError::Inconsistent { .. } | ZipError::Damaged { .. } => "write the zip anew with a sound library",
    }
}

fn certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Unreadable => {
            "put the signer's X.509 certificate in, PEM or DER, and nothing else before it"
        }
        CertificateError::Key => "have a certificate made for an RSA key of 2048 bits or more",
        CertificateError::Usage => "have a certificate made for signing (digitalSignature or nonRepudiation)",
        CertificateError::NotYetValid { .. } => "wait until then, or set this machine's clock",
        CertificateError::Expired { .. } => {
            "have a new certificate made and registered, and sign with its key"
        }
        CertificateError::Untrusted { .. } => {
            "sign with a certificate that a configured root stands behind; put intermediate certificates behind the signer's in certificate.cer"
        }
        CertificateError::Revoked => "have a new certificate made and registered",
        CertificateError::RevocationUnknown => {
            "make sure that CRL or OCSP of the certificate's issuer answer"
        }
        CertificateError::NotRegistered => {
            "sign with the registered certificate, or register this one for the dataset"
        }
    }
}

/// How to mend a PDF.
pub fn pdf(fault: PdfFault) -> &'static str {
    match fault {
        PdfFault::Broken => {
            "write a PDF that common readers open (AES-256 or AES-128 where it has a password)"
        }
        PdfFault::NotEncrypted => {
            "encrypt the PDF with the personal id, in upper case, as the password for opening"
        }
        PdfFault::Password => {
            "use the personal id of the person asked about, in upper case, as the password for opening"
        }
    }
}
