//! The application forms over HTTP: filled in over several visits, with what people, and others, send.

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE};
use http::{Request, StatusCode};
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_domain::filing::{FilingKind, FilingState};
use mydata_domain::forms::{DraftId, Fields, FormKind};
use mydata_domain::item::Kind;
use mydata_store::Engine;
use mydata_store::repo::drafts::{self, Draft, Owner};
use mydata_store::repo::list::{List, Scope};
use mydata_store::repo::{filings, items, registry, uploads};
use tower::ServiceExt as _;

use super::{Answered, Browser, Office};
use crate::backoffice::ROOT;

/// A file of a form: field, name, content.
pub(super) type Sent<'a> = (&'a str, &'a str, &'a [u8]);

const API: &[u8] = r#"openapi: 3.0.3
info:
  title: Loans
  version: "1"
paths:
  /mydata:
    get:
      parameters:
        - { name: year, in: header, required: true, schema: { type: string } }
      description: 每日 23:00 至 01:00 不提供
      responses:
        "200": { description: the package }
"#
.as_bytes();
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n";

impl Browser<'_> {
    /// Posts a form as browsers do when it has files.
    pub(super) async fn post_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[Sent<'_>],
    ) -> Answered {
        let mut body = Vec::new();
        let token = self.token.clone();
        for (name, value) in std::iter::once(&("form_token", token.as_str())).chain(fields) {
            body.extend(
                format!("--x9\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        for (name, file, content) in files {
            let head = format!(
                "--x9\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--x9--\r\n");
        let request = Request::post(path).header(CONTENT_TYPE, "multipart/form-data; boundary=x9");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Shows a page and posts its form, with the version that the page has.
    async fn fill(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[Sent<'_>],
        button: &str,
    ) -> Answered {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        let version = hidden(&page, "version");
        let mut all = vec![("version", version.as_str()), ("do", button)];
        all.extend_from_slice(fields);
        self.post_files(path, &all, files).await
    }
}

/// The value of a hidden field.
pub(super) fn hidden(page: &Answered, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let rest = page.body.split(begin.as_str()).nth(1).unwrap_or_else(|| panic!("no {name}: {}", page.body));
    rest.split('"').next().unwrap().to_owned()
}

/// What makes a dataset's form complete, but for its files.
fn dataset() -> Vec<(&'static str, &'static str)> {
    vec![
        ("category", "教育"),
        ("name", "陳𠮷小玲的借閱紀錄 <script>alert(1)</script>"),
        ("name_en", "Loans"),
        ("description", "第一行\r\n第二行"),
        ("field[0]", "書名"),
        ("field_en[0]", "Title"),
        ("weakest_verification", "NHI"),
        ("dp_api", "https://api.library.example/mydata"),
        ("method", "GET"),
        ("expected_minutes", "2"),
        ("dp_ip[0]", "163.22.21.64"),
        ("client_ip[0]", "163.22.21.0/24"),
        ("shown", "yes"),
        ("parameter[0]", ""),
        ("parameter[0].key", "year"),
        ("parameter[0].name", "年度"),
        ("parameter[0].example", "民國年，如 114"),
        ("parameter[0].test_value", "114"),
    ]
}

const FILES: [Sent<'static>; 3] = [
    ("test_data", "測試資料.json", b"[{\"title\": 1}]"),
    ("api_document", "openapi.yaml", API),
    ("specification", "規格書.pdf", PDF),
];

impl Office {
    /// A browser of the library's applicant.
    async fn at_library(&self) -> Browser<'_> {
        let account = self.account("jenny", Role::Applicant, Some("library")).await;
        self.session(account.id, Stage::Whole, self.now()).await.0
    }

    async fn library_drafts(&self) -> Vec<Draft> {
        let store = &self.app.store;
        let owner = Owner::Organisation("library".parse().unwrap());
        drafts::of_owner(&store.db, &store.crypter, &owner).await.unwrap()
    }

    /// Begins a dataset as the applicant does; the draft's page.
    async fn new_dataset(&self, browser: &mut Browser<'_>) -> String {
        let page = browser.get(&format!("{ROOT}/datasets/new")).await;
        page.says("填寫前請準備");
        let answer = browser.post(&format!("{ROOT}/datasets/new"), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        answer.location().to_owned()
    }

    /// More datasets of the test zone than are offered at once.
    async fn many_datasets(&self) {
        let mut document = registry::export(&self.app.store.db, &self.app.store.crypter).await.unwrap();
        document.datasets.extend((0..60).map(|n| {
            let dataset = serde_json::json!({
                "resource_id": format!("API.abcdefgh{n:02}"),
                "resource_secret": "lxLRIhDcR59kp2SG",
                "zone": "test",
                "organisation": "museum",
                "name": format!("示範資料 {n:02}"),
                "name_en": format!("Demo data {n:02}"),
                "category": "教育",
                "weakest_verification": "NHI",
                "dp_api": "https://api.museum.example/mydata",
                "state": "listed",
            });
            serde_json::from_value(dataset).unwrap()
        }));
        let (document, crypter, now) = (&document, &self.app.store.crypter, self.now());
        let apply = |tx| async move { registry::apply(&tx, crypter, document, now).await };
        self.app.store.db.run_tx("test", apply).await.unwrap();
    }

    /// A draft of any form about a dataset that was begun.
    async fn draft_of(&self, form: FormKind, fields: Fields) -> DraftId {
        let (app, fields) = (&self.app, &fields);
        let organisation = &"library".parse().unwrap();
        let account = self.account("someone", Role::Deputy, Some("library")).await.id;
        let begin = |tx| async move {
            let new =
                items::New {
                    kind: Kind::Dataset, organisation, name: "示範", category: "教育", by: account
                };
            let item = items::begin(&tx, &*app.random, &new, app.now()).await?;
            let new = drafts::New {
                form,
                account,
                organisation: Some(organisation),
                item: Some(item.id),
                fields: fields.clone(),
            };
            drafts::begin(&tx, &app.store.crypter, &*app.random, new, app.now()).await
        };
        app.store.db.run_tx("test", begin).await.unwrap().id
    }
}

/// Forms with files that hardly come hold the turns of their address, and of nobody else.
#[tokio::test]
async fn uploads_that_hang_hold_up_nobody_else() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    let router = crate::platform::router(office.app.clone());
    let (cookie, token) = (browser.cookie.clone().unwrap(), browser.token.clone());
    let post = |address: &str, body: Body| {
        let mut request = Request::post(&draft)
            .header(CONTENT_TYPE, "multipart/form-data; boundary=x9")
            .header(COOKIE, &cookie)
            .body(body)
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(address.parse::<std::net::SocketAddr>().unwrap()));
        router.clone().oneshot(request)
    };
    let whole = || {
        let field = "--x9\r\nContent-Disposition: form-data; name=\"form_token\"";
        Body::from(format!("{field}\r\n\r\n{token}\r\n--x9--\r\n"))
    };
    let hanging =
        || Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    // Two of an address hang; those of an IPv6 /64 are one.
    let addresses = ["192.0.2.7:1", "192.0.2.7:2", "[2001:db8::1]:1", "[2001:db8::2]:1"];
    let held: Vec<_> = addresses.iter().map(|address| tokio::spawn(post(address, hanging()))).collect();
    let began = std::time::Instant::now();
    while office.app.upload_room.available_permits() > 4 {
        assert!(began.elapsed().as_secs() < 20, "they are not waited for");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for full in ["192.0.2.7:3", "[2001:db8::3]:1"] {
        let answer = post(full, whole()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{full}");
        assert_eq!(answer.headers()[http::header::RETRY_AFTER], "10");
    }
    // Read and answered: it lacks the version that the page has.
    assert_eq!(post("192.0.2.8:1", whole()).await.unwrap().status(), StatusCode::CONFLICT);
    for one in held {
        one.abort();
        let _ = one.await;
    }
    assert_eq!(post("192.0.2.7:3", whole()).await.unwrap().status(), StatusCode::CONFLICT);
    office.close().await;
}

/// A form is filled in over several visits without script, with rows and files,
/// looked over and filed; sent twice, it is filed once.
async fn a_dataset_is_applied_for(engine: Engine) {
    let office = Office::open_on(engine).await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;

    // Something typed, and a row more: nothing is lost.
    let answer =
        browser.fill(&draft, &[("name", "借閱"), ("dp_ip[0]", "163.22.21.64")], &[], "add:dp_ip").await;
    assert_eq!(answer.location(), format!("{draft}#dp-ip"));
    let page = browser.get(&draft).await;
    page.says("name=\"dp_ip[1]\"");
    // Both lists of addresses grow, and each shows an example at its first row.
    page.says("name=\"client_ip[0]\"");
    page.says("value=\"add:client_ip\"");
    assert_eq!(page.body.matches("例：163.22.21.64，或網段 163.22.21.0/24").count(), 2);
    page.says("其他特殊條件請寫在文件的說明（description）中");
    page.says("value=\"借閱\"");
    let rows = [("name", "借閱"), ("dp_ip[0]", "163.22.21.64"), ("dp_ip[1]", "163.22.21.65")];
    browser.fill(&draft, &rows, &[], "remove:dp_ip:0").await;
    let page = browser.get(&draft).await;
    page.says("value=\"163.22.21.65\"");
    assert!(!page.body.contains("163.22.21.64\""), "{}", page.body);
    let list = browser.get(&format!("{ROOT}/drafts")).await;
    list.says("資料提供者申請單：借閱");

    // Incomplete: every fault by its field, and nothing lost.
    let answer = browser.fill(&draft, &rows[..1], &FILES[..1], "check").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["<a href=\"#category\">類別</a>", "請上傳檔案。", "請填寫這個欄位。", "測試資料.json"]
    {
        answer.says(says);
    }

    // Complete, with the other files; a newer version keeps the older one.
    let answer = browser.fill(&draft, &dataset(), &FILES, "save").await;
    assert_eq!(answer.location(), draft, "{}", answer.body);
    let page = browser.get(&draft).await;
    page.says("第 2 版");
    page.says("先前上傳的版本");
    // Beside every file stands when it was uploaded last; the test's clock stands at 8 in the morning.
    for file in ["openapi.yaml", "規格書.pdf"] {
        let about = page.body.split(file).nth(1).unwrap().split("</p>").next().unwrap();
        assert!(about.contains("115 年 11 月 21 日 08:00"), "{file}: {about}");
    }
    let answer = browser.fill(&draft, &dataset(), &[], "check").await;
    assert_eq!(answer.location(), format!("{draft}/overview"), "{}", answer.body);
    let overview = browser.get(answer.location()).await;
    overview.says("陳𠮷小玲的借閱紀錄 &#60;script&#62;alert(1)&#60;/script&#62;");
    overview.says("163.22.21.0/24");
    overview.says("第一行\n第二行");

    let (id, version) = (hidden(&overview, "draft"), hidden(&overview, "version"));
    let send = [("draft", id.as_str()), ("version", version.as_str())];
    let answer = browser.post(&format!("{ROOT}/drafts/file"), &send).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let item = answer.location().to_owned();
    assert!(item.starts_with(&format!("{ROOT}/items/")), "{item}");
    let again = browser.post(&format!("{ROOT}/drafts/file"), &send).await;
    assert_eq!(again.location(), item, "sent twice, both lead to the same item");

    let store = &office.app.store;
    let scope = Scope::Organisation("library".parse().unwrap());
    let filed = filings::list(&store.db, &scope, &List::default()).await.unwrap();
    assert_eq!(filed.rows.len(), 1);
    assert_eq!((filed.rows[0].kind, filed.rows[0].state), (FilingKind::NewItem, FilingState::InReview));
    assert!(filed.rows[0].number.to_string().starts_with('A'));
    assert!(office.library_drafts().await.is_empty());
    let files = uploads::of_item(&store.db, &scope, filed.rows[0].item.unwrap()).await.unwrap();
    assert_eq!(files.len(), 4, "two versions of the test data, one of each other file");
    // The conditions that no field asks for travel in the API document, which reviewers open from the item's page.
    let document = files.iter().find(|file| file.name == "openapi.yaml").unwrap();
    let page = browser.get(&item).await;
    page.says(&format!("{ROOT}/uploads/{}", document.id));
    page.says("115 年 11 月 21 日 08:00");
    let read = browser.get(&format!("{ROOT}/uploads/{}", document.id)).await;
    read.says("每日 23:00 至 01:00 不提供");

    // The draft's page is gone; what is under review can be taken back.
    assert_eq!(browser.get(&draft).await.status, StatusCode::NOT_FOUND);
    let ask = browser.get(&format!("{item}/act?act=withdraw")).await;
    ask.says("目前的審核會停止");
    let answer = browser.post(&format!("{item}/act"), &[("act", "withdraw")]).await;
    assert_eq!(answer.location(), item);
    let answer = browser.post(&format!("{item}/application"), &[]).await;
    let page = browser.get(answer.location()).await;
    page.says("163.22.21.0/24");
    office.close().await;
}

/// Shows R37, R45, R46, R47, R58, R59, R62, R63.
#[tokio::test]
async fn a_dataset_is_applied_for_on_sqlite() {
    a_dataset_is_applied_for(Engine::Sqlite).await;
}

/// Shows R37, R45, R46, R47, R58, R59, R62, R63.
#[tokio::test]
async fn a_dataset_is_applied_for_on_postgres() {
    a_dataset_is_applied_for(Engine::Postgres).await;
}

fn zip_bomb() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("zeros", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut writer, &vec![0; 40 << 20]).unwrap();
    writer.finish().unwrap().into_inner()
}

fn yaml_bomb() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..12 {
        let before = n - 1;
        let aliases = vec![format!("*a{before}"); 10].join(",");
        text.push_str(&format!("a{n}: &a{n} [{aliases}]\n"));
    }
    text
}

/// Shows R45, R46: what is not wanted is refused by its field, with the reason; the draft and the earlier file stay.
#[tokio::test]
async fn files_that_are_not_wanted_are_refused_by_their_field() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    browser.fill(&draft, &[("name", "借閱")], &[("specification", "好.pdf", PDF)], "save").await;
    let mut large = PDF.to_vec();
    large.resize(10 * 1024 * 1024 + 1, b' ');
    let (bomb, yaml) = (zip_bomb(), yaml_bomb());
    let swagger = b"swagger: '2.0'\ninfo: {title: x, version: '1'}\npaths: {}\n";
    let broken = b"openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths:\n  bad: {}\n";
    let cases: [(Sent<'_>, &str); 10] = [
        (("specification", "規格書.pdf", &large), "檔案超過 10 MB"),
        (("specification", "規格書.pdf", b""), "檔案是空的"),
        (("specification", "規格書.pdf", b" \r\n"), "檔案是空的"),
        (("specification", "規格書.pdf", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"), "這是可執行檔"),
        (("specification", "規格書.exe", PDF), "檔名結尾應為 .pdf"),
        (("specification", "規格書.pdf", b"[1, 2]"), "這個欄位接受 PDF"),
        (("test_data", "資料.zip", &bomb), "壓縮檔不能接受"),
        (("api_document", "a.yaml", yaml.as_bytes()), "展開後的項目過多"),
        (("api_document", "a.yaml", swagger), "第 1 行第 10 字：swagger，這是 Swagger 2.0"),
        (("api_document", "a.yaml", broken), "第 4 行第 3 字：paths.bad"),
    ];
    for (file, says) in cases {
        let answer = browser.fill(&draft, &[("name", "借閱紀錄")], &[file], "save").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{} {says}", file.1);
        answer.says(says);
        answer.says(&format!("<a href=\"#{}\">", file.0.replace('_', "-")));
        answer.says("value=\"借閱紀錄\"");
        answer.says("好.pdf");
        office.pass(std::time::Duration::from_secs(1));
    }
    let drafts = office.library_drafts().await;
    assert_eq!(drafts[0].fields.text("test_data"), "");
    office.close().await;
}

/// A file is given back to those who may see it, to be saved and never to be opened as a page.
#[tokio::test]
async fn a_file_is_given_back_to_be_saved() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    browser.fill(&draft, &[], &[("test_data", "測試.json", b"[\"<script>\"]")], "save").await;
    let id = office.library_drafts().await[0].fields.text("test_data").to_owned();
    let path = format!("{ROOT}/uploads/{id}");
    let answer = browser.get(&path).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "[\"<script>\"]"));
    let header = |name| answer.headers.get(name).unwrap().to_str().unwrap();
    assert_eq!(header(CONTENT_TYPE), "application/json");
    assert!(header(CONTENT_DISPOSITION).starts_with("attachment; filename=\"__.json\""));
    assert!(header(CONTENT_SECURITY_POLICY).contains("sandbox"));
    assert_eq!(answer.headers.get("x-content-type-options").unwrap(), "nosniff");

    let museum = office.account("mary", Role::Applicant, Some("museum")).await;
    let (mut other, _) = office.session(museum.id, Stage::Whole, office.now()).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    let operator = office.account("olivia", Role::Operator, None).await;
    let (mut staff, _) = office.session(operator.id, Stage::Whole, office.now()).await;
    assert_eq!(staff.get(&path).await.status, StatusCode::OK);
    office.close().await;
}

/// Two tabs on one draft: the one that comes later sees both and chooses; the same content twice is no quarrel.
#[tokio::test]
async fn an_old_tab_overwrites_nothing_unseen() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    let page = browser.get(&draft).await;
    let old = hidden(&page, "version");
    let save =
        |name: &'static str| [("version", old.clone()), ("do", "save".to_owned()), ("name", name.to_owned())];
    let first = save("第一份");
    let first: Vec<(&str, &str)> = first.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(browser.post(&draft, &first).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.post(&draft, &first).await.status, StatusCode::SEE_OTHER, "the same content again");
    let second = save("第二份\u{202e}");
    let second: Vec<(&str, &str)> = second.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = browser.post(&draft, &second).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    for says in ["這份草稿有較新的版本", "第一份", "第二份", "資料集名稱", "以我填寫的內容覆蓋"]
    {
        answer.says(says);
    }
    assert_eq!(office.library_drafts().await[0].fields.text("name"), "第一份", "nothing was overwritten");
    let now = hidden(&answer, "version");
    let mine = [("version", now.as_str()), ("do", "save"), ("name", "第二份")];
    assert_eq!(browser.post(&draft, &mine).await.location(), draft);
    assert_eq!(office.library_drafts().await[0].fields.text("name"), "第二份");
    office.close().await;
}

