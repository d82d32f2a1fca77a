//! The platform's own identifier of an account.

use std::fmt;
use std::str::FromStr;

use mydata_wire::TxId;
use mydata_wire::id::BadId;
use mydata_wire::random::{Random, uuid_v4};
use serde::{Deserialize, Serialize};

/// An account's identifier: a version 4 UUID. It never changes and is never given to another account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId([u8; 16]);

impl AccountId {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Self {
        Self(*uuid_v4(random).as_bytes())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AccountId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let id: TxId = text.parse().map_err(|_| BadId { kind: "account", form: "a version 4 UUID" })?;
        Ok(Self(*id.as_bytes()))
    }
}

impl TryFrom<String> for AccountId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}
