//! `/contact`: 我想要更多. What somebody writes is kept sealed, told to the service desk's mailbox, and gets a number.
//!
//! Nobody signs in for it, so the form carries no token: whoever could forge it can send it, too. What keeps machines out is
//! the captcha, whose challenge counts once, and a limit for each address. Nothing is sent to the address that was typed:
//! it is nobody's word but the writer's.

use std::time::Duration;

use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::contact::{
    Faults, MAX_MAIL, MAX_NAME, MAX_TEXT, Message, MessageId, MessageNumber, State, Subject, Written,
};
use mydata_domain::mail::{Fact, Kind, Link, Mail};
use mydata_store::StoreError;
use mydata_store::repo::{audit, contact as kept, spent};
use serde_json::json;

use crate::app::App;
use crate::backoffice::ROOT;
use crate::backoffice::forms::words;
use crate::captcha::part::CaptchaPart;
use crate::captcha::{self, Refused, outside};
use crate::exchange::authorise::Posted;
use crate::exchange::fault::Fault;
use crate::exchange::visit::{Visit, field};
use crate::limit::subscriber;
use crate::mail;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, public, query};
use crate::web::{Chrome, Lang, Policy, page};

/// Address of the form.
const PATH: &str = "/contact";
/// Numbers that are tried until one is free.
const NUMBERS: usize = 5;

/// The key of a subject's name.
pub(crate) fn subject_key(subject: Subject) -> &'static str {
    match subject {
        Subject::WishData => "contact-subject-wish-data",
        Subject::WishService => "contact-subject-wish-service",
        Subject::Question => "contact-subject-question",
        Subject::Trouble => "contact-subject-trouble",
        Subject::Privacy => "contact-subject-privacy",
        Subject::Other => "contact-subject-other",
    }
}

/// A field that is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// What was typed.
    pub value: String,
    /// What is to be mended.
    pub fault: Option<String>,
}

/// The form.
#[derive(Template)]
#[template(path = "public/contact.html")]
pub struct ContactPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Subjects: value, words.
    pub subjects: Vec<(&'static str, String)>,
    /// Which is chosen.
    pub subject: Filled,
    /// Who writes.
    pub name: Filled,
    /// Where the answer goes.
    pub mail: Filled,
    /// What is written.
    pub text: Filled,
    /// The captcha.
    pub captcha: CaptchaPart,
}

impl ContactPage {
    /// What is to be mended: the field's id, what is wrong with it.
    fn mends(&self) -> Vec<(&'static str, &String)> {
        let fields =
            [("subject", &self.subject), ("name", &self.name), ("mail", &self.mail), ("text", &self.text)];
        fields.into_iter().filter_map(|(id, field)| Some((id, field.fault.as_ref()?))).collect()
    }

    fn max_name(&self) -> usize {
        MAX_NAME
    }

    fn max_mail(&self) -> usize {
        MAX_MAIL
    }

    fn max_text(&self) -> usize {
        MAX_TEXT
    }
}

type Typed<'f> = &'f [(String, String)];

/// The form with what was typed, and what is wrong with it.
fn form(visit: &Visit, typed: Typed<'_>, faults: &Faults, captcha_fault: Option<String>) -> ContactPage {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let filled = |name: &str| Filled {
        value: field(typed, name).unwrap_or_default().to_owned(),
        fault: faults.iter().find(|(at, _)| *at == name).map(|(_, fault)| words::fault(lang, fault)),
    };
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("contact-us")).about(lang.t("contact-us.lead"));
    ContactPage {
        chrome: frame.chrome.clone(),
        frame,
        subjects: Subject::ALL.map(|s| (s.as_str(), lang.t(subject_key(s)))).to_vec(),
        subject: filled("subject"),
        name: filled("name"),
        mail: filled("mail"),
        text: filled("text"),
        captcha: CaptchaPart::new(lang, &app.store.crypter, &*app.random, app.now())
            .outside(app.captcha.as_ref())
            .fault(captcha_fault),
    }
}

fn drawn(visit: &Visit, status: StatusCode, view: &ContactPage) -> Response {
    let mut response = page(status, view, &Policy::personal());
    if let Some(outside) = &visit.app.captcha {
        outside.let_in(response.headers_mut());
    }
    response
}

/// `GET /contact`; `?subject=…` chooses one.
pub async fn show(visit: Visit) -> Response {
    let asked = query(&visit.here);
    let subject: Vec<_> = asked.into_iter().filter(|(name, _)| name == "subject").take(1).collect();
    drawn(&visit, StatusCode::OK, &form(&visit, &subject, &Vec::new(), None))
}

