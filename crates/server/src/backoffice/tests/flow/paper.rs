//! The paper of an application: what its PDF says, who gets it, and what is said where none can be made.

use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_store::Engine;

use super::super::Office;
use super::on_both;
use crate::pdf::tests::read_back;

/// The owner and the reviewers get an application as PDF, with all that its page says. Shows R57.
#[tokio::test]
async fn an_application_comes_as_pdf() {
    on_both(async |office| {
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let filing = office.filed_dataset(&owner).await.filing.unwrap();
        let page = format!("/mydata-backend/reviews/{filing}");
        office.refuse(&people.operator, filing, mydata_domain::filing::ReviewStep::Operator).await.unwrap();
        for account in [&owner, &people.operator] {
            let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
            browser.get(&page).await.says(&format!("href=\"{page}/pdf\""));
            let answer = browser.get(&format!("{page}/pdf")).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            assert_eq!(answer.headers[CONTENT_TYPE], "application/pdf");
            let name = answer.headers[CONTENT_DISPOSITION].to_str().unwrap().to_owned();
            assert!(name.starts_with("attachment; filename=\"A1") && name.ends_with(".pdf\""), "{name}");
            let text = read_back(&answer.bytes);
            for said in [
                "MyData 介接申請單",
                "示範圖書館",
                "示範借閱紀錄",
                "申請內容",
                "審核紀錄",
                "請補正示範欄位",
                "申請人簽章",
                "機關印信",
                "列印時間",
                "第 1 頁，共",
            ] {
                assert!(text.contains(said), "{said} is missing in\n{text}");
            }
        }
    })
    .await;
}

/// Without a font the application's page says so, and names the way that is left.
#[tokio::test]
async fn without_a_font_the_print_is_named() {
    let missing = |config: &mut crate::Config| config.print.font = Some("/nonexistent/font.otf".into());
    let office = Office::open_with(Engine::Sqlite, missing).await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let filing = office.filed_dataset(&owner).await.filing.unwrap();
    let (mut browser, _) = office.session(owner.id, Stage::Whole, office.now()).await;
    let page = format!("/mydata-backend/reviews/{filing}");
    let answer = browser.get(&format!("{page}/pdf")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let sentence = cookie.split(';').next().unwrap().to_owned();
    browser.exchange = Some(sentence);
    browser.get(&page).await.says("請改用「申請單列印」");
    office.close().await;
}
