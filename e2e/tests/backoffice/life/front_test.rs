//! 前臺測試頁 with a real browser, the sandbox's data provider, identity provider and bank.

use std::time::Duration;

use mydata_domain::account::Role;

use super::dataset::day;
use super::walk::Walk;
use super::world::World;

/// Looks at the page of the test until these words stand there.
async fn waits(w: &Walk<'_>, page: &str, zh: &str, en: &str) {
    let words = w.says(zh, en);
    for _ in 0..100 {
        w.open(page).await;
        if w.text().await.contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{words:?} is never said:\n{}", w.text().await);
}

/// Shows R48, R60, R61.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_tries_a_dataset_with_a_real_provider() {
    let world = World::begin(day(2026, 12, 1)).await;
    world.account("provider", Role::Applicant, Some("demo-household")).await;
    let w = Walk::begin(&world, "zh-TW").await;
    w.become_("provider").await;
    let item = w.item("datasets", "個人戶籍資料").await;
    w.follow("前臺測試頁", "").await;
    w.look("front-test").await;
    w.button("begin").await;
    w.look("front-test-consent").await;
    w.identify("wang-xiaoming").await;
    w.browser.wait_for_within("a[href*='/preview/']", Duration::from_secs(60)).await.unwrap();
    w.look("front-test-confirm").await;
    w.browser.click("a[href*='/preview/']").await.unwrap();
    w.browser.wait_for("main table, main dl").await.unwrap();
    w.browser.back().await.unwrap();
    w.browser.wait_for("form[data-form=confirm]").await.unwrap();
    w.browser.click("form[data-form=confirm] button").await.unwrap();
    let page = format!("{item}/front-test");
    for _ in 0..100 {
        if w.browser.current_url().await.unwrap().path() == page {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    waits(&w, &page, "全部完成", "").await;
    w.look("front-test-passed").await;
    w.button("end").await;
    w.sees("過程中的資料已刪除", "").await;
    w.look("front-test-ended").await;

    // A person whose package is not genuine: the reason, and the field to look at.
    w.button("begin").await;
    w.identify("zhang-weizhang").await;
    waits(&w, &page, "簽章或憑證查核沒有通過", "").await;
    w.sees("請檢查：", "").await;
    w.look("front-test-failed").await;
    w.end().await;
}

/// Shows R48.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_tries_a_service_in_english() {
    let world = World::begin(day(2026, 12, 1)).await;
    world.account("banker", Role::Applicant, Some("demo-bank")).await;
    let w = Walk::begin(&world, "en").await;
    w.become_("banker").await;
    let item = w.item("services", "線上開戶").await;
    w.follow("", "Front-end test").await;
    w.look("front-test-service").await;
    // The bank accepts notifications of its own transactions only, as a service should.
    let case = world.sandbox.bank().open_case("王小明", None, "a session of the bank");
    w.browser.fill("input[name=tx_id]", &case.tx_id.to_string()).await.unwrap();
    w.button("begin").await;
    w.look("front-test-consent").await;
    w.identify("wang-xiaoming").await;
    w.browser.wait_for_within("a[href*='/preview/']", Duration::from_secs(60)).await.unwrap();
    w.browser.click("form[data-form=confirm] button").await.unwrap();
    let page = format!("{item}/front-test");
    tokio::time::sleep(Duration::from_secs(2)).await;
    waits(&w, &page, "", "All done").await;
    w.look("front-test-service-passed").await;
    w.end().await;
}
