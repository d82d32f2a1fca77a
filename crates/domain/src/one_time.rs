//! One-time codes: eight digits that reach a person by mail or SMS and prove, typed back, that it is the same person.
//! What is kept is a hash; how often may be tried, and until when, is decided here.

use std::fmt;

use mydata_wire::random::Random;

use crate::time::Time;

/// Digits of a code.
pub const DIGITS: usize = 8;

/// A code as it is sent. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// A new one, each of the 10⁸ equally likely.
    pub fn generate(random: &dyn Random) -> Self {
        let mut code = String::with_capacity(DIGITS);
        let mut bytes = [0; 2 * DIGITS];
        while code.len() < DIGITS {
            random.fill(&mut bytes);
            // 250 = 25 × 10: bytes from there on would make the first digits likelier.
            for byte in bytes.into_iter().filter(|byte| *byte < 250) {
                if code.len() < DIGITS {
                    code.push(char::from(b'0' + byte % 10));
                }
            }
        }
        Self(code)
    }

    /// Reads what a person typed: full or half width, with spaces and hyphens wherever. `None`: it cannot be a code.
    pub fn read(text: &str) -> Option<Self> {
        let mut code = String::with_capacity(DIGITS);
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let digit = match c {
                '0'..='9' => c,
                '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10)?,
                _ => return None,
            };
            if code.len() == DIGITS {
                return None;
            }
            code.push(digit);
        }
        (code.len() == DIGITS).then_some(Self(code))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

/// What is known of a code that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Until when it may be typed.
    pub until: Time,
    /// How often it may still be typed wrongly.
    pub left: u32,
}

/// Why a code does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is another.
    #[error("the code is wrong; it may be tried {left} more times")]
    Wrong {
        /// How often it may still be tried.
        left: u32,
    },
    /// Its time is over.
    #[error("the code's time is over")]
    Late,
    /// It was tried too often.
    #[error("the code was tried too often")]
    TooOften,
}

impl Sent {
    /// Counts a try. `right` says whether what was typed is the code; it is only believed while tries and time are left.
    ///
    /// # Errors
    /// Why it does not count. After [`Refused::Wrong`] the try is counted.
    pub fn try_with(&mut self, right: bool, now: Time) -> Result<(), Refused> {
        if now >= self.until {
            return Err(Refused::Late);
        }
        if self.left == 0 {
            return Err(Refused::TooOften);
        }
        if right {
            return Ok(());
        }
        self.left -= 1;
        Err(if self.left == 0 { Refused::TooOften } else { Refused::Wrong { left: self.left } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = OneTimeCode::generate(&SystemRandom);
        assert_eq!(code.as_str().len(), DIGITS);
        let (first, second) = code.as_str().split_at(4);
        for typed in [format!("{first} {second}"), format!(" {first}-{second}\n"), code.as_str().to_owned()] {
            assert_eq!(OneTimeCode::read(&typed).as_ref(), Some(&code));
        }
        assert_eq!(OneTimeCode::read("１２３４５６７８").unwrap().as_str(), "12345678");
        for bad in ["", "1234567", "123456789", "1234567a", "１２３４５６７Ⅷ", "12345678 9"] {
            assert_eq!(OneTimeCode::read(bad), None, "{bad:?}");
        }
        assert!(!format!("{code:?}").contains(code.as_str()));
    }

    #[test]
    fn tries_and_time_run_out() {
        let mut sent = Sent { until: Time(120_000), left: 3 };
        assert_eq!(sent.try_with(false, Time(0)), Err(Refused::Wrong { left: 2 }));
        assert_eq!(sent.try_with(false, Time(1)), Err(Refused::Wrong { left: 1 }));
        assert_eq!(sent.try_with(true, Time(119_999)), Ok(()));
        assert_eq!(sent.try_with(true, Time(120_000)), Err(Refused::Late));
        assert_eq!(sent.try_with(false, Time(2)), Err(Refused::TooOften));
        assert_eq!(sent.try_with(true, Time(3)), Err(Refused::TooOften), "the right one comes too late");
    }
}
