//! `GET /record/export.csv`, `/record/export.json`: the record as files, with the filters of the page; the latest
//! [`record::MOST`] transactions, so that a longer record is taken period by period.

use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::calendar::day_of;
use mydata_store::repo::audit::Kept as Event;
use mydata_store::repo::record::{self, Entry};
use serde_json::{Value, json};

use super::asked::Asked;
use super::view::Teller;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::csv::{answer, attachment, text};

type Found = Vec<(Entry, Vec<Event>)>;

async fn found(visit: &Visit, citizen: &Citizen) -> Result<Found, Fault> {
    let db = &visit.app.store.db;
    let filter = Asked::read(&visit.here).filter();
    let entries = record::list(db, &citizen.index, &filter, None, record::MOST).await?;
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    let mut events = record::events(db, &ids).await?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            let events = events.remove(&entry.id).unwrap_or_default();
            (entry, events)
        })
        .collect())
}

fn file(visit: &Visit, ending: &str) -> String {
    format!("mydata-record-{}.{ending}", day_of(visit.app.now()))
}

/// `GET /record/export.csv`: a row an event.
pub async fn csv(visit: Visit, citizen: Citizen) -> Response {
    let answer = csv_of(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn csv_of(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let found = found(visit, citizen).await?;
    let catalogue = visit.app.catalogue().await?;
    let lang = visit.prefs.lang;
    let teller = Teller { lang, catalogue: &catalogue };
    let head = [
        "my-record-column-at",
        "my-record-column-transaction",
        "my-record-column-title",
        "my-record-column-state",
        "my-record-column-who",
        "my-record-column-what",
        "my-record-column-detail",
        "my-record-column-from",
    ];
    let mut rows = vec![head.map(|key| lang.t(key)).to_vec()];
    for (entry, events) in &found {
        let (title, state) = (teller.title(entry), teller.state(entry).text);
        rows.extend(events.iter().map(|event| {
            let happened = teller.event(entry, event);
            vec![
                happened.machine,
                entry.id.to_string(),
                title.clone(),
                state.clone(),
                happened.who,
                happened.what,
                happened.detail.unwrap_or_default(),
                happened.from.unwrap_or_default(),
            ]
        }));
    }
    Ok(answer(&file(visit, "csv"), &text(&rows, true)))
}

/// `GET /record/export.json`.
pub async fn json(visit: Visit, citizen: Citizen) -> Response {
    let answer = json_of(&visit, &citizen).await;
    visit.or_fault(answer)
}

fn moment(at: Time) -> Value {
    Value::String(at.to_timestamp().to_string())
}

async fn json_of(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let found = found(visit, citizen).await?;
    let catalogue = visit.app.catalogue().await?;
    let teller = Teller { lang: visit.prefs.lang, catalogue: &catalogue };
    let dataset = |(id, state): &(mydata_wire::ResourceId, String)| json!({ "resource_id": id.as_str(), "name": teller.dataset(id), "state": state });
    let event = |event: &Event| {
        json!({
            "at": moment(Time(event.at)),
            "actor": event.actor,
            "what": event.what,
            "from": event.from,
            "detail": event.detail.as_deref().and_then(|d| serde_json::from_str::<Value>(d).ok()),
        })
    };
    let entry = |(entry, events): &(Entry, Vec<Event>)| {
        json!({
            "id": entry.id.to_string(),
            "purpose": if entry.service.is_some() { "service" } else { "own" },
            "service": entry.service.as_ref().map(|(id, tx_id)| json!({ "client_id": id.as_str(), "name": teller.service(id), "organisation": teller.provider_of(id), "tx_id": tx_id })),
            "counter_case": entry.case,
            "stage": entry.stage,
            "ending": entry.ending.map(mydata_domain::transaction::Ending::as_str),
            "verification": entry.verification.map(mydata_wire::Verification::code),
            "entered_at": moment(entry.entered_at),
            "confirmed_at": entry.confirmed_at.map(moment),
            "taken_at": entry.taken_at.map(moment),
            "ended_at": entry.ended_at.map(moment),
            "datasets": entry.parts.iter().map(dataset).collect::<Vec<_>>(),
            "events": events.iter().map(event).collect::<Vec<_>>(),
        })
    };
    let body = json!({
        "made_at": moment(visit.app.now()),
        "most": record::MOST,
        "transactions": found.iter().map(entry).collect::<Vec<_>>(),
    });
    Ok(attachment(&file(visit, "json"), "application/json; charset=utf-8", body.to_string()))
}
