//! Every page of this room, in both languages, as a browser gets it: its frame, its labels, its words.

use std::time::Duration;

use http::StatusCode;
use mydata_store::Engine;
use mydata_wire::Verification;

use super::sink::Sink;
use super::{Answered, Browser, Portal, WANG};
use crate::web::Lang;

/// The values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let begin = format!(" {attribute}=\"");
    html.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn fits(name: &str, lang: Lang, page: &Answered) {
    let (html, at) = (&page.body, format!("{name} in {lang}: {}", page.status));
    assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{at}");
    for (element, count) in
        [("<h1", 1), ("<main", 1), ("accesskey=\"C\"", 1), ("name=\"robots\" content=\"noindex\"", 1)]
    {
        assert_eq!(html.matches(element).count(), count, "{at}: {element}\n{html}");
    }
    for inline in [" style=", "<style", "<script>", " onclick="] {
        assert!(!html.contains(inline), "{at}: {inline}");
    }
    let mut ids = values(html, "id");
    ids.sort_unstable();
    assert!(ids.windows(2).all(|w| w[0] != w[1]), "{at}: an id twice: {ids:?}");
    let pointing = ["for", "aria-describedby", "aria-labelledby"];
    for id in pointing.iter().flat_map(|name| values(html, name)).flat_map(|ids| ids.split(' ')) {
        assert!(ids.binary_search(&id).is_ok(), "{at}: nothing has the id {id}");
    }
    for anchor in values(html, "href").into_iter().filter_map(|href| href.strip_prefix('#')) {
        assert!(ids.binary_search(&anchor).is_ok(), "{at}: nothing has the id {anchor}");
    }
    let posts = html.split("<form").skip(1).filter(|form| form.contains("method=\"post\""));
    for form in posts.map(|form| form.split("</form>").next().unwrap()) {
        let exempt = form.contains("action=\"/preferences\"");
        assert!(exempt || form.contains("name=\"form_token\""), "{at}: a form without token: {form}");
    }
    // A text that is missing shows as its key.
    let main = html.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    for key in ["login-", "elsewhere-", "agree-", "logged-out-", "me-", "own-", "kept-"] {
        for said in main.split('>').map(|rest| rest.split('<').next().unwrap().trim()) {
            assert!(!said.starts_with(key) || said.contains(' '), "{at}: {said}");
        }
    }
    if lang == Lang::En {
        let allowed = ["中文", "王小明", "王○明", "小", "中", "大", "第二版條款的內容"];
        let text: String =
            main.split('>').map(|rest| rest.split('<').next().unwrap()).collect::<Vec<_>>().join(" ");
        let mut left = text.clone();
        for word in allowed {
            left = left.replace(word, "");
        }
        let policy = name.starts_with("policies");
        assert!(policy || !left.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{at}: {left}");
    }
}

async fn shows(browser: &mut Browser<'_>, lang: Lang, path: &str) -> Answered {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path} {}", page.location());
    fits(path, lang, &page);
    page
}

async fn comes_back(browser: &mut Browser<'_>, lang: Lang, path: &str, fields: &[(&str, &str)]) {
    let page = browser.post(path, fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {}", page.body);
    fits(&format!("POST {path}"), lang, &page);
    assert!(page.body.contains("id=\"mends\"") && page.body.contains("role=\"alert\""));
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages() {
    for lang in Lang::ALL {
        let sink = Sink::start().await;
        let url = sink.url.clone();
        let portal = Portal::open_with(Engine::Sqlite, |config| config.sms.mailbox = Some(url)).await;
        let mut browser = portal.browser();
        browser.cookies.insert("lang".to_owned(), lang.tag().to_owned());
        let (nhi, cer) = (Verification::Nhi, Verification::Cer);
        for path in [
            "/login",
            "/login?ended=1",
            "/login?ended=1&next=%2Fme%3Fkept%3D1",
            "/login?needs=CER",
            "/logout",
        ] {
            shows(&mut browser, lang, path).await;
        }
        for fault in ["cancelled", "failed", "unavailable", "too-weak", "other-person", "expired"] {
            let page = shows(&mut browser, lang, &format!("/login?fault={fault}")).await;
            assert!(page.body.contains("role=\"status\""));
        }
        comes_back(&mut browser, lang, "/login", &[]).await;
        let landed = browser.proves("/login?next=%2Fme", nhi, &WANG, nhi).await;
        shows(&mut browser, lang, landed.location()).await;
        comes_back(&mut browser, lang, "/login/policies", &[]).await;
        browser.agree(landed.location()).await.leads_to("/me");
        for path in ["/me", "/me?said=contact", "/me?said=notify", "/me/mail", "/me/phone", "/login?again=1"]
        {
            shows(&mut browser, lang, path).await;
        }
        for (path, fields) in [("/me/mail", [("address", "x")]), ("/me/phone", [("address", "x")])] {
            browser.get(path).await;
            comes_back(&mut browser, lang, path, &fields).await;
        }
        browser.get("/me").await;
        comes_back(&mut browser, lang, "/me/notify", &[]).await;
        browser.get("/me/mail").await;
        let change = browser.post("/me/mail", &[("address", "new@example.test")]).await.location().to_owned();
        shows(&mut browser, lang, &change).await;
        comes_back(&mut browser, lang, &change, &[("new", "00000000"), ("old", "")]).await;
        portal.office.pass(Duration::from_secs(1));
        browser.proves(&format!("/login?again=1&next={change}"), cer, &WANG, cer).await;
        shows(&mut browser, lang, &change).await;
        let mut other = portal.browser();
        other.cookies.insert("lang".to_owned(), lang.tag().to_owned());
        let landed = other.proves("/login?next=%2Fme", nhi, &WANG, nhi).await;
        shows(&mut other, lang, landed.location()).await;
        browser.get("/me").await;
        browser.post("/logout", &[]).await;
        shows(&mut other, lang, landed.location()).await;
        portal.office.close().await;
    }
}

/// A page that says what went wrong still says who is logged in, and lets them out.
#[tokio::test]
async fn a_fault_shows_who_is_logged_in() {
    let portal = Portal::open_on(Engine::Sqlite).await;
    let mut browser = portal.browser();
    browser.get("/nowhere").await.hides("王○明");
    browser.log_in(&WANG).await;
    let nowhere = browser.get("/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    nowhere.says("王○明").says("action=\"/logout\"").hides("王小明");
    browser.get("/me").await;
    let forged = browser.post_with("/me/notify", &[], "forged").await;
    assert_eq!(forged.status, StatusCode::CONFLICT);
    forged.says("王○明");
    portal.office.close().await;
}
