//! The authorization endpoint: who wants to sign in, and as whom.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use mydata_wire::{Verification, b64};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{CODE_LIVES, Code, Pending, Provider, REQUEST_LIVES};
use crate::page::{Page, html, see_other};
use crate::personas::{self, Persona};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    page: Page,
    method: Verification,
    request: &'a str,
    people: Vec<&'static Persona>,
}

#[derive(Template)]
#[template(path = "idp_error.html")]
struct ErrorPage {
    page: Page,
    reason: &'static str,
}

/// What went wrong, and where it may be told.
enum Bad {
    /// Client or redirect address are not known: on a page, never by redirect.
    OnPage(&'static str),
    /// By redirect, as RFC 6749 §4.1.2.1 has it.
    Back { redirect_uri: String, state: Option<String>, error: &'static str, reason: &'static str },
}

/// `GET /authorize`
pub(super) async fn ask(
    State(idp): State<Arc<Provider>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let page = Page::of(&uri, &headers);
    match read(&idp, query.as_deref().unwrap_or_default()) {
        Ok(pending) => {
            let request = idp.secret();
            let people = personas::all().iter().filter(|p| p.holds(pending.method)).collect();
            let login = LoginPage { page, method: pending.method, request: &request, people };
            let answer = html(&login, StatusCode::OK, &[&idp.platform]);
            idp.pending.put(request, pending, idp.now() + REQUEST_LIVES, idp.now());
            answer
        }
        Err(Bad::OnPage(reason)) => html(&ErrorPage { page, reason }, StatusCode::BAD_REQUEST, &[]),
        Err(Bad::Back { redirect_uri, state, error, reason }) => {
            back(&idp, &redirect_uri, state, &[("error", error), ("error_description", reason)])
        }
    }
}

fn read(idp: &Provider, query: &str) -> Result<Pending, Bad> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let once = |name: &str| {
        let mut values = pairs.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let value = values.next()?;
        values.next().is_none().then_some(value)
    };
    if once("client_id") != Some(&idp.client.client_id) {
        return Err(Bad::OnPage("client_id 不是這個驗證中心認識的。 / client_id is not known here."));
    }
    let redirect_uri = once("redirect_uri")
        .filter(|uri| is_platforms(idp, uri))
        .ok_or(Bad::OnPage("redirect_uri 不屬於平臺。 / redirect_uri is not an address of the platform."))?;
    let state = once("state").map(str::to_owned);
    let bad = |error, reason| Bad::Back {
        redirect_uri: redirect_uri.to_owned(),
        state: state.clone(),
        error,
        reason,
    };
    if once("response_type") != Some("code") {
        return Err(bad("unsupported_response_type", "response_type must be code"));
    }
    if !once("scope").unwrap_or_default().split(' ').any(|scope| scope == "openid") {
        return Err(bad("invalid_scope", "scope must contain openid"));
    }
    if once("code_challenge_method") != Some("S256") {
        return Err(bad("invalid_request", "code_challenge_method must be S256"));
    }
    let challenge = once("code_challenge")
        .filter(|challenge| {
            challenge.len() == 43 && b64::decode_lenient(challenge).is_ok_and(|hash| hash.len() == 32)
        })
        .ok_or_else(|| bad("invalid_request", "code_challenge must be base64url of 32 bytes"))?;
    let method = once("acr_values")
        .unwrap_or_default()
        .split(' ')
        .find_map(|code| code.parse().ok())
        .ok_or_else(|| bad("invalid_request", "acr_values must name a verification code such as CER"))?;
    if once("prompt") == Some("none") {
        return Err(bad("login_required", "nobody is ever signed in here already"));
    }
    Ok(Pending {
        redirect_uri: redirect_uri.to_owned(),
        nonce: once("nonce").map(str::to_owned),
        challenge: challenge.to_owned(),
        method,
        state,
    })
}

/// The sandbox's provider registers the platform by its base address: any path below it.
fn is_platforms(idp: &Provider, uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|uri| {
        uri.origin() == idp.platform.origin()
            && uri.path().starts_with(idp.platform.path())
            && uri.fragment().is_none()
            && uri.username().is_empty()
    })
}

/// The login page's answer.
#[derive(Deserialize)]
pub(super) struct Decision {
    request: String,
    persona: Option<String>,
}

/// `POST /authorize/decide`
pub(super) async fn decide(
    State(idp): State<Arc<Provider>>,
    uri: Uri,
    headers: HeaderMap,
    Form(decision): Form<Decision>,
) -> Response {
    let now = idp.now();
    let Some(pending) = idp.pending.take(&decision.request, now) else {
        let page = Page::of(&uri, &headers);
        let reason = "這個登入頁已經用過或逾時。 / This sign-in page was used already or has expired.";
        return html(&ErrorPage { page, reason }, StatusCode::BAD_REQUEST, &[]);
    };
    let persona = decision.persona.as_deref().and_then(personas::by_key);
    let (redirect_uri, state) = (pending.redirect_uri.clone(), pending.state.clone());
    match persona.filter(|persona| persona.holds(pending.method)) {
        Some(persona) => {
            let code = idp.secret();
            idp.codes.put(code.clone(), Code { request: pending, persona }, now + CODE_LIVES, now);
            back(&idp, &redirect_uri, state, &[("code", &code)])
        }
        None => back(&idp, &redirect_uri, state, &[("error", "access_denied")]),
    }
}

/// Back to the platform, saying who answers (RFC 9207).
fn back(idp: &Provider, redirect_uri: &str, state: Option<String>, pairs: &[(&str, &str)]) -> Response {
    let Ok(mut to) = Url::parse(redirect_uri) else {
        return see_other(redirect_uri);
    };
    to.query_pairs_mut()
        .extend_pairs(pairs)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", idp.issuer());
    see_other(to.as_str())
}
