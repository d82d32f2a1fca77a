//! A citizen's case at a service provider.

use std::sync::Arc;
use std::time::SystemTime;

use mydata_sdk::sp::{Fetched, Return};
use mydata_wire::notification::Notification;
use mydata_wire::{PersonalId, ResourceId, TxId};

use crate::dp::document::Document;

/// What is known of a case. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Case {
    /// Its transaction.
    pub tx_id: TxId,
    /// When it was opened.
    pub opened: SystemTime,
    /// Where the citizen was sent.
    pub entry_url: String,
    /// The name the citizen gave.
    pub name: String,
    /// The personal id the citizen gave.
    pub person: Option<PersonalId>,
    /// The browser it belongs to.
    pub session: String,
    /// How the citizen came back.
    pub back: Option<Return>,
    /// The notification of the confirmed transaction.
    pub notification: Option<Notification>,
    /// What the platform said cannot be delivered.
    pub unable_to_deliver: Vec<ResourceId>,
    /// How the fetch went.
    pub fetched: Option<Fetched>,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// What became of a confirmed case.
#[derive(Clone)]
pub enum Outcome {
    /// The data is here.
    Received(Arc<Vec<ReceivedDataset>>),
    /// It will not come; why.
    Failed(String),
}

/// One dataset as received.
pub struct ReceivedDataset {
    /// Its identifier.
    pub resource_id: ResourceId,
    /// Its name.
    pub name: String,
    /// What was inside.
    pub content: DatasetContent,
}

/// What was inside.
pub enum DatasetContent {
    /// The DP has no data of this person.
    NoData,
    /// Signed data.
    Verified {
        /// Who signed.
        signer: String,
        /// Who vouches for the signer.
        issuer: String,
        /// The data files.
        files: Vec<String>,
        /// The JSON file, read.
        document: Option<Document>,
    },
    /// It did not pass verification; why.
    Refused(String),
}

impl Case {
    pub(super) fn new(
        tx_id: TxId,
        entry_url: String,
        name: &str,
        person: Option<PersonalId>,
        session: &str,
        opened: SystemTime,
    ) -> Self {
        Self {
            tx_id,
            opened,
            entry_url,
            name: name.to_owned(),
            person,
            session: session.to_owned(),
            back: None,
            notification: None,
            unable_to_deliver: Vec::new(),
            fetched: None,
            outcome: None,
        }
    }

    /// The datasets, when they are here.
    pub fn received(&self) -> Option<&[ReceivedDataset]> {
        match &self.outcome {
            Some(Outcome::Received(datasets)) => Some(datasets),
            _ => None,
        }
    }
}
