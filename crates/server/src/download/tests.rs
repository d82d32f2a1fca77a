//! Own downloads through their door, on both engines: the form, the pages of what came, the barcodes, and what is bad in
//! any of it.

mod kept;
mod open;
mod order;
mod pages;

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use axum::body::{Body, BodyDataStream, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, REFERER};
use http::{HeaderMap, Request, StatusCode};
use mydata_domain::registry::Registry;
use mydata_domain::transaction::own::Order;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Transaction, TransactionId};
use mydata_domain::{Policy, Zone};
use mydata_store::blobs::BlobId;
use mydata_store::repo::registry;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::testing::START;
use mydata_wire::{SystemRandom, Verification};
use tower::ServiceExt as _;

use crate::citizen::tests::{Browser, Portal, WANG};

/// Accepts NHI and better, and asks for a year.
const FIRST: &str = "API.Example001";
/// Accepts CER only.
const STRICT: &str = "API.Strict0001";

/// The example of the operators' book without its pilot, and beside its dataset others.
async fn registered(portal: &Portal, change: impl FnOnce(&mut Registry)) {
    let mut document: Registry =
        toml::from_str(include_str!("../../../../docs/operators/registry.example.toml")).unwrap();
    document.datasets[0].dataset.pilot = None;
    let mut strict = document.datasets[0].clone();
    strict.dataset.resource_id = STRICT.parse().unwrap();
    strict.dataset.name = "範例財產資料".to_owned();
    strict.dataset.name_en = "Example property".to_owned();
    strict.dataset.weakest_verification = Verification::Cer;
    strict.dataset.parameters.clear();
    document.datasets.push(strict);
    change(&mut document);
    let (document, crypter) = (&document, &portal.office.app.store.crypter);
    let apply = async |tx| registry::apply(&tx, crypter, document, START).await;
    portal.office.app.store.db.run_tx("test", apply).await.unwrap();
}

/// A package of these files; who signed it was looked at when it came.
fn package(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let stored =
            ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
        zip.start_file(*name, stored).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The household registration of Wang, as a DP sends it.
fn good() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("戶籍.json", "{\"姓名\":\"王小明\",\"地址\":\"虛構市示範路1號\"}".as_bytes().to_vec()),
        ("household.pdf", include_bytes!("../../../../docs/vectors/inputs/household.pdf").to_vec()),
        ("META-INFO/manifest.xml", b"<manifest/>".to_vec()),
    ]
}

/// A download of Wang's that is complete: one package for each dataset.
async fn held(portal: &Portal, packages: &[(&str, Vec<u8>)]) -> (TransactionId, Vec<BlobId>) {
    let app = &portal.office.app;
    let now = portal.office.now();
    let person = Person::new(&WANG.uid.parse().unwrap(), WANG.name.to_owned(), WANG.uid.to_owned());
    let resources = packages.iter().map(|(id, _)| id.parse().unwrap()).collect();
    let order = Order { zone: Zone::Test, resources, parameters: BTreeMap::new(), case: None };
    let policy = Policy::default();
    let mut t = Transaction::download(order, person, Verification::Cer, now, &policy, &SystemRandom);
    let mut blobs = Vec::new();
    for (part, (_, package)) in t.parts.iter_mut().zip(packages) {
        let mut blob = app.store.blobs.create();
        blob.write(package).await.unwrap();
        let info = blob.finish().await.unwrap();
        part.begin(now, policy.access_token_life.0, &SystemRandom);
        part.arrived(info.id.to_string(), info.len);
        blobs.push(info.id);
    }
    let inserted = app.store.db.run_tx("test", |tx| {
        let (app, mut t) = (app.clone(), t.clone());
        async move {
            transactions::insert(&tx, &app.store.crypter, &t, "").await?;
            let mut kept =
                transactions::load_for_update(&tx, &app.store.crypter, Which::Id(t.id)).await?.unwrap();
            t.settle(now, &Policy::default());
            kept.transaction = t.clone();
            kept.save(&tx, &app.store.crypter).await?;
            crate::jobs::Job::Expire { transaction: t.id }.enqueue(&tx, t.idle_until, now).await
        }
    });
    inserted.await.unwrap();
    (t.id, blobs)
}

/// An answer whose body may be anything.
struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Asks with the browser's cookies.
async fn raw(portal: &Portal, browser: &Browser<'_>, request: Request<Body>) -> Raw {
    let (parts, body) = answered(portal, browser, request).await.into_parts();
    Raw { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap() }
}

async fn answered(portal: &Portal, browser: &Browser<'_>, mut request: Request<Body>) -> Response {
    let pairs: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    request.headers_mut().insert(COOKIE, pairs.join("; ").parse().unwrap());
    request.extensions_mut().insert(ConnectInfo(browser.address));
    let router = crate::platform::router(portal.office.app.clone());
    router.oneshot(request).await.unwrap()
}

/// Posts, and gives what comes piece by piece.
async fn stream_of(portal: &Portal, browser: &Browser<'_>, path: &str) -> BodyDataStream {
    let response = answered(portal, browser, posting(browser, path)).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

async fn raw_get(portal: &Portal, browser: &Browser<'_>, path: &str) -> Raw {
    raw(portal, browser, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn raw_post(portal: &Portal, browser: &Browser<'_>, path: &str) -> Raw {
    raw(portal, browser, posting(browser, path)).await
}

fn posting(browser: &Browser<'_>, path: &str) -> Request<Body> {
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(REFERER, "https://mydata.example/downloads")
        .body(Body::from(format!("form_token={}", browser.token)));
    request.unwrap()
}
