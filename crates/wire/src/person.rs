//! The citizen's personal id (PROTOCOL.md §1).

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Which of the three numbers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalIdKind {
    /// 國民身分證統一編號: a letter, 1 or 2, 8 digits.
    National,
    /// 新式外來人口統一證號: a letter, 8 or 9, 8 digits.
    Resident,
    /// 舊式外來人口統一證號: a letter, one of A–D, 8 digits.
    OldResident,
}

/// A personal id whose form and checksum are right, upper case. Personal data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct PersonalId(String);

/// The text is not a personal id. Says why without repeating it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPersonalId {
    /// Neither of the three forms.
    #[error("not a letter, a letter or digit, and 8 digits")]
    Form,
    /// The check digit does not fit.
    #[error("the check digit does not fit")]
    Checksum,
}

/// Each letter's number in the national scheme, A to Z.
const LETTERS: [u32; 26] =
    [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];

impl PersonalId {
    /// The id, upper case. For the wire and the DP only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Which number it is.
    pub fn kind(&self) -> PersonalIdKind {
        match self.0.as_bytes()[1] {
            b'1' | b'2' => PersonalIdKind::National,
            b'8' | b'9' => PersonalIdKind::Resident,
            _ => PersonalIdKind::OldResident,
        }
    }

    /// The id with its last four digits hidden, as pages show it.
    pub fn masked(&self) -> String {
        format!("{}****", &self.0[..6])
    }
}

impl FromStr for PersonalId {
    type Err = BadPersonalId;

    /// Reads an id in either case, with blanks around it.
    fn from_str(text: &str) -> Result<Self, BadPersonalId> {
        let id = text.trim().to_ascii_uppercase();
        let b = id.as_bytes();
        let form = b.len() == 10
            && b[0].is_ascii_uppercase()
            && matches!(b[1], b'1' | b'2' | b'8' | b'9' | b'A'..=b'D')
            && b[2..].iter().all(u8::is_ascii_digit);
        if !form {
            return Err(BadPersonalId::Form);
        }
        let letter = |byte: u8| LETTERS[usize::from(byte - b'A')];
        let second = if b[1].is_ascii_digit() { u32::from(b[1] - b'0') } else { letter(b[1]) % 10 };
        let digits = std::iter::once(second).chain(b[2..9].iter().map(|d| u32::from(d - b'0')));
        let first = letter(b[0]);
        let sum = first / 10
            + first % 10 * 9
            + digits.zip((1..=8).rev()).map(|(digit, weight)| digit * weight).sum::<u32>()
            + u32::from(b[9] - b'0');
        if sum % 10 == 0 { Ok(Self(id)) } else { Err(BadPersonalId::Checksum) }
    }
}

impl fmt::Debug for PersonalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalId(…)")
    }
}

/// A person's name with its middle hidden (PRODUCT.md §2): 王小明 → 王○明, 王明 → 王○, names in Latin letters keep
/// the first letter of each word.
pub fn masked_name(name: &str) -> String {
    let name = name.trim();
    if name.contains(' ') {
        return name
            .split_whitespace()
            .map(|word| {
                let mut chars = word.chars();
                let first = chars.next().map(String::from).unwrap_or_default();
                if chars.next().is_some() { format!("{first}○") } else { first }
            })
            .collect::<Vec<_>>()
            .join(" ");
    }
    let chars: Vec<char> = name.chars().collect();
    match chars.as_slice() {
        [] => String::new(),
        [_] => "○".to_owned(),
        [first, _] => format!("{first}○"),
        [first, middle @ .., last] => format!("{first}{}{last}", "○".repeat(middle.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_three_numbers() {
        for (text, kind) in [
            ("A123456789", PersonalIdKind::National),
            (" a123456789 ", PersonalIdKind::National),
            ("A800000014", PersonalIdKind::Resident),
            ("AC01234567", PersonalIdKind::OldResident),
        ] {
            let id: PersonalId = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(id.kind(), kind, "{text}");
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "A99999999",
            "A12345678",
            "A1234567890",
            "1123456789",
            "A323456789",
            "A12345678９",
            "AE01234567",
        ] {
            assert_eq!(text.parse::<PersonalId>(), Err(BadPersonalId::Form), "{text}");
        }
        for text in ["A123456788", "A800000015", "AC01234566"] {
            assert_eq!(text.parse::<PersonalId>(), Err(BadPersonalId::Checksum), "{text}");
        }
    }

    /// Shows R83.
    #[test]
    fn masks_names_and_ids() {
        assert_eq!(masked_name("王小明"), "王○明");
        assert_eq!(masked_name("王明"), "王○");
        assert_eq!(masked_name("歐陽小明"), "歐○○明");
        assert_eq!(masked_name("𠮷田"), "𠮷○");
        assert_eq!(masked_name("Nguyen Van An"), "N○ V○ A○");
        assert_eq!("A123456789".parse::<PersonalId>().unwrap().masked(), "A12345****");
    }
}
