//! `/login`: the citizen chooses a method, proves who they are at its provider, and comes back to where they were (R74).
//!
//! With `needs` only methods that are strong enough are offered, with `again` a new proof is asked for though a session
//! runs; both are for the same person only.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use http::header::USER_AGENT;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::acceptance;
use mydata_domain::citizen::contact::{self, Channel, Contact};
use mydata_domain::citizen::session::{LOGIN, SessionId, Stage};
use mydata_domain::policy_text::Version;
use mydata_store::StoreError;
use mydata_store::repo::citizen_sessions::{self, NewSession, Session};
use mydata_store::repo::sessions::Device;
use mydata_store::repo::{audit, citizen_logins, citizens};
use mydata_wire::{Verification, b64};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::form::BrowserForm;
use super::session::{DOOR, Known};
use super::{elsewhere, next, policies};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::backoffice::visit::with_next;
use crate::browser::Browser;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::identify::Callback;
use crate::identity::{self, Attempt, Verified};
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, Destination, FormTarget, OnwardPage, Policy, i18n, page, verification_name};

/// Where.
pub const PATH: &str = "/login";
/// Longest description of a browser that is kept.
const MAX_BROWSER: usize = 200;

/// What is asked of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    next: String,
    needs: Option<Verification>,
    again: bool,
}

impl Asked {
    fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            next: next::own_path(get("next")).to_owned(),
            needs: get("needs").and_then(|code| code.parse().ok()),
            again: get("again").is_some_and(|value| !value.is_empty()),
        }
    }

    /// The login page that asks for the same.
    fn path(&self, more: Option<(&str, &str)>) -> String {
        let mut pairs = Vec::new();
        pairs.extend(self.needs.map(|needs| ("needs", needs.code())));
        if self.again {
            pairs.push(("again", "1"));
        }
        pairs.extend(more);
        next::to_login(&self.next, &pairs)
    }
}

/// What waits with an attempt. Personal data is not in it: whose session asks is said by the keyed index.
#[derive(Serialize, Deserialize)]
struct Waiting {
    attempt: Attempt,
    method: Verification,
    asked: Asked,
    /// Whose session it is for; nobody's at a first login.
    citizen: Option<String>,
}

/// Why nothing came of a login; shown on the page where it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The citizen cancelled.
    Cancelled,
    /// The provider's answer does not hold.
    Failed,
    /// The provider cannot be used now.
    Unavailable,
    /// A weaker method was used than is needed.
    TooWeak,
    /// Somebody else proved who they are than is logged in.
    OtherPerson,
    /// It came too late, or is another browser's.
    Expired,
}

impl Trouble {
    const ALL: [Self; 6] =
        [Self::Cancelled, Self::Failed, Self::Unavailable, Self::TooWeak, Self::OtherPerson, Self::Expired];

    fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
            Self::TooWeak => "too-weak",
            Self::OtherPerson => "other-person",
            Self::Expired => "expired",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Cancelled => "login-cancelled",
            Self::Failed => "login-failed",
            Self::Unavailable => "login-unavailable",
            Self::TooWeak => "login-too-weak",
            Self::OtherPerson => "login-other-person",
            Self::Expired => "login-expired",
        }
    }
}

/// A method to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which.
    pub method: Verification,
    /// Its name.
    pub name: String,
    /// What the citizen needs for it.
    pub needs: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "citizen/login.html")]
pub struct LoginPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What happened before: heading and sentence.
    pub notice: Option<(String, String)>,
    /// What the login is for, where it is for more than coming in.
    pub why: Option<String>,
    /// The methods, strongest first.
    pub methods: Vec<Choice>,
    /// What is to be mended.
    pub fault: Option<String>,
    /// The form.
    pub submit: FormTarget,
    /// What is posted along.
    pub hidden: Vec<(&'static str, String)>,
}

