//! Which certificates a DP may sign with (R131, PROTOCOL.md §7).
//!
//! Owns parsing, validity, chain, revocation and registration of a signer's certificate. Refuses to fetch anything:
//! CRL and OCSP are behind [`Revocation`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::KeyUsage;

/// What is known about a certificate's revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// Nobody answered.
    Unknown,
}

/// Tells whether a certificate is revoked, by CRL or OCSP.
pub trait Revocation: Send + Sync {
    /// `chain` is the verified chain in DER: the signer's certificate first, then each certificate's issuer, the root
    /// last. It has at least two members; the two are the same when the signer's certificate is itself a root.
    fn status(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> RevocationStatus;
}

/// Asks nobody: every certificate counts as not revoked. For the sandbox and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRevocationCheck;

impl Revocation for NoRevocationCheck {
    fn status(&self, _chain: &[CertificateDer<'_>], _now: SystemTime) -> RevocationStatus {
        RevocationStatus::Good
    }
}

/// What to do with a package when the revocation of its certificate cannot be learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnknownRevocation {
    /// Refuse it.
    #[default]
    Refuse,
    /// Accept it.
    Accept,
}

/// Why certificates given as configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTrust {
    /// None inside.
    #[error("no certificate found; PEM (one or more) or DER (one) is expected")]
    Empty,
    /// Not a certificate.
    #[error("certificate {position} cannot be read: {reason}")]
    Unreadable {
        /// Counted from 1.
        position: usize,
        /// Why.
        reason: String,
    },
}

/// Why a signer's certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not X.509 in PEM or DER.
    #[error("it is neither PEM nor DER of an X.509 certificate")]
    Unreadable,
    /// The key is not RSA, or too short.
    #[error("its key is not RSA of at least 2048 bits")]
    Key,
    /// Its key usage is something else.
    #[error("its key usage allows neither digitalSignature nor nonRepudiation")]
    Usage,
    /// Used too early.
    #[error("it is not valid before {from}")]
    NotYetValid {
        /// RFC 3339.
        from: String,
    },
    /// Used too late.
    #[error("it expired at {until}")]
    Expired {
        /// RFC 3339.
        until: String,
    },
    /// No path to a configured root.
    #[error("it does not chain to a configured root: {reason}")]
    Untrusted {
        /// What the path search found.
        reason: String,
    },
    /// Revoked.
    #[error("it is revoked")]
    Revoked,
    /// Nobody told whether it is revoked, and the setting says to refuse then.
    #[error("neither CRL nor OCSP told whether it is revoked")]
    RevocationUnknown,
    /// Another one is registered for the dataset.
    #[error("it is not the one registered for the dataset")]
    NotRegistered,
}

