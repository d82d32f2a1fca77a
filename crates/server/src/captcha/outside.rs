//! A captcha service outside, where the operator has set one: its widget stands in the form, and its token is verified with it
//! before anything is let through. It fails closed: while the service cannot be asked its tokens are worth nothing, and the
//! picture and the sound of our own are the way. Nothing of the visitor is sent along, not even the address.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use mydata_domain::Time;
use mydata_wire::b64;
use serde::Deserialize;

use super::{Answered, LIFE, Posted, Refused, judge};
use crate::app::App;
use crate::config::OutsideCaptcha;
use crate::web::headers::allow;

/// Longest time of one call.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest token that is looked at.
const MAX_TOKEN: usize = 8 * 1024;
/// Longest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// The service.
#[derive(Debug)]
pub struct Outside {
    settings: OutsideCaptcha,
    /// Nothing where no client could be made: then nothing is verified.
    client: Option<reqwest::Client>,
    origins: String,
}

/// What it answers; what else it says is passed over.
#[derive(Deserialize)]
struct Verdict {
    success: bool,
    hostname: Option<String>,
}

impl Outside {
    /// As the operator set it.
    pub fn new(settings: &OutsideCaptcha) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build();
        let mut origins: Vec<String> = std::iter::once(&settings.script)
            .chain(&settings.origins)
            .map(|url| url.origin().ascii_serialization())
            .collect();
        origins.dedup();
        Self { settings: settings.clone(), client: client.ok(), origins: origins.join(" ") }
    }

    /// The widget: its element's class, and its key.
    pub fn widget(&self) -> (&str, &str) {
        (&self.settings.class, &self.settings.site_key)
    }

    /// Its script.
    pub fn script(&self) -> &str {
        self.settings.script.as_str()
    }

    /// The field in which its token is posted.
    pub fn field(&self) -> &str {
        &self.settings.field
    }

    /// Lets a page load the widget.
    pub fn let_in(&self, headers: &mut HeaderMap) {
        allow(headers, &self.origins);
    }

    /// Has a token verified.
    async fn verify(&self, token: &str, host: Option<&str>, now: Time) -> Result<Answered, Refused> {
        if token.is_empty() {
            return Err(Refused::Missing);
        }
        if token.len() > MAX_TOKEN {
            return Err(Refused::Foreign);
        }
        let id = format!("outside {}", b64::url_safe(digest(&SHA256, token.as_bytes()).as_ref()));
        let answered = Answered { id, until: Time(now.0.saturating_add(LIFE)) };
        let verdict = self.ask(token).await.map_err(|why| {
            tracing::warn!(%why, "the captcha service could not be asked; nobody is let through by it");
            Refused::Unavailable
        })?;
        // A token of another site's form is no answer to ours.
        let here = verdict.hostname.as_deref().is_none_or(|name| name.is_empty() || Some(name) == host);
        if verdict.success && here { Ok(answered) } else { Err(Refused::Wrong(answered)) }
    }

    async fn ask(&self, token: &str) -> Result<Verdict, String> {
        let client = self.client.as_ref().ok_or("the client cannot be made")?;
        let form = [("secret", self.settings.secret.0.as_str()), ("response", token)];
        let call = client.post(self.settings.siteverify.clone()).form(&form).send();
        let mut answer = call.await.map_err(|error| {
            if error.is_timeout() { "no answer in time".to_owned() } else { "cannot be reached".to_owned() }
        })?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("it answers {}", status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| "its answer broke off".to_owned())? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER {
                return Err("its answer is too long".to_owned());
            }
        }
        serde_json::from_slice(&body).map_err(|_| "its answer cannot be read".to_owned())
    }
}

/// Judges what a form posted: by the service outside where one is set, else by our own. Digits that somebody typed are always
/// our own; our proof of work is nobody's way in where the operator wants more.
///
/// # Errors
/// Why it does not count.
pub async fn check<'f>(app: &App, field: impl Fn(&str) -> &'f str) -> Result<Answered, Refused> {
    let [challenge, nonce, digits] = super::part::FIELDS.map(&field);
    let own = Posted { challenge, nonce, digits };
    let (crypter, now) = (&app.store.crypter, app.now());
    match &app.captcha {
        None => judge(crypter, own, now),
        Some(_) if !digits.trim().is_empty() => judge(crypter, Posted { nonce: "", ..own }, now),
        Some(outside) => outside.verify(field(outside.field()), app.base_url.host_str(), now).await,
    }
}
