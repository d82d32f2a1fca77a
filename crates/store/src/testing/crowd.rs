//! A country's worth of rows, for measuring: written in bulk, readable as if the platform had written them one by one.

use std::collections::BTreeSet;

use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::calendar::{day_of, days_after};
use mydata_domain::dataset::Dataset;
use mydata_domain::filing::{FilingId, FilingKind, FilingState, FormNumber, Letter, ReviewStep};
use mydata_domain::item::stage::{Draft, Filed, Listed, OperatorReview, Testing};
use mydata_domain::item::{ItemId, Kind, Running, Stage};
use mydata_domain::mail::{AboutAccount, Kind as MailKind, MailId};
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::service::Service;
use mydata_domain::statistics::{Outcome, day_number};
use mydata_domain::{Time, Zone};
use mydata_wire::SystemRandom;
use serde_json::json;

use super::START;
use crate::db::{Arg, Engine, Sql, Tx, placeholders};
use crate::error::Result;
use crate::repo::list::{grams, searchable};
use crate::repo::mails::Content;
use crate::repo::{accounts, mails, registry};
use crate::{Crypter, Store};

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Organisations; each has an account.
    pub organisations: usize,
    /// Datasets, services and counter services; each has a filing and a mail. A tenth are the first organisation's.
    pub items: usize,
    /// Events of the record.
    pub events: usize,
}

impl Sizes {
    /// What the back office is measured with.
    pub const COUNTRY: Self = Self { organisations: 5_000, items: 20_000, events: 1_000_000 };
    /// The same pages with next to nothing in them.
    pub const EMPTY: Self = Self { organisations: 2, items: 0, events: 0 };
}

/// The organisation with this number, from 0.
pub fn organisation_id(number: usize) -> String {
    format!("body-{number:05}")
}

/// The name of the item with this number, from 0: found by 示範, by 資料 or 服務, and by its number alone.
pub fn item_name(number: usize) -> String {
    let what = ["示範資料", "示範線上服務", "示範臨櫃服務"][kind_of(number).1];
    format!("{what}第{number:05}號")
}

fn kind_of(number: usize) -> (Kind, usize) {
    match number % 10 {
        0..=4 => (Kind::Dataset, 0),
        5..=8 => (Kind::Service, 1),
        _ => (Kind::CounterService, 2),
    }
}

/// Bound values of a statement: few enough for a text that is quickly read, many enough for few journeys.
const MOST_VALUES: usize = 4_000;

/// Inserts rows, as many at a time as a statement takes.
async fn insert(
    tx: &Tx,
    table: &str,
    columns: &str,
    rows: impl IntoIterator<Item = Vec<Arg<'static>>>,
) -> Result<()> {
    let width = columns.split(", ").count();
    let statement = |rows: usize| {
        let lines: Vec<String> =
            (0..rows).map(|row| format!("({})", placeholders(row * width + 1, width))).collect();
        Sql::from(format!("INSERT INTO {table} ({columns}) VALUES {}", lines.join(", ")))
    };
    let most = MOST_VALUES / width;
    let whole = statement(most);
    let mut rows = rows.into_iter();
    loop {
        let values: Vec<Arg<'_>> = rows.by_ref().take(most).flatten().collect();
        match values.len() / width {
            0 => return Ok(()),
            some if some == most => tx.run(whole.clone(), &values).await?,
            fewer => return tx.run(statement(fewer), &values).await,
        }
    }
}

/// Takes the indexes of a table away, so that many rows are written before they are put in order; gives what makes them
/// again.
pub(super) async fn drop_indexes(tx: &Tx, table: &str) -> Result<Vec<String>> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL"
        }
        Engine::Postgres => {
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = $1 AND indexname NOT LIKE '%_pkey'"
        }
    };
    let mut again = Vec::new();
    for row in tx.fetch_all(sql, &[table.into()]).await? {
        tx.run(format!("DROP INDEX {}", row.get_text(0)?), &[]).await?;
        again.push(row.get_text(1)?);
    }
    Ok(again)
}

