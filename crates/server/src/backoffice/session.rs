//! Sessions: one begins under a new secret at every step of signing in, so that a secret known before is worth nothing after.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use mydata_domain::Zone;
use mydata_domain::account::AccountId;
use mydata_domain::account::session::{Moments, Stage};
use mydata_domain::audit::What;
use mydata_store::repo::sessions::{Device, NewSession};
use mydata_store::repo::{accounts, audit, sessions};
use mydata_store::{StoreError, Tx};
use mydata_wire::random::alphanumeric;

use super::browser::DOOR;
use super::route::Answer;
use super::sign_in;
use super::visit::{Visit, next_path};
use crate::app::App;
use crate::browser::Browser;

/// Longest description of a browser that is kept.
const MAX_BROWSER: usize = 200;

/// A session to be written in the transaction of the step that makes it.
#[derive(Clone)]
pub struct Beginning {
    /// The browser under its new secret.
    pub browser: Browser,
    handle: String,
    account: AccountId,
    stage: Stage,
    zone: Zone,
    moments: Moments,
    device: Device,
}

impl Beginning {
    /// A session of `account` for the browser of `visit`.
    pub fn of(visit: &Visit, account: AccountId, stage: Stage) -> Self {
        let agent =
            visit.headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Self {
            browser: Browser::fresh(&DOOR, &visit.app),
            handle: alphanumeric(&*visit.app.random, 16),
            account,
            stage,
            zone: visit.zone(),
            moments: Moments::begin(visit.now),
            device: Device {
                address: visit.from.to_string(),
                browser: agent.chars().filter(|c| !c.is_control()).take(MAX_BROWSER).collect(),
            },
        }
    }

    /// Writes it, in place of the session that the browser had. `false`: that session was halfway through a sign-in, and
    /// another request has gone on with it; nothing was written.
    ///
    /// # Errors
    /// The store fails.
    pub async fn write(&self, tx: &Tx, visit: &Visit) -> Result<bool, StoreError> {
        if let Some(me) = &visit.who
            && !sessions::end(tx, &me.session).await?
            && self.stage == Stage::Whole
            && !me.is_whole()
        {
            return Ok(false);
        }
        let new = NewSession {
            secret: self.browser.expose(),
            handle: &self.handle,
            account: self.account,
            stage: self.stage,
            zone: self.zone,
            moments: self.moments,
            device: self.device.clone(),
        };
        sessions::begin(tx, &visit.app.store.crypter, &new).await?;
        if self.stage == Stage::Whole {
            let crypter = &visit.app.store.crypter;
            if let Some(mut account) = accounts::load_in(tx, crypter, self.account).await? {
                account.signed_in_at = Some(visit.now);
                accounts::update(tx, crypter, &account, visit.now).await?;
            }
        }
        Ok(true)
    }

    /// Gives the browser its new secret.
    pub fn remember(&self, app: &App, mut response: Response) -> Response {
        self.browser.remember(app, &mut response);
        response
    }
}

/// `POST /signout`.
pub async fn sign_out(visit: Visit) -> Answer {
    let me = visit.me()?;
    let event = visit.event(What::SignedOut);
    visit
        .app
        .store
        .db
        .run_tx("sign-out", |tx| {
            let event = event.clone();
            let app = &visit.app;
            async move {
                sessions::end(&tx, &me.session).await?;
                audit::append(&tx, &*app.random, &[event]).await
            }
        })
        .await?;
    let mut response = visit.go_saying(sign_in::PATH, "said-signed-out", "");
    Browser::fresh(&DOOR, &visit.app).remember(&visit.app, &mut response);
    Ok(response)
}

/// `POST /extend`: the holder goes on working; the script of the page asks for it.
pub async fn extend(visit: Visit) -> Answer {
    sessions::touch(&visit.app.store.db, &visit.me()?.session, visit.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /zone`: the pages show the other zone (R94).
pub async fn set_zone(visit: Visit) -> Answer {
    let back = next_path(visit.posted.get("back")).to_owned();
    if let Ok(zone) = visit.posted.text("zone").parse() {
        sessions::set_zone(&visit.app.store.db, &visit.me()?.session, zone).await?;
    }
    Ok(visit.go(&back))
}

/// Removes what has ended: sessions, links, failures that no longer count.
pub async fn sweep(app: &App) {
    let (db, now) = (&app.store.db, app.now());
    let swept = async {
        sessions::sweep(db, now).await?;
        accounts::sweep_links(db, now).await?;
        mydata_store::repo::sign_up_links::sweep(db, now).await?;
        mydata_store::repo::sign_ins::sweep(db, now).await
    };
    if let Err(error) = swept.await {
        tracing::error!(%error, "sessions that have ended could not be removed");
    }
}
