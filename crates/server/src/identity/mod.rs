//! How citizens prove who they are: a port, and its adapters.
//!
//! A method is carried out by an adapter. The flow asks it to begin, sends the browser where it says, and gives it what
//! came back; it answers with a [`Person`] and the method that was really used, or with a [`Fault`].

pub mod oidc;

use std::collections::HashMap;
use std::sync::Arc;

use mydata_domain::transaction::person::Person;
use mydata_wire::Verification;
use serde::{Deserialize, Serialize};
use url::Url;

use oidc::Oidc;

/// What an adapter must remember until the citizen comes back. Kept sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Ties the answer to this attempt.
    pub nonce: String,
    /// Proves that whoever redeems the code began the attempt.
    pub verifier: String,
}

/// The beginning of an attempt.
pub struct Begun {
    /// Where the browser goes.
    pub redirect: Url,
    /// What must be remembered.
    pub attempt: Attempt,
}

/// Who it is, and how that was proven.
pub struct Verified {
    /// The citizen.
    pub person: Person,
    /// The method that was used.
    pub method: Verification,
    /// Whether the provider says that the mail address is the citizen's. Another is theirs to confirm, and nobody is told
    /// anything there before.
    pub mail_verified: bool,
}

/// Why there is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The citizen cancelled.
    #[error("the citizen cancelled")]
    Cancelled,
    /// The provider cannot be reached, or its documents cannot be read.
    #[error("the identity provider cannot be used: {0}")]
    Unavailable(String),
    /// The provider's answer does not hold.
    #[error("the identity provider's answer does not hold: {0}")]
    Invalid(String),
}

/// Which adapter carries out which method.
#[derive(Clone, Default)]
pub struct Methods(HashMap<Verification, Arc<Oidc>>);

impl Methods {
    /// The first provider that names a method carries it out.
    pub fn new(providers: Vec<Oidc>) -> Self {
        let mut map = HashMap::new();
        for provider in providers {
            let provider = Arc::new(provider);
            for method in provider.methods() {
                map.entry(*method).or_insert_with(|| Arc::clone(&provider));
            }
        }
        Self(map)
    }

    /// Whether this platform carries the method out.
    pub fn offers(&self, method: Verification) -> bool {
        self.0.contains_key(&method)
    }

    /// Whether it carries out any.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The adapter of a method.
    pub fn get(&self, method: Verification) -> Option<&Arc<Oidc>> {
        self.0.get(&method)
    }
}
