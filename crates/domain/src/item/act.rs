//! What can be done to an item, and by whom.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::stage::Filed;
use crate::account::{AccountId, Role};
use crate::filing::{OfficialLetter, Reason};
use crate::organisation::OrganisationId;

/// Who does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is signed in.
    Person(Acting),
    /// The platform, because it is time or because it found something.
    Clock,
}

/// Somebody who is signed in, as the account stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The account.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// The organisation it belongs to.
    pub organisation: Option<OrganisationId>,
}

/// Why an item is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// 憑證到期 (R41).
    Certificate,
    /// 異常: its health checks fail.
    Failing,
    /// 維運停權.
    Operator,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 3] = [Self::Certificate, Self::Failing, Self::Operator];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Failing => "failing",
            Self::Operator => "operator",
        }
    }

    /// The state text of lists.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Certificate => "憑證到期，停權中",
            Self::Failing => "異常，停權中",
            Self::Operator => "維運停權中",
        }
    }
}

impl FromStr for Cause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.as_str() == text).ok_or_else(|| format!("no cause {text:?}"))
    }
}

/// Something done to an item, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// 送審: the form of a new item.
    File(Filed),
    /// 刪除草稿.
    Discard,
    /// 撤回: what is under review.
    Withdraw,
    /// 審核通過, at whatever station the review is; with the letter that belongs to it.
    Approve(Option<OfficialLetter>),
    /// 未通過: back to be mended.
    Refuse(Reason),
    /// 延長測試.
    FileExtension(Filed),
    /// 申請上線, with the estimated go-live date.
    FileGoLive(Filed, Date),
    /// 來文: the organisation's letter has come.
    LetterArrived(OfficialLetter),
    /// 試辦完成, with the report.
    FileReport(Filed),
    /// 申請變更.
    FileChange(Filed),
    /// 停權.
    Suspend(Reason),
    /// 復權.
    Resume(Reason),
    /// 異常停權.
    SuspendFailing(Option<Reason>),
    /// 異常排除.
    ResumeFailing(Option<Reason>),
    /// 下架.
    Delist(Reason),
    /// 重新申請.
    StartAnew,
    /// The mail that a test ends soon.
    RemindTest,
    /// 測試到期.
    EndTest,
    /// The mail that the pilot report is due.
    RemindReport,
    /// 上架.
    List,
    /// The mail that a certificate ends in so many days.
    WarnCertificate {
        /// Which.
        certificate: String,
        /// One of [`super::due::WARN_DAYS`].
        days: u16,
    },
    /// 憑證到期.
    EndCertificate,
    /// 憑證更新.
    RenewCertificate,
}

/// An act without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActName {
    /// 送審.
    File,
    /// 刪除草稿.
    Discard,
    /// 撤回.
    Withdraw,
    /// 審核通過.
    Approve,
    /// 未通過.
    Refuse,
    /// 延長測試.
    FileExtension,
    /// 申請上線.
    FileGoLive,
    /// 來文.
    LetterArrived,
    /// 試辦完成.
    FileReport,
    /// 申請變更.
    FileChange,
    /// 停權.
    Suspend,
    /// 復權.
    Resume,
    /// 異常停權.
    SuspendFailing,
    /// 異常排除.
    ResumeFailing,
    /// 下架.
    Delist,
    /// 重新申請.
    StartAnew,
    /// 測試即將到期.
    RemindTest,
    /// 測試到期.
    EndTest,
    /// 試辦報告到期.
    RemindReport,
    /// 上架.
    List,
    /// 憑證即將到期.
    WarnCertificate,
    /// 憑證到期.
    EndCertificate,
    /// 憑證更新.
    RenewCertificate,
}

