//! Who reviews in which order, and what a decision needs (R8, R9, R34, R35, R51–R55).

use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{FilingKind, FilingState};
use crate::account::AccountId;
use crate::organisation::OrganisationKind;
use crate::text::{self, BadText};
use crate::time::Time;

/// One station of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewStep {
    /// 維運團隊 looks first.
    Operator,
    /// 目的事業主管機關, for non-public bodies.
    Authority,
    /// 數位發展部.
    Ministry,
}

impl ReviewStep {
    /// Every step, in order.
    pub const ALL: [ReviewStep; 3] = [Self::Operator, Self::Authority, Self::Ministry];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Authority => "authority",
            Self::Ministry => "ministry",
        }
    }

    /// The way of a filing.
    pub fn of(kind: FilingKind, organisation: OrganisationKind) -> &'static [ReviewStep] {
        match (kind, organisation) {
            (FilingKind::NewItem, OrganisationKind::Private) => &Self::ALL,
            (FilingKind::NewItem | FilingKind::GoLive | FilingKind::Change, _) => {
                &[Self::Operator, Self::Ministry]
            }
            (FilingKind::SignUp | FilingKind::Extension | FilingKind::PilotReport, _) => &[Self::Operator],
        }
    }

    /// What comes after this step; `None` after the last.
    pub fn next(self, kind: FilingKind, organisation: OrganisationKind) -> Option<ReviewStep> {
        Self::of(kind, organisation).iter().copied().find(|step| *step > self)
    }
}

impl FromStr for ReviewStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("no step of a review {text:?}"))
    }
}

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// 通過.
    Approved,
    /// 未通過: back to the applicant, with the reason and what is to be mended.
    Refused,
}

impl Decision {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }

    /// What becomes of the filing, when `next` would be the next step.
    pub fn leads_to(self, next: Option<ReviewStep>) -> FilingState {
        match (self, next) {
            (Self::Refused, _) => FilingState::Refused,
            (Self::Approved, None) => FilingState::Approved,
            (Self::Approved, Some(_)) => FilingState::InReview,
        }
    }
}

impl FromStr for Decision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Approved, Self::Refused]
            .into_iter()
            .find(|d| d.as_str() == text)
            .ok_or_else(|| format!("no decision {text:?}"))
    }
}

/// A reason that somebody wrote: never empty, at most [`Reason::MAX`] characters, line breaks allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// Most characters.
    pub const MAX: usize = 2_000;

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        text::paragraphs(text, Self::MAX).map(Self)
    }
}

impl TryFrom<String> for Reason {
    type Error = BadText;

    fn try_from(text: String) -> Result<Self, BadText> {
        text.parse()
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// 公文: the number and date of an official letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficialLetter {
    number: String,
    date: Date,
}

impl OfficialLetter {
    /// Most characters of a number.
    pub const MAX: usize = 60;

    /// A letter, such as 數府資字第1150001234號.
    ///
    /// # Errors
    /// The number is empty, too long, or holds what cannot be printed.
    pub fn new(number: &str, date: Date) -> Result<Self, BadText> {
        Ok(Self { number: text::line(number, Self::MAX)?, date })
    }

    /// 發文字號.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// 發文日期.
    pub fn date(&self) -> Date {
        self.date
    }
}

/// What a reviewer says to one field of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The field's path, as in [`crate::forms::FieldError`].
    pub field: String,
    /// What is to be mended.
    pub text: Reason,
}

/// One decision on a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// At which station.
    pub step: ReviewStep,
    /// What was decided.
    pub decision: Decision,
    /// Why; always there when refused.
    pub reason: Option<Reason>,
    /// What is to be mended.
    pub comments: Vec<Comment>,
    /// Who decided.
    pub reviewer: AccountId,
    /// When.
    pub at: Time,
    /// The letter that belongs to it.
    pub letter: Option<OfficialLetter>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrganisationKind::{Agency, Private};

    /// Shows R8, R9.
    #[test]
    fn only_non_public_bodies_pass_a_competent_authority() {
        use ReviewStep::{Authority, Ministry, Operator};
        assert_eq!(ReviewStep::of(FilingKind::NewItem, Agency), [Operator, Ministry]);
        assert_eq!(ReviewStep::of(FilingKind::NewItem, Private), [Operator, Authority, Ministry]);
        assert_eq!(ReviewStep::of(FilingKind::GoLive, Private), [Operator, Ministry]);
        assert_eq!(Operator.next(FilingKind::NewItem, Private), Some(Authority));
        assert_eq!(Operator.next(FilingKind::NewItem, Agency), Some(Ministry));
        assert_eq!(Ministry.next(FilingKind::NewItem, Agency), None);
        assert_eq!(Operator.next(FilingKind::Extension, Private), None);
        assert_eq!(Decision::Approved.leads_to(Some(Ministry)), FilingState::InReview);
        assert_eq!(Decision::Approved.leads_to(None), FilingState::Approved);
        assert_eq!(Decision::Refused.leads_to(Some(Ministry)), FilingState::Refused);
    }

    #[test]
    fn a_reason_is_never_empty() {
        assert_eq!(" \n ".parse::<Reason>(), Err(BadText::Missing));
        assert_eq!("a\u{0}b".parse::<Reason>(), Err(BadText::Control));
        assert_eq!("臺".repeat(2_001).parse::<Reason>(), Err(BadText::TooLong { max: 2_000 }));
        assert_eq!("請補正\r\n欄位一".parse::<Reason>().unwrap().as_str(), "請補正\n欄位一");
        assert!(serde_json::from_str::<Reason>("\"\"").is_err());
    }
}