/// What is typed is kept as it is typed; what deceives or makes no sense is named by its field, before anything is filed.
#[tokio::test]
async fn what_makes_no_sense_is_named_by_its_field() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    for (path, typed, says) in [
        ("name", "銀\u{202e}行", "改變文字方向"),
        ("name", "銀\u{200b}行", "看不見的字元"),
        ("name", "銀\u{0}行", "控制字元"),
        ("category", "不存在", "請從選項中選擇一個"),
        ("dp_api", "http://api.library.example/#x", "# 之後"),
        ("dp_api", "javascript:alert(1)", "不是完整的網址"),
        ("dp_ip[0]", "163.22.21.300", "不是 IP 位址"),
        ("dp_ip[0]", "10.0.0.0/8", "網段太大"),
        ("dp_ip[0]", "163.22.21.64/24", "163.22.21.0/24"),
        ("expected_minutes", "0", "1 到 1440"),
        ("parameter[0].key", "month", "API 文件裡沒有這個鍵值"),
        ("parameter[0].key", "Authorization", "標頭名稱"),
        ("certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "這不是憑證"),
    ] {
        let mut fields = dataset();
        fields.retain(|(name, _)| *name != path);
        fields.push((path, typed));
        let answer = browser.fill(&draft, &fields, &FILES, "check").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {typed:?}");
        answer.says(says);
        answer.says("有 1 個地方需要您修正");
        office.pass(std::time::Duration::from_secs(1));
    }
    // What the API document takes and the form does not name is a hint and no fault (R62).
    let fields: Vec<_> = dataset().into_iter().filter(|(name, _)| !name.starts_with("parameter")).collect();
    browser.fill(&draft, &fields, &[], "save").await;
    browser.get(&draft).await.says("沒有列在自訂參數：year");
    office.close().await;
}

