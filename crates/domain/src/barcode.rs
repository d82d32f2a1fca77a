//! The number of a 資料條碼 (R80, R81): what a citizen shows or says at a counter, and a clerk types.

use std::fmt;
use std::str::FromStr;

use mydata_wire::random::Random;

/// What a number is made of: no two of them look or sound alike when they are written by hand or read aloud
/// (0 O D Q, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V are left out).
pub const ALPHABET: &[u8; 20] = b"34679ACEFHJKMNPRTWXY";

/// Characters of a number: 20⁸ ≈ 2.6 × 10¹⁰ numbers.
pub const LEN: usize = 8;

/// The number of a 資料條碼. `Debug` shows none of it: whoever knows it may ask for the data.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BarcodeNumber([u8; LEN]);

/// What was typed is no number of a 資料條碼.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBarcodeNumber {
    /// It has another length.
    #[error("a barcode number has 8 characters, this has {0}")]
    Length(usize),
    /// It has a character that no number has.
    #[error("a barcode number has no {0:?}")]
    Character(char),
}

impl BarcodeNumber {
    /// A new number, each equally likely. That no other living one is the same is seen to where it is kept.
    pub fn generate(random: &dyn Random) -> Self {
        let mut number = [0; LEN];
        let mut filled = 0;
        let mut bytes = [0; 2 * LEN];
        while filled < LEN {
            random.fill(&mut bytes);
            // 240 = 12 × 20: bytes from there on would make the first characters likelier.
            for byte in bytes.into_iter().filter(|byte| *byte < 240) {
                if filled < LEN {
                    number[filled] = ALPHABET[usize::from(byte) % ALPHABET.len()];
                    filled += 1;
                }
            }
        }
        Self(number)
    }

    /// As it is kept and printed: 8 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As people read it: two groups of four.
    pub fn grouped(&self) -> String {
        let (first, second) = self.as_str().split_at(LEN / 2);
        format!("{first} {second}")
    }
}

impl fmt::Debug for BarcodeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BarcodeNumber(…)")
    }
}

impl FromStr for BarcodeNumber {
    type Err = BadBarcodeNumber;

    /// Reads what a person typed or a scanner sent: either case, full or half width, with spaces and hyphens wherever.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let narrow = |c: char| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        };
        let mut number = [0; LEN];
        let mut len = 0;
        for c in
            text.chars().map(narrow).filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'))
        {
            let upper = c.to_ascii_uppercase();
            let known = u8::try_from(upper).ok().filter(|byte| ALPHABET.contains(byte));
            let Some(byte) = known else { return Err(BadBarcodeNumber::Character(c)) };
            if let Some(place) = number.get_mut(len) {
                *place = byte;
            }
            len += 1;
        }
        if len == LEN { Ok(Self(number)) } else { Err(BadBarcodeNumber::Length(len)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let number: BarcodeNumber = "34679ACE".parse().unwrap();
        for typed in
            ["34679ace", " 3467 9ACE ", "3467-9ACE", "３４６７９ＡＣＥ", "3467 – 9ace", "3\u{3000}4679ACE"]
        {
            assert_eq!(typed.parse(), Ok(number), "{typed:?}");
        }
        assert_eq!(number.grouped(), "3467 9ACE");
        assert_eq!(number.grouped().parse(), Ok(number));
        assert_eq!("34679AC".parse::<BarcodeNumber>(), Err(BadBarcodeNumber::Length(7)));
        assert_eq!("34679ACE3".parse::<BarcodeNumber>(), Err(BadBarcodeNumber::Length(9)));
        assert_eq!("".parse::<BarcodeNumber>(), Err(BadBarcodeNumber::Length(0)));
        for (typed, bad) in [("34679AC0", '0'), ("3467ⅠACE", 'Ⅰ'), ("<script>", '<'), ("34679AC𠮷", '𠮷')]
        {
            assert_eq!(typed.parse::<BarcodeNumber>(), Err(BadBarcodeNumber::Character(bad)), "{typed}");
        }
        assert!(!format!("{number:?}").contains("3467"));
    }

    #[test]
    fn every_character_is_as_likely_as_the_others() {
        let mut counts = [0_u32; 256];
        for _ in 0..5_000 {
            for byte in BarcodeNumber::generate(&SystemRandom).as_str().bytes() {
                counts[usize::from(byte)] += 1;
            }
        }
        for byte in ALPHABET {
            // 40,000 characters, 2,000 of each; ten standard deviations either way.
            let count = counts[usize::from(*byte)];
            assert!((1_560..2_440).contains(&count), "{} came {count} times", char::from(*byte));
        }
        assert_eq!(counts.iter().sum::<u32>(), 40_000);
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_stumble(text in ".{0,40}") {
            if let Ok(number) = text.parse::<BarcodeNumber>() {
                prop_assert_eq!(number.as_str().parse(), Ok(number));
            }
        }
    }
}
