//! Years of exchanges, for measuring a citizen's record: written by the database itself, for ten million events do not travel
//! through statements with values.

use mydata_wire::{ClientId, ResourceId};

use super::START;
use super::crowd::drop_indexes;
use crate::Store;
use crate::args;
use crate::db::{Engine, Tx};
use crate::error::Result;

/// Events of one exchange.
pub const EVENTS_EACH: u64 = 8;
/// Exchanges that one transaction of the database writes.
const AT_A_TIME: u64 = 100_000;

/// What is written.
#[derive(Debug, Clone)]
pub struct History {
    /// Events, all in all.
    pub events: u64,
    /// The keyed index of the citizen who is measured.
    pub citizen: String,
    /// How many of the exchanges are that citizen's; the others belong to one of half a million, in turn.
    pub theirs: u64,
    /// The service that all of them were for.
    pub service: ClientId,
    /// The dataset.
    pub dataset: ResourceId,
}

/// Fills a store that has no exchanges.
///
/// # Errors
/// The database refuses.
pub async fn fill(store: &Store, history: &History) -> Result<()> {
    let exchanges = history.events / EVENTS_EACH;
    let tables = ["transactions", "transaction_parts", "audit_events"];
    let indexes = &store
        .db
        .run_tx("history-indexes", |tx| async move {
            let mut all = Vec::new();
            for table in tables {
                all.extend(drop_indexes(&tx, table).await?);
            }
            Ok(all)
        })
        .await?;
    let mut from = 0;
    while from < exchanges {
        let until = (from + AT_A_TIME).min(exchanges);
        let write = |tx| async move { write(&tx, history, exchanges, from..until).await };
        store.db.run_tx("history", write).await?;
        from = until;
    }
    store
        .db
        .run_tx("history-indexes", |tx| async move {
            for index in indexes {
                tx.run(index.clone(), &[]).await?;
            }
            tx.run("ANALYZE", &[]).await
        })
        .await
}

async fn write(tx: &Tx, history: &History, exchanges: u64, range: std::ops::Range<u64>) -> Result<()> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let hex = |of: &str| match tx.engine() {
        Engine::Sqlite => format!("printf('%08x', {of})"),
        Engine::Postgres => format!("lpad(to_hex({of}), 8, '0')"),
    };
    let numbers =
        "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) ";
    let (first, end) = (number(range.start), number(range.end));
    let every = number((exchanges / history.theirs.max(1)).max(1));
    // One in half a minute, the last one a quarter of an hour ago.
    let began = format!("{} - ({} - i) * 30000 - 900000", START.0, exchanges);
    let id = format!("{} || '-0000-4000-8000-000000000000'", hex("i"));
    tx.run(
        format!(
            "{numbers} INSERT INTO transactions (id, client_id, tx_id, zone, stage, ending, browser, entered_at, idle_until, \
             authorised_at, confirmed_at, sealed_at, taken_at, ended_at, verification, private, citizen) \
             SELECT {id}, $3, {id}, 'production', 'ended', 'expired', 'b', {began}, {began} + 600000, {began} + 60000, \
             {began} + 120000, {began} + 180000, {began} + 240000, {began} + 600000, 'NHI', $4, \
             CASE WHEN i % $5 = 0 THEN $6 ELSE 'citizen-' || CAST(i % 500000 AS TEXT) END FROM n"
        ),
        args![first, end, history.service.as_str(), &[0u8][..], every, &history.citizen],
    )
    .await?;
    tx.run(
        format!(
            "{numbers} INSERT INTO transaction_parts (transaction_id, place, resource_id, transaction_uid, state, asked, calls, \
             failures) SELECT {id}, 0, $3, {id}, 'ready', 1, 1, 0 FROM n"
        ),
        args![first, end, history.dataset.as_str()],
    )
    .await?;
    let each = number(EVENTS_EACH);
    let began = began.replace("- i)", &format!("- i / {each})"));
    let of = format!("{} || '-0000-4000-8000-000000000000'", hex(&format!("(i / {each})")));
    tx.run(
        format!(
            "{numbers} INSERT INTO audit_events (id, at, actor, what, transaction_id, from_address, detail) \
             SELECT {} || '-0000-4000-8000-000000000001', {began} + (i % {each}) * 60000, \
             CASE i % {each} WHEN 0 THEN 'sp' WHEN 2 THEN 'dp' WHEN 5 THEN 'platform' WHEN 7 THEN 'platform' WHEN 6 THEN 'sp' \
             ELSE 'citizen' END, \
             CASE i % {each} WHEN 0 THEN 'entered' WHEN 1 THEN 'authorised' WHEN 2 THEN 'collected' WHEN 3 THEN 'previewed' \
             WHEN 4 THEN 'confirmed' WHEN 5 THEN 'sealed' WHEN 6 THEN 'delivered' ELSE 'forgotten' END, \
             {of}, '192.0.2.1', $3 FROM n",
            hex("i")
        ),
        args![
            first * each,
            end * each,
            format!("{{\"resource_id\":\"{}\"}}", history.dataset)
        ],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::record::{self, Filter};
    use crate::testing::{TestStore, on_both};

    /// What was written in bulk is read back as everything else is.
    #[tokio::test]
    async fn a_short_history_can_be_read() {
        on_both(async |store: TestStore| {
            let history = History {
                events: 800,
                citizen: "mine".to_owned(),
                theirs: 10,
                service: "CLI.Crowd00005".parse().unwrap(),
                dataset: "API.Crowd00000".parse().unwrap(),
            };
            fill(&store, &history).await.unwrap();
            let mine = record::list(&store.db, "mine", &Filter::default(), None, 100).await.unwrap();
            assert_eq!(mine.len(), 10);
            assert!(mine.windows(2).all(|pair| pair[0].entered_at > pair[1].entered_at));
            assert_eq!(mine[0].parts[0].0, history.dataset);
            let events = record::events(&store.db, &[mine[3].id]).await.unwrap();
            let what: Vec<_> = events[&mine[3].id].iter().map(|event| event.what.as_str()).collect();
            assert_eq!(what.len(), 8);
            assert_eq!((what[0], what[7]), ("entered", "forgotten"));
            assert_eq!(events[&mine[3].id][0].at, mine[3].entered_at.0);
            assert_eq!(record::services(&store.db, "mine").await.unwrap(), [history.service]);
        })
        .await;
    }
}
