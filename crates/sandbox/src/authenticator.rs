//! The authenticator of the sandbox: one-time passwords (RFC 6238) for the staff of the back office, without a telephone.
//!
//! All fictional staff share one secret, which stands here for everybody to read.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::Clock;
use crate::page::{Page, html};

/// The secret, as an authenticator app would be given it (in base32: `MRSW233UN52HAZLYMFWXA3DFGAYDCMBR`).
pub const SECRET: &[u8; 20] = b"demototpexample00101";
/// The same for people to type into an app.
pub const SECRET_BASE32: &str = "MRSW233UN52HAZLYMFWXA3DFGAYDCMBR";
/// Where the page stands below the start page.
pub const PATH: &str = "/authenticator";
const STEP: u64 = 30;

/// The password of a moment, and how many seconds it is good for.
pub fn code(since_1970: Duration) -> (String, u64) {
    let seconds = since_1970.as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
    let tag = hmac::sign(&key, &(seconds / STEP).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes([tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    (format!("{:06}", word % 1_000_000), STEP - seconds % STEP)
}

#[derive(Template)]
#[template(path = "authenticator.html")]
struct AuthenticatorPage {
    page: Page,
    code: String,
    seconds: u64,
    secret: &'static str,
}

/// The page.
pub fn router(clock: Clock) -> Router {
    Router::new().route(PATH, get(show)).with_state(clock)
}

async fn show(State(clock): State<Clock>, uri: Uri, headers: HeaderMap) -> Response {
    let (code, seconds) = code(clock().duration_since(UNIX_EPOCH).unwrap_or_default());
    let page = AuthenticatorPage { page: Page::of(&uri, &headers), code, seconds, secret: SECRET_BASE32 };
    html(&page, StatusCode::OK, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_lasts_half_a_minute() {
        let at = |seconds| code(Duration::from_secs(seconds));
        assert_eq!(at(59).0, at(30).0);
        assert_ne!(at(60).0, at(59).0);
        assert_eq!((at(30).1, at(59).1), (30, 1));
        assert!(at(0).0.len() == 6);
    }
}
