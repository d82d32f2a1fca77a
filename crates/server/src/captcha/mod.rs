//! 驗證碼: makes a program pay before it may guess at numbers or fill the mailbox, without asking anybody outside.
//!
//! A page carries a [`Challenge`]: a sealed text that holds six digits and when it was made. There are three ways to answer:
//!
//! | way | for whom | file |
//! | --- | --- | --- |
//! | a proof of work, found by the page's script | most: nothing is seen, nothing is typed | [`work`] |
//! | the digits of a picture | whoever has no script | [`picture`] |
//! | the digits of a sound | whoever has no script and does not see the picture | [`sound`] |
//!
//! An operator may set a service outside in place of the proof of work ([`outside`]).
//!
//! Nothing is kept for it but the names of challenges that were answered: each counts once ([`Answered::id`] is spent in the
//! transaction that it lets through), right or wrong.

pub mod outside;
pub mod part;
pub mod picture;
pub mod serve;
pub mod sound;
pub mod work;

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mydata_domain::Time;
use mydata_store::crypt::Crypter;
use mydata_wire::b64;
use mydata_wire::random::Random;
use serde::{Deserialize, Serialize};

use crate::web::Lang;

/// Digits to be read or heard.
pub const DIGITS: usize = 6;
/// How long a challenge may be answered, in milliseconds: ten minutes, as a form is filled in.
const LIFE: i64 = 10 * 60 * 1_000;
/// Area and column under which challenges are sealed.
const AREA: &str = "captcha";
const COLUMN: &str = "challenge";
const ID: usize = 22;

#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(rename = "t")]
    made_at: i64,
    #[serde(rename = "d")]
    digits: String,
}

/// What a page carries: `id.sealed`, both base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    id: String,
    text: String,
    digits: String,
    until: Time,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({})", self.id)
    }
}

impl Refused {
    /// What is said to whoever answered.
    pub fn words(&self, lang: Lang) -> String {
        lang.t(match self {
            Self::Missing => "captcha-missing",
            Self::Foreign | Self::Late => "captcha-late",
            Self::Wrong(_) => "captcha-wrong",
            Self::Unavailable => "captcha-unavailable",
        })
    }
}

/// What a form posted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Posted<'p> {
    /// The challenge, as the page carried it.
    pub challenge: &'p str,
    /// The nonce that the script found; empty without one.
    pub nonce: &'p str,
    /// The digits that a person typed; empty when the script answered.
    pub digits: &'p str,
}

/// An answer that is right, as long as its challenge has not been answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The challenge: to be spent.
    pub id: String,
    /// Until when it must be remembered as spent.
    pub until: Time,
}

/// Why an answer does not count. A new challenge is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing was answered.
    #[error("the captcha was not answered")]
    Missing,
    /// It is no challenge of this platform.
    #[error("the captcha's challenge cannot be read")]
    Foreign,
    /// Its time is over.
    #[error("the captcha's time is over")]
    Late,
    /// The service outside that would have to judge it cannot be asked.
    #[error("the captcha service cannot be asked")]
    Unavailable,
    /// It is not the answer. The challenge is to be spent all the same: whoever guesses gets one guess.
    #[error("the captcha's answer is wrong")]
    Wrong(Answered),
}

impl Challenge {
    /// A new one.
    pub fn new(crypter: &Crypter, random: &dyn Random, now: Time) -> Self {
        let id = mydata_wire::random::alphanumeric(random, ID);
        let mut bytes = [0; DIGITS];
        random.fill(&mut bytes);
        // A digit that is a little likelier than another makes no guess worth while.
        let digits: String = bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        let content = Content { made_at: now.0, digits: digits.clone() };
        let content = serde_json::to_vec(&content).expect("numbers and texts can be written as JSON");
        let sealed = crypter.seal(AREA, &id, COLUMN, &content);
        let text = format!("{id}.{}", b64::url_safe(&sealed));
        Self { id, text, digits, until: Time(now.0 + LIFE) }
    }

    /// Reads what a page carried. `None`: it is not ours, or its time is over.
    ///
    /// # Errors
    /// [`Refused::Foreign`], [`Refused::Late`].
    pub fn read(crypter: &Crypter, text: &str, now: Time) -> Result<Self, Refused> {
        let (id, sealed) = text.split_once('.').ok_or(Refused::Foreign)?;
        let sealed = b64::decode_lenient(sealed).map_err(|_| Refused::Foreign)?;
        let content = crypter.open(AREA, id, COLUMN, &sealed).map_err(|_| Refused::Foreign)?;
        let Content { made_at, digits } = serde_json::from_slice(&content).map_err(|_| Refused::Foreign)?;
        let until = Time(made_at.saturating_add(LIFE));
        if now >= until {
            return Err(Refused::Late);
        }
        Ok(Self { id: id.to_owned(), text: text.to_owned(), digits, until })
    }

    /// What the page carries.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The digits, for picture and sound.
    pub(crate) fn digits(&self) -> &str {
        &self.digits
    }
}

/// Judges an answer.
///
/// # Errors
/// Why it does not count.
pub fn judge(crypter: &Crypter, posted: Posted<'_>, now: Time) -> Result<Answered, Refused> {
    if posted.nonce.is_empty() && posted.digits.trim().is_empty() {
        return Err(Refused::Missing);
    }
    let challenge = Challenge::read(crypter, posted.challenge, now)?;
    let answered = Answered { id: challenge.id.clone(), until: challenge.until };
    let typed: String = posted.digits.chars().filter_map(digit).collect();
    let right = (!posted.nonce.is_empty() && work::is_enough(&challenge.text, posted.nonce))
        || verify_slices_are_equal(typed.as_bytes(), challenge.digits.as_bytes()).is_ok();
    if right { Ok(answered) } else { Err(Refused::Wrong(answered)) }
}

/// The digit that a person typed, half or full width; everything else is passed over.
fn digit(c: char) -> Option<char> {
    match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        c => c.is_ascii_digit().then_some(c),
    }
}

#[cfg(test)]
mod tests;
