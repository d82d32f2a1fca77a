//! Maintenance windows: when the platform, or one dataset, is not to be used. Times are those of a clock in Taipei.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use mydata_wire::ResourceId;
use serde::{Deserialize, Serialize};

use crate::calendar::{day_of, days_after, midnight};
use crate::time::Time;

crate::own_id::own_id!(
    /// A window's identifier: a version 4 UUID.
    WindowId, "window id"
);

/// Most days that a window is announced ahead.
pub const MAX_ANNOUNCED: u16 = 60;
/// Longest time that a window once may take, in days.
pub const MAX_DAYS: i32 = 31;
/// How far ahead the next time is looked for: over every month's end.
const HORIZON: i32 = 62;

/// A time of day, in minutes from midnight; 24:00 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DayTime(u16);

impl DayTime {
    /// This time of a day.
    pub fn on(self, day: Date) -> Time {
        Time(midnight(day).0 + i64::from(self.0) * 60_000)
    }

    /// Whether it is the end of the day, which begins nothing.
    pub fn is_end(self) -> bool {
        self.0 == 24 * 60
    }
}

impl FromStr for DayTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "a time of day is 00:00 to 24:00".to_owned();
        let (hour, minute) = text.trim().split_once([':', '：']).ok_or_else(bad)?;
        let number = |part: &str, most: usize| {
            let fits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse::<u16>().ok() } else { None }
        };
        let (hour, minute) = (number(hour, 2).ok_or_else(bad)?, number(minute, 2).ok_or_else(bad)?);
        let all = hour * 60 + minute;
        if minute > 59 || all > 24 * 60 { Err(bad()) } else { Ok(Self(all)) }
    }
}

impl TryFrom<String> for DayTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DayTime> for String {
    fn from(time: DayTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// When a window is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "kebab-case")]
pub enum Schedule {
    /// Once.
    Once {
        /// From then.
        from: Time,
        /// Until then.
        until: Time,
    },
    /// On a day of every month; a month that is shorter has it on its last day.
    Monthly {
        /// 1 to 31.
        day: u8,
        /// From then.
        from: DayTime,
        /// Until then; not after `from`: on the next day.
        until: DayTime,
    },
    /// On a day of every week.
    Weekly {
        /// 1 (Monday) to 7 (Sunday).
        weekday: u8,
        /// From then.
        from: DayTime,
        /// Until then; not after `from`: on the next day.
        until: DayTime,
    },
}

/// One time that a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// From this moment.
    pub from: Time,
    /// Until this moment, at which it is over.
    pub until: Time,
}

/// What is wrong with a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// It ends before it begins, or at once.
    #[error("the window ends before it begins")]
    EndsFirst,
    /// It takes too long.
    #[error("a window takes at most {MAX_DAYS} days")]
    TooLong,
    /// It is over already.
    #[error("the window is over already")]
    Over,
    /// There is no such day.
    #[error("there is no such day")]
    NoSuchDay,
}

impl Schedule {
    /// A schedule that makes sense.
    ///
    /// # Errors
    /// See [`BadSchedule`].
    pub fn check(&self, now: Time) -> Result<(), BadSchedule> {
        match self {
            Self::Once { from, until } if until <= from => Err(BadSchedule::EndsFirst),
            Self::Once { until, .. } if *until <= now => Err(BadSchedule::Over),
            Self::Once { from, until } if *until > midnight(days_after(day_of(*from), MAX_DAYS)) => {
                Err(BadSchedule::TooLong)
            }
            Self::Once { .. } => Ok(()),
            Self::Monthly { day, .. } if !(1..=31).contains(day) => Err(BadSchedule::NoSuchDay),
            Self::Weekly { weekday, .. } if !(1..=7).contains(weekday) => Err(BadSchedule::NoSuchDay),
            Self::Monthly { from, until, .. } | Self::Weekly { from, until, .. } => {
                // From 24:00 is from 00:00 of another day: whoever writes it means something else.
                if from == until || from.is_end() { Err(BadSchedule::EndsFirst) } else { Ok(()) }
            }
        }
    }

    fn is_on(&self, day: Date) -> bool {
        match self {
            Self::Once { .. } => false,
            Self::Monthly { day: wanted, .. } => {
                day.day() == i8::try_from(*wanted).unwrap_or(31).min(day.days_in_month())
            }
            Self::Weekly { weekday, .. } => {
                i8::try_from(*weekday) == Ok(day.weekday().to_monday_one_offset())
            }
        }
    }

