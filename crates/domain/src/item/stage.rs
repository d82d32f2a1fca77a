//! The stages of an item and what exists in each.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::act::Cause;
use crate::account::AccountId;
use crate::filing::{FilingId, FilingKind, FormNumber, OfficialLetter, Reason};
use crate::time::Time;

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", content = "with", rename_all = "kebab-case")]
pub enum Stage {
    /// 草稿.
    Draft(Draft),
    /// 審核中(維運).
    OperatorReview(OperatorReview),
    /// 審核中(目的事業主管機關).
    AuthorityReview(AuthorityReview),
    /// 審核中(數發部).
    MinistryReview(MinistryReview),
    /// It has been let in: there are registry records of it.
    Running(Running),
    /// 停權中.
    Suspended(Suspended),
    /// 下架.
    Delisted(Delisted),
}

impl From<Running> for Stage {
    fn from(running: Running) -> Self {
        Self::Running(running)
    }
}

/// The stages in which an item has registry records and may be suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Running {
    /// 測試中.
    Testing(Testing),
    /// 延長審核中.
    ExtensionReview(ExtensionReview),
    /// 上線審核中(維運).
    GoLiveOperatorReview(GoLiveOperatorReview),
    /// 等候來文.
    AwaitingLetter(AwaitingLetter),
    /// 上線審核中(數發部).
    GoLiveMinistryReview(GoLiveMinistryReview),
    /// 試辦中.
    Piloting(Piloting),
    /// 試辦報告審核中.
    ReportReview(ReportReview),
    /// 待上架.
    AwaitingListing(AwaitingListing),
    /// 已上架.
    Listed(Listed),
    /// 變更審核中(維運), listed meanwhile.
    ChangeOperatorReview(ChangeOperatorReview),
    /// 變更審核中(數發部), listed meanwhile.
    ChangeMinistryReview(ChangeMinistryReview),
}

/// A filing under review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// Which.
    pub filing: FilingId,
    /// Its number.
    pub number: FormNumber,
    /// Who filed it.
    pub by: AccountId,
    /// When.
    pub at: Time,
}

/// A filing that came back, to be mended and refiled under its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Which.
    pub filing: FilingId,
    /// Its number.
    pub number: FormNumber,
    /// What it was for.
    pub kind: FilingKind,
    /// When it came back.
    pub at: Time,
}

/// A decision within a review that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Time,
    /// The letter that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<OfficialLetter>,
}

/// 草稿: the form is being filled in, for the first time or to be mended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
}

/// 審核中(維運).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorReview {
    /// What is reviewed.
    pub filed: Filed,
}

/// 審核中(目的事業主管機關).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityReview {
    /// What is reviewed.
    pub filed: Filed,
    /// The first review.
    pub operator: Decided,
}

/// 審核中(數發部).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinistryReview {
    /// What is reviewed.
    pub filed: Filed,
    /// The first review.
    pub operator: Decided,
    /// The second, of non-public bodies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Decided>,
}

/// 測試中.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testing {
    /// The first day.
    pub from: Date,
    /// The last day; the test ends as it ends.
    pub last_day: Date,
    /// Whether the one extension was given.
    pub extended: bool,
    /// Whether the mail about its end was sent.
    #[serde(default)]
    pub reminded: bool,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
}

/// 延長審核中.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionReview {
    /// The test, whose time stands still meanwhile.
    pub testing: Testing,
    /// What is reviewed.
    pub filed: Filed,
}

/// A go-live application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoLive {
    /// The test, whose time stands still meanwhile.
    pub testing: Testing,
    /// What is reviewed.
    pub filed: Filed,
    /// 預估上線日期.
    pub on: Date,
}

/// 上線審核中(維運).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoLiveOperatorReview {
    /// The application.
    pub go_live: GoLive,
}

/// 等候來文.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingLetter {
    /// The application.
    pub go_live: GoLive,
    /// The first review.
    pub operator: Decided,
}

/// 上線審核中(數發部).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoLiveMinistryReview {
    /// The application.
    pub go_live: GoLive,
    /// The first review.
    pub operator: Decided,
    /// The organisation's letter.
    pub letter: OfficialLetter,
}

/// 試辦中: only registered addresses reach it (R15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piloting {
    /// The first day.
    pub since: Date,
    /// 預估上線日期.
    pub on: Date,
    /// Whether the mail about the report was sent.
    #[serde(default)]
    pub reminded: bool,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
}

/// 試辦報告審核中.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportReview {
    /// The pilot, which goes on.
    pub piloting: Piloting,
    /// What is reviewed.
    pub filed: Filed,
}

/// 待上架.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingListing {
    /// The day as which begins it is listed.
    pub on: Date,
}

/// 已上架.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// 上架日期.
    pub since: Time,
    /// A change that came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
}

/// 變更審核中(維運).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOperatorReview {
    /// It stays listed as it was.
    pub listed: Listed,
    /// What is reviewed.
    pub filed: Filed,
}

/// 變更審核中(數發部).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeMinistryReview {
    /// It stays listed as it was.
    pub listed: Listed,
    /// What is reviewed.
    pub filed: Filed,
    /// The first review.
    pub operator: Decided,
}

