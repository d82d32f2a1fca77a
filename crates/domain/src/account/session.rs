//! How long a session lasts, and how far its holder has proven who they are.

use std::str::FromStr;
use std::time::Duration;

use crate::time::Time;

/// A session ends after this long without a request.
pub const IDLE: Duration = Duration::from_secs(20 * 60);
/// A session ends after this long in any case.
pub const ABSOLUTE: Duration = Duration::from_secs(8 * 3600);
/// Secrets are shown to those who proved themselves within this time.
pub const FRESH: Duration = Duration::from_secs(5 * 60);

/// How far the holder of a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The password was right; the second factor is still to be shown, or to be set up.
    Halfway,
    /// Signed in.
    Whole,
}

impl Stage {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Halfway => "halfway",
            Self::Whole => "whole",
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "halfway" => Ok(Self::Halfway),
            "whole" => Ok(Self::Whole),
            other => Err(format!("{other:?} is no stage of a session")),
        }
    }
}

/// The moments of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The sign-in.
    pub began: Time,
    /// The last request.
    pub seen: Time,
    /// When its holder last proved who they are: password or second factor.
    pub proved: Time,
}

impl Moments {
    /// A session that begins.
    pub fn begin(now: Time) -> Self {
        Self { began: now, seen: now, proved: now }
    }

    /// When it ends without another request.
    pub fn ends_at(&self) -> Time {
        self.seen.plus(IDLE).min(self.began.plus(ABSOLUTE))
    }

    /// Whether it still runs.
    pub fn runs(&self, now: Time) -> bool {
        now < self.ends_at()
    }

    /// Whether the last proof is recent enough for secrets.
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.proved.plus(FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_idle_or_old() {
        let hour = 3_600_000;
        let mut moments = Moments::begin(Time(0));
        assert!(moments.runs(Time(20 * 60_000 - 1)) && !moments.runs(Time(20 * 60_000)));
        assert!(moments.is_fresh(Time(5 * 60_000 - 1)) && !moments.is_fresh(Time(5 * 60_000)));
        moments.seen = Time(8 * hour - 60_000);
        assert!(moments.runs(Time(8 * hour - 1)));
        assert_eq!(moments.ends_at(), Time(8 * hour));
    }
}
