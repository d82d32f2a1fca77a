//! 我想要更多: what people write to the service desk, and how far it is. Owns what may be written and the number that the sender
//! is told. Refuses to answer: people do that by mail.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use mydata_wire::random::Random;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::barcode::{ALPHABET, BarcodeNumber};
use crate::calendar::{day_of, roc_year};
use crate::forms::Fault;
use crate::forms::reader::mail;
use crate::text;
use crate::time::Time;

crate::own_id::own_id!(
    /// A message's identifier: a version 4 UUID.
    MessageId, "message id"
);

/// Longest name of a sender.
pub const MAX_NAME: usize = 60;
/// Longest mail address.
pub const MAX_MAIL: usize = 254;
/// Longest text.
pub const MAX_TEXT: usize = 2_000;
/// How long an answered message is kept: for questions that come back.
pub const KEPT: Duration = Duration::from_secs(180 * 24 * 3_600);

/// Characters of a number behind its day.
const RANDOM: usize = 5;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// 希望提供的資料
    WishData,
    /// 希望加入的服務
    WishService,
    /// 使用問題
    Question,
    /// 系統異常
    Trouble,
    /// 個資與安全
    Privacy,
    /// 其他
    Other,
}

impl Subject {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::WishData, Self::WishService, Self::Question, Self::Trouble, Self::Privacy, Self::Other];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WishData => "wish-data",
            Self::WishService => "wish-service",
            Self::Question => "question",
            Self::Trouble => "trouble",
            Self::Privacy => "privacy",
            Self::Other => "other",
        }
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no subject {text:?}"))
    }
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nobody has answered.
    Open,
    /// Somebody has.
    Answered,
}

impl State {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Open, Self::Answered];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no state {text:?}"))
    }
}

/// The number that a sender is told, such as `1151121-7K3FA`: the day in the ROC calendar, and characters that are not
/// mistaken for each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageNumber(String);

/// A text that is no number of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message's number is the day and five characters, such as 1151121-7K3FA")]
pub struct BadMessageNumber;

impl MessageNumber {
    /// A new number of a day. That no other message has it is seen to where it is kept.
    pub fn generate(random: &dyn Random, now: Time) -> Self {
        let day = day_of(now);
        let characters = BarcodeNumber::generate(random);
        let characters = characters.as_str().get(..RANDOM).unwrap_or_default();
        Self(format!("{:03}{:02}{:02}-{characters}", roc_year(day), day.month(), day.day()))
    }

    /// As it is kept and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MessageNumber {
    type Err = BadMessageNumber;

    fn from_str(text: &str) -> Result<Self, BadMessageNumber> {
        let text = text.trim().to_ascii_uppercase();
        let (day, characters) = text.split_once('-').ok_or(BadMessageNumber)?;
        let fits = day.len() == 7
            && day.bytes().all(|b| b.is_ascii_digit())
            && characters.len() == RANDOM
            && characters.bytes().all(|b| ALPHABET.contains(&b));
        if fits { Ok(Self(text)) } else { Err(BadMessageNumber) }
    }
}

/// What somebody wrote. Personal data: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Who wrote.
    pub name: String,
    /// Where the answer goes.
    pub mail: String,
    /// What was written.
    pub text: String,
    /// Whether the page was in English: so is the answer.
    pub english: bool,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(…)")
    }
}

/// A field of the form, and what is wrong with it.
pub type Faults = Vec<(&'static str, Fault)>;

impl Written {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault, by its name: `name`, `mail`, `subject`, `text`.
    pub fn read(
        name: &str,
        address: &str,
        subject: &str,
        body: &str,
        english: bool,
    ) -> Result<(Subject, Self), Faults> {
        let mut faults: Faults = Vec::new();
        let mut noted = |field, read: Result<String, Fault>| {
            read.unwrap_or_else(|fault| {
                faults.push((field, fault));
                String::new()
            })
        };
        let name = noted("name", text::line(name, MAX_NAME).map_err(Fault::from));
        let address = text::line(address, MAX_MAIL).map_err(Fault::from);
        let address = noted("mail", address.and_then(|line| mail(&line).ok_or(Fault::NotAMail)));
        let text = noted("text", text::paragraphs(body, MAX_TEXT).map_err(Fault::from));
        match subject.parse() {
            Ok(subject) if faults.is_empty() => Ok((subject, Self { name, mail: address, text, english })),
            Ok(_) => Err(faults),
            Err(_) => {
                faults.insert(0, ("subject", Fault::NotAChoice));
                Err(faults)
            }
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its identifier.
    pub id: MessageId,
    /// What its sender was told.
    pub number: MessageNumber,
    /// What it is about.
    pub subject: Subject,
    /// How far it is.
    pub state: State,
    /// When it came.
    pub at: Time,
    /// When somebody said that it is answered.
    pub answered_at: Option<Time>,
    /// Who said so.
    pub answered_by: Option<AccountId>,
    /// Grows with every change.
    pub version: i64,
    /// What was written, by whom.
    pub written: Written,
}

#[cfg(test)]
mod tests {
    use mydata_wire::SystemRandom;

    use super::*;
    use crate::text::BadText;

    #[test]
    fn a_number_is_read_as_it_is_shown() {
        let number =
            MessageNumber::generate(&SystemRandom, Time::from_rfc3339("2026-11-21T17:00:00Z").unwrap());
        assert!(number.as_str().starts_with("1151122-"), "the day is Taipei's: {number}");
        assert_eq!(number.as_str().to_lowercase().parse(), Ok(number));
        for bad in ["", "1151122", "1151122-", "115112-7K3FA", "1151122-7K3F0", "1151122-7K3FAA", "<script>"]
        {
            assert_eq!(bad.parse::<MessageNumber>(), Err(BadMessageNumber), "{bad}");
        }
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let faults = Written::read(" ", "a@", "nothing", &"字".repeat(MAX_TEXT + 1), false).unwrap_err();
        let (missing, long) =
            (Fault::Text(BadText::Missing), Fault::Text(BadText::TooLong { max: MAX_TEXT }));
        assert_eq!(
            faults,
            [("subject", Fault::NotAChoice), ("name", missing), ("mail", Fault::NotAMail), ("text", long)]
        );
        let (subject, written) =
            Written::read("王示範", "wang@body.example", "wish-data", &"字".repeat(MAX_TEXT), true).unwrap();
        assert_eq!((subject, written.text.chars().count()), (Subject::WishData, MAX_TEXT));
        assert_eq!(format!("{written:?}"), "Written(…)");
    }
}
