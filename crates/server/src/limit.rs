//! How often one caller may ask: a bucket per caller that refills steadily. Kept per node, and of so many callers only.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mydata_domain::Time;

/// Callers remembered at most. Whoever has not asked for the longest is forgotten first, and begins anew when they come back.
const REMEMBERED: usize = 100_000;

pub use mydata_listen::places::subscriber;

/// A limit of so many calls a minute; a whole minute's calls may come at once.
#[derive(Debug)]
pub struct Limiter<K> {
    per_minute: u32,
    most: usize,
    buckets: Mutex<Buckets<K>>,
}

/// Those remembered, and in which order they asked.
#[derive(Debug)]
struct Buckets<K> {
    by: HashMap<K, Bucket>,
    order: BTreeMap<u64, K>,
    turn: u64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Time,
    /// The latest turn, under which it stands in the order.
    turn: u64,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    /// A limit of `per_minute` calls.
    pub fn new(per_minute: u32) -> Self {
        Self::remembering(per_minute, REMEMBERED)
    }

    fn remembering(per_minute: u32, most: usize) -> Self {
        let buckets = Buckets { by: HashMap::new(), order: BTreeMap::new(), turn: 0 };
        Self { per_minute: per_minute.max(1), most, buckets: Mutex::new(buckets) }
    }

    /// Counts a call. `Err` says after how long the next one is allowed.
    pub fn take(&self, key: K, now: Time) -> Result<(), Duration> {
        let full = f64::from(self.per_minute);
        let per_second = full / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket =
            buckets.turn_of(&key, self.most).unwrap_or(Bucket { tokens: full, at: now, turn: 0 });
        let tokens = (bucket.tokens + bucket.at.until(now).as_secs_f64() * per_second).min(full);
        bucket.at = now;
        let taken = tokens >= 1.0;
        bucket.tokens = if taken { tokens - 1.0 } else { tokens };
        buckets.put(key, bucket);
        if taken { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - tokens) / per_second)) }
    }
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Takes a caller's bucket out; where there is none, room is made for one.
    fn turn_of(&mut self, key: &K, most: usize) -> Option<Bucket> {
        if let Some(known) = self.by.remove(key) {
            self.order.remove(&known.turn);
            return Some(known);
        }
        while self.by.len() >= most {
            let (_, oldest) = self.order.pop_first()?;
            self.by.remove(&oldest);
        }
        None
    }

    fn put(&mut self, key: K, bucket: Bucket) {
        self.turn += 1;
        self.order.insert(self.turn, key.clone());
        self.by.insert(key, Bucket { turn: self.turn, ..bucket });
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

    #[test]
    fn no_more_callers_are_remembered_than_may_be() {
        let limiter = Limiter::remembering(1, 100);
        for caller in 0..100 {
            assert_eq!(limiter.take(caller, Time(0)), Ok(()));
        }
        assert!(limiter.take(0, Time(0)).is_err(), "it asked again, so it is not the oldest any more");
        for caller in 100..10_000 {
            assert_eq!(limiter.take(caller, Time(0)), Ok(()));
            assert!(limiter.take(0, Time(0)).is_err(), "whoever goes on is not forgotten, nor anew");
        }
        let buckets = limiter.buckets.lock().unwrap();
        assert_eq!((buckets.by.len(), buckets.order.len()), (100, 100));
        assert!(buckets.by.contains_key(&9_999) && !buckets.by.contains_key(&1));
    }

    /// A newcomer costs the same however many there are.
    #[test]
    fn a_full_table_is_not_walked_through() {
        let limiter = Limiter::new(60);
        for caller in 0..3 * REMEMBERED {
            assert_eq!(limiter.take(caller, Time(0)), Ok(()));
        }
        assert_eq!(limiter.buckets.lock().unwrap().by.len(), REMEMBERED);
    }
}
