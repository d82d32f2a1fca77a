//! Who may call a route, as a value: so that the table can be read, applied and tested.

use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountState, Role};

use super::owner::{Owner, Thing};

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Everybody, signed in or not.
    Public,
    /// Who has shown the right password, whether the second factor is still to come or not.
    Halfway,
    /// Everybody who is signed in. Also the auditor, who reads only: a POST under this rule changes nothing but the
    /// caller's own account or session.
    SignedIn,
    /// Everybody with a session behind whom no second factor is missing, also while signing up: for what concerns the
    /// session alone.
    Session,
    /// Who signs up: until the forms are sent in and while they are in review.
    Applying,
    /// Accounts of these roles.
    Roles(&'static [Role]),
    /// Whom the thing named by `{id}` belongs to, and accounts of the roles in `or`. To everybody else it does not exist.
    Owner {
        /// What kind of thing.
        of: Thing,
        /// Who else may.
        or: &'static [Role],
    },
}

/// What follows from a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The handler may be called.
    Pass,
    /// Sign in first: 303.
    SignIn,
    /// Show the second factor first: 303.
    SecondFactor,
    /// The forms of the sign-up come first: 303.
    SignUp,
    /// Not with this role: 403.
    Forbidden,
    /// There is no such thing, or it is somebody else's: 404.
    NotFound,
}

impl Rule {
    /// What kind of thing has to be looked up before [`Self::judge`] can tell.
    pub fn owned(self) -> Option<Thing> {
        match self {
            Self::Owner { of, .. } => Some(of),
            _ => None,
        }
    }

    /// Judges a request. `who` is whose session it came with, `owner` what was looked up for [`Self::owned`].
    pub fn judge(self, who: Option<(Stage, &Account)>, owner: Option<&Owner>) -> Verdict {
        if self == Self::Public {
            return Verdict::Pass;
        }
        let Some((stage, account)) = who else { return Verdict::SignIn };
        match (self, stage) {
            (Self::Halfway, _) => return Verdict::Pass,
            (_, Stage::Halfway) => return Verdict::SecondFactor,
            (_, Stage::Whole) => {}
        }
        if account.is_applying() {
            return self.judge_applying(account, owner);
        }
        match self {
            Self::Public | Self::Halfway | Self::SignedIn | Self::Session => Verdict::Pass,
            Self::Applying => Verdict::Forbidden,
            Self::Roles(roles) if roles.contains(&account.role) => Verdict::Pass,
            Self::Roles(_) => Verdict::Forbidden,
            Self::Owner { or, .. } => match owner {
                Some(owner) if owner.is(account) || or.contains(&account.role) => Verdict::Pass,
                _ => Verdict::NotFound,
            },
        }
    }

    /// An account that is not open yet reaches its own forms, and is led to them from everywhere else (R5).
    fn judge_applying(self, account: &Account, owner: Option<&Owner>) -> Verdict {
        let filling_in = account.state == AccountState::FillingIn;
        match self {
            Self::Applying | Self::Session => Verdict::Pass,
            Self::Owner { of: Thing::Draft | Thing::Upload, .. } if filling_in => match owner {
                Some(owner) if owner.is(account) => Verdict::Pass,
                _ => Verdict::NotFound,
            },
            _ => Verdict::SignUp,
        }
    }

    /// Whether an account of this role may see a page that is not about one thing: for the menu.
    pub fn lets_in(self, role: Role) -> bool {
        match self {
            Self::Public | Self::Halfway | Self::SignedIn | Self::Session => true,
            Self::Applying => false,
            Self::Roles(roles) => roles.contains(&role),
            Self::Owner { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use mydata_domain::Time;
    use mydata_domain::account::Holder;

    use super::*;

    fn account(role: Role, organisation: Option<&str>) -> Account {
        Account {
            id: "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e".parse().unwrap(),
            name: "jenny".parse().unwrap(),
            role,
            organisation: organisation.map(|id| id.parse().unwrap()),
            state: AccountState::Active,
            locked_at: None,
            holder: Holder::default(),
            created_at: Time(0),
            signed_in_at: None,
        }
    }

    fn judge(rule: Rule, role: Role, organisation: Option<&str>, owner: Option<&str>) -> Verdict {
        let owner = owner.map(|id| Owner::Organisation(id.parse().unwrap()));
        rule.judge(Some((Stage::Whole, &account(role, organisation))), owner.as_ref())
    }

    #[test]
    fn a_rule_of_roles_lets_these_in_and_no_other() {
        let rule = Rule::Roles(&[Role::Operator, Role::Ministry]);
        for role in Role::ALL {
            let right = matches!(role, Role::Operator | Role::Ministry);
            let verdict = if right { Verdict::Pass } else { Verdict::Forbidden };
            assert_eq!(judge(rule, role, Some("library"), None), verdict, "{role}");
            assert_eq!(rule.lets_in(role), right, "{role}");
        }
        assert_eq!(rule.judge(None, None), Verdict::SignIn);
        let operator = account(Role::Operator, None);
        assert_eq!(rule.judge(Some((Stage::Halfway, &operator)), None), Verdict::SecondFactor);
    }

    /// Shows R5: until 送出, and while it is in review, the account reaches its own sign-up and nothing else.
    #[test]
    fn an_account_that_is_not_open_yet_is_led_to_its_forms() {
        let mut applicant = account(Role::Applicant, None);
        let own = Owner::Account(applicant.id);
        for (state, draft) in
            [(AccountState::FillingIn, Verdict::Pass), (AccountState::InReview, Verdict::SignUp)]
        {
            applicant.state = state;
            let judge = |rule: Rule, owner| rule.judge(Some((Stage::Whole, &applicant)), owner);
            for (rule, verdict) in [
                (Rule::Public, Verdict::Pass),
                (Rule::Applying, Verdict::Pass),
                (Rule::Session, Verdict::Pass),
                (Rule::SignedIn, Verdict::SignUp),
                (Rule::Roles(Role::ORGANISATION), Verdict::SignUp),
                (Rule::Owner { of: Thing::Factor, or: &[Role::Applicant] }, Verdict::SignUp),
                (Rule::Owner { of: Thing::Draft, or: &[] }, draft),
            ] {
                assert_eq!(judge(rule, Some(&own)), verdict, "{state:?} {rule:?}");
            }
        }
        applicant.state = AccountState::FillingIn;
        let someone = Owner::Organisation("library".parse().unwrap());
        let rule = Rule::Owner { of: Thing::Draft, or: &[Role::Applicant] };
        assert_eq!(rule.judge(Some((Stage::Whole, &applicant)), Some(&someone)), Verdict::NotFound);
        assert_eq!(judge(Rule::Applying, Role::Applicant, Some("library"), None), Verdict::Forbidden);
    }

    #[test]
    fn a_thing_of_an_organisation_belongs_to_its_people_and_to_whom_the_rule_names() {
        let rule = Rule::Owner { of: Thing::Session, or: &[Role::Operator] };
        for role in Role::ALL {
            let own = matches!(role, Role::Applicant | Role::Deputy);
            let named = role == Role::Operator;
            let at = |owner| judge(rule, role, Some("library"), owner);
            let verdict = |passes| if passes { Verdict::Pass } else { Verdict::NotFound };
            assert_eq!(at(Some("library")), verdict(own || named), "{role}");
            assert_eq!(at(Some("museum")), verdict(named), "{role}: another organisation's");
            assert_eq!(at(None), Verdict::NotFound, "{role}: nobody's");
        }
    }
}
