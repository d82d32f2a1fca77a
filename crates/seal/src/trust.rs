//! Which certificates a DP may sign with (R131, PROTOCOL.md §7).

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;

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
    /// `chain` is the verified chain in DER: the signer's certificate first, the root last. It has at least two
    /// members unless the signer's certificate is itself a root.
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
}

/// The roots, intermediates and settings that a signer's certificate is judged by.
#[derive(Clone)]
pub struct Trust {
    revocation: Arc<dyn Revocation>,
}

impl Trust {
    /// Trusts the roots in `roots` (PEM bundle, or one certificate in DER).
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn new(_roots: &[u8], _revocation: Arc<dyn Revocation>) -> Result<Self, BadTrust> {
        unimplemented!()
    }

    /// Adds certificates that may stand between a signer and a root; DP packages carry only the signer's.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn with_intermediates(self, _bundle: &[u8]) -> Result<Self, BadTrust> {
        unimplemented!()
    }

    /// Accepts only this certificate (PEM or DER): the one registered for the dataset.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn pinned(self, _certificate: &[u8]) -> Result<Self, BadTrust> {
        unimplemented!()
    }

    /// Sets what happens when revocation cannot be learnt; to refuse is the default.
    #[must_use]
    pub fn on_unknown_revocation(self, _setting: OnUnknownRevocation) -> Self {
        self
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &self.revocation;
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}
