//! E政府帳號 (R67, R86): an account may carry the subject of an OpenID Connect provider, and be signed in to with it. It
//! stands in for the password only: staff still show their second factor, and others who have one.
//!
//! The provider is the one that carries out the method `GOV`. What an attempt must remember travels sealed in a cookie of
//! the browser that began it, for ten minutes; `state` ties the answer to it, `nonce` and PKCE (RFC 7636) the provider's
//! token and code.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use mydata_domain::Time;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountId};
use mydata_domain::audit::What;
use mydata_domain::mail::AboutAccount;
use mydata_store::StoreError;
use mydata_store::repo::{accounts, audit};
use mydata_wire::{Verification, b64};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::fault::Fault;
use super::frame::Frame;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::session::Beginning;
use super::visit::{Me, Visit, next_path, with_next};
use super::{ROOT, account_mail, second_factor, sign_in};
use crate::app::App;
use crate::exchange::callback::is_visit;
use crate::identity::{self, Attempt};

/// Where a sign-in begins.
pub const PATH: &str = "/mydata-backend/gov";
/// Where the provider sends browsers back to; registered there as a redirect URI.
pub const CALLBACK_PATH: &str = "/mydata-backend/gov/callback";
/// How long an attempt may take.
const LIFE: Duration = Duration::from_secs(600);

/// What an attempt is for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    /// Signing in, and going on to a page.
    SignIn(String),
    /// Linking the account of whoever is signed in.
    Link(AccountId),
}

/// An attempt, as the browser carries it. No `Debug`.
#[derive(Serialize, Deserialize)]
struct Begun {
    state: String,
    attempt: Attempt,
    purpose: Purpose,
    until: Time,
}

/// Why nothing came of an attempt; shown on the page that it was begun on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Whoever it was cancelled.
    Cancelled,
    /// The provider cannot be used now, or this platform has none.
    Unavailable,
    /// What came back does not belong to an attempt of this browser, or does not hold.
    Invalid,
    /// No account carries it.
    Unknown,
    /// Another account carries it.
    Taken,
}

impl Trouble {
    const ALL: [Self; 5] = [Self::Cancelled, Self::Unavailable, Self::Invalid, Self::Unknown, Self::Taken];

    fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Cancelled => "gov-trouble.cancelled",
            Self::Unavailable => "gov-trouble.unavailable",
            Self::Invalid => "gov-trouble.invalid",
            Self::Unknown => "gov-trouble.unknown",
            Self::Taken => "gov-trouble.taken",
        }
    }
}

/// What a page says when it was come back to from an attempt that failed.
pub fn notice(visit: &Visit) -> Option<Notice> {
    let code = visit.query("gov")?;
    let trouble = Trouble::ALL.into_iter().find(|trouble| trouble.code() == code)?;
    Some(Notice::new(Tone::Bad, visit.t(trouble.key())))
}

/// Leads on to the provider; never by a redirect, which a browser may hold against the form before it.
#[derive(Template)]
#[template(path = "backoffice/onward.html")]
pub struct OnwardPage {
    /// The frame.
    pub frame: Frame,
    /// Where.
    pub url: String,
}

fn cookie_name(app: &App) -> &'static str {
    if app.secure() { "__Secure-mydata_gov" } else { "mydata_gov" }
}

