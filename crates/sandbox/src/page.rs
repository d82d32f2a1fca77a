//! What the sandbox's pages have in common: language, headers, style.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use url::{Url, form_urlencoded};

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 正體中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// For `lang=`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-Hant-TW",
            Self::En => "en",
        }
    }

    /// Whether it is English; for templates.
    pub fn en(&self) -> bool {
        *self == Self::En
    }
}

/// What every template needs.
pub struct Page {
    /// The page's language.
    pub lang: Lang,
    /// The same page in the other one.
    pub other: String,
}

impl Page {
    /// Reads `lang` or `ui_locales` of the query, or `Accept-Language`.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let asked = ["lang", "ui_locales"]
            .iter()
            .find_map(|name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v));
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let lang = match asked.map(String::as_str).or(accepted) {
            Some(tag) if tag.starts_with("en") => Lang::En,
            _ => Lang::Zh,
        };
        let other = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.iter().filter(|(name, _)| name != "lang"))
            .append_pair("lang", if lang == Lang::En { "zh-Hant" } else { "en" })
            .finish();
        Self { lang, other: format!("{}?{other}", uri.path()) }
    }
}

/// Adds the style sheet to a program's pages.
pub fn with_style(router: Router) -> Router {
    router.route(
        "/style.css",
        get(|| async {
            let headers =
                [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
            (headers, include_str!("../templates/style.css"))
        }),
    )
}

/// Renders a page. Its forms may lead, at once or by redirect, to `targets` besides the program itself.
pub fn html(template: &impl Template, status: StatusCode, targets: &[&Url]) -> Response {
    let Ok(text) = template.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self'"
        .to_owned();
    for target in targets {
        policy.push(' ');
        policy.push_str(&target.origin().ascii_serialization());
    }
    let mut answer = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// 303 to another page.
pub fn see_other(to: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, to.to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())],
    )
        .into_response()
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
