//! 取資料 at a counter (R82): once. The clerk gets the file that the citizen would save (轉存): one zip that opens with the citizen's
//! personal id, with each dataset's files and what proves their origin. So what lies on the clerk's machine is unreadable to
//! whoever does not handle the case, and the organisation can check whose data it is.
//!
//! From the moment of taking the data is this visit's alone. A line that breaks does not lose it: the same clerk may fetch
//! it again for ten minutes. It is wiped when the clerk says that it is there (已取得), or when these are over: what was sent has
//! not arrived yet, and only the clerk sees whether it did.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::counter::visit::{Stage, Visit};
use mydata_domain::transaction::own::TAKING;
use mydata_domain::transaction::person::Person;

use super::PATH;
use super::desk::{ClerkForm, Desk};
use super::stop::{Stop, no_step, stop};
use crate::download::save::to_clerk;
use crate::download::view::Names;
use crate::exchange::fault::Fault;
use crate::flow::counter;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, page};

/// The question.
#[derive(Template)]
#[template(path = "counter/take.html")]
pub struct TakePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Whose data, masked; nothing once it was taken.
    pub citizen: Option<String>,
    /// The names of the datasets.
    pub names: String,
    /// Minutes in which it may be fetched again.
    pub minutes: u64,
    /// The answer yes.
    pub submit: FormTarget,
    /// The answer no; nothing once it was taken.
    pub back: Option<&'static str>,
    /// Ends the visit.
    pub end: FormTarget,
}

fn view(desk: &Desk, title: &str, citizen: Option<String>, names: String) -> TakePage {
    let lang = desk.visit.prefs.lang;
    let mut frame = Frame::new(&desk.visit, Area::Elsewhere, lang.t(title));
    frame.chrome.here = PATH.to_owned();
    TakePage {
        chrome: frame.chrome.clone(),
        frame,
        back: citizen.is_some().then_some(PATH),
        citizen,
        names,
        minutes: TAKING.as_secs() / 60,
        submit: desk.form("/counter/take"),
        end: desk.form("/counter/end"),
    }
}

/// The page of a visit that has taken the data.
pub fn done(desk: &Desk, _: &Visit) -> TakePage {
    view(desk, "counter-took", None, String::new())
}

/// `GET /counter/take`.
pub async fn ask(desk: Desk) -> Response {
    let answer = asked(&desk).await;
    desk.visit.or_fault(answer)
}

async fn asked(desk: &Desk) -> Result<Response, Fault> {
    let app = desk.app();
    let visit = counter::visit(app, desk.browser.expose(), desk.visit.from).await?;
    let Some(visit) = visit else { return Ok(stop(&desk.visit, Stop::Ended)) };
    if visit.stage == Stage::Took {
        return Ok(page(StatusCode::OK, &done(desk, &visit), &Policy::personal()));
    }
    if visit.stage != Stage::Open {
        return Ok(stop(&desk.visit, Stop::Ended));
    }
    let (kept, allowed) = match counter::look(app, &desk.catalogue, &visit).await {
        Ok(there) => there,
        Err(why) => return no_step(desk, why).await,
    };
    if !allowed.saves() {
        return Ok(stop(&desk.visit, Stop::NotAllowed));
    }
    let names = Names { catalogue: &desk.catalogue, lang: desk.visit.prefs.lang }.of(&kept.transaction.parts);
    let citizen = kept.transaction.person().map(Person::masked_name).unwrap_or_default();
    let view = view(desk, "counter-take", Some(citizen), names);
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

/// `POST /counter/take`.
pub async fn submit(form: ClerkForm) -> Response {
    let answer = submitted(&form.desk).await;
    form.desk.visit.or_fault(answer)
}

async fn submitted(desk: &Desk) -> Result<Response, Fault> {
    let app = desk.app();
    let taken = counter::take(app, &desk.catalogue, desk.browser.expose(), desk.visit.from).await;
    let kept = match taken {
        Ok(kept) => kept,
        Err(why) => return no_step(desk, why).await,
    };
    let names = Names { catalogue: &desk.catalogue, lang: desk.visit.prefs.lang };
    Ok(to_clerk(app, &kept.transaction, names).await?)
}
