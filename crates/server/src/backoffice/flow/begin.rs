//! An item and the form about it are begun; a form about an item that is there already is filled in with what is known.

use mydata_domain::filing::FilingKind;
use mydata_domain::forms::{DraftId, Fields, FormKind};
use mydata_domain::item::{ActName, ItemId, Kind, step};
use mydata_store::repo::drafts::{self, Draft, New, Owner, Saved};
use mydata_store::repo::filings;
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::{StoreError, Tx};

use super::context::owner_of;
use super::{ActError, By, Doer, health, in_tx, records};
use crate::app::App;

/// Begins an item of this kind with its form (新增資料集, 新增服務).
///
/// # Errors
/// [`ActError::Barred`]: the account acts for no organisation.
pub async fn begin_item(app: &App, by: &By, kind: Kind, fields: Fields) -> Result<Draft, ActError> {
    let fields = &fields;
    in_tx(app, "item-begin", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let account = doer.account()?;
        let Owner::Organisation(organisation) = owner_of(account) else { return Err(ActError::Barred) };
        if account.role.is_staff() {
            return Err(ActError::Barred);
        }
        let (name, category) = (fields.text("name").trim(), fields.text("category").trim());
        let new = items::New { kind, organisation: &organisation, name, category, by: account.id };
        let kept = items::begin(&tx, &*app.random, &new, doer.now).await?;
        let new = New {
            form: FormKind::of(FilingKind::NewItem, kind),
            account: account.id,
            organisation: Some(&organisation),
            item: Some(kept.id),
            fields: fields.clone(),
        };
        Ok(drafts::begin(&tx, &app.store.crypter, &*app.random, new, doer.now).await?)
    })
    .await
}

/// What must be possible for a form of this kind to be filled in.
fn act_of(filing: FilingKind) -> Option<ActName> {
    Some(match filing {
        FilingKind::SignUp => return None,
        FilingKind::NewItem => ActName::File,
        FilingKind::Extension => ActName::FileExtension,
        FilingKind::GoLive => ActName::FileGoLive,
        FilingKind::PilotReport => ActName::FileReport,
        FilingKind::Change => ActName::FileChange,
    })
}

/// Opens the form of this kind about an item: the draft that is there, or a new one with what came back from a review, or
/// with what is known already.
///
/// # Errors
/// It is not time for this form; the item is somebody else's.
pub async fn begin_form(app: &App, by: &By, item: ItemId, filing: FilingKind) -> Result<Draft, ActError> {
    let begun = in_tx(app, "form-begin", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        let Some(act) = act_of(filing) else { return Err(ActError::NotOfThisKind) };
        let facts = items::facts(&tx, &kept).await?;
        step::may(&kept.stage, act, &doer.actor, &facts, doer.now)?;
        let account = doer.account()?;
        let (owner, form) = (owner_of(account), FormKind::of(filing, kept.kind));
        let crypter = &app.store.crypter;
        if let Some(draft) = drafts::of_item(&app.store.db, crypter, &owner, item, form).await? {
            return Ok(draft);
        }
        let fields = beginning(app, &tx, &kept, filing).await?;
        let organisation = Some(&kept.organisation);
        let new = New { form, account: account.id, organisation, item: Some(item), fields };
        Ok(drafts::begin(&tx, crypter, &*app.random, new, doer.now).await?)
    })
    .await;
    match begun {
        // Two tabs began it at once: both get the one that is there.
        Err(ActError::Store(StoreError::Conflict { .. })) => there(app, by, item, filing).await,
        begun => begun,
    }
}

async fn there(app: &App, by: &By, item: ItemId, filing: FilingKind) -> Result<Draft, ActError> {
    in_tx(app, "form-there", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        let (owner, form) = (owner_of(doer.account()?), FormKind::of(filing, kept.kind));
        let found = drafts::of_item(&app.store.db, &app.store.crypter, &owner, item, form).await?;
        found.ok_or(ActError::Gone)
    })
    .await
}

