//! What a DP is told of the fictional person when it asks back during a connection test: only in the test zone, only while
//! the call lasts, only for the dataset that is tried.

use mydata_domain::Dataset;
use mydata_domain::transaction::person::Person;
use mydata_store::StoreError;
use mydata_store::repo::health;
use mydata_wire::dp::{Introspection, UserInfo};
use mydata_wire::{AccessToken, PersonalId, ResourceId, Verification};

use super::package::LONGEST;
use crate::app::App;

/// How the fictional person is said to have proved who they are: well enough for every dataset.
const VERIFICATION: Verification = Verification::Cer;

/// The fictional person's id.
pub(super) fn person_id(app: &App) -> Option<PersonalId> {
    app.config.health.test_person.parse().ok()
}

/// Makes a token for one call.
pub(super) async fn make(app: &App, dataset: &Dataset) -> Result<AccessToken, StoreError> {
    let token = AccessToken::generate(&*app.random);
    let (crypter, now) = (&app.store.crypter, app.now());
    let (until, made) = (now.plus(LONGEST), &token);
    let grant = |tx| async move { health::grant(&tx, crypter, made, &dataset.resource_id, until, now).await };
    app.store.db.run_tx("probe-grant", grant).await?;
    Ok(token)
}

/// Ends it.
pub(super) async fn end(app: &App, token: &AccessToken) {
    let crypter = &app.store.crypter;
    let end = |tx| async move { health::end_grant(&tx, crypter, token).await };
    if let Err(error) = app.store.db.run_tx("probe-end", end).await {
        tracing::warn!(%error, "the token of a connection test could not be ended; it ends by itself");
    }
}

/// What introspection says of a token of a connection test; `None`: it is none that works now.
///
/// # Errors
/// The store fails.
pub async fn introspect(
    app: &App,
    token: &AccessToken,
    resource: &ResourceId,
) -> Result<Option<Introspection>, StoreError> {
    let granted = health::granted(&app.store.db, &app.store.crypter, token).await?;
    Ok(granted.filter(|(of, until)| of == resource && app.now() < *until).map(|(of, until)| Introspection {
        active: true,
        client_id: Some(of),
        verification: Some(VERIFICATION),
        exp: Some(until.seconds()),
    }))
}

/// Who the fictional person is, and for which dataset the token was made; `None` as for [`introspect`].
///
/// # Errors
/// The store fails.
pub async fn user_info(app: &App, token: &AccessToken) -> Result<Option<(ResourceId, UserInfo)>, StoreError> {
    let granted = health::granted(&app.store.db, &app.store.crypter, token).await?;
    let Some((resource, _)) = granted.filter(|(_, until)| app.now() < *until) else { return Ok(None) };
    Ok(person_id(app).map(|id| {
        let person = Person::new(&id, "連線測試".to_owned(), "connection-test".to_owned());
        (resource, person.to_user_info(VERIFICATION))
    }))
}
