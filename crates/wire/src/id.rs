//! Identifiers (PROTOCOL.md §1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::random::{self, Random};

/// A text is not an identifier of the named kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be {form}")]
pub struct BadId {
    /// Name of the field, as on the wire.
    pub kind: &'static str,
    /// The form expected, for the reader of the error.
    pub form: &'static str,
}

macro_rules! code_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new identifier.
            pub fn generate(random: &dyn Random) -> Self {
                Self(format!("{}{}", $prefix, random::alphanumeric(random, 10)))
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if rest.len() == 10 && rest.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(BadId { kind: $kind, form: concat!($prefix, " followed by 10 of A-Z a-z 0-9") }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code_id!(
    /// A service's identifier, issued when the service is added (R99): `CLI.` and 10 of `[A-Za-z0-9]`.
    ClientId, "client_id", "CLI."
);
code_id!(
    /// A dataset's identifier (R44): `API.` and 10 of `[A-Za-z0-9]`.
    ResourceId, "resource_id", "API."
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new version 4 UUID.
            pub fn generate(random: &dyn Random) -> Self {
                Self(random::uuid_v4(random))
            }

            /// The sixteen bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { kind: $kind, form: "a version 4 UUID of 36 characters" };
                if text.len() != 36 {
                    return Err(bad);
                }
                match Uuid::try_parse(text) {
                    Ok(uuid)
                        if uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122 =>
                    {
                        Ok(Self(uuid))
                    }
                    _ => Err(bad),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.hyphenated().to_string()
            }
        }
    };
}

macro_rules! shown {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_id!(
    /// The SP's identifier of a transaction, echoed back on return (R102).
    TxId, "tx_id"
);
shown!(TxId);
uuid_id!(
    /// One per dataset of a transaction, the same on every retry towards the DP.
    TransactionUid, "transaction_uid"
);
shown!(TransactionUid);
uuid_id!(
    /// Lets the SP fetch one transaction's data, for at most 8 hours (R111). A secret: `Debug` hides it.
    PermissionTicket, "permission_ticket"
);

impl PermissionTicket {
    /// The ticket as text, for the wire only.
    pub fn expose(&self) -> String {
        self.0.hyphenated().to_string()
    }
}

impl fmt::Debug for PermissionTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PermissionTicket(…)")
    }
}

/// The platform's opaque token with which a DP asks who the citizen is (PROTOCOL.md §6). 256 random bits.
/// A secret: `Debug` hides it.
#[derive(Clone, Eq)]
pub struct AccessToken(String);

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        crate::secret::is_same(&self.0, &other.0)
    }
}

impl AccessToken {
    /// What stands before the token on the wire.
    pub const WIRE_PREFIX: &'static str = "mydata::";

    /// A new token.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(crate::b64::url_safe(&bytes))
    }

    /// The token in its wire form, `mydata::<token>`.
    pub fn to_wire(&self) -> String {
        format!("{}{}", Self::WIRE_PREFIX, self.0)
    }

    /// Reads the wire form; the prefix is required.
    pub fn from_wire(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "token", form: "mydata:: followed by an access token" };
        let token = text.strip_prefix(Self::WIRE_PREFIX).ok_or_else(|| bad.clone())?;
        let well_formed = (16..=256).contains(&token.len())
            && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if well_formed { Ok(Self(token.to_owned())) } else { Err(bad) }
    }

    /// The bare token, for look-up and storage only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A token read back from where it was kept.
    pub fn from_kept(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    /// Shows R99, R102, R111.
    #[test]
    fn identifiers_have_their_form() {
        assert!("CLI.qqOjnjO4WR".parse::<ClientId>().is_ok());
        assert!("API.Kr1C3b1ijJ".parse::<ResourceId>().is_ok());
        for bad in
            ["", "CLI.", "CLI.short", "cli.qqOjnjO4WR", "API.qqOjnjO4WR", "CLI.qqOjnjO4W-", "CLI.qqOjnjO4WRx"]
        {
            assert!(bad.parse::<ClientId>().is_err(), "{bad}");
        }
        assert!("3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse::<TxId>().is_ok());
        for bad in [
            "3f6c1b52-7d9e-1a10-9c1f-0d2a4b6ca91e",
            "3f6c1b527d9e4a109c1f0d2a4b6ca91e",
            "{3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca9}",
            "3f6c1b52-7d9e-4a10-1c1f-0d2a4b6ca91e",
            "",
        ] {
            assert!(bad.parse::<TxId>().is_err(), "{bad}");
        }
        let fresh = PermissionTicket::generate(&SystemRandom);
        assert_eq!(fresh.expose().parse(), Ok(fresh));
        assert_eq!(ClientId::generate(&SystemRandom).as_str().len(), 14);
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let ticket = PermissionTicket::generate(&SystemRandom);
        assert!(!format!("{ticket:?}").contains(&ticket.expose()));
        let token = AccessToken::generate(&SystemRandom);
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_eq!(AccessToken::from_wire(&token.to_wire()), Ok(token));
    }
}
