//! Learns whether a certificate is revoked: a data provider's before a package is verified (R131, PROTOCOL.md §7), a partner's
//! when it calls (R97).
//!
//! Verifying reads a package on a thread that waits for nobody. So the signer's chain is read first, what can be learnt of it
//! is waited for here, with bounded patience and without holding a thread, and verification is handed the result.

use std::io::{Read, Seek};
use std::time::SystemTime;

use mydata_revocation::{Checker, Learnt};
use mydata_seal::dp_package::{self, DpPackageError};
use mydata_seal::trust::{CertificateError, RevocationStatus, SignerInfo, Trust};
use rustls_pki_types::CertificateDer;

/// Why a package's certificate could not even be judged.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The package or its certificate is bad, whatever revocation says.
    #[error(transparent)]
    Package(#[from] DpPackageError),
    /// The thread that read the package ended early.
    #[error("reading the package's certificate ended early: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// Who tells, if anybody is asked.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Option<Checker>);

impl Revocations {
    /// Asks `checker`; `None`: nobody is asked, and every certificate counts as not revoked.
    pub fn new(checker: Option<Checker>) -> Self {
        Self(checker)
    }

    /// Who is asked.
    pub fn checker(&self) -> Option<&Checker> {
        self.0.as_ref()
    }

    /// The trust to verify a package with, once it is learnt whether its signer is revoked. `package` is read on another
    /// thread.
    ///
    /// # Errors
    /// The package has no certificate that could be judged.
    pub async fn learn_for<R>(&self, package: R, trust: Trust, now: SystemTime) -> Result<Trust, LearnError>
    where
        R: Read + Seek + Send + 'static,
    {
        let Some(checker) = &self.0 else { return Ok(trust) };
        let of = trust.clone();
        let chain =
            tokio::task::spawn_blocking(move || dp_package::signer_chain(package, &of, now)).await??;
        Ok(learn(checker, &chain, trust, now).await)
    }

    /// What is learnt of a caller's chain, its own certificate first and the root last; `None`: nobody is asked. Answers are
    /// kept, so most calls wait for nobody.
    pub async fn of_caller(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Option<Learnt> {
        match &self.0 {
            Some(checker) => Some(checker.learn(chain, now).await),
            None => None,
        }
    }

    /// Judges a certificate that is to be registered, revocation included.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn accepts(
        &self,
        trust: &Trust,
        file: &[u8],
        now: SystemTime,
    ) -> Result<SignerInfo, CertificateError> {
        let Some(checker) = &self.0 else { return trust.accepts(file, now) };
        let chain = trust.chain_of(file, now)?;
        learn(checker, &chain, trust.clone(), now).await.accepts(file, now)
    }
}

impl Revocations {
    /// Whether anything of a person's chain is revoked; nothing of the person is logged.
    pub async fn of_person(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> RevocationStatus {
        let Some(checker) = &self.0 else { return RevocationStatus::Good };
        let learnt = checker.learn(chain, now).await;
        for finding in learnt.findings.iter().filter(|f| f.status == RevocationStatus::Unknown) {
            let why = finding.faults();
            tracing::warn!(
                why,
                "whether a person's certificate, or one above it, is revoked could not be learnt"
            );
        }
        learnt.overall()
    }
}

async fn learn(checker: &Checker, chain: &[CertificateDer<'_>], trust: Trust, now: SystemTime) -> Trust {
    let learnt = checker.learn(chain, now).await;
    log(&learnt);
    trust.with_revocation(std::sync::Arc::new(learnt))
}

/// Certificates of data providers are no personal data: they are those of organisations.
fn log(learnt: &Learnt) {
    for finding in &learnt.findings {
        match finding.status {
            RevocationStatus::Good => {}
            RevocationStatus::Revoked => {
                tracing::warn!(certificate = finding.subject, "a data provider's certificate is revoked");
            }
            RevocationStatus::Unknown => {
                let why = finding.faults();
                tracing::warn!(
                    certificate = finding.subject,
                    why,
                    "whether it is revoked could not be learnt"
                );
            }
        }
    }
}
