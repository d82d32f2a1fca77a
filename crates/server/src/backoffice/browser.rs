//! The cookies of the back office: a secret that stands for a browser, and for a session once somebody signed in with it
//! (the token of every form follows from it, so a form of one session is worth nothing in another: [`crate::browser`]); and
//! a sentence for the next page.

use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::browser::{Door, cookie};

/// Carries one sentence over a redirect.
const SAID: &str = "mydata_said";

/// The door of the back office.
pub static DOOR: Door =
    Door { secure_name: "__Host-mydata_backend", plain_name: "mydata_backend", forms: "backoffice form" };

/// A sentence for the page that a redirect leads to: the key of a text, and one argument.
pub fn say(app: &App, response: &mut Response, key: &str, argument: &str) {
    let secure = if app.secure() { "; Secure" } else { "" };
    let argument = percent_encoding::utf8_percent_encode(argument, percent_encoding::NON_ALPHANUMERIC);
    let cookie =
        format!("{SAID}={key}~{argument}; Path={}; Max-Age=60; HttpOnly; SameSite=Lax{secure}", super::ROOT);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The sentence that [`say`] sent along.
pub fn said(headers: &HeaderMap) -> Option<(String, String)> {
    let value = cookie(headers, SAID)?;
    let (key, argument) = value.split_once('~')?;
    let argument = percent_encoding::percent_decode_str(argument).decode_utf8().ok()?.into_owned();
    (key.starts_with("said-") && argument.chars().count() <= 200).then(|| (key.to_owned(), argument))
}

/// The sentence was shown.
pub fn forget_said(response: &mut Response) {
    let cookie = format!("{SAID}=; Path={}; Max-Age=0; HttpOnly; SameSite=Lax", super::ROOT);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
