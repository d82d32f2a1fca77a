//! 基本資料 `/me`: who the platform takes the citizen for, how they are reached, and how they want to be told.
//!
//! | address | file |
//! | --- | --- |
//! | `GET /me`, `POST /me/notify` | here |
//! | `GET/POST /me/mail`, `/me/phone` | [`address`]: asks for another address |
//! | `GET/POST /me/changes/{id}`, `POST …/again` | [`confirm`]: confirms it twice |

pub mod address;
pub mod confirm;

use askama::Template;
use axum::Router;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::contact::{Channel, Contact, masked};
use mydata_store::repo::audit;
use mydata_store::repo::citizens::{self, Citizen as Row};
use serde_json::json;

use super::form::CitizenForm;
use super::notify::{self, Details, Kind};
use super::session::Citizen;
use crate::app::App;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, FormTarget, Lang, Policy, RocDateTime, i18n, page, verification_name};

/// Where.
pub const PATH: &str = "/me";
/// Where the choice of channels is posted to.
const NOTIFY: &str = "/me/notify";

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(PATH, get(show))
        .route(NOTIFY, post(choose))
        .route("/me/mail", get(address::show_mail).post(address::submit_mail))
        .route("/me/phone", get(address::show_phone).post(address::submit_phone))
        .route("/me/changes/{id}", get(confirm::show).post(confirm::submit))
        .route("/me/changes/{id}/again", post(confirm::again))
}

/// A way to be reached, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// 電子郵件, 手機號碼.
    pub label: String,
    /// The address, masked; nothing where there is none.
    pub address: Option<String>,
    /// Where it is changed.
    pub href: &'static str,
    /// What the way there says.
    pub change: String,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is posted.
    pub value: &'static str,
    /// What it says.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "citizen/me.html")]
pub struct MePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What has just been done.
    pub said: Option<String>,
    /// The facts: name, personal id, login.
    pub facts: Vec<(String, String)>,
    /// Mail and phone.
    pub reaches: Vec<Reach>,
    /// Channels to choose; none while there is no address.
    pub channels: Vec<Choice>,
    /// Languages to choose.
    pub languages: Vec<Choice>,
    /// Whether a form that was kept is shown.
    pub kept: bool,
    /// What is to be mended.
    pub fault: Option<String>,
    /// The form of the choice.
    pub submit: FormTarget,
}

/// The text that names a channel's address.
pub(super) fn channel_key(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "me-mail",
        Channel::Sms => "me-phone",
    }
}

/// What a link or a page says that changes a channel's address, or sets it for the first time.
fn change_label(lang: Lang, channel: Channel, is_set: bool) -> String {
    lang.t(match (channel, is_set) {
        (Channel::Mail, true) => "me-mail.change",
        (Channel::Mail, false) => "me-mail.add",
        (Channel::Sms, true) => "me-phone.change",
        (Channel::Sms, false) => "me-phone.add",
    })
}

/// Where a channel's address is changed.
pub(super) fn channel_path(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "/me/mail",
        Channel::Sms => "/me/phone",
    }
}

/// The citizen as they are kept; every login writes them down.
pub(super) async fn row(app: &App, citizen: &Citizen) -> Result<Row, Fault> {
    let row = citizens::load(&app.store.db, &app.store.crypter, &citizen.index).await?;
    row.ok_or(Fault::NotFound)
}

/// The channels that this platform can use.
fn usable(app: &App) -> impl Iterator<Item = Channel> {
    let texts = app.texts.is_there();
    Channel::ALL.into_iter().filter(move |channel| texts || *channel != Channel::Sms)
}

/// `GET /me`.
pub async fn show(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let row = row(&visit.app, citizen).await?;
    let kept = citizen.kept_form(&visit.app, &visit.here, NOTIFY).await?;
    let mut contact = row.contact.clone();
    if let Some(form) = &kept {
        chosen(&mut contact, |name| form.all(name).map(str::to_owned).collect());
    }
    Ok(drawn(visit, citizen, &row, &contact, kept.is_some(), None))
}

/// Puts the posted choice in place; `false` when it names something unknown.
fn chosen(contact: &mut Contact, all: impl Fn(&str) -> Vec<String>) -> bool {
    let channels: Vec<Channel> = all("channel").iter().filter_map(|c| c.parse().ok()).collect();
    let languages = all("language");
    let language = languages.first().and_then(|tag| Lang::from_tag(tag));
    let known = channels.len() == all("channel").len() && language.is_some();
    contact.channels = channels;
    contact.language = language.map(|lang| lang.tag().to_owned());
    known
}