/// `GET /login`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let pairs = query(&visit.here);
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let asked = Asked::read(get);
    if let Some(citizen) = &visit.citizen
        && !asked.again
        && asked.needs.is_none_or(|needs| citizen.satisfies(needs))
    {
        return Ok(Redirect::to(&asked.next).into_response());
    }
    let trouble = get("fault").and_then(|code| Trouble::ALL.into_iter().find(|t| t.code() == code));
    let notice = match trouble {
        Some(trouble) => Some(said(visit, trouble.key())),
        None if get("ended").is_some() && visit.citizen.is_none() => {
            let kept = next::says_kept(&asked.next);
            Some(said(visit, if kept { "login-ended-kept" } else { "login-ended" }))
        }
        None => None,
    };
    let known = Known::of(&visit.app, &visit.headers, visit.app.now()).await?;
    let browser = known.browser().cloned().unwrap_or_else(|| Browser::fresh(&DOOR, &visit.app));
    Ok(asking(visit, &browser, &asked, None, notice, None))
}

/// The page.
fn asking(
    visit: &Visit,
    browser: &Browser,
    asked: &Asked,
    chosen: Option<Verification>,
    notice: Option<(String, String)>,
    fault: Option<String>,
) -> Response {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let offered = Verification::ALL.into_iter().filter(|method| {
        app.methods.offers(*method) && asked.needs.is_none_or(|needs| method.satisfies(needs))
    });
    let methods: Vec<_> = offered
        .map(|method| Choice {
            method,
            name: verification_name(lang, method),
            needs: lang.t(&format!("verification-{}.needs", method.code().to_lowercase())),
            chosen: chosen == Some(method),
        })
        .collect();
    let why = match (asked.needs, asked.again && visit.citizen.is_some()) {
        (Some(needs), _) => {
            Some(i18n::t(lang, "login-needs", &[("method", verification_name(lang, needs).into())]))
        }
        (None, true) => Some(lang.t("login-again")),
        (None, false) => None,
    };
    let mut hidden = vec![("next", asked.next.clone())];
    hidden.extend(asked.needs.map(|needs| ("needs", needs.code().to_owned())));
    if asked.again {
        hidden.push(("again", "1".to_owned()));
    }
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("login-title"));
    let view = LoginPage {
        chrome: frame.chrome.clone(),
        frame,
        notice,
        why,
        methods,
        fault,
        submit: FormTarget { action: PATH.to_owned(), token: browser.form_token(app) },
        hidden,
    };
    let mut response = page(status, &view, &Policy::personal());
    if browser.is_new {
        browser.remember(app, &mut response);
    }
    response
}

/// `POST /login`: on to the provider.
pub async fn submit(visit: Visit, form: BrowserForm) -> Response {
    let answer = begun(&visit, &form).await;
    visit.or_fault(answer)
}

