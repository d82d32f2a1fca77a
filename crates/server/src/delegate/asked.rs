//! `/delegations`: what somebody was asked to do for others, and the numbers that they hold for them.

use askama::Template;
use askama::filters::Safe;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::delegate::{Act, Delegation, DelegationId, State};
use mydata_store::repo::delegations;
use mydata_store::repo::transactions::Which;
use mydata_wire::person::masked_name;

use crate::backoffice::qr;
use crate::citizen::form::CitizenForm;
use crate::citizen::session::Citizen;
use crate::download::view::{Left, Names, case};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::delegate::{self, NoStep};
use crate::flow::look;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, code128, i18n, page};

/// Where.
pub const PATH: &str = "/delegations";
/// Most that are shown: each is one download that is held by somebody else.
const MOST: u32 = 8;

/// One that was asked.
pub struct Line {
    /// Who asks, masked.
    pub citizen: String,
    /// For which case.
    pub case: String,
    /// The datasets.
    pub names: String,
    /// How long the data is there.
    pub left: Left,
    /// Agreed; else it is still to be decided.
    pub agreed: bool,
    /// Agrees, or makes a number.
    pub yes: FormTarget,
    /// Declines, or ends it.
    pub no: FormTarget,
    /// The number, its bars and its QR code, and how long it lives.
    pub code: Option<(String, Safe<String>, Safe<String>, Left)>,
}

/// The page.
#[derive(Template)]
#[template(path = "delegate/asked.html")]
pub struct AskedPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What was asked.
    pub lines: Vec<Line>,
}

/// `GET /delegations`.
pub async fn show(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let all = delegations::asked_of(db, crypter, &citizen.index, app.now(), MOST).await?;
    let mut lines = Vec::new();
    // The name that was named with the id must be theirs: else somebody else was meant.
    for one in all.iter().filter(|one| one.names(&citizen.index, &citizen.person.name)) {
        lines.extend(line(visit, citizen, one).await?);
    }
    let mut frame = Frame::new(visit, Area::Elsewhere, lang.t("delegations"));
    frame.chrome.here = PATH.to_owned();
    let view = AskedPage { chrome: frame.chrome.clone(), frame, lines };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

async fn line(visit: &Visit, citizen: &Citizen, one: &Delegation) -> Result<Option<Line>, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let Some(kept) = look(app, Which::Id(one.transaction)).await? else { return Ok(None) };
    let catalogue = app.catalogue().await?;
    let t = &kept.transaction;
    let Some(held) = t.held().filter(|held| held.is_open(app.now())) else { return Ok(None) };
    let agreed = one.state == State::Agreed;
    let barcode = held.barcode_at(app.now()).filter(|b| agreed && b.holder == citizen.index);
    let code = barcode.and_then(|barcode| {
        let number = barcode.number.grouped();
        let label = |key| i18n::t(lang, key, &[("number", number.as_str().into())]);
        let bars = code128::svg(barcode.number.as_str(), &label("barcode-bars"))?;
        let qr = qr::svg(barcode.number.as_str(), &label("barcode-qr"))?;
        Some((number, bars, qr, Left::until(lang, app.now(), barcode.ends_at)))
    });
    let form = |act: &str| citizen.form(app, format!("{PATH}/{}/{act}", one.id));
    Ok(Some(Line {
        citizen: masked_name(&one.citizen_name),
        case: case(&catalogue, lang, t).unwrap_or_default(),
        names: Names { catalogue: &catalogue, lang }.of(&t.parts),
        left: Left::until(lang, app.now(), held.expires_at),
        agreed,
        yes: form(if agreed { "number" } else { "agree" }),
        no: form(if agreed { "end" } else { "decline" }),
        code,
    }))
}

/// `POST /delegations/{id}/{act}`: `agree`, `decline`, `end`, `number`.
pub async fn act(visit: Visit, Path((id, act)): Path<(String, String)>, form: CitizenForm) -> Response {
    let answer = acted(&visit, &form.citizen, &id, &act).await;
    visit.or_fault(answer)
}

async fn acted(visit: &Visit, citizen: &Citizen, id: &str, act: &str) -> Result<Response, Fault> {
    let app = &visit.app;
    let id: DelegationId = id.parse().map_err(|_| Fault::NotFound)?;
    let who = (citizen.index.as_str(), citizen.person.name.as_str());
    let act = match act {
        "agree" => Some(Act::Agree),
        "decline" => Some(Act::Decline),
        "end" => Some(Act::End),
        "number" => None,
        _ => return Err(Fault::NotFound),
    };
    let done = match act {
        Some(act) => delegate::act(app, &*app.catalogue().await?, id, who, act, visit.from).await,
        None => delegate::renew(app, id, who, visit.from).await,
    };
    match done {
        // Pressed twice, or ended meanwhile: the page says how far it is.
        Ok(()) | Err(NoStep::NotNow | NoStep::GoesOn | NoStep::TooMany) => {
            Ok(Redirect::to(PATH).into_response())
        }
        Err(NoStep::Unknown) => Err(Fault::NotFound),
        Err(NoStep::Flow(error)) => Err(error.into()),
    }
}
