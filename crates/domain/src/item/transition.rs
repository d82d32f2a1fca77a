//! The ways from stage to stage. Each consumes the stage it leaves, so a way that does not exist cannot be written down.
//! Whether it may be taken now, and by whom, [`super::step()`] asks before.

use jiff::civil::Date;

use super::act::Cause;
use super::stage::{
    AuthorityReview, AwaitingLetter, AwaitingListing, ChangeMinistryReview, ChangeOperatorReview, Decided,
    Delisted, Draft, Ending, ExtensionReview, Filed, GoLive, GoLiveMinistryReview, GoLiveOperatorReview,
    Listed, MinistryReview, OperatorReview, Piloting, ReportReview, Returned, Running, Stage, Suspended,
    Suspension, Testing,
};
use crate::calendar::{day_of, days_after, days_between, months_after};
use crate::filing::{FilingKind, OfficialLetter, Reason};
use crate::time::Time;

/// How long a test lasts, and its extension (R27, R31), in calendar months.
pub const TEST_MONTHS: u8 = 3;
/// How many days before the last day of a test the extension opens (R30).
pub const EXTENSION_OPENS_DAYS: i32 = 7;
/// How many days before the go-live date the pilot report is due (R36).
pub const REPORT_DUE_DAYS: i32 = 7;

fn returned(filed: &Filed, kind: FilingKind, now: Time) -> Option<Returned> {
    Some(Returned { filing: filed.filing, number: filed.number, kind, at: now })
}

impl Draft {
    /// 送審.
    pub fn file(self, filed: Filed) -> OperatorReview {
        OperatorReview { filed }
    }

    /// 刪除草稿.
    pub fn discard(self, now: Time) -> Delisted {
        Delisted { why: Ending::Discarded, at: now }
    }
}

impl OperatorReview {
    /// Passed on to the competent authority.
    pub fn pass_to_authority(self, operator: Decided) -> AuthorityReview {
        AuthorityReview { filed: self.filed, operator }
    }

    /// Passed on to the ministry.
    pub fn pass_to_ministry(self, operator: Decided) -> MinistryReview {
        MinistryReview { filed: self.filed, operator, authority: None }
    }

    /// Back to be mended.
    pub fn return_to_draft(self, now: Time) -> Draft {
        Draft { returned: returned(&self.filed, FilingKind::NewItem, now) }
    }
}

impl AuthorityReview {
    /// Passed on to the ministry.
    pub fn pass_to_ministry(self, authority: Decided) -> MinistryReview {
        MinistryReview { filed: self.filed, operator: self.operator, authority: Some(authority) }
    }

    /// Back to be mended.
    pub fn return_to_draft(self, now: Time) -> Draft {
        Draft { returned: returned(&self.filed, FilingKind::NewItem, now) }
    }
}

impl MinistryReview {
    /// 審核通過: the test begins.
    pub fn pass_to_testing(self, now: Time) -> Testing {
        let from = day_of(now);
        Testing {
            from,
            last_day: months_after(from, TEST_MONTHS),
            extended: false,
            reminded: false,
            returned: None,
        }
    }

    /// Back to be mended.
    pub fn return_to_draft(self, now: Time) -> Draft {
        Draft { returned: returned(&self.filed, FilingKind::NewItem, now) }
    }
}

impl Testing {
    /// The first day on which an extension may be applied for (R30).
    pub fn extension_opens(&self) -> Date {
        days_after(self.last_day, -EXTENSION_OPENS_DAYS)
    }

    /// 延長測試.
    pub fn file_extension(self, filed: Filed) -> ExtensionReview {
        ExtensionReview { testing: self, filed }
    }

    /// 申請上線.
    pub fn file_go_live(self, filed: Filed, on: Date) -> GoLiveOperatorReview {
        GoLiveOperatorReview { go_live: GoLive { testing: self, filed, on } }
    }

    /// The mail about its end is sent.
    pub fn remind(self) -> Self {
        Self { reminded: true, ..self }
    }

    /// 測試到期.
    pub fn end(self, now: Time) -> Delisted {
        Delisted { why: Ending::TestEnded, at: now }
    }

    /// After an application was taken back: the time that it took counts, for the applicant took it.
    fn after_withdrawal(self, filed: &Filed, kind: FilingKind, now: Time) -> Self {
        Self { returned: returned(filed, kind, now), ..self }
    }

    /// After a review: the days that it took do not count as days of the test.
    fn after_review(self, filed_at: Time, now: Time) -> Self {
        let stood_still = days_between(day_of(filed_at), day_of(now)).max(0);
        Self { last_day: days_after(self.last_day, stood_still), returned: None, ..self }
    }
}

impl ExtensionReview {
    /// Three months more (R31).
    pub fn grant(self, now: Time) -> Testing {
        let testing = self.testing.after_review(self.filed.at, now);
        Testing {
            last_day: months_after(testing.last_day, TEST_MONTHS),
            extended: true,
            reminded: false,
            ..testing
        }
    }

    /// Back to be mended.
    pub fn return_to_testing(self, now: Time) -> Testing {
        let testing = self.testing.after_review(self.filed.at, now);
        Testing { returned: returned(&self.filed, FilingKind::Extension, now), ..testing }
    }

    /// 撤回.
    pub fn withdraw(self, now: Time) -> Testing {
        self.testing.after_withdrawal(&self.filed, FilingKind::Extension, now)
    }
}

