//! The page itself (R44–R50).

use std::collections::HashMap;

use askama::Template;
use mydata_domain::account::{AccountId, Role};
use mydata_domain::filing::{FilingKind, FilingState};
use mydata_domain::forms::Purpose;
use mydata_domain::item::{ActName, Facts as Known, Kind, Running, Stage, step};
use mydata_domain::organisation::{OrganisationId, OrganisationKind};
use mydata_domain::{Time, Zone};
use mydata_store::repo::items::{self, Entry, Kept};
use mydata_store::repo::{accounts, filings, uploads};

use super::{certificate, load, name, path, record, words};
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::begin::form_path;
use crate::backoffice::frame::{Crumb, Frame, role_key};
use crate::backoffice::health::view::{self, HealthView};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::way::{Happened, History, Way};
use crate::backoffice::route::Answer;
use crate::backoffice::statistics::usage::{self, Usage};
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, front_test, scope};
use crate::web::date::day as in_words;
use crate::web::{Lang, RocDateTime, i18n};

/// What is registered in one zone.
pub struct ZoneView {
    /// The zone's name.
    pub title: String,
    /// What is registered.
    pub facts: Facts,
    /// Where the credentials are shown, for their owner; where it is tried as a citizen would.
    pub links: Vec<Link>,
}

/// A file.
pub struct FileView {
    /// What it is.
    pub title: String,
    /// Its name.
    pub name: String,
    /// Version, size, moment.
    pub about: String,
    /// Where it is read.
    pub href: String,
}

/// A filing about the item.
pub struct FilingView {
    /// Its number.
    pub number: String,
    /// What it is for, and when it was filed.
    pub about: String,
    /// How far it is.
    pub state: Chip,
    /// Its page.
    pub href: String,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/item.html")]
pub struct ItemPage {
    /// The frame.
    pub frame: Frame,
    /// Where it stands.
    pub chip: Chip,
    /// The whole way.
    pub way: Way,
    /// What comes next.
    pub notices: Vec<Notice>,
    /// What it is.
    pub facts: Facts,
    /// What is registered.
    pub zones: Vec<ZoneView>,
    /// How much it was used of late.
    pub usage: Option<Usage>,
    /// Whether it can be reached; none for what is not let in.
    pub health: Option<HealthView>,
    /// Its files, newest version of each first.
    pub files: Vec<FileView>,
    /// Its filings, newest first.
    pub filings: Vec<FilingView>,
    /// What happened.
    pub history: History,
    /// What may be done by filling in a form or deciding.
    pub forward: Vec<Link>,
    /// What takes something away.
    pub back: Vec<Link>,
}

/// `GET /items/{id}`.
pub async fn show(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let scope = scope::of_visit(&visit)?;
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let history = items::history(db, kept.id).await?;
    let filed = filings::of_item(db, &scope, kept.id).await?;
    let files = uploads::of_item(db, &scope, kept.id).await?;
    let people: Vec<AccountId> = history.iter().filter_map(|e| e.account).chain(kept.updated_by).collect();
    let people: HashMap<AccountId, (Role, String)> = accounts::with_ids(db, crypter, &people)
        .await?
        .into_iter()
        .map(|a| (a.id, (a.role, a.holder.masked_name())))
        .collect();
    let organisation = visit.catalogue.organisation(kept.organisation.as_str());
    let known = kept.facts(organisation.map_or(OrganisationKind::Agency, |o| o.kind));
    let lang = visit.lang();
    let mut zones = Vec::new();
    let role = visit.me()?.account.role;
    let owns = Role::ORGANISATION.contains(&role);
    for zone in [Zone::Test, Zone::Production] {
        if let Some(facts) = record::facts(&visit, &kept, zone).await? {
            let shown = owns && kept.kind != Kind::CounterService;
            let link = || {
                let href = format!("{}/credentials?zone={}", path(kept.id), zone.as_str());
                Link::new(visit.t("item-credentials"), href)
            };
            let mut links: Vec<Link> = shown.then(link).into_iter().collect();
            if zone == Zone::Test && front_test::page::can_be_tried(&kept) && (owns || role == Role::Operator)
            {
                links.push(Link::new(visit.t("front-test"), front_test::page::address(kept.id)));
            }
            if kept.kind == Kind::Dataset && (owns || role == Role::Operator) {
                links.push(Link::new(visit.t("item-certificate"), certificate::address(&kept, zone)));
            }
            zones.push(ZoneView { title: visit.t(zone_key(zone)), facts, links });
        }
    }
    let files = files.iter().map(|upload| FileView {
        title: visit.t(purpose_key(upload.purpose)),
        name: upload.name.clone(),
        about: i18n::t(
            lang,
            "item-file-about",
            &[
                ("version", upload.version.into()),
                ("kilobytes", upload.bytes.div_ceil(1024).into()),
                ("at", moment(lang, upload.uploaded_at).into()),
            ],
        ),
        href: format!("{ROOT}/uploads/{}", upload.id),
    });
    let filed = filed.iter().map(|f| FilingView {
        number: f.number.to_string(),
        about: format!("{} · {}", visit.t(filing_key(f.kind)), moment(lang, f.filed_at)),
        state: state_chip(&visit, f.state),
        href: format!("{ROOT}/reviews/{}", f.id),
    });
    let (forward, back) = ways(&visit, &kept, &known)?;
    let list = if owns {
        Crumb::new(visit.t(words::list_key(kept.kind)), format!("{ROOT}{}", words::list_path(kept.kind)))
    } else {
        match kept.kind {
            Kind::Service => Crumb::new(visit.t("menu-all-services"), format!("{ROOT}/all-services")),
            _ => Crumb::new(visit.t("menu-all-datasets"), format!("{ROOT}/all-datasets")),
        }
    };
    let frame = visit.frame(name(&visit, &kept), vec![list]);
    let view = ItemPage {
        health: view::of(&visit, &kept, &frame.token).await?,
        chip: words::chip(lang, &kept.stage, visit.now),
        way: words::way(lang, &kept.stage, true),
        notices: notices(&visit, &kept),
        facts: facts(&visit, &kept, &people),
        zones,
        usage: usage::of_item(&visit, &scope, &kept).await?,
        files: files.collect(),
        filings: filed.collect(),
        history: happened(&visit, &history, &people),
        forward,
        back,
        frame,
    };
    Ok(visit.ok(&view))
}

fn moment(lang: Lang, at: Time) -> String {
    RocDateTime::new(at.to_timestamp()).date_time(lang)
}

/// The text that names a zone.
pub(super) fn zone_key(zone: Zone) -> &'static str {
    match zone {
        Zone::Test => "zone-test",
        Zone::Production => "zone-production",
    }
}

