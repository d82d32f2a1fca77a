//! `GET /api/audit/keys`, `/api/audit/roots?month=2026-11`: what proofs of the record and receipts are checked with, for
//! anybody to keep. What is kept elsewhere cannot be bent here. Tells nothing of any event.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use mydata_store::repo::audit_roots::{self, Kept};
use mydata_store::signing::public_keys;
use serde_json::{Value, json};

use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::view::query;
use crate::web::tagged;

/// Where roots are.
const ROOTS: &str = "/api/audit/roots";
const CACHING: &str = "public, max-age=300";

/// `GET /api/audit/keys`: a key set (RFC 7517), the retired keys included.
pub async fn keys(visit: Visit) -> Response {
    let store = &visit.app.store;
    let answer = public_keys(&store.db, &store.crypter).await.map_err(Fault::from);
    let answer = answer.map(|keys| tagged::json(&visit.headers, &keys.to_jwks(), CACHING));
    visit.or_fault(answer)
}

/// `GET /api/audit/roots?month=…`: the roots of a month, in order; without a month those of the last that has any.
pub async fn roots(visit: Visit) -> Response {
    let answer = roots_of(&visit).await;
    visit.or_fault(answer)
}

/// A year and a month as numbers, where a text is one.
fn read_month(text: &str) -> Option<(u16, u8)> {
    let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let month =
        month.parse().ok().filter(|m| digits(text.get(5..).unwrap_or_default()) && (1..=12).contains(m))?;
    Some((year.parse().ok().filter(|_| digits(year))?, month))
}

async fn roots_of(visit: &Visit) -> Result<Response, Fault> {
    let db = &visit.app.store.db;
    let asked = query(&visit.here).into_iter().find(|(key, _)| key == "month").map(|(_, month)| month);
    if asked.as_deref().is_some_and(|month| read_month(month).is_none()) {
        let reason = json!({ "error": "month: write a year and a month, such as 2026-11" }).to_string();
        let kind = [(http::header::CONTENT_TYPE, "application/json; charset=utf-8")];
        return Ok((StatusCode::BAD_REQUEST, kind, reason).into_response());
    }
    let months = audit_roots::months(db).await?;
    let month = asked.or_else(|| months.as_ref().map(|(_, last)| last.clone()));
    let roots = match &month {
        Some(month) => audit_roots::of_month(db, month).await?,
        None => Vec::new(),
    };
    let beside = |step: i8| -> Value {
        let Some((month, (first, last))) = month.as_deref().zip(months.as_ref()) else { return Value::Null };
        let Some((year, number)) = read_month(month) else { return Value::Null };
        let (year, number) = match (number, step) {
            (1, -1) => (year.saturating_sub(1), 12),
            (12, 1) => (year + 1, 1),
            (number, -1) => (year, number - 1),
            (number, _) => (year, number + 1),
        };
        let beside = format!("{year:04}-{number:02}");
        if beside < *first || beside > *last { Value::Null } else { json!(format!("{ROOTS}?month={beside}")) }
    };
    let body = json!({
        "month": month,
        "roots": roots.iter().map(root).collect::<Vec<_>>(),
        "earlier": beside(-1),
        "later": beside(1),
    });
    Ok(tagged::json(&visit.headers, &body, CACHING))
}

/// What a root says, to read, and the same signed, which counts.
fn root(kept: &Kept) -> Value {
    let mut value = serde_json::to_value(&kept.root).expect("a root is made of numbers and texts");
    value["jws"] = json!(kept.jws);
    value
}
