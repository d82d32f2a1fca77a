//! What the transactions did: counters by name, for the operator and for benchmarks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// The counters of all named transactions.
#[derive(Debug, Default)]
pub(super) struct Registry {
    by_name: RwLock<HashMap<&'static str, Arc<Counters>>>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    runs: AtomicU64,
    failures: AtomicU64,
    retries: AtomicU64,
    micros: AtomicU64,
}

/// The counters of one named transaction since start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxStats {
    /// The name given to `run_tx`.
    pub name: &'static str,
    /// How many times it was run to an end, good or bad.
    pub runs: u64,
    /// How many of these ended with an error.
    pub failures: u64,
    /// How many tries were thrown away because of other transactions.
    pub retries: u64,
    /// The time of all runs together, waiting included, in µs.
    pub micros: u64,
}

impl Registry {
    pub(super) fn counters(&self, name: &'static str) -> Arc<Counters> {
        if let Some(c) = self.by_name.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name) {
            return Arc::clone(c);
        }
        let mut all = self.by_name.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(all.entry(name).or_default())
    }

    pub(super) fn snapshot(&self) -> Vec<TxStats> {
        let all = self.by_name.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut out: Vec<TxStats> = all
            .iter()
            .map(|(name, c)| TxStats {
                name,
                runs: c.runs.load(Relaxed),
                failures: c.failures.load(Relaxed),
                retries: c.retries.load(Relaxed),
                micros: c.micros.load(Relaxed),
            })
            .collect();
        out.sort_unstable_by_key(|s| s.name);
        out
    }
}

impl Counters {
    pub(super) fn ended(&self, ok: bool, took: Duration) {
        self.runs.fetch_add(1, Relaxed);
        self.failures.fetch_add(u64::from(!ok), Relaxed);
        self.micros.fetch_add(took.as_micros().try_into().unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }
}
