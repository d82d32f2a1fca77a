//! Pages as their readers get them, whatever they are made of: the menu with its lists, every form, a dataset, cookies.

use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_store::Engine;

use super::{Browser, Office};
use crate::backoffice::gallery::check;
use crate::backoffice::routes::table;
use crate::backoffice::rule::Rule;
use crate::web::Lang;

/// All cookies of the platform: sessions (of the back office, of an exchange, of a login elsewhere), a sentence for the next
/// page, and what a reader chose. None counts or follows anybody.
pub(super) fn is_known_cookie(name: &str) -> bool {
    let plain = name.trim_start_matches("__Host-").trim_start_matches("__Secure-");
    plain.starts_with("mydata_") || ["lang", "textsize"].contains(&plain)
}

/// Whom the pages are shown to.
const READERS: [Role; 4] = [Role::Applicant, Role::Operator, Role::Ministry, Role::Administrator];

async fn reader<'o>(office: &'o Office, role: Role, lang: Lang) -> Browser<'o> {
    let name = format!("{role}-{}", lang.tag().to_lowercase());
    let organisation = role.needs_organisation().then_some("library");
    let account = office.account(&name, role, organisation).await;
    let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
    browser.exchange = Some(format!("lang={}", lang.tag()));
    browser
}

/// Every page without an id in its address, for every role, in both languages: forms of maintenance, deputies, accounts and
/// changes as well as lists. None names a text that is not written.
#[tokio::test]
async fn every_page_is_well_made_for_everybody() {
    let office = Office::open().await;
    let routes = table();
    let about = ["", "?organisation=library", "?window=new"];
    let mut seen = 0;
    for lang in Lang::ALL {
        for role in READERS {
            let mut browser = reader(&office, role, lang).await;
            let pages = routes.iter().filter(|r| {
                r.method == Method::GET
                    && matches!(r.rule, Rule::SignedIn | Rule::Roles(_))
                    && !r.path.contains('{')
            });
            for route in pages {
                for query in about {
                    let path = format!("{}{query}", route.path);
                    let answer = browser.get(&path).await;
                    let html = answer
                        .headers
                        .get("content-type")
                        .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
                    if answer.status != StatusCode::OK || !html {
                        assert!(!answer.status.is_server_error(), "{path} for {role}");
                        continue;
                    }
                    check::page(&format!("{path} for {role} in {lang}"), lang, &answer.body);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 150, "{seen} pages");
    office.close().await;
}

/// The menu has the groups of the manual, and every line leads to its list. Shows R88.
#[tokio::test]
async fn every_line_of_the_menu_leads_to_its_list() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let lists = [
            (Role::Applicant, "/organisation", "機關單位管理", "示範圖書館"),
            (Role::Applicant, "/services", "服務列表", "新增服務"),
            (Role::Applicant, "/services/failing", "異常管理", "目前沒有異常的服務"),
            (Role::Applicant, "/datasets", "資料集列表", "新增資料集"),
            (Role::Applicant, "/datasets/failing", "異常管理", "目前沒有異常的資料集"),
            (Role::Operator, "/reviews", "審核", "申請"),
            (Role::Applicant, "/all-services", "所有服務列表", "還沒有"),
            (Role::Applicant, "/all-datasets", "所有資料集列表", "還沒有"),
            (Role::Ministry, "/statistics", "統計數據", "統計"),
            (Role::Ministry, "/system", "系統管理", "維護"),
        ];
        for (number, (role, below, label, says)) in lists.into_iter().enumerate() {
            let name = format!("reader-{number}");
            let account = office.account(&name, role, role.needs_organisation().then_some("library")).await;
            let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
            let href = format!("/mydata-backend{below}");
            let home = browser.get("/mydata-backend").await;
            let menu = home.body.split("<nav").find(|nav| nav.contains(&format!("href=\"{href}\""))).unwrap();
            assert!(menu.contains(label), "{label} for {role}");
            home.says("登出");
            let list = browser.get(&href).await;
            assert_eq!(list.status, StatusCode::OK, "{href} for {role}");
            list.says(says);
            list.says("aria-current=\"page\"");
        }
        // 登出 ends the session.
        let account = office.account("leaving", Role::Applicant, Some("library")).await;
        let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
        browser.get("/mydata-backend").await;
        browser.post("/mydata-backend/signout", &[]).await;
        assert_eq!(browser.get("/mydata-backend/datasets").await.status, StatusCode::SEE_OTHER);
        office.close().await;
    }
}

/// Shows R93.
#[tokio::test]
async fn the_page_of_a_dataset_says_what_it_is() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let fields = "fields = [\"書名\", \"借閱日\"]\nfields_en = [\"Title\", \"Lent on\"]";
        office.apply(&super::flow::pilot::document("", fields)).await;
        // Of another organisation: everybody may know.
        let account = office.account("museum.one", Role::Applicant, Some("museum")).await;
        let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
        let list = browser.get("/mydata-backend/all-datasets").await;
        let href =
            list.body.split("href=\"").find(|rest| rest.contains("resource_id=API.Kr1C3b1ijJ")).unwrap();
        let page = browser.get(href.split('"').next().unwrap()).await;
        for says in
            ["API.Kr1C3b1ijJ", "示範借閱紀錄", "健保卡", "示範圖書館", "書名、借閱日", "需要的身分驗證"]
        {
            page.says(says);
        }
        assert!(!page.body.contains("lxLRIhDcR59kp2SG") && !page.body.contains("127.0.0.1:9"));
        office.close().await;
    }
}

