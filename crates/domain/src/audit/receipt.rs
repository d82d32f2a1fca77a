//! The receipt of a consent: what a citizen takes away of a transaction, signed, to be shown to anybody later. Says the
//! form; signs nothing.

use serde::{Deserialize, Serialize};

/// A name in both languages, as it was registered when the receipt was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The same in English.
    pub name_en: String,
}

/// Who consented, as far as it may be seen by anybody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The name, its middle masked.
    pub name: String,
    /// The personal id, its last four characters masked.
    pub uid: String,
}

/// Without the person.
impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Who(…)")
    }
}

/// For whom the data was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Recipient {
    /// A service of a service provider.
    Service {
        /// The service.
        service: Named,
        /// The organisation behind it.
        organisation: Option<Named>,
        /// The service's identifier of the transaction.
        tx_id: String,
    },
    /// A case at a counter.
    Counter {
        /// The counter service and its case, as the transaction names them.
        case: serde_json::Value,
    },
    /// The citizen.
    Own,
}

/// A dataset and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// The dataset.
    #[serde(flatten)]
    pub dataset: Named,
    /// Whose it is.
    pub provider: Option<Named>,
    /// How far it is.
    pub state: String,
}

/// A version of a text that held at the moment of consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Which text.
    pub policy: String,
    /// Its number.
    pub version: u32,
}

/// How far the consent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Not given: the citizen has not confirmed yet.
    Open,
    /// Given, and running.
    Given,
    /// Given, and over: fetched or expired.
    Over,
    /// Given, and taken back while it was running.
    Withdrawn,
    /// Never given: refused, left, or stopped before the citizen confirmed.
    Never,
}

/// A receipt. Moments are RFC 3339, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Of the form of all this; 1.
    pub version: u32,
    /// The platform's address.
    pub issuer: String,
    /// When it was made; what it says was so then.
    pub issued_at: String,
    /// The platform's identifier of the transaction.
    pub transaction: String,
    /// Test or production.
    pub zone: String,
    /// Who consented.
    pub who: Who,
    /// For whom the data was.
    pub recipient: Recipient,
    /// For what it is used.
    pub purpose: Option<String>,
    /// The same in English.
    pub purpose_en: Option<String>,
    /// What was asked for.
    pub datasets: Vec<Data>,
    /// How the citizen proved who they are: the method's code.
    pub verification: Option<String>,
    /// Terms and policies that held then.
    pub policies: Vec<PolicyVersion>,
    /// When the transaction began.
    pub entered_at: String,
    /// When the citizen agreed to the terms and proved who they are.
    pub authorised_at: Option<String>,
    /// When the citizen confirmed that the data be sent. Data for oneself or a counter needs no confirmation.
    pub confirmed_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// How it ended.
    pub ending: Option<String>,
    /// How far the consent is.
    pub standing: Standing,
}

/// The file that a citizen downloads: the receipt to read, and the same signed. What counts is what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// To read.
    pub receipt: Receipt,
    /// The same as a JSON Web Signature (RFC 7515), compact.
    pub jws: String,
}
