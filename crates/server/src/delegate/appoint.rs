//! The citizen's side: naming a delegate by personal id and name, seeing how far it is, ending it. What is shown does not tell whether
//! the platform knows anybody by that id.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::delegate::{Act, Delegation, State};
use mydata_domain::transaction::TransactionId;
use mydata_domain::transaction::person::Person;
use mydata_store::repo::delegations;
use mydata_wire::PersonalId;
use mydata_wire::person::masked_name;

use crate::backoffice::posted::Posted;
use crate::citizen::form::CitizenForm;
use crate::citizen::session::Citizen;
use crate::download::view::{case, own, path};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::delegate::{self, NoStep};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, page};

/// Longest name.
const MAX_NAME: usize = 100;

/// A field of the form: what was typed, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "delegate/appoint.html")]
pub struct AppointPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// For which case.
    pub case: String,
    /// Whom the citizen asked last, masked, and how far that is.
    pub now: Option<(String, String)>,
    /// Ends it, while it goes on.
    pub end: Option<FormTarget>,
    /// Names somebody, while nobody is asked.
    pub submit: Option<FormTarget>,
    /// The personal id.
    pub uid: Typed,
    /// The name.
    pub name: Typed,
    /// What else is wrong.
    pub fault: Option<String>,
    /// Back to the download.
    pub back: String,
}

/// Where.
fn here(id: TransactionId) -> String {
    path(id, "/delegate")
}

/// `GET /downloads/{id}/delegate`.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let kept = citizen.kept_form(&visit.app, &visit.here, &format!("/downloads/{id}/delegate")).await?;
    let typed = |name: &str| Typed {
        value: kept.as_ref().map(|form| form.text(name).to_owned()).unwrap_or_default(),
        fault: None,
    };
    view(visit, citizen, id, (typed("uid"), typed("name")), None, StatusCode::OK).await
}

async fn view(
    visit: &Visit,
    citizen: &Citizen,
    id: &str,
    (uid, name): (Typed, Typed),
    fault: Option<String>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let kept = own(visit, id, &citizen.index).await?;
    let t = &kept.transaction;
    let catalogue = app.catalogue().await?;
    let open = t.held().is_some_and(|held| held.is_open(app.now()));
    if !open || !delegate::allows(&catalogue, t) {
        return Ok(Redirect::to(&path(t.id, "")).into_response());
    }
    let latest = delegations::latest(&app.store.db, &app.store.crypter, t.id).await?;
    let lives = latest.as_ref().is_some_and(|one| one.lives(app.now()));
    let said = |one: &Delegation| {
        lang.t(match one.state {
            State::Asked => "delegate-state.asked",
            State::Agreed => "delegate-state.agreed",
            State::Declined => "delegate-state.declined",
            State::Ended => "delegate-state.ended",
        })
    };
    let mut frame = Frame::new(visit, Area::Elsewhere, lang.t("delegate"))
        .below(lang.t("own-downloads"), "/downloads")
        .below(lang.t("download-one.ready"), &path(t.id, ""));
    frame.chrome.here = here(t.id);
    let view = AppointPage {
        chrome: frame.chrome.clone(),
        frame,
        case: case(&catalogue, lang, t).unwrap_or_default(),
        now: latest.as_ref().map(|one| (masked_name(&one.delegate_name), said(one))),
        end: lives.then(|| citizen.form(app, path(t.id, "/delegate/end"))),
        submit: (!lives).then(|| citizen.form(app, here(t.id))),
        uid,
        name,
        fault,
        back: path(t.id, ""),
    };
    Ok(page(status, &view, &Policy::personal()))
}

/// `POST /downloads/{id}/delegate`.
pub async fn submit(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = submitted(&visit, &id, &form.citizen, &form.posted).await;
    visit.or_fault(answer)
}

async fn submitted(visit: &Visit, id: &str, citizen: &Citizen, posted: &Posted) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let typed = |name: &str| Typed { value: posted.text(name).chars().take(MAX_NAME).collect(), fault: None };
    let (mut uid, mut name) = (typed("uid"), typed("name"));
    let parsed = uid.value.to_ascii_uppercase().parse::<PersonalId>();
    match &parsed {
        Err(_) => uid.fault = Some(lang.t("delegate-uid.wrong")),
        Ok(parsed) if *parsed == citizen.person.uid() => uid.fault = Some(lang.t("delegate-uid.own")),
        Ok(_) => {}
    }
    if name.value.is_empty() {
        name.fault = Some(lang.t("delegate-name.missing"));
    }
    let mend = StatusCode::UNPROCESSABLE_ENTITY;
    let Ok(parsed) = parsed else { return view(visit, citizen, id, (uid, name), None, mend).await };
    if uid.fault.is_some() || name.fault.is_some() {
        return view(visit, citizen, id, (uid, name), None, mend).await;
    }
    let kept = own(visit, id, &citizen.index).await?;
    let catalogue = app.catalogue().await?;
    let delegate = Person::new(&parsed, name.value.clone(), String::new());
    let of = (kept.transaction.id, citizen.index.as_str());
    match delegate::appoint(app, &catalogue, of, &delegate, visit.from).await {
        Ok(()) | Err(NoStep::GoesOn) => Ok(Redirect::to(&here(kept.transaction.id)).into_response()),
        Err(NoStep::NotNow) => Ok(Redirect::to(&path(kept.transaction.id, "")).into_response()),
        Err(NoStep::TooMany) => {
            view(visit, citizen, id, (uid, name), Some(lang.t("delegate-too-many")), mend).await
        }
        Err(NoStep::Unknown) => Err(Fault::NotFound),
        Err(NoStep::Flow(error)) => Err(error.into()),
    }
}

/// `POST /downloads/{id}/delegate/end`.
pub async fn end(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = ended(&visit, &id, &form.citizen).await;
    visit.or_fault(answer)
}

async fn ended(visit: &Visit, id: &str, citizen: &Citizen) -> Result<Response, Fault> {
    let app = &visit.app;
    let kept = own(visit, id, &citizen.index).await?;
    let id = kept.transaction.id;
    let catalogue = app.catalogue().await?;
    if let Some(one) = delegations::latest(&app.store.db, &app.store.crypter, id).await? {
        let who = (citizen.index.as_str(), citizen.person.name.as_str());
        match delegate::act(app, &catalogue, one.id, who, Act::End, visit.from).await {
            // Pressed twice, or over meanwhile: the page says how far it is.
            Ok(()) | Err(NoStep::NotNow | NoStep::GoesOn | NoStep::TooMany) => {}
            Err(NoStep::Unknown) => return Err(Fault::NotFound),
            Err(NoStep::Flow(error)) => return Err(error.into()),
        }
    }
    Ok(Redirect::to(&here(id)).into_response())
}
