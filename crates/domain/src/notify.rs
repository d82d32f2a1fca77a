//! What an SP-API's answer means (PROTOCOL.md §3; R115).

use std::borrow::Cow;

use crate::policy::Policy;
use crate::time::Time;

/// How far one notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// There is nothing to tell.
    None,
    /// Not told yet.
    Pending,
    /// Told in vain this many times, at least once; tried again. The count is what the schedule follows, so that a
    /// process that was killed over it, or a call that was put off, moves nothing ahead.
    Failing(u32),
    /// Answered 200.
    Accepted,
    /// Answered 4xx: final.
    Refused,
    /// The ticket ended before the SP accepted.
    Lapsed,
}

impl Notice {
    /// As it is kept.
    pub fn to_kept(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Failing(times) => return format!("failing {times}").into(),
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        })
    }

    /// Reads what [`Self::to_kept`] wrote.
    pub fn from_kept(text: &str) -> Option<Self> {
        Some(match text {
            "none" => Self::None,
            "pending" => Self::Pending,
            // As it was written before the failures were counted.
            "failing" => Self::Failing(1),
            "accepted" => Self::Accepted,
            "refused" => Self::Refused,
            "lapsed" => Self::Lapsed,
            other => Self::Failing(other.strip_prefix("failing ")?.parse().ok()?),
        })
    }

    /// Whether the SP is still to be told.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Failing(_))
    }

    /// How many times the SP was told in vain.
    pub fn failures(self) -> u32 {
        match self {
            Self::Failing(times) => times,
            _ => 0,
        }
    }
}

/// How one call of an SP-API ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpAnswer {
    /// 2xx.
    Accepted,
    /// 4xx, with the status.
    Refused(u16),
    /// 3xx, 5xx, a time-out or a broken connection, with a word for the log.
    Failed(String),
}

/// When to call again after the `failed`-th failure in a row (counted from 1); `None` once the ticket has ended.
pub fn retry_at(failed: u32, now: Time, ticket_ends: Time, policy: &Policy) -> Option<Time> {
    let index = failed.saturating_sub(1) as usize;
    let wait = policy.sp_retry.get(index).copied().unwrap_or(policy.sp_retry_later);
    let at = now.plus(wait.0);
    (at < ticket_ends).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_read_back() {
        use Notice::{Accepted, Failing, Lapsed, None, Pending, Refused};
        for notice in [None, Pending, Failing(1), Failing(40), Accepted, Refused, Lapsed] {
            assert_eq!(Notice::from_kept(&notice.to_kept()), Some(notice));
        }
        assert_eq!(Notice::from_kept("failing x"), Option::None);
    }

    #[test]
    fn retries_follow_the_schedule_until_the_ticket_ends() {
        let policy = Policy::default();
        let ends = Time(0).plus(policy.ticket_life.0);
        let (mut now, mut waits) = (Time(0), Vec::new());
        for failed in 1.. {
            let Some(at) = retry_at(failed, now, ends, &policy) else { break };
            waits.push(now.until(at).as_secs());
            now = at;
        }
        assert_eq!(waits[..7], [5, 30, 120, 600, 1800, 3600, 3600]);
        assert!(now < ends && now.plus(policy.sp_retry_later.0) >= ends);
    }
}
