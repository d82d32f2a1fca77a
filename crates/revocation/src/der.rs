//! The little of DER (X.690) that certificates' lists and answers need: read in place, nothing is copied; and written.
//!
//! It refuses what is not DER: indefinite or padded lengths, tags of more than one byte. Nothing here recurses, so no
//! depth of nesting can exhaust a stack.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;

/// `[n]` around something else (or IMPLICIT of something constructed).
pub(crate) const fn context(n: u8) -> u8 {
    0xa0 | n
}

/// `[n]` IMPLICIT of something primitive.
pub(crate) const fn plain(n: u8) -> u8 {
    0x80 | n
}

/// So many extensions stand in one list at most.
const MAX_EXTENSIONS: usize = 64;

/// The bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDer(pub(crate) &'static str);

type Result<T> = std::result::Result<T, BadDer>;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// What is inside.
    pub(crate) body: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
    /// Where it begins in the bytes that the outermost reader was given.
    pub(crate) at: usize,
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of what comes next.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>> {
        let early = BadDer("an element ends early");
        let (&tag, rest) = self.rest.split_first().ok_or(early)?;
        if tag & 0x1f == 0x1f {
            return Err(BadDer("a tag has more than one byte"));
        }
        let (&first, mut rest) = rest.split_first().ok_or(early)?;
        let mut len = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(BadDer("a length is indefinite or too large"));
            }
            let (bytes, after) = rest.split_at_checked(count).ok_or(early)?;
            len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
            if len < 0x80 || bytes[0] == 0 {
                return Err(BadDer("a length is not written in the shortest form"));
            }
            rest = after;
        }
        let (body, after) = rest.split_at_checked(len).ok_or(early)?;
        let used = self.rest.len() - after.len();
        let whole = &self.rest[..used];
        let element = Element { tag, body, whole, at: self.at };
        self.rest = after;
        self.at += used;
        Ok(element)
    }

    /// The next element, which must be one of this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>> {
        if self.peek() != Some(tag) {
            return Err(BadDer("another element stands where one is expected"));
        }
        self.any()
    }

    /// The next element, where it is one of this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// What is inside the next element, a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Self> {
        self.expect(SEQUENCE).map(Element::inside)
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(BadDer("something follows where nothing may")) }
    }

    /// A time of either kind.
    pub(crate) fn time(&mut self) -> Result<SystemTime> {
        let bad = |_| BadDer("a time cannot be read");
        let element = self.any()?;
        match element.tag {
            UTC_TIME => UtcTime::from_der(element.whole).map(|t| t.to_system_time()).map_err(bad),
            GENERALIZED_TIME => {
                GeneralizedTime::from_der(element.whole).map(|t| t.to_system_time()).map_err(bad)
            }
            _ => Err(BadDer("another element stands where a time is expected")),
        }
    }

    /// A number that is not negative, without zeros before it.
    pub(crate) fn number(&mut self) -> Result<&'a [u8]> {
        let body = self.expect(INTEGER)?.body;
        match body.first() {
            None => Err(BadDer("a number is empty")),
            Some(first) if first & 0x80 != 0 => Err(BadDer("a number is negative")),
            Some(_) => Ok(without_zeros(body)),
        }
    }
}

impl<'a> Element<'a> {
    /// Reads what is inside.
    pub(crate) fn inside(self) -> Reader<'a> {
        let head = self.whole.len() - self.body.len();
        Reader { rest: self.body, at: self.at + head }
    }

    /// A BOOLEAN, also under an IMPLICIT tag.
    pub(crate) fn boolean(self) -> Result<bool> {
        match self.body {
            [0xff] => Ok(true),
            [0] => Ok(false),
            _ => Err(BadDer("neither true nor false")),
        }
    }

    /// The bytes of a BIT STRING that is made of whole bytes.
    pub(crate) fn bytes_of_bits(self) -> Result<&'a [u8]> {
        match self.body.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(BadDer("a bit string is not made of whole bytes")),
        }
    }
}

/// A number's bytes without zeros before it, so that bytes compare as numbers of the same length do.
pub(crate) fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros.min(bytes.len().saturating_sub(1))..]
}

