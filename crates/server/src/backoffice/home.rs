//! The first page after sign-in: what waits for whoever signed in, then where to go on.

use askama::Template;
use mydata_domain::account::Role;
use mydata_domain::filing::{FilingState, ReviewStep};
use mydata_domain::item::{Kind, StageName};
use mydata_domain::policy_text::{self, PolicyKind};
use mydata_store::repo::list::List;
use mydata_store::repo::mails::State as Sent;
use mydata_store::repo::{drafts, filings, health, items, mails};

use super::fault::Fault;
use super::forms::desk::{self, Desk};
use super::frame::Frame;
use super::item::page::filing_key;
use super::item::words;
use super::parts::cell::{Chip, Colour, Link};
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::visit::Visit;
use super::{ROOT, routes, scope};
use crate::web::{RocDateTime, i18n, maintenance, policy};

/// How many lines a card shows; the list behind it has all.
const LINES: u32 = 5;

/// The page: what needs the reader; where nothing ever does, the menu as cards.
#[derive(Template)]
#[template(path = "backoffice/home.html")]
pub struct HomePage {
    /// The frame.
    pub frame: Frame,
    /// When the account signed in before, and which zone is shown.
    pub lead: String,
    /// What needs the reader at once.
    pub notices: Vec<Notice>,
    /// What is to be done.
    pub agendas: Vec<Agenda>,
}

/// A card of what is to be done.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// Its heading.
    pub title: String,
    /// How many there are.
    pub count: Option<String>,
    /// The first of them.
    pub lines: Vec<AgendaLine>,
    /// What it says when there is none.
    pub none: String,
    /// The list of all.
    pub all: Option<Link>,
}

/// One thing that is to be done.
#[derive(Debug, Clone)]
pub struct AgendaLine {
    /// What it is.
    pub title: String,
    /// Whose it is, since when.
    pub about: String,
    /// Where it is done.
    pub href: String,
    /// How far it is.
    pub chip: Option<Chip>,
}

/// What is announced: maintenance, and versions of policies that begin to hold (R20).
pub fn announced(visit: &Visit) -> Vec<String> {
    let (lang, now, system) = (visit.lang(), visit.now, &visit.system);
    let name = |id: &mydata_wire::ResourceId| {
        let dataset = visit.catalogue.datasets.get(id)?;
        Some(lang.pick(&dataset.dataset.name, Some(&dataset.dataset.name_en)).to_owned())
    };
    let mut all = maintenance::announced(lang, &system.windows, now, name);
    for kind in PolicyKind::OFFICE {
        if let Some(version) = policy_text::next(&system.policies, kind, now) {
            let args = [
                ("policy", lang.t(policy::title_key(kind)).into()),
                ("of", policy::of(lang, version).into()),
                ("mailbox", visit.app.contact().mailbox.into()),
            ];
            all.push(i18n::t(lang, "policy-announced", &args));
        }
    }
    all
}

/// `GET /mydata-backend`.
pub async fn show(visit: Visit) -> Answer {
    let me = visit.me()?;
    let role = me.account.role;
    let frame = visit.frame(visit.t("home-greeting"), Vec::new());
    let mut notices = Vec::new();
    if frame.menu.is_empty() {
        notices.push(Notice::new(Tone::Calm, visit.t("home-nothing")));
    }
    notices.extend(announced(&visit).into_iter().map(|text| Notice::new(Tone::Warn, text)));
    let mut agendas = Vec::new();
    if let Some(step) = step_of(role) {
        agendas.push(reviews(&visit, step).await?);
    }
    if role == Role::Operator {
        agendas.push(letters(&visit).await?);
    }
    if matches!(role, Role::Operator | Role::Administrator) {
        notices.extend(undelivered(&visit).await?);
    }
    let owns = Role::ORGANISATION.contains(&role) && me.account.organisation.is_some();
    if role == Role::Operator || owns {
        agendas.extend(failing(&visit).await?);
    }
    if owns {
        agendas.push(own_items(&visit).await?);
        agendas.push(own_drafts(&visit).await?);
    }
    let began = RocDateTime::new(me.session.moments.began.to_timestamp());
    let lead = visit.t1("home-since", "at", began.date_time(visit.lang()));
    Ok(visit.ok(&HomePage { frame, lead, notices, agendas }))
}

/// The step of a review that a role decides on.
fn step_of(role: Role) -> Option<ReviewStep> {
    match role {
        Role::Operator => Some(ReviewStep::Operator),
        Role::Authority => Some(ReviewStep::Authority),
        Role::Ministry => Some(ReviewStep::Ministry),
        _ => None,
    }
}

/// What waits for a decision of the role, longest waiting first.
async fn reviews(visit: &Visit, step: ReviewStep) -> Result<Agenda, Fault> {
    let filter = filings::Filter {
        state: Some(FilingState::InReview),
        step: Some(step),
        ..filings::Filter::default()
    };
    let asked = List { filter, descending: false, size: LINES, ..List::default() };
    let page = filings::list(&visit.app.store.db, &scope::of_visit(visit)?, &asked).await?;
    let line = |filing: &filings::Listed| AgendaLine {
        title: format!("{} {}", visit.t(filing_key(filing.kind)), filing.number),
        about: [
            filing.organisation_name.as_str(),
            &filing.item_name,
            &RocDateTime::new(filing.filed_at.to_timestamp()).date_time(visit.lang()),
        ]
        .join(" · "),
        href: format!("{ROOT}/reviews/{}", filing.id),
        chip: None,
    };
    let all =
        format!("{ROOT}/reviews?state={}&turn={}&sort=filed", FilingState::InReview.as_str(), step.as_str());
    Ok(Agenda {
        title: visit.t("home-reviews"),
        count: count(visit, page.count),
        lines: page.rows.iter().map(line).collect(),
        none: visit.t("home-reviews.none"),
        all: Some(Link::new(visit.t("home-all"), all)),
    })
}

