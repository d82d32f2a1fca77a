//! The review of a sign-up (R5–R7, R25): an account and its organisation. Items have their own machine; a sign-up has one
//! station.

use super::{Decision, Filing, FilingKind, FilingState};
use crate::account::Role;
use crate::item::Acting;

/// Why a decision on a sign-up was refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is another kind of filing.
    #[error("this filing is no sign-up")]
    NotASignUp,
    /// Somebody was quicker.
    #[error("the sign-up has been decided on already; look at it again")]
    NotNow,
    /// The role never does it.
    #[error("only the operating team decides on sign-ups")]
    NotAllowed,
    /// Nobody decides on their own sign-up.
    #[error("what you filed is reviewed by somebody else")]
    OwnFiling,
}

/// What a decision makes of a sign-up.
///
/// # Errors
/// See [`Refused`].
pub fn decide(filing: &Filing, decision: Decision, by: &Acting) -> Result<FilingState, Refused> {
    if filing.kind != FilingKind::SignUp {
        return Err(Refused::NotASignUp);
    }
    if by.role != Role::Operator {
        return Err(Refused::NotAllowed);
    }
    let own_organisation = filing.organisation.is_some() && filing.organisation == by.organisation;
    if filing.filed_by == by.account || own_organisation {
        return Err(Refused::OwnFiling);
    }
    if filing.state != FilingState::InReview {
        return Err(Refused::NotNow);
    }
    Ok(decision.leads_to(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filing::{FilingId, FormNumber, Letter, ReviewStep};
    use crate::time::Time;
    use mydata_wire::SystemRandom;

    #[test]
    fn the_operating_team_decides_once_and_not_on_its_own() {
        let account = |n: u8| format!("{n:08}-0000-4000-8000-000000000000").parse().unwrap();
        let acting = |n, role| Acting { account: account(n), role, organisation: None };
        let mut filing = Filing {
            id: FilingId::generate(&SystemRandom),
            number: FormNumber::new(Letter::R, jiff::civil::date(2026, 11, 21), 1).unwrap(),
            kind: FilingKind::SignUp,
            item: None,
            organisation: None,
            filed_by: account(1),
            filed_at: Time(0),
            mends: None,
            content: serde_json::Value::Null,
            state: FilingState::InReview,
            step: Some(ReviewStep::Operator),
            closed_at: None,
        };
        for role in Role::ALL {
            let outcome = decide(&filing, Decision::Approved, &acting(2, role));
            let expected =
                if role == Role::Operator { Ok(FilingState::Approved) } else { Err(Refused::NotAllowed) };
            assert_eq!(outcome, expected, "{role:?}");
        }
        let operator = acting(2, Role::Operator);
        assert_eq!(decide(&filing, Decision::Refused, &operator), Ok(FilingState::Refused));
        assert_eq!(decide(&filing, Decision::Approved, &acting(1, Role::Operator)), Err(Refused::OwnFiling));
        filing.state = FilingState::Approved;
        assert_eq!(decide(&filing, Decision::Refused, &operator), Err(Refused::NotNow));
        filing.kind = FilingKind::GoLive;
        assert_eq!(decide(&filing, Decision::Refused, &operator), Err(Refused::NotASignUp));
    }
}
