//! Every way in which an exchange ends without data: what happened, what was and was not sent, how to go on.

use askama::Template;
use mydata_wire::ReturnCode;

use super::layout::{Chrome, FormTarget, short_id};

/// A page without a next step of its own but the way back.
#[derive(Template)]
#[template(path = "dead_end.html")]
pub struct DeadEndPage {
    /// The frame.
    pub chrome: Chrome,
    /// What happened.
    pub kind: DeadEnd,
    /// Short name of the organisation behind the service, where it is known.
    pub organisation: Option<String>,
    /// The service's name, where it is known.
    pub service: Option<String>,
    /// Names of the datasets that are the reason; may be empty.
    pub datasets: Vec<String>,
    /// What had been gathered by then.
    pub gathered: Gathered,
    /// `tx_id` or the number of the incident, whole; the page shows its ends.
    pub reference: Option<String>,
    /// The way back to the service. Without one the page offers `chrome.here` again where that may help, else `/`.
    pub way_back: Option<WayBack>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadEnd {
    /// One of the outcomes of PROTOCOL.md §2.
    Code(ReturnCode),
    /// The session was idle for too long; nothing had been confirmed.
    SessionEnded,
    /// This exchange was already confirmed, and is under way or over.
    AlreadyConfirmed,
    /// The form was not ours, was too old, or was sent twice.
    FormExpired,
    /// A pilot goes on, which is not open to this address (R15).
    Pilot,
    /// The front test that the entry belongs to is over.
    TestOver,
    /// There is no such page.
    NotFound,
    /// The address does not take what was sent to it.
    WrongMethod,
    /// More was sent than is read.
    TooLarge,
    /// What was sent did not come in time.
    TooSlow,
    /// What was sent cannot be read.
    Unreadable,
    /// The address is not open to whoever asked.
    NotAllowed,
    /// Too many requests from this address.
    TooMany,
    /// More is asked for at once than the platform shows at a time.
    Busy,
    /// A fault of the platform itself.
    Internal,
}

/// What had been gathered when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathered {
    /// Nothing yet.
    Nothing,
    /// Something, and it has been deleted.
    Wiped,
    /// What was confirmed is on its way or delivered.
    Sent,
    /// This page has nothing to do with any data.
    Unrelated,
}

/// The way back to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack {
    /// A link: the return URL with `code` and `tx_id`.
    Link(String),
    /// A form of ours that leads there.
    Post(FormTarget),
}

impl DeadEnd {
    /// The key of its words.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Code(ReturnCode::Refused) => "dead-end-refused",
            Self::Code(ReturnCode::BadRequest) => "dead-end-bad-request",
            Self::Code(ReturnCode::UnknownId) => "dead-end-unknown-id",
            Self::Code(ReturnCode::ReturnUrl) => "dead-end-return-url",
            Self::Code(ReturnCode::NotApproved) => "dead-end-not-approved",
            Self::Code(ReturnCode::Abandoned) => "dead-end-abandoned",
            Self::Code(ReturnCode::PersonConflict) => "dead-end-person-conflict",
            Self::Code(ReturnCode::SpRefused) => "dead-end-sp-refused",
            Self::Code(ReturnCode::Suspended) => "dead-end-suspended",
            Self::Code(ReturnCode::DatasetStopped) => "dead-end-dataset-stopped",
            Self::Code(ReturnCode::DatasetFailing) => "dead-end-dataset-failing",
            Self::SessionEnded => "dead-end-session-ended",
            Self::AlreadyConfirmed => "dead-end-already-confirmed",
            Self::FormExpired => "dead-end-form-expired",
            Self::Pilot => "dead-end-pilot",
            Self::TestOver => "dead-end-test-over",
            Self::NotFound => "dead-end-not-found",
            Self::WrongMethod => "dead-end-wrong-method",
            Self::TooLarge => "dead-end-too-large",
            Self::TooSlow => "dead-end-too-slow",
            Self::Unreadable => "dead-end-unreadable",
            Self::NotAllowed => "dead-end-not-allowed",
            Self::TooMany => "dead-end-too-many",
            Self::Busy => "dead-end-busy",
            Self::Internal => "dead-end-internal",
        }
    }

    /// Whether asking for the page again may help.
    fn may_try_again(self) -> bool {
        matches!(self, Self::FormExpired | Self::TooMany | Self::Busy | Self::Internal)
    }

    /// Whether the citizen chose it, or it is no fault: then the page is calm, not alarming.
    fn is_calm(self) -> bool {
        matches!(
            self,
            Self::Code(ReturnCode::Refused | ReturnCode::Abandoned)
                | Self::SessionEnded
                | Self::Pilot
                | Self::TestOver
                | Self::AlreadyConfirmed
        )
    }
}

impl DeadEndPage {
    fn title(&self) -> String {
        self.chrome.t(self.kind.key())
    }

    /// The organisation's name, or 「這項服務」 where it is not known.
    fn organisation_or(&self) -> String {
        self.organisation.clone().unwrap_or_else(|| self.chrome.t("dead-end-the-service"))
    }

    fn what(&self) -> String {
        self.chrome.t1(&format!("{}.what", self.kind.key()), "organisation", self.organisation_or())
    }

    fn next(&self) -> String {
        self.chrome.t1(&format!("{}.next", self.kind.key()), "organisation", self.organisation_or())
    }

    fn sent(&self) -> Option<String> {
        let key = match self.gathered {
            Gathered::Nothing => "dead-end-sent.nothing",
            Gathered::Wiped => "dead-end-sent.wiped",
            Gathered::Sent => "dead-end-sent.sent",
            Gathered::Unrelated => return None,
        };
        Some(self.chrome.t1(key, "organisation", self.organisation_or()))
    }

    fn code(&self) -> Option<u16> {
        match self.kind {
            DeadEnd::Code(code) => Some(code.number()),
            _ => None,
        }
    }

    fn reference_short(&self) -> Option<String> {
        self.reference.as_deref().map(short_id)
    }

    fn back_label(&self) -> String {
        self.chrome.t1("dead-end-back", "organisation", self.organisation_or())
    }
}
