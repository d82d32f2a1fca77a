//! Logging in, staying, leaving.

use std::time::Duration;

use http::StatusCode;
use http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE};
use mydata_store::Engine;
use mydata_wire::Verification;

use super::{Portal, WANG, WU, on_both};

const COOKIE: &str = "__Host-mydata_citizen";

/// Shows R83: the header shows the masked name.
#[tokio::test]
async fn a_login_leads_back_and_shows_the_masked_name() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        browser.get("/about").await.says("href=\"/login?next=%2Fabout\"").hides("我的下載");
        assert_eq!(browser.log_in(&WANG).await, "/about");
        let page = browser.get("/about").await;
        page.says("王○明").says("我的下載").says("使用紀錄").says("資料條碼區").says("基本資料");
        page.says("action=\"/logout\"").hides("王小明").hides("A123456789");
        assert_eq!(page.headers[CACHE_CONTROL], "no-store");
        browser.get("/login?next=%2Fdatasets").await.leads_to("/datasets");
        assert_eq!(portal.record().await, ["citizen-logged-in", "policy-accepted"]);
        // Another person in another browser has nothing to do with it.
        let mut other = portal.browser();
        other.log_in(&WU).await;
        other.get("/about").await.says("N○ V○ A○");
        browser.get("/about").await.says("王○明");
    })
    .await;
}

#[tokio::test]
async fn the_secret_is_a_new_one_after_the_login_and_nothing_after_the_logout() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        let page = browser.get("/login").await;
        let cookie = page.headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        let before = browser.cookies[COOKIE].clone();
        browser.log_in(&WANG).await;
        let during = browser.cookies[COOKIE].clone();
        assert_ne!(before, during, "a secret that somebody else may have set is worth nothing");
        let mut fixed = portal.browser();
        fixed.cookies.insert(COOKIE.to_owned(), before);
        fixed.get("/about").await.hides("王○明");

        browser.get("/logout").await.leads_to("/");
        browser.get("/about").await.says("王○明");
        browser.post("/logout", &[]).await.leads_to("/logout");
        assert!(!browser.cookies.contains_key(COOKIE));
        browser.get("/logout").await.says("您已登出");
        fixed.cookies.insert(COOKIE.to_owned(), during);
        fixed.get("/about").await.hides("王○明");
        assert_eq!(portal.record().await, ["citizen-logged-in", "citizen-logged-out", "policy-accepted"]);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_ten_idle_minutes_and_says_so() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let minutes = |n: u64| portal.office.pass(Duration::from_secs(n * 60));
        minutes(9);
        let page = browser.get("/about").await;
        page.says("data-seconds-left=\"600\"").says("自動登出").says("data-extend=\"/login/extend\"");
        minutes(9);
        // What loads itself, or asks for news, prolongs nothing.
        browser.get("/about?auto").await.says("data-seconds-left=\"60\"");
        assert_eq!(browser.post("/login/extend", &[]).await.status, StatusCode::NO_CONTENT);
        minutes(9);
        browser.get("/about").await.says("王○明");
        minutes(10);
        browser.get("/about").await.hides("王○明").says("href=\"/login?next=%2Fabout\"");
        assert_eq!(browser.post("/login/extend", &[]).await.status, StatusCode::CONFLICT);
        browser.get("/login?next=%2Fabout&ended=1").await.says("您已登出");
        // In use it lasts eight hours.
        browser.log_in(&WANG).await;
        for _ in 0..59 {
            minutes(8);
            browser.get("/about").await.says("王○明");
        }
        minutes(8);
        browser.get("/about").await.hides("王○明");
    })
    .await;
}

