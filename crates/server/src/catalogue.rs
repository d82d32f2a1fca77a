//! What is registered, in memory. Read again when the registry's revision has changed; looked at most once a second.

use std::ops::Deref;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use mydata_domain::Time;
use mydata_store::repo::registry::{self, Catalogue};
use mydata_store::{Store, StoreError};
use url::Url;

use crate::backoffice::front_test::nobody;
use crate::portal::folded::Folded;

/// How old what is in memory may be.
const FRESH: Duration = Duration::from_secs(1);

/// What is registered, and the texts by which it is found.
#[derive(Debug)]
pub struct Registered {
    catalogue: Catalogue,
    /// Folded when the registry was read, not at each search.
    pub folded: Folded,
}

impl Deref for Registered {
    type Target = Catalogue;

    fn deref(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// The registry in memory.
#[derive(Debug, Default)]
pub struct Cached {
    held: RwLock<Option<(Time, Arc<Registered>)>>,
}

impl Cached {
    /// The registry as it is now, at most a second old.
    pub async fn get(&self, store: &Store, base: &Url, now: Time) -> Result<Arc<Registered>, StoreError> {
        let held = self.held.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((at, catalogue)) = held {
            if now < at.plus(FRESH) && at <= now {
                return Ok(catalogue);
            }
            if registry::revision(&store.db).await? == catalogue.revision {
                self.hold(now, Arc::clone(&catalogue));
                return Ok(catalogue);
            }
        }
        let mut catalogue = registry::load(&store.db, &store.crypter).await?;
        nobody::join(&mut catalogue, &store.crypter, base);
        let catalogue = Arc::new(Registered { folded: Folded::of(&catalogue), catalogue });
        self.hold(now, Arc::clone(&catalogue));
        Ok(catalogue)
    }

    /// The registry was changed here: the next look asks the store.
    pub fn changed(&self) {
        let mut held = self.held.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((at, _)) = held.as_mut() {
            *at = Time(i64::MIN);
        }
    }

    fn hold(&self, now: Time, catalogue: Arc<Registered>) {
        *self.held.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((now, catalogue));
    }
}
