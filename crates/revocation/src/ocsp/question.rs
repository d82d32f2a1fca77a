//! What a responder is asked.

use aws_lc_rs::digest::{self, digest};
use mydata_wire::Random;

use crate::certificate::Certificate;
use crate::der::{self, Element, Reader, context, write, write_number};
use crate::oid;

/// Media type of a question.
pub const REQUEST_TYPE: &str = "application/ocsp-request";
/// Media type of an answer.
pub const RESPONSE_TYPE: &str = "application/ocsp-response";

/// Bytes of a nonce.
pub const NONCE: usize = 32;

/// A question about one certificate.
#[derive(Debug, Clone)]
pub struct Question {
    pub(crate) issuer_name: Vec<u8>,
    /// The bits of the issuer's key.
    pub(crate) issuer_key: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) nonce: [u8; NONCE],
}

impl Question {
    /// Asks about `certificate`, which `issuer` issued.
    pub fn about(certificate: &Certificate, issuer: &Certificate, random: &dyn Random) -> Self {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        Self {
            issuer_name: issuer.subject.clone(),
            issuer_key: key_bits(&issuer.key).to_vec(),
            serial: certificate.serial.clone(),
            nonce,
        }
    }

    /// The question in DER. SHA-1 names the issuer, as every responder understands it; nothing hangs on its strength.
    pub fn der(&self) -> Vec<u8> {
        let hash =
            |bytes| write(der::OCTET_STRING, &[digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref()]);
        let algorithm = write(der::SEQUENCE, &[&write(der::OID, &[oid::SHA1]), &write(der::NULL, &[])]);
        let id = write(
            der::SEQUENCE,
            &[&algorithm, &hash(&self.issuer_name), &hash(&self.issuer_key), &write_number(&self.serial)],
        );
        let list = write(der::SEQUENCE, &[&write(der::SEQUENCE, &[&id])]);
        let extensions = write(der::SEQUENCE, &[&nonce(&self.nonce)]);
        write(der::SEQUENCE, &[&write(der::SEQUENCE, &[&list, &write(context(2), &[&extensions])])])
    }

    /// Whether a `CertID` means this certificate, by whichever hash it is named.
    pub(crate) fn is_meant_by(&self, id: Element<'_>) -> bool {
        let read = || {
            let mut id = id.inside();
            let algorithm = id.sequence()?.expect(der::OID)?.body;
            let name = id.expect(der::OCTET_STRING)?.body;
            let key = id.expect(der::OCTET_STRING)?.body;
            let serial = der::without_zeros(id.expect(der::INTEGER)?.body);
            id.end()?;
            Ok::<_, der::BadDer>((algorithm, name, key, serial))
        };
        let Ok((algorithm, name, key, serial)) = read() else { return false };
        let algorithm = match algorithm {
            oid::SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            oid::SHA256 => &digest::SHA256,
            oid::SHA384 => &digest::SHA384,
            oid::SHA512 => &digest::SHA512,
            _ => return false,
        };
        serial == self.serial
            && digest(algorithm, &self.issuer_name).as_ref() == name
            && digest(algorithm, &self.issuer_key).as_ref() == key
    }
}

/// The extension that a nonce travels in.
pub(super) fn nonce(bytes: &[u8]) -> Vec<u8> {
    let value = write(der::OCTET_STRING, &[&write(der::OCTET_STRING, &[bytes])]);
    write(der::SEQUENCE, &[&write(der::OID, &[oid::OCSP_NONCE]), &value])
}

/// The bits of a `SubjectPublicKeyInfo`.
fn key_bits(key: &[u8]) -> &[u8] {
    let bits = || {
        let mut inside = Reader::new(key).sequence()?;
        inside.expect(der::SEQUENCE)?;
        inside.expect(der::BIT_STRING)?.bytes_of_bits()
    };
    // A certificate's key was read so before.
    bits().unwrap_or_default()
}
