//! Sums of what came of exchanges and datasets: added to in the transaction of the step that they count, read by day.
//!
//! Each thing counted is a row for its subject and one for all subjects, by day and by month, so that reading costs by
//! the days looked at and not by the exchanges there were. The rows of a step are added in one order by one statement:
//! two steps that count the same never wait for each other in a circle.

use std::collections::BTreeMap;

use mydata_domain::Zone;
use mydata_domain::calendar::Date;
use mydata_domain::statistics::{Area, Counts, Facet, day_number};

use super::list::Scope;
use super::unreadable;
use crate::db::{Arg, Db, Tx, placeholders};
use crate::error::Result;

/// The subject of the rows for all subjects.
const EVERYBODY: &str = "";

fn first_of_month(day: Date) -> Date {
    day.first_of_month()
}

/// Adds what a step counted.
///
/// # Errors
/// The database refuses.
pub async fn add(tx: &Tx, counts: &Counts) -> Result<()> {
    let periods = [("day", day_number(counts.day)), ("month", day_number(first_of_month(counts.day)))];
    // Two datasets of one exchange may add to the same row; a statement may touch a row only once.
    let mut rows: BTreeMap<[&str; 5], (i64, i64)> = BTreeMap::new();
    for count in &counts.counts {
        for subject in [EVERYBODY, count.subject.as_str()] {
            for (grain, since) in periods {
                let key = [count.area.as_str(), grain, subject, count.facet.as_str(), count.value.as_str()];
                rows.entry(key).or_insert((since, 0)).1 += 1;
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Arg<'_>> = Vec::with_capacity(rows.len() * 8);
    let mut lines = Vec::with_capacity(rows.len());
    for ([area, grain, subject, facet, value], (since, number)) in rows {
        lines.push(format!("({})", placeholders(values.len() + 1, 8)));
        let line: [Arg<'_>; 8] = [
            area.into(),
            counts.zone.as_str().into(),
            grain.into(),
            subject.into(),
            since.into(),
            facet.into(),
            value.into(),
            number.into(),
        ];
        values.extend(line);
    }
    let sql = format!(
        "INSERT INTO statistics (area, zone, grain, subject, since, facet, value, number) VALUES {} \
         ON CONFLICT (area, zone, grain, subject, since, facet, value) \
         DO UPDATE SET number = statistics.number + excluded.number",
        lines.join(", ")
    );
    tx.run(sql, &values).await
}

/// Which sums are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Of what.
    pub area: Area,
    /// In which zone.
    pub zone: Zone,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// One service or dataset; without it all that the scope lets be seen.
    pub subject: Option<String>,
}

/// One sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The day, in days since 1970.
    pub day: i64,
    /// By what it is told apart.
    pub facet: Facet,
    /// Which of these.
    pub value: String,
    /// How many.
    pub number: u64,
}

/// What came of one service or dataset in a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The service or the dataset.
    pub id: String,
    /// How many there were.
    pub number: u64,
    /// How many of them came out well: delivered, collected.
    pub well: u64,
}

/// The condition that a subject is one that a scope lets be seen, and the value it needs.
fn seen(scope: &Scope, area: Area, place: usize) -> Option<(String, Arg<'static>)> {
    let (table, column) = match area {
        Area::Exchanges => ("services", "client_id"),
        Area::Datasets => ("datasets", "resource_id"),
    };
    let (organisations, id) = match scope {
        Scope::All => return None,
        Scope::Organisation(id) => (format!("organisation = ${place}"), id),
        Scope::Authority(id) => (
            format!(
                "organisation IN (SELECT organisation FROM organisation_profiles WHERE authority = ${place})"
            ),
            id,
        ),
    };
    let condition = format!("subject IN (SELECT {column} FROM {table} WHERE {organisations})");
    Some((condition, id.as_str().to_owned().into()))
}

