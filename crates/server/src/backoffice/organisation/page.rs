//! The page of an organisation: what it says about itself, its accounts, its files.

use askama::Template;
use http::StatusCode;
use mydata_domain::account::{Account, Role};
use mydata_domain::forms::Purpose;
use mydata_domain::organisation::{NoteKind, Organisation};
use mydata_store::repo::organisation_notes::{self, Note};
use mydata_store::repo::organisations::Profile;
use mydata_store::repo::uploads::Upload;
use mydata_store::repo::{accounts, organisations as profiles, uploads};

use super::list::{chip, kind_key};
use super::open::{note_key, told_form};
use super::{CHANGERS, MANAGERS, OPENERS, OVERSEERS, about, above, name};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Frame, role_key};
use crate::backoffice::parts::cell::{Cell, Chip, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::way::{Happened, History};
use crate::backoffice::route::Answer;
use crate::backoffice::system::accounts as words;
use crate::backoffice::uploads::words::size;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;
use crate::web::date::day;

/// Most accounts on the page; an organisation has no more.
const MOST: u32 = 100;

/// An account of the organisation.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Who it belongs to.
    pub title: String,
    /// Its name, its role, when it signed in.
    pub about: String,
    /// Whether it may be used.
    pub chip: Chip,
    /// Where it is looked after.
    pub link: Option<Link>,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/organisation.html")]
pub struct OrganisationPage {
    /// The frame.
    pub frame: Frame,
    /// Whether its accounts may work.
    pub chip: Chip,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// What it says about itself.
    pub facts: Facts,
    /// Changes it.
    pub change: Option<Link>,
    /// Its accounts.
    pub accounts: Vec<AccountRow>,
    /// Invites a deputy.
    pub add: Option<Link>,
    /// Its files, each with version, size and moment.
    pub files: Vec<(Link, String)>,
    /// Uploads its signed 介接申請表.
    pub sign: Option<Link>,
    /// What the operating team noted; of nobody else's concern.
    pub notes: Option<History>,
    /// Notes a phone call.
    pub told: Option<Form>,
}

/// `GET /organisation?organisation=…`.
pub async fn show(visit: Visit) -> Answer {
    let Some(organisation) = about(&visit)? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
    page(&visit, &organisation, None).await
}

/// The page; with what is wrong with a note that was posted.
pub(super) async fn page(visit: &Visit, organisation: &Organisation, fault: Option<String>) -> Answer {
    let (db, crypter, lang) = (&visit.app.store.db, &visit.app.store.crypter, visit.lang());
    let id = &organisation.id;
    let profile = profiles::profile(db, crypter, id).await?;
    let people = accounts::of_organisation(db, crypter, id, MOST).await?;
    let files = uploads::of_organisation(db, id).await?;
    let role = visit.me()?.account.role;
    let manages = MANAGERS.contains(&role);
    let row = |account: &Account| {
        let at = account.signed_in_at.map_or_else(
            || visit.t("organisation-never-signed-in"),
            |at| {
                let at = RocDateTime::new(at.to_timestamp()).date_time(lang);
                visit.t1("organisation-signed-in", "at", at)
            },
        );
        let href = format!("{ROOT}/organisation/deputy?organisation={id}&account={}", account.id);
        let open = account.state != mydata_domain::account::AccountState::Closed;
        AccountRow {
            title: account.holder.name.clone(),
            about: format!("{} · {} · {at}", account.name, visit.t(role_key(account.role))),
            chip: words::chip(visit, account),
            link: (manages && open && account.role == Role::Deputy)
                .then(|| Link::new(visit.t("deputy-edit"), href).about(account.holder.name.clone())),
        }
    };
    let file = |upload: &Upload| {
        let at = RocDateTime::new(upload.uploaded_at.to_timestamp()).date_time(lang);
        let size = size(upload.bytes);
        let version = visit.t1("organisation-file-version", "version", upload.version);
        let about = match upload.purpose {
            Purpose::SignedApplication => {
                format!("{} · {version} · {size} · {at}", visit.t("organisation-signed"))
            }
            _ => format!("{size} · {at}"),
        };
        (Link::new(upload.name.clone(), format!("{ROOT}/uploads/{}", upload.id)), about)
    };
    let link = |key: &str, below: &str| Link::new(visit.t(key), format!("{ROOT}{below}?organisation={id}"));
    let mut notices = Vec::new();
    if profile.is_none() && CHANGERS.contains(&role) {
        notices.push(Notice::new(Tone::Calm, visit.t("organisation-unsaid")));
    }
    let opens = OPENERS.contains(&role);
    let notes = match OVERSEERS.contains(&role) {
        true => Some(noted(visit, &organisation_notes::of_organisation(db, crypter, id).await?).await?),
        false => None,
    };
    let is_opened =
        notes.as_ref().is_some_and(|(kinds, _)| NoteKind::ASKED.iter().any(|k| kinds.contains(k)));
    let is_told = notes.as_ref().is_some_and(|(kinds, _)| kinds.contains(&NoteKind::ToldByPhone));
    let is_signed = files.iter().any(|file| file.purpose == Purpose::SignedApplication);
    if opens && is_opened && !is_told {
        let phone = profile.as_ref().map(|p| p.form.applicant.phone.clone()).unwrap_or_default();
        notices.push(Notice::new(Tone::Warn, visit.t1("organisation-untold", "phone", phone)));
    }
    if opens && is_opened && !is_signed {
        notices.push(Notice::new(Tone::Warn, visit.t("organisation-unsigned")));
    }
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = visit.frame(name(visit, organisation), above(visit)?);
    let view = OrganisationPage {
        sign: opens.then(|| link("organisation-signed-add", "/organisation/signed")),
        notes: notes.map(|(_, history)| history),
        told: (opens && is_opened).then(|| told_form(lang, &frame.token, id.as_str(), fault)),
        frame,
        chip: chip(lang, profile.as_ref().map(|p| p.state)),
        notices,
        facts: facts(visit, organisation, profile.as_ref()),
        change: CHANGERS.contains(&role).then(|| link("organisation-change", "/organisation/change")),
        accounts: people.iter().map(row).collect(),
        add: manages.then(|| link("deputy-new", "/organisation/deputy/new")),
        files: files.iter().map(file).collect(),
    };
    Ok(visit.page(status, &view))
}

/// The operating team's notes: their kinds, and how they are shown.
async fn noted(visit: &Visit, notes: &[Note]) -> Result<(Vec<NoteKind>, History), Fault> {
    let writers: Vec<_> = notes.iter().map(|note| note.account).collect();
    let writers = accounts::with_ids(&visit.app.store.db, &visit.app.store.crypter, &writers).await?;
    let happened = |note: &Note| {
        let at = RocDateTime::new(note.at.to_timestamp());
        let who = writers.iter().find(|account| account.id == note.account);
        Happened {
            at: at.date_time(visit.lang()),
            machine: at.machine(),
            what: visit.t(note_key(note.kind)),
            who: who.map(|account| account.holder.masked_name()).unwrap_or_default(),
            note: (!note.text.is_empty()).then(|| note.text.clone()),
        }
    };
    let events = notes.iter().map(happened).collect();
    let history = History { events, empty: visit.t("organisation-notes.none") };
    Ok((notes.iter().map(|note| note.kind).collect(), history))
}

fn facts(visit: &Visit, organisation: &Organisation, profile: Option<&Profile>) -> Facts {
    let lang = visit.lang();
    let mut facts = Facts::default()
        .text(visit.t("organisation-name"), organisation.name.clone())
        .text(visit.t("organisation-name-en"), organisation.name_en.clone())
        .text(visit.t("organisation-short"), organisation.short_name.clone().unwrap_or_default())
        .text(visit.t("organisation-kind"), visit.t(kind_key(organisation.kind)))
        .cell(visit.t("organisation-id"), Cell::Code(organisation.id.to_string()));
    let Some(profile) = profile else { return facts };
    let form = &profile.form;
    if let Some(authority) = &profile.authority {
        let found = visit.catalogue.organisation(authority.as_str());
        let name = found.map_or_else(|| authority.to_string(), |o| super::name(visit, o));
        facts = facts.text(visit.t("organisation-authority"), name);
    }
    facts
        .text(visit.t("organisation-address"), form.address.clone())
        .text(visit.t("organisation-applied-on"), day(lang, form.applied_on))
        .cells(
            visit.t("organisation-applicant"),
            vec![
                Cell::Text(form.applicant.name.clone()),
                Cell::Soft(form.applicant.phone.clone()),
                Cell::Soft(form.applicant.email.clone()),
            ],
        )
        .cell(visit.t("organisation-changed"), Cell::at(lang, profile.updated_at))
}
