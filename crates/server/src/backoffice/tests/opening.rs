//! The operating team opens an account for an organisation that asked by phone or mail.

use http::StatusCode;
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_domain::mail::{AboutAccount, Kind};
use mydata_store::Engine;

use super::forms::Sent;
use super::{Office, PASSWORD};

const NEW: &str = "/mydata-backend/organisations/new";
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0....\xff\xd9";

const FORM: [(&str, &str); 10] = [
    ("asked", "asked-by-phone"),
    ("note", "示範承辦人 11/21 上午來電"),
    ("name", "示範檔案館"),
    ("name_en", "Demo Archives"),
    ("kind", "agency"),
    ("address", "臺北市示範區範例路 2 號"),
    ("applicant.name", "林示範"),
    ("applicant.phone", "02-2345-6789#12"),
    ("applicant.email", "lin@archives.example"),
    ("applicant.account", "demo.lin"),
];

fn signed<'a>(name: &'a str, content: &'a [u8]) -> Sent<'a> {
    ("signed", name, content)
}

/// An organisation asks by phone; the operating team opens its account, uploads what was signed, tells it by mail and by
/// phone; the applicant sets a password, checks the data and begins to work. Shows R65, R66, R68, R84.
#[tokio::test]
async fn an_account_is_opened_for_who_asks_by_phone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let operator = office.account("operator.one", Role::Operator, None).await;
        let (mut operator, _) = office.session(operator.id, Stage::Whole, office.now()).await;
        operator.get("/mydata-backend/organisations").await.says(&format!("href=\"{NEW}\""));
        operator.get(NEW).await.says("已簽章介接申請表");

        // What is missing or bad is told by its field, and nothing is opened.
        for (fields, file, says) in [
            (&FORM[1..], signed("申請表.pdf", PDF), "請選擇機關以電話或郵件申請"),
            (&FORM[..9], signed("申請表.pdf", PDF), "href=\"#applicant-account\""),
            (&FORM[..], signed("申請表.pdf", b"MZ\x90\x00 program"), "可執行檔"),
            (&FORM[..], signed("申請表.pdf", b""), "檔案是空的"),
            (&FORM[..], signed("申請表.pdf", JPEG), "JPEG"),
            (&FORM[..], signed("申請表.json", b"{}"), "PDF、PNG、JPEG"),
        ] {
            let answer = operator.post_files(NEW, fields, &[file]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
            answer.says(says);
            answer.says("示範檔案館");
        }
        let large = vec![b'a'; 10 * 1024 * 1024 + 1];
        let answer = operator.post_files(NEW, &FORM, &[signed("申請表.pdf", &large)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says("10 MB");
        assert!(office.outbox().await.is_empty());

        let opened = operator.post_files(NEW, &FORM, &[signed("申請表.pdf", PDF)]).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let page = opened.location().to_owned();
        let organisation = page.split("organisation=").nth(1).unwrap().to_owned();
        let shown = operator.get(&page).await;
        for text in [
            "示範檔案館",
            "請致電申請人（02-2345-6789#12）告知",
            "以電話申請",
            "示範承辦人 11/21 上午來電",
            "申請表.pdf",
            "已簽章介接申請表 · 第 1 版",
            "115 年 11 月 21 日 08:00",
        ] {
            shown.says(text);
        }

        // The second version stands beside the first; a program is none.
        let sign = format!("/mydata-backend/organisation/signed?organisation={organisation}");
        operator.get(&sign).await.says("上傳已簽章介接申請表");
        let to = "/mydata-backend/organisation/signed";
        let about = [("organisation", organisation.as_str())];
        let none = operator.post_files(to, &about, &[]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        none.says("請選擇檔案");
        let again = operator.post_files(to, &about, &[signed("補簽.jpg", JPEG)]).await;
        assert_eq!(again.location(), page, "{}", again.body);
        let shown = operator.get(&page).await;
        shown.says("已簽章介接申請表 · 第 2 版");
        shown.says("已簽章介接申請表 · 第 1 版");

        // The call is noted.
        let told = "/mydata-backend/organisation/told";
        let empty = operator.post(told, &[("organisation", &organisation), ("note", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        empty.says("請填寫與誰通話");
        operator.post(told, &[("organisation", &organisation), ("note", "已告知<b>林示範</b>")]).await;
        let shown = operator.get(&page).await;
        shown.says("已致電告知帳號開通");
        shown.says("已告知&#60;b&#62;林示範");
        assert!(!shown.body.contains("請致電申請人"), "it was done");

        // The mail leads to a password; with it the applicant checks the data and works as a provider.
        let [mail] = office.outbox().await.try_into().unwrap();
        assert_eq!(
            (mail.kind, mail.content.address.as_str()),
            (Kind::from(AboutAccount::Opened), "lin@archives.example")
        );
        let link = mail.content.link.unwrap();
        let below = link.strip_prefix("https://mydata.example").unwrap().to_owned();
        let (path, secret) = below.split_once("?link=").unwrap();
        let mut browser = office.browser();
        browser.get(&below).await.says("demo.lin");
        let set = [("link", secret), ("new", PASSWORD), ("again", PASSWORD)];
        assert_eq!(browser.post(path, &set).await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.sign_in("demo.lin", PASSWORD).await.status, StatusCode::SEE_OTHER);
        let own = browser.get("/mydata-backend/organisation").await;
        for text in ["示範檔案館", "臺北市示範區範例路 2 號", "林示範", "申請表.pdf"] {
            own.says(text);
        }
        for hidden in ["示範承辦人", "已告知", "上傳已簽章介接申請表"] {
            assert!(!own.body.contains(hidden), "{hidden} is the operating side's");
        }
        for (list, new) in [("datasets", "新增資料集"), ("services", "新增服務")] {
            let list = browser.get(&format!("/mydata-backend/{list}")).await;
            assert_eq!(list.status, StatusCode::OK);
            list.says(new);
        }
        let file = own.body.split("/mydata-backend/uploads/").nth(1).unwrap().split('"').next().unwrap();
        let file = format!("/mydata-backend/uploads/{file}");
        assert_eq!(browser.get(&file).await.status, StatusCode::OK);

        // Nobody else has anything of it.
        let stranger = office.account("museum.one", Role::Applicant, Some("museum")).await;
        let (mut stranger, _) = office.session(stranger.id, Stage::Whole, office.now()).await;
        assert_eq!(stranger.get(&file).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get(NEW).await.status, StatusCode::FORBIDDEN);
        assert!(!stranger.get(&page).await.body.contains("示範檔案館"));
        office.close().await;
    }
}
