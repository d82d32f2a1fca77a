//! The citizen, as a verification told.

use std::fmt;

use mydata_wire::dp::UserInfo;
use mydata_wire::person::masked_name;
use mydata_wire::{PersonalId, Verification};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who the citizen is. Personal data: `Debug` shows nothing, the memory is wiped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Person {
    /// A stable pseudonym from whoever verified the identity.
    pub sub: String,
    /// The name.
    pub name: String,
    /// The personal id, upper case, well formed.
    uid: String,
    /// ISO date.
    pub birthdate: String,
    /// `male`, `female` or empty.
    pub gender: String,
    /// Possibly empty.
    pub email: String,
}

impl Person {
    /// A person with this id.
    pub fn new(uid: &PersonalId, name: String, sub: String) -> Self {
        Self {
            sub,
            name,
            uid: uid.expose().to_owned(),
            birthdate: String::new(),
            gender: String::new(),
            email: String::new(),
        }
    }

    /// The personal id.
    pub fn uid(&self) -> PersonalId {
        self.uid.parse().expect("a person is made of a well-formed id")
    }

    /// The name with its middle hidden (R83).
    pub fn masked_name(&self) -> String {
        masked_name(&self.name)
    }

    /// What a DP is told (PROTOCOL.md §6).
    pub fn to_user_info(&self, verification: Verification) -> UserInfo {
        UserInfo {
            sub: self.sub.clone(),
            cn: self.name.clone(),
            uid: self.uid.clone(),
            uid_verified: "True".to_owned(),
            birthdate: self.birthdate.clone(),
            gender: self.gender.clone(),
            email: self.email.clone(),
            verification,
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}
