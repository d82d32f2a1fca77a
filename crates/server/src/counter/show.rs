//! `GET /counter`: what comes next for this clerk. Before a visit the number, then the code, then the data.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::Time;
use mydata_domain::counter::is_shared;
use mydata_domain::counter::visit::{Stage, Visit};
use mydata_domain::counter_service::Take;
use mydata_domain::delegate;
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::person::Person;
use mydata_store::repo::delegations;
use mydata_store::repo::transactions::Kept;
use mydata_wire::person::masked_name;

use super::desk::{ClerkForm, DOOR, Desk};
use super::stop::{Stop, no_step, stop};
use super::{PATH, number, take};
use crate::browser::Browser;
use crate::download::view::{Left, Names, case};
use crate::exchange::fault::Fault;
use crate::flow::counter;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, FormTarget, Policy, page};

/// The page that asks for the code.
#[derive(Template)]
#[template(path = "counter/code.html")]
pub struct CodePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// How long the code may be typed.
    pub left: Left,
    /// How often it may be typed wrongly.
    pub tries: u32,
    /// The code could not be sent.
    pub untold: bool,
    /// What is wrong with what was typed.
    pub fault: Option<String>,
    /// The form.
    pub submit: FormTarget,
    /// Begins again.
    pub end: FormTarget,
}

/// A dataset at the counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// Whether there is anything; else nothing was found.
    pub there: bool,
}

/// What a clerk sees of the data.
#[derive(Template)]
#[template(path = "counter/open.html")]
pub struct OpenPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The citizen, masked.
    pub citizen: String,
    /// Who goes in their place, masked.
    pub delegate: Option<String>,
    /// The counter service.
    pub service: String,
    /// The case.
    pub case: Option<String>,
    /// The datasets.
    pub lines: Vec<Line>,
    /// 預覽, where the case allows it.
    pub preview: Option<FormTarget>,
    /// How often it was looked at.
    pub previewed: u32,
    /// 取資料, where the case allows it.
    pub take: Option<&'static str>,
    /// How long the visit goes on.
    pub left: Left,
    /// Ends it.
    pub end: FormTarget,
}

/// `GET /counter`.
pub async fn show(desk: Desk) -> Response {
    let untold = query(&desk.visit.here).iter().any(|(name, _)| name == "untold");
    let answer = page_of(&desk, None, untold, StatusCode::OK).await;
    desk.visit.or_fault(answer)
}

/// The page of the visit's stage, with what is wrong with the code that was typed.
pub async fn page_of(
    desk: &Desk,
    fault: Option<String>,
    untold: bool,
    status: StatusCode,
) -> Result<Response, Fault> {
    let app = desk.app();
    if let Some(until) = desk.closed().await? {
        return Ok(stop(&desk.visit, Stop::Locked(until)));
    }
    let Some(visit) = counter::visit(app, desk.browser.expose(), desk.visit.from).await? else {
        // Whoever posts something has had a visit.
        return Ok(if status == StatusCode::OK {
            number::show(desk)
        } else {
            stop(&desk.visit, Stop::Ended)
        });
    };
    if visit.stage == Stage::Took {
        return Ok(page(status, &take::done(desk, &visit), &Policy::personal()));
    }
    let (kept, allowed) = match counter::look(app, &desk.catalogue, &visit).await {
        Ok(there) => there,
        Err(why) => {
            counter::end(app, desk.browser.expose()).await?;
            return no_step(desk, why).await;
        }
    };
    match &visit.stage {
        Stage::Asked { sent, .. } if app.now() >= sent.until => {
            counter::end(app, desk.browser.expose()).await?;
            Ok(stop(&desk.visit, Stop::CodeLate))
        }
        Stage::Asked { sent, .. } => {
            let view = asked(desk, sent.until, sent.left, untold, fault);
            Ok(page(status, &view, &Policy::personal()))
        }
        Stage::Open | Stage::Took => {
            Ok(page(status, &open(desk, &visit, &kept, allowed).await?, &Policy::personal()))
        }
    }
}

fn frame(desk: &Desk, title: &str) -> Frame {
    let mut frame = Frame::new(&desk.visit, Area::Elsewhere, desk.visit.prefs.lang.t(title));
    frame.chrome.here = PATH.to_owned();
    frame
}

fn asked(desk: &Desk, until: Time, tries: u32, untold: bool, fault: Option<String>) -> CodePage {
    let frame = frame(desk, "counter-code");
    CodePage {
        chrome: frame.chrome.clone(),
        left: Left::until(desk.visit.prefs.lang, desk.app().now(), until),
        frame,
        tries,
        untold,
        fault,
        submit: desk.form("/counter/code"),
        end: desk.form("/counter/end"),
    }
}

async fn open(desk: &Desk, visit: &Visit, kept: &Kept, allowed: Take) -> Result<OpenPage, Fault> {
    let (app, lang, t) = (desk.app(), desk.visit.prefs.lang, &kept.transaction);
    let names = Names { catalogue: &desk.catalogue, lang };
    let service = desk.catalogue.counter_services.get(&visit.service);
    let frame = frame(desk, "counter-open");
    let delegated = delegations::latest(&app.store.db, &app.store.crypter, t.id).await?;
    let delegated = delegated.filter(|one| one.state == delegate::State::Agreed);
    Ok(OpenPage {
        chrome: frame.chrome.clone(),
        frame,
        citizen: t.person().map(Person::masked_name).unwrap_or_default(),
        delegate: delegated.map(|one| masked_name(&one.delegate_name)),
        service: service.map(|s| lang.pick(&s.name, Some(&s.name_en)).to_owned()).unwrap_or_default(),
        case: case(&desk.catalogue, lang, t),
        lines: t
            .parts
            .iter()
            .map(|part| Line {
                id: part.resource_id.to_string(),
                name: names.name(&part.resource_id),
                provider: names.provider(&part.resource_id),
                there: matches!(part.state, PartState::Ready { blob: Some(_), .. }),
            })
            .collect(),
        preview: allowed.previews().then(|| desk.form("/counter/preview")),
        previewed: t.held().map_or(0, |held| held.previewed),
        take: (allowed.saves() && t.has_files()).then_some("/counter/take"),
        left: Left::until(lang, app.now(), visit.ends_at()),
        end: desk.form("/counter/end"),
    })
}

/// `POST /counter/end`: the clerk is done, or begins with another number. What this visit has taken is wiped: nobody else may fetch it.
pub async fn end(form: ClerkForm) -> Response {
    let answer = ended(&form.desk).await;
    form.desk.visit.or_fault(answer)
}

async fn ended(desk: &Desk) -> Result<Response, Fault> {
    let app = desk.app();
    let visit = counter::visit(app, desk.browser.expose(), desk.visit.from).await?;
    if let Some(visit) = visit.as_ref().filter(|visit| visit.stage == Stage::Took) {
        counter::received(app, visit.transaction).await?;
    }
    counter::end(app, desk.browser.expose()).await?;
    // The next number is typed by the same clerk.
    let shared = is_shared(&counter::services_at(&desk.catalogue, desk.visit.from));
    let service = visit.filter(|_| shared).map(|visit| visit.service);
    let to = service.map_or_else(|| PATH.to_owned(), |id| format!("{PATH}?{}={id}", number::SERVICE));
    let mut response = Redirect::to(&to).into_response();
    Browser::forget(&DOOR, app, &mut response);
    Ok(response)
}
