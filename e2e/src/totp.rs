//! An authenticator app: one-time passwords (RFC 6238, RFC 4226), written from the standards, not from the program.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;

/// The six digits of a secret in Base32 (RFC 4648, spaces allowed) at a moment.
///
/// # Panics
/// When the text is no Base32.
#[must_use]
pub fn code(secret: &str, at: SystemTime) -> String {
    let (mut bits, mut count, mut key) = (0u32, 0, Vec::new());
    for c in secret.chars().filter(|c| !c.is_whitespace() && *c != '=') {
        let value =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c.to_ascii_uppercase()).expect("a Base32 character");
        bits = (bits << 5 | u32::try_from(value).expect("below 32")) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            key.push((bits >> count & 0xff) as u8);
        }
    }
    let step = at.duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let number = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The vectors of RFC 6238, appendix B, by their last six digits.
    #[test]
    fn the_vectors_of_the_standard() {
        let secret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";
        for (seconds, right) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code(secret, UNIX_EPOCH + Duration::from_secs(seconds)), right);
        }
    }
}