impl CertificateError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        match self {
            Self::Unreadable => "無法解析,應為 PEM 或 DER 格式的 X.509 憑證".to_owned(),
            Self::Key => "金鑰不是 2048 位元以上的 RSA".to_owned(),
            Self::Usage => "金鑰用途不包含數位簽章或不可否認".to_owned(),
            Self::NotYetValid { from } => format!("尚未生效,生效時間為 {from}"),
            Self::Expired { until } => format!("已於 {until} 到期"),
            Self::Untrusted { .. } => "並非由信任的憑證機構簽發".to_owned(),
            Self::Revoked => "已被廢止".to_owned(),
            Self::RevocationUnknown => "無法由 CRL 或 OCSP 確認是否已被廢止".to_owned(),
            Self::NotRegistered => "與此資料集登錄的憑證不同".to_owned(),
        }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerInfo {
    /// Subject as RFC 4514 text.
    pub subject: String,
    /// Issuer as RFC 4514 text.
    pub issuer: String,
    /// Serial number, upper-case hexadecimal, bytes separated by colons.
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

/// The roots, intermediates and settings that a signer's certificate is judged by. Cheap to clone.
#[derive(Clone)]
pub struct Trust {
    roots: Arc<[(CertificateDer<'static>, TrustAnchor<'static>)]>,
    intermediates: Arc<[CertificateDer<'static>]>,
    pinned: Option<[u8; 32]>,
    revocation: Arc<dyn Revocation>,
    on_unknown: OnUnknownRevocation,
}

impl Trust {
    /// Trusts the roots in `roots` (PEM bundle, or one certificate in DER).
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn new(roots: &[u8], revocation: Arc<dyn Revocation>) -> Result<Self, BadTrust> {
        let mut anchored = Vec::new();
        for (index, root) in configured(roots)?.into_iter().enumerate() {
            let anchor = webpki::anchor_from_trusted_cert(&root)
                .map_err(|e| BadTrust::Unreadable { position: index + 1, reason: e.to_string() })?
                .to_owned();
            anchored.push((root, anchor));
        }
        Ok(Self {
            roots: anchored.into(),
            intermediates: Arc::new([]),
            pinned: None,
            revocation,
            on_unknown: OnUnknownRevocation::default(),
        })
    }

    /// Adds certificates that may stand between a signer and a root; many DP packages carry only the signer's.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn with_intermediates(self, bundle: &[u8]) -> Result<Self, BadTrust> {
        let mut all = self.intermediates.to_vec();
        all.extend(configured(bundle)?);
        Ok(Self { intermediates: all.into(), ..self })
    }

    /// Accepts only this certificate (PEM or DER): the one registered for the dataset. It must still chain to a root.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn pinned(&self, certificate: &[u8]) -> Result<Self, BadTrust> {
        let registered = configured(certificate)?;
        Ok(Self { pinned: Some(sha256(&registered[0])), ..self.clone() })
    }

    /// Sets what happens when revocation cannot be learnt; to refuse is the default.
    #[must_use]
    pub fn on_unknown_revocation(self, setting: OnUnknownRevocation) -> Self {
        Self { on_unknown: setting, ..self }
    }

    /// The same, with another teller of revocation.
    #[must_use]
    pub fn with_revocation(self, revocation: Arc<dyn Revocation>) -> Self {
        Self { revocation, ..self }
    }

    /// The chain of a signer's certificate: readable, valid now, from a root. The signer's certificate first, the root last.
    /// Of revocation nothing is said: with the chain it can be learnt beforehand, for [`Trust::with_revocation`].
    ///
    /// # Errors
    /// Why it is refused.
    pub fn chain_of(
        &self,
        file: &[u8],
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        self.chained(file, now).map(|(_, chain)| chain)
    }

    /// The chain of a person's certificate, whatever the kind of its key: readable, valid now, from a root. `sent` may help to
    /// build it. Of revocation nothing is said.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn chain_of_person(
        &self,
        certificate: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::Unreadable)?;
        check_validity(&parsed.tbs_certificate.validity, now)?;
        self.chain(certificate, sent, now)
    }

    /// Judges a certificate that is to be registered: readable, valid now, from a root, not revoked.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn accepts(&self, file: &[u8], now: SystemTime) -> Result<SignerInfo, CertificateError> {
        self.judge(file, now).map(|signature| signature.info)
    }

    /// Judges a signer's certificate, in PROTOCOL.md §7's order: it parses, is in its validity, chains to a root, is
    /// not revoked, is the registered one. `file` is the content of `certificate.cer`; further certificates in it may
    /// help to build the chain.
    pub(crate) fn judge(&self, file: &[u8], now: SystemTime) -> Result<Signature, CertificateError> {
        let (signer, mut chain) = self.chained(file, now)?;
        let revocation_unknown = match self.revocation.status(&chain, now) {
            RevocationStatus::Good => false,
            RevocationStatus::Revoked => return Err(CertificateError::Revoked),
            RevocationStatus::Unknown if self.on_unknown == OnUnknownRevocation::Accept => true,
            RevocationStatus::Unknown => return Err(CertificateError::RevocationUnknown),
        };
        if self.pinned.is_some_and(|pinned| pinned != signer.info.certificate_sha256) {
            return Err(CertificateError::NotRegistered);
        }
        let certificate = chain.swap_remove(0);
        let modulus_len = signer.modulus_len;
        Ok(Signature { certificate, modulus_len, info: signer.info, revocation_unknown })
    }

    fn chained(
        &self,
        file: &[u8],
        now: SystemTime,
    ) -> Result<(ParsedCertificate, Vec<CertificateDer<'static>>), CertificateError> {
        let certificates = read_certificates(file).ok_or(CertificateError::Unreadable)?;
        let (der, sent) = certificates.split_first().ok_or(CertificateError::Unreadable)?;
        let signer = ParsedCertificate::new(der)?;
        signer.check_validity(now)?;
        let chain = self.chain(der, sent, now)?;
        Ok((signer, chain))
    }

    fn chain(
        &self,
        der: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        let untrusted = |e: webpki::Error| CertificateError::Untrusted { reason: e.to_string() };
        let end_entity = EndEntityCert::try_from(der).map_err(untrusted)?;
        let anchors: Vec<TrustAnchor<'_>> = self.roots.iter().map(|(_, anchor)| anchor.clone()).collect();
        let between: Vec<CertificateDer<'_>> =
            sent.iter().chain(self.intermediates.iter()).cloned().collect();
        let time = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO));
        let path = end_entity
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &between, time, AnyUsage, None, None)
            .map_err(untrusted)?;
        let mut chain = vec![der.clone().into_owned()];
        chain.extend(path.intermediate_certificates().map(|c| c.der().into_owned()));
        let anchor = path.anchor();
        let root = self.roots.iter().find(|(_, a)| {
            a.subject == anchor.subject && a.subject_public_key_info == anchor.subject_public_key_info
        });
        chain.extend(root.map(|(der, _)| der.clone()));
        Ok(chain)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("roots", &self.roots.len())
            .field("intermediates", &self.intermediates.len())
            .field("pinned", &self.pinned.is_some())
            .field("on_unknown", &self.on_unknown)
            .finish_non_exhaustive()
    }
}

