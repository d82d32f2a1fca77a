//! What a browser may be tricked into during an exchange: whose secret counts, whose forms, what every page travels with, and
//! whose host is believed.

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::citizen::html::Form;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::steps::{Walk, call, notifications, outcome, quick, settled};

/// A host that is not ours.
const FOREIGN: &str = "elsewhere.example";

/// A request of a browser with these cookies.
async fn ask(
    method: Method,
    url: &Url,
    cookies: &str,
    headers: &[(&str, &str)],
    form: &[(&str, &str)],
) -> Response {
    let mut request = client().unwrap().request(method.clone(), url.clone());
    if !cookies.is_empty() {
        request = request.header("cookie", cookies);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method == Method::POST {
        request = request.form(form);
    }
    request.send().await.unwrap()
}

fn token(form: &Form) -> String {
    form.fields.iter().find(|f| f.name == "form_token").expect("every form has a token").value.clone()
}

/// Session fixation: whoever knows the secret from before the login – it was planted, or read over a shoulder – has nothing
/// after it. Shows R74.
#[tokio::test]
async fn the_secret_from_before_the_login_opens_nothing() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::enter(&case.entry_url).await;
    let exchange = walk.page.url.clone();
    let before = walk.citizen.cookies_for(&exchange);
    let old_token = token(walk.page.reading.form("refuse").unwrap());
    assert_eq!(
        ask(Method::GET, &exchange, &before, &[], &[]).await.status(),
        200,
        "so far it is the right one"
    );
    walk.choose_method().await;
    walk.sign_in("wang-xiaoming").await;
    walk.reload_until(settled).await;
    let after = walk.citizen.cookies_for(&exchange);
    let new_token = token(walk.page.reading.form("confirm").unwrap());
    assert!(before != after && old_token != new_token);
    assert_eq!(before.split('=').next(), after.split('=').next(), "the same cookie with another value");

    let below = |path: &str| Url::parse(&format!("{exchange}{path}")).unwrap();
    let preview = format!("/preview/{}", Dataset::Household.id());
    // Alone, and sent before the right one, as a planted cookie of a longer path would be.
    for cookies in [before.clone(), format!("{before}; {after}")] {
        for path in ["", "/progress", "/return", preview.as_str(), &format!("{preview}/file?name=x")] {
            let answer = ask(Method::GET, &below(path), &cookies, &[], &[]).await;
            assert_eq!(answer.status(), 403, "{path}");
            let text = answer.text().await.unwrap();
            assert!(!text.contains("王") && !text.contains("個人戶籍資料"), "{path}: {text}");
        }
        for action in ["/authorise", "/confirm", "/refuse", "/extend"] {
            for token in [&old_token, &new_token] {
                let answer = ask(Method::POST, &below(action), &cookies, &[], &[("form_token", token)]).await;
                assert_eq!(answer.status(), 403, "{action}");
            }
        }
    }
    let answer = ask(Method::POST, &below("/confirm"), &after, &[], &[("form_token", &old_token)]).await;
    assert_eq!(answer.status(), 409, "a form from before the login counts no more");
    assert_eq!(ask(Method::GET, &exchange, &after, &[], &[]).await.status(), 200);
    assert!(notifications(bank, &case).is_empty());
    walk.press("confirm").await.unwrap();
    assert!(outcome(bank, &case).await.received().is_some());
}

