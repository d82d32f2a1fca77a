//! Moments as a citizen reads them: ROC calendar in Chinese, common calendar in English, Taipei time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, offset};

use super::i18n::{Lang, t};

/// Taiwan keeps UTC+8 all year (no summer time since 1979), so no time zone table is needed.
const TAIPEI: Offset = offset(8);

/// A moment, shown to the minute in Taipei time. Year 1 of the ROC calendar is 1912.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RocDateTime(DateTime);

impl RocDateTime {
    /// The moment `at` on a clock in Taipei.
    pub fn new(at: Timestamp) -> Self {
        Self(TAIPEI.to_datetime(at))
    }

    /// The ROC year: 115 for 2026. Years before 1912 count 0, −1, …
    pub fn roc_year(self) -> i16 {
        self.0.year() - 1911
    }

    /// `115 年 11 月 21 日`; `21 November 2026`.
    pub fn date(self, lang: Lang) -> String {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        match lang {
            Lang::ZhTw if self.roc_year() > 0 => format!("{} 年 {month} 月 {day} 日", self.roc_year()),
            Lang::ZhTw => format!("民國前 {} 年 {month} 月 {day} 日", 1 - self.roc_year()),
            Lang::En => format!("{day} {} {year}", MONTHS[usize::from(month.unsigned_abs()) - 1]),
        }
    }

    /// `115 年 11 月 21 日 22:40`; `21 November 2026, 22:40`.
    pub fn date_time(self, lang: Lang) -> String {
        let separator = if lang == Lang::En { ", " } else { " " };
        format!("{}{separator}{}", self.date(lang), self.time())
    }

    /// `22:40`.
    pub fn time(self) -> String {
        format!("{:02}:{:02}", self.0.hour(), self.0.minute())
    }

    /// The value for `<time datetime>`.
    pub fn machine(self) -> String {
        format!("{}+08:00", self.0.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

/// A day as a reader of the language writes it: `115/11/21`; `21 November 2026`.
pub fn day(lang: Lang, day: mydata_domain::calendar::Date) -> String {
    match lang {
        Lang::ZhTw => mydata_domain::calendar::roc(day),
        Lang::En => RocDateTime::new(mydata_domain::calendar::midnight(day).to_timestamp()).date(lang),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A span as people say it: whole hours as hours, else minutes.
pub fn span(lang: Lang, minutes: u32) -> String {
    if minutes >= 60 && minutes.is_multiple_of(60) {
        t(lang, "span-hours", &[("count", (minutes / 60).into())])
    } else {
        t(lang, "span-minutes", &[("count", minutes.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> RocDateTime {
        RocDateTime::new(text.parse().unwrap())
    }

    #[test]
    fn shows_taipei_time_in_both_calendars() {
        let late = at("2026-11-21T14:40:59Z");
        assert_eq!(late.date_time(Lang::ZhTw), "115 年 11 月 21 日 22:40");
        assert_eq!(late.date_time(Lang::En), "21 November 2026, 22:40");
        assert_eq!(late.machine(), "2026-11-21T22:40:59+08:00");
        // The day is Taipei's day.
        assert_eq!(at("2026-12-31T16:00:00Z").date_time(Lang::ZhTw), "116 年 1 月 1 日 00:00");
    }

    #[test]
    fn counts_years_around_the_first() {
        assert_eq!(at("1912-01-01T00:00:00Z").date(Lang::ZhTw), "1 年 1 月 1 日");
        assert_eq!(at("1911-06-01T00:00:00Z").date(Lang::ZhTw), "民國前 1 年 6 月 1 日");
    }

    #[test]
    fn says_spans_as_people_do() {
        assert_eq!(span(Lang::ZhTw, 480), "8 小時");
        assert_eq!(span(Lang::ZhTw, 90), "90 分鐘");
        assert_eq!(span(Lang::En, 60), "1 hour");
        assert_eq!(span(Lang::En, 1), "1 minute");
    }
}
