//! The cookie of the back office: a secret that stands for a browser, and for a session once somebody signed in with it.
//! The token of every form follows from it, so a form of one session is worth nothing in another.

use axum::response::Response;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use mydata_wire::b64;

use crate::app::App;

/// Carries one sentence over a redirect.
const SAID: &str = "mydata_said";

/// Over https the name itself keeps other hosts from setting the cookie.
fn name(app: &App) -> &'static str {
    if app.secure() { "__Host-mydata_backend" } else { "mydata_backend" }
}

/// A browser, by its secret. No `Debug`.
#[derive(Clone)]
pub struct Browser {
    secret: String,
    /// The browser does not have the secret yet.
    pub is_new: bool,
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = values.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

impl Browser {
    /// The browser that sent these headers.
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        let plausible = |secret: &String| (20..=100).contains(&secret.len());
        match cookie(headers, name(app)).filter(plausible) {
            Some(secret) => Self { secret, is_new: false },
            None => Self::fresh(app),
        }
    }

    /// A new secret.
    pub fn fresh(app: &App) -> Self {
        let mut bytes = [0u8; 32];
        app.random.fill(&mut bytes);
        Self { secret: b64::url_safe(&bytes), is_new: true }
    }

    /// The secret.
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The token that its forms carry.
    pub fn form_token(&self, app: &App) -> String {
        app.store.crypter.index("backoffice form", &self.secret)
    }

    /// Whether a posted token is the right one.
    pub fn is_our_form(&self, app: &App, token: &str) -> bool {
        let right = self.form_token(app);
        aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), token.as_bytes()).is_ok()
    }

    /// Gives the browser its secret, for as long as it stays open.
    pub fn remember(&self, app: &App, response: &mut Response) {
        let secure = if app.secure() { "; Secure" } else { "" };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", name(app), self.secret);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

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