    fn beginning_on(&self, day: Date) -> Option<Occurrence> {
        match self {
            Self::Once { .. } => None,
            Self::Monthly { from, until, .. } | Self::Weekly { from, until, .. } => {
                self.is_on(day).then(|| {
                    let last = if until <= from { days_after(day, 1) } else { day };
                    Occurrence { from: from.on(day), until: until.on(last) }
                })
            }
        }
    }

    /// The time that it is now.
    pub fn at(&self, now: Time) -> Option<Occurrence> {
        let runs = |o: &Occurrence| o.from <= now && now < o.until;
        match self {
            Self::Once { from, until } => Some(Occurrence { from: *from, until: *until }).filter(runs),
            _ => {
                let today = day_of(now);
                [days_after(today, -1), today].into_iter().filter_map(|d| self.beginning_on(d)).find(runs)
            }
        }
    }

    /// The next time that it will be.
    pub fn next(&self, now: Time) -> Option<Occurrence> {
        match self {
            Self::Once { from, until } => {
                Some(Occurrence { from: *from, until: *until }).filter(|o| o.from > now)
            }
            _ => {
                let today = day_of(now);
                let days = (0..HORIZON).map(|n| days_after(today, n));
                days.filter_map(|d| self.beginning_on(d)).find(|o| o.from > now)
            }
        }
    }

    /// Whether it will never be again.
    pub fn is_over(&self, now: Time) -> bool {
        matches!(self, Self::Once { until, .. } if *until <= now)
    }
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its identifier.
    pub id: WindowId,
    /// The dataset that it is about; the whole platform without one.
    pub dataset: Option<ResourceId>,
    /// When it is.
    pub schedule: Schedule,
    /// What is done, for citizens; possibly empty.
    pub note: String,
    /// The same in English; possibly empty.
    pub note_en: String,
    /// How many days ahead it is announced.
    pub announced_days: u16,
    /// Grows with every change.
    pub version: i64,
}

impl Window {
    /// The time that is announced now: one that has not begun.
    pub fn announced(&self, now: Time) -> Option<Occurrence> {
        let first = |o: &Occurrence| {
            days_after(day_of(o.from), -i32::from(self.announced_days)) <= day_of(now)
                && self.announced_days > 0
        };
        self.schedule.next(now).filter(first)
    }
}

/// The window in which the whole platform is now: the one that takes longest.
pub fn of_platform(windows: &[Window], now: Time) -> Option<(&Window, Occurrence)> {
    running(windows, now, |w| w.dataset.is_none())
}

/// The window in which a dataset is now, not that of the platform.
pub fn of_dataset<'w>(
    windows: &'w [Window],
    dataset: &ResourceId,
    now: Time,
) -> Option<(&'w Window, Occurrence)> {
    running(windows, now, |w| w.dataset.as_ref() == Some(dataset))
}