/// Fills a store. It is empty before.
///
/// # Errors
/// The database refuses.
pub async fn fill(store: &Store, sizes: Sizes) -> Result<()> {
    let crypter = &store.crypter;
    let people = &(0..sizes.organisations).map(|_| AccountId::generate(&SystemRandom)).collect::<Vec<_>>();
    store
        .db
        .run_tx("crowd-people", |tx| async move { organisations(&tx, crypter, sizes, people).await })
        .await?;
    store.db.run_tx("crowd-items", |tx| async move { items(&tx, crypter, sizes, people).await }).await?;
    let indexes = &store
        .db
        .run_tx("crowd-indexes", |tx| async move { drop_indexes(&tx, "audit_events").await })
        .await?;
    // One transaction of a million rows would hold its log in memory whole.
    for from in (0..sizes.events).step_by(100_000) {
        let to = (from + 100_000).min(sizes.events);
        store
            .db
            .run_tx("crowd-events", |tx| async move { events(&tx, from..to, sizes, people).await })
            .await?;
    }
    let again = |tx: Tx| async move {
        for index in indexes {
            tx.run(index.clone(), &[]).await?;
        }
        Ok(())
    };
    store.db.run_tx("crowd-indexes", again).await?;
    store.db.run_tx("crowd-statistics", |tx| async move { statistics(&tx, sizes).await }).await?;
    // What a server does by itself in the night.
    store.db.run_tx("crowd-analyze", |tx| async move { tx.run("ANALYZE", &[]).await }).await
}

async fn organisations(tx: &Tx, crypter: &Crypter, sizes: Sizes, people: &[AccountId]) -> Result<()> {
    let mut rows = Vec::new();
    let mut profiles = Vec::new();
    for number in 0..sizes.organisations {
        let id = organisation_id(number);
        let organisation = Organisation {
            id: id.parse().expect("made of letters, digits and a hyphen"),
            name: format!("示範機關{number:05}"),
            name_en: format!("Demo body {number:05}"),
            short_name: None,
            kind: OrganisationKind::Agency,
        };
        // Every fifth is in the charge of the second one.
        let authority = (number % 5 == 2).then(|| organisation_id(1));
        let form = crypter.seal("organisation_profiles", &id, "form", b"{}");
        profiles.push(vec![id.clone().into(), "active".into(), authority.into(), START.into(), form.into()]);
        let body = serde_json::to_string(&organisation).expect("an organisation is made of texts");
        rows.push(vec![id.into(), organisation.name.into(), body.into(), START.into()]);
    }
    insert(tx, "organisations", "id, name, body, updated_at", rows).await?;
    insert(tx, "organisation_profiles", "organisation, state, authority, updated_at, form", profiles).await?;
    for (number, id) in people.iter().enumerate() {
        let account = Account {
            id: *id,
            name: format!("demo.person.{number:05}").parse().expect("a name of letters, dots and digits"),
            role: Role::Applicant,
            organisation: organisation_id(number).parse().ok(),
            state: AccountState::Active,
            locked_at: None,
            holder: Holder {
                name: "陳示範".to_owned(),
                mail: format!("p{number}@body.example"),
                ..Holder::default()
            },
            created_at: START,
            signed_in_at: None,
        };
        accounts::insert(tx, crypter, &account).await?;
    }
    Ok(())
}

/// Whose an item is: a tenth the first organisation's, the others everybody's.
fn owner(number: usize, sizes: Sizes) -> usize {
    if number.is_multiple_of(11) { 0 } else { number % sizes.organisations }
}

/// The id of a record, ten letters and digits after its prefix.
fn record(prefix: &str, number: usize) -> String {
    format!("{prefix}.Crowd{number:05}")
}

