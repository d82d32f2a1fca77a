//! The key and certificate that a DP signs with.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{self, KeyPair as _};
use base64_simd::STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::trust::{CertificateError, ParsedCertificate, SignerInfo, read_certificates};

/// An RSA key and its certificate. The key does not show in `Debug`.
pub struct Signer {
    key: KeyPair,
    certificate: String,
    info: SignerInfo,
}

/// Why a key and a certificate cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSigner {
    /// The key cannot be read.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#8 or PKCS#1, PEM or DER")]
    Key,
    /// The certificate cannot be used.
    #[error("the certificate cannot be used to sign: {0}")]
    Certificate(#[from] CertificateError),
    /// They are not a pair.
    #[error("the certificate is of another key than the private key given")]
    Pair,
}

impl Signer {
    /// Takes an RSA private key (≥ 2048 bits; PKCS#8 or PKCS#1, PEM or DER) and its certificate (PEM or DER).
    /// Further certificates in the PEM (intermediates) go into the package as well.
    ///
    /// # Errors
    /// [`BadSigner`].
    pub fn new(private_key: &[u8], certificate: &[u8]) -> Result<Self, BadSigner> {
        let der = PrivateKeyDer::from_pem_slice(private_key);
        let key = match &der {
            Ok(PrivateKeyDer::Pkcs8(key)) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => KeyPair::from_der(key.secret_pkcs1_der()),
            Ok(_) => return Err(BadSigner::Key),
            Err(_) => KeyPair::from_pkcs8(private_key).or_else(|_| KeyPair::from_der(private_key)),
        }
        .map_err(|_| BadSigner::Key)?;
        if key.public_modulus_len() < 256 {
            return Err(BadSigner::Key);
        }
        let certificates = read_certificates(certificate).ok_or(CertificateError::Unreadable)?;
        let parsed = ParsedCertificate::new(certificates.first().ok_or(CertificateError::Unreadable)?)?;
        if parsed.rsa_public_key != key.public_key().as_ref() {
            return Err(BadSigner::Pair);
        }
        Ok(Self { key, certificate: certificates.iter().map(pem).collect(), info: parsed.info })
    }

    /// Whose certificate it is.
    pub fn info(&self) -> &SignerInfo {
        &self.info
    }

    /// The certificate as it goes into the package, PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The certificate and those that came with it, DER.
    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        read_certificates(self.certificate.as_bytes()).expect("they were read when the signer was made")
    }

    /// SHA256withRSA, PKCS#1 v1.5.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        let mut out = vec![0; self.key.public_modulus_len()];
        // PKCS#1 v1.5 has no salt: the generator is asked for nothing.
        self.key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("subject", &self.info.subject).finish_non_exhaustive()
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode_to_string(certificate);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|&byte| char::from(byte)));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}
