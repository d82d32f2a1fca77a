//! Certificate revocation lists (RFC 5280 §5): read, judged and looked into.
//!
//! Refused, each with its reason: delta lists, indirect lists, lists of some reasons only, critical extensions that are not
//! understood, lists that are stale, from the future, or older than one that was seen before.

use std::time::{Duration, SystemTime};

use crate::certificate::{Certificate, full_names};
use crate::der::{self, BadDer, Element, Reader, context, extensions, plain};
use crate::oid;
use crate::signed::{SignatureFault, Signed};

/// How far clocks may differ.
pub(crate) const SKEW: Duration = Duration::from_secs(300);

/// Why a revocation list is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlFault {
    /// Not a list, or not in DER.
    #[error("it is no revocation list in DER: {0}")]
    Unreadable(#[from] BadDer),
    /// Of version 1, which has neither number nor scope.
    #[error("it is of version 1; version 2 is needed")]
    Version,
    /// Two algorithms are named.
    #[error("inside it names another signature algorithm than outside")]
    TwoAlgorithms,
    /// A delta list tells changes only.
    #[error("it is a delta list, which tells only what changed; the base list is needed")]
    Delta,
    /// It lists certificates of several issuers.
    #[error("it is an indirect list, of certificates of several issuers; such lists are not read")]
    Indirect,
    /// It lists some reasons.
    #[error("it lists certificates revoked for some reasons only")]
    SomeReasons,
    /// It lists attribute certificates.
    #[error("it lists attribute certificates only")]
    AttributeCertificates,
    /// A critical extension is unknown.
    #[error("it has a critical extension that is not understood ({oid})")]
    Critical {
        /// Which.
        oid: String,
    },
    /// The reason of delta lists stands in a base list.
    #[error("an entry says removeFromCRL, which may stand in delta lists only")]
    RemoveFromCrl,
    /// From somebody else.
    #[error("it comes from another issuer")]
    OtherIssuer,
    /// The issuer's certificate does not allow it.
    #[error("the issuer's certificate does not allow it to sign revocation lists (cRLSign)")]
    MayNotSign,
    /// The signature.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// From the future.
    #[error("it comes from the future (thisUpdate)")]
    Future,
    /// It does not say until when it holds.
    #[error("it does not say until when it holds (nextUpdate)")]
    NoNextUpdate,
    /// Over.
    #[error("its time is over (nextUpdate)")]
    Stale,
    /// Older than one that was seen before.
    #[error("it is older than one that was seen before (cRLNumber)")]
    WentBack,
    /// The list is about other certificates.
    #[error("it is not about this certificate: {0}")]
    Elsewhere(&'static str),
}

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing was said.
    Unspecified,
    /// The key got into other hands.
    KeyCompromise,
    /// The issuer's key got into other hands.
    CaCompromise,
    /// The holder's name or the like changed.
    AffiliationChanged,
    /// Another took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// Suspended for a while: not to be accepted meanwhile.
    CertificateHold,
    /// A privilege was withdrawn.
    PrivilegeWithdrawn,
    /// The attribute authority's key got into other hands.
    AaCompromise,
}

impl Reason {
    /// Reads an ENUMERATED; `None` for removeFromCRL and what is unknown.
    pub(crate) fn read(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }
}

/// Reads the ENUMERATED that `reader` stands before.
pub(crate) fn reason(reader: &mut Reader<'_>) -> Result<u8, BadDer> {
    match reader.expect(der::ENUMERATED)?.body {
        [code] => Ok(*code),
        _ => Err(BadDer("a reason cannot be read")),
    }
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: SystemTime,
    /// Why.
    pub reason: Reason,
}

/// A list's number; the larger is the later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(Vec<u8>);

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

/// What certificates a list is about (its issuing distribution point).
#[derive(Debug, Clone, Default)]
struct Scope {
    only_users: bool,
    only_cas: bool,
    /// Whether it names where it belongs, and the web addresses among these names.
    names: Option<Vec<String>>,
}

