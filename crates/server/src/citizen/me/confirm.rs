//! `/me/changes/{id}`: the two confirmations of a new address. Both are on record, and the old address is told.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::change::{Change, ChangeId};
use mydata_domain::citizen::contact::{Channel, masked};
use mydata_domain::one_time::{OneTimeCode, Refused};
use mydata_store::repo::audit;
use mydata_store::repo::citizens::{self, Citizen as Row};
use mydata_store::repo::contact_changes::{self, Kept};
use mydata_store::{StoreError, Tx};
use serde_json::json;

use super::address::{Codes, hash};
use super::{PATH, channel_key, row};
use crate::app::App;
use crate::citizen::form::CitizenForm;
use crate::citizen::next;
use crate::citizen::notify::{self, Details, Kind};
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, FormTarget, Lang, Policy, RocDateTime, i18n, page};

/// One of the two codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeField {
    /// Its name in the form.
    pub name: &'static str,
    /// What is asked for, naming the masked address.
    pub label: String,
    /// Until when it may be typed.
    pub until: String,
    /// It was typed before.
    pub proven: bool,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "citizen/confirm.html")]
pub struct ConfirmChangePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Whether codes were sent again.
    pub sent_again: Option<String>,
    /// The codes.
    pub codes: Vec<CodeField>,
    /// The way to confirm by another login instead; nothing where that was done.
    pub log_in: Option<String>,
    /// Whether another login is the only second way.
    pub only_login: bool,
    /// Whether another login has confirmed it.
    pub logged_in: bool,
    /// The form.
    pub submit: FormTarget,
    /// Sends codes again; nothing when that was done often enough.
    pub again: Option<FormTarget>,
}

impl ConfirmChangePage {
    fn faults(&self) -> usize {
        self.codes.iter().filter(|code| code.fault.is_some()).count()
    }

    fn has_faults(&self) -> bool {
        self.faults() > 0
    }
}

/// What was typed wrongly: the new address's code, the old one's.
#[derive(Default)]
struct Faults {
    new: Option<String>,
    old: Option<String>,
}

fn path(id: ChangeId) -> String {
    format!("/me/changes/{id}")
}

fn over() -> Response {
    Redirect::to(PATH).into_response()
}

async fn open(app: &App, citizen: &Citizen, id: &str) -> Result<Option<Kept>, Fault> {
    let id: ChangeId = id.parse().map_err(|_| Fault::NotFound)?;
    let kept = contact_changes::load(&app.store.db, &app.store.crypter, &citizen.index, id).await?;
    Ok(kept.filter(|kept| kept.change.is_open(app.now())))
}

/// `GET /me/changes/{id}`.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let kept = open(&visit.app, citizen, id).await?.ok_or(Fault::NotFound)?;
    let row = row(&visit.app, citizen).await?;
    Ok(drawn(visit, citizen, &row, &kept, Faults::default()))
}

