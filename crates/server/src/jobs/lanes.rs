//! How much of which work is done at a time: each kind has its own room, and calls of DPs have room for each dataset,
//! so that what hangs holds up nobody but itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mydata_store::jobs::Full;

use crate::config::Jobs;

/// The kind whose jobs wait for DPs.
pub const COLLECT: &str = "collect";
/// The kind whose jobs wait for the mail server.
pub const MAIL: &str = "mail";
/// The kind whose jobs wait for parties that may hang: they have room of their own.
pub const POLL: &str = "poll";

/// What is being worked on.
#[derive(Debug)]
pub struct Lanes {
    limits: Jobs,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    kinds: HashMap<String, u32>,
    lanes: HashMap<String, u32>,
}

impl Lanes {
    /// Nothing yet.
    pub fn new(limits: &Jobs) -> Self {
        Self { limits: limits.clone(), running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_kind(&self, kind: &str) -> u32 {
        match kind {
            COLLECT => self.limits.collect_at_once,
            MAIL => self.limits.mail_at_once,
            POLL => self.limits.poll_at_once,
            _ => self.limits.at_once,
        }
    }

    /// What there is no room for.
    pub fn full(&self) -> Full {
        let running = self.running();
        let kinds = running.kinds.iter().filter(|(kind, n)| **n >= self.of_kind(kind));
        let lanes = running.lanes.iter().filter(|(_, n)| **n >= self.limits.collect_per_dataset);
        let (mut kinds, mut lanes): (Vec<_>, Vec<_>) =
            (kinds.map(|(k, _)| k.clone()).collect(), lanes.map(|(l, _)| l.clone()).collect());
        kinds.sort_unstable();
        lanes.sort_unstable();
        Full { kinds, lanes }
    }

    /// Takes the room for a job; `false` when there is none.
    pub fn enter(&self, kind: &str, lane: Option<&str>) -> bool {
        let mut running = self.running();
        let Running { kinds, lanes } = &mut *running;
        let of_kind = kinds.entry(kind.to_owned()).or_default();
        if *of_kind >= self.of_kind(kind) {
            return false;
        }
        if let Some(lane) = lane {
            let of_lane = lanes.entry(lane.to_owned()).or_default();
            if *of_lane >= self.limits.collect_per_dataset {
                return false;
            }
            *of_lane += 1;
        }
        *of_kind += 1;
        true
    }

    /// Gives the room of a job back.
    pub fn leave(&self, kind: &str, lane: Option<&str>) {
        let mut running = self.running();
        let Running { kinds, lanes } = &mut *running;
        give_back(kinds, kind);
        if let Some(lane) = lane {
            give_back(lanes, lane);
        }
    }
}

fn give_back(map: &mut HashMap<String, u32>, key: &str) {
    if let Some(n) = map.get_mut(key) {
        *n = n.saturating_sub(1);
        if *n == 0 {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_that_hangs_holds_up_neither_another_nor_another_kind() {
        let limits = Jobs { at_once: 2, collect_at_once: 3, collect_per_dataset: 2, ..Jobs::default() };
        let lanes = Lanes::new(&limits);
        let collect = |dataset| lanes.enter(COLLECT, Some(dataset));
        assert!(collect("hangs") && lanes.full().is_nothing());
        assert!(collect("hangs"));
        assert_eq!(lanes.full().lanes, ["hangs"]);
        assert!(!collect("hangs"), "no room for a third");
        assert!(collect("quick"));
        assert_eq!(lanes.full().kinds, [COLLECT]);
        assert!(!collect("other"), "all calls of DPs together have a limit as well");
        assert!(lanes.enter("seal", None), "which the other kinds do not feel");
        lanes.leave(COLLECT, Some("hangs"));
        assert!(lanes.full().is_nothing());
        assert!(collect("other") && !collect("hangs"));
    }
}
