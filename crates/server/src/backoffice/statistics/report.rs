//! The sums of days, folded into steps of the period and into totals.

use std::collections::BTreeMap;

use mydata_domain::calendar::{Date, days_after};
use mydata_domain::statistics::{Area, DatasetOutcome, Facet, Outcome, Waits};
use mydata_store::repo::statistics::Sum;
use mydata_wire::Verification;

use super::asked::Asked;

/// What came out of a while.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// By method.
    pub methods: BTreeMap<String, u64>,
    /// How long was waited.
    pub waits: Waits,
    /// Those that deserve a look, by why; each has its outcome, too.
    pub flags: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, sum: &Sum) {
        match sum.facet {
            Facet::Outcome => *self.outcomes.entry(sum.value.clone()).or_default() += sum.number,
            Facet::Method => *self.methods.entry(sum.value.clone()).or_default() += sum.number,
            Facet::Flag => *self.flags.entry(sum.value.clone()).or_default() += sum.number,
            Facet::Wait => {
                if let Ok(limit) = sum.value.parse() {
                    self.waits.add(limit, sum.number);
                }
            }
        }
    }

    /// How many there were.
    pub fn number(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How many came out well.
    pub fn well(&self) -> u64 {
        let well = [Outcome::Delivered.as_str(), DatasetOutcome::Collected.as_str()];
        well.iter().filter_map(|name| self.outcomes.get(*name)).sum()
    }
}

/// A step of the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub from: Date,
    /// Its last day, no later than the last one asked for.
    pub until: Date,
    /// What came out.
    pub tally: Tally,
}

/// Everything that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every step, also those in which nothing was.
    pub periods: Vec<Period>,
    /// All steps together.
    pub whole: Tally,
}

impl Report {
    /// Folds the sums.
    pub fn of(asked: &Asked, sums: &[Sum]) -> Self {
        let mut periods = Vec::new();
        let mut from = asked.from;
        while from <= asked.until {
            let next = asked.step.next(asked.step.begins(from));
            let until = days_after(next, -1).min(asked.until);
            periods.push(Period { from, until, tally: Tally::default() });
            from = next;
        }
        let mut whole = Tally::default();
        let starts: Vec<i64> =
            periods.iter().map(|period| mydata_domain::statistics::day_number(period.from)).collect();
        for sum in sums {
            whole.add(sum);
            let place = starts.partition_point(|start| *start <= sum.day);
            if let Some(period) = place.checked_sub(1).and_then(|place| periods.get_mut(place)) {
                period.tally.add(sum);
            }
        }
        Self { periods, whole }
    }
}

/// The outcomes of an area, in the order in which they are shown.
pub fn outcomes(area: Area) -> Vec<&'static str> {
    match area {
        Area::Exchanges => Outcome::ALL.map(Outcome::as_str).to_vec(),
        Area::Datasets => DatasetOutcome::ALL.map(DatasetOutcome::as_str).to_vec(),
    }
}

/// The methods, in the order in which they are shown.
pub fn methods(area: Area) -> Vec<&'static str> {
    match area {
        Area::Exchanges => Verification::ALL.map(Verification::code).to_vec(),
        Area::Datasets => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_folded_into_steps_and_nothing_is_lost() {
        let given = [("from", "115/10/28"), ("until", "115/11/10"), ("by", "week")];
        let (asked, _) = Asked::read(
            |name| given.iter().find(|(key, _)| *key == name).map(|(_, value)| *value),
            Date::constant(2026, 11, 21),
        );
        let sum = |day: Date, facet, value: &str, number| Sum {
            day: mydata_domain::statistics::day_number(day),
            facet,
            value: value.to_owned(),
            number,
        };
        let day = Date::constant;
        let report = Report::of(
            &asked,
            &[
                sum(day(2026, 10, 28), Facet::Outcome, "delivered", 2),
                sum(day(2026, 11, 1), Facet::Outcome, "refused", 1),
                sum(day(2026, 11, 2), Facet::Outcome, "delivered", 4),
                sum(day(2026, 11, 10), Facet::Method, "NHI", 7),
                sum(day(2026, 11, 10), Facet::Wait, "2000", 7),
            ],
        );
        let steps: Vec<_> = report.periods.iter().map(|p| (p.from, p.until, p.tally.number())).collect();
        assert_eq!(
            steps,
            [
                (day(2026, 10, 28), day(2026, 11, 1), 3),
                (day(2026, 11, 2), day(2026, 11, 8), 4),
                (day(2026, 11, 9), day(2026, 11, 10), 0)
            ]
        );
        assert_eq!((report.whole.number(), report.whole.well()), (7, 6));
        assert_eq!(report.whole.methods["NHI"], 7);
        assert_eq!(report.periods[2].tally.waits.len(), 7);
    }
}
