//! What a DP and the platform say to each other (PROTOCOL.md §6).

use serde::{Deserialize, Serialize};

use crate::id::ResourceId;
use crate::verification::Verification;

/// Header with the identifier that is the same on every retry.
pub const TRANSACTION_UID: &str = "transaction_uid";

/// Answer of `POST /connect/introspect` (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// Whether the token is good now, for this dataset.
    pub active: bool,
    /// The dataset the token was made for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<ResourceId>,
    /// How the citizen proved who they are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Verification>,
    /// When the token ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exp: Option<i64>,
}

impl Introspection {
    /// The answer about a token that is unknown, expired or another dataset's.
    pub const INACTIVE: Introspection =
        Introspection { active: false, client_id: None, verification: None, exp: None };
}

/// Answer of `GET /connect/userinfo`. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// A stable pseudonym of the person.
    pub sub: String,
    /// The name.
    pub cn: String,
    /// The personal id, upper case.
    pub uid: String,
    /// `"True"` when the id was verified.
    pub uid_verified: String,
    /// ISO date.
    pub birthdate: String,
    /// `male`, `female` or empty.
    pub gender: String,
    /// The mail address, possibly empty.
    pub email: String,
    /// How the citizen proved who they are.
    pub verification: Verification,
}
