//! Every form of citizens, clerks and browsers that nobody is known by: without its token, with another's, from another site.

use super::{Place, Visitor};

/// Routes that take a form from anybody: nothing is done in anybody's name.
///
/// * `/preferences` sets the language in the browser that asks.
/// * `/contact` is for everybody: whoever writes shows a captcha, and is not acted for.
/// * The partner APIs take no cookie; their callers show a secret.
const OPEN: [&str; 3] = ["/preferences", "/contact", "/connect/introspect"];

/// Whether a refusal is one: the page of a form that has expired, a way to the login, or a page that is not there.
fn is_refused(status: u16, location: Option<&str>) -> bool {
    match status {
        400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 => true,
        303 => location.is_some_and(|to| to.starts_with("/login?") || to == "/counter"),
        _ => false,
    }
}

/// No form of the portal, the counter or an exchange is taken without the token of the browser that was shown it, with one of
/// another browser, or from another site. Shows R74.
#[tokio::test]
async fn no_form_is_taken_without_its_token_or_from_elsewhere() {
    let place = Place::open().await;
    let citizen = place.visitor("citizen").clone();
    let clerk = place.visitor("clerk").clone();
    let (mut tried, mut found) = (0, Vec::new());
    for path in place.paths().into_iter().filter(|path| !path.starts_with("/mydata-backend")) {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        for address in place.filled(&path) {
            for visitor in [&citizen, &clerk, place.visitor("nobody")] {
                let mut refuses = async |form: &str, headers: &[(&str, &str)]| {
                    let reply = place.ask_with("POST", &address, visitor, headers, form).await;
                    let location = reply.all("location").first().map(|to| (*to).to_owned());
                    if !is_refused(reply.status, location.as_deref()) {
                        let status = reply.status;
                        let who = visitor.name;
                        found.push(format!(
                            "POST {address} of {who} with {form:?} {headers:?}: {status} {location:?}"
                        ));
                    }
                };
                let other = if visitor.name == "citizen" { &clerk } else { &citizen };
                for form in ["", "form_token=", "form_token=x"] {
                    refuses(form, &[]).await;
                }
                refuses(&format!("form_token={}", other.token), &[]).await;
                let own = format!("form_token={}", visitor.token);
                for header in [
                    ("Origin", "https://elsewhere.example"),
                    ("Origin", "null"),
                    ("Origin", "http://mydata.example"),
                    ("Origin", "https://sub.mydata.example"),
                    ("Origin", "https://mydata.example:8443"),
                    ("Sec-Fetch-Site", "cross-site"),
                    ("Sec-Fetch-Site", "same-site"),
                ] {
                    refuses(&own, &[header]).await;
                }
                tried += 1;
            }
        }
    }
    assert!(found.is_empty(), "{} were taken:\n{}", found.len(), found.join("\n"));
    assert!(tried > 100, "{tried}");
    place.close().await;
}

/// The same forms are taken from our own pages: what the test above refuses is refused for its token and its origin.
#[tokio::test]
async fn the_same_forms_are_taken_from_our_own_pages() {
    let place = Place::open().await;
    let citizen = place.visitor("citizen").clone();
    let own = [("Origin", "https://mydata.example"), ("Sec-Fetch-Site", "same-origin")];
    let takes = async |address: &str, visitor: &Visitor, more: &str| {
        let form = format!("form_token={}{more}", visitor.token);
        let reply = place.ask_with("POST", address, visitor, &own, &form).await;
        (reply.status, reply.all("location").first().map(|to| (*to).to_owned()))
    };
    assert_eq!(takes("/me/notify", &citizen, "").await.0, 422);
    assert_eq!(takes("/me/mail", &citizen, "&address=x").await.0, 422);
    assert_eq!(takes("/login/extend", &citizen, "").await.0, 204);
    assert_eq!(takes("/counter/end", place.visitor("clerk"), "").await, (303, Some("/counter".to_owned())));
    assert_eq!(takes("/logout", &citizen, "").await, (303, Some("/logout".to_owned())));
    place.close().await;
}
