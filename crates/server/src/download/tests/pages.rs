//! Every page of own downloads in both languages, as whole pages.

use axum::body::Body;
use http::Request;
use http::header::ACCEPT_LANGUAGE;
use mydata_store::Engine;

use super::{FIRST, STRICT, good, held, package, registered};
use crate::backoffice::gallery::check;
use crate::citizen::tests::{Portal, WANG};
use crate::web::Lang;

/// With `MYDATA_PAGES_OUT` naming a folder the pages are written there.
#[tokio::test]
async fn every_page_is_whole_in_both_languages() {
    let portal = &Portal::open_on(Engine::Sqlite).await;
    registered(portal, |_| ()).await;
    let mut browser = portal.browser();
    browser.log_in(&WANG).await;
    let (ready, _) = held(portal, &[(FIRST, package(&good())), (STRICT, package(&good()))]).await;
    let (without, _) = held(portal, &[(STRICT, package(&good()))]).await;
    let (over, _) = held(portal, &[(FIRST, package(&good()))]).await;
    browser.get("/barcodes").await;
    browser.post(&format!("/barcodes/{ready}"), &[]).await;
    browser.get("/downloads").await;
    browser.post(&format!("/downloads/{over}/withdraw"), &[]).await;
    browser.get("/download?dataset=API.Example001").await;
    let fields = [("dataset", FIRST), ("terms", "yes"), ("p.API.Example001.INQ_YR", "113")];
    let running = browser.post("/download", &fields).await.location().to_owned();
    let out = std::env::var_os("MYDATA_PAGES_OUT");
    for lang in Lang::ALL {
        for (name, path) in [
            ("download-pick", "/download".to_owned()),
            ("download-pick-none", "/download?go=1".to_owned()),
            ("download-order", format!("/download?dataset={FIRST}")),
            ("download-order-two", format!("/download?dataset={FIRST}&dataset={STRICT}")),
            ("download-list", "/downloads".to_owned()),
            ("download-running", running.clone()),
            ("download-ready", format!("/downloads/{ready}")),
            ("download-over", format!("/downloads/{over}")),
            ("download-preview", format!("/downloads/{ready}/preview/{FIRST}")),
            ("download-withdraw", format!("/downloads/{without}/withdraw")),
            ("download-barcodes", "/barcodes".to_owned()),
        ] {
            let request =
                Request::get(&path).header(ACCEPT_LANGUAGE, lang.tag()).body(Body::empty()).unwrap();
            let page = browser.send(request).await;
            check::page(&format!("{name} in {lang}"), lang, &page.body);
            if let Some(out) = &out {
                let folder = std::path::Path::new(out).join("download").join(lang.tag());
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(format!("{name}.html")), &page.body).unwrap();
            }
        }
    }
}
