//! What is counted of exchanges (統計數據), and what the counts say. It decides what a step of an exchange adds to the
//! counts, and refuses everything that tells of a person: there is no identifier of an exchange in them, only sums.
//!
//! An exchange counts **once, in the step that brings it to its outcome**: the SP has fetched the whole token, or the
//! exchange ended without that. A dataset counts once, in the step that brings it to its end: its package was verified,
//! its DP has nothing of this person, or it cannot be delivered. Both are seen by comparing the exchange before and
//! after the step, whose row is locked meanwhile and which is kept together with the counts: so nothing is counted
//! twice, and nothing is missed by a crash.

use std::collections::BTreeSet;
use std::time::Duration;

use mydata_wire::{TransactionUid, Verification};

use crate::calendar::{Date, day_of, days_between};
use crate::time::Time;
use crate::transaction::part::{Part, PartState};
use crate::transaction::{Ended, Ending, Sealed, State, Transaction};
use crate::zone::Zone;

/// How an exchange came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The SP has fetched all of it.
    Delivered,
    /// The citizen refused.
    Refused,
    /// The citizen left.
    Abandoned,
    /// Somebody other than the SP expected logged in.
    PersonConflict,
    /// The SP refused the notification.
    SpRefused,
    /// No dataset could be delivered.
    Undeliverable,
    /// The service was suspended meanwhile.
    ServiceSuspended,
    /// The citizen confirmed, and the SP did not fetch in time.
    NotFetched,
}

impl Outcome {
    /// Every outcome, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Refused,
        Self::Abandoned,
        Self::PersonConflict,
        Self::SpRefused,
        Self::Undeliverable,
        Self::ServiceSuspended,
        Self::NotFetched,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
            Self::PersonConflict => "person-conflict",
            Self::SpRefused => "sp-refused",
            Self::Undeliverable => "undeliverable",
            Self::ServiceSuspended => "service-suspended",
            Self::NotFetched => "not-fetched",
        }
    }

    /// How the exchange came out; `None` while it goes on.
    pub fn of(transaction: &Transaction) -> Option<Self> {
        match &transaction.state {
            State::Sealed(Sealed { taken_at: Some(_), .. }) => Some(Self::Delivered),
            State::Ended(Ended { ending, .. }) => Some(match ending {
                Ending::Refused => Self::Refused,
                Ending::Abandoned => Self::Abandoned,
                Ending::PersonConflict => Self::PersonConflict,
                Ending::SpRefused => Self::SpRefused,
                Ending::Undeliverable => Self::Undeliverable,
                Ending::ServiceSuspended => Self::ServiceSuspended,
                // One that was fetched had its outcome before it expired.
                // A withdrawn one was not fetched either; an own download is none of a service's.
                Ending::Expired | Ending::Withdrawn | Ending::Taken => Self::NotFetched,
            }),
            _ => None,
        }
    }
}

/// How a dataset came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatasetOutcome {
    /// Its package came and was verified.
    Collected,
    /// The DP has nothing of this person.
    NoData,
    /// It cannot be delivered.
    Undeliverable,
}

impl DatasetOutcome {
    /// Every outcome, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Collected, Self::NoData, Self::Undeliverable];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::NoData => "no-data",
            Self::Undeliverable => "undeliverable",
        }
    }

    /// How the dataset came out; `None` while something is still to happen to it.
    pub fn of(part: &Part) -> Option<Self> {
        match part.state {
            PartState::Ready { .. } => Some(Self::Collected),
            PartState::NoData => Some(Self::NoData),
            PartState::Undeliverable(_) => Some(Self::Undeliverable),
            PartState::Waiting | PartState::Fetching { .. } | PartState::Delayed { .. } => None,
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// Exchanges, by service.
    Exchanges,
    /// Datasets that were collected, by dataset.
    Datasets,
}

impl Area {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Exchanges, Self::Datasets];

    /// As it is kept, and as it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exchanges => "exchanges",
            Self::Datasets => "datasets",
        }
    }
}

/// By what a count is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    /// How it came out; everything counts here once.
    Outcome,
    /// How the citizen proved who they are, where they did.
    Method,
    /// How long somebody waited, as the upper limit of [`WAITS`] in milliseconds.
    Wait,
}

impl Facet {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Method => "method",
            Self::Wait => "wait",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn from_kept(text: &str) -> Option<Self> {
        [Self::Outcome, Self::Method, Self::Wait].into_iter().find(|facet| facet.as_str() == text)
    }
}

/// The upper limits, in milliseconds, that waits are sorted into. Fine where people notice, coarse where only days count.
/// What is kept is the limit itself, so that other limits may come later.
pub const WAITS: [u64; 32] = [
    100,
    200,
    300,
    500,
    700,
    1_000,
    1_500,
    2_000,
    3_000,
    4_000,
    5_000,
    7_000,
    10_000,
    15_000,
    20_000,
    30_000,
    45_000,
    60_000,
    90_000,
    120_000,
    180_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    28_800_000,
    86_400_000,
    259_200_000,
    864_000_000,
];

