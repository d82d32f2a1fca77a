//! The citizen's session: what prolongs it and what does not, what is kept of a form, whose login counts, and what is
//! forgotten afterwards.

use std::time::{Duration, Instant};

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::citizen::Page;
use mydata_sandbox::citizen::html::{Field, Form, Kind};
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use mydata_sandbox::sp::SpBehaviour;
use serde_json::json;

use crate::steps::{Walk, quick};

/// The seconds that a page counts down from, where it does.
fn countdown(page: &Page) -> Option<u64> {
    let (_, rest) = page.html.split_once("data-seconds-left=\"")?;
    rest.split('"').next()?.parse().ok()
}

/// A page that loads itself does not mean that somebody sits before it; one that a citizen loads does.
#[tokio::test]
async fn a_page_that_loads_itself_prolongs_nothing() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["session_idle"] = json!(4.0);
        config["policy"]["dp_first_byte"] = json!(30.0);
        // The job that ends it comes late: the pages must know by themselves.
        config["jobs"]["at_once"] = json!(1);
    })
    .await
    .unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let open = || sp.open_case_for(&[Fault::Hang.id()], "王小明", None, "test");
    let mut left = Walk::to_confirm(&open().entry_url, "wang-xiaoming").await;
    let mut present = Walk::to_confirm(&open().entry_url, "wang-xiaoming").await;
    let (_, refresh) = left.page.reading.refresh.clone().unwrap();
    let automatic = left.page.url.join(&refresh.unwrap()).unwrap();
    let since = Instant::now();
    loop {
        let page = left.citizen.get(automatic.as_str()).await.unwrap();
        present.reload().await;
        assert!(present.page.reading.form("confirm").is_some(), "{}", present.page.html);
        if page.reading.form("confirm").is_none() {
            assert!(page.html.contains("408"), "{}", page.html);
            break;
        }
        assert!(countdown(&page).unwrap() > 0, "a page that goes on has time left");
        assert!(since.elapsed() < Duration::from_secs(8), "the page prolonged itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(since.elapsed() > Duration::from_secs(2));
    // What was on the screen before does nothing any more, and leads nowhere but to the page that says so.
    left.press("confirm").await.unwrap();
    assert!(left.page.html.contains("408") && left.page.url.path().starts_with("/exchange/"));
    tokio::time::sleep(Duration::from_secs(3)).await;
    present.reload().await;
    assert!(present.page.reading.form("confirm").is_some(), "somebody sat before it");
}

fn field<'p>(page: &'p Page, name: &str) -> &'p Field {
    let form = page.reading.form("authorise").unwrap_or_else(|| panic!("no form: {}", page.html));
    form.fields.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn parameter() -> String {
    format!("p.{}.INQ_YR", Dataset::Property.id())
}

/// What a citizen sends who ticked the terms, chose 自然人憑證 and typed another year.
fn typed(field: &Field) -> Option<String> {
    match field.kind {
        Kind::Radio => (field.value == "CER").then(|| field.value.clone()),
        Kind::Typed if field.name == parameter() => Some("109".to_owned()),
        _ => Some(field.value.clone()),
    }
}

fn stands_there_again(page: &Page) {
    assert_eq!(field(page, &parameter()).value, "109");
    assert!(field(page, "terms").checked);
    let form = page.reading.form("authorise").unwrap();
    assert!(form.fields.iter().any(|f| f.name == "method" && f.value == "CER" && f.checked));
    assert!(!page.trail.iter().any(|url| url.as_str().contains("INQ_YR")), "never in an address");
}

/// A login that failed, or another language, costs nothing of what was filled in; another browser gets none of it.
#[tokio::test]
async fn what_was_filled_in_stands_there_again() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case_for(&[Dataset::Property.id()], "王小明", None, "test");
    let mut walk = Walk::enter(&case.entry_url).await;
    assert_ne!(field(&walk.page, &parameter()).value, "109");
    let exchange = walk.page.url.clone();

    // Another language, chosen in the middle of it: the buttons post the same form elsewhere.
    let form = walk.page.reading.form("authorise").unwrap().clone();
    let (_, rest) = walk.page.html.split_once("formaction=\"").unwrap();
    let elsewhere = Form { action: rest.split('"').next().unwrap().to_owned(), ..form };
    let english = ("lang".to_owned(), "en".to_owned());
    walk.page = walk.citizen.submit(&walk.page, &elsewhere, Some(&english), typed).await.unwrap();
    assert!(walk.page.html.contains("<html lang=\"en\""));
    stands_there_again(&walk.page);
    let tampered = Form {
        fields: elsewhere.fields.iter().filter(|f| f.name != "form_token").cloned().collect(),
        ..elsewhere
    };
    let refused = walk.citizen.submit(&walk.page, &tampered, Some(&english), typed).await.unwrap();
    assert_eq!(refused.status, 409, "only a form of ours is kept");

    // A login that is cancelled.
    let form = walk.page.reading.form("authorise").unwrap().clone();
    let at_provider = walk.citizen.submit(&walk.page, &form, form.buttons.first(), typed).await.unwrap();
    let cancel = at_provider.reading.form("cancel").unwrap().clone();
    let as_it_is = |f: &Field| Some(f.value.clone());
    let failed = walk.citizen.submit(&at_provider, &cancel, cancel.buttons.first(), as_it_is).await.unwrap();
    assert!(failed.reading.links.iter().any(|l| *l == exchange.path()), "{}", failed.html);
    let again = walk.citizen.get(exchange.as_str()).await.unwrap();
    stands_there_again(&again);

    // A form that lacks something comes back with all the rest, and is not what is kept.
    let without_terms = |f: &Field| if f.name == "terms" { None } else { typed(f) };
    let back = walk.citizen.submit(&again, &form, form.buttons.first(), without_terms).await.unwrap();
    assert_eq!(back.status, 422);
    assert_eq!(field(&back, &parameter()).value, "109");

    // Another browser starts over.
    let other = Walk::enter(&case.entry_url).await;
    assert_ne!(field(&other.page, &parameter()).value, "109");
    assert!(!field(&other.page, "terms").checked);
}

