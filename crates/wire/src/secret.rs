//! Secrets (PROTOCOL.md §1). None of them shows in `Debug`; all are wiped from memory when dropped, and compared in a time
//! that tells nothing about where two of them differ.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::b64;
use crate::id::BadId;
use crate::random::{self, Random};

/// Whether two secrets are the same, in a time that depends on their lengths alone.
#[must_use]
pub fn is_same(right: impl AsRef<[u8]>, given: impl AsRef<[u8]>) -> bool {
    verify_slices_are_equal(right.as_ref(), given.as_ref()).is_ok()
}

macro_rules! alphanumeric_secret {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name(String);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                is_same(&self.0, &other.0)
            }
        }

        impl $name {
            /// A new one.
            pub fn generate(random: &dyn Random) -> Self {
                Self(random::alphanumeric(random, 16))
            }

            /// The sixteen characters.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                if text.len() == 16 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadId { kind: $kind, form: "16 of A-Z a-z 0-9" })
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

alphanumeric_secret!(
    /// A service's secret. Written twice it is the 256-bit key of `pid` (R100).
    ClientSecret, "client_secret"
);
alphanumeric_secret!(
    /// A service's "CBC IV" (R100, R127): its 16 ASCII characters are the 16 bytes of the vector.
    CbcIv, "cbc_iv"
);
alphanumeric_secret!(
    /// A dataset's secret, with which its DP signs in to introspection (R44).
    ResourceSecret, "resource_secret"
);

impl ClientSecret {
    /// The AES-256 key of `pid`: the secret, twice.
    pub fn pid_key(&self) -> [u8; 32] {
        let mut key = [0u8; 32];
        key[..16].copy_from_slice(self.0.as_bytes());
        key[16..].copy_from_slice(self.0.as_bytes());
        key
    }
}

impl CbcIv {
    /// The sixteen bytes of the vector.
    pub fn bytes(&self) -> [u8; 16] {
        let mut iv = [0u8; 16];
        iv.copy_from_slice(self.0.as_bytes());
        iv
    }
}

/// The key of one transaction's token (R112): 32 random bytes, standard base64 on the wire. It keys both the MAC and
/// the cipher of the token.
#[derive(Clone, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 32]);

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.0, other.0)
    }
}

impl SecretKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Standard base64, as it travels in the notification.
    pub fn to_wire(&self) -> String {
        b64::standard(&self.0)
    }
}

impl FromStr for SecretKey {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "secret_key", form: "base64 of 32 bytes" };
        let mut bytes = b64::decode_lenient(text).map_err(|_| bad.clone())?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Self).map_err(|_| bad);
        bytes.zeroize();
        key
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    /// Shows R100, R112.
    #[test]
    fn secrets_have_their_form_and_stay_hidden() {
        let key = SecretKey::generate(&SystemRandom);
        assert_eq!(key.to_wire().parse(), Ok(key.clone()));
        assert_eq!(key.to_wire().len(), 44);
        assert!("c2hvcnQ=".parse::<SecretKey>().is_err());
        let secret: ClientSecret = "lxLRIhDcR59kp2SG".parse().unwrap();
        assert_eq!(&secret.pid_key(), b"lxLRIhDcR59kp2SGlxLRIhDcR59kp2SG");
        assert!("lxLRIhDcR59kp2S".parse::<ClientSecret>().is_err());
        assert!("lxLRIhDcR59kp2S密".parse::<CbcIv>().is_err());
        assert!(!format!("{key:?}{secret:?}").contains("lxLR"));
    }
}
