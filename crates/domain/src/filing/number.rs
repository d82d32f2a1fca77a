//! The number on a form (單號, R56): letter, ROC date, counter of the day, and `-n` for the n-th refiling.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::roc_year;
use crate::item::Kind;

/// The first letter of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Letter {
    /// 資料.
    A,
    /// 服務.
    B,
    /// 臨櫃.
    C,
    /// 註冊: an account and its organisation.
    R,
}

impl Letter {
    /// Every letter.
    pub const ALL: [Letter; 4] = [Self::A, Self::B, Self::C, Self::R];

    /// The letter of everything that is filed about an item.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Dataset => Self::A,
            Kind::Service => Self::B,
            Kind::CounterService => Self::C,
        }
    }

    /// As it is printed and kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::R => "R",
        }
    }
}

/// The highest counter of one day. Beyond 999 the counter has a fourth digit.
pub const MAX_COUNTER: u16 = 9_999;

/// 單號, such as `A1110214001-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FormNumber {
    letter: Letter,
    day: Date,
    counter: u16,
    refiling: u32,
}

/// A text is no number of a form, or no number can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// It has another form.
    #[error(
        "a form's number is a letter A, B, C or R, a ROC date of seven digits, a counter of three, then -n when refiled: A1110214001-1"
    )]
    Form,
    /// The ROC year has three digits.
    #[error("forms can be numbered in the ROC years 1 to 999 only")]
    Year,
    /// Nothing is counted above [`MAX_COUNTER`].
    #[error("a day numbers at most {MAX_COUNTER} forms of a letter; file again tomorrow")]
    DayFull,
}

impl FormNumber {
    /// The `counter`-th form (from 1) of a letter on a day.
    pub fn new(letter: Letter, day: Date, counter: u16) -> Result<Self, BadNumber> {
        if !(1..=999).contains(&roc_year(day)) {
            return Err(BadNumber::Year);
        }
        if counter > MAX_COUNTER {
            return Err(BadNumber::DayFull);
        }
        if counter == 0 {
            return Err(BadNumber::Form);
        }
        Ok(Self { letter, day, counter, refiling: 0 })
    }

    /// The number of the next refiling of the same form.
    pub fn refiled(self) -> Self {
        Self { refiling: self.refiling.saturating_add(1), ..self }
    }

    /// The first letter.
    pub fn letter(self) -> Letter {
        self.letter
    }

    /// The day on which the form was first filed.
    pub fn day(self) -> Date {
        self.day
    }

    /// The counter of that day.
    pub fn counter(self) -> u16 {
        self.counter
    }

    /// How often it was refiled.
    pub fn refiling(self) -> u32 {
        self.refiling
    }
}

impl fmt::Display for FormNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { letter, day, counter, refiling } = self;
        write!(f, "{}{:03}{:02}{:02}{counter:03}", letter.as_str(), roc_year(*day), day.month(), day.day())?;
        if *refiling > 0 {
            write!(f, "-{refiling}")?;
        }
        Ok(())
    }
}

impl FromStr for FormNumber {
    type Err = BadNumber;

    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let (base, refiling) = match text.split_once('-') {
            Some((base, n)) => (base, digits(n, 1..=9).filter(|n| *n > 0).ok_or(BadNumber::Form)?),
            None => (text, 0),
        };
        let letter = Letter::ALL.into_iter().find(|l| base.starts_with(l.as_str())).ok_or(BadNumber::Form)?;
        let rest = &base[1..];
        let part = |range: std::ops::Range<usize>| {
            rest.get(range.clone()).and_then(|p| digits(p, 1..=4)).ok_or(BadNumber::Form)
        };
        let year = i16::try_from(part(0..3)?).map_err(|_| BadNumber::Form)?;
        let month = i8::try_from(part(3..5)?).map_err(|_| BadNumber::Form)?;
        let day = i8::try_from(part(5..7)?).map_err(|_| BadNumber::Form)?;
        let day = Date::new(year + 1911, month, day).map_err(|_| BadNumber::Form)?;
        let counter = rest.get(7..).and_then(|p| digits(p, 3..=4)).ok_or(BadNumber::Form)?;
        let counter = u16::try_from(counter).map_err(|_| BadNumber::Form)?;
        let number = Self { refiling, ..Self::new(letter, day, counter)? };
        // One number, one text: a refiling of "-01" or a counter of "0001" is not what this program prints.
        if number.to_string() == text { Ok(number) } else { Err(BadNumber::Form) }
    }
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let fits = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

impl TryFrom<String> for FormNumber {
    type Error = BadNumber;

    fn try_from(text: String) -> Result<Self, BadNumber> {
        text.parse()
    }
}

impl From<FormNumber> for String {
    fn from(number: FormNumber) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// Shows R56.
    #[test]
    fn numbers_are_printed_as_the_forms_have_them() {
        let first = FormNumber::new(Letter::A, date(2022, 2, 14), 1).unwrap();
        assert_eq!(first.to_string(), "A1110214001");
        assert_eq!(first.refiled().to_string(), "A1110214001-1");
        assert_eq!(first.refiled().refiled().to_string(), "A1110214001-2");
        assert_eq!("A1110113009-13".parse::<FormNumber>().unwrap().refiling(), 13);
        assert_eq!(FormNumber::new(Letter::C, date(2009, 1, 2), 1000).unwrap().to_string(), "C09801021000");
        assert_eq!(Letter::of(Kind::Service).as_str(), "B");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "A",
            "D1110214001",
            "A111021400",
            "A1110214",
            "A11102140012345",
            "A1110230001",
            "A1110214001-",
            "A1110214001-0",
            "A1110214001-01",
            "A1110214000",
            "A0001231001",
            "a1110214001",
            "A111021400１",
            "A11102140001",
            "A1110214001-99999999999",
            "臺1110214001",
        ] {
            assert!(text.parse::<FormNumber>().is_err(), "{text}");
        }
        assert_eq!(FormNumber::new(Letter::A, date(1911, 12, 31), 1), Err(BadNumber::Year));
        assert_eq!(FormNumber::new(Letter::A, date(2022, 2, 14), 10_000), Err(BadNumber::DayFull));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(days in 0..400_000i32, counter in 1..=MAX_COUNTER, refiling in 0..30u32) {
            let day = crate::calendar::days_after(date(1912, 1, 1), days % 364_000);
            let mut number = FormNumber::new(Letter::B, day, counter).unwrap();
            for _ in 0..refiling {
                number = number.refiled();
            }
            prop_assert_eq!(number.to_string().parse::<FormNumber>(), Ok(number));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,24}") {
            if let Ok(number) = text.parse::<FormNumber>() {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }
}