/// What a certificate says of itself, whoever issued it.
///
/// # Errors
/// It is no certificate that packages can be signed with.
pub fn describe(file: &[u8]) -> Result<SignerInfo, CertificateError> {
    let certificates = read_certificates(file).ok_or(CertificateError::Unreadable)?;
    ParsedCertificate::new(certificates.first().ok_or(CertificateError::Unreadable)?).map(|c| c.info)
}

/// A signer's certificate that was judged good; checks signatures made with its key.
pub(crate) struct Signature {
    certificate: CertificateDer<'static>,
    pub(crate) modulus_len: usize,
    pub(crate) info: SignerInfo,
    pub(crate) revocation_unknown: bool,
}

impl Signature {
    /// Checks a SHA256withRSA (PKCS#1 v1.5) signature over `message`.
    pub(crate) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        EndEntityCert::try_from(&self.certificate).is_ok_and(|certificate| {
            certificate
                .verify_signature(webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok()
        })
    }
}

/// Signers' certificates name their purposes in many ways, or not at all.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, iter: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        for purpose in iter {
            purpose?;
        }
        Ok(())
    }
}

/// What this crate looks at in a certificate.
pub(crate) struct ParsedCertificate {
    pub(crate) info: SignerInfo,
    /// `RSAPublicKey` in DER.
    pub(crate) rsa_public_key: Vec<u8>,
    modulus_len: usize,
    validity: x509_cert::time::Validity,
}

impl ParsedCertificate {
    pub(crate) fn new(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed = Certificate::from_der(der).map_err(|_| CertificateError::Unreadable)?;
        let tbs = &parsed.tbs_certificate;
        let key = tbs.subject_public_key_info.subject_public_key.raw_bytes();
        let rsa = x509_cert::der::asn1::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        let modulus_len = modulus_len(key).ok_or(CertificateError::Key)?;
        if tbs.subject_public_key_info.algorithm.oid != rsa || modulus_len < 256 {
            return Err(CertificateError::Key);
        }
        if let Some((_, usage)) = tbs.get::<KeyUsage>().map_err(|_| CertificateError::Unreadable)?
            && !usage.digital_signature()
            && !usage.non_repudiation()
        {
            return Err(CertificateError::Usage);
        }
        let spki = tbs.subject_public_key_info.to_der().map_err(|_| CertificateError::Unreadable)?;
        let info = SignerInfo {
            subject: tbs.subject.to_string(),
            issuer: tbs.issuer.to_string(),
            serial: tbs.serial_number.to_string(),
            not_before: tbs.validity.not_before.to_system_time(),
            not_after: tbs.validity.not_after.to_system_time(),
            certificate_sha256: sha256(der),
            spki_sha256: sha256(&spki),
        };
        Ok(Self { info, rsa_public_key: key.to_vec(), modulus_len, validity: tbs.validity })
    }

    fn check_validity(&self, now: SystemTime) -> Result<(), CertificateError> {
        check_validity(&self.validity, now)
    }
}

fn check_validity(validity: &x509_cert::time::Validity, now: SystemTime) -> Result<(), CertificateError> {
    if now < validity.not_before.to_system_time() {
        return Err(CertificateError::NotYetValid { from: validity.not_before.to_date_time().to_string() });
    }
    if now > validity.not_after.to_system_time() {
        return Err(CertificateError::Expired { until: validity.not_after.to_date_time().to_string() });
    }
    Ok(())
}

/// Bytes of the modulus of an `RSAPublicKey`.
fn modulus_len(key: &[u8]) -> Option<usize> {
    use x509_cert::der::asn1::UintRef;
    use x509_cert::der::{Reader, SliceReader};
    let mut reader = SliceReader::new(key).ok()?;
    reader
        .sequence(|inner| {
            let modulus = UintRef::decode(inner)?;
            UintRef::decode(inner)?;
            Ok(modulus.as_bytes().len())
        })
        .ok()
}

/// The certificates in a PEM bundle, or the one that the bytes are in DER. `None` when there is none or one is broken.
pub(crate) fn read_certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // DER of a certificate begins with a SEQUENCE of a long length.
    if bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(&[0x30, 0x81]) {
        return Some(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let found: Vec<_> = CertificateDer::pem_slice_iter(bytes).collect::<Result<_, _>>().ok()?;
    (!found.is_empty()).then_some(found)
}

fn configured(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadTrust> {
    let found = read_certificates(bytes).ok_or(BadTrust::Empty)?;
    for (index, der) in found.iter().enumerate() {
        Certificate::from_der(der)
            .map_err(|e| BadTrust::Unreadable { position: index + 1, reason: e.to_string() })?;
    }
    Ok(found)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}
