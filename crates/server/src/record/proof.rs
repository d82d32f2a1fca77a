//! `GET /record/{id}/proof/{event}`: the proof that an event of the citizen's is in the record, as a file to keep. Whoever
//! has it and the day's published root needs nothing more of the platform.

use axum::extract::Path;
use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::audit::chain::{Proof, Root};
use mydata_domain::calendar::{day_of, days_after, end_of};
use mydata_store::repo::audit_chain::GRACE;
use mydata_store::repo::{audit_roots, record};
use serde_json::json;

use super::one::find;
use super::view::Proved;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::csv::attachment;

/// When an event's proof can be had, if no root covers it yet. The day's root comes a moment after its end; what is linked
/// after its day's root is in the next one.
pub fn ready_from(at: Time, last: Option<&Root>) -> Time {
    let day = day_of(at);
    let rooted = last.and_then(|root| root.day.parse().ok());
    end_of(rooted.map_or(day, |rooted| day.max(days_after(rooted, 1)))).plus(GRACE)
}

/// How far the proof of an event is.
pub fn proved(href: String, event: &record::Event, last: Option<&Root>) -> Proved {
    match (event.seq, last) {
        (Some(seq), Some(root)) if seq <= root.last => Proved::Ready(href),
        _ => Proved::From(ready_from(Time(event.at), last)),
    }
}

/// `GET /record/{id}/proof/{event}`. Somebody else's is not found. Before the day has a root the file says so, and when to
/// come again.
pub async fn show(visit: Visit, citizen: Citizen, Path((id, event)): Path<(String, String)>) -> Response {
    let answer = shown(&visit, &citizen, &id, &event).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str, event: &str) -> Result<Response, Fault> {
    let db = &visit.app.store.db;
    let entry = find(visit, citizen, id).await?;
    let event = record::event(db, &citizen.index, entry.id, event).await?.ok_or(Fault::NotFound)?;
    let proof = audit_roots::proof(db, &event.id).await?;
    Ok(file(
        &event.id,
        Time(event.at),
        proof.as_ref(),
        audit_roots::last(db).await?.map(|kept| kept.root).as_ref(),
    ))
}

/// The file: a proof, or that there is none yet.
pub fn file(id: &str, at: Time, proof: Option<&Proof>, last: Option<&Root>) -> Response {
    let (name, body) = match proof {
        Some(proof) => (format!("mydata-proof-{id}.json"), serde_json::to_value(proof)),
        None => {
            let ready = ready_from(at, last).to_timestamp().to_string();
            (
                format!("mydata-proof-{id}-waiting.json"),
                Ok(json!({ "version": 1, "waiting": id, "ready_from": ready })),
            )
        }
    };
    let body = body.expect("a proof is made of numbers and texts");
    attachment(&name, "application/json; charset=utf-8", format!("{body:#}\n"))
}
