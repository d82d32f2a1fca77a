//! A dataset, the long way.

use std::time::Duration;

use mydata_domain::calendar::Date;

use super::walk::Answer::{File, Option as Choice, Row, Text, Tick};
use super::walk::{Newcomer, Walk};
use super::world::World;

const LIN: Newcomer =
    Newcomer { mail: "lin@archives.example", organisation: "示範縣立檔案館", authority: None };
pub const PDF: &str = "%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n";
const API: &str = "openapi: 3.0.3\ninfo:\n  title: 示範資料集\n  version: '1'\npaths:\n  /data:\n    get:\n      parameters:\n        - name: INQ_YR\n          in: header\n          required: true\n          schema: {type: string}\n      responses:\n        '200': {description: 資料}\n";

pub fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap()
}

/// Shows R1, R3, R4, R6, R7, R8, R10, R11, R13, R15, R16, R17, R25, R27, R29, R30, R31, R32, R33, R34, R35, R36, R38, R44, R49, R50,
/// R51, R52, R53, R54, R56, R63, R64.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_from_sign_up_to_delisting() {
    let world = World::begin(day(2026, 11, 30)).await;
    let w = Walk::begin(&world, "zh-TW").await;

    // 建立帳號 and the application, with its files.
    w.sign_up(&LIN).await;
    w.fill(&[("form", Tick("dataset"))]).await;
    w.press(".sheet .primary").await;
    let data = world.file("測試資料.json", "{\"姓名\": \"王小明\"}\n");
    let (api, pdf) = (world.file("介接API文件.yaml", API), world.file("檔案規格書.pdf", PDF));
    w.fill(&[
        ("category", Choice("教育")),
        ("name", Text("示範借閱紀錄")),
        ("field[0]", Text("書名")),
        ("weakest_verification", Choice("NHI")),
        ("dp_api", Text("https://dp.archives.example/data")),
        ("dp_ip[0]", Text("203.0.113.64")),
        ("client_ip[0]", Text("203.0.113.65")),
        ("parameter", Row),
        ("parameter[0].key", Text("INQ_YR")),
        ("parameter[0].name", Text("查詢年度")),
        ("parameter[0].example", Text("例：114")),
        ("parameter[0].test_value", Text("114")),
        ("test_data", File(&data)),
        ("api_document", File(&api)),
        ("specification", File(&pdf)),
    ])
    .await;
    w.send().await;
    world.mail(LIN.mail, "審核中").await;

    // The operator lets the account in, and returns the application with a comment by its field.
    w.become_("operator").await;
    w.review("R1151130001").await;
    w.button("approve").await;
    world.mail(LIN.mail, "測試區後臺").await;
    w.review("A1151130001").await;
    w.comment("field[0]", "請寫完整的欄位名稱。").await;
    w.fill(&[("reason", Text("請補正資料集欄位。"))]).await;
    w.button("refuse").await;
    w.look("review-returned").await;
    world.mail(LIN.mail, "請補正資料集欄位。").await;

    // Mended and refiled; the reviewer sees what differs.
    w.become_("lin").await;
    let item = w.item("datasets", "示範借閱紀錄").await;
    w.begin_form(&item, "填寫申請單", "Fill in", "dataset-refile").await;
    w.sees("請寫完整的欄位名稱。", "").await;
    w.fill(&[("field[0]", Text("借閱書名"))]).await;
    assert_eq!(w.file("dataset").await, "A1151130001-1");
    w.become_("operator").await;
    w.review("A1151130001-1").await;
    let before = w.browser.wait_for(".was del").await.unwrap().text().await.unwrap();
    assert_eq!(before, "書名");
    w.button("approve").await;
    world.mail(LIN.mail, "數位發展部").await;
    w.approve("ministry", "A1151130001-1", true).await;
    world.mail(LIN.mail, "測試區").await;

    // The credentials of the test, after a proof.
    w.become_("lin").await;
    world.pass(Duration::from_secs(6 * 60));
    w.open(&item).await;
    w.look("item-testing").await;
    w.follow("顯示介接憑證", "").await;
    w.look("prove").await;
    w.browser.fill("input[name=password]", super::world::PASSWORD).await.unwrap();
    w.press("form:has([name=password]) .buttons button").await;
    w.sees("resource_secret", "").await;
    w.look("credentials").await;

    // 延長測試, from one week before the end on.
    w.open(&item).await;
    assert!(!w.text().await.contains("延長測試"), "not yet");
    w.on(day(2027, 2, 21), "lin", &item).await;
    world.mail(LIN.mail, "測試即將到期").await;
    w.begin_form(&item, "延長測試", "", "extension").await;
    w.fill(&[("reason", Text("資料格式調整中，需要更多時間測試。"))]).await;
    let number = w.file("extension").await;
    w.approve("operator", &number, false).await;
    w.become_("lin").await;
    w.open(&item).await;
    w.sees("116/05/28", "").await;

    // 申請上線, its letter, and the pilot.
    w.on(day(2027, 3, 1), "lin", &item).await;
    w.begin_form(&item, "申請上線", "", "go-live").await;
    let checklist = world.file("測試檢核表.pdf", PDF);
    w.fill(&[
        ("on", Text("116/03/31")),
        ("pilot_ip[0]", Text("203.0.113.128/28")),
        ("checklist", File(&checklist)),
    ])
    .await;
    let number = w.file("go-live").await;
    w.approve("operator", &number, false).await;
    world.mail(LIN.mail, "函送數位發展部").await;
    w.review(&number).await;
    w.letter().await;
    w.button("letter").await;
    w.look("review-letter").await;
    w.approve("ministry", &number, false).await;
    world.mail(LIN.mail, "正式區試辦").await;
    w.become_("lin").await;
    w.open(&item).await;
    w.look("item-piloting").await;
    w.sees("203.0.113.128/28", "").await;

    // 試辦完成, and the listing on its day.
    w.on(day(2027, 3, 24), "lin", &item).await;
    world.mail(LIN.mail, "試辦報告").await;
    w.begin_form(&item, "試辦完成", "", "report").await;
    w.fill(&[("report", File(&pdf)), ("summary", Text("試辦期間運作正常。"))]).await;
    let number = w.file("report").await;
    w.approve("operator", &number, false).await;
    world.mail(LIN.mail, "依照申請日期上線").await;
    w.on(day(2027, 3, 30), "lin", &item).await;
    w.sees("待上架", "").await;
    w.on(day(2027, 3, 31), "lin", &item).await;
    w.sees("已上架", "").await;
    w.look("item-listed").await;
    w.open("/mydata-backend/all-datasets?q=示範借閱紀錄").await;
    w.sees("示範借閱紀錄", "").await;
    w.look("all-datasets").await;

    // 停權, 復權, 下架.
    w.become_("operator").await;
    w.act(&item, "停權", "", "接獲通報資料內容有誤。").await;
    w.sees("停權", "").await;
    world.mail(LIN.mail, "接獲通報資料內容有誤。").await;
    w.act(&item, "復權", "", "資料已更正。").await;
    w.sees("已上架", "").await;
    w.become_("lin").await;
    w.act(&item, "下架資料集", "", "本館不再提供此資料。").await;
    w.sees("下架", "").await;
    world.mail(LIN.mail, "已下架").await;
    w.end().await;
}