/// 確認 and 拒絕, and every other form of an exchange: with the token of this browser and this exchange, and from a page of ours.
/// Shows R73, R75.
#[tokio::test]
async fn an_exchange_is_decided_by_its_own_form_alone() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let open = || bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let (case, other_case) = (open(), open());
    let mut other = Walk::to_confirm(&other_case.entry_url, "wang-xiaoming").await;
    other.reload_until(settled).await;
    let foreign = token(other.page.reading.form("confirm").unwrap());

    let mut walk = Walk::enter(&case.entry_url).await;
    let exchange = walk.page.url.clone();
    let below = |path: &str| Url::parse(&format!("{exchange}{path}")).unwrap();
    let own_origin = exchange.origin().ascii_serialization();
    let foreign_origins = [
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1"),
        ("origin", "http://localhost:80"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    let refused = async |action: &str, cookies: &str, own: &str| {
        let url = below(action);
        let more = [("terms", "yes"), ("method", "CER")];
        assert_eq!(
            ask(Method::POST, &url, cookies, &[], &more).await.status(),
            409,
            "{action} without a token"
        );
        for token in ["", "x", foreign.as_str()] {
            let form = [("form_token", token), more[0], more[1]];
            assert_eq!(
                ask(Method::POST, &url, cookies, &[], &form).await.status(),
                409,
                "{action} with {token:?}"
            );
        }
        let form = [("form_token", own), more[0], more[1]];
        for header in foreign_origins {
            let answer = ask(Method::POST, &url, cookies, &[header], &form).await;
            assert_eq!(answer.status(), 409, "{action} from {header:?}");
        }
        let both = [("origin", own_origin.as_str()), ("sec-fetch-site", "cross-site")];
        assert_eq!(ask(Method::POST, &url, cookies, &both, &form).await.status(), 409, "{action} by both");
        assert_eq!(ask(Method::POST, &url, "", &[], &form).await.status(), 403, "{action} of no browser");
        let other_cookies = other.citizen.cookies_for(&other.page.url);
        assert_eq!(
            ask(Method::POST, &url, &other_cookies, &[], &form).await.status(),
            403,
            "{action} of another"
        );
        assert_eq!(ask(Method::GET, &url, cookies, &[], &[]).await.status(), 405, "{action} by a mere link");
    };
    let cookies = walk.citizen.cookies_for(&exchange);
    let own = token(walk.page.reading.form("authorise").unwrap());
    for action in ["/authorise", "/preferences", "/refuse", "/extend"] {
        refused(action, &cookies, &own).await;
    }
    walk.choose_method().await;
    walk.sign_in("wang-xiaoming").await;
    walk.reload_until(settled).await;
    let cookies = walk.citizen.cookies_for(&exchange);
    let own = token(walk.page.reading.form("confirm").unwrap());
    for action in ["/confirm", "/refuse", "/extend"] {
        refused(action, &cookies, &own).await;
    }
    // Nothing came of any of it.
    assert!(notifications(bank, &case).is_empty());
    let tx_id = case.tx_id.to_string();
    assert_eq!(call(&country, "/service/txid_status", Some(("tx_id", &tx_id))).await.status, 403);
    walk.reload().await;
    assert!(walk.page.reading.form("confirm").is_some(), "{}", walk.page.html);
    // And the right one counts, as browsers send it and as those that say nothing of where it comes from do.
    let good = [("origin", own_origin.as_str()), ("sec-fetch-site", "same-origin")];
    let form = [("form_token", own.as_str())];
    assert_eq!(ask(Method::POST, &below("/extend"), &cookies, &good, &form).await.status(), 204);
    assert_eq!(ask(Method::POST, &below("/extend"), &cookies, &[], &form).await.status(), 204);
    assert_eq!(ask(Method::POST, &below("/confirm"), &cookies, &good, &form).await.status(), 200);
    assert!(outcome(bank, &case).await.received().is_some());
}

/// The flags of an exchange's cookie, over https and on a machine of one's own; what is set at the entry is set anew after
/// the login.
#[tokio::test]
async fn the_cookie_of_an_exchange_is_one_browsers_and_this_hosts() {
    let flags = |headers: &HeaderMap| {
        let all: Vec<_> =
            headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
        let [one] = &all[..] else { panic!("one cookie is set: {all:?}") };
        let (pair, flags) = one.split_once("; ").unwrap();
        (pair.split('=').next().unwrap().to_owned(), flags.to_owned())
    };
    let secure = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["base_url"] = json!("https://mydata.example/");
    })
    .await
    .unwrap();
    let case = secure.sandbox.bank().open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let entry = Url::parse(&case.entry_url).unwrap();
    let path = &entry[url::Position::BeforePath..];
    let answer = ask(Method::GET, &secure.platform.url(path), "", &[], &[]).await;
    assert_eq!(answer.status(), 303);
    let (name, said) = flags(answer.headers());
    assert!(name.starts_with("__Host-mydata_") && name.len() == 22, "{name}");
    assert_eq!(said, "Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure");

    let plain = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let case = plain.sandbox.bank().open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let answer = ask(Method::GET, &Url::parse(&case.entry_url).unwrap(), "", &[], &[]).await;
    let (at_entry, said) = flags(answer.headers());
    assert_eq!(
        said, "Path=/; Max-Age=28800; HttpOnly; SameSite=Lax",
        "a browser keeps no `Secure` cookie of plain http"
    );
    let mut walk = Walk::enter(&case.entry_url).await;
    walk.choose_method().await;
    let form = walk.page.reading.form("persona").unwrap().clone();
    let mut pairs: Vec<_> = form.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
    let (button, value) = form.buttons.iter().find(|(_, value)| value == "wang-xiaoming").unwrap();
    pairs.push((button, value));
    let back = ask(Method::POST, &walk.page.url.join(&form.action).unwrap(), "", &[], &pairs).await;
    let callback: Url = back.headers()["location"].to_str().unwrap().parse().unwrap();
    let cookies = walk.citizen.cookies_for(&callback);
    let answer = ask(Method::GET, &callback, &cookies, &[], &[]).await;
    let (after_login, said) = flags(answer.headers());
    assert!(after_login == at_entry || cookies.contains(&after_login), "{after_login}");
    assert_eq!(said, "Path=/; Max-Age=28800; HttpOnly; SameSite=Lax");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

