//! What the platform's own ways share. `begin` leads the browser to a page of ours; that page belongs to the attempt, by the
//! ticket in its address, and to the browser that opened it first. When who it is is known, a code is written that redeems the
//! proof once, and the browser goes to the very callback that a provider sends it to. Nothing here knows what the proof is
//! for; whoever began the attempt binds it to its browser once more.
//!
//! | address | |
//! | --- | --- |
//! | `GET/POST /identity/prove/{ticket}` | [`pages`]: the page, and its form |
//! | `POST …/again` | another one-time password |
//! | `POST …/cancel` | back without a proof |
//! | `GET …/challenge.txt` | what a card is to sign, as a file |
//! | `POST …/signed` | what the citizen's card component signed |

pub mod pages;
pub mod view;

use std::net::IpAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_store::StoreError;
use mydata_store::repo::audit;
use mydata_store::repo::identity_attempts::{self as attempts, Kept};
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_wire::{Verification, b64};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Attempt, Begun, Fault, Own, Verified, card, code, service};
use crate::app::App;
use crate::browser::Door;
use std::time::Duration;

/// Where the pages are.
pub const PATH: &str = "/identity/prove";
/// The door of whoever proves who they are.
pub static DOOR: Door =
    Door { secure_name: "__Host-mydata_identity", plain_name: "mydata_identity", forms: "identity form" };

/// How long an attempt may take.
const LIFE: Duration = Duration::from_secs(600);
/// How long the code serves that redeems a proof: the browser brings it at once.
const CODE_LIFE: Duration = Duration::from_secs(60);
/// So many wrong tries end an attempt.
pub const TRIES: u32 = 5;
/// Largest form: a signature with its certificates.
const MAX_FORM: usize = 256 * 1024;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/identity/prove/{ticket}", get(pages::show).post(pages::submit))
        .route("/identity/prove/{ticket}/again", post(pages::again))
        .route("/identity/prove/{ticket}/cancel", post(pages::cancel))
        .route("/identity/prove/{ticket}/challenge.txt", get(pages::challenge))
        .route("/identity/prove/{ticket}/signed", post(pages::signed))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// An attempt, as it is kept. Personal data: no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Running {
    /// The method that was asked for.
    pub method: Verification,
    /// What comes back with the citizen.
    state: String,
    /// How often it was tried in vain.
    wrong: u32,
    /// How far it is.
    pub stage: Stage,
    /// What is to be said on the page when it is shown next: the key of a text.
    #[serde(default)]
    said: Option<String>,
}

/// How far an attempt is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// By card.
    Card(card::At),
    /// By one-time password.
    Code(code::At),
    /// By a verification service.
    Service(service::At),
    /// Who it is is known; the browser is to be led back.
    Proven(Verified),
}

/// Something to be mended: the field, its label's text and what is wrong, as keys or words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// The field's name; empty: the attempt as a whole.
    pub field: String,
    /// What is wrong, in words.
    pub words: String,
}

impl Mend {
    /// What is wrong with a field.
    pub fn new(field: &str, words: String) -> Self {
        Self { field: field.to_owned(), words }
    }
}

/// What came of a try.
pub enum Judged {
    /// Who it is is known.
    Proven(Verified),
    /// It is not so. What was wrong, and as the record has it.
    Wrong(Vec<Mend>, &'static str),
    /// It cannot be found out now: the try does not count.
    Unavailable(String),
}

/// Begins an attempt.
///
/// # Errors
/// The store fails.
pub async fn begin(app: &App, own: &Own, method: Verification, state: &str) -> Result<Begun, Fault> {
    let ticket = secret(app);
    let now = app.now();
    let stage = match own {
        Own::Card(_) => Stage::Card(card::At::new(app, method, now)),
        Own::Code => Stage::Code(code::At::Who),
        Own::Service(_) => Stage::Service(service::At { nonce: secret(app) }),
    };
    let running = &Running { method, state: state.to_owned(), wrong: 0, stage, said: None };
    let named = ticket.as_str();
    let kept = app.store.db.run_tx("identity-begin", |tx| async move {
        attempts::begin(&tx, &app.store.crypter, named, running, now.plus(LIFE)).await
    });
    kept.await.map_err(|error| unavailable(&error))?;
    let redirect = app.url(&format!("{PATH}/{ticket}"));
    Ok(Begun { redirect, attempt: Attempt { nonce: ticket, verifier: String::new() } })
}

/// Redeems the code that a page of ours gave the browser.
///
/// # Errors
/// [`Fault::Invalid`]: unknown, used, over, or another attempt's.
pub async fn redeem(app: &App, code: &str, attempt: &Attempt) -> Result<Verified, Fault> {
    let names = (attempt.nonce.as_str(), code);
    let redeemed = app.store.db.run_tx("identity-redeem", |tx| async move {
        attempts::redeem::<Running>(&tx, &app.store.crypter, names, app.now()).await
    });
    match redeemed.await.map_err(|error| unavailable(&error))? {
        Some(Running { stage: Stage::Proven(verified), .. }) => Ok(verified),
        _ => Err(Fault::Invalid("the code is unknown, used, or over".to_owned())),
    }
}

/// Removes attempts that nobody came back from.
pub async fn sweep(app: &App) {
    if let Err(error) = attempts::sweep(&app.store.db, app.now()).await {
        tracing::error!(%error, "attempts to prove who one is that are over could not be removed");
    }
}

fn unavailable(error: &StoreError) -> Fault {
    tracing::error!(%error, "an attempt to prove who one is could not be kept");
    Fault::Unavailable("the database refuses".to_owned())
}

/// Thirty-two random bytes as text.
pub(super) fn secret(app: &App) -> String {
    let mut bytes = [0u8; 32];
    app.random.fill(&mut bytes);
    b64::url_safe(&bytes)
}

/// Where a browser is led back to.
pub(super) fn back(running: &Running, result: (&str, &str)) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair(result.0, result.1).append_pair("state", &running.state);
    format!("{}?{}", crate::CALLBACK_PATH, query.finish())
}

