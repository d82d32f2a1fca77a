//! Signatures that people make with their cards: CMS `SignedData` (RFC 5652) by one signer over bytes that are known beforehand.
//!
//! Owns what makes such a signature hold: the content, the signed attributes, the signer's certificate, its key usage,
//! validity and chain. It refuses everything that is not DER, more than one signer, SHA-1, and to say anything about
//! revocation: that is learnt of the chain, by the caller.

use std::time::SystemTime;

use aws_lc_rs::digest::{self, digest};
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::{Attribute, Attributes};
use cms::cert::x509::der::asn1::{
    Any, BmpString, Ia5StringRef, ObjectIdentifier, OctetString, OctetStringRef, PrintableStringRef,
    SetOfVec, Utf8StringRef,
};
use cms::cert::x509::der::{Decode as _, Encode as _, Tag, Tagged as _};
use cms::cert::x509::ext::pkix::{KeyUsage, SubjectKeyIdentifier};
use cms::cert::x509::name::Name;
use cms::cert::x509::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert};

use crate::dp_package::Signer;
use crate::trust::{CertificateError, Trust};

/// Largest message that is read.
pub const MAX: usize = 64 * 1024;
/// So many certificates may come along.
const MAX_CERTIFICATES: usize = 8;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const SHA256_ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SHA384_ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const SHA512_ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");

/// Why a signature does not hold. The texts quote nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Longer than [`MAX`].
    #[error("the signature is longer than {MAX} bytes")]
    TooLarge,
    /// Not a `SignedData` in DER.
    #[error("it is no CMS SignedData (RFC 5652) in DER")]
    Unreadable,
    /// Nobody signed, or several did.
    #[error("{0} signers; exactly one is expected")]
    Signers(usize),
    /// The content that came along is another than was asked to be signed.
    #[error("something else was signed than what was to be signed")]
    OtherContent,
    /// The signed attributes do not go with the content.
    #[error("the signed attribute {0} is missing, stands twice, or does not fit the content")]
    Attribute(&'static str),
    /// SHA-1, or something unknown.
    #[error("it is signed by an algorithm that is not accepted; RSA or ECDSA with SHA-256 or better is")]
    Algorithm,
    /// No certificate in it is the signer's.
    #[error("the signer's certificate is not in it")]
    NoCertificate,
    /// The certificate's key is for something else.
    #[error("the certificate's key usage is not digitalSignature")]
    Usage,
    /// The signature is another key's, or over something else.
    #[error("the signature does not hold")]
    Signature,
    /// The certificate.
    #[error("the certificate: {0}")]
    Certificate(#[from] CertificateError),
}

/// Who signed. A person's certificate is personal data: `Debug` shows nothing.
#[derive(Clone)]
pub struct Signed {
    /// The signer's certificate first, the root last.
    pub chain: Vec<CertificateDer<'static>>,
    subject: Vec<(ObjectIdentifier, String)>,
    /// Issuer and subject as they stand in the certificate: the same for each certificate that the issuer gives to the same
    /// holder.
    pub holder: Vec<u8>,
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed(…)")
    }
}

impl Signed {
    /// What an attribute of the subject says, where it stands there once. `attribute` is an OID with dots, or one of the names
    /// `CN`, `serialNumber`, `UID`, `GN`, `SN`, `title`, `OU`.
    pub fn subject(&self, attribute: &str) -> Option<&str> {
        let oid = attribute_oid(attribute)?;
        let mut found = self.subject.iter().filter(|(known, _)| *known == oid);
        let (_, text) = found.next()?;
        found.next().is_none().then_some(text.as_str())
    }
}

/// The identifier of a subject's attribute; see [`Signed::subject`].
pub fn attribute_oid(attribute: &str) -> Option<ObjectIdentifier> {
    let dotted = match attribute {
        "CN" => "2.5.4.3",
        "SN" => "2.5.4.4",
        "serialNumber" => "2.5.4.5",
        "OU" => "2.5.4.11",
        "title" => "2.5.4.12",
        "GN" => "2.5.4.42",
        "UID" => "0.9.2342.19200300.100.1.1",
        dotted => dotted,
    };
    ObjectIdentifier::new(dotted).ok()
}

