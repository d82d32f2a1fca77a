//! What a mail says beside its sentence.

use std::net::IpAddr;

use jiff::civil::Date;

use crate::contact::MessageNumber;
use crate::filing::FormNumber;
use crate::time::Time;

/// A fact. Texts are as people wrote them; the mail puts each on lines of its own and lets none of them be more than text.
#[derive(Clone, PartialEq, Eq)]
pub enum Fact {
    /// 帳號
    Account(String),
    /// 機關單位
    Organisation(String),
    /// 項目: the name of the dataset, service or counter service (R38).
    Item(String),
    /// 申請單號 (R56).
    Number(FormNumber),
    /// A day that matters.
    Day(DayOf, Date),
    /// When it happened.
    At(Time),
    /// From where it was done.
    From(IpAddr),
    /// 原因
    Reason(String),
    /// 原因, which the platform itself found: in zh-TW, and in English.
    Found(String, String),
    /// A reviewer's comment on one field.
    Comment {
        /// What the field is called.
        field: String,
        /// What is to be mended.
        text: String,
    },
    /// Whose certificate it is, or what else the sentence needs a name for.
    Named(String),
    /// 項目, in zh-TW, and in English: what a citizen is told of.
    Thing(String, String),
    /// 機關, in zh-TW, and in English.
    Party(String, String),
    /// The last days that are left.
    DaysLeft(u16),
    /// 編號: of a message to the service desk.
    Message(MessageNumber),
    /// 主旨: in zh-TW, and in English.
    Subject(String, String),
    /// 來信者: name and mail address.
    Writer(String, String),
    /// 內容: what somebody wrote.
    Written(String),
}

/// Which day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayOf {
    /// 測試期限: the last day of the test (R27).
    TestEnds,
    /// 預計上線日期 (R33, R64).
    GoLive,
    /// 試辦報告繳交期限 (R36).
    ReportDue,
    /// 憑證到期日 (R41).
    CertificateEnds,
    /// 申請日期
    Filed,
    /// 生效日期 of a policy (R20).
    Effective,
}

impl DayOf {
    /// All of them.
    pub const ALL: [DayOf; 6] =
        [Self::TestEnds, Self::GoLive, Self::ReportDue, Self::CertificateEnds, Self::Filed, Self::Effective];

    /// The key of its words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestEnds => "test-ends",
            Self::GoLive => "go-live",
            Self::ReportDue => "report-due",
            Self::CertificateEnds => "certificate-ends",
            Self::Filed => "filed",
            Self::Effective => "effective",
        }
    }
}
