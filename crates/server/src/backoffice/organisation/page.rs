//! The page of an organisation: what it says about itself, its accounts, its files.

use askama::Template;
use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::roc;
use mydata_domain::organisation::Organisation;
use mydata_store::repo::organisations::Profile;
use mydata_store::repo::uploads::Upload;
use mydata_store::repo::{accounts, organisations as profiles, uploads};

use super::list::{chip, kind_key};
use super::{CHANGERS, MANAGERS, about, above, name};
use crate::backoffice::ROOT;
use crate::backoffice::frame::{Frame, role_key};
use crate::backoffice::parts::cell::{Cell, Chip, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::system::accounts as words;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;

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
    /// Its files, each with size and moment.
    pub files: Vec<(Link, String)>,
}

/// `GET /organisation?organisation=…`.
pub async fn show(visit: Visit) -> Answer {
    let Some(organisation) = about(&visit)? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
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
            chip: words::chip(&visit, account),
            link: (manages && open && account.role == Role::Deputy)
                .then(|| Link::new(visit.t("deputy-edit"), href).about(account.holder.name.clone())),
        }
    };
    let file = |upload: &Upload| {
        let at = RocDateTime::new(upload.uploaded_at.to_timestamp()).date_time(lang);
        let size = visit.t1("organisation-file-size", "kilobytes", upload.bytes.div_ceil(1024));
        (Link::new(upload.name.clone(), format!("{ROOT}/uploads/{}", upload.id)), format!("{size} · {at}"))
    };
    let link = |key: &str, below: &str| Link::new(visit.t(key), format!("{ROOT}{below}?organisation={id}"));
    let mut notices = Vec::new();
    if profile.is_none() && CHANGERS.contains(&role) {
        notices.push(Notice::new(Tone::Calm, visit.t("organisation-unsaid")));
    }
    let view = OrganisationPage {
        frame: visit.frame(name(&visit, &organisation), above(&visit)?),
        chip: chip(lang, profile.as_ref().map(|p| p.state)),
        notices,
        facts: facts(&visit, &organisation, profile.as_ref()),
        change: CHANGERS.contains(&role).then(|| link("organisation-change", "/organisation/change")),
        accounts: people.iter().map(row).collect(),
        add: manages.then(|| link("deputy-new", "/organisation/deputy/new")),
        files: files.iter().map(file).collect(),
    };
    Ok(visit.ok(&view))
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
        .text(visit.t("organisation-applied-on"), roc(form.applied_on))
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
