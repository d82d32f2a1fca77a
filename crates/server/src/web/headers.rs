//! The headers a page travels with: what it may load, where its forms may lead, who may keep or frame it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How a page may be kept. Its forms lead to this platform only, and are answered without a redirect to anybody else:
/// browsers of the Chromium family apply `form-action` to every redirect that follows a submitted form, and where a
/// service or an identity provider sends the browser on to is not known here. [`super::onward`] leads there instead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    personal: bool,
}

/// What a page may load, and where its forms may lead.
const CONTENT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; \
                       form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

impl Policy {
    /// A page that holds nothing of anybody: may be kept by the browser after asking again.
    pub fn public() -> Self {
        Self::default()
    }

    /// A page that belongs to one citizen: never kept.
    pub fn personal() -> Self {
        Self { personal: true }
    }

    /// Sets the headers of a page.
    pub fn apply(self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT));
        headers.insert(VARY, HeaderValue::from_static("Cookie, Accept-Language"));
        let keep = if self.personal { "no-store" } else { "private, no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        apply_common(headers);
    }
}

/// Lets a page also load the widget of a captcha service from these origins: its script, its frame, what it asks for and how it
/// looks. Nothing else, and forms lead here alone as before.
pub fn allow(headers: &mut HeaderMap, origins: &str) {
    let content = CONTENT
        .replace("script-src 'self'", &format!("script-src 'self' {origins}"))
        .replace("style-src 'self'", &format!("style-src 'self' {origins}"))
        .replace("connect-src 'self'", &format!("connect-src 'self' {origins}; frame-src {origins}"));
    // An origin is a scheme, a host and a port.
    if let Ok(content) = HeaderValue::from_str(&content) {
        headers.insert(CONTENT_SECURITY_POLICY, content);
    }
}

/// Lets a form of a page also lead to this origin: a citizen's card component.
pub fn allow_form(headers: &mut HeaderMap, origin: &str) {
    let content = CONTENT.replace("form-action 'self'", &format!("form-action 'self' {origin}"));
    if let Ok(content) = HeaderValue::from_str(&content) {
        headers.insert(CONTENT_SECURITY_POLICY, content);
    }
}

fn apply_common(headers: &mut HeaderMap) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with it browsers send `Origin: null` on our own forms, which would blind the check that
        // a form came from us. Another host never learns an address of ours either way.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Middleware for the whole program (`axum::middleware::from_fn`): gives every answer the headers that suit all of
/// them, and the strictest content policy and `no-store` where a handler has set none.
pub async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    complete(response.headers_mut(), false);
    response
}

/// Completes the headers of an answer; `https`: browsers are told to stay there.
pub fn complete(headers: &mut HeaderMap, https: bool) {
    apply_common(headers);
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if https {
        let stay = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, stay);
    }
}

/// Middleware like [`secure`] for a platform reached over https: also tells browsers to stay there.
pub async fn secure_https(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    complete(response.headers_mut(), true);
    response
}

/// Headers for a data provider's own file. A PDF opens in the browser, anything else is saved: no foreign content
/// ever runs as a page of ours.
pub fn apply_file(headers: &mut HeaderMap, filename: &str) {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let pdf = name.to_ascii_lowercase().ends_with(".pdf");
    let (kind, disposition) =
        if pdf { ("application/pdf", "inline") } else { ("application/octet-stream", "attachment") };
    let disposition =
        format!("{disposition}; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // Percent-encoded, so it always parses.
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
    );
    // The browser's own PDF viewer styles itself; nothing else is let in. `sandbox` would stop the viewer.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    apply_common(headers);
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn personal_pages_are_not_kept() {
        let mut headers = HeaderMap::new();
        Policy::personal().apply(&mut headers);
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        Policy::public().apply(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "private, no-cache");
    }

    #[test]
    fn foreign_files_never_become_pages() {
        let mut headers = HeaderMap::new();
        apply_file(&mut headers, "資料\"; a=b.PDF");
        assert_eq!(headers[CONTENT_TYPE], "application/pdf");
        assert!(
            headers[CONTENT_DISPOSITION].to_str().unwrap().starts_with("inline; filename*=UTF-8''%E8%B3%87")
        );
        assert!(!headers[CONTENT_DISPOSITION].to_str().unwrap().contains('"'));
        apply_file(&mut headers, "../x/page.html");
        assert_eq!(headers[CONTENT_TYPE], "application/octet-stream");
        assert_eq!(headers[CONTENT_DISPOSITION], "attachment; filename*=UTF-8''page%2Ehtml");
    }

    #[tokio::test]
    async fn every_answer_is_covered() {
        let app = Router::new().route("/", get(|| async { "x" })).layer(from_fn(secure_https));
        for path in ["/", "/nowhere"] {
            let request = http::Request::get(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert!(
                response.headers()[CONTENT_SECURITY_POLICY]
                    .to_str()
                    .unwrap()
                    .starts_with("default-src 'none'")
            );
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert!(response.headers().contains_key(STRICT_TRANSPORT_SECURITY));
            assert!(response.headers().contains_key("permissions-policy"));
        }
    }
}
