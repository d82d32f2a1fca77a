//! What is asked of the record: filters and a place, all of it in the address.

use mydata_domain::calendar::{days_after, midnight, read_day};
use mydata_store::repo::record::{Cursor, Filter};
use url::form_urlencoded::Serializer;

use crate::portal::view::query;

/// What stands behind the `?`. What makes no sense is as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `service`, `own`, or nothing.
    pub kind: String,
    /// `running`, `ended`, or nothing.
    pub state: String,
    /// A service's client id, or nothing.
    pub service: String,
    /// The first day, as it was typed.
    pub from: String,
    /// The last day, as it was typed.
    pub until: String,
    /// Behind which transaction the page begins.
    pub after: Option<Cursor>,
}

impl Asked {
    /// Reads path and query.
    pub fn read(here: &str) -> Self {
        let pairs = query(here);
        let given = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().chars().take(40).collect::<String>()).unwrap_or_default()
        };
        let one_of = |name: &str, choices: [&str; 2]| {
            let given = given(name);
            if choices.contains(&given.as_str()) { given } else { String::new() }
        };
        let after = pairs.iter().find(|(key, _)| key == "after").and_then(|(_, value)| value.parse().ok());
        Self {
            kind: one_of("kind", ["service", "own"]),
            state: one_of("state", ["running", "ended"]),
            service: given("service"),
            from: given("from"),
            until: given("until"),
            after,
        }
    }

    /// As the store is asked. Days are Taipei's, and whole.
    pub fn filter(&self) -> Filter {
        let day = |text: &str| read_day(text).ok();
        Filter {
            own: (!self.kind.is_empty()).then(|| self.kind == "own"),
            running: (!self.state.is_empty()).then(|| self.state == "running"),
            service: self.service.parse().ok(),
            from: day(&self.from).map(midnight),
            until: day(&self.until).map(|day| midnight(days_after(day, 1))),
        }
    }

    /// Whether a day was typed that is none.
    pub fn has_bad_day(&self) -> bool {
        [&self.from, &self.until].into_iter().any(|text| !text.is_empty() && read_day(text).is_err())
    }

    /// Whether anything is filtered.
    pub fn is_narrowed(&self) -> bool {
        [&self.kind, &self.state, &self.service, &self.from, &self.until].into_iter().any(|v| !v.is_empty())
    }

    /// An address with the same filters, behind another transaction.
    pub fn url(&self, path: &str, after: Option<Cursor>) -> String {
        let mut pairs = Serializer::new(String::new());
        let filters = [
            ("kind", &self.kind),
            ("state", &self.state),
            ("service", &self.service),
            ("from", &self.from),
            ("until", &self.until),
        ];
        for (name, value) in filters.into_iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        if let Some(after) = after {
            pairs.append_pair("after", &after.to_string());
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    }
}

#[cfg(test)]
mod tests {
    use mydata_domain::Time;

    use super::*;

    #[test]
    fn filters_stand_in_the_address() {
        let asked = Asked::read(
            "/record?kind=own&state=nothing&from=115/11/21&until=2026-11-21&service=%00&after=5.x",
        );
        assert_eq!((asked.kind.as_str(), asked.state.as_str(), asked.after), ("own", "", None));
        let filter = asked.filter();
        assert_eq!((filter.own, filter.running, filter.service), (Some(true), None, None));
        let (from, until) = (filter.from.unwrap(), filter.until.unwrap());
        assert_eq!(from, Time::from_rfc3339("2026-11-20T16:00:00Z").unwrap());
        assert_eq!(until.0 - from.0, 24 * 3_600_000, "both days are whole");
        let id = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let cursor = Cursor { at: Time(5), id };
        let url = asked.url("/record", Some(cursor));
        assert_eq!(Asked::read(&url).after, Some(cursor));
        assert_eq!(Asked::read(&url).from, "115/11/21");
        assert!(Asked::read("/record?from=never").has_bad_day());
        assert!(!Asked::read("/record").is_narrowed());
        assert_eq!(Asked::read("/record").url("/record", None), "/record");
    }
}
