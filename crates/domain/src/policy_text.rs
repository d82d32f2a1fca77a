//! Terms and policies with their versions (R18–R20). A version is a draft until it is published; then it never changes,
//! and holds from its day on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// Longest text of a version in one language.
pub const MAX_TEXT: usize = 150_000;

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// 服務條款 of the organisations that are connected, and their accounts.
    Terms,
    /// 隱私權保護政策 of these accounts.
    Privacy,
    /// 服務條款 of citizens.
    CitizenTerms,
    /// 隱私權保護政策 of citizens.
    CitizenPrivacy,
}

impl PolicyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CitizenTerms, Self::CitizenPrivacy, Self::Terms, Self::Privacy];
    /// What accounts of the back office accept.
    pub const OFFICE: [Self; 2] = [Self::Terms, Self::Privacy];
    /// What citizens accept.
    pub const CITIZEN: [Self; 2] = [Self::CitizenTerms, Self::CitizenPrivacy];

    /// Whether citizens accept it.
    pub fn is_for_citizens(self) -> bool {
        Self::CITIZEN.contains(&self)
    }

    /// As it is kept, and as its address has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Privacy => "privacy",
            Self::CitizenTerms => "citizen-terms",
            Self::CitizenPrivacy => "citizen-privacy",
        }
    }
}

impl FromStr for PolicyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| format!("no policy {text:?}"))
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Of which text.
    pub kind: PolicyKind,
    /// From 1.
    pub number: u32,
    /// From when it holds; none while it is a draft.
    pub from: Option<Time>,
    /// Whether accounts that accepted an earlier version are asked again.
    pub binding: bool,
    /// When it was published.
    pub published_at: Option<Time>,
    /// When it was saved last.
    pub updated_at: Time,
    /// Grows with every save of the draft.
    pub edit: i64,
}

/// How far a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Being written.
    Draft,
    /// Published, and holds from a later moment on.
    Ahead,
    /// Holds.
    Current,
    /// A later version holds.
    Past,
}

/// How far a version is among all of its kind.
pub fn status(version: &Version, all: &[Version], now: Time) -> Status {
    match version.from {
        None => Status::Draft,
        Some(from) if from > now => Status::Ahead,
        Some(_) if current(all, version.kind, now).is_some_and(|c| c.number == version.number) => {
            Status::Current
        }
        Some(_) => Status::Past,
    }
}

/// The version of a kind that holds: the one with the latest beginning.
pub fn current(all: &[Version], kind: PolicyKind, now: Time) -> Option<&Version> {
    all.iter()
        .filter(|v| v.kind == kind && v.from.is_some_and(|from| from <= now))
        .max_by_key(|v| (v.from, v.number))
}

/// The published version of a kind that holds next.
pub fn next(all: &[Version], kind: PolicyKind, now: Time) -> Option<&Version> {
    all.iter().filter(|v| v.kind == kind && v.from.is_some_and(|from| from > now)).min_by_key(|v| v.from)
}

/// What an account, or a citizen, must accept of these kinds before it goes on: the versions that hold and bind, of which neither they themselves nor
/// later ones were accepted. `began` is when the session began: who is at work when a version begins to hold is asked at
/// the next sign-in.
pub fn to_accept<'v>(
    kinds: [PolicyKind; 2],
    all: &'v [Version],
    accepted: &[(PolicyKind, u32)],
    began: Time,
) -> Vec<&'v Version> {
    let wanted = |kind: PolicyKind| {
        let has = accepted.iter().filter(|(k, _)| *k == kind).map(|(_, number)| *number).max().unwrap_or(0);
        let binding = all
            .iter()
            .filter(|v| v.kind == kind && v.binding && v.number > has && v.from.is_some_and(|f| f <= began));
        // Whoever is asked accepts what holds, which may be later than what binds.
        binding.max_by_key(|v| v.number).and_then(|_| current(all, kind, began))
    };
    kinds.into_iter().filter_map(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u32, from: Option<i64>, binding: bool) -> Version {
        Version {
            kind: PolicyKind::Terms,
            number,
            from: from.map(Time),
            binding,
            published_at: from.map(Time),
            updated_at: Time(0),
            edit: 1,
        }
    }

    /// Shows R20.
    #[test]
    fn a_version_holds_from_its_day_on() {
        let all = [version(1, Some(0), false), version(2, Some(100), true), version(3, None, true)];
        let at = |now| current(&all, PolicyKind::Terms, Time(now)).map(|v| v.number);
        assert_eq!((at(-1), at(0), at(99), at(100)), (None, Some(1), Some(1), Some(2)));
        assert_eq!(next(&all, PolicyKind::Terms, Time(99)).map(|v| v.number), Some(2));
        assert_eq!(next(&all, PolicyKind::Terms, Time(100)), None);
        let all_at = |now| all.iter().map(|v| status(v, &all, Time(now))).collect::<Vec<_>>();
        assert_eq!(all_at(50), [Status::Current, Status::Ahead, Status::Draft]);
        assert_eq!(all_at(100), [Status::Past, Status::Current, Status::Draft]);
        assert_eq!(current(&all, PolicyKind::Privacy, Time(500)), None);
    }

    #[test]
    fn who_signs_in_later_is_asked_once() {
        let all = [version(1, Some(0), false), version(2, Some(100), true), version(3, Some(200), false)];
        let asked = |accepted: &[(PolicyKind, u32)], began| {
            to_accept(PolicyKind::OFFICE, &all, accepted, Time(began))
                .iter()
                .map(|v| v.number)
                .collect::<Vec<_>>()
        };
        assert!(asked(&[], 99).is_empty(), "the first version was accepted when signing up");
        assert_eq!(asked(&[], 100), [2]);
        assert_eq!(asked(&[(PolicyKind::Terms, 1)], 250), [3], "what holds is accepted, not what held");
        assert!(asked(&[(PolicyKind::Terms, 2)], 250).is_empty(), "a version that does not bind asks nobody");
        assert_eq!(asked(&[(PolicyKind::Privacy, 9)], 150), [2]);
    }
}
