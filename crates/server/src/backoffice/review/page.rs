//! The page of a filing: what was filed, what differs from the filing before, who decided what, and the decision's form.

use std::collections::HashMap;

use askama::Template;
use http::StatusCode;
use mydata_domain::account::{AccountId, Role};
use mydata_domain::filing::{Comment, Decision, OfficialLetter, Review};
use mydata_domain::item::ActName;
use mydata_store::repo::accounts;

use super::content::{self, Before, Said};
use super::list::step_key;
use super::{Case, load};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::draw::path_label;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::item::page::{filing_key, organisation_name, state_chip};
use crate::backoffice::item::words;
use crate::backoffice::parts::cell::{Cell, Chip, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Field, TextKind};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::way::{Happened, History};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::date::day as in_words;
use crate::web::{RocDateTime, i18n};

/// A line of the filing.
pub struct Line {
    /// The field's name.
    pub label: String,
    /// What it says.
    pub now: Option<Cell>,
    /// What it said before, where that differs.
    pub before: Option<Before>,
    /// What a reviewer wrote to it.
    pub comment: Option<String>,
    /// Where the reviewer of now writes to it.
    pub remark: Option<Remark>,
}

/// The box of a comment to a field. It belongs to the decision's form, which stands below.
pub struct Remark {
    /// Its name.
    pub name: String,
    /// What is typed.
    pub text: String,
}

/// Most characters of a comment to a field.
const REMARK: usize = 500;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/review.html")]
pub struct ReviewPage {
    /// The frame.
    pub frame: Frame,
    /// How far it is.
    pub chip: Chip,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// What it is.
    pub facts: Facts,
    /// What it says.
    pub lines: Vec<Line>,
    /// What was decided.
    pub history: History,
    /// The decision.
    pub form: Option<Form>,
    /// Its print, and the same as PDF.
    pub papers: [Link; 2],
}

impl ReviewPage {
    fn has_remarks(&self) -> bool {
        self.lines.iter().any(|line| line.remark.is_some())
    }

    fn form_id(&self) -> String {
        self.form.as_ref().map(Form::id).unwrap_or_default()
    }
}

/// What was wrong with a posted decision.
#[derive(Default)]
pub(super) struct Wrong {
    pub(super) notice: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) number: Option<String>,
    pub(super) date: Option<String>,
}

/// `GET /reviews/{id}`.
pub async fn show(visit: Visit) -> Answer {
    let case = load(&visit).await?;
    page(&visit, &case, Wrong::default(), StatusCode::OK).await
}

/// The names of those who filed and decided.
pub(super) async fn people(visit: &Visit, case: &Case) -> Result<HashMap<AccountId, String>, Fault> {
    let ids: Vec<AccountId> = case.reviews.iter().map(|r| r.reviewer).chain([case.filing.filed_by]).collect();
    let found = accounts::with_ids(&visit.app.store.db, &visit.app.store.crypter, &ids).await?;
    Ok(found.into_iter().map(|a| (a.id, a.holder.masked_name())).collect())
}

/// What it is.
pub(super) fn about(visit: &Visit, case: &Case, people: &HashMap<AccountId, String>) -> Facts {
    let lang = visit.lang();
    let item = case.listed.item_kind.map(|kind| words::kind(lang, kind));
    Facts::default()
        .cell(visit.t("item-form-number"), Cell::Code(case.filing.number.to_string()))
        .text(visit.t("review-for"), visit.t(filing_key(case.filing.kind)))
        .text(
            visit.t("review-organisation"),
            organisation_name(visit, case.filing.organisation.as_ref(), &case.listed.organisation_name),
        )
        .text(visit.t("review-applicant"), people.get(&case.filing.filed_by).cloned().unwrap_or_default())
        .text(visit.t("review-item"), item.unwrap_or_else(|| visit.t("review-item-account")))
        .text(visit.t("review-about"), case.listed.item_name.clone())
        .cell(visit.t("review-filed"), Cell::at(lang, case.filing.filed_at))
}

/// What was decided, latest first.
pub(super) fn history(visit: &Visit, case: &Case, people: &HashMap<AccountId, String>) -> History {
    let lang = visit.lang();
    let form = content::form(case);
    let one = |review: &Review| {
        let at = RocDateTime::new(review.at.to_timestamp());
        let key = match review.decision {
            Decision::Approved => "review-decided-approved",
            Decision::Refused => "review-decided-refused",
        };
        let mut note: Vec<String> = review.reason.iter().map(|r| r.as_str().to_owned()).collect();
        note.extend(review.letter.iter().map(|letter| letter_text(visit, letter)));
        note.extend(
            review
                .comments
                .iter()
                .map(|c| format!("{}：{}", path_label(lang, form, &c.field), c.text.as_str())),
        );
        Happened {
            at: at.date_time(lang),
            machine: at.machine(),
            what: visit.t(key),
            who: format!(
                "{} {}",
                visit.t(step_key(review.step)),
                people.get(&review.reviewer).map_or("", String::as_str)
            ),
            note: (!note.is_empty()).then(|| note.join("\n")),
        }
    };
    History { events: case.reviews.iter().rev().map(one).collect(), empty: visit.t("review-undecided") }
}

