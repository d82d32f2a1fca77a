//! A clerk's visit: from the number that was typed to the data that was taken. It belongs to one browser at one address, and
//! is short.

use std::net::IpAddr;
use std::time::Duration;

use super::{CODE_LIFE, CODE_TRIES};
use crate::counter_service::CounterServiceId;
use crate::one_time::{Refused, Sent};
use crate::time::Time;
use crate::transaction::TransactionId;
use crate::transaction::own::TAKING;

/// A visit ends when nothing is done for so long …
pub const IDLE: Duration = Duration::from_secs(5 * 60);
/// … and after this long in any case, unless the data was taken: then it goes on for as long as that may be fetched.
pub const LONGEST: Duration = Duration::from_secs(20 * 60);

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Whose data.
    pub transaction: TransactionId,
    /// As which counter service.
    pub service: CounterServiceId,
    /// From where the number was typed: the visit is nobody's elsewhere.
    pub from: IpAddr,
    /// When.
    pub began: Time,
    /// The last thing that was done.
    pub seen: Time,
    /// Keyed index of the number that was typed.
    pub number: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far a visit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The holder was sent a code.
    Asked {
        /// What is known of it.
        sent: Sent,
        /// Its keyed hash.
        code: String,
    },
    /// The code was right: the data may be looked at and taken.
    Open,
    /// The data was taken by this visit, and is fetched.
    Took,
}

impl Stage {
    /// As it is kept.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Open => "open",
            Self::Took => "took",
        }
    }
}

impl Visit {
    /// The stage of a visit whose code was just sent.
    pub fn asked(code: String, now: Time) -> Stage {
        Stage::Asked { sent: Sent { until: now.plus(CODE_LIFE), left: CODE_TRIES }, code }
    }

    /// When it ends unless something is done.
    pub fn ends_at(&self) -> Time {
        if self.stage == Stage::Took {
            // Taking was the last thing that was done.
            return self.seen.plus(TAKING);
        }
        self.seen.plus(IDLE).min(self.began.plus(LONGEST))
    }

    /// Whether it goes on for a request from this address.
    pub fn runs(&self, from: IpAddr, now: Time) -> bool {
        self.from == from && now < self.ends_at()
    }

    /// The code was typed; `right` says whether it is the one. `Ok(false)`: it was right before.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn answered(&mut self, right: bool, now: Time) -> Result<bool, Refused> {
        self.seen = now;
        let Stage::Asked { sent, .. } = &mut self.stage else { return Ok(false) };
        sent.try_with(right, now)?;
        self.stage = Stage::Open;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;

    fn visit(now: Time) -> Visit {
        Visit {
            transaction: TransactionId::generate(&SystemRandom),
            service: CounterServiceId::generate(&SystemRandom),
            from: "192.0.2.7".parse().unwrap(),
            began: now,
            seen: now,
            number: "n".to_owned(),
            stage: Visit::asked("h".to_owned(), now),
        }
    }

    #[test]
    fn a_visit_is_one_address_s_and_short() {
        let start = Time(0);
        let mut visit = visit(start);
        let (here, there) = (visit.from, "192.0.2.8".parse().unwrap());
        assert!(visit.runs(here, Time(299_999)) && !visit.runs(here, Time(300_000)));
        assert!(!visit.runs(there, start));
        for minute in (4..20).step_by(4) {
            visit.seen = Time(minute * 60_000);
        }
        assert!(visit.runs(here, Time(1_199_999)) && !visit.runs(here, Time(1_200_000)));
    }

    #[test]
    fn what_was_taken_last_may_be_fetched_for_its_whole_time() {
        let mut visit = visit(Time(0));
        (visit.stage, visit.seen) = (Stage::Took, Time(1_199_999));
        assert!(visit.runs(visit.from, Time(1_799_998)) && !visit.runs(visit.from, Time(1_799_999)));
    }

    #[test]
    fn the_code_opens_it_once_and_in_time() {
        let mut right = visit(Time(0));
        assert_eq!(right.answered(false, Time(1)), Err(Refused::Wrong { left: 4 }));
        assert_eq!(right.answered(true, Time(2)), Ok(true));
        assert_eq!((right.stage.clone(), right.answered(false, Time(3))), (Stage::Open, Ok(false)));
        let mut late = visit(Time(0));
        assert_eq!(late.answered(true, Time(120_000)), Err(Refused::Late));
        let mut guessed = visit(Time(0));
        for left in [4, 3, 2, 1] {
            assert_eq!(guessed.answered(false, Time(1)), Err(Refused::Wrong { left }));
        }
        assert_eq!(guessed.answered(false, Time(1)), Err(Refused::TooOften));
        assert_eq!(guessed.answered(true, Time(1)), Err(Refused::TooOften));
    }
}