/// A list that was read. Whose it is and whether it holds is for [`Crl::check_issuer`] and [`Crl::check_times`].
#[derive(Debug)]
pub struct Crl {
    bytes: Vec<u8>,
    issuer: Vec<u8>,
    number: Option<Number>,
    this_update: SystemTime,
    next_update: Option<SystemTime>,
    scope: Scope,
    /// Where each entry begins, by serial number: a list of a million entries takes four bytes more for each.
    entries: Vec<u32>,
}

impl Crl {
    /// Reads a list in DER.
    ///
    /// # Errors
    /// [`CrlFault`]: it is none, or one of a kind that is refused.
    pub fn read(bytes: Vec<u8>) -> Result<Self, CrlFault> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(BadDer("it is too large").into());
        }
        let mut outer = Reader::new(&bytes);
        let mut inside = outer.sequence()?;
        outer.end()?;
        let signed = Signed::read(&mut inside)?;
        inside.end()?;
        let mut tbs = signed.content.inside();
        match tbs.optional(der::INTEGER)?.map(|version| version.body) {
            Some([1]) => {}
            None => return Err(CrlFault::Version),
            Some(_) => return Err(BadDer("its version is unknown").into()),
        }
        if tbs.expect(der::SEQUENCE)?.body != signed.algorithm {
            return Err(CrlFault::TwoAlgorithms);
        }
        let issuer = tbs.expect(der::SEQUENCE)?.whole.to_vec();
        let this_update = tbs.time()?;
        let next_update = match tbs.peek() {
            Some(der::UTC_TIME | der::GENERALIZED_TIME) => Some(tbs.time()?),
            _ => None,
        };
        let mut entries = Vec::new();
        if let Some(list) = tbs.optional(der::SEQUENCE)? {
            let mut list = list.inside();
            while !list.is_empty() {
                let entry = list.expect(der::SEQUENCE)?;
                read_entry(entry)?;
                entries.push(u32::try_from(entry.at).map_err(|_| BadDer("it is too large"))?);
            }
        }
        let (mut number, mut scope) = (None, Scope::default());
        if let Some(list) = tbs.optional(context(0))? {
            let mut list = list.inside();
            for extension in extensions(&mut list)? {
                let mut value = Reader::new(extension.value);
                match extension.oid {
                    oid::CRL_NUMBER => number = Some(Number(value.number()?.to_vec())),
                    oid::DELTA_INDICATOR => return Err(CrlFault::Delta),
                    oid::ISSUING_POINT => scope = Scope::read(&mut value)?,
                    oid::AUTHORITY_KEY => {}
                    _ if extension.critical => {
                        return Err(CrlFault::Critical { oid: extension.dotted() });
                    }
                    _ => {}
                }
            }
            list.end()?;
        }
        tbs.end()?;
        entries.sort_by(|a, b| serial_at(&bytes, *a).cmp(serial_at(&bytes, *b)));
        Ok(Self { issuer, number, this_update, next_update, scope, entries, bytes })
    }

    /// Whether `issuer` made it.
    ///
    /// # Errors
    /// It comes from another, or its signature does not hold.
    pub fn check_issuer(&self, issuer: &Certificate) -> Result<(), CrlFault> {
        if self.issuer != issuer.subject {
            return Err(CrlFault::OtherIssuer);
        }
        if !issuer.may_sign_lists() {
            return Err(CrlFault::MayNotSign);
        }
        let signed = Reader::new(&self.bytes).sequence().and_then(|mut inside| Signed::read(&mut inside))?;
        Ok(signed.check(&issuer.key)?)
    }

    /// Whether it holds now, and is not older than one that was seen (`last`).
    ///
    /// # Errors
    /// It is from the future, over, or older.
    pub fn check_times(&self, now: SystemTime, last: Option<&Number>) -> Result<(), CrlFault> {
        if self.this_update > now + SKEW {
            return Err(CrlFault::Future);
        }
        let next = self.next_update.ok_or(CrlFault::NoNextUpdate)?;
        if next + SKEW < now {
            return Err(CrlFault::Stale);
        }
        // Some issuers give no numbers; one that gave them and gives none any more went back, too.
        match (last, &self.number) {
            (Some(last), Some(number)) if number < last => Err(CrlFault::WentBack),
            (Some(_), None) => Err(CrlFault::WentBack),
            _ => Ok(()),
        }
    }

    /// Whether it tells of `certificate`, which names these addresses for it (or they are configured for its issuer).
    ///
    /// # Errors
    /// It is about others: an attacker may offer the good list of somebody else.
    pub fn check_scope(&self, certificate: &Certificate, addresses: &[String]) -> Result<(), CrlFault> {
        if self.scope.only_users && certificate.is_ca {
            return Err(CrlFault::Elsewhere("it lists no certificates of authorities"));
        }
        if self.scope.only_cas && !certificate.is_ca {
            return Err(CrlFault::Elsewhere("it lists certificates of authorities only"));
        }
        match &self.scope.names {
            Some(names) if !names.iter().any(|name| addresses.contains(name)) => {
                Err(CrlFault::Elsewhere("it belongs to another address (issuingDistributionPoint)"))
            }
            _ => Ok(()),
        }
    }

    /// What it says of the certificate with this serial number.
    pub fn find(&self, certificate: &Certificate) -> Option<Revoked> {
        let place = self
            .entries
            .binary_search_by(|at| serial_at(&self.bytes, *at).cmp(certificate.serial.as_slice()))
            .ok()?;
        // Every entry was read before.
        let entry = Reader::new(self.bytes.get(self.entries[place] as usize..)?).any().ok()?;
        read_entry(entry).ok().map(|(_, revoked)| revoked)
    }

    /// Its number.
    pub fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }

    /// When it was made.
    pub fn this_update(&self) -> SystemTime {
        self.this_update
    }

    /// Until when it holds.
    pub fn next_update(&self) -> Option<SystemTime> {
        self.next_update
    }

    /// How many certificates it lists.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The list in DER.
    pub fn der(&self) -> &[u8] {
        &self.bytes
    }
}

