//! How long a citizen stays logged in, and how far a login has come. One citizen has one session at a time.

use std::str::FromStr;
use std::time::Duration;

use crate::time::Time;

crate::own_id::own_id!(
    /// The identifier of a citizen's session: a version 4 UUID. It is no secret; the browser's cookie holds another value.
    SessionId, "session id"
);

/// A session ends after this long in any case.
pub const ABSOLUTE: Duration = Duration::from_secs(8 * 3600);
/// What asks for a new proof takes one that is younger than this.
pub const FRESH: Duration = Duration::from_secs(5 * 60);
/// How long a form that came too late is kept, and a session that has ended is remembered to know whose form it was.
pub const FORM_KEPT: Duration = Duration::from_secs(15 * 60);
/// A person takes this long at most to log in.
pub const LOGIN: Duration = Duration::from_secs(600);

/// How far a login has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Proven who it is; another session runs, and is not ended before the citizen says so.
    Elsewhere,
    /// A new version of terms or policy is to be accepted.
    Policies,
    /// Logged in.
    Whole,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Elsewhere, Self::Policies, Self::Whole];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::Policies => "policies",
            Self::Whole => "whole",
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no stage {text:?}"))
    }
}

/// The moments of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The login, which is the last proof of who it is.
    pub began: Time,
    /// The last thing that the citizen did.
    pub seen: Time,
    /// When it was ended: by logging out, or by a login elsewhere.
    pub ended: Option<Time>,
}

impl Moments {
    /// A session that begins.
    pub fn begin(now: Time) -> Self {
        Self { began: now, seen: now, ended: None }
    }

    /// When it ends by itself. `idle` is how long a citizen may do nothing.
    pub fn ends_at(&self, idle: Duration) -> Time {
        self.seen.plus(idle).min(self.began.plus(ABSOLUTE))
    }

    /// Whether it runs.
    pub fn runs(&self, idle: Duration, now: Time) -> bool {
        self.ended.is_none() && now < self.ends_at(idle)
    }

    /// Whether the proof is young enough for what asks for a new one.
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.began.plus(FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_idle_old_or_ended() {
        let idle = Duration::from_secs(600);
        let mut moments = Moments::begin(Time(0));
        assert!(moments.runs(idle, Time(599_999)) && !moments.runs(idle, Time(600_000)));
        assert!(moments.is_fresh(Time(299_999)) && !moments.is_fresh(Time(300_000)));
        moments.seen = Time(8 * 3_600_000 - 1);
        assert_eq!(moments.ends_at(idle), Time(8 * 3_600_000));
        moments.ended = Some(Time(5));
        assert!(!moments.runs(idle, Time(4)));
    }

    #[test]
    fn stages_are_read_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
        assert!("half".parse::<Stage>().is_err());
    }
}