async fn items(tx: &Tx, crypter: &Crypter, sizes: Sizes, people: &[AccountId]) -> Result<()> {
    let categories = ["教育", "戶役政", "財政金融/線上申請/貸款", "衛生", "交通"];
    let today = day_of(START);
    let (mut rows, mut found, mut filed, mut datasets, mut services) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..sizes.items {
        let (kind, _) = kind_of(number);
        let (id, filing) = (ItemId::generate(&SystemRandom), FilingId::generate(&SystemRandom));
        let of = owner(number, sizes);
        let (organisation, organisation_name) = (organisation_id(of), format!("示範機關{of:05}"));
        let authority = (of % 5 == 2).then(|| organisation_id(1));
        let (name, category) = (item_name(number), categories[number % categories.len()]);
        let days = i32::try_from(number / 100).unwrap_or(0);
        let at = Time(START.0 - i64::try_from(number).unwrap_or(0) * 60_000);
        let letter = Letter::of(kind);
        let counter = u16::try_from(number % 100 + 1).unwrap_or(1);
        let form = FormNumber::new(letter, days_after(today, -days), counter).expect("99 a day fit");
        let account = people[of];
        let under = Filed { filing, number: form, by: account, at };
        let (stage, state, step, reviewed): (Stage, _, _, bool) = match number % 8 {
            0 => (Stage::Draft(Draft::default()), FilingState::Withdrawn, None, false),
            1 => {
                let step = Some(ReviewStep::Operator);
                (Stage::OperatorReview(OperatorReview { filed: under }), FilingState::InReview, step, false)
            }
            2..=4 => {
                let testing = Testing {
                    from: today,
                    last_day: days_after(today, 60),
                    extended: false,
                    reminded: false,
                    returned: None,
                };
                (Running::Testing(testing).into(), FilingState::Approved, None, true)
            }
            _ => (
                Running::Listed(Listed { since: at, returned: None }).into(),
                FilingState::Approved,
                None,
                true,
            ),
        };
        let listed = matches!(stage, Stage::Running(Running::Listed(_)));
        let zone = if listed { Zone::Production } else { Zone::Test };
        let known = reviewed.then(|| match kind {
            Kind::Dataset => record("API", number),
            Kind::Service => record("CLI", number),
            Kind::CounterService => id.to_string(),
        });
        let number_text = form.to_string();
        let search = searchable([
            name.as_str(),
            &organisation_name,
            category,
            &number_text,
            known.as_deref().unwrap_or_default(),
        ]);
        found.extend(grams_of("item", &id.to_string(), &search));
        let text =
            |stage: &Stage| serde_json::to_string(stage).expect("a stage is made of texts and numbers");
        rows.push(vec![
            id.to_string().into(),
            kind.as_str().into(),
            "office".into(),
            organisation.clone().into(),
            organisation_name.clone().into(),
            authority.clone().into(),
            name.clone().into(),
            category.into(),
            number_text.clone().into(),
            zone.as_str().into(),
            stage.name().as_str().into(),
            0i64.into(),
            text(&stage).into(),
            "[]".into(),
            known.clone().filter(|_| !listed).into(),
            known.clone().filter(|_| listed).into(),
            at.into(),
            at.into(),
            account.to_string().into(),
            search.into(),
        ]);
        let search = searchable([number_text.as_str(), &name, &organisation_name]);
        found.extend(grams_of("filing", &filing.to_string(), &search));
        let content = crypter.seal(
            "filings",
            &filing.to_string(),
            "content",
            json!({ "name": name }).to_string().as_bytes(),
        );
        filed.push(vec![
            filing.to_string().into(),
            number_text.into(),
            FilingKind::NewItem.as_str().into(),
            id.to_string().into(),
            kind.as_str().into(),
            name.clone().into(),
            organisation.clone().into(),
            organisation_name.into(),
            authority.into(),
            account.to_string().into(),
            at.into(),
            state.as_str().into(),
            step.map(ReviewStep::as_str).into(),
            content.into(),
            search.into(),
        ]);
        if let (Some(known), Kind::Dataset) = (&known, kind) {
            let body: Dataset = serde_json::from_value(json!({
                "resource_id": known, "zone": zone, "organisation": organisation, "name": name, "name_en": name,
                "category": category, "weakest_verification": "NHI", "dp_api": "https://dp.body.example/",
                "state": "listed",
            }))
            .expect("a dataset as registry files have it");
            let secret = crypter.seal("datasets", known, "secret", b"demoSecretOf16ch");
            let body = serde_json::to_string(&body).expect("a dataset is made of texts");
            datasets.push(vec![
                known.clone().into(),
                zone.as_str().into(),
                organisation.into(),
                "listed".into(),
                name.into(),
                body.into(),
                secret.into(),
                START.into(),
            ]);
        } else if let (Some(known), Kind::Service) = (&known, kind) {
            let body: Service = serde_json::from_value(json!({
                "client_id": known, "zone": zone, "organisation": organisation, "name": name, "name_en": name,
                "purpose": "示範", "purpose_en": "Demo", "category": category, "url": "https://sp.body.example/",
                "terms": "示範", "return_urls": ["https://sp.body.example/return"],
                "sp_api": "https://sp.body.example/notify", "allowed_ips": ["192.0.2.1"], "datasets": [],
                "state": "listed",
            }))
            .expect("a service as registry files have it");
            let secrets = json!({ "client_secret": "demoBankSecret16", "cbc_iv": "demoBankCbcIv016" });
            let secrets = crypter.seal("services", known, "secrets", secrets.to_string().as_bytes());
            let body = serde_json::to_string(&body).expect("a service is made of texts");
            services.push(vec![
                known.clone().into(),
                zone.as_str().into(),
                organisation.into(),
                "listed".into(),
                name.into(),
                body.into(),
                secrets.into(),
                START.into(),
            ]);
        }
        let content = Content {
            name: "陳示範".to_owned(),
            address: format!("p{of}@body.example"),
            subject: "示範".to_owned(),
            text: "示範".to_owned(),
            link: None,
            secret: false,
            until: None,
        };
        let mail = MailId::generate(&SystemRandom);
        mails::add(tx, crypter, mail, MailKind::from(AboutAccount::Approved), None, &content, at).await?;
    }
    const ITEM: &str = "id, kind, origin, organisation, organisation_name, authority, name, category, number, zone, stage, \
                        hidden, stage_data, certificates, test_record, production_record, created_at, updated_at, \
                        updated_by, search";
    insert(tx, "items", ITEM, rows).await?;
    const FILING: &str = "id, number, kind, item, item_kind, item_name, organisation, organisation_name, authority, filed_by, \
                          filed_at, state, step, content, search";
    insert(tx, "filings", FILING, filed).await?;
    found.sort();
    let indexes = drop_indexes(tx, "search_grams").await?;
    let found = found.into_iter().map(|(area, gram, id)| vec![area.into(), gram.into(), id.into()]);
    insert(tx, "search_grams", "area, gram, id", found).await?;
    for index in indexes {
        tx.run(index, &[]).await?;
    }
    const REGISTERED: &str = "zone, organisation, state, name, body";
    insert(tx, "datasets", &format!("resource_id, {REGISTERED}, secret, updated_at"), datasets).await?;
    insert(tx, "services", &format!("client_id, {REGISTERED}, secrets, updated_at"), services).await?;
    registry::grow(tx).await
}

