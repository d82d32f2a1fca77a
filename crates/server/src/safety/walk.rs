//! Every address, for everybody who may ask, by every method: what the answer travels with.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use super::{Place, Reply, Visitor, fill, office_table, paths_of};

/// The directives of a content security policy.
fn directives(policy: &str) -> Vec<(&str, Vec<&str>)> {
    let all = policy.split(';').map(|one| one.split_whitespace().collect::<Vec<_>>());
    all.filter(|one| !one.is_empty()).map(|one| (one[0], one[1..].to_vec())).collect()
}

/// Whether an answer is a data provider's own PDF, which a browser's viewer lays out with styles of its own.
fn is_foreign_pdf(address: &str, reply: &Reply) -> bool {
    let file = address.contains("/preview/") && address.contains("/file");
    (file || address == "/counter/file") && reply.all("content-type") == ["application/pdf"]
}

fn check_policy(at: &str, address: &str, reply: &Reply) {
    let policy = reply.one("content-security-policy");
    let all = directives(policy);
    let of = |name: &str| all.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.clone()).collect::<Vec<_>>();
    assert_eq!(of("default-src"), [["'none'"]], "{at}: {policy}");
    assert_eq!(of("frame-ancestors"), [["'none'"]], "{at}: {policy}");
    assert_eq!(of("base-uri"), [["'none'"]], "{at}: {policy}");
    for (name, sources) in &all {
        for source in sources {
            let viewer =
                *name == "style-src" && *source == "'unsafe-inline'" && is_foreign_pdf(address, reply);
            assert!(viewer || ["'none'", "'self'"].contains(source), "{at}: {name} {source} in {policy}");
        }
    }
    if reply.is_html() {
        assert_eq!(of("form-action"), [["'self'"]], "{at}: {policy}");
        let html = reply.text();
        for inline in [" style=\"", "<style", "<script>", " onclick=", " onload=", " onerror=", "javascript:"]
        {
            assert!(!html.contains(inline), "{at}: {inline}\n{html}");
        }
    }
}

fn check_cookies(at: &str, reply: &Reply) {
    for cookie in reply.all("set-cookie") {
        let mut parts = cookie.split("; ");
        let name = parts.next().unwrap().split('=').next().unwrap();
        let flags: Vec<&str> = parts.collect();
        for flag in ["HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(flags.contains(&flag), "{at}: {cookie}");
        }
        assert!(!cookie.contains("Domain="), "{at}: {cookie}");
        let root = flags.contains(&"Path=/");
        match name {
            // The language and the size of text: nobody's secret.
            "lang" | "textsize" => assert!(root, "{at}: {cookie}"),
            // It lives below the address that alone reads it, which the stricter name does not allow.
            "__Secure-mydata_gov" => assert!(cookie.contains("Path=/mydata-backend"), "{at}: {cookie}"),
            // Which sentence the next page says.
            "mydata_said" => assert!(cookie.contains("Path=/mydata-backend"), "{at}: {cookie}"),
            _ => assert!(name.starts_with("__Host-") && root, "{at}: {cookie}"),
        }
    }
}

/// Whether an address holds the same for everybody, whoever asks, and says nothing of them.
fn is_for_everybody(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    path.starts_with("/assets/")
        || path.starts_with("/documents/")
        || ["/robots.txt", "/api/catalogue", "/api/audit/keys", "/api/audit/roots"].contains(&path)
}

/// Whether an address belongs to whoever is known by this cookie: to a citizen every page, for it says who is logged in; to a
/// clerk and to staff their own rooms.
fn is_personal(address: &str, visitor: &Visitor) -> bool {
    match visitor.name {
        "nobody" => false,
        "citizen" => true,
        "clerk" => address.starts_with("/counter") && !address.starts_with("/counter-services"),
        _ => address.starts_with("/mydata-backend"),
    }
}

fn check(at: &str, address: &str, known: bool, reply: &Reply) {
    // No job works here, which is what this address tells.
    assert!(reply.status < 500 || address == "/readyz", "{at}: {}\n{}", reply.raw_head, reply.text());
    check_policy(at, address, reply);
    check_cookies(at, reply);
    assert_eq!(reply.one("x-frame-options"), "DENY", "{at}");
    assert_eq!(reply.one("x-content-type-options"), "nosniff", "{at}");
    assert_eq!(reply.one("referrer-policy"), "same-origin", "{at}");
    assert_eq!(reply.one("cross-origin-opener-policy"), "same-origin", "{at}");
    assert_eq!(reply.one("cross-origin-resource-policy"), "same-origin", "{at}");
    let keep = reply.one("cache-control");
    if is_for_everybody(address) && reply.status < 300 {
        assert!(reply.all("set-cookie").is_empty(), "{at}: what is kept sets no cookie");
    } else if known || !reply.all("set-cookie").is_empty() {
        assert_eq!(keep, "no-store", "{at}: {} {:?}", reply.status, reply.all("location"));
    } else {
        assert!(["no-store", "private, no-cache"].contains(&keep), "{at}: {keep}");
    }
}

