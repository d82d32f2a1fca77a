//! What a DP's answer means (PROTOCOL.md §6; R113, R114, R118, R119).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::time::Time;

/// Why a dataset cannot be delivered. Kept on record and shown to the citizen; never holds personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// More for the operator: a status, a step, a file name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            FailureKind::Refused => "refused by the DP",
            FailureKind::WaitedTooLong => "the DP asked to wait for too long",
            FailureKind::NotReached => "the DP was not reached",
            FailureKind::NoAnswer => "the DP did not answer in time",
            FailureKind::Broken => "the DP's answer broke off",
            FailureKind::ServerError => "the DP's server failed",
            FailureKind::BadPackage => "the package failed verification",
            FailureKind::Withdrawn => "the dataset is not available any more",
            FailureKind::Lost => "the platform can no longer read the package it had kept",
        };
        if self.detail.is_empty() { f.write_str(name) } else { write!(f, "{name}: {}", self.detail) }
    }
}

/// The kinds of [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// 401, 403 or another 4xx.
    Refused,
    /// 429 for too long or too often (R114).
    WaitedTooLong,
    /// Connecting failed or timed out (R114).
    NotReached,
    /// The answer did not begin in time (R114).
    NoAnswer,
    /// The transfer broke or stalled.
    Broken,
    /// 5xx.
    ServerError,
    /// The package failed PROTOCOL.md §7.
    BadPackage,
    /// The dataset was delisted meanwhile.
    Withdrawn,
    /// The package was there and can no longer be read.
    Lost,
}

/// How a call to a DP ended, apart from a good package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 204.
    NoData,
    /// 429, with the wait it names.
    Wait(Option<Duration>),
    /// Final: another call would not help.
    Final(Failure),
    /// Another call may help.
    Passing(Failure),
}

/// What was tried so far for one dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tries {
    /// Calls made.
    pub calls: u32,
    /// Of these, failed ones.
    pub failures: u32,
    /// When the first call was made.
    pub first_at: Option<Time>,
}

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The dataset has no data of this person.
    NoData,
    /// It cannot be delivered.
    GiveUp(Failure),
    /// Call again then.
    Again {
        /// When.
        at: Time,
        /// Whether the DP asked for it, so that the SP is asked to wait as well (R119).
        asked: bool,
    },
}

impl Tries {
    /// Counts a call that begins now.
    pub fn begin(&mut self, now: Time) {
        self.calls += 1;
        self.first_at.get_or_insert(now);
    }

    /// Decides what follows from `answer`, given at `now`.
    pub fn next(&mut self, answer: Answer, now: Time, policy: &Policy) -> Next {
        match answer {
            Answer::NoData => Next::NoData,
            Answer::Final(failure) => Next::GiveUp(failure),
            Answer::Wait(wait) => {
                // At once again and again would only spend the tries.
                let wait = wait.unwrap_or(policy.dp_default_wait.0).max(Duration::from_secs(1));
                let first = self.first_at.unwrap_or(now);
                let at = now.plus(wait);
                let too_long = at > first.plus(policy.dp_wait_total.0);
                if too_long || self.calls >= policy.dp_tries {
                    let detail = format!("{} s asked after {} calls", wait.as_secs(), self.calls);
                    return Next::GiveUp(Failure::new(FailureKind::WaitedTooLong, detail));
                }
                Next::Again { at, asked: true }
            }
            Answer::Passing(failure) => {
                let wait = policy.dp_retry.get(self.failures as usize);
                self.failures += 1;
                match wait {
                    Some(wait) if self.calls < policy.dp_tries => {
                        Next::Again { at: now.plus(wait.0), asked: false }
                    }
                    _ => Next::GiveUp(failure),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing() -> Answer {
        Answer::Passing(Failure::new(FailureKind::ServerError, 500))
    }

    #[test]
    fn failures_are_tried_again_after_2_10_60_300_seconds() {
        let policy = Policy::default();
        let mut tries = Tries::default();
        let mut now = Time(0);
        let mut waits = Vec::new();
        loop {
            tries.begin(now);
            match tries.next(failing(), now, &policy) {
                Next::Again { at, asked: false } => {
                    waits.push(now.until(at).as_secs());
                    now = at;
                }
                Next::GiveUp(failure) => {
                    assert_eq!(failure.kind, FailureKind::ServerError);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(waits, [2, 10, 60, 300]);
    }

    /// Shows R114, R119.
    #[test]
    fn waiting_ends_after_17_calls_or_90_minutes() {
        let policy = Policy::default();
        let run = |wait: Option<Duration>| {
            let (mut tries, mut now) = (Tries::default(), Time(0));
            loop {
                tries.begin(now);
                match tries.next(Answer::Wait(wait), now, &policy) {
                    Next::Again { at, asked } => {
                        assert!(asked);
                        now = at;
                    }
                    Next::GiveUp(failure) => return (tries.calls, now.seconds(), failure.kind),
                    Next::NoData => panic!(),
                }
            }
        };
        assert_eq!(run(None), (17, 16 * 60, FailureKind::WaitedTooLong));
        assert_eq!(run(Some(Duration::ZERO)), (17, 16, FailureKind::WaitedTooLong));
        assert_eq!(run(Some(Duration::from_secs(600))), (10, 90 * 60, FailureKind::WaitedTooLong));
        assert_eq!(run(Some(Duration::from_secs(u64::MAX))), (1, 0, FailureKind::WaitedTooLong));
    }

    #[test]
    fn final_answers_are_final() {
        let mut tries = Tries::default();
        let refused = Failure::new(FailureKind::Refused, 403);
        assert_eq!(
            tries.next(Answer::Final(refused.clone()), Time(0), &Policy::default()),
            Next::GiveUp(refused)
        );
        assert_eq!(tries.next(Answer::NoData, Time(0), &Policy::default()), Next::NoData);
    }
}
