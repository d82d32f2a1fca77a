//! How a citizen is reached: mail and phone, in which language, by which channels; and how pages show these, masked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Digits of a phone number at least and at most (E.164 has 15).
const PHONE: std::ops::RangeInclusive<usize> = 8..=15;

/// A way to reach a citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// 電子郵件.
    Mail,
    /// 簡訊.
    Sms,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Sms];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.as_str() == text).ok_or_else(|| format!("no channel {text:?}"))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a citizen is reached. Personal data: `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The mail address, confirmed by the citizen or told by the identity provider.
    pub mail: Option<String>,
    /// The mobile phone number, confirmed.
    pub phone: Option<String>,
    /// The language of what is sent: a tag such as `zh-TW`; none: both.
    pub language: Option<String>,
    /// By which channels they want to be told.
    pub channels: Vec<Channel>,
}

impl Contact {
    /// Where a channel leads.
    pub fn address(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Mail => self.mail.as_deref(),
            Channel::Sms => self.phone.as_deref(),
        }
    }

    /// Puts a confirmed address in place; a citizen's first address is also how they are told from then on.
    pub fn set_address(&mut self, channel: Channel, address: String) {
        match channel {
            Channel::Mail => self.mail = Some(address),
            Channel::Sms => self.phone = Some(address),
        }
        if self.channels.is_empty() {
            self.channels.push(channel);
        }
    }

    /// The channels that are wanted and lead somewhere; where none does, any that leads somewhere. Empty: nobody can be told.
    pub fn reached_by(&self) -> Vec<Channel> {
        let there = |channel: &Channel| self.address(*channel).is_some();
        let wanted: Vec<_> =
            Channel::ALL.into_iter().filter(|c| self.channels.contains(c)).filter(there).collect();
        if wanted.is_empty() { Channel::ALL.into_iter().find(there).into_iter().collect() } else { wanted }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// Reads an address of a channel as people type it.
pub fn read_address(channel: Channel, text: &str) -> Option<String> {
    match channel {
        Channel::Mail => crate::forms::reader::mail(text.trim()),
        Channel::Sms => read_mobile(text),
    }
}

/// A mobile phone number: of Taiwan as `0912345678`, of elsewhere as `+` with the country's number. Full-width digits,
/// spaces, hyphens and brackets are taken as they come.
pub fn read_mobile(text: &str) -> Option<String> {
    let mut number = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => number.push(c),
            '０'..='９' => number.push(char::from_digit(u32::from(c) - u32::from('０'), 10)?),
            '+' | '＋' if number.is_empty() => number.push('+'),
            '-' | '－' | '(' | ')' | '（' | '）' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    if let Some(home) = number.strip_prefix("+886") {
        number = format!("0{}", home.trim_start_matches('0'));
    }
    match number.strip_prefix('+') {
        Some(abroad) => (PHONE.contains(&abroad.len()) && !abroad.starts_with('0')).then_some(number),
        None => (number.len() == 10 && number.starts_with("09")).then_some(number),
    }
}

/// A phone number with the four digits of its middle hidden: 091****678.
pub fn masked_phone(phone: &str) -> String {
    let len = phone.chars().count();
    if len < 7 {
        return "*".repeat(len);
    }
    let from = len.saturating_sub(4) / 2 + (len % 2);
    phone.chars().enumerate().map(|(at, c)| if (from..from + 4).contains(&at) { '*' } else { c }).collect()
}

/// A mail address with the last four characters before the @ hidden: jenny.ch****@example.test.
pub fn masked_mail(mail: &str) -> String {
    let Some((local, domain)) = mail.rsplit_once('@') else { return "*".repeat(mail.chars().count()) };
    let shown = local.chars().count().saturating_sub(4);
    let head: String = local.chars().take(shown).collect();
    let hidden = local.chars().count() - shown;
    format!("{head}{}@{domain}", "*".repeat(hidden))
}

/// An address of a channel, masked.
pub fn masked(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Mail => masked_mail(address),
        Channel::Sms => masked_phone(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        for (typed, number) in [
            ("0912345678", "0912345678"),
            ("0912-345-678", "0912345678"),
            ("０９１２ ３４５ ６７８", "0912345678"),
            ("+886 912 345 678", "0912345678"),
            ("+886-0912345678", "0912345678"),
            ("+81 (90) 1234-5678", "+819012345678"),
        ] {
            assert_eq!(read_mobile(typed).as_deref(), Some(number), "{typed}");
        }
        for bad in ["", "02-2345-6789", "091234567", "09123456789", "+", "+0123456789", "0912x45678", "1+2"] {
            assert_eq!(read_mobile(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_masked() {
        assert_eq!(masked_phone("0912345678"), "091****678");
        assert_eq!(masked_phone("12"), "**");
        assert_eq!(masked_mail("jenny.chen@example.test"), "jenny.****@example.test");
        assert_eq!(masked_mail("amy@example.test"), "***@example.test");
        assert_eq!(masked_mail("nothing"), "*******");
    }

    #[test]
    fn who_chose_a_channel_without_address_is_told_by_another() {
        let mut contact = Contact::default();
        assert!(contact.reached_by().is_empty());
        contact.set_address(Channel::Mail, "a@example.test".to_owned());
        assert_eq!(contact.reached_by(), [Channel::Mail]);
        contact.channels = vec![Channel::Sms];
        assert_eq!(contact.reached_by(), [Channel::Mail]);
        contact.set_address(Channel::Sms, "0912345678".to_owned());
        assert_eq!(contact.reached_by(), [Channel::Sms]);
        contact.channels = vec![Channel::Sms, Channel::Mail];
        assert_eq!(contact.reached_by(), [Channel::Mail, Channel::Sms]);
    }
}