/// What a form about an item begins with.
async fn beginning(app: &App, tx: &Tx, kept: &Kept, filing: FilingKind) -> Result<Fields, ActError> {
    let crypter = &app.store.crypter;
    if let Some(returned) = kept.stage.returned(filing) {
        let filed = filings::load_for_update(tx, crypter, &Scope::All, returned.filing).await?;
        return Ok(filed.map(|f| Fields::from_content(&f.content)).unwrap_or_default());
    }
    let first = filings::approved(tx, crypter, kept.id, &[FilingKind::NewItem]).await?;
    let first = first.map(|f| Fields::from_content(&f.content)).unwrap_or_default();
    Ok(match filing {
        FilingKind::NewItem => first,
        FilingKind::Change => {
            let mut fields = records::production_fields(app, tx, kept).await?;
            if kept.kind == Kind::Dataset {
                // It may have been switched on the item's page since.
                fields.set("polled", if health::is_polled(tx, kept.id).await? { "true" } else { "" });
            }
            fields
        }
        FilingKind::GoLive => for_production(&first, kept.kind),
        FilingKind::SignUp | FilingKind::Extension | FilingKind::PilotReport => Fields::new(),
    })
}

/// What held in the test, to be changed where production is elsewhere. Datasets have other ids there (R94).
fn for_production(test: &Fields, kind: Kind) -> Fields {
    let carried: &[&str] = match kind {
        Kind::Dataset => &["dp_api", "dp_ip[", "client_ip["],
        Kind::Service => &["url", "return_url[", "sp_api", "ip["],
        Kind::CounterService => &["ip[", "case["],
    };
    let mut fields = Fields::new();
    let is_dataset = |path: &str| path.contains("].required[") || path.contains("].choice[");
    for (path, text) in test.iter().filter(|(path, _)| !is_dataset(path)) {
        if carried.iter().any(|c| if c.ends_with('[') { path.starts_with(c) } else { path == *c }) {
            fields.set(format!("production.{path}"), text);
        }
    }
    fields
}

/// Saves what is typed, if the draft is still at the version that the page was made from. While an item has not been
/// filed, lists show the name that its form has now.
///
/// # Errors
/// [`ActError::Stale`], [`ActError::Gone`].
pub async fn save(
    app: &App,
    by: &By,
    draft: DraftId,
    version: i64,
    fields: &Fields,
) -> Result<i64, ActError> {
    in_tx(app, "form-save", |tx| async move {
        let doer = Doer::in_state(app, &tx, by, super::sign_up::fills_in).await?;
        let account = doer.account()?;
        let (owner, crypter) = (owner_of(account), &app.store.crypter);
        let found = drafts::load_for_update(&tx, crypter, &owner, draft).await?.ok_or(ActError::Gone)?;
        let now = doer.now;
        match drafts::save(&tx, crypter, &owner, (draft, version), (fields, account.id), now).await? {
            Saved::As(version) => {
                let begun =
                    matches!(found.form, FormKind::Dataset | FormKind::Service | FormKind::CounterService);
                if let Some(item) = found.item.filter(|_| begun) {
                    name(&doer, &tx, item, fields).await?;
                }
                Ok(version)
            }
            Saved::Stale(there) => Err(ActError::Stale { there }),
            Saved::Gone => Err(ActError::Gone),
        }
    })
    .await
}

async fn name(doer: &Doer, tx: &Tx, item: ItemId, fields: &Fields) -> Result<(), ActError> {
    const LONGEST: usize = 200;
    let mut kept = doer.item(tx, item).await?;
    let short =
        |text: &str| -> String { text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect() };
    let (name, category) = (short(fields.text("name")), short(fields.text("category")));
    // What was approved once keeps its name until the next approval.
    let never_filed = kept.number.is_none() && matches!(kept.stage, mydata_domain::item::Stage::Draft(_));
    if never_filed && (kept.name != name || kept.category != category) {
        (kept.name, kept.category) = (name, category);
        kept.save(tx, doer.now, doer.id()).await?;
    }
    Ok(())
}