impl Act {
    /// Its name.
    pub fn name(&self) -> ActName {
        match self {
            Self::File(_) => ActName::File,
            Self::Discard => ActName::Discard,
            Self::Withdraw => ActName::Withdraw,
            Self::Approve(_) => ActName::Approve,
            Self::Refuse(_) => ActName::Refuse,
            Self::FileExtension(_) => ActName::FileExtension,
            Self::FileGoLive(..) => ActName::FileGoLive,
            Self::LetterArrived(_) => ActName::LetterArrived,
            Self::FileReport(_) => ActName::FileReport,
            Self::FileChange(_) => ActName::FileChange,
            Self::Suspend(_) => ActName::Suspend,
            Self::Resume(_) => ActName::Resume,
            Self::SuspendFailing(_) => ActName::SuspendFailing,
            Self::ResumeFailing(_) => ActName::ResumeFailing,
            Self::Delist(_) => ActName::Delist,
            Self::StartAnew => ActName::StartAnew,
            Self::RemindTest => ActName::RemindTest,
            Self::EndTest => ActName::EndTest,
            Self::RemindReport => ActName::RemindReport,
            Self::List => ActName::List,
            Self::WarnCertificate { .. } => ActName::WarnCertificate,
            Self::EndCertificate => ActName::EndCertificate,
            Self::RenewCertificate => ActName::RenewCertificate,
        }
    }
}

impl ActName {
    /// Every act.
    pub const ALL: [ActName; 23] = [
        Self::File,
        Self::Discard,
        Self::Withdraw,
        Self::Approve,
        Self::Refuse,
        Self::FileExtension,
        Self::FileGoLive,
        Self::LetterArrived,
        Self::FileReport,
        Self::FileChange,
        Self::Suspend,
        Self::Resume,
        Self::SuspendFailing,
        Self::ResumeFailing,
        Self::Delist,
        Self::StartAnew,
        Self::RemindTest,
        Self::EndTest,
        Self::RemindReport,
        Self::List,
        Self::WarnCertificate,
        Self::EndCertificate,
        Self::RenewCertificate,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Discard => "discard",
            Self::Withdraw => "withdraw",
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::FileExtension => "file-extension",
            Self::FileGoLive => "file-go-live",
            Self::LetterArrived => "letter-arrived",
            Self::FileReport => "file-report",
            Self::FileChange => "file-change",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::SuspendFailing => "suspend-failing",
            Self::ResumeFailing => "resume-failing",
            Self::Delist => "delist",
            Self::StartAnew => "start-anew",
            Self::RemindTest => "remind-test",
            Self::EndTest => "end-test",
            Self::RemindReport => "remind-report",
            Self::List => "list",
            Self::WarnCertificate => "warn-certificate",
            Self::EndCertificate => "end-certificate",
            Self::RenewCertificate => "renew-certificate",
        }
    }

    /// What it is called.
    pub fn zh(self) -> &'static str {
        match self {
            Self::File => "送審",
            Self::Discard => "刪除草稿",
            Self::Withdraw => "撤回",
            Self::Approve => "審核通過",
            Self::Refuse => "未通過",
            Self::FileExtension => "延長測試",
            Self::FileGoLive => "申請上線",
            Self::LetterArrived => "來文",
            Self::FileReport => "試辦完成",
            Self::FileChange => "申請變更",
            Self::Suspend => "停權",
            Self::Resume => "復權",
            Self::SuspendFailing => "異常停權",
            Self::ResumeFailing => "異常排除",
            Self::Delist => "下架",
            Self::StartAnew => "重新申請",
            Self::RemindTest => "測試即將到期",
            Self::EndTest => "測試到期",
            Self::RemindReport => "試辦報告到期",
            Self::List => "上架",
            Self::WarnCertificate => "憑證即將到期",
            Self::EndCertificate => "憑證到期",
            Self::RenewCertificate => "憑證更新",
        }
    }

    /// The same in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Discard => "Delete the draft",
            Self::Withdraw => "Withdraw",
            Self::Approve => "Approve",
            Self::Refuse => "Return",
            Self::FileExtension => "Apply for an extension",
            Self::FileGoLive => "Apply to go live",
            Self::LetterArrived => "Note the official letter",
            Self::FileReport => "File the pilot report",
            Self::FileChange => "Apply for a change",
            Self::Suspend => "Suspend",
            Self::Resume => "Resume",
            Self::SuspendFailing => "Suspend as failing",
            Self::ResumeFailing => "Resume as mended",
            Self::Delist => "Delist",
            Self::StartAnew => "Apply anew",
            Self::RemindTest => "Test ends soon",
            Self::EndTest => "Test ends",
            Self::RemindReport => "Pilot report is due",
            Self::List => "List",
            Self::WarnCertificate => "Certificate ends soon",
            Self::EndCertificate => "Certificate ends",
            Self::RenewCertificate => "Certificate renewed",
        }
    }
}

impl fmt::Display for ActName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
