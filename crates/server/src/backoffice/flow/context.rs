//! What a form is read with when it is filed: today, the categories, the datasets and authorities to choose from, and the
//! files that were uploaded with it.

use std::collections::BTreeMap;

use mydata_domain::Zone;
use mydata_domain::account::{Account, AccountState};
use mydata_domain::calendar::day_of;
use mydata_domain::category::Area;
use mydata_domain::dataset::DatasetState;
use mydata_domain::forms::{Context, FormKind};
use mydata_domain::item::Kind;
use mydata_store::StoreError;
use mydata_store::repo::drafts::{Draft, Owner};
use mydata_store::repo::list::Scope;
use mydata_store::repo::{accounts, items, uploads};

use crate::app::App;

/// Whose drafts an account works on: its organisation's, or its own while there is none that may work.
pub fn owner_of(account: &Account) -> Owner {
    match &account.organisation {
        Some(id) if account.state == AccountState::Active => Owner::Organisation(id.clone()),
        _ => Owner::Account(account.id),
    }
}

/// What a form of an item is.
pub(super) fn kind_of(form: FormKind) -> Option<Kind> {
    match form {
        FormKind::Dataset | FormKind::GoLiveDataset => Some(Kind::Dataset),
        FormKind::Service | FormKind::GoLiveService => Some(Kind::Service),
        FormKind::CounterService | FormKind::GoLiveCounterService => Some(Kind::CounterService),
        FormKind::Organisation | FormKind::Extension | FormKind::PilotReport => None,
    }
}

/// What a draft is read with. `zone` is that of the datasets that it asks for (R94).
///
/// # Errors
/// The store fails.
pub async fn context(app: &App, owner: &Owner, draft: &Draft, zone: Zone) -> Result<Context, StoreError> {
    let db = &app.store.db;
    let (catalogue, system) = (app.catalogue().await?, app.system().await?);
    let mut files = BTreeMap::new();
    for upload in uploads::of_draft(db, owner, draft.id).await? {
        files.insert(upload.id, upload.purpose);
    }
    if let (Some(item), Owner::Organisation(id)) = (draft.item, owner) {
        for upload in uploads::of_item(db, &Scope::Organisation(id.clone()), item).await? {
            files.insert(upload.id, upload.purpose);
        }
    }
    let mut categories = Area::ALL.map(|area| system.categories.offered(area));
    if let (Some(item), Owner::Organisation(id)) = (draft.item, owner) {
        // An item keeps its category when that is retired.
        let kept = items::load(db, &Scope::Organisation(id.clone()), item).await?;
        for (all, area) in categories.iter_mut().zip(Area::ALL) {
            let known = |kept: &&items::Kept| system.categories.knows(area, &kept.category);
            all.extend(kept.as_ref().filter(known).map(|kept| kept.category.clone()));
        }
    }
    let [dataset_categories, service_categories] = categories;
    let gone = [DatasetState::Delisted, DatasetState::Stopped];
    let datasets = catalogue.datasets.values().map(|d| &d.dataset);
    Ok(Context {
        today: day_of(app.now()),
        plain_http: app.config.sandbox,
        dataset_categories,
        service_categories,
        datasets: datasets
            .filter(|d| d.zone == zone && !gone.contains(&d.state))
            .map(|d| d.resource_id.clone())
            .collect(),
        authorities: accounts::authorities(db).await?,
        uploads: files,
    })
}
