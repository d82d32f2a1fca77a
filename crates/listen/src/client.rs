//! The certificates that callers present: in the handshake, or in a header of a proxy that ended TLS. What they say is
//! told here; who may come with which is for others to decide.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::client_header;
use crate::files::{FileFault, Watched};
use crate::tls::certificates;

/// Most certificates that a caller may present.
const MOST: usize = 10;

/// Why a presented certificate is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// Not X.509.
    #[error("it cannot be read as an X.509 certificate")]
    Unreadable,
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
    /// No path to a root, or not for client authentication.
    #[error("it does not chain to a root that clients may come from: {reason}")]
    Untrusted {
        /// What the path search found.
        reason: String,
    },
}

/// A certificate that a caller presented, with what was sent beside it. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented(Arc<[CertificateDer<'static>]>);

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presented({})", hex(&self.sha256()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Presented {
    /// The caller's own certificate first; nothing where there is none.
    pub fn new(chain: Vec<CertificateDer<'static>>) -> Option<Self> {
        (1..=MOST).contains(&chain.len()).then(|| Self(chain.into()))
    }

    /// From the header in which a proxy passes it on: `Client-Cert` and `Client-Cert-Chain` (RFC 9440), Envoy's
    /// `X-Forwarded-Client-Cert` of which the last element counts, or PEM as nginx and Apache write it, percent-encoded or
    /// with spaces for line ends. Only for requests of proxies that are trusted to set it.
    pub fn from_header(headers: &HeaderMap, name: &str) -> Option<Self> {
        client_header::chain(headers, name).and_then(Self::new)
    }

    fn leaf(&self) -> &CertificateDer<'static> {
        &self.0[0]
    }

    /// SHA-256 of the certificate in DER.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(self.leaf())
    }

    /// Its subject as RFC 4514 text.
    pub fn subject(&self) -> Option<String> {
        Certificate::from_der(self.leaf()).ok().map(|read| read.tbs_certificate.subject.to_string())
    }

    /// When it ends.
    pub fn until(&self) -> Option<SystemTime> {
        let read = Certificate::from_der(self.leaf()).ok()?;
        Some(read.tbs_certificate.validity.not_after.to_system_time())
    }

    /// Whether it is valid at this moment, whoever issued it.
    ///
    /// # Errors
    /// It is not, or cannot be read.
    pub fn is_valid(&self, now: SystemTime) -> Result<(), ClientFault> {
        let read = Certificate::from_der(self.leaf()).map_err(|_| ClientFault::Unreadable)?;
        let validity = read.tbs_certificate.validity;
        if now < validity.not_before.to_system_time() {
            return Err(ClientFault::NotYetValid { from: validity.not_before.to_date_time().to_string() });
        }
        if now > validity.not_after.to_system_time() {
            return Err(ClientFault::Expired { until: validity.not_after.to_date_time().to_string() });
        }
        Ok(())
    }
}

/// SHA-256 of a certificate in DER.
pub fn sha256(der: &[u8]) -> [u8; 32] {
    digest(&SHA256, der).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The first certificate of a PEM text, in DER.
pub fn der_of_pem(text: &str) -> Option<CertificateDer<'static>> {
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    base64_simd::STANDARD.decode_to_vec(body).ok().map(CertificateDer::from)
}

/// A root with what is looked for in it.
#[derive(Debug)]
struct Root {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
}

/// The roots that clients' certificates may come from, read again when their files change.
#[derive(Debug, Clone)]
pub struct ClientRoots(Arc<Watched<Vec<Root>>>);

impl ClientRoots {
    /// Reads files of roots (PEM, one or more in each). Without files nothing chains to anything.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn read(files: &[PathBuf]) -> Result<Self, FileFault> {
        let make = |contents: &[(&Path, Vec<u8>)]| {
            let mut roots = Vec::new();
            for (path, pem) in contents {
                for der in certificates(path, pem)? {
                    let anchor = webpki::anchor_from_trusted_cert(&der)
                        .map_err(|error| FileFault::content(path, error))?
                        .to_owned();
                    roots.push(Root { der, anchor });
                }
            }
            Ok(roots)
        };
        Watched::new(files.to_vec(), make).map(|watched| Self(Arc::new(watched)))
    }

    /// Looks at the files; says whether new roots hold now.
    ///
    /// # Errors
    /// See [`Watched::look`].
    pub fn look(&self) -> Result<bool, FileFault> {
        self.0.look()
    }

    /// Why the files as they are cannot be used; nothing where they are.
    pub fn fault(&self) -> Option<FileFault> {
        self.0.fault()
    }

    /// Whether a certificate is valid, comes from one of the roots and is made for client authentication. Gives its chain,
    /// the root last.
    ///
    /// # Errors
    /// It is not.
    pub fn vouch_for(
        &self,
        presented: &Presented,
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, ClientFault> {
        presented.is_valid(now)?;
        let untrusted = |error: webpki::Error| ClientFault::Untrusted { reason: error.to_string() };
        let leaf = EndEntityCert::try_from(presented.leaf()).map_err(untrusted)?;
        let time = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO));
        let (roots, between) = (self.0.get(), &presented.0[1..]);
        let anchors: Vec<TrustAnchor<'_>> = roots.iter().map(|root| root.anchor.clone()).collect();
        let usage = KeyUsage::client_auth();
        let path = leaf
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, between, time, usage, None, None)
            .map_err(untrusted)?;
        let mut chain = vec![presented.leaf().clone()];
        chain.extend(path.intermediate_certificates().map(|one| one.der().into_owned()));
        let found = path.anchor();
        let root = roots.iter().find(|root| {
            root.anchor.subject == found.subject
                && root.anchor.subject_public_key_info == found.subject_public_key_info
        });
        chain.extend(root.map(|root| root.der.clone()));
        Ok(chain)
    }
}