/// A browser that keeps session cookies only does everything, and is offered no others: no page sets a cookie by being
/// read, but the back office and an exchange, which set their session. What a reader chooses is kept only once chosen.
/// Every other test of the back office is run by such a browser. Shows R19.
#[tokio::test]
async fn cookies_carry_sessions_and_choices_only() {
    let office = Office::open().await;
    office.apply(&super::flow::pilot::document("", "")).await;
    for path in [
        "/",
        "/services",
        "/datasets",
        "/counter-services",
        "/search?q=x",
        "/sitemap",
        "/policies/privacy",
        "/policies/terms",
        "/about",
    ] {
        let mut browser = office.browser();
        let answer = browser.get(path).await;
        assert!(answer.headers.get(SET_COOKIE).is_none(), "{path} sets a cookie");
    }
    let names = |headers: &http::HeaderMap| -> Vec<String> {
        let all = headers.get_all(SET_COOKIE).iter();
        all.map(|cookie| cookie.to_str().unwrap().split('=').next().unwrap().to_owned()).collect()
    };
    let mut browser = office.browser();
    let sign_in = browser.get("/mydata-backend/signin").await;
    assert_eq!(names(&sign_in.headers), ["__Host-mydata_backend"]);
    let entered = office.entry("192.0.2.1:1000", 1, &"demoBankSecret16".parse().unwrap()).await;
    let [exchange] = names(&entered.headers).try_into().unwrap();
    assert!(exchange.starts_with("__Host-mydata_"), "{exchange}");
    let chosen = browser.post_with("/preferences", &[("lang", "en"), ("back", "/")], None).await;
    assert_eq!(names(&chosen.headers), ["lang"], "{}", chosen.status);

    // Without the cookie the language of the browser's settings holds.
    let mut refusing = office.browser();
    let request =
        axum::http::Request::get("/").header("accept-language", "en").body(axum::body::Body::empty());
    refusing.send(request.unwrap()).await.says("<html lang=\"en\"");
    // And the back office is used from sign-in to a filed choice with the session's cookie alone.
    office.account("jenny", Role::Applicant, Some("library")).await;
    let mut jenny = office.browser();
    assert_eq!(jenny.sign_in("jenny", super::PASSWORD).await.status, StatusCode::SEE_OTHER);
    assert!(
        jenny.exchange.is_none()
            || jenny.exchange.as_ref().is_some_and(|c| is_known_cookie(c.split('=').next().unwrap()))
    );
    jenny.exchange = None;
    for path in [
        "/mydata-backend",
        "/mydata-backend/datasets",
        "/mydata-backend/services",
        "/mydata-backend/organisation/change",
    ] {
        assert_eq!(jenny.get(path).await.status, StatusCode::OK, "{path}");
    }
    office.close().await;
}
