//! 網站導覽: every way of the portal and the keys that lead there; and what search engines may read.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::nav::{Area, WAYS};
use super::view::{Frame, public};
use crate::exchange::visit::Visit;
use crate::web::Chrome;

/// The page.
#[derive(Template)]
#[template(path = "portal/sitemap.html")]
pub struct SitemapPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The pages: name, what is there, address.
    pub pages: Vec<(String, String, &'static str)>,
}

/// `GET /sitemap`.
pub async fn show(visit: Visit) -> Response {
    let lang = visit.prefs.lang;
    let page = |key: &str, href| (lang.t(key), lang.t(&format!("{key}.lead")), href);
    let mut pages = vec![page("portal-home", "/")];
    pages.extend(WAYS.iter().map(|(_, key, href)| page(key, href)));
    pages.push(page("portal-search", "/search"));
    pages.push(page("news", "/news"));
    pages.push(page("faq", "/faq"));
    pages.push(page("contact-us", "/contact"));
    pages.push(page("documents", "/documents"));
    pages.push(page("portal-open-data", "/api/catalogue"));
    let frame =
        Frame::new(&visit, Area::Elsewhere, lang.t("portal-sitemap")).about(lang.t("portal-sitemap.lead"));
    public(&SitemapPage { chrome: frame.chrome.clone(), frame, pages })
}

/// `GET /robots.txt`: everything that is the same for everybody.
pub async fn robots() -> Response {
    let text = "User-agent: *\nDisallow: /exchange/\nDisallow: /service/\nDisallow: /mydata-backend\nDisallow: /captcha/\n";
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "public, max-age=86400")], text)
        .into_response()
}