impl GoLive {
    /// Back to be mended.
    fn return_to_testing(self, now: Time) -> Testing {
        let testing = self.testing.after_review(self.filed.at, now);
        Testing { returned: returned(&self.filed, FilingKind::GoLive, now), ..testing }
    }

    fn withdraw(self, now: Time) -> Testing {
        self.testing.after_withdrawal(&self.filed, FilingKind::GoLive, now)
    }
}

impl GoLiveOperatorReview {
    /// Approved; the organisation writes to the ministry (R34).
    pub fn await_letter(self, operator: Decided) -> AwaitingLetter {
        AwaitingLetter { go_live: self.go_live, operator }
    }

    /// Back to be mended.
    pub fn return_to_testing(self, now: Time) -> Testing {
        self.go_live.return_to_testing(now)
    }

    /// 撤回.
    pub fn withdraw(self, now: Time) -> Testing {
        self.go_live.withdraw(now)
    }
}

impl AwaitingLetter {
    /// The letter has come.
    pub fn letter_arrived(self, letter: OfficialLetter) -> GoLiveMinistryReview {
        GoLiveMinistryReview { go_live: self.go_live, operator: self.operator, letter }
    }

    /// Back to be mended.
    pub fn return_to_testing(self, now: Time) -> Testing {
        self.go_live.return_to_testing(now)
    }

    /// 撤回.
    pub fn withdraw(self, now: Time) -> Testing {
        self.go_live.withdraw(now)
    }
}

impl GoLiveMinistryReview {
    /// Approved: the pilot begins (R35).
    pub fn begin_pilot(self, now: Time) -> Piloting {
        Piloting { since: day_of(now), on: self.go_live.on, reminded: false, returned: None }
    }

    /// Back to be mended.
    pub fn return_to_testing(self, now: Time) -> Testing {
        self.go_live.return_to_testing(now)
    }

    /// 撤回.
    pub fn withdraw(self, now: Time) -> Testing {
        self.go_live.withdraw(now)
    }
}

impl Piloting {
    /// The day on which the report is due (R36).
    pub fn report_due(&self) -> Date {
        days_after(self.on, -REPORT_DUE_DAYS)
    }

    /// 試辦完成 (R52).
    pub fn file_report(self, filed: Filed) -> ReportReview {
        ReportReview { piloting: self, filed }
    }

    /// The mail about the report is sent.
    pub fn remind(self) -> Self {
        Self { reminded: true, ..self }
    }
}

impl ReportReview {
    /// Approved: it is listed on its day.
    pub fn await_listing(self) -> AwaitingListing {
        AwaitingListing { on: self.piloting.on }
    }

    /// Back to be mended.
    pub fn return_to_pilot(self, now: Time) -> Piloting {
        Piloting { returned: returned(&self.filed, FilingKind::PilotReport, now), ..self.piloting }
    }
}

impl AwaitingListing {
    /// 上架.
    pub fn list(self, now: Time) -> Listed {
        Listed { since: now, returned: None }
    }
}

impl Listed {
    /// 申請變更.
    pub fn file_change(self, filed: Filed) -> ChangeOperatorReview {
        ChangeOperatorReview { listed: self, filed }
    }
}

impl ChangeOperatorReview {
    /// Passed on to the ministry.
    pub fn pass_to_ministry(self, operator: Decided) -> ChangeMinistryReview {
        ChangeMinistryReview { listed: self.listed, filed: self.filed, operator }
    }

    /// Back to be mended.
    pub fn return_to_listed(self, now: Time) -> Listed {
        Listed { returned: returned(&self.filed, FilingKind::Change, now), ..self.listed }
    }
}

impl ChangeMinistryReview {
    /// Approved: the change holds.
    pub fn accept(self) -> Listed {
        Listed { returned: None, ..self.listed }
    }

    /// Back to be mended.
    pub fn return_to_listed(self, now: Time) -> Listed {
        Listed { returned: returned(&self.filed, FilingKind::Change, now), ..self.listed }
    }
}

impl Running {
    /// 停權.
    pub fn suspend(self, cause: Cause, reason: Option<Reason>, now: Time) -> Suspended {
        Suspended { causes: vec![Suspension { cause, since: now, reason }], back: self }
    }

    /// 下架.
    pub fn delist(self, why: Ending, now: Time) -> Delisted {
        Delisted { why, at: now }
    }
}

impl Suspended {
    /// Whether this is one of the causes.
    pub fn is_for(&self, cause: Cause) -> bool {
        self.causes.iter().any(|s| s.cause == cause)
    }

    /// One cause more; one that is there already stays as it is.
    pub fn also(mut self, cause: Cause, reason: Option<Reason>, now: Time) -> Self {
        if !self.is_for(cause) {
            self.causes.push(Suspension { cause, since: now, reason });
        }
        self
    }

    /// One cause less; with the last one it goes back to where it was.
    pub fn lift(mut self, cause: Cause) -> Stage {
        self.causes.retain(|s| s.cause != cause);
        if self.causes.is_empty() { self.back.into() } else { Stage::Suspended(self) }
    }

    /// 測試到期, also while suspended.
    pub fn end_test(self, now: Time) -> Delisted {
        Delisted { why: Ending::TestEnded, at: now }
    }

    /// 下架.
    pub fn delist(self, why: Ending, now: Time) -> Delisted {
        self.back.delist(why, now)
    }
}

impl Delisted {
    /// 重新申請: a new life, from a draft.
    pub fn start_anew(self) -> Draft {
        Draft::default()
    }
}
