//! A verification service beside the identity provider: knows the personas, and for each a password that is the last four
//! digits of the personal id. It answers the platform alone, and keeps nothing.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use mydata_wire::{PersonalId, Verification};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::personas;

/// Where it is asked.
pub const PATH: &str = "/verify";
/// What the platform shows.
pub const TOKEN: &str = "demo-token-of-the-verification-service";

#[derive(Deserialize)]
struct Question {
    nonce: String,
    method: Verification,
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    id: String,
    birthdate: String,
    password: String,
}

pub(crate) fn router() -> Router {
    Router::new().route(PATH, post(answer))
}

async fn answer(headers: HeaderMap, Json(question): Json<Question>) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown.and_then(|shown| shown.strip_prefix("Bearer ")) != Some(TOKEN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(judged(&question)).into_response()
}

fn judged(question: &Question) -> Value {
    let Question { nonce, method, fields } = question;
    let persona = fields.id.parse::<PersonalId>().ok().and_then(|id| personas::by_id(&id));
    let right = |persona: &&personas::Persona| {
        persona.holds(*method)
            && persona.birthdate == fields.birthdate
            && persona.uid.ends_with(&fields.password)
            && fields.password.len() == 4
    };
    match persona.filter(right) {
        None => json!({ "nonce": nonce, "result": "refused", "reason": "mismatch" }),
        Some(persona) => json!({
            "nonce": nonce,
            "result": "verified",
            "method": method.code(),
            "person": {
                "sub": format!("verify-{}", persona.key),
                "uid": persona.uid,
                "name": persona.name,
                "birthdate": persona.birthdate,
                "gender": persona.gender,
                "email": persona.email(),
                "email_verified": true,
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persona_is_known_by_id_birthdate_and_password() {
        let ask = |id: &str, birthdate: &str, password: &str, method| {
            let fields =
                Fields { id: id.to_owned(), birthdate: birthdate.to_owned(), password: password.to_owned() };
            judged(&Question { nonce: "n".to_owned(), method, fields })
        };
        let good = ask("A123456789", "1991-01-01", "6789", Verification::Nhi);
        assert_eq!((&good["result"], &good["nonce"]), (&json!("verified"), &json!("n")));
        for (id, birthdate, password, method) in [
            ("A123456789", "1991-01-02", "6789", Verification::Nhi),
            ("A123456789", "1991-01-01", "", Verification::Nhi),
            ("A123456789", "1991-01-01", "6780", Verification::Nhi),
            ("B111111114", "1962-03-04", "1114", Verification::Nhi),
            ("J100000018", "2014-08-08", "0018", Verification::Pii),
        ] {
            assert_eq!(ask(id, birthdate, password, method)["result"], "refused", "{id}");
        }
    }
}
