//! The sums as CSV, for spreadsheets.

use mydata_domain::calendar::roc;
use mydata_domain::statistics::Area;
use mydata_store::repo::statistics;

use super::asked::Asked;
use super::page::{look, name, question};
use super::report::{Report, Tally, methods, outcomes};
use super::words;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::csv::{answer, text};

/// Most services or datasets in the file.
const MOST_SUBJECTS: u32 = 5_000;

/// `GET /statistics.csv?table=periods|subjects&bom=yes`, with what the page takes. The mark of the byte order tells
/// spreadsheets that the file is UTF-8.
pub async fn show(visit: Visit) -> Answer {
    let looked = look(&visit)?;
    let (db, asked) = (&visit.app.store.db, question(&visit, &looked.asked));
    let (what, rows) = if visit.query("table") == Some("subjects") {
        let subjects = statistics::subjects(db, &looked.scope, &asked, MOST_SUBJECTS).await?;
        ("subjects", of_subjects(&visit, looked.asked.area, &subjects))
    } else {
        let sums = statistics::by_day(db, &looked.scope, &asked).await?;
        ("periods", of_periods(&visit, &looked.asked, &Report::of(&looked.asked, &sums)))
    };
    let asked = &looked.asked;
    let file =
        format!("mydata-{}-{what}-{}-{}.csv", asked.area.as_str(), asked.from, asked.until).replace('/', "-");
    Ok(answer(&file, &text(&rows, visit.query("bom") == Some("yes"))))
}

fn of_periods(visit: &Visit, asked: &Asked, report: &Report) -> Vec<Vec<String>> {
    let lang = visit.lang();
    let (outcomes, methods) = (outcomes(asked.area), methods(asked.area));
    let mut head = ["statistics-csv-from", "statistics-csv-until", "statistics-csv-roc", "statistics-number"]
        .map(|key| visit.t(key))
        .to_vec();
    head.extend(outcomes.iter().map(|value| words::outcome(lang, asked.area, value)));
    head.extend(methods.iter().map(|code| format!("{} ({code})", words::method(lang, code))));
    head.extend(["statistics-csv-median", "statistics-csv-p95"].map(|key| visit.t(key)));
    let row = |period: &super::report::Period| {
        let Tally { outcomes: by_outcome, methods: by_method, waits, flags: _ } = &period.tally;
        let number = |kept: &std::collections::BTreeMap<String, u64>, value: &str| {
            kept.get(value).copied().unwrap_or(0).to_string()
        };
        let wait = |percent| {
            waits.percentile(percent).map(|wait| format!("{:.1}", wait.as_secs_f64())).unwrap_or_default()
        };
        let mut row = vec![
            period.from.to_string(),
            period.until.to_string(),
            roc(period.from),
            period.tally.number().to_string(),
        ];
        row.extend(outcomes.iter().map(|value| number(by_outcome, value)));
        row.extend(methods.iter().map(|code| number(by_method, code)));
        row.extend([wait(50), wait(95)]);
        row
    };
    std::iter::once(head).chain(report.periods.iter().map(row)).collect()
}

fn of_subjects(visit: &Visit, area: Area, subjects: &[statistics::Subject]) -> Vec<Vec<String>> {
    let (title, well) = match area {
        Area::Exchanges => ("statistics-service", "statistics-delivered"),
        Area::Datasets => ("statistics-dataset", "statistics-collected"),
    };
    let head =
        ["statistics-csv-id", title, "list-organisation", "statistics-number", well].map(|key| visit.t(key));
    let row = |subject: &statistics::Subject| {
        let (name, organisation) = name(visit, area, &subject.id);
        vec![subject.id.clone(), name, organisation, subject.number.to_string(), subject.well.to_string()]
    };
    std::iter::once(head.to_vec()).chain(subjects.iter().map(row)).collect()
}
