//! What the header of a page says of the citizen: the masked name (R83), their own ways, the way out; or the way in.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::CACHE_CONTROL;

use crate::app::App;
use crate::browser::cookie;
use crate::citizen::session::{Citizen, DOOR};
use crate::citizen::{login, logout, next};
use crate::exchange::visit::Visit;
use crate::web::layout::{Account, OwnWay, Running};
use crate::web::{Chrome, FormTarget, SessionView};

/// The citizen's own pages: text and address.
pub const WAYS: [(&str, &str); 4] = [
    ("own-downloads", "/downloads"),
    ("own-record", "/record"),
    ("own-barcodes", "/barcodes"),
    ("own-me", "/me"),
];

/// Tells a frame who is logged in.
pub fn fill(chrome: &mut Chrome, visit: &Visit) {
    let app = &visit.app;
    match &visit.citizen {
        Some(citizen) => logged_in(chrome, app, &visit.here, citizen),
        None if visit.here.starts_with(login::PATH) || !app.methods.any() => {}
        None => chrome.account = Account::Out { log_in: next::to_login(&visit.here, &[]) },
    }
}

/// Tells a frame that this citizen is logged in.
pub fn logged_in(chrome: &mut Chrome, app: &App, here: &str, citizen: &Citizen) {
    let path = here.split('?').next().unwrap_or_default();
    let below = |href: &str| path.strip_prefix(href).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    let way = |(key, href): (&str, &'static str)| OwnWay { label: chrome.t(key), href, current: below(href) };
    chrome.account =
        Account::In { ways: WAYS.into_iter().map(way).collect(), log_out: citizen.form(app, logout::PATH) };
    chrome.citizen = Some(citizen.person.masked_name());
    chrome.session = Some(session_view(app, here, citizen));
}

/// Middleware: pages that show who is logged in are not kept by browsers, though others of their kind are.
pub async fn unkept(request: Request, next: Next) -> Response {
    let known = [DOOR.secure_name, DOOR.plain_name];
    let logged_in = known.iter().any(|name| cookie(request.headers(), name).is_some());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if logged_in && headers.get(CACHE_CONTROL).is_some_and(|keep| keep == "private, no-cache") {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn session_view(app: &App, here: &str, citizen: &Citizen) -> SessionView {
    let idle = app.config.policy.session_idle.0;
    SessionView {
        expires_at: citizen.ends_at.to_timestamp(),
        now: app.now().to_timestamp(),
        idle_minutes: u32::try_from(idle.as_secs() / 60).unwrap_or(u32::MAX),
        extend: FormTarget { action: logout::EXTEND.to_owned(), token: citizen.form_token(app) },
        running: Running::Portal { ended: next::to_login(here, &[("ended", "1")]) },
    }
}
