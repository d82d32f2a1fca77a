//! Ties an exchange to one browser: a cookie per exchange, new after login, and a token in every form.

use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use mydata_domain::transaction::TransactionId;
use mydata_store::repo::transactions::Kept;

use crate::app::App;
use crate::browser::{cookie, is_same};
use crate::flow::entry::browser_index;

/// The cookie of an exchange. One each, so that exchanges in two windows do not disturb each other. Over https its name keeps
/// other hosts from setting it.
fn cookie_name(app: &App, id: TransactionId) -> String {
    let host = if app.secure() { "__Host-" } else { "" };
    format!("{host}mydata_{}", &id.to_string()[..8])
}

/// The browser's secret for an exchange, if it sent one.
pub fn secret(app: &App, headers: &HeaderMap, id: TransactionId) -> Option<String> {
    cookie(headers, &cookie_name(app, id))
}

/// Gives the browser its secret.
pub fn remember(app: &App, response: &mut Response, id: TransactionId, secret: &str) {
    let secure = if app.secure() { "; Secure" } else { "" };
    // The server decides when an exchange ends; the cookie only has to outlive the longest one.
    let cookie =
        format!("{}={secret}; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax{secure}", cookie_name(app, id));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Whether the browser is the one that the exchange belongs to.
pub fn owns(app: &App, headers: &HeaderMap, kept: &Kept) -> bool {
    secret(app, headers, kept.transaction.id)
        .is_some_and(|secret| is_same(&kept.browser, &browser_index(app, &secret)))
}

/// The token of this browser's forms of an exchange. It ends with the browser's secret.
pub fn form_token(app: &App, kept: &Kept) -> String {
    app.store.crypter.index("form", format!("{}/{}", kept.transaction.id, kept.browser))
}

/// Whether a posted token is the right one.
pub fn is_our_form(app: &App, kept: &Kept, token: &str) -> bool {
    is_same(&form_token(app, kept), token)
}
