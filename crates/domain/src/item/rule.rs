//! Who may do what in which stage, what is needed, which mail goes out and what goes on record: one table.
//!
//! [`super::step()`] asks this table before every step, and `docs/backoffice/states.md` is written from it, so the page says
//! what the program does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::act::ActName;
use super::stage::StageName;
use crate::organisation::OrganisationKind;

/// From where an act may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromStage {
    /// From this stage.
    One(StageName),
    /// From every running stage, and while suspended.
    RunningOrSuspended,
}

impl FromStage {
    /// Whether a stage is meant.
    pub fn includes(self, stage: StageName) -> bool {
        match self {
            Self::One(one) => one == stage,
            Self::RunningOrSuspended => StageName::RUNNING.contains(&stage) || stage == StageName::Suspended,
        }
    }
}

/// Where an act leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToStage {
    /// To this stage.
    One(StageName),
    /// It stays where it is.
    Same,
    /// Back to where it was before the suspension; while another cause is left it stays suspended.
    Back,
}

impl ToStage {
    /// Whether a step from `from` may lead to `to`.
    pub fn includes(self, from: StageName, to: StageName) -> bool {
        match self {
            Self::One(one) => one == to,
            Self::Same => from == to,
            Self::Back => to == StageName::Suspended || StageName::RUNNING.contains(&to),
        }
    }
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Applicant or deputy of the organisation that the item belongs to.
    Owner,
    /// The operating team.
    Operator,
    /// The competent authority of the item's organisation.
    Authority,
    /// The ministry.
    Ministry,
    /// The operating team or the ministry.
    OperatorOrMinistry,
    /// The owner or the operating team.
    OwnerOrOperator,
    /// Nobody: it happens when it is time.
    Clock,
    /// The platform's health checks, or the operating team.
    ClockOrOperator,
}

/// What must be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Neither the reviewer nor the reviewer's organisation filed it.
    NotOwnFiling,
    /// The reviewer has not decided on this filing before.
    OtherReviewer,
    /// The number and date of the official letter are given, and the date is not ahead.
    Letter,
    /// A reason is given.
    Reason,
    /// A non-public body has its competent authority on record.
    AuthorityKnown,
    /// A refiled form carries its number on as `-n`, another a number of its own.
    Number,
    /// The test has not ended.
    TestNotOver,
    /// From one week before the last day of the test on.
    LastWeek,
    /// The test was not extended before.
    OnlyOnce,
    /// The pilot report is due one week before the go-live date, and that day has not passed.
    GoLiveDate,
    /// It is not suspended for this cause already.
    NotSuspendedForIt,
    /// It is suspended for this cause.
    SuspendedForIt,
    /// It is time.
    Due,
}

/// Whom a mail goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Applicant and deputies of the item's organisation.
    Owner,
    /// The operating team.
    Operators,
    /// The reviewers of the competent authority.
    Authority,
    /// The reviewers of the ministry.
    Ministry,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Audience; 4] = [Self::Owner, Self::Operators, Self::Authority, Self::Ministry];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operators => "operators",
            Self::Authority => "authority",
            Self::Ministry => "ministry",
        }
    }
}

