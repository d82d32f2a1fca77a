//! What several tests of the repositories need.

mod audit;
mod contact_rows;
mod draft_rows;
mod exchange_rows;
mod filing_rows;
mod health_rows;
mod identity_rows;
mod item_rows;
mod lists;
mod mail_rows;
mod organisation_rows;
mod own_rows;
mod statistics_rows;
mod system_rows;

use mydata_domain::Time;
use mydata_domain::account::{AccountId, Role};
use mydata_domain::filing::{Filing, FilingId, FilingKind, FilingState, FormNumber, Letter, ReviewStep};
use mydata_domain::item::{Acting, Actor, Kind};
use mydata_domain::organisation::{Organisation, OrganisationId, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_wire::SystemRandom;

use super::items::Kept;
use super::{items, registry};
use crate::testing::{START, TestStore};

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn organisation(text: &str, name: &str, kind: OrganisationKind) -> Organisation {
    Organisation { id: id(text), name: name.to_owned(), name_en: text.to_owned(), short_name: None, kind }
}

/// A library, a bank and a commission.
async fn organisations(store: &TestStore) {
    let registry = Registry {
        organisations: vec![
            organisation("library", "示範國家圖書館", OrganisationKind::Agency),
            organisation("bank", "示範銀行股份有限公司", OrganisationKind::Private),
            organisation("commission", "示範金融委員會", OrganisationKind::Agency),
        ],
        ..Registry::default()
    };
    let registry = &registry;
    let crypter = &store.crypter;
    store
        .db
        .run_tx("organisations", async |tx| registry::write(&tx, crypter, registry, START).await)
        .await
        .unwrap();
}

fn account(number: u8) -> AccountId {
    format!("{number:08}-0000-4000-8000-000000000000").parse().unwrap()
}

fn person(number: u8, role: Role, organisation: Option<&str>) -> Actor {
    Actor::Person(Acting { account: account(number), role, organisation: organisation.map(id) })
}

async fn begin(
    store: &TestStore,
    organisation: &str,
    kind: Kind,
    name: &str,
    category: &str,
    now: Time,
) -> Kept {
    let organisation = &id(organisation);
    let new = &items::New { kind, organisation, name, category, by: account(1) };
    store.db.run_tx("begin", async |tx| items::begin(&tx, &SystemRandom, new, now).await).await.unwrap()
}

fn filing(kept: &Kept, counter: u16, now: Time) -> Filing {
    let day = mydata_domain::calendar::day_of(now);
    Filing {
        id: FilingId::generate(&SystemRandom),
        number: FormNumber::new(Letter::of(kept.kind), day, counter).unwrap(),
        kind: FilingKind::NewItem,
        item: Some(kept.id),
        organisation: Some(kept.organisation.clone()),
        filed_by: account(1),
        filed_at: now,
        mends: None,
        content: serde_json::json!({ "name": kept.name, "applicant": "林示範" }),
        state: FilingState::InReview,
        step: Some(ReviewStep::Operator),
        closed_at: None,
    }
}

fn later(seconds: i64) -> Time {
    Time(START.0 + seconds * 1_000)
}
