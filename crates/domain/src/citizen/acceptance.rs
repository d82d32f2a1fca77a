//! What a citizen agrees to when they log in: terms and policy at the first time, and each binding version after it.

use crate::policy_text::{PolicyKind, Version, current, to_accept};
use crate::time::Time;

/// The versions to be accepted at a login: what holds of each kind, where none was accepted yet; later what holds when a
/// binding version came since.
pub fn wanted(all: &[Version], accepted: &[(PolicyKind, u32)], now: Time) -> Vec<(PolicyKind, u32)> {
    let renewed = to_accept(PolicyKind::CITIZEN, all, accepted, now);
    let first = |kind: PolicyKind| {
        let known = accepted.iter().any(|(k, _)| *k == kind);
        if known { None } else { current(all, kind, now) }
    };
    let of = |kind: PolicyKind| renewed.iter().copied().find(|v| v.kind == kind).or_else(|| first(kind));
    PolicyKind::CITIZEN.into_iter().filter_map(of).map(|v| (v.kind, v.number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(kind: PolicyKind, number: u32, from: i64, binding: bool) -> Version {
        Version {
            kind,
            number,
            from: Some(Time(from)),
            binding,
            published_at: Some(Time(from)),
            updated_at: Time(from),
            edit: 1,
        }
    }

    #[test]
    fn the_first_login_accepts_what_holds_and_later_ones_what_binds() {
        use PolicyKind::{CitizenPrivacy as Privacy, CitizenTerms as Terms};
        let all = [
            version(Terms, 1, 0, false),
            version(Privacy, 1, 0, false),
            version(Terms, 2, 100, true),
            version(Privacy, 2, 100, false),
            // What accounts accept is nothing to citizens.
            version(PolicyKind::Terms, 3, 0, true),
        ];
        assert_eq!(wanted(&all, &[], Time(50)), [(Terms, 1), (Privacy, 1)]);
        let accepted = [(Terms, 1), (Privacy, 1)];
        assert!(wanted(&all, &accepted, Time(99)).is_empty());
        assert_eq!(
            wanted(&all, &accepted, Time(100)),
            [(Terms, 2)],
            "a version that does not bind asks nobody"
        );
        assert_eq!(wanted(&all, &[(Terms, 2)], Time(100)), [(Privacy, 2)]);
        assert!(wanted(&[], &[], Time(0)).is_empty());
    }
}
