//! Platform → SP: the body of the SP-API call (R109–R113).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{PermissionTicket, ResourceId, TxId};
use crate::secret::SecretKey;

/// What the platform tells the SP about a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The SP's own identifier of the transaction.
    pub tx_id: TxId,
    /// With this the SP fetches the data.
    pub permission_ticket: PermissionTicket,
    /// One of the two things there are to tell.
    #[serde(flatten)]
    pub news: News,
}

/// The two kinds of notification. `Debug` hides the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum News {
    /// The citizen confirmed: the data may be fetched, now or soon.
    Confirmed {
        /// Opens the token of this transaction.
        #[serde(serialize_with = "write_key", deserialize_with = "read_key")]
        secret_key: SecretKey,
    },
    /// These datasets cannot be delivered.
    Undeliverable {
        /// All datasets of the transaction that failed.
        unable_to_deliver: Vec<ResourceId>,
    },
}

fn write_key<S: Serializer>(key: &SecretKey, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&key.to_wire())
}

fn read_key<'de, D: Deserializer<'de>>(from: D) -> Result<SecretKey, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R109, R112, R113.
    #[test]
    fn bodies_are_the_seeds() {
        let confirmed = r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","secret_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
        let undeliverable = r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","unable_to_deliver":["API.Kr1C3b1ijJ"]}"#;
        for body in [confirmed, undeliverable] {
            let read: Notification = serde_json::from_str(body).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), body);
        }
        let read: Notification = serde_json::from_str(confirmed).unwrap();
        assert!(!format!("{read:?}").contains("AAEC"));
        assert!(serde_json::from_str::<Notification>(&confirmed.replace("AAEC", "")).is_err());
    }
}
