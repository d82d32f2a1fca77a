//! One-time passwords by time (RFC 6238): HMAC-SHA1, 30 seconds, 6 digits, as every authenticator app has them.

use aws_lc_rs::hmac;
use mydata_domain::Time;
use mydata_wire::Random;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

const STEP: i64 = 30;
const DIGITS: usize = 6;
/// Clocks may be off by so many steps either way.
const SKEW: i64 = 1;
/// Bytes of a secret, as RFC 4226 recommends for SHA-1.
const SECRET: usize = 20;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret shared with an authenticator app. No `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0u8; SECRET]);
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// The secret of these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app: base32 (RFC 4648).
    pub fn to_base32(&self) -> String {
        let mut out = String::new();
        let (mut buffer, mut bits) = (0u32, 0);
        for byte in self.0.iter() {
            buffer = (buffer << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                out.push(char::from(BASE32[(buffer >> bits) as usize & 31]));
            }
        }
        if bits > 0 {
            out.push(char::from(BASE32[(buffer << (5 - bits)) as usize & 31]));
        }
        out
    }

    /// In groups of four, for reading.
    pub fn to_groups(&self) -> String {
        let text = self.to_base32();
        let groups: Vec<&str> =
            (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
        groups.join(" ")
    }

    /// The address that a QR code carries into an app.
    pub fn to_uri(&self, issuer: &str, account: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let issuer = encode(issuer);
        format!(
            "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
            encode(account),
            self.to_base32()
        )
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // Dynamic truncation (RFC 4226 §5.3).
        let at = usize::from(tag[tag.len() - 1] & 0x0f);
        let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
        format!("{:0DIGITS$}", number % 10u32.pow(6))
    }

    /// The password of the moment.
    pub fn now(&self, now: Time) -> String {
        self.code(now.seconds().div_euclid(STEP))
    }

    /// The time step that a typed password belongs to; `None` when it is of none near `now`. A step that was taken once
    /// must not be taken again: whoever calls keeps the last one.
    pub fn step_of(&self, typed: &str, now: Time) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let middle = now.seconds().div_euclid(STEP);
        (middle - SKEW..=middle + SKEW).find(|step| {
            let right = self.code(*step);
            aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), typed.as_bytes()).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Secret {
        Secret::from_bytes(b"12345678901234567890")
    }

    /// The test vectors of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn agrees_with_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().now(Time(seconds * 1000)), code, "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_no_more() {
        let at = |seconds: i64| rfc().step_of(" 287 082 ", Time(seconds * 1000));
        assert_eq!(at(59), Some(1));
        assert_eq!((at(0), at(89)), (Some(1), Some(1)));
        assert_eq!(at(90), None);
        assert_eq!(rfc().step_of("28708", Time(59_000)), None);
    }

    #[test]
    fn an_app_can_be_told_the_secret() {
        assert_eq!(rfc().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(rfc().to_groups().starts_with("GEZD GNBV "));
        let uri = rfc().to_uri("MyData 管理後臺", "jenny");
        assert!(uri.starts_with("otpauth://totp/MyData%20%E7%AE%A1"), "{uri}");
        assert!(uri.contains(":jenny?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=MyData%20"), "{uri}");
        assert_eq!(Secret::from_bytes(b"a").to_base32(), "ME");
    }
}
