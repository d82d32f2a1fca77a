//! The proof of work: a number that, behind the challenge, gives a SHA-256 with enough leading zero bits. Finding it takes a
//! browser a fraction of a second (`assets/captcha.js`), checking it one hash.

use aws_lc_rs::digest::{SHA256, digest};

/// Leading zero bits: 2¹⁶ hashes on average.
pub const BITS: u32 = 16;
/// Longest nonce that is looked at.
const MAX_NONCE: usize = 20;

/// Whether a nonce is enough for a challenge.
pub fn is_enough(challenge: &str, nonce: &str) -> bool {
    if nonce.is_empty() || nonce.len() > MAX_NONCE || !nonce.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let hash = digest(&SHA256, format!("{challenge}:{nonce}").as_bytes());
    zero_bits(hash.as_ref()) >= BITS
}

fn zero_bits(hash: &[u8]) -> u32 {
    let whole = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(rest)
}

#[cfg(test)]
pub(crate) fn find(challenge: &str) -> String {
    (0_u64..).map(|nonce| nonce.to_string()).find(|nonce| is_enough(challenge, nonce)).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_counted_in_bits() {
        assert_eq!(zero_bits(&[0, 0, 0xff]), 16);
        assert_eq!(zero_bits(&[0, 1, 0]), 15);
        assert_eq!(zero_bits(&[0x80]), 0);
        assert_eq!(zero_bits(&[0, 0]), 16);
        let nonce = find("a.b");
        assert!(is_enough("a.b", &nonce));
        assert!(!is_enough("a.c", &nonce) || is_enough("a.c", &nonce) != is_enough("a.d", &nonce));
        for bad in ["", "-1", "1e5", "123456789012345678901", "１２"] {
            assert!(!is_enough("a.b", bad), "{bad}");
        }
    }
}