/// The way back from the identity provider is used up by the citizen only: not by whoever looks at the address first.
/// Shows R74.
#[tokio::test]
async fn a_login_is_used_up_by_a_visit_only() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::enter(&case.entry_url).await;
    walk.choose_method().await;
    let form = walk.page.reading.form("persona").unwrap();
    let mut pairs: Vec<_> = form.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
    let (name, value) = form.buttons.iter().find(|(_, value)| value == "wang-xiaoming").unwrap();
    pairs.push((name, value));
    let http = client().unwrap();
    let answer = http.post(walk.page.url.join(&form.action).unwrap()).form(&pairs).send().await.unwrap();
    let callback: url::Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    assert_eq!(callback.path(), "/identity/callback");
    let cookies = walk.citizen.cookies_for(&callback);
    let look = async |method: reqwest::Method, header: (&str, &str)| {
        let request = http.request(method, callback.clone()).header("cookie", &cookies);
        request.header(header.0, header.1).send().await.unwrap().status().as_u16()
    };
    assert_eq!(look(reqwest::Method::HEAD, ("accept", "*/*")).await, 405);
    assert_eq!(look(reqwest::Method::GET, ("sec-fetch-dest", "image")).await, 403);
    assert_eq!(look(reqwest::Method::GET, ("sec-purpose", "prefetch;prerender")).await, 403);
    walk.page = walk.citizen.get(callback.as_str()).await.unwrap();
    assert!(walk.page.reading.form("confirm").is_some(), "{}", walk.page.html);
    assert_eq!(look(reqwest::Method::GET, ("sec-fetch-dest", "document")).await, 403, "used up now");
}

/// The SP's own query, which may hold anything, is forgotten with the rest; the registered address stays.
#[tokio::test]
async fn what_the_sp_added_to_the_address_is_forgotten_in_the_end() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["ticket_life"] = json!(3.0);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    for purpose in ["confirm", "refuse"] {
        let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
        let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
        let back = format!("{}/return", walk.page.url);
        walk.press(purpose).await.unwrap();
        let home = country.sandbox.addresses().bank.as_str();
        let last = |page: &Page| {
            page.trail.iter().find(|u| u.as_str().starts_with(home)).map(|u| u.query().unwrap().to_owned())
        };
        assert!(last(&walk.page).unwrap().contains("case="), "{purpose}: while it may still be needed");
        let since = Instant::now();
        loop {
            let page = walk.citizen.get(&back).await.unwrap();
            let query = last(&page).unwrap_or_else(|| panic!("{purpose}: no way back: {}", page.html));
            assert!(query.contains("tx_id="));
            if !query.contains("case=") {
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(20), "{purpose}: {query}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// An SP that does not accept keeps nobody: the citizen goes back, by a page and not by a redirect. Shows R76.
#[tokio::test]
async fn the_answer_to_a_form_redirects_to_nobody_else() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    bank.behave(SpBehaviour::Accept);
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    let form = walk.page.reading.form("confirm").unwrap().clone();
    let pairs: Vec<_> = form.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
    let action = walk.page.url.join(&form.action).unwrap();
    let request = client().unwrap().post(action.clone()).header("cookie", walk.citizen.cookies_for(&action));
    let answer = request.header("origin", action.origin().ascii_serialization()).form(&pairs).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self';"), "{policy}");
    let html = answer.text().await.unwrap();
    assert!(html.contains("<meta http-equiv=\"refresh\" content=\"0;url=http"), "{html}");
    walk.reload().await;
    assert!(walk.page.html.contains("您已經確認過了"), "{}", walk.page.html);
}

/// Whoever asks for a file and does not read it holds no thread of the platform: others still see their data. More of
/// them than there are threads.
#[tokio::test]
async fn readers_who_stop_reading_hold_up_nobody() {
    use tokio::io::AsyncWriteExt as _;
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["limits"] = json!({ "pages_per_minute": 100_000, "previews_at_once": 1 });
    })
    .await
    .unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Large.id(), Fault::Good.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(crate::steps::settled).await;
    let path = format!("{}/preview/{}/file?name=noise.bin", walk.page.url.path(), Fault::Large.id());
    let cookies = walk.citizen.cookies_for(&walk.page.url);
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n");
    let base = country.platform.base();
    let address = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap()).parse().unwrap();
    let mut readers = Vec::new();
    for _ in 0..560 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let mut reader = socket.connect(address).await.unwrap();
        reader.write_all(request.as_bytes()).await.unwrap();
        // The answer has begun.
        reader.readable().await.unwrap();
        readers.push(reader);
    }
    let preview = format!("{}/preview/{}", walk.page.url, Fault::Good.id());
    let looking = walk.citizen.get(&preview);
    let page = tokio::time::timeout(Duration::from_secs(20), looking).await.expect("others wait").unwrap();
    assert!(page.html.contains("<dl") || page.html.contains("<table"), "{}", page.html);
    drop(readers);
}
