//! What must hold of every page.

use std::collections::BTreeMap;

use mydata_e2e::axe;
use mydata_e2e::browser::Browser;
use serde_json::Value;

use crate::look::{READERS, Reader};
use mydata_e2e::demo::Demo;

/// Heaviest page on a first visit, in bytes as they travel without compression: the page and all that it loads.
const HEAVIEST: u64 = 60 * 1024;

/// What a page says about itself, measured inside it.
const MEASURE: &str = r#"
    const own = [performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")];
    const shown = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && e.getClientRects().length > 0;
    const small = [];
    for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
        if (!shown(e) || e.closest(".sr")) continue;
        // A box or button inside its label is pressed by pressing the label.
        const r = (e.closest("label") ?? e).getBoundingClientRect();
        // A link within a sentence, or whose box is wider than itself because its card is the target.
        const inline = getComputedStyle(e).display === "inline";
        const stretched = getComputedStyle(e, "::after").position === "absolute";
        const main = e.matches(".button, summary, .field input, .field select, .find input");
        const least = main ? 44 : 24;
        if (!stretched && !(inline && !main) && (r.height < least - .5 || r.width < 24)) {
            small.push(`${e.tagName} ${e.textContent.trim().slice(0, 20)} ${r.width.toFixed(0)}×${r.height.toFixed(0)}`);
        }
    }
    return {
        title: document.title,
        lang: document.documentElement.lang,
        description: document.querySelector("meta[name=description]")?.content ?? "",
        headings: document.querySelectorAll("h1").length,
        hosts: own.map((e) => new URL(e.name).host),
        weight: own.reduce((sum, e) => sum + e.decodedBodySize + 400, 0),
        small,
        broken: [...document.images].filter((i) => i.loading !== "lazy" && i.naturalWidth === 0).map((i) => i.src),
        moving: document.getAnimations().filter((a) => a.playState === "running").length,
    };
"#;

/// What is wider than the window, or nothing.
const TOO_WIDE: &str = r#"
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll, .sr"))
        .slice(0, 5).map((e) => e.outerHTML.slice(0, 120));
"#;

async fn run(browser: &Browser, script: &str) -> Value {
    browser.execute(script, vec![]).await.unwrap().json().clone()
}

async fn one(browser: &Browser, demo: &Demo, path: &str, reader: Reader, faults: &mut Vec<String>) -> String {
    browser.goto(demo.url(path)).await.unwrap();
    let mut wrong = |what: String| faults.push(format!("{path} {reader:?}: {what}"));
    let seen = run(browser, MEASURE).await;
    let language = if reader.language == "en" { "en" } else { "zh-TW" };
    if seen["lang"] != language {
        wrong(format!("its language is {}", seen["lang"]));
    }
    if seen["description"].as_str().unwrap().chars().count() < 4 {
        wrong(format!("its description is {}", seen["description"]));
    }
    if seen["headings"] != 1 {
        wrong(format!("{} headings of the first order", seen["headings"]));
    }
    let host = format!("{}:{}", demo.base.host_str().unwrap(), demo.base.port().unwrap());
    for other in seen["hosts"].as_array().unwrap().iter().filter(|other| **other != *host) {
        wrong(format!("it asks {other}"));
    }
    if seen["weight"].as_u64().unwrap_or(u64::MAX) > HEAVIEST {
        wrong(format!("it weighs {} bytes", seen["weight"]));
    }
    for small in seen["small"].as_array().unwrap() {
        wrong(format!("too small to touch: {small}"));
    }
    for broken in seen["broken"].as_array().unwrap() {
        wrong(format!("a picture that does not load: {broken}"));
    }
    if let Err(error) = axe::assert_accessible(browser).await {
        wrong(error.to_string());
    }
    browser.prefer(&[("prefers-color-scheme", "dark")]).await.unwrap();
    if let Err(error) = axe::assert_rules(browser, &["color-contrast"]).await {
        wrong(format!("in the dark: {error}"));
    }
    browser.prefer(&[("prefers-reduced-motion", "reduce")]).await.unwrap();
    if run(browser, MEASURE).await["moving"] != 0 {
        wrong("something moves for whoever wants nothing to".to_owned());
    }
    browser.prefer(&[]).await.unwrap();
    // 320 pixels are a phone, and a window of 1280 at 400 %.
    browser.look_through(Some((320, 700))).await.unwrap();
    for wide in run(browser, TOO_WIDE).await.as_array().unwrap() {
        wrong(format!("wider than 320 pixels: {wide}"));
    }
    browser.look_through(None).await.unwrap();
    seen["title"].as_str().unwrap().to_owned()
}

/// Free of axe-core's violations in light and dark, a title of its own, a language, a description, targets that a finger
/// meets, nothing from another host, light, and no wider than a phone: every page, in both languages, at both widths.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_light_and_its_own() {
    let demo = Demo::start().await;
    let pages = demo.pages(2).await;
    assert!(pages.len() > 20, "{pages:?}");
    let mut faults = Vec::new();
    for reader in READERS {
        let browser = reader.browser().await;
        let mut titles: BTreeMap<String, String> = BTreeMap::new();
        for path in &pages {
            let title = one(&browser, &demo, path, reader, &mut faults).await;
            // A list's pages share their title; pages of things do not.
            let place = path.split('?').next().unwrap().to_owned();
            if let Some(other) = titles.insert(title.clone(), place.clone()).filter(|other| *other != place) {
                faults.push(format!("{place} and {other} are both called {title}"));
            }
        }
        browser.close().await.unwrap();
    }
    demo.stop();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// 字級 is kept by a cookie, with and without script, and the page grows with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_of_the_text_is_kept() {
    let demo = Demo::start().await;
    for javascript in [true, false] {
        let look = mydata_e2e::browser::Look { javascript, ..Default::default() };
        let browser = Browser::start(&look).await.unwrap();
        browser.goto(demo.url("/")).await.unwrap();
        browser.click("button[name=size][value=l]").await.unwrap();
        browser.wait_for("html.size-l").await.unwrap();
        browser.goto(demo.url("/faq")).await.unwrap();
        let pressed = browser.wait_for("button[name=size][value=l]").await.unwrap();
        assert_eq!(pressed.attr("aria-pressed").await.unwrap().as_deref(), Some("true"));
        browser.close().await.unwrap();
    }
    demo.stop();
}
