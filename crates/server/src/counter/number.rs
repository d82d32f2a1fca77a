//! The number, and the captcha that makes guessing dear.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::barcode::BadBarcodeNumber;
use mydata_domain::counter::{is_shared, working_for};
use mydata_domain::counter_service::CounterService;

use super::PATH;
use super::desk::{ClerkForm, DOOR, Desk};
use super::stop::{Stop, stop};
use crate::browser::Browser;
use crate::captcha::part::CaptchaPart;
use crate::captcha::{Refused, outside};
use crate::exchange::fault::Fault;
use crate::flow::counter::{self, Numbered, Typed};
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, FormTarget, Policy, i18n, page};

/// The field in which a clerk says for which counter service.
pub const SERVICE: &str = "service";

/// The page.
#[derive(Template)]
#[template(path = "counter/number.html")]
pub struct NumberPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The counter services to choose from, at an address of several organisations: id, name.
    pub services: Vec<(String, String)>,
    /// The one that was chosen.
    pub chosen: String,
    /// What is wrong with that.
    pub service_fault: Option<String>,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// Whether the captcha was answered wrongly.
    pub captcha_fault: bool,
    /// The captcha.
    pub captcha: CaptchaPart,
    /// The form.
    pub submit: FormTarget,
}

impl NumberPage {
    fn mends(&self) -> usize {
        let faults = [self.service_fault.is_some(), self.fault.is_some(), self.captcha_fault];
        faults.into_iter().filter(|wrong| *wrong).count()
    }
}

/// What stands in the form, and what is wrong with it.
#[derive(Default)]
struct Filled<'f> {
    service: &'f str,
    number: &'f str,
    service_fault: Option<String>,
    fault: Option<String>,
    captcha: Option<String>,
}

/// What a clerk chooses from where the address does not say whose clerk it is.
fn choices(desk: &Desk) -> Vec<(String, String)> {
    let lang = desk.visit.prefs.lang;
    let here = counter::services_at(&desk.catalogue, desk.visit.from);
    if !is_shared(&here) {
        return Vec::new();
    }
    let name = |service: &&CounterService| {
        let organisation = desk.catalogue.organisation(service.organisation.as_str());
        let whose = organisation.map(|o| lang.pick(&o.name, Some(&o.name_en))).unwrap_or_default();
        let what = lang.pick(&service.name, Some(&service.name_en));
        (service.id.to_string(), format!("{whose}{}{what}", lang.colon()))
    };
    let mut all: Vec<_> = here.iter().filter(|service| service.is_listed()).map(name).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

fn view(desk: &Desk, filled: Filled<'_>) -> NumberPage {
    let (app, lang) = (desk.app(), desk.visit.prefs.lang);
    let Filled { service, number, service_fault, fault, captcha } = filled;
    let mut frame = Frame::new(&desk.visit, Area::Elsewhere, lang.t("counter"));
    frame.chrome.here = PATH.to_owned();
    NumberPage {
        chrome: frame.chrome.clone(),
        frame,
        services: choices(desk),
        chosen: service.to_owned(),
        service_fault,
        typed: number.chars().take(40).collect(),
        fault,
        captcha_fault: captcha.is_some(),
        captcha: CaptchaPart::new(lang, &app.store.crypter, &*app.random, app.now())
            .outside(app.captcha.as_ref())
            .fault(captcha),
        submit: desk.form("/counter/number"),
    }
}

fn drawn(desk: &Desk, status: StatusCode, filled: Filled<'_>) -> Response {
    let mut response = page(status, &view(desk, filled), &Policy::personal());
    if let Some(outside) = &desk.app().captcha {
        outside.let_in(response.headers_mut());
    }
    response
}

/// The page with nothing typed.
pub fn show(desk: &Desk) -> Response {
    // Whoever was here before works for the same organisation now.
    let pairs = query(&desk.visit.here);
    let service = pairs.iter().find(|(name, _)| name == SERVICE).map(|(_, id)| id.as_str());
    let filled = Filled { service: service.unwrap_or_default(), ..Filled::default() };
    let mut response = drawn(desk, StatusCode::OK, filled);
    if desk.browser.is_new {
        desk.browser.remember(desk.app(), &mut response);
    }
    response
}

/// `POST /counter/number`.
pub async fn submit(form: ClerkForm) -> Response {
    let answer = submitted(&form).await;
    form.desk.visit.or_fault(answer)
}

async fn submitted(form: &ClerkForm) -> Result<Response, Fault> {
    let ClerkForm { desk, posted } = form;
    let (app, lang) = (desk.app(), desk.visit.prefs.lang);
    if let Some(until) = desk.closed().await? {
        return Ok(stop(&desk.visit, Stop::Locked(until)));
    }
    let filled =
        || Filled { service: posted.text(SERVICE), number: posted.text("number"), ..Filled::default() };
    let mend = |filled| drawn(desk, StatusCode::UNPROCESSABLE_ENTITY, filled);
    let here = counter::services_at(&desk.catalogue, desk.visit.from);
    let service = posted.text(SERVICE).parse().ok();
    let unchosen = || Filled { service_fault: Some(lang.t("counter-which.missing")), ..filled() };
    if working_for(here, service).is_none() {
        return Ok(mend(unchosen()));
    }
    let number = match posted.text("number").parse() {
        Ok(number) => number,
        // What cannot be a number is no guess, and costs no captcha.
        Err(bad) => {
            let words = match bad {
                BadBarcodeNumber::Length(0) => lang.t("counter-number.missing"),
                BadBarcodeNumber::Length(len) => {
                    i18n::t(lang, "counter-number.length", &[("count", len.into())])
                }
                BadBarcodeNumber::Character(c) => {
                    i18n::t(lang, "counter-number.character", &[("character", c.to_string().into())])
                }
            };
            return Ok(mend(Filled { fault: Some(words), ..filled() }));
        }
    };
    let answered = match outside::check(app, |name| posted.raw(name).unwrap_or_default()).await {
        Ok(answered) => answered,
        Err(refused) => {
            if let Refused::Wrong(answered) = &refused {
                counter::spend(app, &answered.id, answered.until).await?;
            }
            return Ok(mend(Filled { captcha: Some(refused.words(lang)), ..filled() }));
        }
    };
    let fresh = Browser::fresh(&DOOR, app);
    let typed = Typed {
        number,
        service,
        captcha: (&answered.id, answered.until),
        from: desk.visit.from,
        secret: fresh.expose(),
        before: Some(desk.browser.expose()),
    };
    match counter::number(app, &desk.catalogue, typed).await? {
        Numbered::Asked { told } => {
            let to = if told { PATH.to_owned() } else { format!("{PATH}?untold=1") };
            let mut response = Redirect::to(&to).into_response();
            fresh.remember(app, &mut response);
            Ok(response)
        }
        Numbered::Refused => Ok(mend(Filled { fault: Some(lang.t("counter-number.refused")), ..filled() })),
        Numbered::Unchosen => Ok(mend(unchosen())),
        Numbered::Suspended => Ok(stop(&desk.visit, Stop::Suspended)),
        Numbered::Closed(until) => Ok(stop(&desk.visit, Stop::Locked(until))),
        Numbered::CaptchaSpent => Ok(mend(Filled { captcha: Some(Refused::Late.words(lang)), ..filled() })),
    }
}
