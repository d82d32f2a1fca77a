//! What a responder answered, and what it is worth.

use std::time::{Duration, SystemTime};

use super::question::Question;
use crate::certificate::Certificate;
use crate::crl::{Reason, Revoked, SKEW, reason};
use crate::der::{self, BadDer, Element, Reader, context, extensions, plain};
use crate::oid;
use crate::signed::{SignatureFault, Signed};

/// An answer that names no end is as good as its age: this much.
const FRESH: Duration = Duration::from_secs(600);
/// So many certificates of an answer are looked at.
const MAX_CERTIFICATES: usize = 4;

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcspFault {
    /// Not an answer, or not in DER.
    #[error("it is no OCSP answer in DER: {0}")]
    Unreadable(#[from] BadDer),
    /// The responder did not understand the question.
    #[error("the responder says malformedRequest")]
    MalformedRequest,
    /// The responder failed.
    #[error("the responder says internalError")]
    InternalError,
    /// Later.
    #[error("the responder says tryLater")]
    TryLater,
    /// It wants questions to be signed.
    #[error("the responder says sigRequired; signed questions are not asked")]
    SigRequired,
    /// It does not serve us, or this issuer.
    #[error("the responder says unauthorized")]
    Unauthorized,
    /// A critical extension is unknown.
    #[error("the answer has a critical extension that is not understood ({oid})")]
    Critical {
        /// Which.
        oid: String,
    },
    /// Nothing about the certificate.
    #[error("the answer is not about this certificate")]
    OtherCertificate,
    /// Neither the issuer nor somebody whom it put in charge.
    #[error("the answer is signed by neither the issuer nor a responder that it put in charge: {0}")]
    Responder(&'static str),
    /// The signature.
    #[error("the answer: {0}")]
    Signature(#[from] SignatureFault),
    /// The nonce is another's.
    #[error("the answer has another nonce: it was made for another question")]
    Nonce,
    /// From the future.
    #[error("the answer comes from the future (thisUpdate)")]
    Future,
    /// Over.
    #[error("the answer is too old (nextUpdate, thisUpdate)")]
    Stale,
    /// Older than one that was seen before.
    #[error("the answer is older than one that was seen before (thisUpdate)")]
    WentBack,
}

/// What is said of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked(Revoked),
    /// The responder does not know it.
    Unknown,
}

/// Whom the issuer put in charge of the answer, and whose own certificate is to be looked at.
#[derive(Debug, Clone)]
pub struct Delegate {
    /// Its certificate.
    pub certificate: Certificate,
}

/// A good answer.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What is said.
    pub status: Status,
    /// As of when.
    pub this_update: SystemTime,
    /// Until when it holds, where it says so.
    pub next_update: Option<SystemTime>,
    /// Whether it was made for this very question.
    pub by_nonce: bool,
    /// The responder, where it is not the issuer and its certificate does not say `ocsp-nocheck`.
    pub unchecked: Option<Delegate>,
}

/// An answer that was read.
#[derive(Debug)]
pub struct Answer {
    bytes: Vec<u8>,
}

/// The parts of a `BasicOCSPResponse`.
struct Parts<'a> {
    signed: Signed<'a>,
    responder: Element<'a>,
    list: Reader<'a>,
    nonce: Option<&'a [u8]>,
    certificates: Option<Reader<'a>>,
}

/// A `SingleResponse`.
struct Single {
    status: Status,
    this_update: SystemTime,
    next_update: Option<SystemTime>,
}

impl Answer {
    /// Reads an answer in DER.
    ///
    /// # Errors
    /// It is none, or the responder says in it why it does not answer.
    pub fn read(bytes: &[u8]) -> Result<Self, OcspFault> {
        let mut outer = Reader::new(bytes);
        let mut inside = outer.sequence()?;
        outer.end()?;
        match inside.expect(der::ENUMERATED)?.body {
            [0] => {}
            [1] => return Err(OcspFault::MalformedRequest),
            [2] => return Err(OcspFault::InternalError),
            [3] => return Err(OcspFault::TryLater),
            [5] => return Err(OcspFault::SigRequired),
            [6] => return Err(OcspFault::Unauthorized),
            _ => return Err(BadDer("its status is unknown").into()),
        }
        let mut body = inside.expect(context(0))?.inside().sequence()?;
        inside.end()?;
        if body.expect(der::OID)?.body != oid::OCSP_BASIC {
            return Err(BadDer("its type is unknown").into());
        }
        let basic = body.expect(der::OCTET_STRING)?.body;
        body.end()?;
        let answer = Self { bytes: basic.to_vec() };
        answer.parts()?;
        Ok(answer)
    }

