//! By which certificates a partner's calls are recognised (R97): the words of the registry and of the forms. What a
//! presented certificate says is read elsewhere, and compared here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most certificates of a service or dataset: the one in use, the next one, and those of a few machines.
pub const MOST: usize = 8;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const FINGERPRINT: &str = "sha256:";
const SUBJECT: &str = "subject:";

/// Whether a text is made of certificates in PEM, one or more, and nothing else. What is in them is read elsewhere.
pub fn is_pem(text: &str) -> bool {
    let mut rest = text.trim();
    let mut some = false;
    while !rest.is_empty() {
        let body = rest.strip_prefix(BEGIN).and_then(|rest| rest.split_once(END));
        let Some((body, after)) = body else { return false };
        let sign = |b: u8| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=".contains(&b);
        if body.trim().is_empty() || !body.bytes().all(sign) {
            return false;
        }
        some = true;
        rest = after.trim_start();
    }
    some
}

/// What is registered cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client certificate is registered as PEM with its BEGIN and END lines, as sha256: with 64 hexadecimal digits, or as subject: with a name such as CN=host,O=organisation,C=TW"
)]
pub struct BadClientCertificate;

/// A certificate, or the name that certificates have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificate {
    /// This one (PEM), whoever issued it.
    Pem(String),
    /// The one of this SHA-256, whoever issued it.
    Sha256([u8; 32]),
    /// Every one of this subject that comes from a root for clients.
    Subject(Subject),
}

/// A distinguished name, as RFC 4514 writes it.
#[derive(Debug, Clone)]
pub struct Subject {
    text: String,
    parts: Vec<(String, String)>,
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Subject {}

impl Subject {
    /// Whether a certificate's subject, as RFC 4514 text, is this name. Spaces around its signs do not count, nor which end
    /// it is written from.
    pub fn is(&self, subject: &str) -> bool {
        parts(subject).is_some_and(|parts| parts == self.parts || parts.iter().rev().eq(&self.parts))
    }
}

impl FromStr for Subject {
    type Err = BadClientCertificate;

    fn from_str(text: &str) -> Result<Self, BadClientCertificate> {
        let text = text.trim();
        let parts = parts(text).filter(|parts| !parts.is_empty()).ok_or(BadClientCertificate)?;
        Ok(Self { text: text.to_owned(), parts })
    }
}

/// The attributes of a name in the order written, their values without escapes and quotes.
fn parts(text: &str) -> Option<Vec<(String, String)>> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.trim().is_empty() {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim().to_ascii_uppercase();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return None;
        }
        let (value, after) = value(after)?;
        if value.is_empty() {
            return None;
        }
        all.push((key, value));
        rest = after;
    }
    Some(all)
}

/// A value up to its comma or plus sign, and what follows that.
fn value(text: &str) -> Option<(String, &str)> {
    let mut out = Vec::new();
    let bytes = text.trim_start().as_bytes();
    let text = text.trim_start();
    let quoted = bytes.first() == Some(&b'"');
    let mut at = usize::from(quoted);
    // Escaped and quoted spaces stay; others at the end do not.
    let mut kept = 0;
    loop {
        match bytes.get(at) {
            None if quoted => return None,
            None => break,
            Some(b'\\') => {
                let hex = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
                if let Some(byte) = hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                    out.push(byte);
                    at += 3;
                } else {
                    out.push(*bytes.get(at + 1)?);
                    at += 2;
                }
                kept = out.len();
            }
            Some(b'"') if quoted => {
                at += 1;
                kept = out.len();
                at += bytes[at..].iter().take_while(|b| **b == b' ').count();
                if !matches!(bytes.get(at), None | Some(b',' | b'+')) {
                    return None;
                }
                break;
            }
            Some(b',' | b'+') if !quoted => break,
            Some(byte) => {
                out.push(*byte);
                at += 1;
                if *byte != b' ' {
                    kept = out.len();
                }
            }
        }
    }
    out.truncate(kept);
    Some((String::from_utf8(out).ok()?, text.get(at + 1..).unwrap_or_default()))
}

impl FromStr for ClientCertificate {
    type Err = BadClientCertificate;