/// Checks that `message` is a signature by one signer over exactly `content`, whose certificate is valid `now` and comes from a root
/// of `trust`. The content may be in it or not.
///
/// # Errors
/// Why it does not hold.
pub fn verify(message: &[u8], content: &[u8], trust: &Trust, now: SystemTime) -> Result<Signed, CmsError> {
    if message.len() > MAX {
        return Err(CmsError::TooLarge);
    }
    let unreadable = |_| CmsError::Unreadable;
    let outer = ContentInfo::from_der(message).map_err(unreadable)?;
    if outer.content_type != SIGNED_DATA {
        return Err(CmsError::Unreadable);
    }
    let data: SignedData = outer.content.decode_as().map_err(unreadable)?;
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(CmsError::Signers(data.signer_infos.0.len()));
    };
    let inside = &data.encap_content_info;
    if inside.econtent_type != DATA {
        return Err(CmsError::OtherContent);
    }
    if let Some(came) = &inside.econtent
        && (came.tag() != Tag::OctetString || came.value() != content)
    {
        return Err(CmsError::OtherContent);
    }
    let hash = hash(signer.digest_alg.oid)?;
    let signed = match &signer.signed_attrs {
        None => content.to_vec(),
        Some(attributes) => {
            let kind = one(attributes, CONTENT_TYPE, "contentType")?;
            if kind.decode_as::<ObjectIdentifier>().ok() != Some(DATA) {
                return Err(CmsError::Attribute("contentType"));
            }
            let told = one(attributes, MESSAGE_DIGEST, "messageDigest")?;
            let told: OctetString = told.decode_as().map_err(|_| CmsError::Attribute("messageDigest"))?;
            if told.as_bytes() != digest(hash, content).as_ref() {
                return Err(CmsError::OtherContent);
            }
            // Signed is the SET in DER, whatever tag it travels under (RFC 5652 §5.4).
            attributes.to_der().map_err(unreadable)?
        }
    };
    let came = certificates(&data)?;
    let own = came.iter().position(|certificate| is_of(certificate, &signer.sid));
    let own = &came[own.ok_or(CmsError::NoCertificate)?];
    let der = CertificateDer::from(own.to_der().map_err(unreadable)?);
    let end = EndEntityCert::try_from(&der).map_err(|_| CertificateError::Unreadable)?;
    check(&end, own, signer, &signed)?;
    match own.tbs_certificate.get::<KeyUsage>() {
        Ok(Some((_, usage))) if usage.digital_signature() => {}
        _ => return Err(CmsError::Usage),
    }
    let others: Vec<_> = came
        .iter()
        .filter(|certificate| *certificate != own)
        .filter_map(|certificate| certificate.to_der().ok().map(CertificateDer::from))
        .collect();
    let chain = trust.chain_of_person(&der, &others, now)?;
    let tbs = &own.tbs_certificate;
    let mut holder = tbs.issuer.to_der().map_err(unreadable)?;
    holder.extend(tbs.subject.to_der().map_err(unreadable)?);
    Ok(Signed { chain, subject: texts(&tbs.subject), holder })
}

fn hash(oid: ObjectIdentifier) -> Result<&'static digest::Algorithm, CmsError> {
    match oid {
        SHA256 => Ok(&digest::SHA256),
        SHA384 => Ok(&digest::SHA384),
        SHA512 => Ok(&digest::SHA512),
        _ => Err(CmsError::Algorithm),
    }
}

/// The value of an attribute that stands once, with one value.
fn one<'a>(
    attributes: &'a Attributes,
    oid: ObjectIdentifier,
    name: &'static str,
) -> Result<&'a Any, CmsError> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    match (found.next().map(|attribute| attribute.values.as_slice()), found.next()) {
        (Some([value]), None) => Ok(value),
        _ => Err(CmsError::Attribute(name)),
    }
}

fn certificates(data: &SignedData) -> Result<Vec<Certificate>, CmsError> {
    let came = data.certificates.as_ref().map_or(&[][..], |set| set.0.as_slice());
    if came.len() > MAX_CERTIFICATES {
        return Err(CmsError::Unreadable);
    }
    let certificate = |choice: &CertificateChoices| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    };
    Ok(came.iter().filter_map(certificate).collect())
}

/// Whether a certificate is the one that a signer names.
fn is_of(certificate: &Certificate, signer: &SignerIdentifier) -> bool {
    let tbs = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            named.issuer == tbs.issuer && named.serial_number == tbs.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            matches!(tbs.get::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *named)
        }
    }
}

/// Checks the signature itself.
fn check(
    end: &EndEntityCert<'_>,
    certificate: &Certificate,
    signer: &SignerInfo,
    signed: &[u8],
) -> Result<(), CmsError> {
    let wanted = algorithm(&signer.signature_algorithm, signer.digest_alg.oid)?;
    let key: &SubjectPublicKeyInfoOwned = &certificate.tbs_certificate.subject_public_key_info;
    let key = key.algorithm.to_der().map_err(|_| CmsError::Algorithm)?;
    let mut known = false;
    for candidate in ALL_VERIFICATION_ALGS.iter().filter(|candidate| fits(**candidate, &wanted, &key)) {
        known = true;
        if end.verify_signature(*candidate, signed, signer.signature.as_bytes()).is_ok() {
            return Ok(());
        }
    }
    Err(if known { CmsError::Signature } else { CmsError::Algorithm })
}

