//! What is asked for, from the URL. A period that makes no sense is said by its field; everything else that makes none is
//! as if it were not there.

use mydata_domain::calendar::{Date, days_after, days_between, read_day, roc};
use mydata_domain::statistics::Area;

use super::PATH;
use crate::web::Lang;

/// Longest period, in days: a leap year.
pub const MOST_DAYS: i32 = 366;

/// A period with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The last seven days, today included.
    Week,
    /// The last thirty.
    Thirty,
    /// The last ninety.
    Ninety,
    /// This month.
    Month,
    /// The month before.
    LastMonth,
    /// This year.
    Year,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Week, Self::Thirty, Self::Ninety, Self::Month, Self::LastMonth, Self::Year];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "7",
            Self::Thirty => "30",
            Self::Ninety => "90",
            Self::Month => "month",
            Self::LastMonth => "last-month",
            Self::Year => "year",
        }
    }

    /// First and last day.
    pub fn days(self, today: Date) -> (Date, Date) {
        match self {
            Self::Week => (days_after(today, -6), today),
            Self::Thirty => (days_after(today, -29), today),
            Self::Ninety => (days_after(today, -89), today),
            Self::Month => (today.first_of_month(), today),
            Self::LastMonth => {
                let last = days_after(today.first_of_month(), -1);
                (last.first_of_month(), last)
            }
            Self::Year => (today.first_of_year(), today),
        }
    }
}

/// How long a step of the charts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The step that a day lies in: its first day.
    pub fn begins(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => days_after(day, -i32::from(day.weekday().to_monday_zero_offset())),
            Self::Month => day.first_of_month(),
        }
    }

    /// The first day of the next step.
    pub fn next(self, begins: Date) -> Date {
        match self {
            Self::Day => days_after(begins, 1),
            Self::Week => days_after(begins, 7),
            Self::Month => days_after(begins.last_of_month(), 1),
        }
    }
}

/// What is wrong with the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPeriod {
    /// The first day cannot be read.
    From,
    /// The last day cannot be read.
    Until,
    /// The last day lies before the first.
    Backwards,
    /// More than [`MOST_DAYS`].
    TooLong,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Of services or of datasets.
    pub area: Area,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// By which name the period was asked for.
    pub preset: Option<Preset>,
    /// How long a step is.
    pub step: Step,
    /// One service or dataset.
    pub of: Option<String>,
    /// The step was asked for, not chosen by the period's length.
    said_step: bool,
}

/// The days as they were typed, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// What is wrong.
    pub fault: BadPeriod,
    /// The first day as typed.
    pub from: String,
    /// The last day as typed.
    pub until: String,
}

impl Asked {
    /// Reads a URL's values. Where the period is wrong the last thirty days are shown instead, and what was typed comes back.
    pub fn read<'v>(value: impl Fn(&str) -> Option<&'v str>, today: Date) -> (Self, Option<Mend>) {
        let given = |name: &str| value(name).map(str::trim).filter(|v| !v.is_empty());
        let preset = given("span").and_then(|text| Preset::ALL.into_iter().find(|p| p.as_str() == text));
        let typed = (given("from"), given("until"));
        let (period, mend) = match (preset, typed) {
            (Some(preset), _) => ((Some(preset), preset.days(today)), None),
            (None, (None, None)) => ((Some(Preset::Thirty), Preset::Thirty.days(today)), None),
            (None, (from, until)) => match period(from, until, today) {
                Ok(days) => ((None, days), None),
                Err(fault) => {
                    let short = |text: Option<&str>| text.unwrap_or_default().chars().take(20).collect();
                    let mend = Mend { fault, from: short(from), until: short(until) };
                    ((Some(Preset::Thirty), Preset::Thirty.days(today)), Some(mend))
                }
            },
        };
        let (preset, (from, until)) = period;
        let said = given("by").and_then(|text| Step::ALL.into_iter().find(|s| s.as_str() == text));
        let step = said.unwrap_or(match days_between(from, until) {
            ..=44 => Step::Day,
            45..=180 => Step::Week,
            _ => Step::Month,
        });
        let area = given("area").and_then(|text| Area::ALL.into_iter().find(|a| a.as_str() == text));
        let asked = Self {
            area: area.unwrap_or(Area::Exchanges),
            from,
            until,
            preset,
            step,
            of: given("of").map(|id| id.chars().take(64).collect()),
            said_step: said.is_some(),
        };
        (asked, mend)
    }

    /// The values that ask for the same.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if self.area != Area::Exchanges {
            pairs.push(("area", self.area.as_str().to_owned()));
        }
        match self.preset {
            Some(Preset::Thirty) => {}
            Some(preset) => pairs.push(("span", preset.as_str().to_owned())),
            None => pairs.extend([("from", self.from.to_string()), ("until", self.until.to_string())]),
        }
        if self.said_step {
            pairs.push(("by", self.step.as_str().to_owned()));
        }
        pairs.extend(self.of.clone().map(|of| ("of", of)));
        pairs
    }

    /// The address at `path` that asks for the same, and for `more`.
    pub fn url(&self, path: &str, more: &[(&str, &str)]) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() && more.is_empty() {
            return path.to_owned();
        }
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&pairs).extend_pairs(more);
        format!("{path}?{}", text.finish())
    }

    /// The page with another thing looked at.
    pub fn with_subject(&self, of: Option<&str>) -> String {
        Self { of: of.map(str::to_owned), ..self.clone() }.url(PATH, &[])
    }

    /// The page for a period with a name.
    pub fn with_preset(&self, preset: Preset) -> String {
        Self { preset: Some(preset), ..self.clone() }.url(PATH, &[])
    }

    /// The page for services, or for datasets.
    pub fn with_area(&self, area: Area) -> String {
        Self { area, of: None, ..self.clone() }.url(PATH, &[])
    }
}

