//! 代辦 through its door, on both engines.

use http::StatusCode;
use mydata_domain::transaction::TransactionId;

use crate::citizen::tests::{Browser, Portal, WANG, WU, on_both};
use crate::counter::tests::{clerk, held, opens, registered, told, types};
use crate::flow::download::{self, NoNumber};

/// A complete download of Wang's for a case that allows a delegate, Wang's browser, and Wu's.
async fn begun(portal: &Portal) -> (TransactionId, String, Browser<'_>, Browser<'_>) {
    registered(portal, |document| document.counter_services[0].cases[0].delegate = true).await;
    let (mut wang, mut wu) = (portal.browser(), portal.browser());
    wang.log_in(&WANG).await;
    wu.log_in(&WU).await;
    let (id, _, number) = held(portal, true).await;
    wang.get(&format!("/downloads/{id}")).await.says("委託代辦");
    (id, number, wang, wu)
}

async fn appoints(
    wang: &mut Browser<'_>,
    id: TransactionId,
    uid: &str,
    name: &str,
) -> crate::citizen::tests::Answered {
    let path = format!("/downloads/{id}/delegate");
    wang.get(&path).await;
    wang.post(&path, &[("uid", uid), ("name", name)]).await
}

/// The delegation that a page names.
fn of(page: &str) -> String {
    page.split("action=\"/delegations/").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_delegate_agrees_holds_the_number_and_the_citizen_ends_it() {
    on_both(async |portal| {
        let (id, number, mut wang, mut wu) = begun(portal).await;
        let page = format!("/downloads/{id}/delegate");
        wu.get("/delegations").await.says("目前沒有人委託您代辦");
        appoints(&mut wang, id, WU.uid, "NGUYEN VAN AN").await.leads_to(&page);
        wang.get(&page).await.says("等候代辦人登入平臺同意").hides(WU.uid);
        let asked = wu.get("/delegations").await;
        asked.says("王○明").says("新開戶").hides("A123456789").hides("王小明");
        let one = of(&asked.body);
        // Nobody else may decide, the citizen least of all.
        wang.get(&page).await;
        assert_eq!(wang.post(&format!("/delegations/{one}/agree"), &[]).await.status, StatusCode::NOT_FOUND);
        wu.get("/delegations").await;
        wu.post(&format!("/delegations/{one}/agree"), &[]).await.leads_to("/delegations");
        assert_eq!(told(portal, "citizen-delegate-agreed").await, 1);
        wu.get("/record").await.says("您受託代辦的事項").says("受王○明委託").says("您已同意").hides("王小明");
        wang.get("/record").await.hides("您受託代辦的事項");
        wang.get(&format!("/record/{id}")).await.says("<p class=\"meta\">代辦人");
        // The citizen's number is dead, and another is the delegate's to make.
        let mut clerk = clerk(portal);
        types(&mut clerk, &number).await.says("這個序號無法取用");
        wang.get("/barcodes").await;
        wang.post(&format!("/barcodes/{id}"), &[]).await.leads_to(&page);
        // Also when the page did not know of it yet: the step decides.
        let app = &portal.office.app;
        let citizen = app.store.crypter.index("citizen", WANG.uid);
        let made = download::renew(app, id, &citizen, "192.0.2.7".parse().unwrap()).await;
        assert!(matches!(made, Err(NoNumber::Delegated)), "{made:?}");
        wu.get("/delegations").await;
        wu.post(&format!("/delegations/{one}/number"), &[]).await.leads_to("/delegations");
        let shown = wu.get("/delegations").await;
        let number = shown.body.split("big-code\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        wang.get("/barcodes").await.hides(&number);
        // The code is for the delegate, who cannot be reached here.
        let asked = types(&mut clerk, &number).await;
        asked.leads_to("/counter?untold=1");
        clerk.get("/counter?untold=1").await.says("確認碼傳不出去");

        wang.get(&page).await.says("代辦人已同意");
        wang.post(&format!("{page}/end"), &[]).await.leads_to(&page);
        wang.get(&page).await.says("代辦已終止");
        wu.get("/delegations").await.says("目前沒有人委託您代辦");
        clerk.get("/counter").await.says("條碼已更新");
        let record = portal.record().await;
        for what in ["delegate-appointed", "delegate-agreed", "delegate-ended"] {
            assert!(record.iter().any(|known| known == what), "{what}: {record:?}");
        }
        wang.get("/barcodes").await;
        wang.post(&format!("/barcodes/{id}"), &[]).await;
        let shown = wang.get("/barcodes").await;
        let number = shown.body.split("big-code\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        opens(portal, &mut clerk, &number).await.says("王○明").hides("N○");
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_nobodys_or_goes_with_another_name_tells_nothing() {
    on_both(async |portal| {
        let (id, _, mut wang, mut wu) = begun(portal).await;
        let page = format!("/downloads/{id}/delegate");
        let path = |below: &str| format!("{page}{below}");
        let mut seen = Vec::new();
        for (uid, name) in [("B100000002", "陳大文"), (WU.uid, "陳大文"), (WU.uid, WU.name)] {
            portal.office.pass(std::time::Duration::from_secs(1));
            appoints(&mut wang, id, uid, name).await.leads_to(&page);
            let shown = wang.get(&page).await;
            seen.push(shown.body.contains("等候代辦人登入平臺同意"));
            let named = name == WU.name;
            assert_eq!(wu.get("/delegations").await.body.contains("王○明"), named);
            wang.get(&page).await;
            wang.post(&path("/end"), &[]).await.leads_to(&page);
        }
        assert_eq!(seen, [true; 3]);
        for (uid, name, fault) in [
            ("x", "陳大文", "身分證字號或統一證號不正確"),
            (WANG.uid, "王小明", "不能委託自己"),
            (WU.uid, " ", "請填寫"),
        ] {
            let answer = appoints(&mut wang, id, uid, name).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            answer.says(fault);
        }
        // Another's download is nobody's here.
        assert_eq!(wu.get(&page).await.status, StatusCode::NOT_FOUND);
        // A case that allows none has no such page.
        registered(portal, |_| ()).await;
        wang.get(&page).await.leads_to(&format!("/downloads/{id}"));
    })
    .await;
}