/// What an answer of an exchange travels with.
fn travels(at: &str, headers: &HeaderMap) {
    let one = |name: &str| {
        let all: Vec<_> = headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(all.len(), 1, "{at}: {name}: {all:?}");
        all[0].to_owned()
    };
    assert_eq!(one("cache-control"), "no-store", "{at}");
    assert_eq!(one("x-frame-options"), "DENY", "{at}");
    assert_eq!(one("x-content-type-options"), "nosniff", "{at}");
    assert_eq!(one("referrer-policy"), "same-origin", "{at}");
    let policy = one("content-security-policy");
    for said in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(said), "{at}: {policy}");
    }
    // A provider's PDF is laid out by the browser's viewer with styles of its own; it has no script, and is no page.
    let viewer = headers.get("content-type").is_some_and(|kind| kind == "application/pdf");
    let policy = if viewer { policy.replace("style-src 'unsafe-inline'", "") } else { policy };
    assert!(!policy.contains("unsafe"), "{at}: {policy}");
}

/// Every page of an exchange from the entry to the end, and every page of what goes wrong on the way: never kept, in nobody's
/// frame, with the content policy. Shows R76.
#[tokio::test]
async fn every_answer_of_an_exchange_is_kept_and_framed_by_nobody() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    let entry = ask(Method::GET, &Url::parse(&case.entry_url).unwrap(), "", &[], &[]).await;
    travels("the entry", entry.headers());
    let base = country.platform.base().clone();
    for nowhere in [
        "service/CLI.0000000000/x/y",
        "service/CLI.0000000000",
        "identity/callback",
        "identity/callback?state=x&code=y",
    ] {
        let answer = ask(Method::GET, &base.join(nowhere).unwrap(), "", &[], &[]).await;
        assert!(answer.status().is_client_error(), "{nowhere}");
        travels(nowhere, answer.headers());
    }
    let mut walk = Walk::enter(&case.entry_url).await;
    let exchange = walk.page.url.clone();
    let below = |path: &str| Url::parse(&format!("{exchange}{path}")).unwrap();
    let mut seen = 0;
    let mut all = async |stage: &str, cookies: &str, token: &str, files: &[String]| {
        let fixed = [
            "",
            "?auto",
            "/progress",
            "/return",
            "/preview/API.0000000000",
            "/preview/x/file?name=y",
            "/nowhere",
        ];
        for path in fixed.iter().map(|path| (*path).to_owned()).chain(files.iter().cloned()) {
            for (who, sent) in [("the citizen", cookies), ("somebody else", "")] {
                for method in [Method::GET, Method::HEAD, Method::DELETE] {
                    let answer = ask(method.clone(), &below(&path), sent, &[], &[]).await;
                    travels(
                        &format!("{stage}: {method} {path} by {who}: {}", answer.status()),
                        answer.headers(),
                    );
                    seen += 1;
                }
            }
        }
        for action in ["/authorise", "/preferences", "/confirm", "/refuse", "/extend"] {
            // Without a token, and larger than any form; with the right token only what changes nothing.
            let large = "x".repeat(300 * 1024);
            for form in [vec![], vec![("form_token", large.as_str())]] {
                let answer = ask(Method::POST, &below(action), cookies, &[], &form).await;
                travels(&format!("{stage}: POST {action}: {}", answer.status()), answer.headers());
            }
        }
        let answer = ask(Method::POST, &below("/authorise"), cookies, &[], &[("form_token", token)]).await;
        travels(&format!("{stage}: a form that lacks something: {}", answer.status()), answer.headers());
    };
    let first = token(walk.page.reading.form("authorise").unwrap());
    all("entered", &walk.citizen.cookies_for(&exchange), &first, &[]).await;
    walk.choose_method().await;
    walk.sign_in("wang-xiaoming").await;
    walk.reload_until(settled).await;
    let preview = format!("/preview/{}", Dataset::Household.id());
    let page = walk.citizen.get(below(&preview).as_str()).await.unwrap();
    let files: Vec<String> = page
        .reading
        .links
        .iter()
        .filter(|link| link.contains("/file?name="))
        .map(|link| link.trim_start_matches(exchange.path()).to_owned())
        .chain([preview])
        .collect();
    assert!(files.iter().any(|file| file.contains("pdf")), "{files:?}\n{}", page.html);
    let second = token(walk.page.reading.form("confirm").unwrap());
    all("authorised", &walk.citizen.cookies_for(&exchange), &second, &files).await;
    let cookies = walk.citizen.cookies_for(&exchange);
    let answer = ask(Method::POST, &below("/confirm"), &cookies, &[], &[("form_token", &second)]).await;
    travels("the answer to 確認", answer.headers());
    outcome(bank, &case).await;
    all("over", &cookies, &second, &files).await;
    assert!(seen > 100, "{seen}");
}