/// What fails, the longest first; nothing where nothing does.
async fn failing(visit: &Visit) -> Result<Option<Agenda>, Fault> {
    let asked = List { descending: false, size: LINES, ..List::default() };
    let page = health::failing(&visit.app.store.db, &scope::of_visit(visit)?, &asked).await?;
    let line = |row: &health::Failing| {
        let since = RocDateTime::new(row.since.to_timestamp()).date_time(visit.lang());
        AgendaLine {
            title: row.item.name.clone(),
            about: [row.item.organisation_name.as_str(), &visit.t1("home-failing.since", "at", since)]
                .join(" · "),
            href: format!("{ROOT}/items/{}", row.item.id),
            chip: Some(Chip::new(Colour::Red, visit.t("health-failing"))),
        }
    };
    let datasets = page.rows.iter().any(|row| row.item.kind == Kind::Dataset);
    let all = if datasets { "/datasets/failing" } else { "/services/failing" };
    Ok((page.count > 0).then(|| Agenda {
        title: visit.t("home-failing"),
        count: count(visit, page.count),
        lines: page.rows.iter().map(line).collect(),
        none: String::new(),
        all: Some(Link::new(visit.t("home-all"), format!("{ROOT}{all}"))),
    }))
}

/// Items whose official letter has not come.
async fn letters(visit: &Visit) -> Result<Agenda, Fault> {
    let filter = items::Filter { stages: vec![StageName::AwaitingLetter], ..items::Filter::default() };
    let asked = List { filter, descending: false, size: LINES, ..List::default() };
    let page = items::list(&visit.app.store.db, &scope::of_visit(visit)?, &asked).await?;
    Ok(Agenda {
        title: visit.t("home-letters"),
        count: count(visit, page.count),
        lines: page.rows.iter().map(|item| item_line(visit, item, true)).collect(),
        none: visit.t("home-letters.none"),
        all: None,
    })
}

/// The organisation's items, what changed last first.
async fn own_items(visit: &Visit) -> Result<Agenda, Fault> {
    let asked = List { size: LINES, ..List::default() };
    let page = items::list(&visit.app.store.db, &scope::of_visit(visit)?, &asked).await?;
    Ok(Agenda {
        title: visit.t("home-items"),
        count: count(visit, page.count),
        lines: page.rows.iter().map(|item| item_line(visit, item, false)).collect(),
        none: visit.t("home-items.none"),
        all: None,
    })
}

fn item_line(visit: &Visit, item: &items::Listed, with_owner: bool) -> AgendaLine {
    let lang = visit.lang();
    let kind = words::kind(lang, item.kind);
    AgendaLine {
        title: if item.name.is_empty() { visit.t("item-unnamed") } else { item.name.clone() },
        about: if with_owner { format!("{} · {kind}", item.organisation_name) } else { kind },
        href: format!("{ROOT}/items/{}", item.id),
        chip: Some(words::chip(lang, &item.standing, visit.now)),
    }
}

/// What was begun and not filed.
async fn own_drafts(visit: &Visit) -> Result<Agenda, Fault> {
    let owner = desk::owner(visit)?;
    let all = drafts::of_owner(&visit.app.store.db, &visit.app.store.crypter, &owner).await?;
    let total = all.len() as u64;
    let mut lines = Vec::new();
    for draft in all.into_iter().take(LINES as usize) {
        let saved = RocDateTime::new(draft.updated_at.to_timestamp()).date_time(visit.lang());
        let desk = Desk::around(visit, owner.clone(), draft).await?;
        let about = visit.t1("home-drafts.saved", "at", saved);
        lines.push(AgendaLine { title: desk.title(visit), about, href: desk.path(), chip: None });
    }
    let path = format!("{ROOT}/drafts");
    Ok(Agenda {
        title: visit.t("home-drafts"),
        count: count(visit, total),
        lines,
        none: visit.t("home-drafts.none"),
        all: routes::has_page(&path).then(|| Link::new(visit.t("home-all"), path)),
    })
}

/// Mails that no try has brought to their reader.
async fn undelivered(visit: &Visit) -> Result<Option<Notice>, Fault> {
    let filter = mails::Filter { state: Some(Sent::GivenUp), ..mails::Filter::default() };
    let asked = List { filter, size: 1, ..List::default() };
    let page = mails::list(&visit.app.store.db, &visit.app.store.crypter, &asked).await?;
    let words = || Notice::new(Tone::Warn, visit.t1("home-undelivered", "count", page.count));
    Ok((page.count > 0).then(words))
}

fn count(visit: &Visit, count: u64) -> Option<String> {
    (count > 0).then(|| visit.t1("list-count", "count", count))
}
