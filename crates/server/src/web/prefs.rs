//! What a reader chose: language and text size, kept in two cookies, changed by a plain form.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Form, FromRequestParts};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use super::i18n::Lang;

/// 字級.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TextSize {
    /// 小
    Small,
    /// 中, the default.
    #[default]
    Medium,
    /// 大
    Large,
}

impl TextSize {
    /// All sizes, smallest first.
    pub const ALL: [TextSize; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The value in the cookie, the form and the page's class.
    pub fn code(self) -> &'static str {
        match self {
            Self::Small => "s",
            Self::Medium => "m",
            Self::Large => "l",
        }
    }

    /// Reads [`TextSize::code`].
    pub fn from_code(code: &str) -> Option<TextSize> {
        Self::ALL.into_iter().find(|size| size.code() == code)
    }

    /// The message that names this size.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Small => "size-small",
            Self::Medium => "size-medium",
            Self::Large => "size-large",
        }
    }
}

/// Whom a page is written for. An extractor that cannot fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefs {
    /// The language of the page.
    pub lang: Lang,
    /// The size of its text.
    pub size: TextSize,
}

/// Name of the cookie with the language.
pub const LANG_COOKIE: &str = "lang";
/// Name of the cookie with the text size.
pub const SIZE_COOKIE: &str = "textsize";
/// Where the language and size buttons post to.
pub const PREFERENCES_PATH: &str = "/preferences";

impl Prefs {
    /// Cookie first, then `Accept-Language`, then zh-TW and 中.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let cookie = |name: &str| {
            headers
                .get_all(COOKIE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let accepted = || headers.get(ACCEPT_LANGUAGE)?.to_str().ok().and_then(Lang::from_accept_language);
        let lang =
            cookie(LANG_COOKIE).and_then(|tag| Lang::from_tag(&tag)).or_else(accepted).unwrap_or_default();
        let size = cookie(SIZE_COOKIE).and_then(|code| TextSize::from_code(&code)).unwrap_or_default();
        Self { lang, size }
    }
}

impl<S: Sync> FromRequestParts<S> for Prefs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_headers(&parts.headers))
    }
}

#[derive(Deserialize)]
struct Change {
    lang: Option<String>,
    size: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /preferences`: sets the cookies and leads back to the page it came from. `secure` says whether the platform
/// is reached over https, so that the cookies may carry `Secure`.
pub fn router<S: Clone + Send + Sync + 'static>(secure: bool) -> Router<S> {
    Router::new().route(
        PREFERENCES_PATH,
        post(move |Form(change): Form<Change>| async move { apply(&change, secure) }),
    )
}

fn apply(change: &Change, secure: bool) -> Response {
    choose(change.lang.as_deref(), change.size.as_deref(), &change.back, secure)
}

/// Sets the cookies of what was chosen and leads to `back`, a path of ours.
pub fn choose(lang: Option<&str>, size: Option<&str>, back: &str, secure: bool) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let mut remember = |name: &str, value: &str| {
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    };
    if let Some(lang) = lang.and_then(Lang::from_tag) {
        remember(LANG_COOKIE, lang.tag());
    }
    if let Some(size) = size.and_then(TextSize::from_code) {
        remember(SIZE_COOKIE, size.code());
    }
    let back = HeaderValue::from_str(local_path(back)).unwrap_or(HeaderValue::from_static("/"));
    headers.insert(LOCATION, back);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `path` when it leads to a page of this platform, else `/`. Never a way to another host: `//host`, `/\host` and
/// control characters (which browsers drop before they read the address) are refused.
pub fn local_path(path: &str) -> &str {
    let local = path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn cookie_wins_over_header_over_default() {
        let lang = |pairs: &[(&'static str, &str)]| Prefs::from_headers(&headers(pairs)).lang;
        assert_eq!(lang(&[]), Lang::ZhTw);
        assert_eq!(lang(&[("accept-language", "en-GB,en;q=0.9")]), Lang::En);
        assert_eq!(lang(&[("accept-language", "en;q=0.4, zh-Hant-TW;q=0.8")]), Lang::ZhTw);
        assert_eq!(lang(&[("accept-language", "fr, ja;q=0.5")]), Lang::ZhTw);
        assert_eq!(lang(&[("accept-language", "zh;q=0, en;q=0.1")]), Lang::En);
        assert_eq!(lang(&[("accept-language", "en"), ("cookie", "a=b; lang=zh-TW")]), Lang::ZhTw);
        assert_eq!(lang(&[("accept-language", "en"), ("cookie", "lang=tlh")]), Lang::En);
        assert_eq!(Prefs::from_headers(&headers(&[("cookie", "textsize=l")])).size, TextSize::Large);
        assert_eq!(Prefs::from_headers(&headers(&[("cookie", "textsize=xxl")])).size, TextSize::Medium);
    }

    async fn change(body: &'static str) -> Response {
        let request = Request::post(PREFERENCES_PATH)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        router::<()>(true).with_state(()).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_choice_is_kept_and_leads_back() {
        let response = change("lang=en&back=%2Fexchange%2F1%3Fa%3Db").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[LOCATION], "/exchange/1?a=b");
        assert_eq!(
            response.headers()[SET_COOKIE],
            "lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly; Secure"
        );
        let response = change("size=l&lang=nonsense&back=%2F").await;
        let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies.len(), 1);
        assert!(cookies[0].to_str().unwrap().starts_with("textsize=l;"));
    }

    #[tokio::test]
    async fn never_leads_to_another_host() {
        for back in [
            "",
            "//evil.example",
            "%2F%5Cevil.example",
            "https%3A%2F%2Fevil.example",
            "%2F%09%2Fevil.example",
        ] {
            let body: &'static str = format!("size=l&back={back}").leak();
            assert_eq!(change(body).await.headers()[LOCATION], "/", "{back}");
        }
    }
}
