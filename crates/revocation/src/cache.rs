//! What was learnt, kept for its time, and fetched once for all who wait for it.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A failure is remembered this long: who waits meanwhile need not wait again for the same silence.
const FAILURE: Duration = Duration::from_secs(30);
/// Beyond so many, what is over is thrown out, then everything.
const MOST: usize = 10_000;

/// Something that holds for a while.
#[derive(Debug, Clone)]
pub(crate) struct Held<V> {
    pub(crate) value: V,
    /// From when on it is fetched anew in the background, while it still serves.
    pub(crate) refresh: SystemTime,
    /// Until when it serves.
    pub(crate) until: SystemTime,
}

/// The key of a thing: who issued it, and where it lies or whom it is about.
pub(crate) type Key = Vec<u8>;

/// See the module.
pub(crate) struct Cache<V>(Arc<Mutex<HashMap<Key, Slot<V>>>>);

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

struct Slot<V> {
    held: Option<Held<V>>,
    failed: Option<Failed>,
    flight: Option<Flight>,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self { held: None, failed: None, flight: None }
    }
}

struct Failed {
    at: SystemTime,
    why: String,
}

/// A fetch that is under way. Its other end goes when it ends, however it ends.
struct Flight {
    end: watch::Receiver<()>,
    began: Instant,
}

impl<V: Clone> Slot<V> {
    fn held_at(&self, now: SystemTime) -> Option<&Held<V>> {
        self.held.as_ref().filter(|held| now <= held.until)
    }

    fn failed_at(&self, now: SystemTime) -> Option<&str> {
        let failed = self.failed.as_ref()?;
        // A clock that was set back forgets it.
        let fresh = now.duration_since(failed.at).is_ok_and(|since| since < FAILURE);
        fresh.then_some(failed.why.as_str())
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.flight.is_none() && self.held_at(now).is_none() && self.failed_at(now).is_none()
    }
}

impl<V: Clone + Send + 'static> Cache<V> {
    /// What is held; else it is fetched, once for all who ask meanwhile, and waited for until `patience` is over. The fetch
    /// goes on without those who do not wait any longer.
    pub(crate) async fn get<F>(
        &self,
        key: &[u8],
        now: SystemTime,
        patience: Duration,
        fetch: impl FnOnce() -> F,
    ) -> Result<V, String>
    where
        F: Future<Output = Result<Held<V>, String>> + Send + 'static,
    {
        let (mut end, began) = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= MOST && !slots.contains_key(key) {
                slots.retain(|_, slot| !slot.is_over(now));
                if slots.len() >= MOST {
                    slots.retain(|_, slot| slot.flight.is_some());
                }
            }
            let slot = slots.entry(key.to_vec()).or_default();
            let idle = slot.flight.is_none() && slot.failed_at(now).is_none();
            if let Some(held) = slot.held_at(now) {
                let value = held.value.clone();
                if idle && now >= held.refresh {
                    self.set_off(key, slot, now, fetch());
                }
                return Ok(value);
            }
            if let Some(why) = slot.failed_at(now) {
                return Err(why.to_owned());
            }
            if idle {
                self.set_off(key, slot, now, fetch());
            }
            match &slot.flight {
                Some(flight) => (flight.end.clone(), flight.began),
                None => return Err("it could not be asked".to_owned()),
            }
        };
        // An error says that the flight has ended: nothing is ever sent.
        let ended = timeout_at(began + patience, end.changed()).await;
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(key);
        if let Some(held) = slot.and_then(|slot| slot.held_at(now)) {
            return Ok(held.value.clone());
        }
        match slot.and_then(|slot| slot.failed_at(now)) {
            Some(why) => Err(why.to_owned()),
            None if ended.is_err() => Err(format!("no answer within {:.1} s", patience.as_secs_f32())),
            None => Err("asking for it was broken off".to_owned()),
        }
    }

    fn set_off<F>(&self, key: &[u8], slot: &mut Slot<V>, now: SystemTime, fetch: F)
    where
        F: Future<Output = Result<Held<V>, String>> + Send + 'static,
    {
        let (going, end) = watch::channel(());
        slot.flight = Some(Flight { end, began: Instant::now() });
        slot.failed = None;
        let landing = Landing { cache: self.clone(), key: key.to_vec(), going: Some(going) };
        tokio::spawn(async move {
            let fetched = fetch.await;
            landing.note(now, fetched);
        });
    }
}

