//! What revocation needs to know of a certificate (RFC 5280 §4).

use std::time::SystemTime;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_cert::der::Decode as _;
use x509_cert::name::Name;

use crate::der::{self, BadDer, Element, Reader, context, extensions, plain};
use crate::oid;
use crate::signed::{SignatureFault, Signed};

/// So many addresses of one kind are looked at.
const MAX_ADDRESSES: usize = 4;
/// Longest address.
const MAX_ADDRESS: usize = 1_024;

/// A certificate, as far as revocation goes.
#[derive(Debug, Clone)]
pub struct Certificate {
    bytes: Vec<u8>,
    /// Issuer, as it stands there.
    pub(crate) issuer: Vec<u8>,
    /// Subject, as it stands there.
    pub(crate) subject: Vec<u8>,
    /// Serial number without zeros before it.
    pub(crate) serial: Vec<u8>,
    /// `SubjectPublicKeyInfo` with its tag.
    pub(crate) key: Vec<u8>,
    /// SHA-1 of the bits of the key: how OCSP names keys.
    pub(crate) key_sha1: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) is_ca: bool,
    usage: Option<u16>,
    pub(crate) ocsp_signing: bool,
    pub(crate) ocsp_nocheck: bool,
    /// Where its issuer answers OCSP: http(s) addresses.
    pub(crate) ocsp: Vec<String>,
    /// Where its issuer publishes revocation lists that are whole: http(s) addresses.
    pub(crate) crl: Vec<String>,
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// It is none.
    pub fn read(bytes: &[u8]) -> Result<Self, BadDer> {
        let mut outer = Reader::new(bytes);
        let mut inside = outer.sequence()?;
        outer.end()?;
        let signed = Signed::read(&mut inside)?;
        inside.end()?;
        let mut tbs = signed.content.inside();
        tbs.optional(context(0))?;
        let serial = der::without_zeros(tbs.expect(der::INTEGER)?.body).to_vec();
        tbs.expect(der::SEQUENCE)?;
        let issuer = tbs.expect(der::SEQUENCE)?.whole.to_vec();
        let mut validity = tbs.sequence()?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.end()?;
        let subject = tbs.expect(der::SEQUENCE)?.whole.to_vec();
        let key = tbs.expect(der::SEQUENCE)?;
        let mut of_key = key.inside();
        of_key.expect(der::SEQUENCE)?;
        let bits = of_key.expect(der::BIT_STRING)?.bytes_of_bits()?;
        let mut read = Self {
            bytes: bytes.to_vec(),
            issuer,
            subject,
            serial,
            key: key.whole.to_vec(),
            key_sha1: digest(&SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec(),
            not_before,
            not_after,
            is_ca: false,
            usage: None,
            ocsp_signing: false,
            ocsp_nocheck: false,
            ocsp: Vec::new(),
            crl: Vec::new(),
        };
        tbs.optional(plain(1))?;
        tbs.optional(plain(2))?;
        if let Some(list) = tbs.optional(context(3))? {
            read.extensions(list)?;
        }
        tbs.end()?;
        Ok(read)
    }

    /// Reads a certificate in PEM, the first of a file.
    ///
    /// # Errors
    /// There is none.
    pub fn read_pem(bytes: &[u8]) -> Result<Self, BadDer> {
        let der = CertificateDer::from_pem_slice(bytes).map_err(|_| BadDer("no certificate in PEM"))?;
        Self::read(&der)
    }

    fn extensions(&mut self, list: Element<'_>) -> Result<(), BadDer> {
        for extension in extensions(&mut list.inside())? {
            let mut value = Reader::new(extension.value);
            match extension.oid {
                oid::KEY_USAGE => self.usage = Some(usage_bits(value.expect(der::BIT_STRING)?)?),
                oid::BASIC_CONSTRAINTS => {
                    self.is_ca =
                        value.sequence()?.optional(der::BOOLEAN)?.map_or(Ok(false), Element::boolean)?;
                }
                oid::EXTENDED_USAGE => {
                    let mut purposes = value.sequence()?;
                    while !purposes.is_empty() {
                        self.ocsp_signing |= purposes.expect(der::OID)?.body == oid::OCSP_SIGNING;
                    }
                }
                oid::OCSP_NOCHECK => self.ocsp_nocheck = true,
                oid::AUTHORITY_ACCESS => {
                    let mut list = value.sequence()?;
                    while !list.is_empty() {
                        let mut one = list.sequence()?;
                        let method = one.expect(der::OID)?.body;
                        let place = one.any()?;
                        if method == oid::OCSP {
                            self.ocsp.extend(web_address(place));
                        }
                    }
                }
                oid::CRL_POINTS => {
                    let mut list = value.sequence()?;
                    while !list.is_empty() {
                        let mut one = list.sequence()?;
                        let name = one.optional(context(0))?;
                        // A list of some reasons, or one of another issuer, would not tell all.
                        if let Some(name) = name.filter(|_| one.is_empty()) {
                            self.crl.extend(full_names(name)?);
                        }
                    }
                }
                _ => {}
            }
        }
        self.ocsp.truncate(MAX_ADDRESSES);
        self.crl.truncate(MAX_ADDRESSES);
        Ok(())
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.bytes
    }

    /// Its serial number without zeros before it.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Its subject as RFC 4514 text.
    pub fn subject(&self) -> String {
        text(&self.subject)
    }

    /// Its issuer as RFC 4514 text.
    pub fn issuer(&self) -> String {
        text(&self.issuer)
    }

    /// Where it says that OCSP is answered; http(s) only.
    pub fn ocsp_addresses(&self) -> &[String] {
        &self.ocsp
    }

    /// Where it says that revocation lists lie; http(s) only.
    pub fn crl_addresses(&self) -> &[String] {
        &self.crl
    }

    /// Whether it was issued by itself.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether its key may sign revocation lists, as far as it says.
    pub(crate) fn may_sign_lists(&self) -> bool {
        // Bit 6 of KeyUsage.
        self.usage.is_none_or(|usage| usage & 0x0200 != 0)
    }

    /// Whether its key may sign answers, as far as it says.
    pub(crate) fn may_sign(&self) -> bool {
        // Bit 0 of KeyUsage.
        self.usage.is_none_or(|usage| usage & 0x8000 != 0)
    }

    /// Whether `issuer`'s key signed it.
    pub(crate) fn check_issued_by(&self, issuer: &Self) -> Result<(), SignatureFault> {
        let mut outer = Reader::new(&self.bytes);
        let signed = outer.sequence().and_then(|mut inside| Signed::read(&mut inside));
        signed.map_err(|_| SignatureFault::Wrong)?.check(&issuer.key)
    }
}