fn letter_text(visit: &Visit, letter: &OfficialLetter) -> String {
    let args = [("number", letter.number().into()), ("day", in_words(visit.lang(), letter.date()).into())];
    i18n::t(visit.lang(), "item-letter", &args)
}

/// The name of a comment's box.
pub(super) fn comment_name(path: &str) -> String {
    format!("comment:{path}")
}

pub(super) async fn page(visit: &Visit, case: &Case, wrong: Wrong, status: StatusCode) -> Answer {
    let people = people(visit, case).await?;
    let own = format!("{ROOT}/reviews/{}", case.filing.id);
    let mut notices: Vec<Notice> =
        wrong.notice.iter().map(|text| Notice::new(Tone::Bad, text.clone())).collect();
    if case.earlier.is_some() {
        let key = if case.filing.mends.is_some() { "review-refiled" } else { "review-changes" };
        notices.push(Notice::new(Tone::Calm, visit.t(key)));
    }
    let role = visit.me()?.account.role;
    if case.may.is_empty() && Role::REVIEWERS.contains(&role) && case.filing.step.is_some() {
        notices.push(Notice::new(Tone::Calm, visit.t("review-not-yours")));
    }
    let comments: Vec<&Comment> = case.reviews.iter().flat_map(|r| &r.comments).collect();
    let remarks = case.may.contains(&ActName::Refuse);
    let line = |said: Said| Line {
        comment: comments.iter().rev().find(|c| c.field == said.path).map(|c| c.text.as_str().to_owned()),
        before: said.before,
        remark: (remarks && said.now.is_some()).then(|| {
            let name = comment_name(&said.path);
            Remark { text: visit.posted.text(&name).to_owned(), name }
        }),
        label: said.label,
        now: said.now,
    };
    let lines = content::said(visit, case).await?.into_iter().map(line).collect();
    let title = format!("{} {}", visit.t(filing_key(case.filing.kind)), case.filing.number);
    let mut frame = visit.frame(title, vec![Crumb::new(visit.t("menu-reviews"), format!("{ROOT}/reviews"))]);
    if status != StatusCode::OK {
        frame.said = None;
    }
    let mut facts = about(visit, case, &people);
    if let Some(item) = &case.item {
        let link = Link::new(item.name.clone(), crate::backoffice::item::path(item.id));
        facts = facts.cell(visit.t("review-item-page"), Cell::Links(vec![link]));
    }
    let view = ReviewPage {
        chip: state_chip(visit, case.filing.state),
        notices,
        facts,
        lines,
        history: history(visit, case, &people),
        form: (!case.may.is_empty()).then(|| form(visit, case, &own, &frame.token, &wrong)),
        papers: [
            Link::new(visit.t("review-print"), format!("{own}/print")),
            Link::new(visit.t("review-pdf"), format!("{own}/pdf")),
        ],
        frame,
    };
    Ok(visit.page(status, &view))
}

/// The decision. It is posted together with the comments: the page's one form.
fn form(visit: &Visit, case: &Case, own: &str, token: &str, wrong: &Wrong) -> Form {
    let lang = visit.lang();
    let step = case.filing.step.map_or("", |step| step.as_str());
    let may = |act| case.may.contains(&act);
    let mut form = Form::simple(lang, own, token, visit.t("review-approve")).hide("step", step);
    form.buttons.clear();
    form.sections[0].title = Some(visit.t("review-decide"));
    if case.letter {
        form = form
            .with(
                Field::line(lang, "letter_number", visit.t("review-letter-number"))
                    .hint(visit.t("review-letter-number.hint"))
                    .value(visit.posted.text("letter_number"))
                    .max(u32::try_from(OfficialLetter::MAX).unwrap_or(u32::MAX))
                    .fault(wrong.number.clone()),
            )
            .with(
                Field::text(lang, "letter_date", visit.t("review-letter-date"), TextKind::Date)
                    .hint(visit.t("review-letter-date.hint"))
                    .value(visit.posted.text("letter_date"))
                    .fault(wrong.date.clone()),
            );
    }
    if may(ActName::Refuse) {
        form = form.with(
            Field::area(lang, "reason", visit.t("review-reason"))
                .hint(visit.t("review-reason.hint"))
                .value(visit.posted.text("reason"))
                .max(2_000)
                .optional()
                .fault(wrong.reason.clone()),
        );
    }
    if may(ActName::Approve) {
        form = form.button(visit.t("review-approve"), "approve", Look::Primary);
    }
    if may(ActName::LetterArrived) {
        form = form.button(visit.t("review-letter-arrived"), "letter", Look::Primary);
    }
    if may(ActName::Refuse) {
        form = form.button(visit.t("review-refuse"), "refuse", Look::Danger);
    }
    form
}
