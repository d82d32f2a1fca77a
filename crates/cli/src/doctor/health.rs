//! How many items fail, as polls and people know it. Calls nobody.

use mydata_store::StoreError;
use mydata_store::repo::health::{self, Counts};
use mydata_store::repo::list::{List, Scope};

use super::database::Open;
use super::report::Report;
use crate::output::count;

const SUBJECT: &str = "health";
/// So many are named.
const NAMED: u32 = 5;

/// Says how many items are polled and fail.
pub async fn check(open: &Open, report: &mut Report) {
    if !open.current {
        return;
    }
    match look(open).await {
        Ok((counts, named)) if counts.failing > 0 => {
            let failing = usize::try_from(counts.failing).unwrap_or(usize::MAX);
            let rest = if counts.failing > named.len() as u64 { " …" } else { "" };
            report.warn(
                SUBJECT,
                format!("{} failing: {}{rest}", count(failing, "item"), named.join("; ")),
                "look at 異常管理 in the back office, and run `mydata probe ID`",
            );
        }
        Ok((counts, _)) => {
            let polled = usize::try_from(counts.polled).unwrap_or(usize::MAX);
            report.ok(SUBJECT, format!("{} polled, none failing", count(polled, "item")));
        }
        Err(error) => report.fail(SUBJECT, error.to_string(), "look at the database's own log"),
    }
}

async fn look(open: &Open) -> Result<(Counts, Vec<String>), StoreError> {
    let counts = health::counts(&open.db).await?;
    let list = List { descending: false, size: NAMED, ..List::default() };
    let page = health::failing(&open.db, &Scope::All, &list).await?;
    let one = |row: &health::Failing| {
        let record = row.item.production_record.as_ref().or(row.item.test_record.as_ref());
        let why = row.fault.as_ref().map_or("said by people", |fault| fault.kind.as_str());
        let id = record.cloned().unwrap_or_else(|| row.item.id.to_string());
        format!("{id} since {} ({why})", row.since.to_timestamp())
    };
    Ok((counts, page.rows.iter().map(one).collect()))
}
