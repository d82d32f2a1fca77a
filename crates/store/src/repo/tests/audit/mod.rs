//! The chain of the record, on both engines.

mod crash;
mod links;
mod restored;
mod tampering;

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_wire::SystemRandom;
use serde_json::json;

use crate::db::{Arg, Db};
use crate::repo::audit;
use crate::repo::audit_chain::seal_all;
use crate::repo::audit_roots::Kept;
use crate::repo::audit_verify::{Against, Report, verify};
use crate::signing::{Purpose, Signer, public_keys, signer};
use crate::testing::{START, TestStore};

const HOUR: Duration = Duration::from_secs(3_600);

async fn key(store: &TestStore) -> Signer {
    signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap()
}

/// Appends an event of each moment.
async fn append(db: &Db, moments: &[Time]) {
    let one = |at: &Time| {
        let event = Event::new(*at, Actor::Citizen, What::Confirmed).from(Some("192.0.2.7".parse().unwrap()));
        event.with(json!({ "resources": ["API.Example001"], "note": "戶籍, \"a\"" }))
    };
    let events: &[Event] = &moments.iter().map(one).collect::<Vec<_>>();
    db.run_tx("append", |tx| async move { audit::append(&tx, &SystemRandom, events).await }).await.unwrap();
}

/// Some days of events, `each` a day, sealed as far as they are over; gives the moment after them.
async fn days(store: &TestStore, key: &Signer, count: u64, each: u64) -> Time {
    let mut now = START;
    for _ in 0..count {
        let moments: Vec<Time> = (0..each).map(|n| now.plus(Duration::from_millis(n * 40))).collect();
        append(&store.db, &moments).await;
        now = now.plus(24 * HOUR);
        seal_all(&store.db, key, now).await.unwrap();
    }
    now
}

async fn checked(store: &TestStore) -> Report {
    let keys = Some(public_keys(&store.db, &store.crypter).await.unwrap());
    verify(&store.db, &Against { keys, ..Against::default() }, |_| ()).await.unwrap()
}

async fn against(store: &TestStore, roots: Vec<Kept>) -> Report {
    let keys = Some(public_keys(&store.db, &store.crypter).await.unwrap());
    verify(&store.db, &Against { keys, roots, recent: None }, |_| ()).await.unwrap()
}

async fn sql(db: &Db, text: &'static str, args: &[Arg<'_>]) -> u64 {
    db.execute("by hand", text, args).await.unwrap()
}