/// A name as RFC 4514 text.
fn text(name: &[u8]) -> String {
    Name::from_der(name).map_or_else(|_| "a name that cannot be read".to_owned(), |name| name.to_string())
}

/// The first sixteen bits, bit 0 first.
fn usage_bits(bits: Element<'_>) -> Result<u16, BadDer> {
    let (_, bytes) = bits.body.split_first().ok_or(BadDer("a bit string is empty"))?;
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0));
    Ok(byte(0) << 8 | byte(1))
}

/// A `GeneralName` that is an http(s) address.
fn web_address(name: Element<'_>) -> Option<String> {
    let text = std::str::from_utf8(name.body).ok().filter(|text| text.len() <= MAX_ADDRESS)?;
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let web = lower.starts_with("http://") || lower.starts_with("https://");
    (name.tag == plain(6) && web).then(|| text.to_owned())
}

/// The http(s) addresses of a `DistributionPointName` (inside its `[0]`).
pub(crate) fn full_names(name: Element<'_>) -> Result<Vec<String>, BadDer> {
    let mut found = Vec::new();
    if let Some(full) = name.inside().optional(context(0))? {
        let mut names = full.inside();
        while !names.is_empty() {
            found.extend(web_address(names.any()?));
        }
    }
    Ok(found)
}
