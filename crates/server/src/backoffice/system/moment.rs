//! A moment in two fields, day and time, on Taipei's clock.

use mydata_domain::Time;
use mydata_domain::calendar::{day_of, midnight, read_day, roc};
use mydata_domain::forms::Fault as Wrong;
use mydata_domain::maintenance::DayTime;

use crate::backoffice::forms::words;
use crate::backoffice::parts::field::{Field, TextKind};
use crate::backoffice::visit::Visit;

/// What is wrong with day and time.
pub type BadMoment = (Option<String>, Option<String>);

/// Day and time of a moment, as they are typed.
fn split(at: Time) -> (String, String) {
    let minutes = (at.0 - midnight(day_of(at)).0) / 60_000;
    (roc(day_of(at)), format!("{:02}:{:02}", minutes / 60, minutes % 60))
}

/// The fields `{name}_day` and `{name}_time`, filled in with what was posted, else with `at`.
pub fn fields(visit: &Visit, name: &str, at: Option<Time>, (day, time): BadMoment) -> [Field; 2] {
    let lang = visit.lang();
    let kept = at.map(split).unwrap_or_default();
    let shown = |field: &str, kept: String| visit.posted.get(field).map_or(kept, str::to_owned);
    let (day_name, time_name) = (format!("{name}_day"), format!("{name}_time"));
    let labels = match name {
        "until" => ("moment-until-day", "moment-until-time"),
        _ => ("moment-from-day", "moment-from-time"),
    };
    let (day_value, time_value) = (shown(&day_name, kept.0), shown(&time_name, kept.1));
    [
        Field::text(lang, day_name, visit.t(labels.0), TextKind::Date)
            .hint(visit.t("moment-day.hint"))
            .value(day_value)
            .max(20)
            .fault(day),
        Field::line(lang, time_name, visit.t(labels.1))
            .hint(visit.t("moment-time.hint"))
            .value(time_value)
            .max(5)
            .fault(time),
    ]
}

/// Reads the two fields; none when both are empty. A day without a time begins at midnight.
///
/// # Errors
/// What is wrong with either.
pub fn moment(visit: &Visit, name: &str) -> Result<Option<Time>, BadMoment> {
    let lang = visit.lang();
    let day = visit.posted.text(&format!("{name}_day"));
    let time = visit.posted.text(&format!("{name}_time"));
    if day.is_empty() && time.is_empty() {
        return Ok(None);
    }
    let read = if day.is_empty() {
        Err(words::fault(lang, &Wrong::Text(mydata_domain::text::BadText::Missing)))
    } else {
        read_day(day).map_err(|bad| words::fault(lang, &Wrong::from(bad)))
    };
    let clock = if time.is_empty() { "00:00" } else { time };
    match (read, clock.parse::<DayTime>()) {
        (Ok(day), Ok(time)) => Ok(Some(time.on(day))),
        (day, time) => Err((day.err(), time.err().map(|_| visit.t("moment-time.bad")))),
    }
}