/// Ends a flight, also one that panics or whose runtime ends.
struct Landing<V> {
    cache: Cache<V>,
    key: Key,
    going: Option<watch::Sender<()>>,
}

impl<V> Landing<V> {
    fn note(&self, now: SystemTime, fetched: Result<Held<V>, String>) {
        let mut slots = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = slots.get_mut(&self.key) else { return };
        match fetched {
            Ok(held) => slot.held = Some(held),
            Err(why) => slot.failed = Some(Failed { at: now, why }),
        }
    }
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        let mut slots = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get_mut(&self.key) {
            slot.flight = None;
        }
        drop(slots);
        self.going = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::UNIX_EPOCH;

    use super::*;

    const NOW: SystemTime = UNIX_EPOCH;
    const PATIENCE: Duration = Duration::from_millis(300);

    fn after(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(seconds)
    }

    fn held(value: u32) -> Held<u32> {
        Held { value, refresh: after(50), until: after(100) }
    }

    #[tokio::test]
    async fn many_who_wait_cause_one_call() {
        let (cache, calls) = (Cache::default(), AtomicU32::new(0));
        let ask = || {
            cache.get(b"a", NOW, PATIENCE, || {
                calls.fetch_add(1, Ordering::Relaxed);
                async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok(held(7))
                }
            })
        };
        let all = futures_util::future::join_all((0..20).map(|_| ask())).await;
        assert!(all.iter().all(|got| *got == Ok(7)), "{all:?}");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_hangs_is_waited_for_once_and_comes_late() {
        let cache: Cache<u32> = Cache::default();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let began = Instant::now();
        let first = cache
            .get(b"a", NOW, PATIENCE, || async {
                let _ = gone.await;
                Ok(held(7))
            })
            .await;
        assert_eq!(first, Err("no answer within 0.3 s".to_owned()));
        let never = || std::future::pending::<Result<Held<u32>, String>>();
        let second = cache.get(b"a", NOW, PATIENCE, never).await;
        assert!(second.is_err() && began.elapsed() < PATIENCE * 2, "who comes later waits no longer");
        go.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(cache.get(b"a", NOW, PATIENCE, never).await, Ok(7), "the first call went on");
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_a_while_and_what_is_held_is_renewed_early() {
        let cache: Cache<u32> = Cache::default();
        let fail = || async { Err::<Held<u32>, _>("closed".to_owned()) };
        let good = || async { Ok(held(7)) };
        assert_eq!(cache.get(b"a", NOW, PATIENCE, fail).await, Err("closed".to_owned()));
        assert_eq!(cache.get(b"a", after(29), PATIENCE, good).await, Err("closed".to_owned()));
        assert_eq!(cache.get(b"a", after(30), PATIENCE, good).await, Ok(7));
        let newer = || async { Ok(Held { value: 8, refresh: after(150), until: after(200) }) };
        assert_eq!(cache.get(b"a", after(49), PATIENCE, newer).await, Ok(7));
        assert_eq!(cache.get(b"a", after(50), PATIENCE, newer).await, Ok(7), "the old one serves meanwhile");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(cache.get(b"a", after(60), PATIENCE, fail).await, Ok(8));
        assert_eq!(cache.get(b"a", after(201), PATIENCE, fail).await, Err("closed".to_owned()));
    }

    #[tokio::test]
    async fn a_fetch_that_panics_ends() {
        let cache: Cache<u32> = Cache::default();
        fn fail() -> Result<Held<u32>, String> {
            panic!("a fetch breaks")
        }
        let broken = || async { fail() };
        assert!(cache.get(b"a", NOW, PATIENCE, broken).await.unwrap_err().contains("broken off"));
        assert_eq!(cache.get(b"a", NOW, PATIENCE, || async { Ok(held(7)) }).await, Ok(7));
    }
}
