//! `/barcodes`, 資料條碼區 (R80): the numbers by which a clerk gets what is held; as bars, as a QR code and in large type. A number is made
//! when the citizen asks for it, lives 20 minutes, and dies when another is made.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_store::repo::downloads;
use mydata_store::repo::transactions::Kept;

use super::view::{Left, Names, Stage, case, held_until, own, path};
use crate::backoffice::qr;
use crate::citizen::form::CitizenForm;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::download::NoNumber;
use crate::flow::{FlowError, download};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, code128, i18n, page};

/// Where.
pub const PATH: &str = "/barcodes";
/// Most downloads that are shown; nobody may have so many at a time.
const MOST: u32 = 50;

/// A number that lives.
#[derive(Debug, Clone)]
pub struct Code {
    /// In groups of four.
    pub number: String,
    /// As bars.
    pub bars: String,
    /// As a QR code.
    pub qr: String,
    /// How long it lives.
    pub left: Left,
}

/// A download that may be handed over.
#[derive(Debug, Clone)]
pub struct Held {
    /// The name of its place on the page.
    pub anchor: String,
    /// The names of its datasets.
    pub names: String,
    /// For which case.
    pub case: Option<String>,
    /// Its page.
    pub href: String,
    /// How long it is there.
    pub left: Left,
    /// Its number.
    pub code: Option<Code>,
    /// Makes a number.
    pub renew: FormTarget,
}

/// 資料條碼區.
#[derive(Template)]
#[template(path = "download/barcodes.html")]
pub struct BarcodesPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is held.
    pub held: Vec<Held>,
    /// Minutes that a number lives.
    pub minutes: u64,
}

/// `GET /barcodes`.
pub async fn show(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let kept = downloads::held(&app.store.db, &app.store.crypter, &citizen.index, MOST).await?;
    let catalogue = app.catalogue().await?;
    let names = Names { catalogue: &catalogue, lang };
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("own-barcodes"));
    let mut view = BarcodesPage {
        chrome: frame.chrome.clone(),
        frame,
        held: kept.iter().filter_map(|kept| held(visit, citizen, names, kept)).collect(),
        minutes: app.config.policy.barcode_life.0.as_secs().div_ceil(60),
    };
    view.chrome.here = PATH.to_owned();
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

fn held(visit: &Visit, citizen: &Citizen, names: Names<'_>, kept: &Kept) -> Option<Held> {
    let (app, lang, t) = (&visit.app, names.lang, &kept.transaction);
    let held = t.held().filter(|_| Stage::of(t, app.now()) == Stage::Ready)?;
    // A delegate's number is the delegate's to show.
    let barcode = held.barcode_at(app.now()).filter(|barcode| barcode.holder == citizen.index);
    let code = barcode.and_then(|barcode| {
        let number = barcode.number.grouped();
        let label = |key| i18n::t(lang, key, &[("number", number.as_str().into())]);
        Some(Code {
            bars: code128::svg(barcode.number.as_str(), &label("barcode-bars"))?.0,
            qr: qr::svg(barcode.number.as_str(), &label("barcode-qr"))?.0,
            left: Left::until(lang, app.now(), barcode.ends_at),
            number,
        })
    });
    Some(Held {
        anchor: anchor(t.id),
        names: names.of(&t.parts),
        case: case(names.catalogue, lang, t),
        href: path(t.id, ""),
        left: held_until(app, lang, held),
        code,
        renew: citizen.form(app, format!("{PATH}/{}", t.id)),
    })
}

fn anchor(id: mydata_domain::transaction::TransactionId) -> String {
    format!("code-{id}")
}

/// `POST /barcodes/{id}`: a new number.
pub async fn renew(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = renewed(&visit, &id, &form).await;
    visit.or_fault(answer)
}

async fn renewed(visit: &Visit, id: &str, form: &CitizenForm) -> Result<Response, Fault> {
    let index = &form.citizen.index;
    let id = own(visit, id, index).await?.transaction.id;
    match download::renew(&visit.app, id, index, visit.from).await {
        Ok(()) => Ok(Redirect::to(&format!("{PATH}#{}", anchor(id))).into_response()),
        // Not complete yet, taken, withdrawn or over: the download's page says so.
        Err(NoNumber::Flow(FlowError::Stage(_))) => Ok(Redirect::to(&path(id, "")).into_response()),
        // The page where it is ended.
        Err(NoNumber::Delegated) => Ok(Redirect::to(&path(id, "/delegate")).into_response()),
        Err(NoNumber::Flow(error)) => Err(error.into()),
    }
}
