//! 寄信紀錄: every mail that the platform sends, with every try. Secret links are not shown.

use askama::Template;
use mydata_domain::mail::{Kind, MailId};
use mydata_store::repo::list::List;
use mydata_store::repo::mails::{self, Filter as By, Kept, Sort as SortBy, State};

use super::above;
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::lists::{ListPage, first_number, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::parts::way::{Happened, History};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::mail;
use crate::web::{RocDateTime, i18n};
use mydata_domain::account::Role;

const SHAPE: Shape = Shape {
    filters: &["state", "kind"],
    sorts: &["written"],
    default: Sort { key: "written", descending: true },
};

/// A mail's page.
#[derive(Template)]
#[template(path = "backoffice/mail.html")]
pub struct MailPage {
    /// The frame.
    pub frame: Frame,
    /// How far it is.
    pub chip: Chip,
    /// To whom, about what.
    pub facts: Facts,
    /// What it says.
    pub text: String,
    /// The tries.
    pub tries: History,
    /// Sending it again.
    pub form: Option<Form>,
}

fn chip(visit: &Visit, state: State) -> Chip {
    let (colour, key) = match state {
        State::Waiting => (Colour::Amber, "outbox-state-waiting"),
        State::Sent => (Colour::Green, "outbox-state-sent"),
        State::GivenUp => (Colour::Red, "outbox-state-given-up"),
    };
    Chip::new(colour, visit.t(key))
}

fn kind(visit: &Visit, kind: Kind) -> String {
    visit.lang().pick(kind.zh(), Some(kind.en())).to_owned()
}

/// `GET /system/mails`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: String::new(),
        filter: By {
            state: query.filter("state").and_then(|v| v.parse().ok()),
            kind: query.filter("kind").and_then(|v| v.parse().ok()),
            about: None,
        },
        sort: SortBy::Created,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = mails::list(&visit.app.store.db, &visit.app.store.crypter, &asked).await?;
    query.page = page.page;
    let first = first_number(&page);
    let row = |(mail, number): (&Kept, u64)| {
        vec![
            Cell::Soft(number.to_string()),
            Cell::Name {
                title: kind(&visit, mail.kind),
                below: None,
                href: Some(format!("{ROOT}/system/mail?mail={}", mail.id)),
            },
            Cell::Text(mail.content.address.clone()),
            Cell::at(visit.lang(), mail.created_at),
            Cell::Chip(chip(&visit, mail.state)),
        ]
    };
    let rows = page.rows.iter().zip(first..).map(row).collect();
    let state = |state: State| Choice::new(state.as_str(), chip(&visit, state).text);
    let list = Listing {
        lang: visit.lang(),
        path: format!("{ROOT}/system/mails"),
        query,
        caption: visit.t("system-mails"),
        search: None,
        filters: vec![
            Filter {
                name: "state",
                label: visit.t("outbox-state"),
                choices: State::ALL.into_iter().map(state).collect(),
            },
            Filter {
                name: "kind",
                label: visit.t("outbox-kind-filter"),
                choices: Kind::all().map(|k| Choice::new(k.as_str(), kind(&visit, k))).collect(),
            },
        ],
        action: None,
        heads: vec![
            Head::new(visit.t("list-number")),
            Head::new(visit.t("outbox-subject")),
            Head::new(visit.t("outbox-to")),
            Head::sorting(visit.t("outbox-written"), "written"),
            Head::new(visit.t("outbox-state")),
        ],
        rows,
        total: page.count,
        empty: visit.t("outbox-none"),
    };
    let notices = more(&visit, &page);
    Ok(visit.ok(&ListPage {
        frame: visit.frame(visit.t("system-mails"), vec![above(&visit)]),
        notices,
        list,
    }))
}

async fn load(visit: &Visit, id: &str) -> Result<Kept, Fault> {
    let id: MailId = id.parse().map_err(|_| Fault::NotFound)?;
    mails::load(&visit.app.store.db, &visit.app.store.crypter, id).await?.ok_or(Fault::NotFound)
}

/// `GET /system/mail?mail=…`.
pub async fn one(visit: Visit) -> Answer {
    let list = format!("{ROOT}/system/mails");
    let Some(id) = visit.query("mail") else { return Ok(visit.go(&list)) };
    let kept = load(&visit, id).await?;
    let lang = visit.lang();
    let tries = mails::tries(&visit.app.store.db, kept.id).await?;
    let one = |one: &mails::Try| {
        let at = RocDateTime::new(one.at.to_timestamp());
        let what = match &one.failure {
            Some(failure) => {
                let args = [("number", one.number.into()), ("reason", failure.as_str().into())];
                i18n::t(lang, "outbox-try-failed", &args)
            }
            None => visit.t1("outbox-try-taken", "number", one.number),
        };
        Happened { at: at.date_time(lang), machine: at.machine(), what, who: String::new(), note: None }
    };
    let facts = Facts::default()
        .text(visit.t("outbox-subject"), kept.content.subject.clone())
        .text(visit.t("outbox-to"), kept.content.address.clone())
        .cell(visit.t("outbox-written"), Cell::at(lang, kept.created_at));
    let trail = vec![above(&visit), Crumb::new(visit.t("system-mails"), list)];
    let frame = visit.frame(kind(&visit, kept.kind), trail);
    let may = matches!(visit.me()?.account.role, Role::Operator | Role::Administrator);
    let again = may && kept.state == State::GivenUp && !kept.content.secret;
    let form = again.then(|| {
        Form::simple(lang, format!("{ROOT}/system/mail"), &frame.token, visit.t("outbox-again"))
            .hide("mail", kept.id.to_string())
    });
    let view = MailPage {
        chip: chip(&visit, kept.state),
        facts,
        text: mail::readable(&kept.content),
        tries: History { events: tries.iter().rev().map(one).collect(), empty: visit.t("outbox-no-tries") },
        form,
        frame,
    };
    Ok(visit.ok(&view))
}

/// `POST /system/mail`: sends one again that was given up.
pub async fn again(visit: Visit) -> Answer {
    let Some(id) = visit.posted.get("mail") else { return Ok(visit.go(&format!("{ROOT}/system/mails"))) };
    let kept = load(&visit, id).await?;
    let (app, id) = (&visit.app, kept.id);
    let sent = app.store.db.run_tx("mail-again", |tx| async move { mail::send_again(&tx, app, id).await });
    if !sent.await? {
        return Err(Fault::Changed);
    }
    Ok(visit.go_saying(&format!("{ROOT}/system/mail?mail={id}"), "said-mail-again", &kind(&visit, kept.kind)))
}