/// Shows R33, R36: the date of going live is an ROC date, and lies at least a week ahead.
#[tokio::test]
async fn a_go_live_date_leaves_a_week_for_the_report() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let id = office.draft_of(FormKind::GoLiveDataset, Fields::new()).await;
    let draft = format!("{ROOT}/drafts/{id}");
    let today = mydata_domain::calendar::day_of(office.now());
    let roc = |days| mydata_domain::calendar::roc(mydata_domain::calendar::days_after(today, days));
    for (typed, says) in [
        ("0/11/21".to_owned(), "沒有 0 年".to_owned()),
        ("115/2/30".to_owned(), "沒有這一天".to_owned()),
        ("soon".to_owned(), "115/11/21".to_owned()),
        (roc(-1), format!("最早為 {}", roc(7))),
        (roc(6), format!("最早為 {}", roc(7))),
        (roc(400), "最晚為".to_owned()),
    ] {
        let answer = browser.fill(&draft, &[("on", &typed)], &[], "check").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        answer.says(&says);
        answer.says("#on");
    }
    let answer = browser.fill(&draft, &[("on", &roc(7))], &[], "check").await;
    assert!(!answer.body.contains("href=\"#on\""), "{}", answer.body);
    office.close().await;
}

/// Of many datasets those are offered that are looked for; what is ticked stays.
#[tokio::test]
async fn datasets_are_searched_for_when_there_are_many() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    office.many_datasets().await;
    let answer = browser.post(&format!("{ROOT}/services/new"), &[]).await;
    let draft = answer.location().to_owned();
    let page = browser.get(&draft).await;
    page.says("搜尋資料集");
    assert!(!page.body.contains("name=\"dataset[]\""), "{}", page.body);
    let answer = browser.fill(&draft, &[("find", "示範資料 17"), ("name", "服務")], &[], "find").await;
    assert!(answer.location().contains("?find=") && answer.location().ends_with("#find"));
    let page = browser.get(answer.location()).await;
    page.says("value=\"API.abcdefgh17\">");
    assert!(!page.body.contains("API.abcdefgh18"), "{}", page.body);
    browser
        .fill(&draft, &[("dataset[]", "API.abcdefgh17"), ("dataset[]", "API.abcdefgh18")], &[], "save")
        .await;
    let page = browser.get(&draft).await;
    page.says("value=\"API.abcdefgh17\" checked");
    page.says("value=\"API.abcdefgh18\" checked");
    let answer = browser.fill(&draft, &[("dataset[]", "API.zzzzzzzzzz")], &[], "check").await;
    answer.says("沒有這個資料集");
    office.close().await;
}