/// 停權中: nobody can use it until every cause is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// Why; never empty, each cause once.
    pub causes: Vec<Suspension>,
    /// Where it goes back to.
    pub back: Running,
}

/// One cause of a suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Which.
    pub cause: Cause,
    /// Since when.
    pub since: Time,
    /// In words, where somebody wrote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// 下架. Final; only a new filing starts from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delisted {
    /// Why.
    pub why: Ending,
    /// When.
    pub at: Time,
}

/// Why an item was delisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// 申請人刪除草稿.
    Discarded,
    /// 申請人下架.
    ByOwner,
    /// 測試到期.
    TestEnded,
    /// 維運下架.
    ByOperator,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Ending; 4] = [Self::Discarded, Self::ByOwner, Self::TestEnded, Self::ByOperator];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discarded => "discarded",
            Self::ByOwner => "by-owner",
            Self::TestEnded => "test-ended",
            Self::ByOperator => "by-operator",
        }
    }
}

impl Stage {
    /// The running stage, also of an item that is suspended.
    pub fn running(&self) -> Option<&Running> {
        match self {
            Self::Running(running) => Some(running),
            Self::Suspended(suspended) => Some(&suspended.back),
            _ => None,
        }
    }

    /// The filing under review.
    pub fn filed(&self) -> Option<&Filed> {
        match self {
            Self::OperatorReview(s) => Some(&s.filed),
            Self::AuthorityReview(s) => Some(&s.filed),
            Self::MinistryReview(s) => Some(&s.filed),
            Self::Running(_) | Self::Suspended(_) => self.running().and_then(Running::filed),
            Self::Draft(_) | Self::Delisted(_) => None,
        }
    }

    /// The filing of this kind that came back and is to be mended.
    pub fn returned(&self, kind: FilingKind) -> Option<&Returned> {
        let returned = match self {
            Self::Draft(s) => s.returned.as_ref(),
            Self::Running(running) => match running {
                Running::Testing(s) => s.returned.as_ref(),
                Running::Piloting(s) => s.returned.as_ref(),
                Running::Listed(s) => s.returned.as_ref(),
                _ => None,
            },
            _ => None,
        };
        returned.filter(|r| r.kind == kind)
    }