fn drawn(
    visit: &Visit,
    citizen: &Citizen,
    row: &Row,
    contact: &Contact,
    kept: bool,
    fault: Option<String>,
) -> Response {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let at = RocDateTime::new(citizen.signed_in_at.to_timestamp()).date_time(lang);
    let args = [("at", at.into()), ("method", verification_name(lang, citizen.verification).into())];
    let facts = vec![
        (lang.t("me-name"), citizen.person.name.clone()),
        (lang.t("me-uid"), citizen.person.uid().masked()),
        (lang.t("me-login"), i18n::t(lang, "me-login.how", &args)),
    ];
    let reach = |channel: Channel| {
        let address = row.contact.address(channel).map(|address| masked(channel, address));
        let label = lang.t(channel_key(channel));
        let change = change_label(lang, channel, address.is_some());
        Reach { label, address, href: channel_path(channel), change }
    };
    let reaches: Vec<_> = usable(app).map(reach).collect();
    let offered = usable(app).filter(|channel| row.contact.address(*channel).is_some());
    let channels = offered
        .map(|channel| Choice {
            value: channel.as_str(),
            label: lang.t(match channel {
                Channel::Mail => "me-by-mail",
                Channel::Sms => "me-by-sms",
            }),
            chosen: contact.channels.contains(&channel),
        })
        .collect();
    let language = contact.language.as_deref().and_then(Lang::from_tag).unwrap_or_default();
    let languages = [(Lang::ZhTw, "me-language-zh"), (Lang::En, "me-language-en")];
    let languages =
        languages.map(|(of, key)| Choice { value: of.tag(), label: lang.t(key), chosen: of == language });
    let said = query(&visit.here).into_iter().find(|(key, _)| key == "said").map(|(_, value)| value);
    let said = match said.as_deref() {
        Some("contact") => Some(lang.t("me-said-contact")),
        Some("notify") => Some(lang.t("me-said-notify")),
        _ => None,
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("own-me"));
    let view = MePage {
        chrome: frame.chrome.clone(),
        frame,
        said,
        facts,
        reaches,
        channels,
        languages: languages.to_vec(),
        kept,
        fault,
        submit: citizen.form(app, NOTIFY),
    };
    page(status, &view, &Policy::personal())
}

/// `POST /me/notify`: by which channels, and in which language.
pub async fn choose(visit: Visit, form: CitizenForm) -> Response {
    let answer = chose(&visit, &form).await;
    visit.or_fault(answer)
}

async fn chose(visit: &Visit, form: &CitizenForm) -> Result<Response, Fault> {
    let (app, citizen) = (&visit.app, &form.citizen);
    let row = row(app, citizen).await?;
    let mut contact = row.contact.clone();
    let known = chosen(&mut contact, |name| form.posted.all(name).map(str::to_owned).collect());
    let leads = contact.channels.iter().any(|channel| contact.address(*channel).is_some());
    let reachable = Channel::ALL.into_iter().any(|channel| contact.address(channel).is_some());
    if !known || (reachable && !leads) {
        let fault = visit.prefs.lang.t("me-channels-missing");
        return Ok(drawn(visit, citizen, &row, &contact, false, Some(fault)));
    }
    let detail = json!({ "citizen": citizen.index, "channels": contact.channels });
    let event =
        Event::new(app.now(), Actor::Citizen, What::ContactChanged).from(Some(visit.from)).with(detail);
    let (row, contact, events) = (&row, &contact, std::slice::from_ref(&event));
    let changes_channels = row.contact.channels != contact.channels;
    app.store
        .db
        .run_tx("citizen-notify", |tx| async move {
            if !citizens::set_contact(&tx, &app.store.crypter, row, contact).await? {
                return Ok(false);
            }
            // Told by the channels that were chosen so far.
            for channel in row.contact.reached_by().into_iter().filter(|_| changes_channels) {
                if let Some(address) = row.contact.address(channel) {
                    let (at, details) = ((channel, address), Details::default());
                    notify::tell_at(&tx, app, row, at, Kind::ContactChanged, &details).await?;
                }
            }
            audit::append(&tx, &*app.random, events).await?;
            Ok(true)
        })
        .await
        // Changed in another window meanwhile: the page shows what is.
        .map(|done| if done { "/me?said=notify" } else { PATH })
        .map(|on| Redirect::to(on).into_response())
        .map_err(Fault::from)
}