fn grams_of(area: &'static str, id: &str, search: &str) -> Vec<(&'static str, String, String)> {
    let all: BTreeSet<String> = search.split_whitespace().flat_map(grams).collect();
    all.into_iter().map(|gram| (area, gram, id.to_owned())).collect()
}

async fn events(tx: &Tx, range: std::ops::Range<usize>, sizes: Sizes, people: &[AccountId]) -> Result<()> {
    let what = [
        "entered",
        "authorised",
        "collected",
        "confirmed",
        "notified",
        "sealed",
        "delivered",
        "item-stepped",
    ];
    let rows = range.map(|place| {
        // The oldest comes first, as it did.
        let number = sizes.events - 1 - place;
        let office = number % 8 == 7;
        let at = START.0 - i64::try_from(number).unwrap_or(0) * 30_000;
        let actor = if office { "organisation" } else { ["citizen", "dp", "sp", "platform"][number % 4] };
        // Seven events an exchange.
        let transaction = format!("{:08x}-0000-4000-8000-000000000000", number / 8);
        // The first person is the busiest.
        let person = if number % 80 == 7 { 0 } else { number % sizes.organisations.max(1) };
        vec![
            format!("{place:08x}-0000-4000-8000-000000000001").into(),
            at.into(),
            actor.into(),
            what[number % 8].into(),
            (!office).then_some(transaction).into(),
            "192.0.2.1".into(),
            "{\"resource_id\":\"API.Crowd00000\"}".into(),
            office.then(|| people[person].to_string()).into(),
        ]
    });
    insert(tx, "audit_events", "id, at, actor, what, transaction_id, from_address, detail, account_id", rows)
        .await
}

