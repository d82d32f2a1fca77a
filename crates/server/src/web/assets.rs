//! Style, script and icon: built in, named by their content, kept by browsers for a year.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};

/// A built-in file with the address that changes when its content does.
struct Asset {
    url: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash: String = digest(&SHA256, bytes).as_ref()[..8].iter().map(|b| format!("{b:02x}")).collect();
        Self { url: format!("/assets/{stem}.{hash}.{ending}"), content_type, bytes }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("site", "css", "text/css; charset=utf-8", include_bytes!("../../assets/site.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("site", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/site.js"))
});
/// The back office's pages carry this one, too.
static BACKOFFICE_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("backoffice", "css", "text/css; charset=utf-8", include_bytes!("../../assets/backoffice.css"))
});
/// Only on the pages that ask for a passkey.
static PASSKEY_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("passkey", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/passkey.js"))
});
/// Only on the pages that ask for a captcha.
static CAPTCHA_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("captcha", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/captcha.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")));

pub(crate) fn style_url() -> &'static str {
    &STYLE.url
}

pub(crate) fn script_url() -> &'static str {
    &SCRIPT.url
}

pub(crate) fn backoffice_style_url() -> &'static str {
    &BACKOFFICE_STYLE.url
}

pub(crate) fn passkey_script_url() -> &'static str {
    &PASSKEY_SCRIPT.url
}

/// Of a page with a [`crate::captcha::part::CaptchaPart`].
pub fn captcha_script_url() -> &'static str {
    &CAPTCHA_SCRIPT.url
}

pub(crate) fn icon_url() -> &'static str {
    &ICON.url
}

/// `GET /assets/{file}` for the addresses that the pages name, 404 for everything else.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let all = [&*STYLE, &*SCRIPT, &*ICON, &*BACKOFFICE_STYLE, &*PASSKEY_SCRIPT, &*CAPTCHA_SCRIPT];
    let Some(asset) = all.into_iter().find(|asset| asset.url.strip_prefix("/assets/") == Some(&file)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.bytes).into_response()
}

/// What a citizen's page loads.
#[cfg(test)]
pub(crate) fn all() -> [(&'static str, &'static [u8]); 3] {
    [&*STYLE, &*SCRIPT, &*ICON].map(|asset| (asset.url.as_str(), asset.bytes))
}

/// What pages of the back office load beside it.
#[cfg(test)]
pub(crate) fn backoffice() -> [(&'static str, &'static [u8]); 2] {
    [&*BACKOFFICE_STYLE, &*PASSKEY_SCRIPT].map(|asset| (asset.url.as_str(), asset.bytes))
}

/// What single pages load beside it.
#[cfg(test)]
pub(crate) fn single() -> [(&'static str, &'static [u8]); 1] {
    [&*CAPTCHA_SCRIPT].map(|asset| (asset.url.as_str(), asset.bytes))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str) -> Response {
        router::<()>().with_state(()).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn serves_what_pages_name_and_nothing_else() {
        for (url, bytes) in all().into_iter().chain(backoffice()).chain(single()) {
            let response = ask(url).await;
            assert_eq!(response.status(), StatusCode::OK, "{url}");
            assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(to_bytes(response.into_body(), usize::MAX).await.unwrap(), bytes);
        }
        assert_eq!(ask(style_url()).await.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(ask("/assets/site.0000000000000000.css").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(ask("/assets/..%2Fsite.css").await.status(), StatusCode::NOT_FOUND);
    }

    /// A first visit on a slow line: style, script and icon stay small, and load nothing from elsewhere.
    #[test]
    fn assets_are_small_and_self_contained() {
        let total: usize = all().iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(total <= 40 * 1024, "{total} bytes");
        let more: usize = backoffice().iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(more <= 26 * 1024, "{more} bytes");
        let small: usize = single().iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(small <= 6 * 1024, "{small} bytes");
        for (url, bytes) in all().into_iter().chain(backoffice()).chain(single()) {
            let text = std::str::from_utf8(bytes).unwrap().replace("http://www.w3.org/2000/svg", "");
            for foreign in ["http:", "https:", "url(//", "@import"] {
                assert!(!text.contains(foreign), "{url} names {foreign}");
            }
        }
    }
}