/// A mail that a step sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mail {
    /// Which.
    pub kind: MailKind,
    /// To whom.
    pub to: Audience,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $what:literal, $count:literal { $($(#[$vdoc:meta])* $variant:ident = $key:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[doc = $zh] #[serde(rename = $key)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: [$name; $count] = [$(Self::$variant),*];

            /// As it is kept.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// In zh-TW.
            pub fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// In English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| format!(concat!("no ", $what, " {:?}"), text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// What a mail is about; the key of its words (R7, R22, R25, R26, R34, R35, R38, R64).
    MailKind, "kind of mail", 30 {
        ReviewWaiting = "review-waiting", "有申請單待審核", "A filing waits for review";
        InReview = "in-review", "申請單審核中", "The application is in review";
        WriteToMinistry = "write-to-ministry", "初審通過，請函送數位發展部", "First review passed: write to the ministry";
        WriteToAuthority = "write-to-authority", "初審通過，請函送目的事業主管機關", "First review passed: write to the competent authority";
        InMinistryReview = "in-ministry-review", "數位發展部審核中", "The ministry reviews";
        TestMayBegin = "test-may-begin", "申請單審核通過，請登入測試區後臺", "The application has passed: log in to the test zone";
        NotPassed = "not-passed", "申請單未通過", "The application has not passed";
        Withdrawn = "withdrawn", "申請單已撤回", "The application was withdrawn";
        TestEndsSoon = "test-ends-soon", "測試即將到期", "The test ends soon";
        TestEnded = "test-ended", "測試到期，已自動下架", "The test has ended; the item was delisted";
        ExtensionInReview = "extension-in-review", "延長測試審核中", "The extension is in review";
        ExtensionPassed = "extension-passed", "延長測試審核通過", "The extension has passed";
        ExtensionNotPassed = "extension-not-passed", "延長測試未通過", "The extension has not passed";
        GoLiveInReview = "go-live-in-review", "上線申請審核中", "The go-live application is in review";
        WriteForGoLive = "write-for-go-live", "上線申請初審通過，請函送數位發展部", "Go-live passed its first review: write to the ministry";
        GoLiveInMinistryReview = "go-live-in-ministry-review", "來文已收到，數位發展部審核中", "The letter has come; the ministry reviews";
        GoLiveNotPassed = "go-live-not-passed", "上線申請未通過", "The go-live application has not passed";
        PilotMayBegin = "pilot-may-begin", "申請試辦審核通過，請至正式區試辦", "The pilot has been approved: it may begin in production";
        ReportDue = "report-due", "請提供試辦報告", "The pilot report is due";
        ReportInReview = "report-in-review", "試辦報告審核中", "The pilot report is in review";
        ReportNotPassed = "report-not-passed", "試辦報告未通過", "The pilot report has not passed";
        ListingPlanned = "listing-planned", "【正式區】申請單審核通過，將依照申請日期上線", "Production approved: goes live on the date applied for";
        Listed = "listed", "已上架", "It is listed";
        ChangeInReview = "change-in-review", "變更申請審核中", "The change is in review";
        ChangePassed = "change-passed", "變更申請審核通過", "The change has passed";
        ChangeNotPassed = "change-not-passed", "變更申請未通過", "The change has not passed";
        Suspended = "suspended", "已停權", "It was suspended";
        Resumed = "resumed", "停權原因已排除", "A cause of the suspension is gone";
        Delisted = "delisted", "已下架", "It was delisted";
        CertificateEndsSoon = "certificate-ends-soon", "憑證即將到期", "A certificate ends soon";
    }
}

named! {
    /// What the record says.
    Deed, "deed", 35 {
        Filed = "filed", "提出申請", "Application filed";
        Discarded = "discarded", "刪除草稿", "Draft deleted";
        PassedByOperator = "passed-by-operator", "維運初審通過", "Passed by the operator";
        PassedByAuthority = "passed-by-authority", "目的事業主管機關審核通過", "Passed by the competent authority";
        PassedByMinistry = "passed-by-ministry", "數發部審核通過，開始測試", "Passed by the ministry; the test begins";
        Returned = "returned", "申請未通過，退回補正", "Application returned for mending";
        Withdrawn = "withdrawn", "撤回申請", "Application withdrawn";
        TestEndAnnounced = "test-end-announced", "通知測試即將到期", "End of the test announced";
        TestEnded = "test-ended", "測試到期，自動下架", "Test ended; delisted";
        ExtensionFiled = "extension-filed", "申請延長測試", "Extension filed";
        ExtensionGranted = "extension-granted", "延長測試通過", "Extension granted";
        ExtensionReturned = "extension-returned", "延長測試未通過", "Extension returned";
        GoLiveFiled = "go-live-filed", "申請上線", "Go-live filed";
        GoLivePassedByOperator = "go-live-passed-by-operator", "上線申請維運審核通過，等候來文", "Go-live passed by the operator; a letter is awaited";
        LetterArrived = "letter-arrived", "來文已收到", "Official letter received";
        GoLiveReturned = "go-live-returned", "上線申請未通過", "Go-live returned";
        PilotBegun = "pilot-begun", "數發部審核通過，開始試辦", "Passed by the ministry; the pilot begins";
        ReportAnnounced = "report-announced", "通知提供試辦報告", "Pilot report asked for";
        ReportFiled = "report-filed", "提出試辦報告", "Pilot report filed";
        ReportPassed = "report-passed", "試辦報告通過，等候上架", "Pilot report passed; listing awaited";
        ReportReturned = "report-returned", "試辦報告未通過", "Pilot report returned";
        Listed = "listed", "上架", "Listed";
        ChangeFiled = "change-filed", "申請變更", "Change filed";
        ChangePassedByOperator = "change-passed-by-operator", "變更維運審核通過", "Change passed by the operator";
        Changed = "changed", "變更通過", "Change passed";
        ChangeReturned = "change-returned", "變更未通過", "Change returned";
        Suspended = "suspended", "維運停權", "Suspended by the operator";
        Resumed = "resumed", "維運復權", "Resumed by the operator";
        SuspendedFailing = "suspended-failing", "異常停權", "Suspended as failing";
        ResumedFailing = "resumed-failing", "異常排除", "Mended";
        CertificateEnded = "certificate-ended", "憑證到期停權", "Certificate ended; suspended";
        CertificateRenewed = "certificate-renewed", "憑證已更新", "Certificate renewed";
        CertificateEndAnnounced = "certificate-end-announced", "通知憑證即將到期", "End of a certificate announced";
        Delisted = "delisted", "下架", "Delisted";
        StartedAnew = "started-anew", "重新申請", "Begun anew";
    }
}

/// What becomes of the item's records in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryChange {
    /// They stay as they are.
    Nothing,
    /// The test record is made, or listed again with what was filed.
    OpenTest,
    /// The production record is made, locked to the registered addresses (R15).
    OpenPilot,
    /// The production record is opened to citizens.
    List,
    /// The production record takes over the filed change.
    Update,
    /// All records are suspended.
    Suspend,
    /// All records are as they were before the suspension; nothing happens while a cause is left.
    Resume,
    /// All records are delisted.
    Delist,
}

/// One row: what holds for an act in a stage.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// In which stage.
    pub from: FromStage,
    /// Which act.
    pub act: ActName,
    /// Of which organisations, where the way differs.
    pub of: Option<OrganisationKind>,
    /// Where it leads.
    pub to: ToStage,
    /// Who may.
    pub who: Who,
    /// What must be so.
    pub guards: &'static [Guard],
    /// What the record says.
    pub deed: Deed,
    /// Which mails go out.
    pub mails: &'static [Mail],
    /// What becomes of the registry records.
    pub registry: RegistryChange,
}

