//! Everything that a stranger can write into a request, written with ill intent: the names of hosts, line breaks, foreign
//! addresses. None of it comes out where it would count.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BASE, Place, Reply, Visitor, fill};

/// A host that is not ours; found nowhere in an answer, it was believed nowhere.
const FOREIGN: &str = "elsewhere.example";

/// What might make a second header, a second answer, or a way to another host out of a value.
const VALUES: [&str; 9] = [
    "x\r\nX-Injected: yes\r\n\r\n<script>injected()</script>",
    "/x\nX-Injected: yes",
    "x\rX-Injected: yes",
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "/\t/elsewhere.example/",
    "/%2f/elsewhere.example/",
    "javascript:elsewhere()",
];

/// The names of everything that can be sent: those that pages ask for, and those that only programs send.
async fn names(place: &Place) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = [
        "next",
        "back",
        "to",
        "returnUrl",
        "return_url",
        "redirect",
        "redirect_uri",
        "url",
        "pid",
        "code",
        "state",
        "error",
    ]
    .map(str::to_owned)
    .into();
    for path in place.paths() {
        for address in place.filled(&path) {
            for visitor in &place.visitors {
                let reply = place.ask("GET", &address, visitor, &[]).await;
                if !reply.is_html() {
                    continue;
                }
                let html = reply.text();
                let fields = html.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
                names.extend(fields.map(str::to_owned));
                for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    let query = link.split_once('?').map_or("", |(_, query)| query);
                    let query = query.split('#').next().unwrap_or_default().replace("&amp;", "&");
                    names.extend(
                        query
                            .split('&')
                            .filter_map(|pair| pair.split_once('='))
                            .map(|(name, _)| name.to_owned()),
                    );
                }
            }
        }
    }
    names.remove("form_token");
    names.remove("viewport");
    names
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// No header that was smuggled in, and no way to another host: not in a redirect, a link, a form, or a page that leads on.
fn leads_nowhere_else(at: &str, reply: &Reply) {
    assert!(reply.status < 500 || at.contains("/readyz"), "{at}: {}\n{}", reply.raw_head, reply.text());
    for (name, value) in &reply.head {
        assert!(name != "x-injected" && !value.contains(['\r', '\n', '\0']), "{at}: {}", reply.raw_head);
    }
    for to in reply.all("location") {
        let ours = to.starts_with(&format!("{BASE}/"))
            || (to.starts_with('/') && !to[1..].starts_with(['/', '\\', '\t']));
        assert!(ours && to.bytes().all(|byte| byte.is_ascii_graphic()), "{at} leads to {to:?}");
    }
    if !reply.is_html() {
        return;
    }
    let html = reply.text();
    assert!(!html.contains("<script>injected()"), "{at}\n{html}");
    for attribute in ["href=\"", "action=\"", "src=\"", "formaction=\"", "url="] {
        for to in html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            let to = to.trim_start().to_ascii_lowercase();
            let foreign =
                ["//", "/\\", "\\", "/\t", "javascript:", "data:"].iter().any(|begin| to.starts_with(begin))
                    || to.starts_with(&format!("https://{FOREIGN}"));
            assert!(!foreign, "{at}: {attribute}{to}\n{html}");
        }
    }
}

