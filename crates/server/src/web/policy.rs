//! Terms and policies as pages (R18–R20).

use askama::Template;
use mydata_domain::policy_text::{PolicyKind, Status, Version};

use super::date::RocDateTime;
use super::document;
use super::i18n::{self, Lang};
use super::layout::Chrome;

/// A version with its text.
#[derive(Debug, Clone)]
pub struct PolicyText {
    /// Of which text: its id on a page.
    pub kind: PolicyKind,
    /// Which version.
    pub number: u32,
    /// 服務條款, 隱私權保護政策.
    pub title: String,
    /// Which version it is and from when it holds, in words.
    pub of: String,
    /// The text, drawn and escaped by [`document`].
    pub html: String,
}

impl PolicyText {
    /// A version with its text in the reader's language.
    pub fn new(lang: Lang, version: &Version, body: &str, phone: &str, mailbox: &str) -> Self {
        Self {
            kind: version.kind,
            number: version.number,
            title: lang.t(title_key(version.kind)),
            of: of(lang, version),
            html: document::html(body, &[("phone", phone), ("mailbox", mailbox)]).0,
        }
    }
}

/// The text that names a policy.
pub fn title_key(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Terms => "policy-terms",
        PolicyKind::Privacy => "policy-privacy",
        PolicyKind::CitizenTerms => "policy-citizen-terms",
        PolicyKind::CitizenPrivacy => "policy-citizen-privacy",
    }
}

/// The text that says how far a version is.
pub fn status_key(status: Status) -> &'static str {
    match status {
        Status::Draft => "policy-status-draft",
        Status::Ahead => "policy-status-ahead",
        Status::Current => "policy-status-current",
        Status::Past => "policy-status-past",
    }
}

/// 第 2 版，115 年 12 月 1 日生效.
pub fn of(lang: Lang, version: &Version) -> String {
    match version.from {
        None => i18n::t(lang, "policy-of.draft", &[("number", version.number.into())]),
        Some(from) => {
            let day = RocDateTime::new(from.to_timestamp()).date(lang);
            i18n::t(lang, "policy-of", &[("number", version.number.into()), ("day", day.into())])
        }
    }
}

/// A version in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionLine {
    /// Which.
    pub label: String,
    /// How far it is, in words.
    pub status: String,
    /// Its address.
    pub href: String,
    /// It is the one that is shown.
    pub shown: bool,
}

impl VersionLine {
    /// A version in the list.
    pub fn new(lang: Lang, version: &Version, status: Status, href: String, shown: bool) -> Self {
        Self { label: of(lang, version), status: lang.t(status_key(status)), href, shown }
    }
}

/// A policy's page.
#[derive(Template)]
#[template(path = "policy.html")]
pub struct PolicyPage {
    /// The frame.
    pub chrome: Chrome,
    /// The version.
    pub policy: PolicyText,
    /// How far it is.
    pub status: Status,
    /// Where the one that holds stands.
    pub current: String,
    /// All published versions, newest first.
    pub versions: Vec<VersionLine>,
}

impl PolicyPage {
    fn notice(&self) -> Option<String> {
        match self.status {
            Status::Past => Some(self.chrome.t("policy-notice-past")),
            Status::Ahead => {
                Some(self.chrome.t1("policy-notice-ahead", "mailbox", self.chrome.contact.mailbox.as_str()))
            }
            Status::Current | Status::Draft => None,
        }
    }
}