/// Whether an algorithm is for such a signature by such a key.
fn fits(candidate: &dyn SignatureVerificationAlgorithm, wanted: &[u8], key: &[u8]) -> bool {
    let whole = |body: &[u8]| Any::new(Tag::Sequence, body).and_then(|any| any.to_der()).unwrap_or_default();
    whole(candidate.signature_alg_id().as_ref()) == wanted
        && whole(candidate.public_key_alg_id().as_ref()) == key
}

/// The algorithm of a signature in the way certificates name it. CMS may name the key's and the hash's apart.
fn algorithm(named: &AlgorithmIdentifierOwned, hash: ObjectIdentifier) -> Result<Vec<u8>, CmsError> {
    let of_hash = |oid| match oid {
        SHA256_RSA | SHA256_ECDSA => Some(SHA256),
        SHA384_RSA | SHA384_ECDSA => Some(SHA384),
        SHA512_RSA | SHA512_ECDSA => Some(SHA512),
        _ => None,
    };
    let rsa = |hash| match hash {
        SHA256 => Ok(SHA256_RSA),
        SHA384 => Ok(SHA384_RSA),
        SHA512 => Ok(SHA512_RSA),
        _ => Err(CmsError::Algorithm),
    };
    let oid = match named.oid {
        RSA => rsa(hash)?,
        oid if of_hash(oid) == Some(hash) => oid,
        // RSASSA-PSS carries its hash in its parameters, which are compared whole.
        oid if oid == ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10") => {
            return named.to_der().map_err(|_| CmsError::Algorithm);
        }
        _ => return Err(CmsError::Algorithm),
    };
    let ecdsa = matches!(oid, SHA256_ECDSA | SHA384_ECDSA | SHA512_ECDSA);
    let parameters = if ecdsa { None } else { Some(Any::null()) };
    AlgorithmIdentifierOwned { oid, parameters }.to_der().map_err(|_| CmsError::Algorithm)
}

/// The texts of a name; what is none is left out.
fn texts(name: &Name) -> Vec<(ObjectIdentifier, String)> {
    let all = name.0.iter().flat_map(|set| set.0.iter());
    all.filter_map(|one| Some((one.oid, text(&one.value)?.trim().to_owned()))).collect()
}

fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
        Tag::PrintableString => {
            value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.as_str().to_owned())
        }
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
        Tag::BmpString => value.decode_as::<BmpString>().ok().map(|text| text.to_string()),
        _ => None,
    }
}

/// A signature cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature cannot be made")]
pub struct CannotSign;

/// Signs `content`, which is in the message or, `detached`, not: SHA-256, RSA, with signed attributes.
///
/// # Errors
/// The key refuses, or its certificate cannot be named.
pub fn sign(content: &[u8], signer: &Signer, detached: bool) -> Result<Vec<u8>, CannotSign> {
    let made = || -> cms::cert::x509::der::Result<Vec<u8>> {
        let certificates = signer.certificates();
        let certificate = Certificate::from_der(&certificates[0])?;
        let value = |oid, value: Any| -> cms::cert::x509::der::Result<Attribute> {
            Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
        };
        let hashed = digest(&digest::SHA256, content);
        let attributes: Attributes = SetOfVec::try_from(vec![
            value(CONTENT_TYPE, Any::encode_from(&DATA)?)?,
            value(MESSAGE_DIGEST, Any::encode_from(&OctetStringRef::new(hashed.as_ref())?)?)?,
        ])?;
        let refused = |_| cms::cert::x509::der::ErrorKind::Failed;
        let signature = signer.sign(&attributes.to_der()?).map_err(refused)?;
        let algorithm = |oid, parameters| AlgorithmIdentifierOwned { oid, parameters };
        let tbs = certificate.tbs_certificate;
        let info = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: tbs.issuer,
                serial_number: tbs.serial_number,
            }),
            digest_alg: algorithm(SHA256, None),
            signed_attrs: Some(attributes),
            signature_algorithm: algorithm(RSA, Some(Any::null())),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let mut all = Vec::new();
        for der in &certificates {
            all.push(CertificateChoices::Certificate(Certificate::from_der(der)?));
        }
        let econtent = match detached {
            true => None,
            false => Some(Any::encode_from(&OctetStringRef::new(content)?)?),
        };
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA256, None)])?,
            encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent },
            certificates: Some(CertificateSet::try_from(all)?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![info])?,
        };
        ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
    };
    made().map_err(|_| CannotSign)
}
