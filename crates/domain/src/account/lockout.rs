//! When failed sign-ins close the door, and until when.

use std::time::Duration;

use crate::time::Time;

/// So many failures …
pub const FAILURES: usize = 5;
/// … within this time close the door for as long again.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Until when the door is closed. `failures` are the latest ones, newest first; those that happen while it is closed are
/// not counted, so that nobody is kept out longer by others who go on trying.
pub fn closed_until(failures: &[Time], now: Time) -> Option<Time> {
    let (newest, first) = (failures.first()?, failures.get(FAILURES - 1)?);
    let until = newest.plus(WINDOW);
    (first.until(*newest) <= WINDOW && now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(at: &[i64]) -> Vec<Time> {
        at.iter().map(|m| Time(m * 60_000)).collect()
    }

    #[test]
    fn five_within_a_quarter_of_an_hour_close_the_door_for_one() {
        let at = |m: i64| Time(m * 60_000);
        assert_eq!(closed_until(&minutes(&[4, 3, 2, 1]), at(4)), None);
        assert_eq!(closed_until(&minutes(&[14, 3, 2, 1, 0]), at(14)), Some(at(29)));
        assert_eq!(closed_until(&minutes(&[14, 3, 2, 1, 0]), at(28)), Some(at(29)));
        assert_eq!(closed_until(&minutes(&[14, 3, 2, 1, 0]), at(29)), None);
        assert_eq!(
            closed_until(&minutes(&[16, 3, 2, 1, 0]), at(16)),
            None,
            "spread over more than the window"
        );
    }
}
