//! Where a login leads on to: pages of ours that are worth coming back to, and nowhere else.

use crate::backoffice::visit::with_next;
use crate::web::prefs::local_path;

/// Where one goes who asked for no page.
const HOME: &str = "/";
/// Longest address that is remembered.
const MAX: usize = 2_000;
/// Says in the query that a form of the page was kept.
pub const KEPT: &str = "kept=1";

/// A page of ours to go on to, or the first page: never a way to another host, nor back into a login.
pub fn own_path(text: Option<&str>) -> &str {
    let fits = |path: &&str| {
        let first = path[1..].split(['/', '?', '#']).next().unwrap_or_default();
        path.len() <= MAX
            && local_path(path) == *path
            && !["login", "logout", "identity", "service", "exchange"].contains(&first)
    };
    text.filter(|path| path.starts_with('/')).filter(fits).unwrap_or(HOME)
}

/// The login, with the page that asked for it, and more of its query.
pub fn to_login(next: &str, more: &[(&str, &str)]) -> String {
    let mut path = with_next(super::login::PATH, own_path(Some(next)));
    for (name, value) in more {
        path.push('&');
        path.push_str(name);
        path.push('=');
        path.push_str(value);
    }
    path
}

/// The page, saying that a form of it was kept.
pub fn with_kept(page: &str) -> String {
    let page = page.split('#').next().unwrap_or_default();
    if says_kept(page) {
        return page.to_owned();
    }
    let sign = if page.contains('?') { '&' } else { '?' };
    format!("{page}{sign}{KEPT}")
}

/// Whether an address says so.
pub fn says_kept(here: &str) -> bool {
    here.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_on_to_pages_of_ours_only() {
        for own in ["/", "/me", "/datasets?q=%E6%88%B6#top", "/loginx"] {
            assert_eq!(own_path(Some(own)), own);
        }
        let long = format!("/{}", "a".repeat(MAX));
        for bad in [
            "",
            "me",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/\t/evil.example",
            "/login?next=/login",
            "/logout",
            "/identity/callback?code=1",
            "/exchange/1",
            "/é",
            long.as_str(),
        ] {
            assert_eq!(own_path(Some(bad)), "/", "{bad}");
        }
        assert_eq!(own_path(None), "/");
    }

    #[test]
    fn a_page_says_once_that_its_form_was_kept() {
        assert_eq!(with_kept("/me"), "/me?kept=1");
        assert_eq!(with_kept("/me?a=b#c"), "/me?a=b&kept=1");
        assert_eq!(with_kept("/me?kept=1"), "/me?kept=1");
        assert!(says_kept("/me?a=b&kept=1") && !says_kept("/me?kept=12") && !says_kept("/kept=1"));
    }
}
