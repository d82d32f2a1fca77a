//! The token endpoint and userinfo.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use mydata_wire::{Verification, b64};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Access, Code, Provider, TOKEN_LIVES};
use crate::personas::Persona;

/// What the platform sends.
#[derive(Deserialize)]
pub(super) struct Redemption {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
}

/// `POST /token`
pub(super) async fn redeem(
    State(idp): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(sent): Form<Redemption>,
) -> Response {
    if !is_client(&idp, &headers) {
        let challenge = [(header::WWW_AUTHENTICATE, r#"Basic realm="idp""#)];
        return (StatusCode::UNAUTHORIZED, challenge, Json(json!({ "error": "invalid_client" })))
            .into_response();
    }
    if sent.grant_type != "authorization_code" {
        return refuse("unsupported_grant_type", "grant_type must be authorization_code");
    }
    let now = idp.now();
    // Taken before anything else is looked at: whoever tries a code uses it up.
    let Some(Code { request, persona }) = idp.codes.take(&sent.code, now) else {
        return refuse("invalid_grant", "the code is unknown, used already, or older than 60 seconds");
    };
    if sent.redirect_uri != request.redirect_uri {
        return refuse("invalid_grant", "redirect_uri is not the one of the authorization request");
    }
    let verifier = sent.code_verifier.as_bytes();
    let challenge = b64::url_safe(digest(&SHA256, verifier).as_ref());
    if !(43..=128).contains(&verifier.len()) || challenge != request.challenge {
        return refuse("invalid_grant", "code_verifier does not fit code_challenge");
    }
    let mut claims = claims(&idp, persona, request.method);
    claims["iss"] = idp.issuer().into();
    claims["aud"] = idp.client.client_id.as_str().into();
    claims["iat"] = seconds(now).into();
    claims["auth_time"] = seconds(now).into();
    claims["exp"] = seconds(now + TOKEN_LIVES).into();
    if let Some(nonce) = request.nonce {
        claims["nonce"] = nonce.into();
    }
    let Ok(id_token) = idp.keys.sign(&claims) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let access_token = idp.secret();
    idp.tokens.put(access_token.clone(), Access { persona, method: request.method }, now + TOKEN_LIVES, now);
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIVES.as_secs(),
        "id_token": id_token,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// `GET /userinfo`
pub(super) async fn userinfo(State(idp): State<Arc<Provider>>, headers: HeaderMap) -> Response {
    let claims = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(|token| {
            idp.tokens.look(token, idp.now(), |access| claims(&idp, access.persona, access.method))
        });
    match claims {
        Some(claims) => ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response(),
        None => {
            let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)];
            (StatusCode::UNAUTHORIZED, challenge).into_response()
        }
    }
}

fn claims(idp: &Provider, persona: &Persona, method: Verification) -> Value {
    json!({
        "sub": idp.keys.pseudonym(&idp.client.client_id, persona.key),
        "acr": method.code(),
        "name": persona.name,
        "uid": persona.uid,
        "birthdate": persona.birthdate,
        "gender": persona.gender,
        "email": persona.email(),
        "email_verified": true,
    })
}

/// `client_secret_basic`: both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
fn is_client(idp: &Provider, headers: &HeaderMap) -> bool {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " ")).decode_utf8().map(std::borrow::Cow::into_owned).ok()
    };
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, credentials)| b64::decode_lenient(credentials.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = sent.as_deref().and_then(|sent| sent.split_once(':')) else { return false };
    let (Some(id), Some(secret)) = (decode(id), decode(secret)) else { return false };
    let hash = |text: &str| digest(&SHA256, text.as_bytes());
    id == idp.client.client_id
        && verify_slices_are_equal(hash(&secret).as_ref(), hash(&idp.client.client_secret).as_ref()).is_ok()
}

fn refuse(error: &str, reason: &str) -> Response {
    let body = json!({ "error": error, "error_description": reason });
    (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