    /// Reads also what `openssl x509 -fingerprint -sha256` and `-subject` print.
    fn from_str(text: &str) -> Result<Self, BadClientCertificate> {
        let text = text.trim();
        if text.starts_with(BEGIN) {
            let fits = text.ends_with(END) && text.matches(BEGIN).count() == 1 && text.is_ascii();
            return if fits { Ok(Self::Pem(text.to_owned())) } else { Err(BadClientCertificate) };
        }
        let after = |prefix: &str| {
            let begin = text.get(..prefix.len())?;
            begin.eq_ignore_ascii_case(prefix).then(|| text[prefix.len()..].trim())
        };
        if let Some(digits) = after(FINGERPRINT).or_else(|| after("sha256 fingerprint=")) {
            return sha256(digits).map(Self::Sha256).ok_or(BadClientCertificate);
        }
        if let Some(name) = after(SUBJECT).or_else(|| after("subject=")) {
            return name.parse().map(Self::Subject);
        }
        match sha256(text) {
            Some(sha256) => Ok(Self::Sha256(sha256)),
            None => text.parse().map(Self::Subject),
        }
    }
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks(2)) {
        // Parsing alone would take a sign for a digit.
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

impl fmt::Display for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(pem) => f.write_str(pem),
            Self::Sha256(sha256) => {
                f.write_str(FINGERPRINT)?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Subject(subject) => write!(f, "{SUBJECT}{}", subject.text),
        }
    }
}

impl Serialize for ClientCertificate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientCertificate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ClientCertificate, BadClientCertificate> {
        text.parse()
    }

    /// Shows R97.
    #[test]
    fn certificates_are_registered_in_three_ways() {
        let digits = "ab".repeat(32);
        let colons = "AB:".repeat(31) + "AB";
        let sha256 = ClientCertificate::Sha256([0xab; 32]);
        for text in [
            digits.clone(),
            format!("sha256:{digits}"),
            format!("SHA256:{colons}"),
            format!("sha256 Fingerprint={colons}\n"),
        ] {
            assert_eq!(read(&text), Ok(sha256.clone()), "{text}");
        }
        assert_eq!(sha256.to_string(), format!("sha256:{digits}"));
        let pem = format!("{BEGIN}\nMIIB\n{END}");
        assert_eq!(read(&format!("\n{pem}\n")), Ok(ClientCertificate::Pem(pem.clone())));
        let subject = read("subject=C = TW, O = \"Demo Bank, Ltd.\", CN = api").unwrap();
        assert_eq!(subject.to_string(), "subject:C = TW, O = \"Demo Bank, Ltd.\", CN = api");
        for one in [sha256, read(&pem).unwrap(), subject] {
            assert_eq!(read(&one.to_string()), Ok(one));
        }
        for bad in [
            "",
            "bank",
            "sha256:abcd",
            "subject:",
            "CN=",
            "CN=\"a",
            "CN=a\\",
            "=a",
            &format!("{}+b", &digits[..62]),
            &format!("{pem}\n{pem}"),
            BEGIN,
        ] {
            assert_eq!(read(bad), Err(BadClientCertificate), "{bad}");
        }
    }

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        let presented = "CN=api,O=Demo Bank\\, Ltd.,C=TW";
        for same in [
            "CN=api,O=Demo Bank\\, Ltd.,C=TW",
            "cn = api , O=Demo Bank\\2C Ltd. ,C=TW",
            "C=TW, O=\"Demo Bank, Ltd.\", CN=api",
        ] {
            assert!(same.parse::<Subject>().unwrap().is(presented), "{same}");
        }
        for other in [
            "CN=api",
            "CN=API,O=Demo Bank\\, Ltd.,C=TW",
            "CN=api,O=Demo Bank\\, Ltd.,C=TW,OU=x",
            "O=Demo Bank\\, Ltd.,CN=api,C=TW",
        ] {
            assert!(!other.parse::<Subject>().unwrap().is(presented), "{other}");
        }
        assert!(!"CN=api".parse::<Subject>().unwrap().is(""));
    }

    #[test]
    fn roots_are_certificates_in_pem_and_nothing_else() {
        let one = format!("{BEGIN}\nMIIB+/==\n{END}\n");
        assert!(is_pem(&one) && is_pem(&one.repeat(3)) && is_pem(&format!("\n{one}")));
        let key = one.replace("CERTIFICATE", "PRIVATE KEY");
        for bad in
            ["", "MIIB", BEGIN, &format!("{one}x"), &format!("x{one}"), &format!("{BEGIN}\n{END}"), &key]
        {
            assert!(!is_pem(bad), "{bad}");
        }
    }
}
