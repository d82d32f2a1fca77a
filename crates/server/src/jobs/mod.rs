//! Background work: what there is to do ([`Job`]), who does it ([`runner`]), how much of it at a time
//! ([`lanes`]). [`chain`] goes on beside it. The work itself is in [`crate::flow`], [`crate::mail`] and [`crate::backoffice::flow`].

pub mod chain;
pub mod lanes;
pub mod runner;

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::front_test::FrontTestId;
use mydata_domain::item::ItemId;
use mydata_domain::mail::MailId;
use mydata_domain::policy_text::PolicyKind;
use mydata_domain::transaction::TransactionId;
use mydata_store::jobs::{Leased, NewJob};
use mydata_store::{StoreError, Tx, jobs};
use mydata_wire::random::uuid_v4;
use mydata_wire::{Random, ResourceId, TransactionUid};
use serde::{Deserialize, Serialize};

/// The kind of the one job that each item has.
pub const ITEM_DUE: &str = "item-due";

/// One piece of work, kept in the database until it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Job {
    /// Ask a DP for one dataset.
    Collect {
        /// Of this exchange.
        transaction: TransactionId,
        /// The dataset.
        resource: ResourceId,
        /// The part of the exchange. One that started over has new parts; the calls for the old ones end by themselves.
        part: TransactionUid,
    },
    /// Tell the SP that the citizen confirmed.
    Notify {
        /// Of this exchange.
        transaction: TransactionId,
    },
    /// Tell the SP which datasets cannot be delivered.
    NotifyUndeliverable {
        /// Of this exchange.
        transaction: TransactionId,
    },
    /// Make the token.
    Seal {
        /// Of this exchange.
        transaction: TransactionId,
    },
    /// Wipe an exchange that the citizen left.
    Abandon {
        /// Of this exchange.
        transaction: TransactionId,
    },
    /// Wipe an exchange whose ticket has ended.
    Expire {
        /// Of this exchange.
        transaction: TransactionId,
    },
    /// Do what the clock does to an item.
    ItemDue {
        /// Which.
        item: ItemId,
    },
    /// Ask whether an item can be reached.
    Poll {
        /// Which.
        item: ItemId,
    },
    /// Take earlier credentials out of a record of the registry.
    CredentialsEnd {
        /// Its identifier.
        record: String,
    },
    /// End a front test, and delete its exchange.
    FrontTestEnd {
        /// Which.
        test: FrontTestId,
    },
    /// Send the link that sets a forgotten password.
    Forgotten {
        /// The account's id, or any text that is no other job's.
        key: String,
        /// The account, where there is one.
        account: Option<AccountId>,
    },
    /// Tell of a door that was closed after too many failures.
    LockedOut {
        /// The account's id, or any text that is no other job's.
        key: String,
        /// The account, where there is one.
        account: Option<AccountId>,
    },
    /// Tell the holders of accounts of a new version of a policy.
    AnnouncePolicy {
        /// Which policy.
        policy: PolicyKind,
        /// Which version.
        number: u32,
        /// The name of the account that was told last; empty to begin.
        after: String,
    },
    /// Make a one-time password, and send it where there is somebody to send it to.
    IdentityCode {
        /// Of this attempt, and no other time.
        key: String,
        /// The keyed index of the attempt.
        attempt: String,
    },
    /// Send a mail.
    Mail {
        /// Which.
        mail: MailId,
    },
    /// Send a mail or a text message that a citizen waits for.
    Message {
        /// Which.
        mail: MailId,
    },
}

impl Job {
    /// A door was closed. There is as much to do where there is no such account.
    pub fn locked_out(account: Option<AccountId>, random: &dyn Random) -> Self {
        let key = account.map_or_else(|| uuid_v4(random).to_string(), |id| id.to_string());
        Self::LockedOut { key, account }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Collect { .. } => lanes::COLLECT,
            Self::Notify { .. } => "notify",
            Self::NotifyUndeliverable { .. } => "notify-undeliverable",
            Self::Seal { .. } => "seal",
            Self::Abandon { .. } => "abandon",
            Self::Expire { .. } => "expire",
            Self::ItemDue { .. } => ITEM_DUE,
            Self::Poll { .. } => lanes::POLL,
            Self::CredentialsEnd { .. } => "credentials-end",
            Self::FrontTestEnd { .. } => "front-test-end",
            Self::Forgotten { .. } => "forgotten",
            Self::LockedOut { .. } => "locked-out",
            Self::AnnouncePolicy { .. } => "announce-policy",
            Self::IdentityCode { .. } => "identity-code",
            Self::Mail { .. } => lanes::MAIL,
            Self::Message { .. } => "message",
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Collect { part, .. } => part.to_string(),
            Self::Notify { transaction }
            | Self::NotifyUndeliverable { transaction }
            | Self::Seal { transaction }
            | Self::Abandon { transaction }
            | Self::Expire { transaction } => transaction.to_string(),
            Self::ItemDue { item } | Self::Poll { item } => item.to_string(),
            Self::CredentialsEnd { record } => record.clone(),
            Self::FrontTestEnd { test } => test.to_string(),
            Self::Forgotten { key, .. } | Self::LockedOut { key, .. } | Self::IdentityCode { key, .. } => {
                key.clone()
            }
            Self::AnnouncePolicy { policy, number, after } => format!("{policy}-{number}-{after}"),
            Self::Mail { mail } | Self::Message { mail } => mail.to_string(),
        }
    }

    /// What it may wait for together with others of its kind.
    fn lane(&self) -> Option<&str> {
        match self {
            Self::Collect { resource, .. } => Some(resource.as_str()),
            _ => None,
        }
    }

    /// Keeps the job inside the transaction that makes it necessary.
    pub async fn enqueue(&self, tx: &Tx, run_at: Time, now: Time) -> Result<(), StoreError> {
        let payload = serde_json::to_string(self).expect("a job is made of identifiers");
        let key = self.key();
        let (kind, lane) = (self.kind(), self.lane());
        jobs::enqueue(tx, &NewJob { kind, key: Some(&key), lane, payload: &payload, run_at, now }).await?;
        Ok(())
    }

    /// Reads a claimed job; `None` for one that this version does not know.
    pub fn read(leased: &Leased) -> Option<Self> {
        serde_json::from_str(&leased.payload).ok()
    }
}