impl Scope {
    fn read(value: &mut Reader<'_>) -> Result<Self, CrlFault> {
        let mut point = value.sequence()?;
        value.end()?;
        let mut scope = Self::default();
        if let Some(name) = point.optional(context(0))? {
            scope.names = Some(full_names(name)?);
        }
        let flag = |point: &mut Reader<'_>, n| -> Result<bool, BadDer> {
            point.optional(plain(n))?.map_or(Ok(false), Element::boolean)
        };
        scope.only_users = flag(&mut point, 1)?;
        scope.only_cas = flag(&mut point, 2)?;
        if point.optional(plain(3))?.is_some() {
            return Err(CrlFault::SomeReasons);
        }
        if flag(&mut point, 4)? {
            return Err(CrlFault::Indirect);
        }
        if flag(&mut point, 5)? {
            return Err(CrlFault::AttributeCertificates);
        }
        point.end()?;
        Ok(scope)
    }
}

/// Serial number and what is said of it.
fn read_entry(entry: Element<'_>) -> Result<(&[u8], Revoked), CrlFault> {
    let mut inside = entry.inside();
    let serial = der::without_zeros(inside.expect(der::INTEGER)?.body);
    let at = inside.time()?;
    let mut why = Reason::Unspecified;
    if !inside.is_empty() {
        for extension in extensions(&mut inside)? {
            match extension.oid {
                oid::REASON_CODE => match reason(&mut Reader::new(extension.value))? {
                    8 => return Err(CrlFault::RemoveFromCrl),
                    code => why = Reason::read(code).ok_or(BadDer("a reason is unknown"))?,
                },
                oid::INVALIDITY_DATE => {}
                oid::CERTIFICATE_ISSUER => return Err(CrlFault::Indirect),
                _ if extension.critical => return Err(CrlFault::Critical { oid: extension.dotted() }),
                _ => {}
            }
        }
    }
    inside.end()?;
    Ok((serial, Revoked { at, reason: why }))
}

/// The serial number of the entry that begins here.
fn serial_at(bytes: &[u8], at: u32) -> &[u8] {
    let entry = bytes.get(at as usize..).unwrap_or_default();
    let serial = Reader::new(entry).sequence().and_then(|mut inside| inside.expect(der::INTEGER));
    serial.map_or(&[], |serial| der::without_zeros(serial.body))
}