/// The sums of each day. What the scope does not let be seen is not there.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn by_day(db: &Db, scope: &Scope, asked: &Asked) -> Result<Vec<Sum>> {
    let mut values: Vec<Arg<'_>> = vec![
        asked.area.as_str().into(),
        asked.zone.as_str().into(),
        day_number(asked.from).into(),
        day_number(asked.until).into(),
    ];
    let mut conditions = Vec::new();
    if let Some(subject) = &asked.subject {
        values.push(subject.as_str().into());
        conditions.push(format!("subject = ${}", values.len()));
    }
    match seen(scope, asked.area, values.len() + 1) {
        Some((condition, value)) => {
            values.push(value);
            conditions.push(condition);
        }
        None if asked.subject.is_none() => {
            values.push(EVERYBODY.into());
            conditions.push(format!("subject = ${}", values.len()));
        }
        None => {}
    }
    let sql = format!(
        "SELECT since, facet, value, CAST(SUM(number) AS BIGINT) AS number FROM statistics \
         WHERE area = $1 AND zone = $2 AND grain = 'day' AND since >= $3 AND since <= $4 AND {} \
         GROUP BY since, facet, value ORDER BY since, facet, value",
        conditions.join(" AND ")
    );
    let rows = db.browse(sql, &values).await?;
    let read = |row: &crate::db::Row| {
        Ok(Sum {
            day: row.get_i64(0)?,
            facet: Facet::from_kept(&row.get_text(1)?).ok_or_else(|| unreadable("statistics", "facet"))?,
            value: row.get_text(2)?,
            number: row.get_i64(3)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

/// The services or datasets with the most, at most `limit`. Whole months are read as months.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn subjects(db: &Db, scope: &Scope, asked: &Asked, limit: u32) -> Result<Vec<Subject>> {
    let (days, months) = whole_months(asked.from, asked.until);
    let mut values: Vec<Arg<'_>> = vec![asked.area.as_str().into(), asked.zone.as_str().into()];
    let mut conditions = String::new();
    if let Some(subject) = &asked.subject {
        values.push(subject.as_str().into());
        conditions.push_str(&format!(" AND subject = ${}", values.len()));
    }
    if let Some((condition, value)) = seen(scope, asked.area, values.len() + 1) {
        values.push(value);
        conditions.push_str(&format!(" AND {condition}"));
    }
    let spans = days.into_iter().map(|span| ("day", span)).chain(months.map(|span| ("month", span)));
    let mut parts = Vec::new();
    for (grain, (from, until)) in spans {
        values.extend([Arg::from(day_number(from)), Arg::from(day_number(until))]);
        let last = values.len();
        parts.push(format!(
            "SELECT subject, value, number FROM statistics WHERE area = $1 AND zone = $2 AND grain = '{grain}' \
             AND since >= ${} AND since <= ${last} AND subject <> '' AND facet = 'outcome'{conditions}",
            last - 1
        ));
    }
    let sql = format!(
        "SELECT subject, CAST(SUM(number) AS BIGINT) AS number, \
         CAST(SUM(CASE WHEN value IN ('delivered', 'collected') THEN number ELSE 0 END) AS BIGINT) AS well \
         FROM ({}) counted GROUP BY subject ORDER BY number DESC, subject LIMIT {limit}",
        parts.join(" UNION ALL ")
    );
    let rows = db.browse(sql, &values).await?;
    let read = |row: &crate::db::Row| {
        Ok(Subject {
            id: row.get_text(0)?,
            number: row.get_i64(1)?.unsigned_abs(),
            well: row.get_i64(2)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

type Span = (Date, Date);

/// The whole months from the first to the last day, and the spans of days before and after them.
fn whole_months(from: Date, until: Date) -> (Vec<Span>, Option<Span>) {
    let first = if from.day() == 1 { from } else { day_after(from.last_of_month()) };
    let last = if until == until.last_of_month() { until } else { day_before(until.first_of_month()) };
    if first > last {
        return (vec![(from, until)], None);
    }
    let mut days = Vec::new();
    if from < first {
        days.push((from, day_before(first)));
    }
    if last < until {
        days.push((day_after(last), until));
    }
    (days, Some((first, first_of_month(last))))
}

fn day_after(day: Date) -> Date {
    mydata_domain::calendar::days_after(day, 1)
}

fn day_before(day: Date) -> Date {
    mydata_domain::calendar::days_after(day, -1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_whole_months_and_the_days_around_them() {
        let day = Date::constant;
        let spans = |from, until| whole_months(from, until);
        assert_eq!(
            spans(day(2026, 1, 1), day(2026, 12, 31)),
            (vec![], Some((day(2026, 1, 1), day(2026, 12, 1))))
        );
        assert_eq!(
            spans(day(2026, 1, 2), day(2026, 1, 31)),
            (vec![(day(2026, 1, 2), day(2026, 1, 31))], None)
        );
        assert_eq!(
            spans(day(2026, 1, 31), day(2026, 4, 2)),
            (
                vec![(day(2026, 1, 31), day(2026, 1, 31)), (day(2026, 4, 1), day(2026, 4, 2))],
                Some((day(2026, 2, 1), day(2026, 3, 1)))
            )
        );
        assert_eq!(
            spans(day(2026, 1, 20), day(2026, 2, 3)),
            (vec![(day(2026, 1, 20), day(2026, 2, 3))], None)
        );
        assert_eq!(
            spans(day(2028, 2, 1), day(2028, 2, 29)),
            (vec![], Some((day(2028, 2, 1), day(2028, 2, 1))))
        );
    }
}