/// Spells a row out; see [`RULES`].
macro_rules! rules {
    ($($from:ident: $act:ident $(of $kind:ident)? => $to:ident, $who:ident, [$($guard:ident),*], $deed:ident, [$($mail:ident -> $to_whom:ident),*], $registry:ident;)*) => {
        &[$(Rule {
            from: rules!(@from $from),
            act: ActName::$act,
            of: rules!(@of $($kind)?),
            to: rules!(@to $to),
            who: Who::$who,
            guards: &[$(Guard::$guard),*],
            deed: Deed::$deed,
            mails: &[$(Mail { kind: MailKind::$mail, to: Audience::$to_whom }),*],
            registry: RegistryChange::$registry,
        }),*]
    };
    (@from RunningOrSuspended) => { FromStage::RunningOrSuspended };
    (@from $stage:ident) => { FromStage::One(StageName::$stage) };
    (@to Same) => { ToStage::Same };
    (@to Back) => { ToStage::Back };
    (@to $stage:ident) => { ToStage::One(StageName::$stage) };
    (@of) => { None };
    (@of $kind:ident) => { Some(OrganisationKind::$kind) };
}

/// Every way of every item: `stage: act [of a kind of organisation] => stage, who, [guards], deed, [mail -> to whom], registry`.
pub const RULES: &[Rule] = rules! {
    // A new item.
    Draft: File => OperatorReview, Owner, [Number, AuthorityKnown], Filed, [InReview -> Owner, ReviewWaiting -> Operators], Nothing;
    Draft: Discard => Delisted, Owner, [], Discarded, [], Nothing;
    OperatorReview: Approve of Agency => MinistryReview, Operator, [NotOwnFiling, OtherReviewer], PassedByOperator, [WriteToMinistry -> Owner, ReviewWaiting -> Ministry], Nothing;
    OperatorReview: Approve of Private => AuthorityReview, Operator, [NotOwnFiling, OtherReviewer], PassedByOperator, [WriteToAuthority -> Owner, ReviewWaiting -> Authority], Nothing;
    OperatorReview: Refuse => Draft, Operator, [NotOwnFiling, Reason], Returned, [NotPassed -> Owner], Nothing;
    OperatorReview: Withdraw => Draft, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    AuthorityReview: Approve => MinistryReview, Authority, [NotOwnFiling, OtherReviewer, Letter], PassedByAuthority, [InMinistryReview -> Owner, ReviewWaiting -> Ministry], Nothing;
    AuthorityReview: Refuse => Draft, Authority, [NotOwnFiling, Reason], Returned, [NotPassed -> Owner], Nothing;
    AuthorityReview: Withdraw => Draft, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    MinistryReview: Approve of Agency => Testing, Ministry, [NotOwnFiling, OtherReviewer, Letter], PassedByMinistry, [TestMayBegin -> Owner], OpenTest;
    // The competent authority's letter is on record already.
    MinistryReview: Approve of Private => Testing, Ministry, [NotOwnFiling, OtherReviewer], PassedByMinistry, [TestMayBegin -> Owner], OpenTest;
    MinistryReview: Refuse => Draft, Ministry, [NotOwnFiling, Reason], Returned, [NotPassed -> Owner], Nothing;
    MinistryReview: Withdraw => Draft, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    // The test and its extension.
    Testing: RemindTest => Same, Clock, [Due], TestEndAnnounced, [TestEndsSoon -> Owner], Nothing;
    Testing: FileExtension => ExtensionReview, Owner, [TestNotOver, LastWeek, OnlyOnce, Number], ExtensionFiled, [ExtensionInReview -> Owner, ReviewWaiting -> Operators], Nothing;
    Testing: EndTest => Delisted, Clock, [Due], TestEnded, [TestEnded -> Owner], Delist;
    ExtensionReview: Approve => Testing, Operator, [NotOwnFiling, OtherReviewer], ExtensionGranted, [ExtensionPassed -> Owner], Nothing;
    ExtensionReview: Refuse => Testing, Operator, [NotOwnFiling, Reason], ExtensionReturned, [ExtensionNotPassed -> Owner], Nothing;
    ExtensionReview: Withdraw => Testing, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    // Going live.
    Testing: FileGoLive => GoLiveOperatorReview, Owner, [TestNotOver, GoLiveDate, Number], GoLiveFiled, [GoLiveInReview -> Owner, ReviewWaiting -> Operators], Nothing;
    GoLiveOperatorReview: Approve => AwaitingLetter, Operator, [NotOwnFiling, OtherReviewer], GoLivePassedByOperator, [WriteForGoLive -> Owner], Nothing;
    GoLiveOperatorReview: Refuse => Testing, Operator, [NotOwnFiling, Reason], GoLiveReturned, [GoLiveNotPassed -> Owner], Nothing;
    GoLiveOperatorReview: Withdraw => Testing, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    AwaitingLetter: LetterArrived => GoLiveMinistryReview, OperatorOrMinistry, [NotOwnFiling, Letter], LetterArrived, [GoLiveInMinistryReview -> Owner, ReviewWaiting -> Ministry], Nothing;
    AwaitingLetter: Refuse => Testing, Operator, [NotOwnFiling, Reason], GoLiveReturned, [GoLiveNotPassed -> Owner], Nothing;
    AwaitingLetter: Withdraw => Testing, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    GoLiveMinistryReview: Approve => Piloting, Ministry, [NotOwnFiling, OtherReviewer], PilotBegun, [PilotMayBegin -> Owner], OpenPilot;
    GoLiveMinistryReview: Refuse => Testing, Ministry, [NotOwnFiling, Reason], GoLiveReturned, [GoLiveNotPassed -> Owner], Nothing;
    GoLiveMinistryReview: Withdraw => Testing, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    // The pilot.
    Piloting: RemindReport => Same, Clock, [Due], ReportAnnounced, [ReportDue -> Owner], Nothing;
    Piloting: FileReport => ReportReview, Owner, [Number], ReportFiled, [ReportInReview -> Owner, ReviewWaiting -> Operators], Nothing;
    ReportReview: Approve => AwaitingListing, Operator, [NotOwnFiling, OtherReviewer], ReportPassed, [ListingPlanned -> Owner], Nothing;
    ReportReview: Refuse => Piloting, Operator, [NotOwnFiling, Reason], ReportReturned, [ReportNotPassed -> Owner], Nothing;
    ReportReview: Withdraw => Piloting, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    AwaitingListing: List => Listed, Clock, [Due], Listed, [Listed -> Owner], List;
    // A change of what is listed.
    Listed: FileChange => ChangeOperatorReview, Owner, [Number], ChangeFiled, [ChangeInReview -> Owner, ReviewWaiting -> Operators], Nothing;
    ChangeOperatorReview: Approve => ChangeMinistryReview, Operator, [NotOwnFiling, OtherReviewer], ChangePassedByOperator, [InMinistryReview -> Owner, ReviewWaiting -> Ministry], Nothing;
    ChangeOperatorReview: Refuse => Listed, Operator, [NotOwnFiling, Reason], ChangeReturned, [ChangeNotPassed -> Owner], Nothing;
    ChangeOperatorReview: Withdraw => Listed, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    ChangeMinistryReview: Approve => Listed, Ministry, [NotOwnFiling, OtherReviewer], Changed, [ChangePassed -> Owner], Update;
    ChangeMinistryReview: Refuse => Listed, Ministry, [NotOwnFiling, Reason], ChangeReturned, [ChangeNotPassed -> Owner], Nothing;
    ChangeMinistryReview: Withdraw => Listed, Owner, [], Withdrawn, [Withdrawn -> Owner], Nothing;
    // Suspension.
    RunningOrSuspended: Suspend => Suspended, Operator, [Reason, NotSuspendedForIt], Suspended, [Suspended -> Owner], Suspend;
    RunningOrSuspended: SuspendFailing => Suspended, ClockOrOperator, [NotSuspendedForIt], SuspendedFailing, [Suspended -> Owner, Suspended -> Operators], Suspend;
    RunningOrSuspended: WarnCertificate => Same, Clock, [Due], CertificateEndAnnounced, [CertificateEndsSoon -> Owner], Nothing;
    RunningOrSuspended: EndCertificate => Suspended, Clock, [NotSuspendedForIt, Due], CertificateEnded, [Suspended -> Owner, Suspended -> Operators], Suspend;
    Suspended: Resume => Back, Operator, [Reason, SuspendedForIt], Resumed, [Resumed -> Owner], Resume;
    Suspended: ResumeFailing => Back, ClockOrOperator, [SuspendedForIt], ResumedFailing, [Resumed -> Owner], Resume;
    Suspended: RenewCertificate => Back, Clock, [SuspendedForIt, Due], CertificateRenewed, [Resumed -> Owner], Resume;
    Suspended: EndTest => Delisted, Clock, [Due], TestEnded, [TestEnded -> Owner], Delist;
    // The end, and a new beginning.
    RunningOrSuspended: Delist => Delisted, OwnerOrOperator, [Reason], Delisted, [Delisted -> Owner], Delist;
    Delisted: StartAnew => Draft, Owner, [], StartedAnew, [], Nothing;
};

