//! Plain http that only points to https.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode, Uri};

/// A router that sends every page to the same path below `base`, an https address that ends with a slash. What is
/// posted is not sent on, for it has been sent in the clear already: it is refused.
pub fn to_https(base: &str) -> Router {
    let base = base.trim_end_matches('/').to_owned();
    Router::new().fallback(move |method: Method, uri: Uri| {
        let answer = answer(&base, &method, &uri);
        async move { answer }
    })
}

fn answer(base: &str, method: &Method, uri: &Uri) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let said = "This address is not encrypted; nothing may be sent to it. Use https.\n";
        return (StatusCode::FORBIDDEN, said).into_response();
    }
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    // A path that begins with two slashes stays a path: it is put behind a host.
    match HeaderValue::try_from(format!("{base}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &Method, uri: &str) -> (u16, String) {
        let response = answer("https://mydata.example", method, &uri.parse().unwrap());
        let location = response.headers().get(LOCATION).map(|l| l.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    }

    #[test]
    fn everything_leads_to_https_and_nowhere_else() {
        assert_eq!(ask(&Method::GET, "/a/b?c=d"), (308, "https://mydata.example/a/b?c=d".to_owned()));
        let two = (308, "https://mydata.example//evil.example/".to_owned());
        assert_eq!(ask(&Method::GET, "//evil.example/"), two);
        let whole = (308, "https://mydata.example/x".to_owned());
        assert_eq!(ask(&Method::HEAD, "http://evil.example/x"), whole);
        assert_eq!(ask(&Method::POST, "/a"), (403, String::new()));
    }
}