async fn begun(visit: &Visit, form: &BrowserForm) -> Result<Response, Fault> {
    let BrowserForm { browser, posted, .. } = form;
    let app = &visit.app;
    let asked = Asked::read(|name| posted.get(name));
    if let Some(closed) = app.maintenance().await? {
        return Err(Fault::maintenance(closed));
    }
    let method = chosen(posted);
    let fits = |method: &Verification| asked.needs.is_none_or(|needs| method.satisfies(needs));
    let Some((method, adapter)) = method.filter(fits).and_then(|m| Some((m, app.methods.get(m)?))) else {
        let fault = Some(visit.prefs.lang.t("login-method-missing"));
        return Ok(asking(visit, browser, &asked, None, None, fault));
    };
    let mut state = [0u8; 32];
    app.random.fill(&mut state);
    let state = b64::url_safe(&state);
    let now = app.now();
    let begun = match adapter.begin(app, method, &state, visit.prefs.lang.tag()).await {
        Ok(begun) => begun,
        Err(fault) => {
            tracing::warn!(%fault, "a login could not begin");
            let notice = said(visit, Trouble::Unavailable.key());
            return Ok(asking(visit, browser, &asked, Some(method), Some(notice), None));
        }
    };
    // A stronger or a new proof is for whoever is logged in; without either it is a login of anybody.
    let of_session = visit.citizen.as_ref().filter(|_| asked.again || asked.needs.is_some());
    let waiting =
        &Waiting { attempt: begun.attempt, method, asked, citizen: of_session.map(|c| c.index.clone()) };
    let (secret, state) = (browser.expose(), state.as_str());
    app.store
        .db
        .run_tx("citizen-login-begin", |tx| async move {
            let crypter = &app.store.crypter;
            citizen_logins::begin(&tx, crypter, (state, secret), waiting, now.plus(LOGIN)).await
        })
        .await?;
    let mut chrome = visit.chrome();
    // Nothing runs out here, so nothing warns of it.
    chrome.session = None;
    let view = OnwardPage { chrome, to: Destination::Identity, url: begun.redirect.into() };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

fn chosen(posted: &Posted) -> Option<Verification> {
    posted.get("method")?.parse().ok()
}

/// Heading and sentence of what happened.
fn said(visit: &Visit, key: &str) -> (String, String) {
    let lang = visit.prefs.lang;
    (lang.t(key), lang.t(&format!("{key}.what")))
}

/// The browser is back from the provider, and no exchange knows the attempt. The answer always leads on, so that neither
/// code nor state stays in the address.
///
/// # Errors
/// [`Fault::OtherBrowser`]: the attempt is unknown, used, over, or another browser's.
pub async fn finish(visit: &Visit, callback: &Callback) -> Result<Response, Fault> {
    let app = &visit.app;
    let now = app.now();
    let known = Known::of(app, &visit.headers, now).await?;
    let Some(browser) = known.browser() else { return Err(Fault::OtherBrowser) };
    let names = (callback.state.as_str(), browser.expose());
    let waiting = app
        .store
        .db
        .run_tx("citizen-login-take", |tx| async move {
            citizen_logins::take::<Waiting>(&tx, &app.store.crypter, names, now).await
        })
        .await?;
    let Some(waiting) = waiting else {
        let asked = Asked { next: "/".to_owned(), needs: None, again: false };
        return Ok(back_with(&asked, Trouble::Expired));
    };
    match proven(app, &waiting, callback).await {
        Ok(verified) => logged_in(visit, &known, &waiting, &verified).await,
        Err(trouble) => Ok(back_with(&waiting.asked, trouble)),
    }
}

fn back_with(asked: &Asked, trouble: Trouble) -> Response {
    Redirect::to(&asked.path(Some(("fault", trouble.code())))).into_response()
}

async fn proven(app: &App, waiting: &Waiting, callback: &Callback) -> Result<Verified, Trouble> {
    let Some(adapter) = app.methods.get(waiting.method) else { return Err(Trouble::Unavailable) };
    let code = match (&callback.code, &callback.error) {
        (Some(code), None) => code,
        (_, Some(error)) if error == "access_denied" => return Err(Trouble::Cancelled),
        _ => return Err(Trouble::Failed),
    };
    let verified = adapter.finish(app, code, &waiting.attempt).await.map_err(|fault| {
        tracing::warn!(%fault, "a login failed");
        match fault {
            identity::Fault::Cancelled => Trouble::Cancelled,
            identity::Fault::Unavailable(_) => Trouble::Unavailable,
            identity::Fault::Invalid(_) => Trouble::Failed,
        }
    })?;
    let needs = waiting.asked.needs.unwrap_or(waiting.method);
    if verified.method.satisfies(needs) { Ok(verified) } else { Err(Trouble::TooWeak) }
}

/// What a login needs to be written down.
struct Entering<'a> {
    app: &'a App,
    verified: &'a Verified,
    browser: Browser,
    handle: SessionId,
    device: Device,
    contact: Contact,
    policies: &'a [Version],
    /// The session that this browser has had so far.
    own: Option<&'a Session>,
    from: std::net::IpAddr,
}