/// Sends bytes that no well-meaning client would; gives all that comes back.
async fn raw(country: &Country, request: &str) -> String {
    let base = country.platform.base();
    let address = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut read, mut write) = socket.split();
    let writing = async { drop(write.write_all(request.as_bytes()).await) };
    let mut answer = Vec::new();
    let ((), end) = tokio::join!(writing, read.read_to_end(&mut answer));
    assert!(!answer.is_empty(), "{end:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A foreign `Host`, and headers of proxies that nobody set up: an exchange is served as ever, and nothing leads there – not
/// the redirects, not the address that the identity provider sends the citizen back to.
#[tokio::test]
async fn a_foreign_host_leads_nobody_away() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let entry = Url::parse(&case.entry_url).unwrap();
    let strange = format!(
        "Host: {FOREIGN}\r\nX-Forwarded-Host: {FOREIGN}\r\nForwarded: host={FOREIGN}\r\nX-Forwarded-Proto: ftp\r\nConnection: close\r\n"
    );
    let answer =
        raw(&country, &format!("GET {} HTTP/1.1\r\n{strange}\r\n", &entry[url::Position::BeforePath..]))
            .await;
    let line = |name: &str| {
        let line = answer.lines().find(|line| line.to_lowercase().starts_with(name));
        line.unwrap_or_else(|| panic!("{name} in {answer}"))[name.len()..].trim().to_owned()
    };
    assert!(answer.starts_with("HTTP/1.1 303") && !answer.contains(FOREIGN), "{answer}");
    let (exchange, cookie) = (line("location:"), line("set-cookie:").split(';').next().unwrap().to_owned());
    assert!(exchange.starts_with("/exchange/"), "{exchange}");
    let page = raw(&country, &format!("GET {exchange} HTTP/1.1\r\n{strange}Cookie: {cookie}\r\n\r\n")).await;
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains(FOREIGN), "{page}");
    let token = page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("form_token={token}&terms=yes&method=CER");
    let kind = "application/x-www-form-urlencoded";
    let head = format!("Content-Type: {kind}\r\nContent-Length: {}\r\nCookie: {cookie}\r\n", form.len());
    let onward =
        raw(&country, &format!("POST {exchange}/authorise HTTP/1.1\r\n{strange}{head}\r\n{form}")).await;
    assert!(onward.contains("redirect_uri=") && !onward.contains(FOREIGN), "{onward}");
    let own: String =
        url::form_urlencoded::byte_serialize(country.platform.base().as_str().as_bytes()).collect();
    assert!(onward.contains(&format!("redirect_uri={own}identity%2Fcallback")), "{onward}");
}

