//! Makes answers: for the sandbox's responder, and for tests. Signing is the caller's: no key comes near.

use std::time::SystemTime;

use super::answer::Status;
use super::question;
use crate::certificate::Certificate;
use crate::der::{self, BadDer, Reader, context, extensions, plain, write, write_time};
use crate::oid;

/// What a question asks, as a responder reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The `CertID`, to be given back as it is.
    pub id: Vec<u8>,
    /// The serial number in it, without zeros before it.
    pub serial: Vec<u8>,
    /// The nonce.
    pub nonce: Option<Vec<u8>>,
}

impl Asked {
    /// Reads a question about one certificate.
    ///
    /// # Errors
    /// It is none.
    pub fn read(bytes: &[u8]) -> Result<Self, BadDer> {
        let mut outer = Reader::new(bytes);
        let mut request = outer.sequence()?.sequence()?;
        outer.end()?;
        request.optional(context(0))?;
        request.optional(context(1))?;
        let mut one = request.sequence()?.sequence()?;
        let id = one.expect(der::SEQUENCE)?;
        let mut inside = id.inside();
        for tag in [der::SEQUENCE, der::OCTET_STRING, der::OCTET_STRING] {
            inside.expect(tag)?;
        }
        let serial = der::without_zeros(inside.expect(der::INTEGER)?.body).to_vec();
        let mut nonce = None;
        if let Some(found) = request.optional(context(2))? {
            let found = extensions(&mut found.inside())?;
            if let Some(one) = found.iter().find(|e| e.oid == oid::OCSP_NONCE) {
                nonce = Some(Reader::new(one.value).expect(der::OCTET_STRING)?.body.to_vec());
            }
        }
        Ok(Self { id: id.whole.to_vec(), serial, nonce })
    }
}

/// An answer that is to be signed.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Whom the answer is about.
    pub asked: &'a Asked,
    /// What is said.
    pub status: Status,
    /// As of when.
    pub this_update: SystemTime,
    /// Until when it holds.
    pub next_update: Option<SystemTime>,
    /// Who answers.
    pub responder: &'a Certificate,
    /// Certificates that go with it, in DER.
    pub certificates: &'a [&'a [u8]],
}

impl Draft<'_> {
    /// The answer in DER. `algorithm` is an `AlgorithmIdentifier` in DER, `sign` makes a signature of that kind over what it is
    /// given.
    ///
    /// # Errors
    /// What `sign` says.
    pub fn sign<E>(
        &self,
        algorithm: &[u8],
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let status = match self.status {
            Status::Good => write(plain(0), &[]),
            Status::Unknown => write(plain(2), &[]),
            Status::Revoked(revoked) => write(context(1), &[&write_time(revoked.at)]),
        };
        let mut single = vec![self.asked.id.clone(), status, write_time(self.this_update)];
        single.extend(self.next_update.map(|at| write(context(0), &[&write_time(at)])));
        let single: Vec<&[u8]> = single.iter().map(Vec::as_slice).collect();
        let list = write(der::SEQUENCE, &[&write(der::SEQUENCE, &single)]);
        let responder = write(context(2), &[&write(der::OCTET_STRING, &[&self.responder.key_sha1])]);
        let nonce = self
            .asked
            .nonce
            .as_deref()
            .map(|nonce| write(context(1), &[&write(der::SEQUENCE, &[&question::nonce(nonce)])]));
        let made = write_time(self.this_update);
        let data = write(der::SEQUENCE, &[&responder, &made, &list, nonce.as_deref().unwrap_or_default()]);
        let signature = sign(&data)?;
        let certificates = match self.certificates {
            [] => Vec::new(),
            list => write(context(0), &[&write(der::SEQUENCE, list)]),
        };
        let signature = write(der::BIT_STRING, &[&[0], &signature]);
        let basic = write(der::SEQUENCE, &[&data, algorithm, &signature, &certificates]);
        let body = write(
            der::SEQUENCE,
            &[&write(der::OID, &[oid::OCSP_BASIC]), &write(der::OCTET_STRING, &[&basic])],
        );
        Ok(write(der::SEQUENCE, &[&write(der::ENUMERATED, &[&[0]]), &write(context(0), &[&body])]))
    }
}

/// An answer that says only why there is none: 1 malformedRequest, 2 internalError, 3 tryLater, 6 unauthorized.
pub fn refusal(status: u8) -> Vec<u8> {
    write(der::SEQUENCE, &[&write(der::ENUMERATED, &[&[status]])])
}
