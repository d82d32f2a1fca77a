//! What goes on record. An event says who did what to which transaction, from where, and how it ended; it holds no
//! personal data beyond a keyed index of the person, so that citizens can find their own. [`chain`] keeps it from being bent.

pub mod chain;
pub mod receipt;
mod words;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::time::Time;
use crate::transaction::TransactionId;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The citizen, in a browser.
    Citizen,
    /// A service provider's system.
    Sp,
    /// A data provider's system.
    Dp,
    /// The platform by itself.
    Platform,
    /// The operating side, on the command line or in the back office.
    Operator,
    /// The people of an organisation, in the back office or at a counter.
    Organisation,
}

impl Actor {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Sp => "sp",
            Self::Dp => "dp",
            Self::Platform => "platform",
            Self::Operator => "operator",
            Self::Organisation => "organisation",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A citizen was sent by an SP.
    Entered,
    /// An entry was refused.
    EntryRefused,
    /// The same transaction was opened again.
    Reopened,
    /// Terms ticked and identity verified.
    Authorised,
    /// Somebody other than `pid` logged in.
    PersonConflict,
    /// A dataset arrived and its package was verified.
    Collected,
    /// A dataset has no data of this person.
    NoData,
    /// A dataset cannot be delivered.
    Undeliverable,
    /// The citizen looked at what came.
    Previewed,
    /// A citizen asked for data without a service.
    DownloadBegun,
    /// An own download is complete, and held.
    Held,
    /// The citizen saved an own download.
    Saved,
    /// A barcode was made for an own download; the one before it is dead.
    BarcodeMade,
    /// An own download was taken at a counter.
    Taken,
    /// The clerk who took it fetched it once more, within the minutes that it stays.
    TakenAgain,
    /// A barcode's number was typed at a counter, and its holder sent a code.
    CounterAsked,
    /// A number or a code was refused at a counter.
    CounterRefused,
    /// The holder's code was typed at a counter: the data may be looked at and taken there.
    CounterOpened,
    /// A clerk looked at a dataset.
    CounterPreviewed,
    /// The citizen asked somebody to go to the counter in their place.
    DelegateAppointed,
    /// They agreed.
    DelegateAgreed,
    /// They declined.
    DelegateDeclined,
    /// It was ended, by one of the two.
    DelegateEnded,
    /// The citizen withdrew a consent that was still running.
    Withdrawn,
    /// The citizen confirmed.
    Confirmed,
    /// The citizen refused.
    Refused,
    /// The citizen left.
    Abandoned,
    /// The service was suspended before the citizen confirmed.
    Stopped,
    /// The SP accepted a notification.
    Notified,
    /// The SP refused a notification.
    NotificationRefused,
    /// The token was made.
    Sealed,
    /// The SP fetched the token, whole or in part.
    Delivered,
    /// A partner call was refused.
    PartnerRefused,
    /// Everything collected was wiped.
    Forgotten,
    /// The registry was changed.
    RegistryChanged,
    /// A fresh data key was made.
    DataKeyAdded,
    /// A data key took over: new content is sealed under it.
    DataKeyUsed,
    /// A data key that nothing was under any more was dropped.
    DataKeyRetired,
    /// The data keys were wrapped under another master key.
    MasterKeyChanged,
    /// Another key signs the roots of the record, or receipts.
    SigningKeyReplaced,
    /// The platform was restored from a backup; what happened after that is not known to it.
    Restored,
    /// Somebody signed in to the back office.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Too many failures: sign-in was closed for a while.
    SignInClosed,
    /// Somebody signed out, or ended one of their sessions.
    SignedOut,
    /// Somebody proved again who they are.
    ProvedAgain,
    /// A password was set.
    PasswordSet,
    /// A link that sets a password was made.
    PasswordLinkMade,
    /// A second factor was added.
    FactorAdded,
    /// A second factor was taken away.
    FactorRemoved,
    /// New recovery codes were made.
    RecoveryCodesMade,
    /// An e-government account was linked to an account.
    GovAccountLinked,
    /// It was unlinked.
    GovAccountUnlinked,
    /// An account was opened.
    AccountAdded,
    /// An account's role, state or lock was changed.
    AccountChanged,
    /// An item of the back office took a step: filed, decided on, suspended, listed, delisted …
    ItemStepped,
    /// Whether an item is shown to citizens was changed.
    DisplayChanged,
    /// A certificate was registered for a dataset.
    CertificateRegistered,
    /// Credentials were shown to their owner.
    CredentialsShown,
    /// Credentials were replaced; the earlier ones go on for a while.
    CredentialsRotated,
    /// The time in which earlier credentials went on is over.
    CredentialsLapsed,
    /// Polling of an item was switched on or off.
    PollingSwitched,
    /// An item began to fail its polls, or is well again.
    HealthChanged,
    /// The connection of an item was tested.
    ConnectionTested,
    /// The owner of a failing item was told by mail.
    OwnerTold,
    /// A mail address asked for an account of the back office.
    SignUpBegun,
    /// An organisation's sign-up was filed.
    SignUpFiled,
    /// An organisation's sign-up was decided on.
    SignUpDecided,
    /// What an organisation says about itself was changed.
    OrganisationChanged,
    /// The owner of an item began to try it as a citizen would.
    FrontTestBegun,
    /// That came to its end, and its exchange was deleted.
    FrontTestEnded,
    /// A category was added, renamed, moved, retired or taken up again.
    CategoriesChanged,
    /// A version of a policy was written or thrown away.
    PolicyDrafted,
    /// A version of a policy was published.
    PolicyPublished,
    /// An account accepted a version of a policy.
    PolicyAccepted,
    /// A maintenance window was set, changed or taken away.
    MaintenanceChanged,
    /// An entry of the news or the questions was written, changed or taken away.
    NewsChanged,
    /// A setting was changed while the platform runs.
    SettingsChanged,
    /// A citizen logged in to the portal.
    CitizenLoggedIn,
    /// Somebody did not prove on the platform's own pages who they are.
    IdentityRefused,
    /// A citizen logged out, or ended an earlier session by logging in elsewhere.
    CitizenLoggedOut,
    /// A citizen asked for another mail address or phone number, which is to be confirmed.
    ContactChangeBegun,
    /// The new address was confirmed through itself.
    ContactConfirmed,
    /// A citizen's mail address or phone number, or how they are told, was changed.
    ContactChanged,
    /// Somebody wrote to the service desk.
    MessageWritten,
    /// A message to the service desk was answered, or taken up again.
    MessageAnswered,
}

