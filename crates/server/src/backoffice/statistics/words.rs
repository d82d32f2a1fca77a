//! Numbers, waits, periods and outcomes in words.

use std::time::Duration;

use mydata_domain::calendar::{Date, roc_year};
use mydata_domain::statistics::Area;

use super::asked::Step;
use super::report::Period;
pub(super) use crate::web::date::day;
use crate::web::{Lang, i18n, verification_name};

/// `1,234,567`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Hundredths with one place: `98.5%`. A dash where there is nothing to compare with.
pub(super) fn share(part: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(of) / 2) / u128::from(of);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// A wait, no more exact than it is known.
pub(super) fn wait(lang: Lang, wait: Option<Duration>) -> String {
    let Some(wait) = wait else { return "–".to_owned() };
    let millis = wait.as_millis();
    let seconds = u64::try_from((millis + 500) / 1000).unwrap_or(u64::MAX);
    match seconds {
        0..10 => {
            let tenths = (millis + 50) / 100;
            let text = format!("{}.{}", tenths / 10, tenths % 10);
            i18n::t(lang, "statistics-seconds", &[("count", text.into())])
        }
        10..60 => i18n::t(lang, "statistics-seconds", &[("count", seconds.to_string().into())]),
        60..3600 => {
            let args = [("minutes", (seconds / 60).into()), ("seconds", (seconds % 60).into())];
            i18n::t(lang, "statistics-minutes", &args)
        }
        3600..172_800 => {
            let args = [("hours", (seconds / 3600).into()), ("minutes", (seconds % 3600 / 60).into())];
            i18n::t(lang, "statistics-hours", &args)
        }
        _ => i18n::t(lang, "statistics-days", &[("count", (seconds / 86_400).into())]),
    }
}

/// A wait at the axis of a chart, from seconds: short, for there is little room.
pub(super) fn scale(lang: Lang, seconds: f64) -> String {
    let one = |count: f64| {
        let text = format!("{count:.1}");
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    let (key, count) = match seconds {
        0.0..120.0 => ("statistics-seconds", one(seconds)),
        120.0..7200.0 => ("statistics-axis-minutes", one(seconds / 60.0)),
        7200.0..172_800.0 => ("statistics-axis-hours", one(seconds / 3600.0)),
        _ => ("statistics-axis-days", one(seconds / 86_400.0)),
    };
    i18n::t(lang, key, &[("count", count.into())])
}

/// A step of the period as it is read.
pub(super) fn period(lang: Lang, step: Step, period: &Period) -> String {
    if step == Step::Day || period.from == period.until {
        return day(lang, period.from);
    }
    format!("{}–{}", day(lang, period.from), day(lang, period.until))
}

/// A step below the axis of a chart.
pub(super) fn tick(lang: Lang, step: Step, from: Date) -> String {
    match (step, lang) {
        (Step::Month, Lang::ZhTw) => format!("{}/{:02}", roc_year(from), from.month()),
        (Step::Month, Lang::En) => format!("{}-{:02}", from.year(), from.month()),
        _ => format!("{}/{}", from.month(), from.day()),
    }
}

/// How something came out.
pub(super) fn outcome(lang: Lang, area: Area, value: &str) -> String {
    lang.t(match (area, value) {
        (Area::Exchanges, "delivered") => "statistics-delivered",
        (Area::Exchanges, "refused") => "statistics-refused",
        (Area::Exchanges, "abandoned") => "statistics-abandoned",
        (Area::Exchanges, "person-conflict") => "statistics-person-conflict",
        (Area::Exchanges, "sp-refused") => "statistics-sp-refused",
        (Area::Exchanges, "service-suspended") => "statistics-service-suspended",
        (Area::Exchanges, "not-fetched") => "statistics-not-fetched",
        (Area::Datasets, "collected") => "statistics-collected",
        (Area::Datasets, "no-data") => "statistics-no-data",
        _ => "statistics-undeliverable",
    })
}

/// A method by its code.
pub(super) fn method(lang: Lang, code: &str) -> String {
    code.parse().map_or_else(|_| code.to_owned(), |method| verification_name(lang, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_waits_are_as_exact_as_they_are_known() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(number));
        assert_eq!([share(1, 3), share(3, 3), share(0, 0)], ["33.3%", "100.0%", "–"]);
        let zh = |millis| wait(Lang::ZhTw, Some(Duration::from_millis(millis)));
        assert_eq!(
            [zh(840), zh(12_400), zh(200_000), zh(7_500_000), zh(259_200_000)],
            ["0.8 秒", "12 秒", "3 分 20 秒", "2 小時 5 分", "3 天"]
        );
        assert_eq!(wait(Lang::En, None), "–");
        assert_eq!(wait(Lang::En, Some(Duration::from_millis(9_400))), "9.4 s");
    }
}
