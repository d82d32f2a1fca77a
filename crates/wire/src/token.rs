//! The frame of the sealed token (R123–R127, PROTOCOL.md §5): what stands around the sealed bytes.
//! The sealing itself is the crate `mydata-seal`'s.

use crate::id::ClientId;

/// The only header our tokens have, before base64url.
pub const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// What stands before the base64 of the ciphertext in the payload's `data`.
pub const DATA_PREFIX: &str = "application/zip;data:";

/// Media type of a token.
pub const MEDIA_TYPE: &str = "application/jwt";

/// Everything of the payload before the base64 of the ciphertext.
pub fn payload_head(client_id: &ClientId) -> String {
    format!(r#"{{"filename":"{client_id}.zip","data":"{DATA_PREFIX}"#)
}

/// Everything of the payload after it.
pub const PAYLOAD_TAIL: &str = r#""}"#;
