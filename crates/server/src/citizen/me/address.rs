//! `/me/mail`, `/me/phone`: asks for another address, and sends the codes that confirm it.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::change::{CHANGES, Change, ChangeId, PER, Proof};
use mydata_domain::citizen::contact::{Channel, masked, read_address};
use mydata_domain::one_time::OneTimeCode;
use mydata_store::repo::citizens::Citizen as Row;
use mydata_store::repo::{audit, contact_changes};
use mydata_store::{StoreError, Tx};
use serde_json::json;

use super::{PATH, channel_key, channel_path, row};
use crate::app::App;
use crate::citizen::form::CitizenForm;
use crate::citizen::notify::{self, Details, Kind};
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, page};

/// The page.
#[derive(Template)]
#[template(path = "citizen/address.html")]
pub struct AddressPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is asked for.
    pub channel: Channel,
    /// 電子郵件, 手機號碼.
    pub label: String,
    /// The address so far, masked.
    pub now: Option<String>,
    /// What was typed.
    pub value: String,
    /// Whether a form that was kept is shown.
    pub kept: bool,
    /// What is to be mended.
    pub fault: Option<String>,
    /// The form.
    pub submit: FormTarget,
}

/// `GET /me/mail`.
pub async fn show_mail(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen, Channel::Mail).await;
    visit.or_fault(answer)
}

/// `GET /me/phone`.
pub async fn show_phone(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen, Channel::Sms).await;
    visit.or_fault(answer)
}

/// `POST /me/mail`.
pub async fn submit_mail(visit: Visit, form: CitizenForm) -> Response {
    let answer = begun(&visit, &form, Channel::Mail).await;
    visit.or_fault(answer)
}

/// `POST /me/phone`.
pub async fn submit_phone(visit: Visit, form: CitizenForm) -> Response {
    let answer = begun(&visit, &form, Channel::Sms).await;
    visit.or_fault(answer)
}

fn offered(app: &App, channel: Channel) -> Result<(), Fault> {
    if channel == Channel::Sms && !app.texts.is_there() { Err(Fault::NotFound) } else { Ok(()) }
}

async fn shown(visit: &Visit, citizen: &Citizen, channel: Channel) -> Result<Response, Fault> {
    offered(&visit.app, channel)?;
    let row = row(&visit.app, citizen).await?;
    let kept = citizen.kept_form(&visit.app, &visit.here, channel_path(channel)).await?;
    let value = kept.as_ref().map(|form| form.text("address").to_owned());
    let is_kept = kept.is_some();
    Ok(drawn(visit, citizen, &row, channel, value.unwrap_or_default(), is_kept, None))
}

fn drawn(
    visit: &Visit,
    citizen: &Citizen,
    row: &Row,
    channel: Channel,
    value: String,
    kept: bool,
    fault: Option<String>,
) -> Response {
    let lang = visit.prefs.lang;
    let label = lang.t(channel_key(channel));
    let now = row.contact.address(channel).map(|address| masked(channel, address));
    let title = super::change_label(lang, channel, now.is_some());
    let frame = Frame::new(visit, Area::Elsewhere, title).below(lang.t("own-me"), PATH);
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = AddressPage {
        chrome: frame.chrome.clone(),
        frame,
        channel,
        label,
        now,
        value,
        kept,
        fault,
        submit: citizen.form(&visit.app, channel_path(channel)),
    };
    page(status, &view, &Policy::personal())
}

async fn begun(visit: &Visit, form: &CitizenForm, channel: Channel) -> Result<Response, Fault> {
    let (app, citizen, lang) = (&visit.app, &form.citizen, visit.prefs.lang);
    offered(app, channel)?;
    let row = &row(app, citizen).await?;
    let typed: String = form.posted.text("address").chars().take(300).collect();
    let mend = |key: &str| Ok(drawn(visit, citizen, row, channel, typed.clone(), false, Some(lang.t(key))));
    let Some(address) = read_address(channel, &typed) else {
        return mend(match channel {
            Channel::Mail => "me-mail-bad",
            Channel::Sms => "me-phone-bad",
        });
    };
    if row.contact.address(channel) == Some(address.as_str()) {
        return mend("me-same");
    }
    let id = ChangeId::generate(&*app.random);
    let codes = &Codes::new(app);
    let (address, from) = (&address, visit.from);
    let begun = app
        .store
        .db
        .run_tx("contact-change", |tx| async move {
            let now = app.now();
            let since = Time(now.0 - i64::try_from(PER.as_millis()).unwrap_or(i64::MAX));
            if contact_changes::since(&tx, &row.index, since).await? >= CHANGES {
                return Ok(false);
            }
            // The code to the old address goes to the one that is replaced, else to any that was confirmed.
            let there = |c: &Channel| row.contact.address(*c).is_some();
            let old = Some(channel).filter(there).or_else(|| Channel::ALL.into_iter().find(there));
            let change = Change {
                channel,
                address: address.clone(),
                began_at: now,
                new: Proof::sent(codes.new_hash(app, id), now),
                old: old.map(|old| (old, Proof::sent(codes.old_hash(app, id), now))),
                sends: 1,
            };
            contact_changes::begin(&tx, &app.store.crypter, &row.index, id, &change).await?;
            codes.send(&tx, app, row, &change).await?;
            let detail = json!({ "citizen": row.index, "channel": channel.as_str() });
            let event = Event::new(now, Actor::Citizen, What::ContactChangeBegun);
            audit::append(&tx, &*app.random, &[event.from(Some(from)).with(detail)]).await?;
            Ok(true)
        })
        .await?;
    if !begun {
        return mend("me-too-often");
    }
    Ok(Redirect::to(&format!("/me/changes/{id}")).into_response())
}

/// The two codes of a change. They are made before the database transaction, which may run more than once.
pub(super) struct Codes {
    new: OneTimeCode,
    old: OneTimeCode,
}

impl Codes {
    pub(super) fn new(app: &App) -> Self {
        Self { new: OneTimeCode::generate(&*app.random), old: OneTimeCode::generate(&*app.random) }
    }

    pub(super) fn new_hash(&self, app: &App, id: ChangeId) -> String {
        hash(app, id, "new", &self.new)
    }

    pub(super) fn old_hash(&self, app: &App, id: ChangeId) -> String {
        hash(app, id, "old", &self.old)
    }

    /// Sends the codes of a change that were not typed yet.
    pub(super) async fn send(
        &self,
        tx: &Tx,
        app: &App,
        row: &Row,
        change: &Change,
    ) -> Result<(), StoreError> {
        let with = |code: &OneTimeCode, proof: &Proof| Details {
            code: Some((code.clone(), proof.until())),
            ..Details::default()
        };
        if !change.new.is_proven() {
            let at = (change.channel, change.address.as_str());
            notify::tell_at(tx, app, row, at, Kind::Code, &with(&self.new, &change.new)).await?;
        }
        if let Some((channel, proof)) = change.old.as_ref().filter(|(_, proof)| !proof.is_proven())
            && let Some(address) = row.contact.address(*channel)
        {
            notify::tell_at(tx, app, row, (*channel, address), Kind::Code, &with(&self.old, proof)).await?;
        }
        Ok(())
    }
}

/// How a code is kept: only whoever has the platform's key could try all of them.
pub(super) fn hash(app: &App, id: ChangeId, which: &str, code: &OneTimeCode) -> String {
    app.store.crypter.index("contact code", format!("{id} {which} {}", code.as_str()))
}
