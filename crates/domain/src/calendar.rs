//! Days as Taiwan counts them: on Taipei's clock, in the ROC calendar. It refuses to know what day it is; that is told.

use jiff::Span;
use jiff::civil::DateTime;
use jiff::tz::{Offset, offset};

use crate::time::Time;

pub use jiff::civil::Date;

/// Taiwan keeps UTC+8 all year (no summer time since 1979), so no time zone table is needed.
const TAIPEI: Offset = offset(8);
/// Year 1 of the ROC calendar is 1912.
const ROC_OFFSET: i16 = 1911;

/// The day that a moment falls on in Taipei.
pub fn day_of(at: Time) -> Date {
    TAIPEI.to_datetime(at.to_timestamp()).date()
}

/// When a day begins in Taipei.
pub fn midnight(day: Date) -> Time {
    let begins: DateTime = day.at(0, 0, 0, 0);
    // Only the calendar's first and last day lie partly outside what a moment can be.
    TAIPEI.to_timestamp(begins).map_or(Time(i64::MAX), |at| Time(at.as_millisecond()))
}

/// When a day ends in Taipei, which is when the next one begins.
pub fn end_of(day: Date) -> Time {
    midnight(days_after(day, 1))
}

/// This many calendar months later; a day that the month does not have becomes its last (30 November and three months:
/// 28 or 29 February).
pub fn months_after(day: Date, months: u8) -> Date {
    day.saturating_add(Span::new().months(i64::from(months)))
}

/// This many days later, or earlier.
pub fn days_after(day: Date, days: i32) -> Date {
    day.saturating_add(Span::new().days(i64::from(days)))
}

/// How many days `to` lies after `from`; negative when it lies before.
pub fn days_between(from: Date, to: Date) -> i32 {
    i32::try_from(from.duration_until(to).as_hours() / 24).unwrap_or(i32::MAX)
}

/// The year of the ROC calendar; not positive before 1912.
pub fn roc_year(day: Date) -> i16 {
    day.year() - ROC_OFFSET
}

/// As forms show it: `115/11/21`.
pub fn roc(day: Date) -> String {
    format!("{}/{:02}/{:02}", roc_year(day), day.month(), day.day())
}

/// A text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDay {
    /// Neither form is recognised.
    #[error("write a date as 115/11/21 (ROC) or 2026-11-21")]
    Form,
    /// The ROC calendar begins with year 1.
    #[error("the ROC calendar has no year 0")]
    RocYearZero,
    /// Such as 30 February.
    #[error("the calendar has no such day")]
    NoSuchDay,
}

/// Reads a day: ROC (`115/11/21`, `115-11-21`, `民國115年11月21日`, `1151121`) or common (`2026-11-21`, `20261121`).
/// A year of four digits is common, one of up to three ROC.
pub fn read_day(text: &str) -> Result<Date, BadDay> {
    let text: String = text.trim().chars().map(half_width).filter(|c| !c.is_whitespace()).collect();
    let (said_roc, rest) = match text.strip_prefix("中華民國").or_else(|| text.strip_prefix("民國")) {
        Some(rest) => (true, rest.replace("元年", "1年")),
        None => (false, text),
    };
    let (year, month, day) = split(&rest).ok_or(BadDay::Form)?;
    let number = |part: &str| part.parse::<i16>().map_err(|_| BadDay::Form);
    let (y, m, d) = (number(year)?, number(month)?, number(day)?);
    let roc = year.len() <= 3;
    if !roc && (said_roc || year.len() != 4) {
        return Err(BadDay::Form);
    }
    if roc && y == 0 {
        return Err(BadDay::RocYearZero);
    }
    let year = if roc { y + ROC_OFFSET } else { y };
    if year <= ROC_OFFSET {
        return Err(BadDay::NoSuchDay);
    }
    let narrow = |n: i16| i8::try_from(n).map_err(|_| BadDay::NoSuchDay);
    Date::new(year, narrow(m)?, narrow(d)?).map_err(|_| BadDay::NoSuchDay)
}

/// Full-width digits and signs, as input methods write them, count as the plain ones.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// Year, month and day as digits.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let digits = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let year = match text.len() {
            7 => 3,
            8 => 4,
            _ => return None,
        };
        return Some((&text[..year], &text[year..year + 2], &text[year + 2..]));
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let parts: Vec<&str> = text.split(['/', '-', '.', '年', '月']).collect();
    match parts[..] {
        [y, m, d] if [y, m, d].iter().all(digits) && m.len() <= 2 && d.len() <= 2 => Some((y, m, d)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn both_calendars_are_read() {
        let day = date(2026, 11, 21);
        for text in [
            "115/11/21",
            "115-11-21",
            "115.11.21",
            "民國115年11月21日",
            "中華民國 115 年 11 月 21 日",
            "1151121",
            "2026-11-21",
            "2026/11/21",
            "20261121",
            " １１５／１１／２１ ",
        ] {
            assert_eq!(read_day(text), Ok(day), "{text}");
        }
        assert_eq!(read_day("民國元年1月1日"), Ok(date(1912, 1, 1)));
        assert_eq!(read_day("99/1/2"), Ok(date(2010, 1, 2)));
        assert_eq!(roc(day), "115/11/21");
    }

    #[test]
    fn what_is_no_day_is_refused_with_its_reason() {
        for text in ["0/1/1", "000/01/01", "民國0年1月1日", "0000101"] {
            assert_eq!(read_day(text), Err(BadDay::RocYearZero), "{text}");
        }
        for text in ["114/2/29", "115/13/1", "2026-02-30", "115/0/1", "1900-01-01", "0000-01-01"] {
            assert_eq!(read_day(text), Err(BadDay::NoSuchDay), "{text}");
        }
        for text in
            ["", "soon", "115/11", "民國2026年1月1日", "115/11/21/1", "11-21-2026", "151121", "-115/1/1"]
        {
            assert_eq!(read_day(text), Err(BadDay::Form), "{text}");
        }
    }

    #[test]
    fn days_begin_in_taipei() {
        let day = date(2026, 11, 21);
        assert_eq!(midnight(day), Time(1_795_219_200_000 - 8 * 3_600_000));
        assert_eq!(day_of(midnight(day)), day);
        assert_eq!(day_of(Time(midnight(day).0 - 1)), date(2026, 11, 20));
        assert_eq!(end_of(day), midnight(date(2026, 11, 22)));
    }

    /// Shows R27.
    #[test]
    fn months_end_where_they_end() {
        assert_eq!(months_after(date(2026, 11, 30), 3), date(2027, 2, 28));
        assert_eq!(months_after(date(2027, 11, 30), 3), date(2028, 2, 29));
        assert_eq!(months_after(date(2026, 8, 31), 3), date(2026, 11, 30));
        assert_eq!(months_after(date(2026, 12, 15), 3), date(2027, 3, 15));
        assert_eq!(days_between(date(2028, 2, 28), date(2028, 3, 1)), 2);
        assert_eq!(days_between(date(2028, 3, 1), date(2028, 2, 28)), -2);
    }
}
