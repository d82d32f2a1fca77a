//! Accounts of the back office: who may sign in, as what, and when not.
//!
//! Owns the rules on accounts, passwords, failed sign-ins and sessions. Refuses to hash, to keep and to tell the time.

pub mod duty;
pub mod id;
pub mod lockout;
pub mod mail;
pub mod name;
pub mod password;
pub mod role;
pub mod session;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use id::AccountId;
pub use name::AccountName;
pub use role::Role;

use crate::organisation::OrganisationId;
use crate::time::Time;

/// Life of a link that sets a forgotten password, and of a registration link (R21). Used once.
pub const LINK_LIFE: Duration = Duration::from_secs(10 * 60);
/// Life of the link with which a new account sets its first password. Used once.
pub const INVITATION_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Opened by the operating side; the holder has not set a password yet.
    Invited,
    /// The holder confirmed a mail address and fills in the forms; until 送出 the account cannot be used (R5).
    FillingIn,
    /// 審核中.
    InReview,
    /// 審核通過: may sign in.
    Active,
    /// 未通過.
    Refused,
    /// Closed for good; kept for the record.
    Closed,
}

impl AccountState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Invited, Self::FillingIn, Self::InReview, Self::Active, Self::Refused, Self::Closed];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::FillingIn => "filling-in",
            Self::InReview => "in-review",
            Self::Active => "active",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for AccountState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no state of an account"))
    }
}

/// The person behind an account. Personal data: `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// 姓名
    pub name: String,
    /// E-mail
    pub mail: String,
    /// 電話; possibly empty.
    pub phone: String,
    /// E政府帳號, where the account has one (R67, R85).
    pub gov_account: Option<String>,
}

impl Holder {
    /// The name with its middle hidden, 陳○華.
    pub fn masked_name(&self) -> String {
        mydata_wire::person::masked_name(&self.name)
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder(…)")
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// What is typed at sign-in (R86).
    pub name: AccountName,
    /// What it may do.
    pub role: Role,
    /// The organisation it acts for: always for an applicant, a deputy and a competent authority, never for the others.
    pub organisation: Option<OrganisationId>,
    /// How far it has come.
    pub state: AccountState,
    /// Since when an administrator keeps it from signing in.
    pub locked_at: Option<Time>,
    /// Who it belongs to.
    pub holder: Holder,
    /// When it was opened.
    pub created_at: Time,
    /// When it last signed in.
    pub signed_in_at: Option<Time>,
}

/// Why an account that proved its password may still not sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// The forms have not been sent in (R5).
    FillingIn,
    /// The review is not over (R26).
    InReview,
    /// The review ended against it.
    Refused,
    /// An administrator locked it.
    Locked,
    /// It was closed.
    Closed,
}

impl Account {
    /// Whether the account may be used just now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_sign_in(&self) -> Result<(), Barred> {
        if self.locked_at.is_some() {
            return Err(Barred::Locked);
        }
        match self.state {
            AccountState::Active => Ok(()),
            AccountState::Invited | AccountState::FillingIn => Err(Barred::FillingIn),
            AccountState::InReview => Err(Barred::InReview),
            AccountState::Refused => Err(Barred::Refused),
            AccountState::Closed => Err(Barred::Closed),
        }
    }

    /// Whether its holder is on the way to an account: fills in the forms, or has sent them in. Such an account reaches
    /// the pages of its own sign-up and nothing else (R5).
    pub fn is_applying(&self) -> bool {
        self.locked_at.is_none() && matches!(self.state, AccountState::FillingIn | AccountState::InReview)
    }

    /// Whether the account acts for this organisation.
    pub fn acts_for(&self, organisation: &OrganisationId) -> bool {
        self.organisation.as_ref() == Some(organisation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(state: AccountState, locked_at: Option<Time>) -> Account {
        Account {
            id: "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e".parse().unwrap(),
            name: "jenny".parse().unwrap(),
            role: Role::Applicant,
            organisation: None,
            state,
            locked_at,
            holder: Holder { name: "陳示華".to_owned(), ..Holder::default() },
            created_at: Time(0),
            signed_in_at: None,
        }
    }

    /// Shows R5.
    #[test]
    fn only_an_approved_account_that_nobody_locked_may_sign_in() {
        for state in AccountState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(
                account(state, None).may_sign_in().is_ok(),
                state == AccountState::Active,
                "{state:?}"
            );
            assert_eq!(account(state, Some(Time(1))).may_sign_in(), Err(Barred::Locked));
        }
    }

    #[test]
    fn personal_data_does_not_show() {
        let text = format!("{:?}", account(AccountState::Active, None));
        assert!(!text.contains('華') && text.contains("jenny"), "{text}");
    }
}