    fn parts(&self) -> Result<Parts<'_>, OcspFault> {
        let mut outer = Reader::new(&self.bytes);
        let mut inside = outer.sequence()?;
        outer.end()?;
        let signed = Signed::read(&mut inside)?;
        let certificates = match inside.optional(context(0))? {
            Some(list) => Some(list.inside().sequence()?),
            None => None,
        };
        inside.end()?;
        let mut data = signed.content.inside();
        data.optional(context(0))?;
        let responder = data.any()?;
        data.expect(der::GENERALIZED_TIME)?;
        let list = data.sequence()?;
        let mut nonce = None;
        if let Some(found) = data.optional(context(1))? {
            for extension in extensions(&mut found.inside())? {
                match extension.oid {
                    oid::OCSP_NONCE => {
                        // Some responders leave the inner OCTET STRING out.
                        let inner = Reader::new(extension.value).expect(der::OCTET_STRING);
                        nonce = Some(inner.map_or(extension.value, |inner| inner.body));
                    }
                    _ if extension.critical => {
                        return Err(OcspFault::Critical { oid: extension.dotted() });
                    }
                    _ => {}
                }
            }
        }
        data.end()?;
        Ok(Parts { signed, responder, list, nonce, certificates })
    }

    /// Judges it as the answer to `question` about a certificate of `issuer`. `last` is the latest `thisUpdate` that was
    /// seen in an answer about it.
    ///
    /// # Errors
    /// [`OcspFault`]: it says nothing that could be relied on.
    pub fn judge(
        &self,
        question: &Question,
        issuer: &Certificate,
        now: SystemTime,
        last: Option<SystemTime>,
    ) -> Result<Judged, OcspFault> {
        let parts = self.parts()?;
        let single = parts.about(question)?;
        let unchecked = parts.check_responder(issuer, now)?;
        let by_nonce = match parts.nonce {
            Some(nonce) if nonce == question.nonce => true,
            Some(_) => return Err(OcspFault::Nonce),
            // Answers that are made beforehand carry none; these are judged by their age.
            None => false,
        };
        if single.this_update > now + SKEW {
            return Err(OcspFault::Future);
        }
        let until = single.next_update.unwrap_or(single.this_update + FRESH);
        if until + SKEW < now {
            return Err(OcspFault::Stale);
        }
        if !by_nonce && last.is_some_and(|last| single.this_update < last) {
            return Err(OcspFault::WentBack);
        }
        let Single { status, this_update, next_update } = single;
        Ok(Judged { status, this_update, next_update, by_nonce, unchecked })
    }
}

impl Parts<'_> {
    /// What is said of the certificate that was asked about.
    fn about(&self, question: &Question) -> Result<Single, OcspFault> {
        let mut list = self.list;
        while !list.is_empty() {
            let mut one = list.sequence()?;
            let id = one.expect(der::SEQUENCE)?;
            if !question.is_meant_by(id) {
                continue;
            }
            let said = one.any()?;
            let status = match said.tag {
                tag if tag == plain(0) => Status::Good,
                tag if tag == plain(2) => Status::Unknown,
                tag if tag == context(1) => {
                    let mut info = said.inside();
                    let at = info.time()?;
                    let code = match info.optional(context(0))? {
                        Some(code) => reason(&mut code.inside())?,
                        None => 0,
                    };
                    info.end()?;
                    // Whatever the reason is: the responder says that it is revoked.
                    Status::Revoked(Revoked { at, reason: Reason::read(code).unwrap_or(Reason::Unspecified) })
                }
                _ => return Err(BadDer("a status is unknown").into()),
            };
            let this_update = one.time()?;
            let next_update = match one.optional(context(0))? {
                Some(time) => Some(time.inside().time()?),
                None => None,
            };
            if let Some(found) = one.optional(context(1))?
                && let Some(unknown) = extensions(&mut found.inside())?.iter().find(|e| e.critical)
            {
                return Err(OcspFault::Critical { oid: unknown.dotted() });
            }
            one.end()?;
            return Ok(Single { status, this_update, next_update });
        }
        Err(OcspFault::OtherCertificate)
    }

    /// Whether a `ResponderID` means the holder of this certificate.
    fn is_named(&self, certificate: &Certificate) -> bool {
        let mut inside = self.responder.inside();
        match self.responder.tag {
            tag if tag == context(1) => inside.any().is_ok_and(|name| name.whole == certificate.subject),
            tag if tag == context(2) => {
                inside.expect(der::OCTET_STRING).is_ok_and(|hash| hash.body == certificate.key_sha1)
            }
            _ => false,
        }
    }

    /// The issuer itself, or somebody whom the issuer itself put in charge (RFC 6960 §4.2.2.2).
    fn check_responder(&self, issuer: &Certificate, now: SystemTime) -> Result<Option<Delegate>, OcspFault> {
        if self.is_named(issuer) {
            self.signed.check(&issuer.key)?;
            return Ok(None);
        }
        let Some(mut list) = self.certificates else {
            return Err(OcspFault::Responder("it brings no certificate of the responder"));
        };
        let mut looked_at = 0;
        while !list.is_empty() && looked_at < MAX_CERTIFICATES {
            looked_at += 1;
            let certificate = Certificate::read(list.expect(der::SEQUENCE)?.whole)?;
            if !self.is_named(&certificate) {
                continue;
            }
            if certificate.issuer != issuer.subject || certificate.check_issued_by(issuer).is_err() {
                return Err(OcspFault::Responder("the responder's certificate comes from another issuer"));
            }
            if !certificate.ocsp_signing {
                return Err(OcspFault::Responder("its certificate is not one for OCSP (id-kp-OCSPSigning)"));
            }
            if !certificate.may_sign() {
                return Err(OcspFault::Responder("its certificate does not allow it to sign"));
            }
            if now < certificate.not_before || now > certificate.not_after {
                return Err(OcspFault::Responder("its certificate is not valid now"));
            }
            self.signed.check(&certificate.key)?;
            return Ok((!certificate.ocsp_nocheck).then_some(Delegate { certificate }));
        }
        Err(OcspFault::Responder("none of its certificates is the responder's"))
    }
}
