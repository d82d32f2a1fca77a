//! How often one caller may ask: a bucket per caller that refills steadily. Kept per node.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use mydata_domain::Time;

/// Callers remembered at most; beyond it full buckets are forgotten first.
const REMEMBERED: usize = 100_000;

pub use mydata_listen::places::subscriber;

/// A limit of so many calls a minute; a whole minute's calls may come at once.
#[derive(Debug)]
pub struct Limiter<K> {
    per_minute: u32,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Time,
}

impl<K: Eq + Hash> Limiter<K> {
    /// A limit of `per_minute` calls.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1), buckets: Mutex::new(HashMap::new()) }
    }

    /// Counts a call. `Err` says after how long the next one is allowed.
    pub fn take(&self, key: K, now: Time) -> Result<(), Duration> {
        let full = f64::from(self.per_minute);
        let per_second = full / 60.0;
        let level = |b: &Bucket| (b.tokens + b.at.until(now).as_secs_f64() * per_second).min(full);
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= REMEMBERED && !buckets.contains_key(&key) {
            buckets.retain(|_, b| level(b) < full);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: full, at: now });
        let tokens = level(bucket);
        bucket.at = now;
        if tokens >= 1.0 {
            bucket.tokens = tokens - 1.0;
            Ok(())
        } else {
            bucket.tokens = tokens;
            Err(Duration::from_secs_f64((1.0 - tokens) / per_second))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let limiter = Limiter::new(60);
        for _ in 0..60 {
            assert_eq!(limiter.take("a", Time(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", Time(0)), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take("b", Time(0)), Ok(()));
        assert_eq!(limiter.take("a", Time(1_000)), Ok(()));
        assert!(limiter.take("a", Time(1_500)).is_err());
    }
}
