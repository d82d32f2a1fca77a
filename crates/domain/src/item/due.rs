//! What the clock does to an item, and when: one moment an item, so that one job wakes it.

use serde::{Deserialize, Serialize};

use super::act::{Act, Cause};
use super::stage::{Running, Stage, Testing};
use crate::calendar::{end_of, midnight};
use crate::time::Time;

/// How many days before its end a certificate is warned about.
pub const WARN_DAYS: [u16; 4] = [30, 14, 7, 1];
const DAY: i64 = 86_400_000;

/// A certificate that an item's connection needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// How it is told from the item's other ones, such as its fingerprint.
    pub name: String,
    /// When it ends.
    pub until: Time,
    /// The last warning sent, in days before the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned: Option<u16>,
}

impl Certificate {
    /// When `days` before the end is.
    pub fn warning_at(&self, days: u16) -> Time {
        Time(self.until.0.saturating_sub(i64::from(days) * DAY))
    }

    /// The next warning: of those that are late only the last one is sent.
    fn next_warning(&self, now: Time) -> Option<(Time, u16)> {
        if self.until <= now {
            return None;
        }
        let open = WARN_DAYS.into_iter().filter(|days| self.warned.is_none_or(|warned| *days < warned));
        let (late, ahead): (Vec<u16>, Vec<u16>) = open.partition(|days| self.warning_at(*days) <= now);
        late.last().or(ahead.first()).map(|days| (self.warning_at(*days), *days))
    }
}

/// What the clock does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Time,
    /// What.
    pub act: Act,
}

/// What the clock does next to an item in this stage with these certificates; `None` while nothing is ahead. A moment
/// that has passed means: now. Whoever does it asks again afterwards.
pub fn due(stage: &Stage, certificates: &[Certificate], now: Time) -> Option<Due> {
    let mut all: Vec<Due> = Vec::new();
    let mut add = |at, act| all.push(Due { at, act });
    match stage {
        Stage::Running(Running::Testing(testing)) => {
            if !testing.reminded {
                add(midnight(testing.extension_opens()), Act::RemindTest);
            }
            add(test_ends(testing), Act::EndTest);
        }
        Stage::Running(Running::Piloting(pilot)) if !pilot.reminded => {
            add(midnight(pilot.report_due()), Act::RemindReport);
        }
        Stage::Running(Running::AwaitingListing(waiting)) => add(midnight(waiting.on), Act::List),
        Stage::Suspended(suspended) => {
            if let Running::Testing(testing) = &suspended.back {
                add(test_ends(testing), Act::EndTest);
            }
        }
        _ => {}
    }
    if stage.running().is_some() {
        let suspended = matches!(stage, Stage::Suspended(s) if s.is_for(Cause::Certificate));
        let first_end = certificates.iter().map(|c| c.until).min();
        match first_end {
            Some(end) if !suspended => add(end, Act::EndCertificate),
            Some(end) if suspended && end <= now => {}
            _ if suspended => add(now, Act::RenewCertificate),
            _ => {}
        }
        for certificate in certificates {
            if let Some((at, days)) = certificate.next_warning(now) {
                add(at, Act::WarnCertificate { certificate: certificate.name.clone(), days });
            }
        }
    }
    // An end goes before the notice of it when both are late.
    all.into_iter().min_by_key(|d| (d.at.max(now), !ends(&d.act), d.at))
}

/// When a test ends.
pub fn test_ends(testing: &Testing) -> Time {
    end_of(testing.last_day)
}

fn ends(act: &Act) -> bool {
    matches!(act, Act::EndTest | Act::EndCertificate)
}

/// Whether it is time for an act of the clock's.
pub(super) fn is_due(stage: &Stage, certificates: &[Certificate], act: &Act, now: Time) -> bool {
    match (act, stage) {
        (Act::RemindTest, Stage::Running(Running::Testing(t))) => {
            !t.reminded && midnight(t.extension_opens()) <= now
        }
        (Act::EndTest, Stage::Running(Running::Testing(t))) => test_ends(t) <= now,
        (Act::EndTest, Stage::Suspended(s)) => matches!(&s.back, Running::Testing(t) if test_ends(t) <= now),
        (Act::RemindReport, Stage::Running(Running::Piloting(p))) => {
            !p.reminded && midnight(p.report_due()) <= now
        }
        (Act::List, Stage::Running(Running::AwaitingListing(w))) => midnight(w.on) <= now,
        (Act::EndCertificate, _) => certificates.iter().any(|c| c.until <= now),
        (Act::RenewCertificate, _) => certificates.iter().all(|c| c.until > now),
        (Act::WarnCertificate { certificate, days }, _) => certificates.iter().any(|c| {
            c.name == *certificate && c.next_warning(now).is_some_and(|(at, d)| d == *days && at <= now)
        }),
        _ => false,
    }
}