/// Reads the first and the last day. The one that is missing is today, or thirty days before the other.
fn period(from: Option<&str>, until: Option<&str>, today: Date) -> Result<(Date, Date), BadPeriod> {
    let until = match until {
        Some(text) => read_day(text).map_err(|_| BadPeriod::Until)?,
        None => today,
    };
    let from = match from {
        Some(text) => read_day(text).map_err(|_| BadPeriod::From)?,
        None => days_after(until, -29),
    };
    match days_between(from, until) {
        ..0 => Err(BadPeriod::Backwards),
        MOST_DAYS.. => Err(BadPeriod::TooLong),
        _ => Ok((from, until)),
    }
}

/// A day as it stands in a field: of the ROC calendar, or as everywhere.
pub fn typed(lang: Lang, day: Date) -> String {
    match lang {
        Lang::ZhTw => roc(day),
        Lang::En => day.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 21);

    fn read(query: &str) -> (Asked, Option<Mend>) {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Asked::read(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()), TODAY)
    }

    #[test]
    fn periods_are_read_in_both_calendars_and_kept_in_the_url() {
        let day = Date::constant;
        let (asked, mend) = read("from=115/10/1&until=2026-11-05&area=datasets&by=week&of=API.x");
        assert_eq!((asked.from, asked.until, mend), (day(2026, 10, 1), day(2026, 11, 5), None));
        let url = asked.url("/s", &[]);
        assert_eq!(url, "/s?area=datasets&from=2026-10-01&until=2026-11-05&by=week&of=API.x");
        assert_eq!(read(url.strip_prefix("/s?").unwrap()).0, asked);
        assert_eq!(read("").0.url("/s", &[]), "/s");
        assert_eq!((read("").0.from, read("").0.step), (day(2026, 10, 23), Step::Day));
        assert_eq!((read("span=year").0.from, read("span=year").0.step), (day(2026, 1, 1), Step::Month));
        let last = read("span=last-month").0;
        assert_eq!((last.from, last.until), (day(2026, 10, 1), day(2026, 10, 31)));
        assert_eq!(read("span=90&area=secrets&by=hour").0.step, Step::Week);
    }

    #[test]
    fn a_period_that_makes_no_sense_is_said() {
        for (query, fault) in [
            ("from=yesterday", BadPeriod::From),
            ("from=0/1/1", BadPeriod::From),
            ("until=115/2/30", BadPeriod::Until),
            ("from=115/11/2&until=115/11/1", BadPeriod::Backwards),
            ("from=114/11/20&until=115/11/21", BadPeriod::TooLong),
        ] {
            let (asked, mend) = read(query);
            assert_eq!(mend.map(|m| m.fault), Some(fault), "{query}");
            assert_eq!(asked.preset, Some(Preset::Thirty), "{query}: the last thirty days instead");
        }
        assert_eq!(read("from=114/11/21&until=115/11/21").1, None, "366 days, both included");
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let day = Date::constant;
        assert_eq!(Step::Week.begins(TODAY), day(2026, 11, 16));
        assert_eq!(Step::Week.begins(day(2026, 11, 16)), day(2026, 11, 16));
        assert_eq!(Step::Month.begins(TODAY), day(2026, 11, 1));
        assert_eq!(Step::Month.next(day(2026, 12, 1)), day(2027, 1, 1));
    }
}
