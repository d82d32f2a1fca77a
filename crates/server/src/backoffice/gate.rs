//! What every request of the back office passes before its handler is called, in this order: the session behind the
//! browser's cookie; the rule of the route; the policies to be accepted; for a form its origin, its size and its token; the repeated proof where the
//! route asks for one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode};
use mydata_domain::account::session::Stage;
use mydata_listen::places::Place;
use mydata_store::repo::sessions;
use tokio::sync::OwnedSemaphorePermit;

use super::browser::{self, DOOR};
use super::fault::Fault;
use super::posted::Posted;
use super::route::Route;
use super::rule::Verdict;
use super::visit::{Me, Visit, next_path, with_next};
use super::{ROOT, accept, prove, second_factor, sign_in, sign_up};
use crate::address::CallerAddress;
use crate::app::App;
use crate::browser::{Browser, is_our_origin};
use crate::limit::subscriber;
use crate::web::Prefs;

/// A session's last use is written down when it is older than this.
const TOUCH_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a form with files waits for its turn to be read.
const TURN: Duration = Duration::from_secs(10);

/// The turn of a form with files, given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    _turn: OwnedSemaphorePermit,
    _place: Place,
}

impl Room {
    /// One address has so many turns, so that who sends slowly, or much, holds up no other; and nobody waits for ever.
    async fn wait(app: &App, from: IpAddr) -> Result<Self, Fault> {
        let mut place = app.uploads.take().ok_or(Fault::TooMany(TURN))?;
        if !place.is_of(from) {
            return Err(Fault::TooMany(TURN));
        }
        let room = Arc::clone(&app.upload_room);
        match tokio::time::timeout(TURN, room.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Self { _turn: turn, _place: place }),
            Ok(Err(error)) => Err(Fault::Broken(error.to_string())),
            Err(_) => Err(Fault::TooMany(TURN)),
        }
    }
}

/// Lets a request pass, or answers it.
pub async fn pass(app: App, route: &'static Route, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(CallerAddress(from)) = CallerAddress::from_request_parts(&mut parts, &app).await;
    let params = match RawPathParams::from_request_parts(&mut parts, &app).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => Vec::new(),
    };
    let mut visit = match arrive(&app, &parts, from).await {
        Ok(visit) => visit,
        Err(error) => return Fault::from(error).plain(&app),
    };
    visit.params = params;
    let answer = match admit(&mut visit, route, body).await {
        Ok(()) => Ok(()),
        Err(fault) => Err(fault.page(&visit)),
    };
    let (browser, said) = (visit.browser.clone(), visit.said.is_some());
    let mut response = match answer {
        Err(response) => response,
        Ok(()) => {
            let back = Back::of(&visit);
            match route.handle(visit).await {
                Ok(response) => response,
                Err(fault) => back.fault(&fault),
            }
        }
    };
    if said && parts.method == Method::GET && response.status() == StatusCode::OK {
        browser::forget_said(&mut response);
    }
    if browser.is_new && !response.headers().contains_key(SET_COOKIE) {
        browser.remember(&app, &mut response);
    }
    response
}

/// Any other address below the root: 404, to those who are signed in and to those who are not.
pub async fn nowhere(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(CallerAddress(from)) = CallerAddress::from_request_parts(&mut parts, &app).await;
    match arrive(&app, &parts, from).await {
        Ok(visit) => Fault::NotFound.page(&visit),
        Err(error) => Fault::from(error).plain(&app),
    }
}

/// What is needed to show a fault after the handler has used the visit up.
struct Back(Visit);

impl Back {
    fn of(visit: &Visit) -> Self {
        Self(Visit {
            app: visit.app.clone(),
            prefs: visit.prefs,
            from: visit.from,
            now: visit.now,
            headers: HeaderMap::new(),
            here: visit.here.clone(),
            path: visit.path.clone(),
            browser: visit.browser.clone(),
            who: visit.who.clone(),
            params: Vec::new(),
            query: Vec::new(),
            posted: Posted::default(),
            catalogue: visit.catalogue.clone(),
            system: visit.system.clone(),
            said: None,
            room: None,
        })
    }

    fn fault(&self, fault: &Fault) -> Response {
        fault.page(&self.0)
    }
}

