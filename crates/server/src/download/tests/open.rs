//! Looking at what came, and saving it.

use std::io::{Cursor, Read as _, Write as _};
use std::process::Command;

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};

use super::{FIRST, STRICT, good, held, package, raw_get, raw_post, registered};
use crate::citizen::tests::{WANG, on_both};

/// JSON as tables, the PDF in the browser without its password. Shows R78.
#[tokio::test]
async fn what_came_can_be_looked_at() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, _) = held(portal, &[(FIRST, package(&good()))]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let page = browser.get(&format!("/downloads/{id}")).await;
        page.says("下載完成")
            .says("下載進度 100%")
            .says("線上預覽檔案")
            .says("轉存到我的電腦")
            .says("前往資料條碼區");
        page.says("data-left=\"28800\"");
        let path = format!("/downloads/{id}/preview/{FIRST}");
        let page = browser.get(&path).await;
        page.says("虛構市示範路1號").says("household.pdf").hides("META-INFO");
        assert_eq!(page.headers[CACHE_CONTROL], "no-store");
        let pdf = raw_get(portal, &browser, &format!("{path}/file?name=household.pdf")).await;
        assert_eq!(
            (pdf.status, &pdf.headers[CONTENT_TYPE]),
            (StatusCode::OK, &"application/pdf".parse().unwrap())
        );
        assert_eq!(pdf.headers[CACHE_CONTROL], "no-store");
        assert!(pdf.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
        assert!(pdf.body.starts_with(b"%PDF-"));
        assert!(!pdf.body.windows(8).any(|w| w == b"/Encrypt"), "it opens without a password");
        let missing = browser.get(&format!("{path}/file?name=none.pdf")).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        let json = browser.get(&format!("{path}/file?name=%E6%88%B6%E7%B1%8D.json")).await;
        assert_eq!(json.status, StatusCode::NOT_FOUND, "only PDFs are sent as they are");
        browser.get(&format!("/downloads/{id}")).await.says("已預覽 2 次、轉存 0 次");
        assert_eq!(portal.record().await.iter().filter(|what| *what == "previewed").count(), 2);
    })
    .await;
}

/// What no page can show says so, and saving is the way to it.
#[tokio::test]
async fn what_cannot_be_shown_says_so() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let large = format!("[\"{}\"]", "字".repeat(50 * 1024 * 1024 / 3)).into_bytes();
        let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000)).into_bytes();
        let table =
            |n: u8| format!("[\"{}\"]", char::from(b'a' + n).to_string().repeat(1_900_000)).into_bytes();
        let files = package(&[
            ("large.json", large),
            ("deep.json", deep),
            ("broken.json", b"{\"a\":".to_vec()),
            ("not.pdf", b"This is no PDF.".to_vec()),
            ("cut.pdf", good()[1].1[..300].to_vec()),
            ("one.json", table(0)),
            ("two.json", table(1)),
            ("three.json", table(2)),
            ("sheet.csv", b"a,b".to_vec()),
        ]);
        let (id, _) = held(portal, &[(FIRST, files)]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let path = format!("/downloads/{id}/preview/{FIRST}");
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        let why = |text: &str| page.body.matches(text).count();
        // The large one, and the third of those that one page has no room for.
        assert_eq!(why("這個檔案太大，無法在此顯示；請轉存後查看。"), 2, "{}", page.body.len());
        assert_eq!(why("這個檔案的結構太深或不是 JSON"), 2);
        assert_eq!(why("這種檔案無法在此顯示"), 1);
        page.says("轉存到我的電腦").says("aaaa").says("bbbb").hides("cccc");
        for name in ["not.pdf", "cut.pdf"] {
            let page = browser.get(&format!("{path}/file?name={name}")).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            page.says("這個檔案無法以 PDF 開啟").says("請改用「轉存到我的電腦」").says(&format!("{id}/save"));
        }
    })
    .await;
}

/// The zip opens with the personal id in upper case, and with nothing else, in 7-Zip too. Shows R79, R82.
#[tokio::test]
async fn what_is_saved_opens_with_the_personal_id() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, blobs) = held(portal, &[(FIRST, package(&good())), (STRICT, package(&good()))]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get(&format!("/downloads/{id}")).await;
        let zip = raw_post(portal, &browser, &format!("/downloads/{id}/save")).await;
        assert_eq!(zip.status, StatusCode::OK);
        assert_eq!(zip.headers[CONTENT_TYPE], "application/zip");
        assert_eq!(zip.headers[CACHE_CONTROL], "no-store");
        assert_eq!(zip.headers[CONTENT_DISPOSITION], "attachment; filename=\"MyData-2026-11-21.zip\"");
        assert_eq!(zip.headers[CONTENT_LENGTH], zip.body.len().to_string().as_str());
        let mut archive = ::zip::ZipArchive::new(Cursor::new(zip.body.as_ref())).unwrap();
        assert_eq!(archive.len(), 6);
        let (name, content) = &good()[0];
        for folder in ["範例戶籍資料", "範例財產資料"] {
            let wanted = format!("{folder}/{name}");
            let mut file = archive.by_name_decrypt(&wanted, b"A123456789").unwrap();
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert_eq!(&read, content);
        }
        assert!(archive.by_index_decrypt(0, b"a123456789").is_err());

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved.zip");
        std::fs::File::create(&path).unwrap().write_all(&zip.body).unwrap();
        let seven = |password: &str| {
            let tested = Command::new("7z").arg("t").arg(format!("-p{password}")).arg(&path).output();
            tested.expect("7z, of the package p7zip-full, is there")
        };
        let tested = seven("A123456789");
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
        assert!(!seven("A123456780").status.success());

        browser.get(&format!("/downloads/{id}")).await.says("轉存 1 次");
        assert!(portal.record().await.contains(&"saved".to_owned()));
        let told = portal.office.outbox().await;
        assert!(told.iter().any(|kept| kept.content.subject.contains("您的資料已轉存")), "{:?}", told.len());
        // It is still there: saving takes nothing away.
        portal.office.app.store.blobs.read(&blobs[0]).await.unwrap();
        let again = raw_post(portal, &browser, &format!("/downloads/{id}/save")).await;
        assert_eq!(again.status, StatusCode::OK);
    })
    .await;
}
