//! The section on the page of an item: how it is, its last polls, its last connection test, and what may be done.

use askama::Template;
use askama::filters::Safe;
use mydata_domain::account::Role;
use mydata_domain::health::{Health, Probe};
use mydata_domain::item::Kind;
use mydata_domain::{Time, Zone};
use mydata_store::repo::health;
use mydata_store::repo::items::Kept;

use super::{strip, words};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow;
use crate::backoffice::item::path;
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::visit::Visit;
use crate::web::i18n::t;
use crate::web::{Lang, RocDateTime};

/// A form of one button.
pub struct Press {
    /// Where it posts to.
    pub action: String,
    /// What is posted along.
    pub hidden: (&'static str, &'static str),
    /// What it says.
    pub label: String,
    /// Whether it is the section's main one.
    pub primary: bool,
}

/// The section.
#[derive(Template)]
#[template(path = "backoffice/health/section.html")]
pub struct HealthView {
    /// Its heading.
    pub title: String,
    /// How it is, in a word.
    pub chip: Chip,
    /// The last polls; none while there were none.
    pub strip: Option<Safe<String>>,
    /// The strip in words.
    pub summary: String,
    /// What is known.
    pub facts: Facts,
    /// The last connection test.
    pub probe: Option<Link>,
    /// The token of the page's forms.
    pub token: String,
    /// What may be done.
    pub presses: Vec<Press>,
}

impl askama::filters::HtmlSafe for HealthView {}

/// How an item is, in a word (R42).
pub fn chip(lang: Lang, state: &Health) -> Chip {
    if state.since.is_some() {
        Chip::new(Colour::Red, lang.t("health-failing"))
    } else if !state.polled {
        Chip::new(Colour::Quiet, lang.t("health-off"))
    } else if state.polls.is_empty() {
        Chip::new(Colour::Quiet, lang.t("health-waiting"))
    } else {
        Chip::new(Colour::Green, lang.t("health-well"))
    }
}

/// What a list says beside the state: 未啟用輪詢, 異常; nothing of what is well.
pub fn listed(lang: Lang, kind: Kind, let_in: bool, standing: health::Standing) -> Option<Chip> {
    if !let_in || kind == Kind::CounterService {
        return None;
    }
    match standing {
        health::Standing { since: Some(_), .. } => Some(Chip::new(Colour::Red, lang.t("health-failing"))),
        health::Standing { polled: false, .. } => Some(Chip::new(Colour::Quiet, lang.t("health-off"))),
        _ => None,
    }
}

pub(super) fn moment(lang: Lang, at: Time) -> String {
    RocDateTime::new(at.to_timestamp()).date_time(lang)
}

fn often(lang: Lang, every: std::time::Duration) -> String {
    let seconds = every.as_secs().max(1);
    if seconds.is_multiple_of(60) {
        t(lang, "health-polling-on", &[("minutes", (seconds / 60).into())])
    } else {
        t(lang, "health-polling-on-seconds", &[("seconds", seconds.into())])
    }
}

/// The section of an item; none for what has no system of its own, or is not let in.
///
/// # Errors
/// The store fails.
pub async fn of(visit: &Visit, kept: &Kept, token: &str) -> Result<Option<HealthView>, Fault> {
    if kept.kind == Kind::CounterService || kept.stage.running().is_none() {
        return Ok(None);
    }
    let (state, probe) = health::load(&visit.app.store.db, kept.id).await?;
    let role = visit.me()?.account.role;
    let may = Role::ORGANISATION.contains(&role) || role == Role::Operator;
    let zones: Vec<Zone> = [Zone::Production, Zone::Test]
        .into_iter()
        .filter(|zone| flow::health::target(&visit.catalogue, kept, *zone).is_some())
        .collect();
    let every = visit.app.config.health.poll_every.0;
    let may = may.then(|| (path(kept.id), zones));
    Ok(Some(view(visit.lang(), kept.kind, (&state, probe.as_ref()), every, may, token, &path(kept.id))))
}

/// The section, of what is known. `may` is what may be tested, by whom may test.
pub(super) fn view(
    lang: Lang,
    kind: Kind,
    (state, probe): (&Health, Option<&Probe>),
    every: std::time::Duration,
    may: Option<(String, Vec<Zone>)>,
    token: &str,
    own: &str,
) -> HealthView {
    let polling = if state.polled { often(lang, every) } else { lang.t("health-off") };
    let mut facts = Facts::default().text(lang.t("health-polling"), polling);
    if let Some(last) = state.polls.last() {
        let args = [("at", moment(lang, last.at).into()), ("ms", last.ms.into())];
        facts = facts.text(lang.t("health-last"), t(lang, "health-last-text", &args));
    }
    if let Some(since) = state.since {
        let mut values = vec![Cell::at(lang, since)];
        if state.failures > 0 {
            values.push(Cell::Soft(t(lang, "health-times", &[("count", state.failures.into())])));
        }
        facts = facts.cells(lang.t("health-since"), values);
    }
    if let Some(fault) = &state.fault {
        facts = facts.text(lang.t("health-reason"), words::whole(lang, kind, fault));
    }
    if let Some(probe) = probe {
        let said = match probe.fault() {
            None => Chip::new(Colour::Green, lang.t("probe-passed")),
            Some(_) => Chip::new(Colour::Red, lang.t("probe-failed")),
        };
        facts = facts.cells(lang.t("health-probe"), vec![Cell::Chip(said), Cell::at(lang, probe.at)]);
    }
    let mut presses = Vec::new();
    if let Some((path, zones)) = may {
        let several = zones.len() > 1;
        for (place, zone) in zones.into_iter().enumerate() {
            let label = if several {
                t(lang, "probe-run-zone", &[("zone", words::zone(lang, zone).into())])
            } else {
                lang.t("probe-run")
            };
            let action = format!("{path}/probe");
            presses.push(Press { action, hidden: ("zone", zone.as_str()), label, primary: place == 0 });
        }
        let (key, to) = if state.polled { ("health-switch-off", "no") } else { ("health-switch-on", "yes") };
        presses.push(Press {
            action: format!("{path}/polling"),
            hidden: ("polled", to),
            label: lang.t(key),
            primary: false,
        });
    }
    HealthView {
        title: lang.t("health"),
        chip: chip(lang, state),
        strip: (!state.polls.is_empty()).then(|| strip::svg(lang, &state.polls)),
        summary: strip::summary(lang, &state.polls),
        facts,
        probe: probe.map(|_| Link::new(lang.t("health-probe-look"), format!("{own}/probe"))),
        token: token.to_owned(),
        presses,
    }
}