/// `POST /contact`.
pub async fn submit(mut visit: Visit, posted: Posted) -> Response {
    // What was posted cannot be shown again; the empty form can.
    PATH.clone_into(&mut visit.here);
    let answer = match posted {
        Ok(Form(typed)) => submitted(&visit, &typed).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn submitted(visit: &Visit, typed: Typed<'_>) -> Result<Response, Fault> {
    let (app, lang, now) = (&visit.app, visit.prefs.lang, visit.app.now());
    let mend = |faults: &Faults, captcha: Option<String>| {
        drawn(visit, StatusCode::UNPROCESSABLE_ENTITY, &form(visit, typed, faults, captcha))
    };
    let text = |name: &str| field(typed, name).unwrap_or_default();
    let read = Written::read(text("name"), text("mail"), text("subject"), text("text"), lang == Lang::En);
    let (subject, written) = match read {
        Ok(read) => read,
        // The captcha is not spent on what has to be mended anyway.
        Err(faults) => return Ok(mend(&faults, None)),
    };
    app.contact_limit.take(subscriber(visit.from), now).map_err(Fault::TooMany)?;
    let answer = outside::check(app, text).await;
    let (answered, right) = match answer {
        Ok(answered) => (answered, true),
        Err(Refused::Wrong(answered)) => (answered, false),
        Err(refused) => return Ok(mend(&Vec::new(), Some(refused.words(lang)))),
    };
    let message = Message {
        id: MessageId::generate(&*app.random),
        number: MessageNumber::generate(&*app.random, now),
        subject,
        state: State::Open,
        at: now,
        answered_at: None,
        answered_by: None,
        version: 1,
        written,
    };
    match keep(visit, &answered, right, &message).await? {
        Kept::Done(number) => Ok(Redirect::to(&format!("{PATH}/sent?number={number}")).into_response()),
        Kept::Wrong => Ok(mend(&Vec::new(), Some(Refused::Wrong(answered).words(lang)))),
        Kept::Spent => Ok(mend(&Vec::new(), Some(Refused::Late.words(lang)))),
        Kept::NoNumber => Err(Fault::Busy(Duration::from_secs(5))),
    }
}

enum Kept {
    Done(MessageNumber),
    /// The captcha was not answered rightly; its challenge is spent.
    Wrong,
    /// It was answered before.
    Spent,
    /// Each number that was tried belongs to another message.
    NoNumber,
}

/// In one transaction: the challenge is spent, and where it was answered rightly the message is kept, told and on record.
async fn keep(
    visit: &Visit,
    answered: &captcha::Answered,
    right: bool,
    message: &Message,
) -> Result<Kept, StoreError> {
    let app = &visit.app;
    app.store
        .db
        .run_tx("contact", |tx| async move {
            if !spent::spend(&tx, &answered.id, answered.until).await? {
                return Ok(Kept::Spent);
            }
            if !right {
                return Ok(Kept::Wrong);
            }
            let mut message = message.clone();
            let mut tried = 1;
            while !kept::add(&tx, &app.store.crypter, &message).await? {
                if tried == NUMBERS {
                    return Ok(Kept::NoNumber);
                }
                tried += 1;
                message.number = MessageNumber::generate(&*app.random, message.at);
            }
            mail::enqueue(&tx, app, &told(app, &message)).await?;
            let event = Event::new(message.at, Actor::Citizen, What::MessageWritten)
                .from(Some(visit.from))
                .with(json!({ "number": message.number.as_str(), "subject": message.subject.as_str() }));
            audit::append(&tx, &*app.random, &[event]).await?;
            Ok(Kept::Done(message.number))
        })
        .await
}

/// The mail to the service desk.
fn told(app: &App, message: &Message) -> Mail {
    let (zh, en) = (Lang::ZhTw.t(subject_key(message.subject)), Lang::En.t(subject_key(message.subject)));
    Mail::to_address(Kind::Contact, "", &app.contact().mailbox)
        .about(message.id)
        .fact(Fact::Message(message.number.clone()))
        .fact(Fact::Subject(zh, en))
        .fact(Fact::Writer(message.written.name.clone(), message.written.mail.clone()))
        .fact(Fact::Written(message.written.text.clone()))
        .link(Link::page(format!("{ROOT}/system/message?message={}", message.id)))
}

/// The page behind a message that was taken.
#[derive(Template)]
#[template(path = "public/contact_sent.html")]
pub struct ContactSentPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The message's number.
    pub number: MessageNumber,
}

/// `GET /contact/sent?number=…`.
pub async fn sent(visit: Visit) -> Response {
    let asked = query(&visit.here);
    let number = asked.iter().find(|(name, _)| name == "number").and_then(|(_, number)| number.parse().ok());
    let Some(number) = number else { return Redirect::to(PATH).into_response() };
    let lang = visit.prefs.lang;
    let frame = Frame::new(&visit, Area::Elsewhere, lang.t("contact-sent")).below(lang.t("contact-us"), PATH);
    public(&ContactSentPage { chrome: frame.chrome.clone(), frame, number })
}