fn drawn(visit: &Visit, citizen: &Citizen, row: &Row, kept: &Kept, faults: Faults) -> Response {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let change = &kept.change;
    let clock = |at: Time| {
        let at = RocDateTime::new(at.to_timestamp()).time();
        i18n::t(lang, "me-code-until", &[("at", at.into())])
    };
    let label = |key: &str, channel: Channel, address: &str| {
        i18n::t(lang, key, &[("address", masked(channel, address).into())])
    };
    let failed = faults.new.is_some() || faults.old.is_some();
    let mut codes = vec![CodeField {
        name: "new",
        label: label("me-code-new", change.channel, &change.address),
        until: clock(change.new.until()),
        proven: change.new.is_proven(),
        fault: faults.new,
    }];
    let logged_in = citizen.signed_in_at > change.began_at;
    if let Some((channel, proof)) = change.old.as_ref().filter(|(_, proof)| proof.is_proven() || !logged_in) {
        codes.push(CodeField {
            name: "old",
            label: label("me-code-old", *channel, row.contact.address(*channel).unwrap_or_default()),
            until: clock(proof.until()),
            proven: proof.is_proven(),
            fault: faults.old,
        });
    }
    let second = change.second(citizen.signed_in_at, citizen.is_fresh(app.now()));
    let log_in = second.is_none().then(|| next::to_login(&path(kept.id), &[("again", "1")]));
    let what = lang.t(channel_key(change.channel));
    let title = i18n::t(lang, "me-confirm", &[("what", what.into())]);
    let frame = Frame::new(visit, Area::Elsewhere, title).below(lang.t("own-me"), PATH);
    let sent = query(&visit.here).iter().any(|(key, _)| key == "sent");
    let status = if failed { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = ConfirmChangePage {
        chrome: frame.chrome.clone(),
        frame,
        sent_again: sent.then(|| lang.t("me-code-sent")),
        codes,
        log_in,
        only_login: change.old.is_none(),
        logged_in,
        submit: citizen.form(app, path(kept.id)),
        again: change.may_send().then(|| citizen.form(app, format!("{}/again", path(kept.id)))),
    };
    page(status, &view, &Policy::personal())
}

/// `POST /me/changes/{id}`.
pub async fn submit(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = tried(&visit, &id, &form).await;
    visit.or_fault(answer)
}

/// What came of the codes that were typed.
enum Outcome {
    /// The change is over, or was never this citizen's.
    Over,
    /// It waits for more.
    Waiting(Box<Kept>, Faults),
    /// The address is the citizen's.
    Done,
}

/// Why a code does not count, in words.
fn words(lang: Lang, typed: &str, outcome: Result<(), Refused>) -> Option<String> {
    match outcome {
        Ok(()) => None,
        Err(_) if typed.is_empty() => Some(lang.t("me-code-missing")),
        Err(Refused::Wrong { left }) => Some(i18n::t(lang, "me-code-wrong", &[("left", left.into())])),
        Err(Refused::Late) => Some(lang.t("me-code-late")),
        Err(Refused::TooOften) => Some(lang.t("me-code-too-often")),
    }
}

async fn tried(visit: &Visit, id: &str, form: &CitizenForm) -> Result<Response, Fault> {
    let (app, citizen) = (&visit.app, &form.citizen);
    let id: ChangeId = id.parse().map_err(|_| Fault::NotFound)?;
    let outcome = app
        .store
        .db
        .run_tx("contact-confirm", |tx| async move { confirm(&tx, visit, form, id).await })
        .await?;
    Ok(match outcome {
        Outcome::Over => over(),
        Outcome::Waiting(kept, faults) => {
            let row = row(app, citizen).await?;
            drawn(visit, citizen, &row, &kept, faults)
        }
        Outcome::Done => Redirect::to("/me?said=contact").into_response(),
    })
}

async fn confirm(tx: &Tx, visit: &Visit, form: &CitizenForm, id: ChangeId) -> Result<Outcome, StoreError> {
    let (app, citizen, lang) = (&visit.app, &form.citizen, visit.prefs.lang);
    let (crypter, now) = (&app.store.crypter, app.now());
    let kept = contact_changes::load_in(tx, crypter, &citizen.index, id).await?;
    let Some(mut kept) = kept.filter(|kept| kept.change.is_open(now)) else { return Ok(Outcome::Over) };
    let Some(row) = citizens::load_in(tx, crypter, &citizen.index).await? else { return Ok(Outcome::Over) };
    let mut events = Vec::new();
    let mut confirmed = |by: &str| {
        let detail = json!({ "citizen": row.index, "by": by });
        events.push(
            Event::new(now, Actor::Citizen, What::ContactConfirmed).from(Some(visit.from)).with(detail),
        );
    };
    // What cannot be a code costs no try; it is wrong all the same.
    let try_one = |which: &str, proof: &mut mydata_domain::citizen::change::Proof| {
        let typed = form.posted.text(which);
        match OneTimeCode::read(typed) {
            _ if proof.is_proven() => None,
            Some(code) => words(lang, typed, proof.try_with(&hash(app, id, which, &code), now)),
            None if typed.is_empty() => Some(lang.t("me-code-missing")),
            None => Some(lang.t("me-code-form")),
        }
    };
    let change = &mut kept.change;
    let mut faults = Faults::default();
    let was_proven = change.new.is_proven();
    faults.new = try_one("new", &mut change.new);
    if !was_proven && change.new.is_proven() {
        confirmed("new-address");
    }
    let by_login = citizen.signed_in_at > change.began_at;
    if let Some((_, proof)) = change.old.as_mut().filter(|_| !by_login) {
        let was_proven = proof.is_proven();
        faults.old = try_one("old", proof);
        if !was_proven && proof.is_proven() {
            confirmed("old-address");
        }
    }
    let second = change.second(citizen.signed_in_at, citizen.is_fresh(now));
    let done = change.new.is_proven() && second.is_some();
    if !contact_changes::save(tx, crypter, &kept, done).await? {
        return Err(StoreError::Busy { name: "contact-confirm", tries: 1 });
    }
    if let Some(second) = second.filter(|_| done) {
        if !set(tx, app, &row, &kept.change).await? {
            return Err(StoreError::Busy { name: "contact-confirm", tries: 1 });
        }
        let channel = kept.change.channel.as_str();
        let detail = json!({ "citizen": row.index, "channel": channel, "second": second.as_str() });
        events
            .push(Event::new(now, Actor::Citizen, What::ContactChanged).from(Some(visit.from)).with(detail));
    }
    audit::append(tx, &*app.random, &events).await?;
    Ok(if done { Outcome::Done } else { Outcome::Waiting(Box::new(kept), faults) })
}

/// Puts the new address in place, and tells the citizen: by their channels, and at the address that is replaced.
async fn set(tx: &Tx, app: &App, row: &Row, change: &Change) -> Result<bool, StoreError> {
    let details = Details { named: Some(masked(change.channel, &change.address)), ..Details::default() };
    let old = row.contact.address(change.channel);
    if let Some(old) = old {
        notify::tell_at(tx, app, row, (change.channel, old), Kind::ContactChanged, &details).await?;
    }
    for channel in row.contact.reached_by() {
        if let Some(address) = row.contact.address(channel).filter(|_| channel != change.channel) {
            notify::tell_at(tx, app, row, (channel, address), Kind::ContactChanged, &details).await?;
        }
    }
    let mut contact = row.contact.clone();
    contact.set_address(change.channel, change.address.clone());
    citizens::set_contact(tx, &app.store.crypter, row, &contact).await
}

/// `POST /me/changes/{id}/again`: sends codes in place of those that were not typed.
pub async fn again(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = sent_again(&visit, &id, &form).await;
    visit.or_fault(answer)
}

async fn sent_again(visit: &Visit, id: &str, form: &CitizenForm) -> Result<Response, Fault> {
    let (app, citizen) = (&visit.app, &form.citizen);
    let id: ChangeId = id.parse().map_err(|_| Fault::NotFound)?;
    let codes = &Codes::new(app);
    let row = &row(app, citizen).await?;
    let sent = app
        .store
        .db
        .run_tx("contact-codes", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let kept = contact_changes::load_in(&tx, crypter, &citizen.index, id).await?;
            let Some(mut kept) = kept.filter(|k| k.change.is_open(now) && k.change.may_send()) else {
                return Ok(false);
            };
            kept.change.sends += 1;
            kept.change.new.renew(codes.new_hash(app, id), now);
            if let Some((_, proof)) = &mut kept.change.old {
                proof.renew(codes.old_hash(app, id), now);
            }
            codes.send(&tx, app, row, &kept.change).await?;
            contact_changes::save(&tx, crypter, &kept, false).await
        })
        .await?;
    if !sent {
        return Ok(over());
    }
    Ok(Redirect::to(&format!("{}?sent=1", path(id))).into_response())
}