fn keep(app: &App, response: &mut Response, value: &str, life: Duration) {
    let secure = if app.secure() { "; Secure" } else { "" };
    let (name, age) = (cookie_name(app), life.as_secs());
    let cookie = format!("{name}={value}; Path={PATH}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn seal(app: &App, begun: &Begun) -> String {
    let plain = serde_json::to_vec(begun).expect("an attempt is made of texts");
    b64::url_safe(&app.store.crypter.seal("cookies", "gov", "value", &plain))
}

fn open(app: &App, headers: &HeaderMap) -> Option<Begun> {
    let values = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = values.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == cookie_name(app))?;
    let sealed = b64::decode_lenient(value).ok()?;
    let plain = app.store.crypter.open("cookies", "gov", "value", &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// Where an attempt was begun, and where its trouble is told.
fn told_on(purpose: &Purpose, trouble: Trouble) -> String {
    match purpose {
        Purpose::SignIn(next) => format!("{}&gov={}", with_next(sign_in::PATH, next), trouble.code()),
        Purpose::Link(_) => format!("{ROOT}/me?gov={}", trouble.code()),
    }
}

async fn begin(visit: &Visit, purpose: Purpose) -> Answer {
    let app = &visit.app;
    let Some(gov) = &app.gov else { return Ok(visit.go(&told_on(&purpose, Trouble::Unavailable))) };
    let mut state = [0u8; 32];
    app.random.fill(&mut state);
    let state = b64::url_safe(&state);
    let lang = visit.lang().tag();
    let begun = match gov.begin(Verification::Gov, &state, lang, visit.now, &*app.random).await {
        Ok(begun) => begun,
        Err(fault) => {
            tracing::warn!(%fault, "a sign-in with an e-government account could not begin");
            return Ok(visit.go(&told_on(&purpose, Trouble::Unavailable)));
        }
    };
    let mut frame = visit.frame(visit.t("gov-onward"), Vec::new());
    // Nothing runs out here, so nothing warns of it.
    frame.session = None;
    let mut response = visit.ok(&OnwardPage { frame, url: begun.redirect.into() });
    let begun = Begun { state, attempt: begun.attempt, purpose, until: visit.now.plus(LIFE) };
    keep(app, &mut response, &seal(app, &begun), LIFE);
    Ok(response)
}

/// `GET /gov`: begins a sign-in.
pub async fn start(visit: Visit) -> Answer {
    let next = next_path(visit.query("next")).to_owned();
    if visit.who.as_ref().is_some_and(Me::is_whole) {
        return Ok(visit.go(&next));
    }
    begin(&visit, Purpose::SignIn(next)).await
}

/// `POST /me/gov/link`: whoever is signed in, and has just proved it, links an e-government account.
pub async fn link(visit: Visit) -> Answer {
    let id = visit.me()?.account.id;
    begin(&visit, Purpose::Link(id)).await
}

/// `POST /me/gov/unlink`.
pub async fn unlink(visit: Visit) -> Answer {
    let me = visit.me()?;
    write_link(&visit, me, None).await?;
    Ok(visit.go_saying(&format!("{ROOT}/me"), "said-gov-unlinked", ""))
}

/// Writes a link or its end; tells the holder.
async fn write_link(visit: &Visit, me: &Me, subject: Option<(&str, &str)>) -> Result<(), StoreError> {
    let app = &visit.app;
    let what = if subject.is_some() { What::GovAccountLinked } else { What::GovAccountUnlinked };
    let event = &visit.event(what);
    app.store
        .db
        .run_tx("gov-link", |tx| async move {
            accounts::set_gov_subject(&tx, &app.store.crypter, me.account.id, subject).await?;
            account_mail::tell(&tx, app, AboutAccount::GovAccountChanged, &me.account).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await
}

/// `GET /gov/callback`: the browser comes back. The answer always leads on, so that neither code nor state stays in the
/// address.
pub async fn callback(visit: Visit) -> Answer {
    if !is_visit(&visit.headers) {
        return Err(Fault::Forbidden);
    }
    let mut response = match open(&visit.app, &visit.headers) {
        Some(begun) => match finish(&visit, &begun).await? {
            Ok(response) => response,
            Err(trouble) => visit.go(&told_on(&begun.purpose, trouble)),
        },
        None => visit.go(&told_on(&Purpose::SignIn(ROOT.to_owned()), Trouble::Invalid)),
    };
    keep(&visit.app, &mut response, "", Duration::ZERO);
    Ok(response)
}

async fn finish(visit: &Visit, begun: &Begun) -> Result<Result<Response, Trouble>, Fault> {
    let app = &visit.app;
    let state = visit.query("state").unwrap_or_default();
    let ours = aws_lc_rs::constant_time::verify_slices_are_equal(state.as_bytes(), begun.state.as_bytes());
    if ours.is_err() || begun.until <= visit.now {
        return Ok(Err(Trouble::Invalid));
    }
    let Some(gov) = &app.gov else { return Ok(Err(Trouble::Unavailable)) };
    let code = match (visit.query("code"), visit.query("error")) {
        (Some(code), None) => code,
        (_, Some("access_denied")) => return Ok(Err(Trouble::Cancelled)),
        _ => return Ok(Err(Trouble::Invalid)),
    };
    let subject = match gov.finish(code, &begun.attempt, visit.now).await {
        Ok(verified) if verified.method == Verification::Gov => verified.person.sub.clone(),
        Ok(_) => return Ok(Err(Trouble::Invalid)),
        Err(identity::Fault::Cancelled) => return Ok(Err(Trouble::Cancelled)),
        Err(identity::Fault::Unavailable(why)) => {
            tracing::warn!(%why, "an e-government account could not be read");
            return Ok(Err(Trouble::Unavailable));
        }
        Err(identity::Fault::Invalid(why)) => {
            tracing::warn!(%why, "an e-government account was not taken");
            return Ok(Err(Trouble::Invalid));
        }
    };
    let subject = (gov.issuer().as_str(), subject.as_str());
    match &begun.purpose {
        Purpose::SignIn(next) => sign_in_with(visit, subject, next).await,
        Purpose::Link(id) => link_with(visit, subject, *id).await,
    }
}

async fn link_with(
    visit: &Visit,
    subject: (&str, &str),
    id: AccountId,
) -> Result<Result<Response, Trouble>, Fault> {
    // The session may have ended meanwhile, or another one begun.
    let Some(me) = visit.who.as_ref().filter(|me| me.is_whole() && me.account.id == id) else {
        return Ok(Err(Trouble::Invalid));
    };
    match write_link(visit, me, Some(subject)).await {
        Ok(()) => Ok(Ok(visit.go_saying(&format!("{ROOT}/me"), "said-gov-linked", ""))),
        Err(StoreError::Conflict { .. }) => Ok(Err(Trouble::Taken)),
        Err(error) => Err(error.into()),
    }
}

async fn sign_in_with(
    visit: &Visit,
    (issuer, subject): (&str, &str),
    next: &str,
) -> Result<Result<Response, Trouble>, Fault> {
    let app = &visit.app;
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let Some(account) = accounts::by_gov_subject(db, crypter, issuer, subject).await? else {
        return Ok(Err(Trouble::Unknown));
    };
    let barred = account.may_sign_in().err();
    let stage = sign_in::next_stage(visit, &account).await?;
    let beginning = Beginning::of(visit, account.id, stage);
    let event = &sign_in::event_of(visit, &account, barred, stage, "gov");
    let beginning_in = &beginning;
    db.run_tx("gov-sign-in", |tx| async move {
        if barred.is_none() {
            beginning_in.write(&tx, visit).await?;
        }
        audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
    })
    .await?;
    if let Some(barred) = barred {
        return Ok(Ok(sign_in::barred_page(visit, barred)));
    }
    let on = match stage {
        Stage::Halfway => with_next(second_factor::PATH, next),
        Stage::Whole => next.to_owned(),
    };
    Ok(Ok(beginning.remember(app, visit.go(&on))))
}

/// Whether an account carries an e-government account; nothing where this platform has no provider for it.
///
/// # Errors
/// The store fails.
pub async fn is_linked(visit: &Visit, account: &Account) -> Result<Option<bool>, StoreError> {
    if visit.app.gov.is_none() {
        return Ok(None);
    }
    accounts::has_gov_subject(&visit.app.store.db, account.id).await.map(Some)
}

/// The event's detail names how somebody signed in.
pub(super) fn detail(stage: Stage, by: &str) -> serde_json::Value {
    json!({ "stage": stage.as_str(), "by": by })
}
