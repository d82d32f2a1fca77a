//! The citizen's own part of the portal: logging in and out, and the session that every own page asks for.
//!
//! Owns who sits before the page. Refuses to prove it: that is done through [`crate::identity`], and comes back where the
//! exchange's logins do, at [`crate::exchange::callback`].
//!
//! | address | file |
//! | --- | --- |
//! | `GET/POST /login`, and the way back from the provider | [`login`] |
//! | `GET/POST /login/elsewhere` | [`elsewhere`]: one session at a time |
//! | `GET/POST /login/policies` | [`policies`]: a new version is accepted at the next login |
//! | `POST /login/extend`, `GET/POST /logout` | [`logout`] |
//! | `/me` and below | [`me`]: 基本資料 |
//!
//! A page of a citizen takes [`session::Citizen`] as an argument of its handler, a form of theirs [`form::CitizenForm`]: who
//! is not logged in is led to the login, and comes back with nothing lost.

pub mod elsewhere;
pub mod form;
pub mod header;
pub mod login;
pub mod logout;
pub mod me;
pub mod next;
pub mod notify;
pub mod policies;
pub mod session;
#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(login::PATH, get(login::show).post(login::submit))
        .route(elsewhere::PATH, get(elsewhere::show).post(elsewhere::submit))
        .route(policies::PATH, get(policies::show).post(policies::submit))
        .route(logout::EXTEND, post(logout::extend))
        .route(logout::PATH, get(logout::show).post(logout::submit))
        .merge(me::router())
        .layer(DefaultBodyLimit::max(form::MAX_FORM))
}

/// Removes what has ended: sessions, attempts to log in, forms that nobody came back for.
pub async fn sweep(app: &App) {
    use mydata_domain::Time;
    use mydata_store::repo::{citizen_forms, citizen_logins, citizen_sessions, contact_changes};
    let (db, now) = (&app.store.db, app.now());
    let swept = async {
        citizen_sessions::sweep(db, app.config.policy.session_idle.0, now).await?;
        citizen_logins::sweep(db, now).await?;
        citizen_forms::sweep(db, now).await?;
        let day = Time(now.0 - 24 * 3_600_000);
        contact_changes::sweep(db, day).await
    };
    if let Err(error) = swept.await {
        tracing::error!(%error, "sessions of citizens that have ended could not be removed");
    }
}