/// Finds out who asks.
async fn arrive(
    app: &App,
    parts: &http::request::Parts,
    from: std::net::IpAddr,
) -> Result<Visit, mydata_store::StoreError> {
    let now = app.now();
    let browser = Browser::of(&DOOR, app, &parts.headers);
    let mut who = None;
    if !browser.is_new {
        let found = sessions::load(&app.store.db, &app.store.crypter, browser.expose(), now).await?;
        // An account that was locked or closed meanwhile has no session any more, whatever is still written down.
        who = found
            .filter(|(_, account)| account.may_sign_in().is_ok() || account.is_applying())
            .map(|(session, account)| Me { session, account });
    }
    let path = parts.uri.path().to_owned();
    let here = match parts.method {
        Method::GET | Method::HEAD => {
            parts.uri.path_and_query().map_or(ROOT, http::uri::PathAndQuery::as_str).to_owned()
        }
        // What was posted cannot be shown again; the page that it was posted from can.
        _ => posted_from(app, &parts.headers)
            .unwrap_or_else(|| path.rsplit_once('/').map_or(ROOT, |(above, _)| above).to_owned()),
    };
    let query = parts.uri.query().unwrap_or_default();
    Ok(Visit {
        app: app.clone(),
        prefs: Prefs::from_headers(&parts.headers),
        from,
        now,
        headers: parts.headers.clone(),
        here,
        path,
        browser,
        who,
        params: Vec::new(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().take(200).collect(),
        posted: Posted::default(),
        catalogue: app.catalogue().await?,
        system: app.system().await?,
        said: browser::said(&parts.headers),
        room: None,
    })
}

/// The page of ours that a form stands on, as browsers tell it.
fn posted_from(app: &App, headers: &HeaderMap) -> Option<String> {
    crate::browser::posted_from(app, headers).filter(|path| next_path(Some(path)) == path)
}

/// Applies the rule, and reads a form.
async fn admit(visit: &mut Visit, route: &Route, body: axum::body::Body) -> Result<(), Fault> {
    let is_form = route.method == Method::POST;
    if is_form && let Err(wait) = visit.app.page_limit.take(subscriber(visit.from), visit.now) {
        return Err(Fault::TooMany(wait));
    }
    let whole = visit.who.as_ref().is_some_and(Me::is_whole);
    let mut owner = None;
    if whole && let Some(thing) = route.rule.owned() {
        owner = thing.owner(&visit.app, visit.param("id")?).await?;
    }
    let who = visit.who.as_ref().map(|me| (me.session.stage, &me.account));
    match route.rule.judge(who, owner.as_ref()) {
        Verdict::Pass => {}
        Verdict::SignIn => return Err(Fault::Elsewhere(with_next(sign_in::PATH, &visit.here))),
        Verdict::SecondFactor => {
            return Err(Fault::Elsewhere(with_next(second_factor::PATH, &visit.here)));
        }
        Verdict::SignUp => return Err(Fault::Elsewhere(format!("{ROOT}{}", sign_up::FORM))),
        Verdict::Forbidden => return Err(Fault::Forbidden),
        Verdict::NotFound => return Err(Fault::NotFound),
    }
    accept::first(visit, route).await?;
    if is_form {
        // One of another site is refused before anything is read, or waited for.
        if !is_our_origin(&visit.app, &visit.headers) {
            return Err(Fault::FormExpired);
        }
        if route.takes_files() {
            visit.room = Some(Room::wait(&visit.app, visit.from).await?);
        }
        read_form(visit, route.max_body, body).await?;
    }
    if route.fresh && !visit.me()?.session.moments.is_fresh(visit.now) {
        return Err(Fault::Elsewhere(with_next(prove::PATH, &visit.here)));
    }
    if let Some(me) = &mut visit.who
        && me.session.stage == Stage::Whole
        && me.session.moments.seen.plus(TOUCH_AFTER) <= visit.now
    {
        sessions::touch(&visit.app.store.db, &me.session, visit.now).await?;
        me.session.moments.seen = visit.now;
    }
    Ok(())
}

async fn read_form(visit: &mut Visit, max: usize, body: axum::body::Body) -> Result<(), Fault> {
    let kind = visit.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let body = to_bytes(body, max).await.map_err(|_| Fault::TooLarge)?;
    visit.posted = Posted::read(kind, &body).map_err(|_| Fault::FormExpired)?;
    if visit.browser.is_our_form(&visit.app, visit.posted.raw("form_token").unwrap_or_default()) {
        Ok(())
    } else {
        Err(Fault::FormExpired)
    }
}

/// To another page first.
pub(super) fn elsewhere(path: &str) -> Response {
    Redirect::to(path).into_response()
}
