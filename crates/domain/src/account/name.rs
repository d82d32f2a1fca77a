//! What an account is called at sign-in (R86: 帳號).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// 3 to 40 of `a-z 0-9 . _ -`, beginning with a letter. Capitals are read as small letters, so that no two accounts look
/// alike. It is no mail address, so it may be shown where personal data may not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// The text cannot be the name of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account's name is 3 to 40 of a-z 0-9 . _ - and begins with a letter")]
pub struct BadName;

impl AccountName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let name = text.trim().to_ascii_lowercase();
        let fits = (3..=40).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        if fits { Ok(Self(name)) } else { Err(BadName) }
    }
}

impl TryFrom<String> for AccountName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_leniently_and_kept_strictly() {
        assert_eq!(" Jenny.Chen ".parse::<AccountName>().unwrap().as_str(), "jenny.chen");
        for bad in ["", "ab", "1abc", "a b c", "jenny@example", "珍妮珍妮", "<b>x", &"a".repeat(41)] {
            assert_eq!(bad.parse::<AccountName>(), Err(BadName), "{bad}");
        }
    }
}