#[tokio::test]
async fn the_newer_login_wins_when_the_citizen_says_so() {
    on_both(async |portal| {
        let (mut first, mut second) = (portal.browser(), portal.browser());
        first.log_in(&WANG).await;
        assert_eq!(second.log_in(&WANG).await, "/login/elsewhere?next=%2Fabout");
        let page = second.get("/login/elsewhere?next=%2Fabout").await;
        page.says("您已在別處登入").says("健保卡").hides("我的下載");
        first.get("/about").await.says("王○明");
        second.get("/about").await.hides("王○明");
        let mut third = second.clone();
        second.post("/login/elsewhere", &[("next", "/about")]).await.leads_to("/about");
        second.get("/about").await.says("王○明");
        first.get("/about").await.hides("王○明");
        // Pressed twice.
        third.post("/login/elsewhere", &[("next", "/about")]).await.leads_to("/about");
        // Who cancels leaves the other alone.
        assert_eq!(first.log_in(&WANG).await, "/login/elsewhere?next=%2Fabout");
        first.get("/login/elsewhere?next=%2Fabout").await;
        first.post("/logout", &[]).await.leads_to("/logout");
        second.get("/about").await.says("王○明");
        // A session that has run out is nobody's elsewhere.
        portal.office.pass(Duration::from_secs(601));
        assert_eq!(first.log_in(&WANG).await, "/about");
        let record = portal.record().await;
        let count = |what: &str| record.iter().filter(|w| *w == what).count();
        assert_eq!((count("citizen-logged-in"), count("citizen-logged-out")), (4, 2), "{record:?}");
    })
    .await;
}

#[tokio::test]
async fn two_logins_at_once_leave_one_session() {
    on_both(async |portal| {
        let mut backs = Vec::new();
        for _ in 0..2 {
            let mut browser = portal.browser();
            browser.get("/login").await;
            let onward = browser.post("/login", &[("method", "NHI")]).await;
            backs.push((browser, onward));
        }
        let mut landed = Vec::new();
        for (browser, onward) in &mut backs {
            let back = portal.idp.way_back(&onward.body, &WANG, Verification::Nhi, portal.office.now());
            landed.push(browser.get(&back).await.location().to_owned());
        }
        assert_eq!(landed, ["/login/policies?next=%2F", "/login/elsewhere?next=%2F"]);
    })
    .await;
}

#[tokio::test]
async fn a_stronger_proof_is_for_the_same_person() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let up = "/login?needs=CER&next=%2Fdatasets";
        browser.get(up).await.says("自然人憑證").hides("value=\"NHI\"");
        // A method that is not enough is not taken, whatever is posted.
        let page = browser.post("/login", &[("needs", "CER"), ("method", "NHI")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        let weak = browser.proves(up, Verification::Cer, &WANG, Verification::Nhi).await;
        weak.leads_to("/login?next=%2Fdatasets&needs=CER&fault=too-weak");
        let other = browser.proves(up, Verification::Cer, &WU, Verification::Cer).await;
        other.leads_to("/login?next=%2Fdatasets&needs=CER&fault=other-person");
        browser.get(other.location()).await.says("驗證的是另一個人").says("王○明");
        let before = browser.cookies[COOKIE].clone();
        browser.proves(up, Verification::Cer, &WANG, Verification::Cer).await.leads_to("/datasets");
        assert_ne!(before, browser.cookies[COOKIE]);
        browser.get(up).await.leads_to("/datasets");
    })
    .await;
}

#[tokio::test]
async fn a_login_comes_back_to_the_browser_that_began_it_and_once() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        browser.get("/login").await;
        let onward = browser.post("/login", &[("method", "NHI"), ("next", "//evil.example")]).await;
        let back = portal.idp.way_back(&onward.body, &WANG, Verification::Nhi, portal.office.now());
        let mut other = portal.browser();
        assert_eq!(other.get(&back).await.status, StatusCode::FORBIDDEN);
        other.get("/login").await;
        other.get(&back).await.leads_to("/login?next=%2F&fault=expired");
        browser.get(&back).await.leads_to("/login/policies?next=%2F");
        browser.agree("/login/policies?next=%2F").await.leads_to("/");
        browser.get("/about").await.says("王○明");
        let again = browser.get(&back).await;
        again.leads_to("/login?next=%2F&fault=expired");
        // Too late.
        let mut late = portal.browser();
        late.get("/login").await;
        let onward = late.post("/login", &[("method", "NHI")]).await;
        let back = portal.idp.way_back(&onward.body, &WU, Verification::Nhi, portal.office.now());
        portal.office.pass(Duration::from_secs(600));
        late.get(&back).await.leads_to("/login?next=%2F&fault=expired");
        // Cancelled at the provider.
        late.get("/login").await;
        let onward = late.post("/login", &[("method", "NHI"), ("next", "/about")]).await;
        let back = portal.idp.way_back(&onward.body, &WU, Verification::Nhi, portal.office.now());
        let back = back.replace("code=1", "error=access_denied");
        late.get(&back).await.leads_to("/login?next=%2Fabout&fault=cancelled");
        late.get("/login?next=%2Fabout&fault=cancelled").await.says("您取消了身分驗證");
    })
    .await;
}