/// A year of sums: what the events would have come to.
async fn statistics(tx: &Tx, sizes: Sizes) -> Result<()> {
    if sizes.items == 0 {
        return Ok(());
    }
    let today = day_of(START);
    let mut rows: Vec<Vec<Arg<'static>>> = Vec::new();
    let mut add =
        |area: &'static str, zone: Zone, grain: &'static str, subject: &str, since: i64, number: i64| {
            let good = if area == "exchanges" { "delivered" } else { "collected" };
            let mut facets = vec![("outcome", good, number), ("outcome", Outcome::Undeliverable.as_str(), 1)];
            if subject.is_empty() || grain == "day" {
                facets.extend([("wait", "1500", number / 2 + 1), ("wait", "5000", number / 4 + 1)]);
                if area == "exchanges" {
                    facets.extend([("method", "NHI", number / 2 + 1), ("method", "CER", number / 2 + 1)]);
                }
            }
            for (facet, value, number) in facets {
                rows.push(vec![
                    area.into(),
                    zone.as_str().into(),
                    grain.into(),
                    subject.to_owned().into(),
                    since.into(),
                    facet.into(),
                    value.into(),
                    number.into(),
                ]);
            }
        };
    for (area, prefix, of) in [("exchanges", "CLI", 5), ("datasets", "API", 0)] {
        for zone in [Zone::Test, Zone::Production] {
            for back in 0..366 {
                let day = days_after(today, -back);
                add(area, zone, "day", "", day_number(day), 2_700);
                let month = day_number(day.first_of_month());
                // Each month once: at its last day that has been.
                let ends = back == 0 || day == day.last_of_month();
                if ends {
                    add(area, zone, "month", "", month, 80_000);
                }
                if zone == Zone::Test {
                    continue;
                }
                // Every fiftieth has something on a day, every tenth of the others in a month.
                for number in (of..sizes.items).step_by(500) {
                    add(area, zone, "day", &record(prefix, number), day_number(day), 68);
                }
                if ends {
                    for number in (of..sizes.items).step_by(10) {
                        add(area, zone, "month", &record(prefix, number), month, 40);
                    }
                }
            }
        }
    }
    insert(tx, "statistics", "area, zone, grain, subject, since, facet, value, number", rows).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::items::{self, Filter, Sort};
    use crate::repo::list::{List, Scope};
    use crate::repo::{audit, filings, registry};
    use crate::testing::{TestStore, on_both};

    /// What was written in bulk is read back as everything else is.
    #[tokio::test]
    async fn a_small_country_can_be_read() {
        on_both(async |store: TestStore| {
            fill(&store, Sizes { organisations: 10, items: 40, events: 100 }).await.unwrap();
            let list = List::<Filter, Sort> { search: "第00031號".to_owned(), ..List::default() };
            let found = items::list(&store.db, &Scope::All, &list).await.unwrap();
            assert_eq!(found.rows.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), [item_name(31)]);
            let filed = filings::list(&store.db, &Scope::All, &List::default()).await.unwrap();
            assert_eq!(filed.count, 40);
            let events = audit::list(&store.db, &List::default()).await.unwrap();
            assert_eq!(events.count, 100);
            let catalogue = registry::load(&store.db, &store.crypter).await.unwrap();
            assert!(catalogue.datasets.len() > 5 && catalogue.services.len() > 5);
        })
        .await;
    }
}