/// Shows R50: 取消 and 刪除草稿, each with what will happen.
#[tokio::test]
async fn a_draft_is_thrown_away_after_asking() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    let draft = office.new_dataset(&mut browser).await;
    browser.fill(&draft, &[("name", "借閱")], &[], "save").await;
    let page = browser.get(&draft).await;
    page.says(&format!("{draft}/delete"));
    page.says("取消");
    let ask = browser.get(&format!("{draft}/delete")).await;
    ask.says("這個項目還沒有送審過");
    let version = hidden(&ask, "version");
    // Somebody saves meanwhile.
    browser.fill(&draft, &[("name", "借閱紀錄")], &[], "save").await;
    let answer = browser.post(&format!("{draft}/delete"), &[("version", &version)]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let ask = browser.get(&format!("{draft}/delete")).await;
    let version = hidden(&ask, "version");
    let answer = browser.post(&format!("{draft}/delete"), &[("version", &version)]).await;
    assert_eq!(answer.location(), format!("{ROOT}/datasets"));
    assert!(office.library_drafts().await.is_empty());
    // What was shown in another tab says what became of it.
    let answer = browser.post(&format!("{ROOT}/drafts/file"), &[("draft", "x")]).await;
    assert_eq!(answer.status, StatusCode::GONE);
    answer.says("這份草稿已經送出或刪除");
    office.close().await;
}

/// A form that cannot be filed now says why, and is not begun.
#[tokio::test]
async fn a_form_out_of_its_time_is_not_begun() {
    let office = Office::open().await;
    let mut browser = office.at_library().await;
    office.new_dataset(&mut browser).await;
    let item = office.library_drafts().await[0].item.unwrap();
    for (path, says) in [
        ("extension", "延長測試"),
        ("go-live", "申請上線"),
        ("pilot-report", "試辦完成"),
        ("change", "申請變更"),
    ] {
        let path = format!("{ROOT}/items/{item}/{path}");
        for answer in [browser.get(&path).await, browser.post(&path, &[]).await] {
            assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
            answer.says("目前不能填寫這份申請單");
            answer.says(says);
        }
    }
    assert_eq!(office.library_drafts().await.len(), 1);
    office.close().await;
}
