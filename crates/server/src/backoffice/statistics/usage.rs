//! How much an item was used in the last thirty days, on its page.

use mydata_domain::Zone;
use mydata_domain::calendar::{day_of, days_after};
use mydata_domain::item::Kind;
use mydata_domain::statistics::Area;
use mydata_store::repo::items::Kept;
use mydata_store::repo::list::Scope;
use mydata_store::repo::statistics::{self, Asked as Question};

use super::asked::Asked;
use super::chart::Chart;
use super::page::Shown;
use super::report::Report;
use crate::backoffice::fault::Fault;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::visit::Visit;

/// The chart, and the way to all the numbers of the item.
pub struct Usage {
    /// The chart; none while there is nothing to draw.
    pub chart: Option<Chart>,
    /// All the numbers.
    pub more: Link,
}

/// What is shown of an item: of its record in the zone that is shown. Nothing of one that nobody can use yet.
///
/// # Errors
/// The store fails.
pub async fn of_item(visit: &Visit, scope: &Scope, item: &Kept) -> Result<Option<Usage>, Fault> {
    let area = match item.kind {
        Kind::Service => Area::Exchanges,
        Kind::Dataset => Area::Datasets,
        Kind::CounterService => return Ok(None),
    };
    let zone = visit.zone();
    let record = match zone {
        Zone::Production => &item.production_record,
        Zone::Test => &item.test_record,
    };
    let Some(record) = record else { return Ok(None) };
    let until = day_of(visit.now);
    let from = days_after(until, -29);
    let question = Question { area, zone, from, until, subject: Some(record.clone()) };
    let sums = statistics::by_day(&visit.app.store.db, scope, &question).await?;
    let given = |name: &str| match name {
        "area" => Some(area.as_str()),
        "of" => Some(record.as_str()),
        _ => None,
    };
    let (asked, _) = Asked::read(given, until);
    let report = Report::of(&asked, &sums);
    let shown = Shown {
        asked: &asked,
        mend: None,
        report: &report,
        subjects: Vec::new(),
        only: None,
        organisation: false,
    };
    let more = Link::new(visit.t("statistics-more"), asked.url(super::PATH, &[]));
    let chart = (!sums.is_empty()).then(|| shown.numbers(visit.lang()));
    Ok(Some(Usage { chart, more }))
}
