//! Filings (申請單): applications that are reviewed. What was filed never changes; what changes is how far its review is.
//!
//! | module | decides |
//! | --- | --- |
//! | [`number`] | the number on the form (R56) |
//! | [`review`] | who reviews in which order, and what a decision needs |
//! | [`sign_up`] | who decides on a sign-up |
//! | [`diff`] | what a refiled form says differently |

pub mod diff;
pub mod number;
pub mod review;
pub mod sign_up;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use number::{FormNumber, Letter};
pub use review::{Comment, Decision, OfficialLetter, Reason, Review, ReviewStep};

use crate::account::AccountId;
use crate::item::ItemId;
use crate::organisation::OrganisationId;
use crate::time::Time;

crate::own_id::own_id!(
    /// A filing's identifier: a version 4 UUID.
    FilingId, "filing id"
);

/// What is applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilingKind {
    /// 帳號申請: an account and its organisation.
    SignUp,
    /// 介接申請: a new item.
    NewItem,
    /// 延長測試.
    Extension,
    /// 申請上線.
    GoLive,
    /// 試辦報告.
    PilotReport,
    /// 變更: of a listed item.
    Change,
}

impl FilingKind {
    /// Every kind.
    pub const ALL: [FilingKind; 6] =
        [Self::SignUp, Self::NewItem, Self::Extension, Self::GoLive, Self::PilotReport, Self::Change];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::NewItem => "new-item",
            Self::Extension => "extension",
            Self::GoLive => "go-live",
            Self::PilotReport => "pilot-report",
            Self::Change => "change",
        }
    }
}

impl FromStr for FilingKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| format!("no kind of filing {text:?}"))
    }
}

/// How far a filing is (R55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilingState {
    /// 審核中.
    InReview,
    /// 審核通過.
    Approved,
    /// 未通過: returned for mending.
    Refused,
    /// 已撤回: taken back by the applicant, or its item was delisted meanwhile.
    Withdrawn,
}

impl FilingState {
    /// Every state.
    pub const ALL: [FilingState; 4] = [Self::InReview, Self::Approved, Self::Refused, Self::Withdrawn];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InReview => "in-review",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// 申請狀態, as it is printed.
    pub fn printed(self) -> &'static str {
        match self {
            Self::InReview => "審核中",
            Self::Approved => "審核通過",
            Self::Refused => "未通過",
            Self::Withdrawn => "已撤回",
        }
    }
}

impl FromStr for FilingState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("no state of a filing {text:?}"))
    }
}

impl fmt::Display for FilingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One filing as it was handed in. `content` may hold personal data: `Debug` does not show it.
#[derive(Clone, PartialEq)]
pub struct Filing {
    /// Its identifier.
    pub id: FilingId,
    /// 單號.
    pub number: FormNumber,
    /// What is applied for.
    pub kind: FilingKind,
    /// The item it is about; none for a sign-up.
    pub item: Option<ItemId>,
    /// 申請機關; none for a sign-up, whose organisation is not registered yet.
    pub organisation: Option<OrganisationId>,
    /// 申請人.
    pub filed_by: AccountId,
    /// 申請日期.
    pub filed_at: Time,
    /// The filing that this one mends, whose number it carries on.
    pub mends: Option<FilingId>,
    /// The form, as JSON.
    pub content: serde_json::Value,
    /// How far it is.
    pub state: FilingState,
    /// Whose turn it is, while it is in review.
    pub step: Option<ReviewStep>,
    /// When its review ended.
    pub closed_at: Option<Time>,
}

impl fmt::Debug for Filing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filing({}, {:?}, {:?})", self.number, self.kind, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R55.
    #[test]
    fn states_are_read_back_and_printed() {
        for state in FilingState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!(
            [FilingState::InReview, FilingState::Approved, FilingState::Refused].map(FilingState::printed),
            ["審核中", "審核通過", "未通過"]
        );
        for kind in FilingKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }
}