impl What {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::EntryRefused => "entry-refused",
            Self::Reopened => "reopened",
            Self::Authorised => "authorised",
            Self::PersonConflict => "person-conflict",
            Self::Collected => "collected",
            Self::NoData => "no-data",
            Self::Undeliverable => "undeliverable",
            Self::Previewed => "previewed",
            Self::DownloadBegun => "download-begun",
            Self::Held => "held",
            Self::Saved => "saved",
            Self::BarcodeMade => "barcode-made",
            Self::Taken => "taken",
            Self::TakenAgain => "taken-again",
            Self::CounterAsked => "counter-asked",
            Self::CounterRefused => "counter-refused",
            Self::CounterOpened => "counter-opened",
            Self::CounterPreviewed => "counter-previewed",
            Self::DelegateAppointed => "delegate-appointed",
            Self::DelegateAgreed => "delegate-agreed",
            Self::DelegateDeclined => "delegate-declined",
            Self::DelegateEnded => "delegate-ended",
            Self::Withdrawn => "withdrawn",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
            Self::Stopped => "stopped",
            Self::Notified => "notified",
            Self::NotificationRefused => "notification-refused",
            Self::Sealed => "sealed",
            Self::Delivered => "delivered",
            Self::PartnerRefused => "partner-refused",
            Self::Forgotten => "forgotten",
            Self::RegistryChanged => "registry-changed",
            Self::DataKeyAdded => "data-key-added",
            Self::DataKeyUsed => "data-key-used",
            Self::DataKeyRetired => "data-key-retired",
            Self::MasterKeyChanged => "master-key-changed",
            Self::SigningKeyReplaced => "signing-key-replaced",
            Self::Restored => "restored",
            Self::SignedIn => "signed-in",
            Self::SignInRefused => "sign-in-refused",
            Self::SignInClosed => "sign-in-closed",
            Self::SignedOut => "signed-out",
            Self::ProvedAgain => "proved-again",
            Self::PasswordSet => "password-set",
            Self::PasswordLinkMade => "password-link-made",
            Self::FactorAdded => "factor-added",
            Self::FactorRemoved => "factor-removed",
            Self::RecoveryCodesMade => "recovery-codes-made",
            Self::GovAccountLinked => "gov-account-linked",
            Self::GovAccountUnlinked => "gov-account-unlinked",
            Self::AccountAdded => "account-added",
            Self::AccountChanged => "account-changed",
            Self::ItemStepped => "item-stepped",
            Self::DisplayChanged => "display-changed",
            Self::CertificateRegistered => "certificate-registered",
            Self::CredentialsShown => "credentials-shown",
            Self::CredentialsRotated => "credentials-rotated",
            Self::CredentialsLapsed => "credentials-lapsed",
            Self::PollingSwitched => "polling-switched",
            Self::HealthChanged => "health-changed",
            Self::ConnectionTested => "connection-tested",
            Self::OwnerTold => "owner-told",
            Self::SignUpBegun => "sign-up-begun",
            Self::SignUpFiled => "sign-up-filed",
            Self::SignUpDecided => "sign-up-decided",
            Self::OrganisationChanged => "organisation-changed",
            Self::FrontTestBegun => "front-test-begun",
            Self::FrontTestEnded => "front-test-ended",
            Self::CategoriesChanged => "categories-changed",
            Self::PolicyDrafted => "policy-drafted",
            Self::PolicyPublished => "policy-published",
            Self::PolicyAccepted => "policy-accepted",
            Self::MaintenanceChanged => "maintenance-changed",
            Self::NewsChanged => "news-changed",
            Self::SettingsChanged => "settings-changed",
            Self::CitizenLoggedIn => "citizen-logged-in",
            Self::IdentityRefused => "identity-refused",
            Self::CitizenLoggedOut => "citizen-logged-out",
            Self::ContactChangeBegun => "contact-change-begun",
            Self::ContactConfirmed => "contact-confirmed",
            Self::ContactChanged => "contact-changed",
            Self::MessageWritten => "message-written",
            Self::MessageAnswered => "message-answered",
        }
    }
}

