//! The counter: a citizen applies for a case, and a clerk types number and code, looks at the data and takes it once. And
//! what stops a clerk: wrong numbers, an address that is on no list.

use mydata_e2e::browser::Look;
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use thirtyfour::prelude::*;

use crate::walk::{Walker, country};

const MAIL: &str = "wang-xiaoming@example.test";

async fn walks(look: Look) {
    let country = country().await;
    let citizen = Walker::new(&country, &look).await;
    citizen.applies(Some("wang-xiaoming")).await;
    citizen.click("form[action^='/barcodes/'] button").await;
    let number = citizen.number().await;
    citizen.looks("barcodes-case").await;

    let clerk = Walker::new(&country, &look).await;
    clerk.opens("/counter").await;
    clerk.sees("#number").await;
    clerk.looks("counter-number").await;
    clerk.types("3333").await;
    clerk.sees("#number-fault").await;
    clerk.looks("counter-number-mends").await;
    clerk.types(&number).await;
    clerk.sees("#code").await;
    clerk.looks("counter-code").await;
    clerk.browser.fill("#code", "00000000").await.unwrap();
    clerk.leaves("form.card button.primary").await;
    clerk.sees("#code-fault").await;
    clerk.looks("counter-code-mends").await;
    let code = clerk.code(MAIL, 1).await;
    clerk.browser.fill("#code", &code).await.unwrap();
    clerk.leaves("form.card button.primary").await;
    clerk.sees("form[action='/counter/preview'] button").await;
    clerk.reads("王○明", "王○明").await;
    clerk.reads("生活津貼申請", "Apply for a living allowance").await;
    clerk.looks("counter-open").await;
    clerk.click("form[action='/counter/preview'] button").await;
    clerk.sees("main table, main dl.json").await;
    clerk.looks("counter-preview").await;
    clerk.click("main .buttons a[href='/counter']").await;
    clerk.reads("目前共預覽 1 次", "Views so far: 1").await;
    clerk.click("a[href='/counter/take']").await;
    clerk.sees("form[action='/counter/take']").await;
    clerk.looks("counter-take").await;

    // The browser saves a file and stays where it is; what it would save is fetched in its place.
    let token = By::Css("form[action='/counter/take'] input[name=form_token]");
    let token = clerk.browser.find(token).await.unwrap();
    let token = token.attr("value").await.unwrap().unwrap();
    let take = client().unwrap().post(country.platform.url("counter/take"));
    let take = take.header("cookie", clerk.cookies().await).form(&[("form_token", token)]);
    let answer = take.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert!(answer.bytes().await.unwrap().starts_with(b"PK"));
    clerk.opens("/counter").await;
    clerk.reads("資料已取走", "The data was taken").await;
    clerk.looks("counter-took").await;
    clerk.leaves("form[action='/counter/end'] button").await;
    clerk.types(&number).await;
    clerk.sees("#number-fault").await;

    // The citizen was told of each step, and finds it on record.
    for (zh, count) in [("已於臨櫃預覽", 1), ("已於臨櫃取走", 1)] {
        assert_eq!(clerk.told(MAIL, zh).await.len(), count, "{zh}");
    }
    citizen.opens("/downloads").await;
    citizen.click(".rows a").await;
    citizen.reads("資料已由臨櫃人員取走", "taken at a counter").await;
    citizen.looks("download-taken").await;
    citizen.ends().await;
    clerk.ends().await;
}

/// Shows R78, R81, R82.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_in_english() {
    walks(Look { language: "en", ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop_without_javascript() {
    walks(Look { javascript: false, ..Look::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_numbers_lock_the_address() {
    let country = country().await;
    let clerk = Walker::new(&country, &Look::default()).await;
    clerk.opens("/counter").await;
    for _ in 0..4 {
        clerk.types("33333333").await;
        clerk.sees("#number-fault").await;
    }
    clerk.types("33333333").await;
    clerk.reads("暫時不能輸入", "").await;
    clerk.sees(".clock[data-left]").await;
    clerk.looks("counter-locked").await;
    clerk.opens("/counter").await;
    clerk.reads("暫時不能輸入", "").await;
    assert!(clerk.browser.find(By::Css("#number")).await.is_err());
    clerk.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_on_no_list_is_refused_and_told_which_it_is() {
    let country = Country::start_registered(
        Engine::Sqlite,
        |_| {},
        |sandbox| {
            let mut registry: toml::Table = sandbox.registry_toml().parse()?;
            for service in registry["counter_service"].as_array_mut().unwrap() {
                service["allowed_ips"] = toml::Value::Array(vec!["203.0.113.0/24".into()]);
            }
            Ok(registry.to_string())
        },
    );
    let country = country.await.unwrap();
    for look in [Look::default(), Look { language: "en", ..Look::phone() }] {
        let clerk = Walker::new(&country, &look).await;
        clerk.opens("/counter").await;
        clerk.reads("您目前的位址是 127.0.0.1", "Your address is 127.0.0.1").await;
        clerk.looks("counter-address").await;
        clerk.ends().await;
    }
}