#[tokio::test]
async fn a_form_of_another_browser_is_refused() {
    on_both(async |portal| {
        let (mut mine, mut other) = (portal.browser(), portal.browser());
        mine.log_in(&WANG).await;
        mine.get("/about").await;
        other.log_in(&WU).await;
        other.get("/about").await;
        let theirs = other.token.clone();
        let refused = mine.post_with("/logout", &[], &theirs).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        mine.get("/about").await.says("王○明");
        assert_eq!(mine.post_with("/login", &[("method", "NHI")], "").await.status, StatusCode::CONFLICT);
    })
    .await;
}

#[tokio::test]
async fn terms_and_policy_are_accepted_first_and_again_when_a_version_binds() {
    on_both(async |portal| {
        let mut browser = portal.browser();
        let proven =
            browser.proves("/login?next=%2Fabout", Verification::Nhi, &WANG, Verification::Nhi).await;
        proven.leads_to("/login/policies?next=%2Fabout");
        let page = browser.get("/login/policies?next=%2Fabout").await;
        page.says("服務條款").says("隱私權").hides("我的下載");
        browser.get("/about").await.hides("王○明");
        // Untick: nothing is accepted. A page that shows other versions: what holds is shown.
        let missing = browser.post("/login/policies", &[("versions", "terms-1 privacy-1")]).await;
        assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
        missing.says("請勾選同意");
        browser
            .post("/login/policies", &[("agree", "yes"), ("versions", "terms-0")])
            .await
            .says("name=\"agree\"");
        browser.agree("/login/policies?next=%2Fabout").await.leads_to("/about");
        browser.get("/about").await.says("王○明");
        browser.get("/login/policies?next=%2F").await.leads_to("/");
        assert_eq!(browser.log_in_again(&WANG).await, "/about");

        portal.new_terms().await;
        browser.get("/about").await.says("王○明");
        assert_eq!(browser.log_in_again(&WANG).await, "/login/policies?next=%2Fabout");
        let page = browser.get("/login/policies?next=%2Fabout").await;
        page.says("第二版條款的內容")
            .hides("name=\"versions\" value=\"terms-2 privacy")
            .says("value=\"citizen-terms-2\"");
        // Who does not agree logs out.
        browser.post("/logout", &[]).await.leads_to("/logout");
        browser.get("/about").await.hides("王○明");
    })
    .await;
}

/// One citizen has two hands: forms beyond that wait, from however many addresses they come. Nobody else waits.
#[tokio::test]
async fn a_citizens_forms_are_counted_across_addresses() {
    let portal = Portal::open_with(Engine::Sqlite, |config| config.limits.citizen_per_minute = 5).await;
    let mut browser = portal.browser();
    browser.log_in(&WANG).await;
    let mut statuses = Vec::new();
    for n in 0..6 {
        browser.address = format!("192.0.2.{}:4000", 10 + n).parse().unwrap();
        statuses.push(browser.post("/login/elsewhere", &[]).await);
    }
    let refused = statuses.pop().unwrap();
    assert!(statuses.iter().all(|answer| answer.status != StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key(RETRY_AFTER));
    browser.get("/about").await.says("王○明");
    let mut other = portal.browser();
    other.log_in(&WU).await;
    assert_ne!(other.post("/login/elsewhere", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    portal.office.close().await;
}

/// Entries are counted by address, those of an IPv6 /64 as one, and whoever comes too often is told how long to wait.
#[tokio::test]
async fn entries_are_counted_by_address() {
    let portal = Portal::open_with(Engine::Sqlite, |config| config.limits.pages_per_minute = 3).await;
    let mut browser = portal.browser();
    let mut enter = async |address: String| {
        browser.address = address.parse().unwrap();
        browser.get("/service/CLI.NoService1/API.NoDataset1").await
    };
    for n in 0..3 {
        let answer = enter(format!("[2001:db8::{n}]:4000")).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let refused = enter("[2001:db8::9]:4000".to_owned()).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers[RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    let neighbour = enter("[2001:db8:0:1::1]:4000".to_owned()).await;
    assert_ne!(neighbour.status, StatusCode::TOO_MANY_REQUESTS);
    portal.office.close().await;
}