/// A try that was counted before anybody looks whether it is right.
pub(super) enum Counted {
    /// It may be judged.
    Yes(sign_ins::Try),
    /// The person that was typed may be tried again from then on.
    Closed(Time),
    /// The attempt is over.
    Over,
}

/// Counts a try, of a person where one is named by the keyed index. A right one is taken back by [`conclude`].
pub(super) async fn count(
    app: &App,
    kept: &Kept<Running>,
    citizen: Option<&str>,
) -> Result<Counted, StoreError> {
    let subjects: Vec<_> = citizen.map(Subject::Citizen).into_iter().collect();
    let (subjects, id) = (&subjects, kept.id.as_str());
    app.store
        .db
        .run_tx("identity-try", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let Some(mut kept) = attempts::load_in::<Running>(&tx, crypter, id, now).await? else {
                return Ok(Counted::Over);
            };
            if kept.private.wrong >= TRIES {
                return Ok(Counted::Over);
            }
            let tried = match sign_ins::try_once(&tx, crypter, subjects, now).await? {
                Ok(tried) => tried,
                Err(until) => return Ok(Counted::Closed(until)),
            };
            kept.private.wrong += 1;
            kept.private.said = None;
            if !attempts::save(&tx, crypter, &kept).await? {
                return Err(StoreError::Conflict { constraint: "identity_attempts.edit".to_owned() });
            }
            Ok(Counted::Yes(tried))
        })
        .await
}

/// What follows from a try.
pub(super) enum Concluded {
    /// The browser goes there.
    Go(String),
    /// It may be tried again; how often.
    Again(Vec<Mend>, u32),
    /// It may be tried again, and nothing was counted.
    Later,
    /// The attempt is over.
    Over,
}

/// Writes down what came of a counted try. `bound`: the browser that the attempt belongs to posted it, and is led back at once;
/// otherwise it is when it shows the page next.
pub(super) async fn conclude(
    app: &App,
    kept: &Kept<Running>,
    (tried, citizen): (&sign_ins::Try, Option<&str>),
    judged: Judged,
    (from, bound): (IpAddr, bool),
) -> Result<Concluded, StoreError> {
    let subjects: Vec<_> = citizen.map(Subject::Citizen).into_iter().collect();
    let code = secret(app);
    let (id, subjects, judged, code) = (kept.id.as_str(), &subjects, &judged, code.as_str());
    app.store
        .db
        .run_tx("identity-conclude", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let Some(mut kept) = attempts::load_in::<Running>(&tx, crypter, id, now).await? else {
                return Ok(Concluded::Over);
            };
            let conflict = || StoreError::Conflict { constraint: "identity_attempts.edit".to_owned() };
            match judged {
                Judged::Proven(verified) => {
                    sign_ins::was_right(&tx, crypter, tried, subjects).await?;
                    kept.private.stage = Stage::Proven(verified.clone());
                    let written = match bound {
                        true => attempts::prove(&tx, crypter, &kept, (code, now.plus(CODE_LIFE))).await?,
                        false => attempts::save(&tx, crypter, &kept).await?,
                    };
                    if !written {
                        return Err(conflict());
                    }
                    Ok(Concluded::Go(back(&kept.private, ("code", code))))
                }
                Judged::Unavailable(_) => {
                    sign_ins::was_right(&tx, crypter, tried, &[]).await?;
                    kept.private.wrong = kept.private.wrong.saturating_sub(1);
                    if !bound {
                        kept.private.said = Some("prove-unavailable".to_owned());
                    }
                    if attempts::save(&tx, crypter, &kept).await? {
                        Ok(Concluded::Later)
                    } else {
                        Err(conflict())
                    }
                }
                Judged::Wrong(mends, why) => {
                    let over = kept.private.wrong >= TRIES;
                    let event = Event::new(now, Actor::Citizen, What::IdentityRefused)
                        .from(Some(from))
                        .with(json!({ "method": kept.private.method.code(), "why": why, "over": over }));
                    audit::append(&tx, &*app.random, &[event]).await?;
                    if over {
                        attempts::end(&tx, id).await?;
                        return Ok(Concluded::Go(back(&kept.private, ("error", "login_failed"))));
                    }
                    if !bound {
                        kept.private.said = mends.first().map(|mend| mend.words.clone());
                        if !attempts::save(&tx, crypter, &kept).await? {
                            return Err(conflict());
                        }
                    }
                    Ok(Concluded::Again(mends.clone(), TRIES - kept.private.wrong))
                }
            }
        })
        .await
}

/// Who it is was found out while the browser was elsewhere: writes the code, and gives the way back.
pub(super) async fn lead_back(app: &App, kept: &Kept<Running>) -> Result<Option<String>, StoreError> {
    let code = secret(app);
    let (code, until) = (code.as_str(), app.now().plus(CODE_LIFE));
    let written = app.store.db.run_tx("identity-lead-back", |tx| async move {
        attempts::prove(&tx, &app.store.crypter, kept, (code, until)).await
    });
    Ok(written.await?.then(|| back(&kept.private, ("code", code))))
}
