//! What certificates, revocation lists and OCSP answers have in common: content, algorithm, signature.

use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::{ALL_VERIFICATION_ALGS, RawPublicKeyEntity};

use crate::der::{self, BadDer, Element, Reader};

/// A signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// SHA-1, an unknown one, or one that does not go with the key.
    #[error(
        "it is signed by an algorithm that is not accepted ({algorithm}); RSA of 2048 bits or more or ECDSA, with SHA-256 or better, is"
    )]
    Algorithm {
        /// Its identifier.
        algorithm: String,
    },
    /// Made by another key, or over other content.
    #[error("its signature does not hold")]
    Wrong,
}

/// `SEQUENCE { content, algorithm, signature }`, and what may follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The content with its tag: these bytes are signed.
    pub(crate) content: Element<'a>,
    /// Inside of the `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads the three from inside their SEQUENCE.
    pub(crate) fn read(inside: &mut Reader<'a>) -> Result<Self, BadDer> {
        let content = inside.expect(der::SEQUENCE)?;
        let algorithm = inside.expect(der::SEQUENCE)?.body;
        let signature = inside.expect(der::BIT_STRING)?.bytes_of_bits()?;
        Ok(Self { content, algorithm, signature })
    }

    /// Checks the signature by a key, a `SubjectPublicKeyInfo` with its tag.
    pub(crate) fn check(&self, key: &[u8]) -> Result<(), SignatureFault> {
        let key = SubjectPublicKeyInfoDer::from(key);
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| SignatureFault::Wrong)?;
        let mut known = false;
        for algorithm in ALL_VERIFICATION_ALGS {
            if algorithm.signature_alg_id().as_ref() != self.algorithm {
                continue;
            }
            match key.verify_signature(*algorithm, self.content.whole, self.signature) {
                Ok(()) => return Ok(()),
                Err(webpki::Error::InvalidSignatureForPublicKey) => known = true,
                // For a key of another kind or curve.
                Err(_) => {}
            }
        }
        if known {
            return Err(SignatureFault::Wrong);
        }
        let oid = Reader::new(self.algorithm).expect(der::OID).map_or(&[][..], |oid| oid.body);
        Err(SignatureFault::Algorithm { algorithm: der::dotted(oid) })
    }
}
