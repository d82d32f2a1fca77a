//! 民眾來信: what people wrote to the service desk, which of it is answered, and by whom. The answer itself goes by mail.

use askama::Template;
use http::StatusCode;
use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::contact::{Message, MessageId, State, Subject};
use mydata_store::repo::contact::{self, Filter as By, Sort as SortBy};
use mydata_store::repo::list::{List, Page};
use mydata_store::repo::{accounts, audit};
use serde_json::json;

use super::above;
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::lists::{ListPage, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::public::contact::subject_key;
use crate::web::Lang;

const SHAPE: Shape = Shape {
    filters: &["state", "subject"],
    sorts: &["came"],
    default: Sort { key: "came", descending: true },
};
const LIST: &str = "/system/messages";

/// The page of a message.
#[derive(Template)]
#[template(path = "backoffice/message.html")]
pub struct MessagePage {
    /// The frame.
    pub frame: Frame,
    /// How far it is.
    pub chip: Chip,
    /// What is to be known first.
    pub notice: Option<Notice>,
    /// Who wrote, when, about what.
    pub facts: Facts,
    /// What was written.
    pub text: String,
    /// Where the answer is written: a link for the reader's own mail program.
    pub answer: Option<Link>,
    /// Saying that it is answered, or taking it up again.
    pub form: Option<Form>,
}

pub(super) fn chip(lang: Lang, state: State) -> Chip {
    match state {
        State::Open => Chip::new(Colour::Amber, lang.t("message-state-open")),
        State::Answered => Chip::new(Colour::Green, lang.t("message-state-answered")),
    }
}

/// `GET /system/messages`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let number = query.search.parse().ok();
    let asked = List {
        search: String::new(),
        filter: By {
            state: query.filter("state").and_then(|v| v.parse().ok()),
            subject: query.filter("subject").and_then(|v| v.parse().ok()),
            number: number.clone(),
        },
        sort: SortBy::Came,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = if number.is_none() && !query.search.is_empty() {
        Page { rows: Vec::new(), page: 1, size: query.size, count: 0, more: false }
    } else {
        contact::list(&visit.app.store.db, &visit.app.store.crypter, &asked).await?
    };
    query.page = page.page;
    let lang = visit.lang();
    let row = |message: &Message| {
        vec![
            Cell::Name {
                title: message.number.to_string(),
                below: None,
                href: Some(format!("{ROOT}/system/message?message={}", message.id)),
            },
            Cell::Text(visit.t(subject_key(message.subject))),
            Cell::Text(message.written.name.clone()),
            Cell::at(lang, message.at),
            Cell::Chip(chip(lang, message.state)),
        ]
    };
    let states = State::ALL.map(|state| Choice::new(state.as_str(), chip(lang, state).text));
    let subjects = Subject::ALL.map(|s| Choice::new(s.as_str(), visit.t(subject_key(s))));
    let list = Listing {
        lang,
        path: format!("{ROOT}{LIST}"),
        query,
        caption: visit.t("system-messages"),
        search: Some(visit.t("message-search")),
        filters: vec![
            Filter { name: "state", label: visit.t("message-state"), choices: states.to_vec() },
            Filter { name: "subject", label: visit.t("contact-subject"), choices: subjects.to_vec() },
        ],
        action: None,
        heads: vec![
            Head::new(visit.t("message-number")),
            Head::new(visit.t("contact-subject")),
            Head::new(visit.t("message-from")),
            Head::sorting(visit.t("message-at"), "came"),
            Head::new(visit.t("message-state")),
        ],
        rows: page.rows.iter().map(row).collect(),
        total: page.count,
        empty: visit.t("message-none"),
    };
    let notices = more(&visit, &page);
    Ok(visit.ok(&ListPage {
        frame: visit.frame(visit.t("system-messages"), vec![above(&visit)]),
        notices,
        list,
    }))
}

async fn load(visit: &Visit, id: &str) -> Result<Message, Fault> {
    let id: MessageId = id.parse().map_err(|_| Fault::NotFound)?;
    contact::load(&visit.app.store.db, &visit.app.store.crypter, id).await?.ok_or(Fault::NotFound)
}

async fn page(visit: &Visit, message: &Message, notice: Option<Notice>) -> Result<MessagePage, Fault> {
    let lang = visit.lang();
    let mut facts = Facts::default()
        .text(visit.t("contact-subject"), visit.t(subject_key(message.subject)))
        .text(visit.t("message-from"), message.written.name.clone())
        .text(visit.t("contact-mail"), message.written.mail.clone())
        .text(
            visit.t("message-language"),
            visit.t(if message.written.english { "message-english" } else { "message-chinese" }),
        )
        .cell(visit.t("message-at"), Cell::at(lang, message.at));
    if let (Some(at), Some(by)) = (message.answered_at, message.answered_by) {
        let account = accounts::load(&visit.app.store.db, &visit.app.store.crypter, by).await?;
        facts = facts
            .cell(visit.t("message-answered-at"), Cell::at(lang, at))
            .text(visit.t("message-answered-by"), account.map(|a| a.name.to_string()).unwrap_or_default());
    }
    let trail = vec![above(visit), Crumb::new(visit.t("system-messages"), format!("{ROOT}{LIST}"))];
    let frame = visit.frame(visit.t1("message-title", "number", message.number.as_str()), trail);
    let may = matches!(visit.me()?.account.role, Role::Operator | Role::Administrator);
    let (said, next) = match message.state {
        State::Open => ("message-answered", State::Answered),
        State::Answered => ("message-reopen", State::Open),
    };
    let form = may.then(|| {
        Form::simple(lang, format!("{ROOT}/system/message"), &frame.token, visit.t(said))
            .hide("message", message.id.to_string())
            .hide("version", message.version.to_string())
            .hide("state", next.as_str())
    });
    let subject: String = url::form_urlencoded::byte_serialize(message.number.as_str().as_bytes()).collect();
    let answer = may.then(|| {
        Link::new(visit.t("message-answer"), format!("mailto:{}?subject={subject}", message.written.mail))
    });
    Ok(MessagePage {
        chip: chip(lang, message.state),
        notice,
        facts,
        text: message.written.text.clone(),
        answer,
        form,
        frame,
    })
}

/// `GET /system/message?message=…`.
pub async fn one(visit: Visit) -> Answer {
    let Some(id) = visit.query("message") else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    let message = load(&visit, id).await?;
    Ok(visit.ok(&page(&visit, &message, None).await?))
}

/// `POST /system/message`: says that it is answered, or takes it up again.
pub async fn submit(visit: Visit) -> Answer {
    let Some(id) = visit.posted.get("message") else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    let message = load(&visit, id).await?;
    let state: State = visit.posted.text("state").parse().map_err(|_| Fault::Changed)?;
    let version = visit.posted.text("version").parse().unwrap_or(0);
    let event = visit
        .event(What::MessageAnswered)
        .with(json!({ "number": message.number.as_str(), "state": state.as_str() }));
    let (app, now, by) = (&visit.app, visit.now, visit.me()?.account.id);
    let (id, event) = (message.id, std::slice::from_ref(&event));
    let done = app
        .store
        .db
        .run_tx("contact-state", |tx| async move {
            let done = contact::set_state(&tx, id, version, state, by, now).await?;
            if done {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(done)
        })
        .await?;
    if !done {
        let notice = Notice::new(Tone::Warn, visit.t("settings-stale"));
        return Ok(visit.page(StatusCode::CONFLICT, &page(&visit, &message, Some(notice)).await?));
    }
    let said = if state == State::Answered { "said-message-answered" } else { "said-message-open" };
    let to = format!("{ROOT}/system/message?message={id}");
    Ok(visit.go_saying(&to, said, message.number.as_str()))
}
