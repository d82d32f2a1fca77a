//! Which passwords are taken. Length counts, mixtures do not; what everybody tries first is refused.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use super::AccountName;

/// Least number of characters.
pub const MIN_CHARS: usize = 12;
/// Largest number of characters: more would only make hashing dear.
pub const MAX_CHARS: usize = 200;
/// Least number of different characters.
const MIN_DIFFERENT: usize = 5;

/// What remains of widespread passwords once digits and signs at their ends are taken away.
const COMMON: [&str; 30] = [
    "abcdefghijkl",
    "admin",
    "administrator",
    "adminadmin",
    "changeme",
    "changemenow",
    "default",
    "demo",
    "football",
    "iloveyou",
    "letmein",
    "letmeinplease",
    "login",
    "master",
    "mydata",
    "p@ssw0rd",
    "passw0rd",
    "password",
    "passwordpassword",
    "passphrase",
    "princess",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qwerty",
    "qwertyuiop",
    "secret",
    "sunshine",
    "taiwan",
    "test",
    "welcome",
];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`MIN_CHARS`] characters.
    Short,
    /// More than [`MAX_CHARS`].
    Long,
    /// It is, or holds, the account's name.
    HoldsName,
    /// One of those that everybody tries first, or a run of neighbours such as 123456789012.
    Common,
    /// Few different characters, again and again.
    Monotonous,
}

/// A password that may be set. Shows nothing in `Debug`; wiped when dropped.
#[derive(Clone)]
pub struct NewPassword(Zeroizing<String>);

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

impl NewPassword {
    /// Reads a password for the account of this name.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn read(text: &str, name: &AccountName) -> Result<Self, Weak> {
        let chars = text.chars().count();
        if chars < MIN_CHARS {
            return Err(Weak::Short);
        }
        if chars > MAX_CHARS {
            return Err(Weak::Long);
        }
        let mut folded = text.to_lowercase();
        let weak = judge(&folded, name.as_str());
        folded.zeroize();
        match weak {
            Some(weak) => Err(weak),
            None => Ok(Self(Zeroizing::new(text.to_owned()))),
        }
    }

    /// The password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn judge(folded: &str, name: &str) -> Option<Weak> {
    if folded.contains(name) {
        return Some(Weak::HoldsName);
    }
    let core = folded.trim_matches(|c: char| !c.is_alphabetic() && c != '@');
    if COMMON.contains(&core) || is_run(folded) {
        return Some(Weak::Common);
    }
    let mut different: Vec<char> = folded.chars().collect();
    different.sort_unstable();
    different.dedup();
    let few = different.len() < MIN_DIFFERENT;
    different.iter_mut().for_each(|c| *c = '\0');
    few.then_some(Weak::Monotonous)
}

/// Whether the characters are neighbours all along: 123456789012, lkjihgfedcba.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let follows = |step: i64| {
        codes
            .windows(2)
            .all(|w| w[1] - w[0] == step || (w[0], w[1]) == (0x39, 0x30) || (w[0], w[1]) == (0x30, 0x39))
    };
    follows(1) || follows(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(), Weak> {
        NewPassword::read(text, &"jenny".parse().unwrap()).map(drop)
    }

    #[test]
    fn long_passwords_are_taken_and_easy_ones_are_not() {
        for good in ["correct horse battery", "圖書館的紅色雨傘今天沒有人借", "k7#w-Lq2!vTz"] {
            assert_eq!(read(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("short-one-1", Weak::Short),
            (&*"長".repeat(201), Weak::Long),
            ("my-JENNY-password", Weak::HoldsName),
            ("Password12345!", Weak::Common),
            ("123456789012", Weak::Common),
            ("987654321098", Weak::Common),
            ("abcdefghijklmno", Weak::Common),
            ("MyData2026!!", Weak::Common),
            ("aaaaaaaaaaaaa", Weak::Monotonous),
            ("abab abab abab", Weak::Monotonous),
        ] {
            assert_eq!(read(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_password_does_not_show() {
        let password = NewPassword::read("correct horse battery", &"jenny".parse().unwrap()).unwrap();
        assert_eq!(password.expose(), "correct horse battery");
        assert!(!format!("{password:?}").contains("horse"));
    }
}
