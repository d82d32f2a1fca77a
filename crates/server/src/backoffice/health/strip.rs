//! The last polls as a strip: a bar each, high when it was alive, low and of another colour when it was not; said in words to
//! those who do not see it.

use std::fmt::Write as _;

use askama::filters::Safe;
use mydata_domain::health::{KEPT_POLLS, Poll};

use crate::web::i18n::{escape, t};
use crate::web::{Lang, RocDateTime};

/// Width of a bar with the gap behind it.
const STEP: usize = 7;
const BAR: usize = 5;
const HEIGHT: usize = 28;
const LOW: usize = 12;

/// What the strip says in words.
pub fn summary(lang: Lang, polls: &[Poll]) -> String {
    let failed = polls.iter().filter(|poll| poll.fault.is_some()).count();
    let args =
        [("count", polls.len().into()), ("alive", (polls.len() - failed).into()), ("failed", failed.into())];
    let mut text = t(lang, "health-strip", &args);
    if let Some(last) = polls.last() {
        let at = RocDateTime::new(last.at.to_timestamp()).date_time(lang);
        text += &t(lang, "health-strip-last", &[("at", at.into())]);
    }
    text
}

/// The strip; room is kept for those that are still to come.
pub fn svg(lang: Lang, polls: &[Poll]) -> Safe<String> {
    let width = KEPT_POLLS * STEP - (STEP - BAR);
    let mut bars = String::new();
    let first = KEPT_POLLS.saturating_sub(polls.len());
    for place in 0..KEPT_POLLS {
        let (class, height) = match place.checked_sub(first).and_then(|n| polls.get(n)) {
            None => ("none", 3),
            Some(Poll { fault: None, .. }) => ("alive", HEIGHT),
            Some(_) => ("failed", LOW),
        };
        write!(
            bars,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{BAR}\" height=\"{height}\" rx=\"1.5\"></rect>",
            place * STEP,
            HEIGHT - height
        )
        .expect("writing to a String does not fail");
    }
    Safe(format!(
        "<svg class=\"polls\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=\"none\">{bars}</svg>",
        escape(&summary(lang, polls))
    ))
}

#[cfg(test)]
mod tests {
    use mydata_domain::Time;
    use mydata_domain::health::{Fault, FaultKind};

    use super::*;

    #[test]
    fn every_poll_is_a_bar_and_the_words_say_the_same() {
        let poll = |n: i64| Poll {
            at: Time(1_795_219_200_000 + n * 300_000),
            ms: 5,
            fault: (n % 3 == 0).then(|| Fault::from(FaultKind::TcpRefused)),
        };
        let polls: Vec<Poll> = (0..10).map(poll).collect();
        let svg = svg(Lang::ZhTw, &polls).0;
        for (class, count) in [("alive", 6), ("failed", 4), ("none", 38)] {
            assert_eq!(svg.matches(&format!("class=\"{class}\"")).count(), count, "{class}");
        }
        assert!(svg.contains("aria-label=\"最近 10 次輪詢：6 次正常，4 次異常；最近一次在"), "{svg}");
        assert!(summary(Lang::En, &polls).starts_with("Last 10 polls: 6 alive, 4 failed; the last at"));
    }
}