/// The limit that a wait is kept by; what is longer than the last is kept by the last.
fn limit(wait: Duration) -> u64 {
    let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    WAITS.into_iter().find(|limit| wait <= *limit).unwrap_or(WAITS[WAITS.len() - 1])
}

/// One more of something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Of what.
    pub area: Area,
    /// The service or the dataset.
    pub subject: String,
    /// By what it is told apart.
    pub facet: Facet,
    /// Which of these.
    pub value: String,
}

/// What is counted in one step, on one day of Taipei.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The zone of the exchange.
    pub zone: Zone,
    /// The day.
    pub day: Date,
    /// One more of each.
    pub counts: Vec<Count>,
}

impl Counts {
    /// Whether an exchange came to its outcome by what is counted here.
    pub fn tell_outcome(&self) -> bool {
        self.counts.iter().any(|count| count.area == Area::Exchanges && count.facet == Facet::Outcome)
    }
}

/// What the counts need to know of an exchange before a step.
#[derive(Debug, Clone)]
pub struct Before {
    over: bool,
    method: Option<Verification>,
    confirmed_at: Option<Time>,
    ended: BTreeSet<TransactionUid>,
}

impl Before {
    /// Looks at an exchange.
    pub fn of(transaction: &Transaction) -> Self {
        let ended = transaction.parts.iter().filter(|part| DatasetOutcome::of(part).is_some());
        Self {
            over: Outcome::of(transaction).is_some(),
            method: transaction.verification(),
            confirmed_at: transaction.confirmed().map(|confirmed| confirmed.at),
            ended: ended.map(|part| part.transaction_uid).collect(),
        }
    }

    /// What the step added; `None` when that is nothing.
    pub fn counts(&self, after: &Transaction, now: Time) -> Option<Counts> {
        let mut counts = Vec::new();
        let outcome = Outcome::of(after).filter(|_| !self.over);
        // An own download is no use that a service made of it; its datasets count all the same.
        if let (Some(outcome), Some(client_id)) = (outcome, after.client_id()) {
            let mut add = |facet, value: String| {
                let subject = client_id.to_string();
                counts.push(Count { area: Area::Exchanges, subject, facet, value });
            };
            add(Facet::Outcome, outcome.as_str().to_owned());
            // An end forgets how the citizen was verified; before it that was still known.
            if let Some(method) = after.verification().or(self.method) {
                add(Facet::Method, method.code().to_owned());
            }
            let confirmed_at = after.confirmed().map(|c| c.at).or(self.confirmed_at);
            if let (Outcome::Delivered, Some(confirmed_at)) = (outcome, confirmed_at) {
                add(Facet::Wait, limit(confirmed_at.until(now)).to_string());
            }
        }
        for part in after.parts.iter().filter(|part| !self.ended.contains(&part.transaction_uid)) {
            let Some(outcome) = DatasetOutcome::of(part) else { continue };
            let mut add = |facet, value: String| {
                let subject = part.resource_id.to_string();
                counts.push(Count { area: Area::Datasets, subject, facet, value });
            };
            add(Facet::Outcome, outcome.as_str().to_owned());
            if let (DatasetOutcome::Collected | DatasetOutcome::NoData, Some(first)) =
                (outcome, part.tries.first_at)
            {
                add(Facet::Wait, limit(first.until(now)).to_string());
            }
        }
        (!counts.is_empty()).then(|| Counts { zone: after.zone, day: day_of(now), counts })
    }
}

/// A day as a number: days since 1970.
pub fn day_number(day: Date) -> i64 {
    i64::from(days_between(Date::constant(1970, 1, 1), day))
}

/// How many waited how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits(std::collections::BTreeMap<u64, u64>);

