//! A browser, by the secret in its cookie; the token that its forms carry, and whether a form comes from a page of ours. One
//! implementation for citizens and for the back office, each through a door of its own: a secret of one is worth nothing at
//! the other.

use axum::response::Response;
use http::header::{COOKIE, ORIGIN, REFERER, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use mydata_wire::b64;
use url::{Position, Url};

use crate::app::App;

/// How the page that a request was made from stands to us (Fetch Metadata).
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the cookie is called, and what the tokens are for.
#[derive(Debug)]
pub struct Door {
    /// The cookie over https: its name keeps other hosts from setting it.
    pub secure_name: &'static str,
    /// The cookie over plain http.
    pub plain_name: &'static str,
    /// What the tokens of forms are made for.
    pub forms: &'static str,
}

/// A browser, by its secret. No `Debug`.
#[derive(Clone)]
pub struct Browser {
    door: &'static Door,
    secret: String,
    /// The browser does not have the secret yet.
    pub is_new: bool,
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = values.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Whether two texts are the same, in a time that tells nothing about where they differ.
pub fn is_same(right: &str, given: &str) -> bool {
    mydata_wire::secret::is_same(right, given)
}

/// Whether a posted form comes from us, as far as the browser says so: it names the origin of every form it posts, and
/// newer ones also how the page with the form stands to us. A neighbouring host (`same-site`) is not us.
pub fn is_our_origin(app: &App, headers: &HeaderMap) -> bool {
    let own = app.base_url.origin().ascii_serialization();
    let only = |name: &HeaderName, good: &dyn Fn(&[u8]) -> bool| {
        headers.get_all(name).iter().all(|value| good(value.as_bytes()))
    };
    only(&ORIGIN, &|origin| origin == own.as_bytes())
        && only(&SEC_FETCH_SITE, &|site| [&b"same-origin"[..], b"none"].contains(&site))
}

/// The page of ours that a form stands on, as browsers tell it: path and query.
pub fn posted_from(app: &App, headers: &HeaderMap) -> Option<String> {
    let page = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
    let path = &page[Position::BeforePath..Position::AfterQuery];
    (page.origin() == app.base_url.origin()).then(|| path.to_owned())
}

impl Door {
    fn cookie(&self, app: &App) -> &'static str {
        if app.secure() { self.secure_name } else { self.plain_name }
    }
}

impl Browser {
    /// The browser that sent these headers; one without a secret gets a new one.
    pub fn of(door: &'static Door, app: &App, headers: &HeaderMap) -> Self {
        Self::known(door, app, headers).unwrap_or_else(|| Self::fresh(door, app))
    }

    /// The browser that sent these headers, if it has a secret.
    pub fn known(door: &'static Door, app: &App, headers: &HeaderMap) -> Option<Self> {
        let secret = cookie(headers, door.cookie(app)).filter(|secret| (20..=100).contains(&secret.len()))?;
        Some(Self { door, secret, is_new: false })
    }

    /// A new secret.
    pub fn fresh(door: &'static Door, app: &App) -> Self {
        let mut bytes = [0u8; 32];
        app.random.fill(&mut bytes);
        Self { door, secret: b64::url_safe(&bytes), is_new: true }
    }

    /// The secret.
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The token that its forms carry.
    pub fn form_token(&self, app: &App) -> String {
        app.store.crypter.index(self.door.forms, &self.secret)
    }

    /// Whether a posted token is the right one.
    pub fn is_our_form(&self, app: &App, token: &str) -> bool {
        is_same(&self.form_token(app), token)
    }

    /// Gives the browser its secret, for as long as it stays open.
    pub fn remember(&self, app: &App, response: &mut Response) {
        let secure = if app.secure() { "; Secure" } else { "" };
        let name = self.door.cookie(app);
        let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", self.secret);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }

    /// Takes the cookie away.
    pub fn forget(door: &'static Door, app: &App, response: &mut Response) {
        let secure = if app.secure() { "; Secure" } else { "" };
        let name = door.cookie(app);
        let cookie = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}