/// Line breaks and foreign addresses in every parameter, field and part of every path: no header comes of it, and no way to
/// another host.
#[tokio::test]
async fn nothing_that_is_sent_becomes_a_header_or_leads_away() {
    let place = Place::open().await;
    let names = names(&place).await;
    assert!(names.len() > 60, "{names:?}");
    let (nobody, citizen) = (place.visitor("nobody"), place.visitor("citizen"));
    let mut sent = 0;
    for path in place.paths() {
        for value in VALUES {
            let value_encoded = encoded(value);
            let pairs: Vec<String> =
                names.iter().map(|name| format!("{}={value_encoded}", encoded(name))).collect();
            let query = pairs.join("&");
            let office = path.starts_with("/mydata-backend");
            let known = if office { place.visitor("administrator") } else { citizen };
            for visitor in [nobody, known] {
                let away = format!("https://{FOREIGN}/page");
                let headers = [("Referer", away.as_str())];
                for address in place.filled(&path) {
                    let joint = if address.contains('?') { '&' } else { '?' };
                    let asked = format!("{address}{joint}{query}");
                    let reply = place.ask("GET", &asked, visitor, &headers).await;
                    leads_nowhere_else(
                        &format!("GET {address} with {value:?} everywhere, of {}", visitor.name),
                        &reply,
                    );
                    sent += 1;
                }
                if path.contains('{') {
                    let reply = place.ask("GET", &fill(&path, &value_encoded), visitor, &headers).await;
                    leads_nowhere_else(
                        &format!("GET {path} filled with {value:?}, of {}", visitor.name),
                        &reply,
                    );
                }
                // Signing out would make all that follows nobody's.
                if path.ends_with("logout") || path.ends_with("signout") {
                    continue;
                }
                let form = format!("form_token={}&{query}", visitor.token);
                let reply = place.ask_with("POST", &fill(&path, "nothing"), visitor, &headers, &form).await;
                leads_nowhere_else(
                    &format!("POST {path} with {value:?} everywhere, of {}", visitor.name),
                    &reply,
                );
            }
        }
    }
    assert!(sent > 2_000, "{sent}");
    place.close().await;
}

/// A host that is not ours, in every header that could name one: no page, no redirect and no cookie repeats it.
#[tokio::test]
async fn a_foreign_host_is_believed_nowhere() {
    let place = Place::open().await;
    let forwarded = format!("for=192.0.2.9;host={FOREIGN};proto=http");
    let headers = [
        ("Host", FOREIGN),
        ("X-Forwarded-Host", FOREIGN),
        ("X-Host", FOREIGN),
        ("X-Original-URL", "//elsewhere.example/"),
        ("X-Forwarded-Server", FOREIGN),
        ("Forwarded", &forwarded),
    ];
    for path in place.paths() {
        for address in place.filled(&path) {
            for visitor in &place.visitors {
                let reply = place.ask("GET", &address, visitor, &headers).await;
                let said = reply.raw_head.contains(FOREIGN) || reply.text().contains(FOREIGN);
                assert!(
                    !said && (reply.status < 500 || path == "/readyz"),
                    "GET {address} of {}: {}",
                    visitor.name,
                    reply.raw_head
                );
            }
        }
    }
    // In the request line, where it would come before every header.
    let nobody = place.visitor("nobody").clone();
    let reply = place.ask("GET", &format!("http://{FOREIGN}/about"), &nobody, &[("Host", FOREIGN)]).await;
    assert!(!reply.text().contains(FOREIGN) && !reply.raw_head.contains(FOREIGN), "{}", reply.raw_head);
    place.close().await;
}

/// A mail that is asked for under a foreign host leads here.
#[tokio::test]
async fn mails_lead_to_our_own_host() {
    let place = Place::open().await;
    let office = &place.portal.office;
    let mut browser = office.browser();
    let page = browser.get("/mydata-backend/forgot").await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    let visitor = Visitor {
        name: "who forgot",
        cookies: browser.cookie.clone().unwrap(),
        token: browser.token.clone(),
    };
    let challenge =
        page.body.split("name=\"captcha\" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
    let captcha = challenge.map_or(String::new(), |challenge| {
        format!(
            "&captcha={}&captcha_nonce={}&captcha_digits=",
            encoded(challenge),
            crate::captcha::work::find(challenge)
        )
    });
    let form =
        format!("form_token={}&account=applicant&mail=applicant%40library.example{captcha}", visitor.token);
    let headers = [("Host", FOREIGN), ("X-Forwarded-Host", FOREIGN)];
    let before = office.outbox().await.len();
    let reply = place.ask_with("POST", "/mydata-backend/forgot", &visitor, &headers, &form).await;
    assert!(reply.status < 400, "{}\n{}", reply.raw_head, reply.text());
    office.work().await;
    let outbox = office.outbox().await;
    assert!(outbox.len() > before, "a mail was written");
    let links: Vec<&str> = outbox.iter().filter_map(|mail| mail.content.link.as_deref()).collect();
    let reset = links.iter().filter(|link| link.starts_with(&format!("{BASE}/mydata-backend/"))).count();
    assert!(reset == 1 && !links.iter().any(|link| link.contains(FOREIGN)), "{links:?}");
    place.close().await;
}