impl Waits {
    /// Adds so many that waited no longer than `limit` ms (and longer than the limit before it).
    pub fn add(&mut self, limit: u64, count: u64) {
        *self.0.entry(limit).or_default() += count;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (limit, count) in &other.0 {
            self.add(*limit, *count);
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The wait that so many percent did not exceed, taken to be spread evenly between two limits. `None` when nobody
    /// waited.
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let total = self.len();
        if total == 0 {
            return None;
        }
        let wanted = (total * percent).div_ceil(100).clamp(1, total);
        let mut passed = 0;
        for (limit, count) in &self.0 {
            if passed + count >= wanted {
                let below = WAITS.into_iter().rev().find(|known| known < limit).unwrap_or(0);
                let within = (limit - below) * (wanted - passed) / count;
                return Some(Duration::from_millis(below + within));
            }
            passed += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mydata_wire::SystemRandom;
    use mydata_wire::pid::Pid;
    use mydata_wire::returns::ReturnTarget;

    use super::*;
    use crate::Policy;
    use crate::entry::Accepted;
    use crate::transaction::Token;
    use crate::transaction::person::Person;

    const NOW: Time = Time(1_795_219_200_000);

    fn entered() -> Transaction {
        let registered = ["https://bank.example/done".parse().unwrap()];
        let accepted = Accepted {
            client_id: "CLI.qqOjnjO4WR".parse().unwrap(),
            zone: Zone::Test,
            tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            resources: vec!["API.0000000001".parse().unwrap()],
            target: ReturnTarget::matching("https://bank.example/done?case=7", &registered).unwrap(),
            pid: Pid::NotChecked,
        };
        Transaction::enter(accepted, NOW, &Policy::default(), &SystemRandom)
    }

    fn authorise(t: &mut Transaction) {
        let person = Person::new(&"A123456789".parse().unwrap(), "王小明".to_owned(), "sub".to_owned());
        t.authorise(person, Verification::Nhi, BTreeMap::new(), NOW, &Policy::default()).unwrap().unwrap();
    }

    /// What a step counted, as `area facet value`.
    fn step(t: &mut Transaction, now: Time, change: impl Fn(&mut Transaction)) -> Vec<String> {
        let before = Before::of(t);
        change(t);
        let counted = before.counts(t, now);
        let text = |c: &Count| format!("{} {} {}", c.area.as_str(), c.facet.as_str(), c.value);
        counted.iter().flat_map(|c| &c.counts).map(text).collect()
    }

    fn after(seconds: u64) -> Time {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn an_exchange_counts_once_when_all_of_it_was_fetched() {
        let mut t = entered();
        let policy = Policy::default();
        assert!(step(&mut t, NOW, authorise).is_empty());
        step(&mut t, NOW, |t| drop(t.parts[0].begin(NOW, policy.access_token_life.0, &SystemRandom)));
        let counted = step(&mut t, after(4), |t| t.parts[0].arrived("b".to_owned(), 10));
        assert_eq!(counted, ["datasets outcome collected", "datasets wait 4000"]);
        assert!(step(&mut t, after(5), |t| t.confirm(after(5), &policy, &SystemRandom).unwrap()).is_empty());
        let token = Token { blob: "t".to_owned(), len: 100, sha256: "e".repeat(64) };
        assert!(step(&mut t, after(6), |t| drop(t.sealed(token.clone(), after(6)).unwrap())).is_empty());
        assert!(step(&mut t, after(7), |t| t.delivered(0..40, after(7))).is_empty(), "only a part went out");
        let counted = step(&mut t, after(8), |t| t.delivered(40..100, after(8)));
        assert_eq!(
            counted,
            ["exchanges outcome delivered", "exchanges method NHI", "exchanges wait 3000"],
            "the wait runs from the confirmation"
        );
        assert!(step(&mut t, after(9), |t| t.delivered(0..100, after(9))).is_empty(), "fetched again");
        let end = t.confirmed().unwrap().expires_at;
        assert!(step(&mut t, end, |t| drop(t.expire(end, &policy).unwrap())).is_empty(), "and forgotten");
    }

    #[test]
    fn what_ends_otherwise_counts_with_its_reason() {
        let mut t = entered();
        step(&mut t, NOW, authorise);
        let counted = step(&mut t, NOW, |t| drop(t.refuse(NOW).unwrap()));
        assert_eq!(counted, ["exchanges outcome refused", "exchanges method NHI"]);
        assert!(step(&mut t, NOW, |t| drop(t.expire(after(9_999_999), &Policy::default()))).is_empty());

        let mut t = entered();
        let left = t.idle_until;
        let counted = step(&mut t, left, |t| drop(t.abandon(left).unwrap()));
        assert_eq!(counted, ["exchanges outcome abandoned"], "nobody was verified");

        let mut t = entered();
        let policy = Policy::default();
        step(&mut t, NOW, authorise);
        step(&mut t, NOW, |t| t.confirm(NOW, &policy, &SystemRandom).unwrap());
        let end = t.confirmed().unwrap().expires_at;
        let counted = step(&mut t, end, |t| drop(t.expire(end, &policy).unwrap()));
        assert_eq!(counted, ["exchanges outcome not-fetched", "exchanges method NHI"]);
    }

    #[test]
    fn percentiles_come_from_the_histogram() {
        let mut waits = Waits::default();
        assert_eq!(waits.percentile(50), None);
        waits.add(2_000, 90);
        waits.add(10_000, 10);
        assert_eq!(waits.percentile(50), Some(Duration::from_millis(1_500 + 500 * 50 / 90)));
        assert_eq!(waits.percentile(95), Some(Duration::from_millis(7_000 + 3_000 * 5 / 10)));
        assert_eq!(waits.percentile(100), Some(Duration::from_secs(10)));
        assert_eq!(limit(Duration::from_millis(100)), 100);
        assert_eq!(limit(Duration::from_millis(101)), 200);
        assert_eq!(limit(Duration::from_secs(u64::MAX)), 864_000_000);
    }

    #[test]
    fn days_are_numbered() {
        assert_eq!(day_number(Date::constant(1970, 1, 2)), 1);
        assert_eq!(day_number(day_of(NOW)), 20_778);
    }
}