/// Every address of the main listener, with every kind of visitor, by every method: the content security policy without
/// `unsafe-inline`, nobody's frame, `no-store` for whoever is known here, and the flags of every cookie. Error pages, files,
/// refused methods and bodies among them.
#[tokio::test]
async fn every_answer_travels_with_its_headers() {
    let place = Place::open().await;
    let pdf = place.things.iter().find(|(path, _)| path.ends_with("/file")).unwrap().1.clone();
    let reply = place.ask("GET", &pdf, place.visitor("citizen"), &[]).await;
    assert!(is_foreign_pdf(&pdf, &reply), "{}", reply.raw_head);
    let (mut walked, mut pages, mut kept) = (0, 0, 0);
    let mut found = Vec::new();
    for path in place.paths() {
        for address in place.filled(&path) {
            for visitor in &place.visitors {
                let token = format!("form_token={}", visitor.token);
                for (method, form) in
                    [("GET", ""), ("HEAD", ""), ("POST", ""), ("POST", &token), ("DELETE", "")]
                {
                    // Whoever logs out is nobody afterwards, and what is taken or withdrawn is gone.
                    if !form.is_empty()
                        && ["logout", "signout", "/end", "/take", "/withdraw"]
                            .iter()
                            .any(|end| path.ends_with(end))
                    {
                        continue;
                    }
                    let reply = place.ask_with(method, &address, visitor, &[], form).await;
                    let at = format!("{method} {address} of {} ({}) {form}", visitor.name, reply.status);
                    let outcome =
                        catch_unwind(|| check(&at, &address, is_personal(&address, visitor), &reply));
                    found.extend(outcome.err().map(|_| at));
                    walked += 1;
                    pages += u32::from(reply.is_html() && reply.status == 200);
                    kept += u32::from(reply.status == 200 && !visitor.cookies.is_empty());
                }
            }
        }
    }
    assert!(found.is_empty(), "{} answers, each told above:\n{}", found.len(), found.join("\n"));
    // The walk has been somewhere: pages of all of them, not only the sign-in that strangers are led to.
    assert!(walked > 3_000 && pages > 200 && kept > 200, "{walked} {pages} {kept}");
    place.close().await;
}

/// What never reaches a page: a body that is too large, a head that is too large, a request that is none, a wrong version.
#[tokio::test]
async fn what_is_refused_early_travels_with_its_headers_too() {
    let place = Place::open().await;
    let nobody = place.visitor("nobody").clone();
    let large = format!("form_token={}", "x".repeat(6 << 20));
    for (method, address) in [("POST", "/contact"), ("POST", "/login"), ("POST", "/mydata-backend/signin")] {
        let reply = place.ask_with(method, address, &nobody, &[], &large).await;
        assert!([400, 409, 413, 422].contains(&reply.status), "{address}: {}", reply.status);
        check(&format!("a large form to {address}"), address, false, &reply);
    }
    for address in
        ["/%00", "/%ff%fe", "/datasets/%2e%2e/%2e%2e/etc/passwd", "/%0d%0aX-Injected:%20yes", "/a//b"]
    {
        let reply = place.ask("GET", address, &nobody, &[]).await;
        check(address, address, false, &reply);
        assert!(reply.status == 404 || reply.status == 400, "{address}: {}", reply.status);
    }
    place.close().await;
}

/// The partners' listener speaks to programs; a browser that is led there is given nothing to run or to frame either.
#[tokio::test]
async fn the_partners_listener_travels_with_its_headers() {
    let place = Place::open().await;
    let mut paths = paths_of(&crate::platform::partner_router(place.portal.office.app.clone()));
    assert!(paths.remove("/"), "the fallback's");
    assert!(paths.remove("/healthz") && paths.remove("/readyz"), "operators' own");
    let document = include_str!("../../../../docs/integrators/openapi.yaml");
    let written = document.lines().filter_map(|line| line.strip_prefix("  /")?.strip_suffix(':'));
    assert_eq!(
        written.map(|path| format!("/{path}")).collect::<BTreeSet<_>>(),
        paths,
        "the OpenAPI document"
    );
    assert_eq!(paths.len(), 5, "{paths:?}");
    let citizen = place.visitor("citizen").clone();
    for path in paths.iter().map(String::as_str).chain(["/", "/mydata-backend", "/nowhere"]) {
        for method in ["GET", "POST", "DELETE"] {
            let request = super::request(method, path, &citizen, &[], "");
            let reply = place.send(place.partner, request.as_bytes()).await;
            check(&format!("{method} {path} ({})", reply.status), path, true, &reply);
            assert!(!reply.is_html() || reply.status >= 400, "{method} {path}: {}", reply.raw_head);
        }
    }
    place.close().await;
}

/// Nothing is walked that is not there, and nothing there is left out: the table of the back office is in the router, too.
#[tokio::test]
async fn the_walk_knows_every_address() {
    let place = Place::open().await;
    let paths = place.paths();
    assert!(paths.len() > 150, "{}", paths.len());
    for route in office_table() {
        assert!(paths.contains(route.path), "{route:?}");
    }
    for path in [
        "/exchange/{id}/confirm",
        "/service/data",
        "/me",
        "/counter/take",
        "/identity/callback",
        "/assets/{file}",
    ] {
        assert!(paths.contains(path), "{path}: {paths:?}");
    }
    for (path, address) in &place.things {
        assert!(paths.contains(*path), "{path}");
        let reply = place.ask("GET", address, place.visitor("citizen"), &[]).await;
        assert!(reply.status == 200, "{address} is there: {} {}", reply.status, reply.text());
    }
    assert_eq!(fill("/a/{b}/c/{*d}", "x"), "/a/x/c/x");
    place.close().await;
}