    /// The decision that came before the present step of the review.
    pub fn decided(&self) -> Vec<&Decided> {
        match self {
            Self::AuthorityReview(s) => vec![&s.operator],
            Self::MinistryReview(s) => std::iter::once(&s.operator).chain(&s.authority).collect(),
            Self::Running(running) => match running {
                Running::AwaitingLetter(s) => vec![&s.operator],
                Running::GoLiveMinistryReview(s) => vec![&s.operator],
                Running::ChangeMinistryReview(s) => vec![&s.operator],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> StageName {
        match self {
            Self::Draft(_) => StageName::Draft,
            Self::OperatorReview(_) => StageName::OperatorReview,
            Self::AuthorityReview(_) => StageName::AuthorityReview,
            Self::MinistryReview(_) => StageName::MinistryReview,
            Self::Running(running) => running.name(),
            Self::Suspended(_) => StageName::Suspended,
            Self::Delisted(_) => StageName::Delisted,
        }
    }
}

impl Running {
    /// Its name.
    pub fn name(&self) -> StageName {
        match self {
            Self::Testing(_) => StageName::Testing,
            Self::ExtensionReview(_) => StageName::ExtensionReview,
            Self::GoLiveOperatorReview(_) => StageName::GoLiveOperatorReview,
            Self::AwaitingLetter(_) => StageName::AwaitingLetter,
            Self::GoLiveMinistryReview(_) => StageName::GoLiveMinistryReview,
            Self::Piloting(_) => StageName::Piloting,
            Self::ReportReview(_) => StageName::ReportReview,
            Self::AwaitingListing(_) => StageName::AwaitingListing,
            Self::Listed(_) => StageName::Listed,
            Self::ChangeOperatorReview(_) => StageName::ChangeOperatorReview,
            Self::ChangeMinistryReview(_) => StageName::ChangeMinistryReview,
        }
    }

    /// The filing under review.
    pub fn filed(&self) -> Option<&Filed> {
        match self {
            Self::ExtensionReview(s) => Some(&s.filed),
            Self::GoLiveOperatorReview(s) => Some(&s.go_live.filed),
            Self::AwaitingLetter(s) => Some(&s.go_live.filed),
            Self::GoLiveMinistryReview(s) => Some(&s.go_live.filed),
            Self::ReportReview(s) => Some(&s.filed),
            Self::ChangeOperatorReview(s) => Some(&s.filed),
            Self::ChangeMinistryReview(s) => Some(&s.filed),
            Self::Testing(_) | Self::Piloting(_) | Self::AwaitingListing(_) | Self::Listed(_) => None,
        }
    }

    /// 上架日期, once it is listed.
    pub fn listed_since(&self) -> Option<Time> {
        match self {
            Self::Listed(s) => Some(s.since),
            Self::ChangeOperatorReview(s) => Some(s.listed.since),
            Self::ChangeMinistryReview(s) => Some(s.listed.since),
            _ => None,
        }
    }

    /// Whether the connection is locked to registered addresses (R15).
    pub fn is_locked_to_pilot(&self) -> bool {
        matches!(self, Self::Piloting(_) | Self::ReportReview(_) | Self::AwaitingListing(_))
    }
}

/// A stage without what exists in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// 草稿.
    Draft,
    /// 審核中(維運).
    OperatorReview,
    /// 審核中(目的事業主管機關).
    AuthorityReview,
    /// 審核中(數發部).
    MinistryReview,
    /// 測試中.
    Testing,
    /// 延長審核中.
    ExtensionReview,
    /// 上線審核中(維運).
    GoLiveOperatorReview,
    /// 等候來文.
    AwaitingLetter,
    /// 上線審核中(數發部).
    GoLiveMinistryReview,
    /// 試辦中.
    Piloting,
    /// 試辦報告審核中.
    ReportReview,
    /// 待上架.
    AwaitingListing,
    /// 已上架.
    Listed,
    /// 變更審核中(維運).
    ChangeOperatorReview,
    /// 變更審核中(數發部).
    ChangeMinistryReview,
    /// 停權中.
    Suspended,
    /// 下架.
    Delisted,
}

impl StageName {
    /// Every stage, in the order of a life.
    pub const ALL: [StageName; 17] = [
        Self::Draft,
        Self::OperatorReview,
        Self::AuthorityReview,
        Self::MinistryReview,
        Self::Testing,
        Self::ExtensionReview,
        Self::GoLiveOperatorReview,
        Self::AwaitingLetter,
        Self::GoLiveMinistryReview,
        Self::Piloting,
        Self::ReportReview,
        Self::AwaitingListing,
        Self::Listed,
        Self::ChangeOperatorReview,
        Self::ChangeMinistryReview,
        Self::Suspended,
        Self::Delisted,
    ];

    /// Those of [`Running`].
    pub const RUNNING: &'static [StageName] = &[
        Self::Testing,
        Self::ExtensionReview,
        Self::GoLiveOperatorReview,
        Self::AwaitingLetter,
        Self::GoLiveMinistryReview,
        Self::Piloting,
        Self::ReportReview,
        Self::AwaitingListing,
        Self::Listed,
        Self::ChangeOperatorReview,
        Self::ChangeMinistryReview,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::OperatorReview => "operator-review",
            Self::AuthorityReview => "authority-review",
            Self::MinistryReview => "ministry-review",
            Self::Testing => "testing",
            Self::ExtensionReview => "extension-review",
            Self::GoLiveOperatorReview => "go-live-operator-review",
            Self::AwaitingLetter => "awaiting-letter",
            Self::GoLiveMinistryReview => "go-live-ministry-review",
            Self::Piloting => "piloting",
            Self::ReportReview => "report-review",
            Self::AwaitingListing => "awaiting-listing",
            Self::Listed => "listed",
            Self::ChangeOperatorReview => "change-operator-review",
            Self::ChangeMinistryReview => "change-ministry-review",
            Self::Suspended => "suspended",
            Self::Delisted => "delisted",
        }
    }

    /// 狀態, as lists show it.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Draft => "草稿",
            Self::OperatorReview => "審核中(維運)",
            Self::AuthorityReview => "審核中(目的事業主管機關)",
            Self::MinistryReview => "審核中(數發部)",
            Self::Testing => "測試中",
            Self::ExtensionReview => "延長審核中",
            Self::GoLiveOperatorReview => "上線審核中(維運)",
            Self::AwaitingLetter => "等候來文",
            Self::GoLiveMinistryReview => "上線審核中(數發部)",
            Self::Piloting => "試辦中",
            Self::ReportReview => "試辦報告審核中",
            Self::AwaitingListing => "待上架",
            Self::Listed => "已上架",
            Self::ChangeOperatorReview => "變更審核中(維運)",
            Self::ChangeMinistryReview => "變更審核中(數發部)",
            Self::Suspended => "停權中",
            Self::Delisted => "下架",
        }
    }

    /// The same in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::OperatorReview => "In review (operator)",
            Self::AuthorityReview => "In review (competent authority)",
            Self::MinistryReview => "In review (ministry)",
            Self::Testing => "Testing",
            Self::ExtensionReview => "Extension in review",
            Self::GoLiveOperatorReview => "Go-live in review (operator)",
            Self::AwaitingLetter => "Awaiting the official letter",
            Self::GoLiveMinistryReview => "Go-live in review (ministry)",
            Self::Piloting => "In pilot",
            Self::ReportReview => "Pilot report in review",
            Self::AwaitingListing => "Awaiting listing",
            Self::Listed => "Listed",
            Self::ChangeOperatorReview => "Change in review (operator)",
            Self::ChangeMinistryReview => "Change in review (ministry)",
            Self::Suspended => "Suspended",
            Self::Delisted => "Delisted",
        }
    }
}

impl FromStr for StageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no stage {text:?}"))
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
