//! Verification of a data provider's package as a list of steps (PROTOCOL.md §7).

use mydata_revocation::Learnt;
use mydata_seal::dp_package::{DpPackageError, Step, Verified};
use mydata_seal::trust::{CertificateError, RevocationStatus};
use serde::Serialize;

use super::mend;
use crate::output::{count, plain, rfc3339, thousands};

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Ok,
    /// It does not hold.
    Failed,
    /// Nothing to hold it against was given.
    Skipped,
    /// An earlier step failed.
    NotReached,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotReached => "not reached",
        }
    }
}

/// One step.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What was checked.
    pub step: &'static str,
    /// What became of it.
    pub state: State,
    /// What was found, or why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<&'static str>,
}

impl Line {
    /// As a line of text.
    pub fn text(&self) -> String {
        let head = format!("{:<11} {:<24}", self.state.word(), self.step);
        let mend = self.mend.map(|mend| format!(" — {mend}")).unwrap_or_default();
        format!("{}\n", format!("{head}  {}{mend}", plain(&self.what)).trim_end())
    }
}

/// What the verification was given to hold the package against.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// A registered certificate.
    pub pinned: bool,
    /// A personal id.
    pub person: bool,
    /// What was learnt of the signer's revocation, where somebody was asked.
    pub learnt: Option<&'a Learnt>,
}

/// The steps in their order.
const STEPS: [&str; 11] = [
    "zip limits",
    "required parts",
    "certificate: form",
    "certificate: validity",
    "certificate: chain",
    "certificate: revocation",
    "certificate: registered",
    "signature",
    "digests",
    "unlisted files",
    "formats",
];
const VALIDITY: usize = 3;
const CHAIN: usize = 4;
const REVOCATION: usize = 5;
const REGISTERED: usize = 6;
const DIGESTS: usize = 8;
const FORMATS: usize = 10;

/// Which of [`STEPS`] an error belongs to.
fn place(error: &DpPackageError) -> usize {
    match error.step() {
        Step::Zip => 0,
        Step::Parts => 1,
        Step::Certificate => match error {
            DpPackageError::Certificate(
                CertificateError::NotYetValid { .. } | CertificateError::Expired { .. },
            ) => VALIDITY,
            DpPackageError::Certificate(CertificateError::Untrusted { .. }) => CHAIN,
            DpPackageError::Certificate(CertificateError::Revoked | CertificateError::RevocationUnknown) => {
                REVOCATION
            }
            DpPackageError::Certificate(CertificateError::NotRegistered) => REGISTERED,
            _ => 2,
        },
        Step::Signature => 7,
        Step::Digests => DIGESTS,
        Step::Unlisted => 9,
        Step::Formats => FORMATS,
    }
}

/// All steps of a verification.
pub fn lines(outcome: &Result<Verified, DpPackageError>, given: Given<'_>) -> Vec<Line> {
    let failed = outcome.as_ref().err().map(|error| (place(error), error));
    STEPS
        .into_iter()
        .enumerate()
        .map(|(at, step)| match failed {
            Some((place, error)) if at == place => Line {
                step,
                state: State::Failed,
                what: match given.learnt {
                    Some(learnt) if place == REVOCATION => format!("{error}: {}", why(learnt)),
                    _ => error.to_string(),
                },
                mend: Some(mend::for_provider(error)),
            },
            Some((place, _)) if at > place => {
                Line { step, state: State::NotReached, what: String::new(), mend: None }
            }
            _ => held(at, step, outcome.as_ref().ok(), given),
        })
        .collect()
}

fn held(at: usize, step: &'static str, verified: Option<&Verified>, given: Given<'_>) -> Line {
    let ok = |what: String| Line { step, state: State::Ok, what, mend: None };
    let skipped = |what: &str| Line { step, state: State::Skipped, what: what.to_owned(), mend: None };
    match (at, verified) {
        (REVOCATION, _) => match given.learnt {
            None => skipped("neither CRL nor OCSP was asked: give --revocation, as the platform does"),
            Some(learnt) => ok(by_whom(learnt)),
        },
        (REGISTERED, _) if !given.pinned => skipped("give the registered certificate with --pinned"),
        (FORMATS, Some(_)) if !given.person => {
            ok("the PDFs' passwords were not tried: give --person".to_owned())
        }
        (VALIDITY, Some(v)) => ok(format!("until {}", rfc3339(v.signer.not_after))),
        (CHAIN, Some(v)) => ok(format!("{}, issued by {}", v.signer.subject, v.signer.issuer)),
        (DIGESTS, Some(v)) => ok(count(v.files.len(), "file")),
        _ => ok(String::new()),
    }
}

/// Who told that nothing is revoked.
fn by_whom(learnt: &Learnt) -> String {
    let told = learnt.findings.iter().filter_map(|finding| finding.tried.iter().find(|t| t.fault.is_none()));
    let told: Vec<String> =
        told.map(|t| format!("{} at {}", t.method, t.address.as_deref().unwrap_or("no address"))).collect();
    told.join(", ")
}

/// What was said of the certificates that are revoked or not known of.
fn why(learnt: &Learnt) -> String {
    let bad = learnt.findings.iter().filter(|finding| finding.status != RevocationStatus::Good);
    let said = bad.map(|finding| match finding.revoked {
        Some(revoked) => {
            format!("{}, on {}, {:?}", finding.subject, rfc3339(revoked.at), revoked.reason)
        }
        None => format!("{}: {}", finding.subject, finding.faults()),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The files of a package, a line each.
pub fn files(verified: &Verified) -> String {
    verified.files.iter().map(|f| format!("{:>13} bytes  {}\n", thousands(f.len), plain(&f.name))).collect()
}
