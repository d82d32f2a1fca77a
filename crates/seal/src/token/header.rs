//! The token's header: `typ` and `alg` in any order, HS256 only (R124).

use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::OpenError;

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Names extensions that a reader must understand (RFC 7515 §4.1.11); this one understands none.
    crit: Option<IgnoredAny>,
}

/// Judges a header as it stands on the wire.
pub(super) fn check(text: &[u8]) -> Result<(), OpenError> {
    let bad = |reason| OpenError::Header { reason };
    let json = URL_SAFE_NO_PAD
        .decode_to_vec(text)
        .map_err(|_| bad("is not base64url without padding; is this a token at all?"))?;
    let header: Header =
        serde_json::from_slice(&json).map_err(|_| bad("is not a JSON object with the member alg"))?;
    if header.crit.is_some() {
        return Err(bad("has the member crit; no extension is accepted"));
    }
    if header.alg != "HS256" {
        return Err(OpenError::Algorithm);
    }
    Ok(())
}
