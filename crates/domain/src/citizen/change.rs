//! A change of mail address or phone number. It counts once it was confirmed twice: through the new address, and by a second
//! method, which is the old address or another login.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::contact::Channel;
use crate::one_time::{Refused, Sent};
use crate::time::Time;

crate::own_id::own_id!(
    /// The identifier of a change of contact: a version 4 UUID.
    ChangeId, "contact change id"
);

/// How long a code may be typed.
pub const CODE_LIFE: Duration = Duration::from_secs(120);
/// How often a code may be typed wrongly.
pub const TRIES: u32 = 5;
/// How long a change waits to be confirmed.
pub const LIFE: Duration = Duration::from_secs(30 * 60);
/// How often codes are sent for one change.
pub const SENDS: u32 = 5;
/// How many changes a citizen may begin within [`PER`].
pub const CHANGES: i64 = 5;
/// See [`CHANGES`].
pub const PER: Duration = Duration::from_secs(3600);

/// A code that was sent, as its keyed hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    hash: String,
    until: Time,
    left: u32,
    proven: bool,
}

impl Proof {
    /// A code that is sent now.
    pub fn sent(hash: String, now: Time) -> Self {
        Self { hash, until: now.plus(CODE_LIFE), left: TRIES, proven: false }
    }

    /// Whether the right code was typed.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Until when the code may be typed.
    pub fn until(&self) -> Time {
        self.until
    }

    /// Counts a try with a code of this hash.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn try_with(&mut self, hash: &str, now: Time) -> Result<(), Refused> {
        if self.proven {
            return Ok(());
        }
        let mut sent = Sent { until: self.until, left: self.left };
        let outcome = sent.try_with(mydata_wire::secret::is_same(&self.hash, hash), now);
        self.left = sent.left;
        self.proven = outcome.is_ok();
        outcome
    }

    /// Another code is sent in place of one that was not typed.
    pub fn renew(&mut self, hash: String, now: Time) {
        if !self.proven {
            *self = Self::sent(hash, now);
        }
    }
}

/// A change that waits to be confirmed. Personal data: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What is changed.
    pub channel: Channel,
    /// The new address.
    pub address: String,
    /// When it was asked for.
    pub began_at: Time,
    /// The code sent to the new address.
    pub new: Proof,
    /// The code sent to an address that was confirmed before, and by which channel; nothing where there is none.
    pub old: Option<(Channel, Proof)>,
    /// How often codes were sent.
    pub sends: u32,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(…)")
    }
}

/// By what the second confirmation was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// The code sent to the old address.
    OldAddress,
    /// A login after the change was asked for; where there is no old address, one shortly before it.
    Login,
}

impl Second {
    /// For the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OldAddress => "old-address",
            Self::Login => "login",
        }
    }
}

impl Change {
    /// Whether it still waits.
    pub fn is_open(&self, now: Time) -> bool {
        now < self.began_at.plus(LIFE)
    }

    /// The second confirmation, if there is one. `proved_at` is when the citizen last proved who they are, `fresh` whether
    /// that is young enough where nothing else can confirm.
    pub fn second(&self, proved_at: Time, fresh: bool) -> Option<Second> {
        match &self.old {
            Some((_, proof)) if proof.is_proven() => Some(Second::OldAddress),
            _ if proved_at > self.began_at => Some(Second::Login),
            None if fresh => Some(Second::Login),
            _ => None,
        }
    }

    /// Whether codes may be sent again.
    pub fn may_send(&self) -> bool {
        self.sends < SENDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: bool) -> Change {
        Change {
            channel: Channel::Mail,
            address: "new@example.test".to_owned(),
            began_at: Time(0),
            new: Proof::sent("n".to_owned(), Time(0)),
            old: old.then(|| (Channel::Mail, Proof::sent("o".to_owned(), Time(0)))),
            sends: 1,
        }
    }

    #[test]
    fn both_confirmations_are_needed_and_either_way_of_the_second_will_do() {
        let mut change = change(true);
        assert_eq!(
            change.second(Time(0), true),
            None,
            "a login before does not stand in for the old address"
        );
        assert_eq!(change.second(Time(1), false), Some(Second::Login));
        let (_, proof) = change.old.as_mut().unwrap();
        assert_eq!(proof.try_with("x", Time(1)), Err(Refused::Wrong { left: 4 }));
        assert_eq!(proof.try_with("o", Time(2)), Ok(()));
        assert_eq!(change.second(Time(0), false), Some(Second::OldAddress));
        assert!(!change.new.is_proven());
        let without = super::tests::change(false);
        assert_eq!(without.second(Time(0), false), None);
        assert_eq!(without.second(Time(0), true), Some(Second::Login));
    }

    #[test]
    fn a_code_ends_after_two_minutes_or_five_wrong_tries() {
        let mut proof = Proof::sent("n".to_owned(), Time(0));
        assert_eq!(proof.clone().try_with("n", Time(120_000)), Err(Refused::Late));
        for left in [4, 3, 2, 1] {
            assert_eq!(proof.try_with("x", Time(1)), Err(Refused::Wrong { left }));
        }
        assert_eq!(proof.try_with("x", Time(1)), Err(Refused::TooOften));
        assert_eq!(proof.try_with("n", Time(1)), Err(Refused::TooOften));
        proof.renew("m".to_owned(), Time(5));
        assert_eq!(proof.try_with("n", Time(6)), Err(Refused::Wrong { left: 4 }));
        assert_eq!(proof.try_with("m", Time(6)), Ok(()));
        proof.renew("k".to_owned(), Time(7));
        assert!(proof.is_proven(), "what is proven stays so");
    }
}
