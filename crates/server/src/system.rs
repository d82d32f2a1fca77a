//! What the operating side set while the platform runs, in memory: categories, windows, settings, which policies hold. Read
//! again when its revision has changed; looked at most once a second.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mydata_domain::Time;
use mydata_store::repo::system::{self, System};
use mydata_store::{Store, StoreError};

/// How old what is in memory may be.
const FRESH: Duration = Duration::from_secs(1);

/// What is in memory, and since when.
#[derive(Debug, Default)]
pub struct Cached {
    held: RwLock<Option<(Time, Arc<System>)>>,
}

impl Cached {
    /// What is set now, at most a second old.
    ///
    /// # Errors
    /// The store fails.
    pub async fn get(&self, store: &Store, now: Time) -> Result<Arc<System>, StoreError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, system)) = held {
            if now < at.plus(FRESH) && at <= now {
                return Ok(system);
            }
            if system::revision(&store.db).await? == system.revision {
                self.hold(now, Arc::clone(&system));
                return Ok(system);
            }
        }
        let system = Arc::new(system::load(&store.db, now).await?);
        self.hold(now, Arc::clone(&system));
        Ok(system)
    }

    /// What was read last, for what cannot wait; what is configured holds while nothing was read yet.
    pub fn last(&self) -> Arc<System> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|(_, system)| Arc::clone(system)).unwrap_or_default()
    }

    /// Something was changed here: the next look asks the store.
    pub fn changed(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, _)) = held.as_mut() {
            *at = Time(i64::MIN);
        }
    }

    fn hold(&self, now: Time, system: Arc<System>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((now, system));
    }
}
