//! 使用紀錄: filters, the files, one transaction's timeline, and taking a consent back while it runs.

use std::time::Duration;

use mydata_e2e::browser::Look;
use mydata_e2e::country::client;
use serde_json::Value;
use thirtyfour::prelude::*;

use crate::walk::{Walker, country};

/// A file of the record, fetched as the browser would.
async fn file(citizen: &Walker<'_>, css: &str) -> String {
    let link = citizen.sees(css).await.attr("href").await.unwrap().unwrap();
    let ask = client().unwrap().get(citizen.country.platform.base().join(&link).unwrap());
    let ask = ask.header("accept-language", citizen.look.language);
    ask.header("cookie", citizen.cookies().await).send().await.unwrap().text().await.unwrap()
}

async fn cards(citizen: &Walker<'_>) -> usize {
    citizen.browser.find_all(By::Css("main ol.stack > li.card")).await.unwrap().len()
}

async fn walks(look: Look) {
    let country = country().await;
    let citizen = Walker::new(&country, &look).await;
    citizen.opens("/record").await;
    citizen.logs_in("wang-xiaoming").await;
    citizen.sees(".filters").await;
    citizen.looks("record-empty").await;

    // A service asks, and is sent data; then data for a case.
    let case = country.sandbox.bank().open_case("王小明", None, "test");
    citizen.browser.goto(&case.entry_url).await.unwrap();
    citizen.sees("form[data-form=authorise]").await;
    citizen.click("input[name=terms]").await;
    citizen.click("input[name=method][value=CER]").await;
    citizen.click("form[data-form=authorise] button.primary").await;
    citizen.click("button[value=wang-xiaoming]").await;
    citizen.click("form[data-form=confirm] button").await;
    let limit = Duration::from_secs(60);
    country.sandbox.bank().wait_for(&case.tx_id, limit, |case| case.outcome.is_some()).await.unwrap();
    citizen.applies(None).await;

    citizen.opens("/record").await;
    assert_eq!(cards(&citizen).await, 2);
    citizen.looks("record").await;
    citizen.click("main ol.stack > li.card summary").await;
    citizen.looks("record-events").await;
    citizen.click("#kind option[value=service]").await;
    citizen.leaves(".filters button").await;
    citizen.sees(".filters a[href='/record']").await;
    assert_eq!(cards(&citizen).await, 1);
    citizen.reads("線上開戶", "Open an account online").await;
    let csv = file(&citizen, ".files-line a:nth-of-type(1)").await;
    let title = if citizen.english() { "Open an account online" } else { "線上開戶" };
    assert!(csv.lines().count() > 5 && csv.lines().skip(1).all(|line| line.contains(title)), "{csv}");
    let json: Value = serde_json::from_str(&file(&citizen, ".files-line a:nth-of-type(2)").await).unwrap();
    assert_eq!(json["transactions"].as_array().unwrap().len(), 1);
    assert_eq!(json["transactions"][0]["service"]["tx_id"], case.tx_id.to_string());
    citizen.opens("/record?kind=own&state=ended").await;
    assert_eq!(cards(&citizen).await, 0);
    citizen.looks("record-none").await;

    // Taken back while it runs: nothing is left to look at.
    citizen.opens("/record?kind=own&state=running").await;
    citizen.click("main ol.stack > li.card h2 a").await;
    citizen.sees(".timeline").await;
    citizen.looks("record-one").await;
    citizen.click("main a[href$='/withdraw']").await;
    citizen.sees("form[action$='/withdraw'] button").await;
    citizen.looks("record-withdraw").await;
    citizen.click("form[action$='/withdraw'] button").await;
    citizen.reads("您已撤回", "Withdrawn by you").await;
    citizen.looks("record-withdrawn").await;
    citizen.opens("/barcodes").await;
    assert!(citizen.browser.find(By::Css(".barcode")).await.is_err(), "its barcode went with it");
    citizen.ends().await;
}

/// Shows R83.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_in_english() {
    walks(Look { language: "en", ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_without_javascript() {
    walks(Look { javascript: false, ..Look::phone() }).await;
}
