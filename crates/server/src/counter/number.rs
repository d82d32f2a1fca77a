//! The number, and the captcha that makes guessing dear.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::barcode::BadBarcodeNumber;

use super::PATH;
use super::desk::{ClerkForm, DOOR, Desk};
use super::stop::{Stop, stop};
use crate::browser::Browser;
use crate::captcha::part::{CaptchaPart, FIELDS};
use crate::captcha::{self, Refused};
use crate::exchange::fault::Fault;
use crate::flow::counter::{self, Numbered, Typed};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, assets, i18n, page};

/// The page.
#[derive(Template)]
#[template(path = "counter/number.html")]
pub struct NumberPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
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
    fn script(&self) -> &'static str {
        assets::captcha_script_url()
    }

    fn mends(&self) -> usize {
        usize::from(self.fault.is_some()) + usize::from(self.captcha_fault)
    }
}

fn view(desk: &Desk, typed: &str, fault: Option<String>, captcha: Option<String>) -> NumberPage {
    let (app, lang) = (desk.app(), desk.visit.prefs.lang);
    let mut frame = Frame::new(&desk.visit, Area::Elsewhere, lang.t("counter"));
    frame.chrome.here = PATH.to_owned();
    NumberPage {
        chrome: frame.chrome.clone(),
        frame,
        typed: typed.chars().take(40).collect(),
        fault,
        captcha_fault: captcha.is_some(),
        captcha: CaptchaPart::new(lang, &app.store.crypter, &*app.random, app.now()).fault(captcha),
        submit: desk.form("/counter/number"),
    }
}

/// The page with nothing typed.
pub fn show(desk: &Desk) -> Response {
    let mut response = page(StatusCode::OK, &view(desk, "", None, None), &Policy::personal());
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
    let typed = posted.text("number");
    let mend = |fault: Option<String>, captcha: Option<String>| {
        page(StatusCode::UNPROCESSABLE_ENTITY, &view(desk, typed, fault, captcha), &Policy::personal())
    };
    let number = match typed.parse() {
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
            return Ok(mend(Some(words), None));
        }
    };
    let [challenge, nonce, digits] = FIELDS.map(|name| posted.raw(name).unwrap_or_default());
    let answered = captcha::Posted { challenge, nonce, digits };
    let answered = match captcha::judge(&app.store.crypter, answered, app.now()) {
        Ok(answered) => answered,
        Err(refused) => {
            if let Refused::Wrong(answered) = &refused {
                counter::spend(app, &answered.id, answered.until).await?;
            }
            return Ok(mend(None, Some(refused.words(lang))));
        }
    };
    let fresh = Browser::fresh(&DOOR, app);
    let typed = Typed {
        number,
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
        Numbered::Refused => Ok(mend(Some(lang.t("counter-number.refused")), None)),
        Numbered::Suspended => Ok(stop(&desk.visit, Stop::Suspended)),
        Numbered::Closed(until) => Ok(stop(&desk.visit, Stop::Locked(until))),
        Numbered::CaptchaSpent => Ok(mend(None, Some(Refused::Late.words(lang)))),
    }
}