/// An organisation's name in the reader's language; as it was kept when the registry has it no more.
pub fn organisation_name(visit: &Visit, id: Option<&OrganisationId>, kept: &str) -> String {
    let known = id.and_then(|id| visit.catalogue.organisation(id.as_str()));
    known.map_or_else(|| kept.to_owned(), |o| visit.lang().pick(&o.name, Some(&o.name_en)).to_owned())
}

/// The text that names what a file is.
fn purpose_key(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::TestData => "file-test-data",
        Purpose::Specification => "file-specification",
        Purpose::ApiDocument => "file-api-document",
        Purpose::Application => "file-application",
        Purpose::Checklist => "file-checklist",
        Purpose::PilotReport => "file-pilot-report",
        Purpose::SignedApplication => "organisation-signed",
    }
}

/// The text that names what a filing is for.
pub fn filing_key(kind: FilingKind) -> &'static str {
    match kind {
        FilingKind::SignUp => "filing-sign-up",
        FilingKind::NewItem => "filing-new-item",
        FilingKind::Extension => "filing-extension",
        FilingKind::GoLive => "filing-go-live",
        FilingKind::PilotReport => "filing-pilot-report",
        FilingKind::Change => "filing-change",
    }
}

/// 申請狀態 (R55).
pub fn state_chip(visit: &Visit, state: FilingState) -> Chip {
    let (colour, key) = match state {
        FilingState::InReview => (Colour::Amber, "filing-in-review"),
        FilingState::Approved => (Colour::Green, "filing-approved"),
        FilingState::Refused => (Colour::Red, "filing-refused"),
        FilingState::Withdrawn => (Colour::Quiet, "filing-withdrawn"),
    };
    Chip::new(colour, visit.t(key))
}

fn facts(visit: &Visit, kept: &Kept, people: &HashMap<AccountId, (Role, String)>) -> Facts {
    let lang = visit.lang();
    let by = kept.updated_by.and_then(|id| people.get(&id)).map(|(_, name)| name.clone());
    let mut facts = Facts::default()
        .text(visit.t("item-kind"), words::kind(lang, kept.kind))
        .text(
            visit.t("list-organisation"),
            organisation_name(visit, Some(&kept.organisation), &kept.organisation_name),
        )
        .text(visit.t("list-category"), words::category(visit, kept.kind, &kept.category))
        .text(visit.t("item-form-number"), kept.number.map(|n| n.to_string()).unwrap_or_default())
        .cell(visit.t("list-display"), words::display(lang, &kept.stage, kept.shown));
    for certificate in &kept.certificates {
        facts = facts.cell(visit.t("record-certificate"), record::days(visit, certificate));
    }
    let listed = kept.listed_at.map_or(Cell::Nothing, |at| Cell::at(lang, at));
    facts
        .cell(visit.t("item-listed-at"), listed)
        .text(visit.t("item-updated-by"), by.unwrap_or_else(|| visit.t("item-by-platform")))
        .cell(visit.t("item-updated-at"), Cell::at(lang, kept.updated_at))
}

