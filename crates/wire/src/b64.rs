//! Base64 as the seeds' parties really send it.

use base64_simd::{Out, STANDARD, URL_SAFE_NO_PAD};

/// The text is not base64 in any of the accepted forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64")]
pub struct NotBase64;

/// Decodes base64 of the standard or the URL-safe alphabet, padded or not, mixed or not.
pub fn decode_lenient(text: &str) -> Result<Vec<u8>, NotBase64> {
    let mut bytes: Vec<u8> = text
        .trim_end_matches('=')
        .bytes()
        .map(|b| match b {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        })
        .collect();
    if text.len() - bytes.len() > 2 {
        return Err(NotBase64);
    }
    // Some writers leave non-zero bits behind the last byte; RFC 4648 §3.5 lets a reader accept them.
    match bytes.len() % 4 {
        1 => return Err(NotBase64),
        2 => clear_tail(&mut bytes, 0b11_0000)?,
        3 => clear_tail(&mut bytes, 0b11_1100)?,
        _ => {}
    }
    let mut out = vec![0u8; URL_SAFE_NO_PAD.estimated_decoded_length(bytes.len())];
    let len = URL_SAFE_NO_PAD.decode(&bytes, Out::from_slice(&mut out)).map_err(|_| NotBase64)?.len();
    out.truncate(len);
    Ok(out)
}

fn clear_tail(bytes: &mut [u8], mask: u8) -> Result<(), NotBase64> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = bytes.last_mut().ok_or(NotBase64)?;
    let value = ALPHABET.iter().position(|c| c == last).ok_or(NotBase64)?;
    *last = ALPHABET[value & usize::from(mask)];
    Ok(())
}

/// Standard alphabet, padded.
pub fn standard(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// URL-safe alphabet, without padding.
pub fn url_safe(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_alphabet_and_padding() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for text in ["+//+AQ==", "-__-AQ==", "+//+AQ", "-__-AQ", "-_/+AQ="] {
            assert_eq!(decode_lenient(text).as_deref(), Ok(&bytes[..]), "{text}");
        }
        assert_eq!(decode_lenient("").as_deref(), Ok(&b""[..]));
        assert_eq!(decode_lenient("QR==").as_deref(), Ok(&b"A"[..]), "loose trailing bits");
    }

    #[test]
    fn refuses_what_is_not_base64() {
        for text in ["A", "AAAAA", "A===", "AA*A", "AA A", "戶籍", "AAAA====", "AA==AA=="] {
            assert_eq!(decode_lenient(text), Err(NotBase64), "{text}");
        }
    }
}