fn running(windows: &[Window], now: Time, about: impl Fn(&Window) -> bool) -> Option<(&Window, Occurrence)> {
    let running = windows.iter().filter(|w| about(w)).filter_map(|w| Some((w, w.schedule.at(now)?)));
    running.max_by_key(|(_, occurrence)| occurrence.until)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment in Taipei.
    fn at(text: &str) -> Time {
        Time::from_rfc3339(&format!("{text}:00+08:00")).unwrap()
    }

    fn time(text: &str) -> DayTime {
        text.parse().unwrap()
    }

    fn monthly(day: u8, from: &str, until: &str) -> Schedule {
        Schedule::Monthly { day, from: time(from), until: time(until) }
    }

    fn weekly(weekday: u8, from: &str, until: &str) -> Schedule {
        Schedule::Weekly { weekday, from: time(from), until: time(until) }
    }

    #[test]
    fn a_window_over_midnight_ends_on_the_next_day() {
        // 21 November 2026 is a Saturday.
        let saturdays = weekly(6, "22:00", "02:00");
        for (moment, runs) in [
            ("2026-11-21T21:59", false),
            ("2026-11-21T22:00", true),
            ("2026-11-22T01:59", true),
            ("2026-11-22T02:00", false),
            ("2026-11-22T23:00", false),
            ("2026-11-28T22:30", true),
        ] {
            assert_eq!(saturdays.at(at(moment)).is_some(), runs, "{moment}");
        }
        let now = saturdays.at(at("2026-11-22T00:30")).unwrap();
        assert_eq!((now.from, now.until), (at("2026-11-21T22:00"), at("2026-11-22T02:00")));
        assert_eq!(saturdays.next(at("2026-11-21T22:00")).unwrap().from, at("2026-11-28T22:00"));
        assert_eq!(
            weekly(7, "00:00", "24:00").at(at("2026-11-22T23:59")).unwrap().until,
            at("2026-11-23T00:00")
        );
    }

    #[test]
    fn a_month_without_the_day_has_it_on_its_last() {
        let last = monthly(31, "23:00", "03:00");
        for (moment, until) in [
            ("2026-11-30T23:30", Some("2026-12-01T03:00")),
            ("2026-12-01T02:00", Some("2026-12-01T03:00")),
            ("2026-12-31T23:00", Some("2027-01-01T03:00")),
            ("2027-02-28T23:00", Some("2027-03-01T03:00")),
            ("2028-02-28T23:00", None),
            ("2028-02-29T23:00", Some("2028-03-01T03:00")),
            ("2026-12-30T23:30", None),
        ] {
            assert_eq!(last.at(at(moment)).map(|o| o.until), until.map(at), "{moment}");
        }
        assert_eq!(last.next(at("2026-11-30T23:00")).unwrap().from, at("2026-12-31T23:00"));
        assert_eq!(
            monthly(1, "01:00", "02:00").next(at("2026-12-01T01:00")).unwrap().from,
            at("2027-01-01T01:00")
        );
    }

    #[test]
    fn once_is_once() {
        let once = Schedule::Once { from: at("2026-12-01T01:00"), until: at("2026-12-01T05:00") };
        assert_eq!(once.next(at("2026-11-21T00:00")).unwrap().until, at("2026-12-01T05:00"));
        assert!(once.at(at("2026-12-01T01:00")).is_some() && once.at(at("2026-12-01T05:00")).is_none());
        assert!(once.next(at("2026-12-01T01:00")).is_none());
        assert!(once.is_over(at("2026-12-01T05:00")) && !once.is_over(at("2026-12-01T04:59")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let now = at("2026-11-21T00:00");
        let once = |from: &str, until: &str| Schedule::Once { from: at(from), until: at(until) }.check(now);
        assert_eq!(once("2026-12-01T05:00", "2026-12-01T01:00"), Err(BadSchedule::EndsFirst));
        assert_eq!(once("2026-12-01T05:00", "2026-12-01T05:00"), Err(BadSchedule::EndsFirst));
        assert_eq!(once("2026-11-20T01:00", "2026-11-20T05:00"), Err(BadSchedule::Over));
        assert_eq!(once("2026-12-01T01:00", "2027-02-01T05:00"), Err(BadSchedule::TooLong));
        assert_eq!(once("2026-11-20T01:00", "2026-11-21T05:00"), Ok(()));
        assert_eq!(monthly(32, "01:00", "02:00").check(now), Err(BadSchedule::NoSuchDay));
        assert_eq!(monthly(0, "01:00", "02:00").check(now), Err(BadSchedule::NoSuchDay));
        assert_eq!(weekly(8, "01:00", "02:00").check(now), Err(BadSchedule::NoSuchDay));
        assert_eq!(weekly(1, "02:00", "02:00").check(now), Err(BadSchedule::EndsFirst));
        assert_eq!(weekly(1, "24:00", "02:00").check(now), Err(BadSchedule::EndsFirst));
        for bad in ["", "1", "25:00", "24:01", "12:60", "-1:00", "1:2:3", "１２:00", "123:00"] {
            assert!(bad.parse::<DayTime>().is_err(), "{bad}");
        }
        assert_eq!(time("9:05").to_string(), "09:05");
    }

    #[test]
    fn a_window_is_announced_ahead_and_the_longest_counts() {
        let window = |schedule, announced_days| Window {
            id: "11111111-1111-4111-8111-111111111111".parse().unwrap(),
            dataset: None,
            schedule,
            note: String::new(),
            note_en: String::new(),
            announced_days,
            version: 1,
        };
        let once = Schedule::Once { from: at("2026-12-01T01:00"), until: at("2026-12-01T05:00") };
        let announced = window(once.clone(), 3);
        assert_eq!(announced.announced(at("2026-11-27T23:59")), None);
        assert!(announced.announced(at("2026-11-28T00:00")).is_some());
        assert_eq!(announced.announced(at("2026-12-01T01:00")), None, "it has begun");
        assert_eq!(window(once.clone(), 0).announced(at("2026-11-30T23:00")), None);
        let longer = Schedule::Once { from: at("2026-12-01T00:00"), until: at("2026-12-01T09:00") };
        let windows = [window(longer.clone(), 0), window(once, 0)];
        assert_eq!(of_platform(&windows, at("2026-12-01T02:00")).unwrap().1.until, at("2026-12-01T09:00"));
        let dataset = "API.Kr1C3b1ijJ".parse().unwrap();
        assert_eq!(of_dataset(&windows, &dataset, at("2026-12-01T02:00")), None);
        let kept = serde_json::to_string(&longer).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&kept).unwrap(), longer);
    }
}