/// What comes next, and by when.
fn notices(visit: &Visit, kept: &Kept) -> Vec<Notice> {
    let mut notices = Vec::new();
    let day = |key: &str, day| visit.t1(key, "day", in_words(visit.lang(), day));
    match &kept.stage {
        Stage::Suspended(suspended) => {
            for one in &suspended.causes {
                let reason = one.reason.as_ref().map(|r| format!("\n\n{}", r.as_str())).unwrap_or_default();
                let since = visit.t1("item-suspended-since", "at", moment(visit.lang(), one.since));
                let title = words::cause(visit.lang(), one.cause);
                notices.push(Notice::new(Tone::Bad, format!("{since}{reason}")).titled(title));
            }
        }
        Stage::Running(Running::Testing(testing)) => {
            notices.push(Notice::new(Tone::Calm, day("item-test-ends", testing.last_day)));
        }
        Stage::Running(Running::AwaitingLetter(_)) => {
            notices.push(Notice::new(Tone::Warn, visit.t("item-letter-awaited")));
        }
        Stage::Running(Running::Piloting(pilot)) => {
            notices.push(Notice::new(Tone::Calm, day("item-report-due", pilot.report_due())));
        }
        Stage::Running(Running::AwaitingListing(waiting)) => {
            notices.push(Notice::new(Tone::Calm, day("item-listing-on", waiting.on)));
        }
        _ => {}
    }
    let returned = FilingKind::ALL.into_iter().find_map(|kind| kept.stage.returned(kind));
    if let Some(returned) = returned {
        let text = visit.t1("item-returned-number", "number", returned.number.to_string());
        notices.push(Notice::new(Tone::Warn, text));
    }
    notices
}

fn happened(visit: &Visit, entries: &[Entry], people: &HashMap<AccountId, (Role, String)>) -> History {
    let lang = visit.lang();
    let one = |entry: &Entry| {
        let who = match entry.account {
            None => visit.t("item-by-platform"),
            Some(id) => {
                let role = entry.role.map(|role| visit.t(role_key(role))).unwrap_or_default();
                let name = people.get(&id).map_or("", |(_, name)| name.as_str());
                format!("{role} {name}").trim().to_owned()
            }
        };
        let letter = entry.letter.as_ref().map(|letter| {
            let args =
                [("number", letter.number().into()), ("day", in_words(visit.lang(), letter.date()).into())];
            i18n::t(lang, "item-letter", &args)
        });
        let reason = entry.reason.as_ref().map(|reason| reason.as_str().to_owned());
        let note: Vec<String> = reason.into_iter().chain(letter).collect();
        let at = RocDateTime::new(entry.at.to_timestamp());
        Happened {
            at: at.date_time(lang),
            machine: at.machine(),
            what: lang.pick(entry.deed.zh(), Some(entry.deed.en())).to_owned(),
            who,
            note: (!note.is_empty()).then(|| note.join("\n")),
        }
    };
    History { events: entries.iter().rev().map(one).collect(), empty: visit.t("item-history.empty") }
}

/// The form behind an act.
fn form_of(act: ActName) -> Option<FilingKind> {
    Some(match act {
        ActName::File => FilingKind::NewItem,
        ActName::FileExtension => FilingKind::Extension,
        ActName::FileGoLive => FilingKind::GoLive,
        ActName::FileReport => FilingKind::PilotReport,
        ActName::FileChange => FilingKind::Change,
        _ => return None,
    })
}

/// The buttons at the bottom: exactly what the rules let this account do now (R30, R32, R50, R52).
fn ways(visit: &Visit, kept: &Kept, known: &Known) -> Result<(Vec<Link>, Vec<Link>), Fault> {
    let actor = scope::actor(visit)?;
    let may = |act: ActName| step::may(&kept.stage, act, &actor, known, visit.now).is_ok();
    let lang = visit.lang();
    let (mut forward, mut back) = (Vec::new(), Vec::new());
    for act in ActName::ALL.into_iter().filter(|act| may(*act)) {
        if let Some(filing) = form_of(act) {
            let label =
                if act == ActName::File { visit.t("item-fill-in") } else { words::act(lang, act).to_owned() };
            forward.push(Link::new(label, form_path(kept.id, filing)));
        } else if super::act::is_asked(act) {
            let href = super::act::path(kept.id, act);
            let label = super::act::label(visit, kept.kind, act);
            match act {
                ActName::StartAnew | ActName::Resume | ActName::ResumeFailing => {
                    forward.push(Link::new(label, href));
                }
                _ => back.push(Link::new(label, href)),
            }
        }
    }
    let decides = [ActName::Approve, ActName::Refuse, ActName::LetterArrived].into_iter().any(may);
    if let Some(filed) = kept.stage.filed().filter(|_| decides) {
        forward.insert(0, Link::new(visit.t("item-review"), format!("{ROOT}/reviews/{}", filed.filing)));
    }
    let role = visit.me()?.account.role;
    let displays = Role::ORGANISATION.contains(&role) || role == Role::Operator;
    if displays && kept.kind == Kind::Dataset && kept.stage.running().is_some() {
        let key = if kept.shown { "item-hide" } else { "item-show" };
        back.insert(0, Link::new(visit.t(key), format!("{}/display", path(kept.id))));
    }
    Ok((forward, back))
}