/// One extension (RFC 5280 §4.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'a> {
    /// Its identifier, as the body of an OID.
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

impl Extension<'_> {
    /// Its identifier with dots.
    pub(crate) fn dotted(&self) -> String {
        dotted(self.oid)
    }
}

/// An OID with dots.
pub(crate) fn dotted(oid: &[u8]) -> String {
    ObjectIdentifier::from_bytes(oid).map_or_else(|_| "unreadable".to_owned(), |oid| oid.to_string())
}

/// `Extensions`, the SEQUENCE that `reader` stands before. None may stand twice.
pub(crate) fn extensions<'a>(reader: &mut Reader<'a>) -> Result<Vec<Extension<'a>>> {
    let mut list = reader.sequence()?;
    let mut found: Vec<Extension<'a>> = Vec::new();
    while !list.is_empty() {
        let mut one = list.sequence()?;
        let oid = one.expect(OID)?.body;
        let critical = one.optional(BOOLEAN)?.map_or(Ok(false), Element::boolean)?;
        let value = one.expect(OCTET_STRING)?.body;
        one.end()?;
        if found.len() == MAX_EXTENSIONS {
            return Err(BadDer("there are too many extensions"));
        }
        if found.iter().any(|known| known.oid == oid) {
            return Err(BadDer("an extension stands twice"));
        }
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}

/// An element with these parts one after another inside.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    if len < 0x80 {
        out.push(len as u8);
    } else {
        let bytes = (len as u64).to_be_bytes();
        let bytes = without_zeros(&bytes);
        out.push(0x80 | bytes.len() as u8);
        out.extend_from_slice(bytes);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A number that is not negative.
pub(crate) fn write_number(bytes: &[u8]) -> Vec<u8> {
    let bytes = without_zeros(bytes);
    match bytes.first() {
        None => write(INTEGER, &[&[0]]),
        Some(first) if first & 0x80 != 0 => write(INTEGER, &[&[0], bytes]),
        Some(_) => write(INTEGER, &[bytes]),
    }
}

/// A GeneralizedTime of whole seconds; years 1970 to 9999.
pub(crate) fn write_time(at: SystemTime) -> Vec<u8> {
    use x509_cert::der::Encode as _;
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    // 9999-12-31T23:59:59Z, the last that the form can say.
    let seconds = Duration::from_secs(seconds.min(253_402_300_799));
    GeneralizedTime::from_unix_duration(seconds)
        .and_then(|time| time.to_der())
        .expect("the time lies between 1970 and 9999")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_der_is_refused() {
        for (bytes, why) in [
            (&[][..], "ends early"),
            (&[0x30], "ends early"),
            (&[0x30, 1], "ends early"),
            (&[0x30, 0x80, 0, 0], "indefinite"),
            (&[0x30, 0x81, 1, 0], "shortest"),
            (&[0x30, 0x82, 0, 0x80], "shortest"),
            (&[0x30, 0x85, 1, 1, 1, 1, 1], "too large"),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "ends early"),
            (&[0x1f, 0x81, 0], "more than one byte"),
        ] {
            let error = Reader::new(bytes).any().unwrap_err();
            assert!(error.to_string().contains(why), "{bytes:02x?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0u8..0x1f, body in prop::collection::vec(any::<u8>(), 0..700)) {
            let bytes = write(tag, &[&body]);
            let mut reader = Reader::new(&bytes);
            let element = reader.any().unwrap();
            prop_assert_eq!((element.tag, element.body, element.whole), (tag, &body[..], &bytes[..]));
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn numbers_and_times_are_read_as_they_were_written(
            number in prop::collection::vec(any::<u8>(), 1..24),
            seconds in 0u64..253_402_300_799,
        ) {
            let bytes = write_number(&number);
            prop_assert_eq!(Reader::new(&bytes).number().unwrap(), without_zeros(&number));
            let at = UNIX_EPOCH + Duration::from_secs(seconds);
            prop_assert_eq!(Reader::new(&write_time(at)).time().unwrap(), at);
        }
    }
}