impl Entering<'_> {
    /// Writes the session down; gives the stage it begins at.
    async fn write(&self, tx: &mydata_store::Tx) -> Result<Stage, StoreError> {
        let (crypter, now) = (&self.app.store.crypter, self.app.now());
        let idle = self.app.config.policy.session_idle.0;
        let person = &self.verified.person;
        let citizen = citizens::logs_in(tx, crypter, person, &self.contact, now).await?;
        if let Some(own) = self.own {
            citizen_sessions::end(tx, own, now).await?;
        }
        let holding = citizen_sessions::holding(tx, crypter, &citizen.index).await?;
        let holding = holding.filter(|session| session.moments.runs(idle, now));
        citizen_sessions::end_others(tx, &citizen.index, holding.as_ref(), now).await?;
        let stage = match holding {
            Some(_) => Stage::Elsewhere,
            None => stage_of(tx, &citizen.index, self.policies, now).await?,
        };
        let new = NewSession {
            secret: self.browser.expose(),
            handle: self.handle,
            citizen: &citizen.index,
            stage,
            method: self.verified.method,
            person,
            device: &self.device,
        };
        citizen_sessions::begin(tx, crypter, &new, now).await?;
        let detail = json!({
            "citizen": citizen.index,
            "method": self.verified.method.code(),
            "stage": stage.as_str(),
        });
        let event = Event::new(now, Actor::Citizen, What::CitizenLoggedIn).from(Some(self.from)).with(detail);
        audit::append(tx, &*self.app.random, &[event]).await?;
        Ok(stage)
    }
}

/// The stage of a login that nothing else holds up: whether there is something to accept.
pub(super) async fn stage_of(
    tx: &mydata_store::Tx,
    citizen: &str,
    all: &[Version],
    now: mydata_domain::Time,
) -> Result<Stage, StoreError> {
    let accepted = citizens::accepted(tx, citizen).await?;
    Ok(if acceptance::wanted(all, &accepted, now).is_empty() { Stage::Whole } else { Stage::Policies })
}

async fn logged_in(
    visit: &Visit,
    known: &Known,
    waiting: &Waiting,
    verified: &Verified,
) -> Result<Response, Fault> {
    let app = &visit.app;
    if let Some(expected) = &waiting.citizen
        && *expected != citizens::index(&app.store.crypter, &verified.person)
    {
        return Ok(back_with(&waiting.asked, Trouble::OtherPerson));
    }
    let system = app.system().await?;
    let entering = Entering {
        app,
        verified,
        browser: Browser::fresh(&DOOR, app),
        handle: SessionId::generate(&*app.random),
        device: device(visit),
        contact: told_contact(verified),
        policies: &system.policies,
        own: known.running(),
        from: visit.from,
    };
    let entering = &entering;
    let stage = app.store.db.run_tx("citizen-login", |tx| async move { entering.write(&tx).await }).await?;
    let next = &waiting.asked.next;
    let on = on_to(stage, next);
    let mut response = Redirect::to(&on).into_response();
    entering.browser.remember(app, &mut response);
    Ok(response)
}

/// Where a login at a stage goes on.
pub(super) fn on_to(stage: Stage, next: &str) -> String {
    match stage {
        Stage::Whole => next.to_owned(),
        Stage::Elsewhere => with_next(elsewhere::PATH, next),
        Stage::Policies => with_next(policies::PATH, next),
    }
}

fn device(visit: &Visit) -> Device {
    let agent = visit.headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    Device {
        address: visit.from.to_string(),
        browser: agent.chars().filter(|c| !c.is_control()).take(MAX_BROWSER).collect(),
    }
}

/// How a citizen is reached at first: as the identity provider says, where it says that the address is theirs.
fn told_contact(verified: &Verified) -> Contact {
    let mut contact = Contact::default();
    let email = verified.mail_verified.then_some(verified.person.email.as_str());
    if let Some(mail) = email.and_then(|email| contact::read_address(Channel::Mail, email)) {
        contact.set_address(Channel::Mail, mail);
    }
    contact
}
