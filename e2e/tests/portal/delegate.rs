//! 代辦: the citizen names somebody, who declines, or agrees and holds the barcode until one of the two ends it.

use mydata_e2e::browser::Look;

use crate::walk::{Walker, country};

const WANG: &str = "wang-xiaoming@example.test";
const ZHOU: &str = "zhou-daiban@example.test";

async fn appoints(citizen: &Walker<'_>, path: &str) {
    citizen.opens(path).await;
    citizen.browser.fill("#uid", "K220000008").await.unwrap();
    citizen.browser.fill("#name", "周代辦").await.unwrap();
    citizen.leaves("form.card button.primary").await;
    citizen.reads("等候代辦人登入平臺同意", "Waiting for the delegate").await;
}

async fn walks(look: Look) {
    let country = country().await;
    let delegate = Walker::new(&country, &look).await;
    delegate.opens("/delegations").await;
    delegate.logs_in("zhou-daiban").await;
    delegate.reads("目前沒有人委託您代辦", "Nobody has asked you").await;
    delegate.looks("delegations-none").await;

    let citizen = Walker::new(&country, &look).await;
    citizen.applies(Some("wang-xiaoming")).await;
    citizen.click("main a[href$='/delegate']").await;
    citizen.sees("#uid").await;
    citizen.looks("delegate").await;
    citizen.browser.fill("#uid", "A123456789").await.unwrap();
    citizen.leaves("form.card button.primary").await;
    citizen.sees("#uid-fault").await;
    citizen.looks("delegate-mends").await;
    let here = citizen.browser.current_url().await.unwrap();
    appoints(&citizen, here.path()).await;
    citizen.looks("delegate-asked").await;

    // Declined, asked again, agreed.
    delegate.opens("/delegations").await;
    delegate.sees("form[action$='/agree'] button").await;
    delegate.looks("delegations-asked").await;
    delegate.leaves("form[action$='/decline'] button").await;
    delegate.reads("目前沒有人委託您代辦", "Nobody has asked you").await;
    citizen.opens(here.path()).await;
    citizen.reads("代辦人已拒絕", "The delegate declined").await;
    appoints(&citizen, here.path()).await;
    delegate.opens("/delegations").await;
    delegate.leaves("form[action$='/agree'] button").await;
    delegate.click("form[action$='/number'] button").await;
    let number = delegate.number().await;
    delegate.looks("delegations-barcode").await;
    citizen.opens(here.path()).await;
    citizen.reads("代辦人已同意", "The delegate agreed").await;
    citizen.looks("delegate-agreed").await;

    // The clerk's code goes to whoever holds the number.
    let clerk = Walker::new(&country, &look).await;
    clerk.opens("/counter").await;
    clerk.types(&number).await;
    clerk.sees("#code").await;
    let code = clerk.code(ZHOU, 1).await;
    clerk.browser.fill("#code", &code).await.unwrap();
    clerk.leaves("form.card button.primary").await;
    clerk.sees("form[action='/counter/preview'] button").await;
    clerk.reads("周○辦", "周○辦").await;
    clerk.looks("counter-open-delegate").await;

    // Ended by the citizen: the number is dead, and with it the clerk's visit.
    citizen.click("form[action$='/delegate/end'] button").await;
    citizen.reads("代辦已終止", "The delegation was ended").await;
    clerk.click("form[action='/counter/preview'] button").await;
    clerk.reads("條碼已更新", "The barcode was renewed").await;
    clerk.looks("counter-renewed").await;
    delegate.opens("/delegations").await;
    delegate.reads("目前沒有人委託您代辦", "Nobody has asked you").await;

    for (to, words, count) in [
        (ZHOU, "有人請您代辦", 2),
        (WANG, "代辦人已拒絕", 1),
        (WANG, "代辦人已同意", 1),
        (ZHOU, "代辦已取消", 1),
    ] {
        assert_eq!(clerk.told(to, words).await.len(), count, "{words}");
    }
    for walker in [citizen, delegate, clerk] {
        walker.ends().await;
    }
}

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
