//! `GET /captcha/picture`, `GET /captcha/sound`: the digits of a challenge that a page carries. What is no challenge of ours,
//! or too old, is not found.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;

use super::{Challenge, picture, sound};
use crate::address::CallerAddress;
use crate::app::App;
use crate::limit::subscriber;
use crate::web::Lang;

/// Longest challenge that is looked at.
const MAX: usize = 400;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// The challenge.
    #[serde(rename = "c", default)]
    challenge: String,
    /// `en` for an English voice.
    #[serde(rename = "l", default)]
    lang: String,
}

/// The routes.
pub fn router() -> Router<App> {
    Router::new().route("/captcha/picture", get(show)).route("/captcha/sound", get(speak))
}

/// The challenge, if whoever asks may have its digits drawn now: that is work.
fn challenge(app: &App, caller: &CallerAddress, asked: &Asked) -> Result<Challenge, Box<Response>> {
    if let Err(wait) = app.page_limit.take(subscriber(caller.0), app.now()) {
        let retry = [(http::header::RETRY_AFTER, wait.as_secs().max(1).to_string())];
        return Err(Box::new((StatusCode::TOO_MANY_REQUESTS, retry).into_response()));
    }
    let found = if asked.challenge.len() > MAX {
        None
    } else {
        Challenge::read(&app.store.crypter, &asked.challenge, app.now()).ok()
    };
    found.ok_or_else(|| Box::new(StatusCode::NOT_FOUND.into_response()))
}

async fn show(State(app): State<App>, caller: CallerAddress, Query(asked): Query<Asked>) -> Response {
    match challenge(&app, &caller, &asked) {
        Ok(challenge) => {
            let headers = [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "no-store")];
            (headers, picture::png(challenge.digits(), &*app.random)).into_response()
        }
        Err(response) => *response,
    }
}

async fn speak(State(app): State<App>, caller: CallerAddress, Query(asked): Query<Asked>) -> Response {
    match challenge(&app, &caller, &asked) {
        Ok(challenge) => {
            let lang = if asked.lang == Lang::En.tag() { Lang::En } else { Lang::ZhTw };
            let headers = [(CONTENT_TYPE, "audio/wav"), (CACHE_CONTROL, "no-store")];
            (headers, sound::wav(challenge.digits(), lang, &*app.random)).into_response()
        }
        Err(response) => *response,
    }
}
