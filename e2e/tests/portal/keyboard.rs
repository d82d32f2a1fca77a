//! Without a mouse: Tab reaches everything that can be used, in the order of the page, and shows where it is.

use mydata_e2e::browser::Browser;
use serde_json::Value;
use thirtyfour::prelude::*;

use crate::look::Reader;
use mydata_e2e::demo::Demo;

/// What can be used and seen, counted before the first Tab.
const COUNT: &str = r#"
    const all = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea, audio[controls], [tabindex='0']")];
    // Of radio buttons with one name Tab meets one; the arrow keys lead to the others.
    const turn = (e) => e.type !== "radio" || (document.querySelector(`input[type=radio][name="${e.name}"]:checked`)
        ?? document.querySelector(`input[type=radio][name="${e.name}"]:not(:disabled)`)) === e;
    const shown = all.filter((e) => !e.disabled && turn(e) && e.checkVisibility({ checkVisibilityCSS: true }) && e.getClientRects().length > 0);
    window.order = shown;
    window.met = [];
    document.activeElement?.blur();
    return shown.length;
"#;

/// Where Tab led: its place in the page, and whether the eye finds it.
const WHERE: &str = r#"
    const e = document.activeElement;
    if (!e || e === document.body || e === document.documentElement) return null;
    const style = getComputedStyle(e);
    const place = window.order.indexOf(e);
    const r = e.getBoundingClientRect();
    return {
        place,
        what: e.outerHTML.slice(0, 90),
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && style.opacity !== "0",
        inside: r.bottom > 0 && r.top < innerHeight,
    };
"#;

async fn tab(browser: &Browser) -> Value {
    browser.action_chain().send_keys(Key::Tab).perform().await.unwrap();
    browser.execute(WHERE, vec![]).await.unwrap().json().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tab_reaches_everything_and_shows_where_it_is() {
    let demo = Demo::start().await;
    let browser = Reader { language: "zh-TW", phone: false }.browser().await;
    let mut faults = Vec::new();
    for path in demo.pages(1).await {
        browser.goto(demo.url(&path)).await.unwrap();
        let count = browser.execute(COUNT, vec![]).await.unwrap().json().as_u64().unwrap();
        let mut last = -1;
        let mut met = 0;
        for step in 0..=count + 5 {
            let at = tab(&browser).await;
            if at.is_null() {
                break;
            }
            let place = at["place"].as_i64().unwrap();
            if step == 0 && !at["what"].as_str().unwrap().contains("class=\"skip\"") {
                faults.push(format!("{path}: the first is {}", at["what"]));
            }
            // The controls of a sound are several; each shows itself.
            if place == last {
                continue;
            }
            if place < last {
                break;
            }
            last = place;
            met += 1;
            for (mark, what) in [("ring", "shows no ring"), ("inside", "is out of sight")] {
                if at[mark] != true {
                    faults.push(format!("{path}: {} {what}", at["what"]));
                }
            }
        }
        if met != count {
            faults.push(format!("{path}: Tab met {met} of {count}"));
        }
    }
    browser.close().await.unwrap();
    demo.stop();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The anchors of the access keys are there on every page, lead where they say, and the skip link goes to the content.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_access_keys_lead_to_the_parts_of_the_page() {
    let demo = Demo::start().await;
    let browser = Reader { language: "zh-TW", phone: false }.browser().await;
    for path in demo.pages(1).await {
        browser.goto(demo.url(&path)).await.unwrap();
        for (key, part) in [("U", "top"), ("C", "main"), ("B", "foot")] {
            let anchor = browser.find(By::Css(format!("a.anchor[accesskey={key}]"))).await;
            let anchor = anchor.unwrap_or_else(|_| panic!("{path} has no anchor {key}"));
            assert_eq!(anchor.attr("href").await.unwrap(), Some(format!("#{part}")), "{path}");
            browser.find(By::Id(part)).await.unwrap();
        }
    }
    browser.goto(demo.url("/")).await.unwrap();
    browser.action_chain().send_keys(Key::Tab).perform().await.unwrap();
    browser.action_chain().send_keys(Key::Enter).perform().await.unwrap();
    let at = browser.execute("return document.activeElement.id", vec![]).await.unwrap();
    assert_eq!(at.json().as_str(), Some("main"));
    browser.close().await.unwrap();
    demo.stop();
}