/// How what was tried came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// It could not be done.
    Failed,
}

impl Outcome {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl What {
    /// How it came out. A citizen who refuses or leaves has done so: that is no failure.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::EntryRefused
            | Self::PersonConflict
            | Self::CounterRefused
            | Self::NotificationRefused
            | Self::PartnerRefused
            | Self::SignInRefused
            | Self::SignInClosed => Outcome::Refused,
            Self::NoData | Self::Undeliverable | Self::Stopped => Outcome::Failed,
            _ => Outcome::Done,
        }
    }
}

/// One event, before it is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// Who.
    pub actor: Actor,
    /// What.
    pub what: What,
    /// Which transaction, where there is one.
    pub transaction: Option<TransactionId>,
    /// Which account did it, where one did.
    pub account: Option<AccountId>,
    /// From where, where it came over the network.
    pub from: Option<IpAddr>,
    /// Short facts for a reader: a resource id, a code, a count. Never personal data, never a secret.
    pub detail: serde_json::Value,
}

impl Event {
    /// An event of the platform itself without details.
    pub fn new(at: Time, actor: Actor, what: What) -> Self {
        Self {
            at,
            actor,
            what,
            transaction: None,
            account: None,
            from: None,
            detail: serde_json::Value::Null,
        }
    }

    /// About this transaction.
    pub fn of(mut self, transaction: TransactionId) -> Self {
        self.transaction = Some(transaction);
        self
    }

    /// By this account.
    pub fn by(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// From this address.
    pub fn from(mut self, address: Option<IpAddr>) -> Self {
        self.from = address;
        self
    }

    /// With these facts.
    pub fn with(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}
