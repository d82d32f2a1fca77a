//! Links the events of the record a moment after they were appended, and signs a root a day. Every node does it; the
//! database lets one at a time. Whoever dies in the middle leaves a chain that goes on where it was.

use std::time::{Duration, Instant};

use mydata_store::StoreError;
use mydata_store::repo::audit_chain::{self, Sealed};
use mydata_store::signing::{Purpose, Signer, signer};
use tokio::sync::watch;

use crate::app::App;

/// How often it looks for events: for so long one may wait for its link.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long it rests after a failure that does not pass by itself.
const REST: Duration = Duration::from_secs(60);
/// The longest pause between two batches while more is waiting.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Works until `stop` says otherwise.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut key = None;
    while !*stop.borrow() {
        let began = Instant::now();
        let pause = match step(&app, &mut key).await {
            // As long as it worked: on SQLite it holds the only writer meanwhile, and others have their turn.
            Ok(Sealed { more: true, .. }) => began.elapsed().min(LONGEST_PAUSE),
            Ok(_) => LOOK_EVERY,
            Err(StoreError::SigningKeyReplaced) => {
                key = None;
                Duration::ZERO
            }
            Err(error) if error.passes() => {
                tracing::warn!(%error, "events of the record wait for their links");
                LOOK_EVERY
            }
            Err(error) => {
                tracing::error!(%error, "events of the record cannot be linked; run `mydata audit verify`");
                REST
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn step(app: &App, key: &mut Option<Signer>) -> Result<Sealed, StoreError> {
    let (db, crypter, now) = (&app.store.db, &app.store.crypter, app.now());
    let key = match key {
        Some(key) => key,
        None => {
            // Both keys, so that they are published before anything is signed with them.
            signer(db, crypter, Purpose::Receipts, now).await?;
            key.insert(signer(db, crypter, Purpose::Roots, now).await?)
        }
    };
    let sealed = audit_chain::seal(db, key, now).await?;
    if let Some(day) = &sealed.root {
        tracing::debug!(%day, "the root of a day of the record is signed");
    }
    Ok(sealed)
}