/// What holds for an act in a stage, for an organisation of this kind. `None`: there is no such way.
pub fn of(stage: StageName, act: ActName, kind: OrganisationKind) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.act == act && r.from.includes(stage) && r.of.is_none_or(|of| of == kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_rows_speak_of_the_same() {
        for stage in StageName::ALL {
            for act in ActName::ALL {
                for kind in [OrganisationKind::Agency, OrganisationKind::Private] {
                    let rows = RULES
                        .iter()
                        .filter(|r| {
                            r.act == act && r.from.includes(stage) && r.of.is_none_or(|of| of == kind)
                        })
                        .count();
                    assert!(rows <= 1, "{stage} {act} {kind:?}: {rows} rows");
                }
            }
        }
    }

    #[test]
    fn every_act_mail_and_deed_is_used_and_read_back() {
        let (mut acts, mut mails, mut deeds) = (HashSet::new(), HashSet::new(), HashSet::new());
        for rule in RULES {
            acts.insert(rule.act);
            deeds.insert(rule.deed);
            mails.extend(rule.mails.iter().map(|m| m.kind));
        }
        for act in ActName::ALL {
            assert!(acts.contains(&act), "{act}");
        }
        for kind in MailKind::ALL {
            assert!(mails.contains(&kind), "{kind}");
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for deed in Deed::ALL {
            assert!(deeds.contains(&deed), "{deed}");
            assert_eq!(deed.as_str().parse(), Ok(deed));
        }
        for stage in StageName::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
    }
}