/// Line breaks in everything that comes back in a header: the parameters of an entry, and the names of files.
#[tokio::test]
async fn no_parameter_of_an_exchange_splits_an_answer() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let facts = bank.facts();
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let entry = Url::parse(&case.entry_url).unwrap();
    let good: Vec<String> = entry.path().trim_start_matches('/').split('/').map(str::to_owned).collect();
    let return_url: String = url::form_urlencoded::byte_serialize(facts.return_url.as_bytes()).collect();
    for evil in [
        "%0d%0aX-Injected:%20yes",
        "%0aX-Injected:%20yes",
        "%0d%0a%0d%0a<script>",
        "%E5%98%8D%E5%98%8AX-Injected:%20yes",
        "%00",
    ] {
        let mut asked = Vec::new();
        for part in 1..good.len() {
            let mut parts = good.clone();
            parts[part].push_str(evil);
            asked.push(format!("/{}?returnUrl={return_url}&pid=x", parts.join("/")));
        }
        asked.push(format!("{}?returnUrl={return_url}{evil}&pid=x", entry.path()));
        // The service's own query is carried back to it, byte for byte.
        asked.push(format!("{}?returnUrl={return_url}%3Fcase%3D{evil}&pid=x", entry.path()));
        asked.push(format!("{}?returnUrl={return_url}&pid={evil}", entry.path()));
        asked.push(format!("/identity/callback?state={evil}&code={evil}&error={evil}"));
        asked.push(format!("/exchange/{evil}"));
        for path in asked {
            let answer =
                raw(&country, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
            let head = answer.split("\r\n\r\n").next().unwrap();
            assert!(
                !head.lines().any(|line| line.to_lowercase().starts_with("x-injected")),
                "{path}: {head}"
            );
            let lone = head.replace("\r\n", "").contains(['\r', '\n', '\0']);
            assert!(!lone && !answer.contains("<script>\""), "{path}: {head}");
        }
    }
    // A provider's file is called what the provider wishes; here its name is asked for in the address.
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Good.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    let cookies = walk.citizen.cookies_for(&walk.page.url);
    for name in ["a.json%0d%0aX-Injected:%20yes", "%22;%20filename=%22x.html", "..%2f..%2fmydata.toml"] {
        let path = format!("{}/preview/{}/file?name={name}", walk.page.url.path(), Fault::Good.id());
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n");
        let answer = raw(&country, &request).await;
        assert!(
            answer.starts_with("HTTP/1.1 404") && !answer.to_lowercase().contains("\nx-injected"),
            "{answer}"
        );
    }
}
