//! 顯示前台, or 不顯示前台且不可被取用 (R39, R43).

use mydata_domain::audit::What;
use mydata_domain::item::{ActName, ItemId, Kind, Refused};
use serde_json::json;

use super::{ActError, By, Doer, Outcome, in_tx, outcome, records};
use crate::app::App;

/// Shows a dataset to citizens, or hides it so that nobody can ask for it: by its owner or the operating team.
///
/// # Errors
/// [`ActError::NotOfThisKind`]: only datasets can be hidden. It has no record yet, or none any more.
pub async fn set(app: &App, by: &By, item: ItemId, shown: bool) -> Result<Outcome, ActError> {
    in_tx(app, "item-display", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let mut kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        if kept.kind != Kind::Dataset {
            return Err(ActError::NotOfThisKind);
        }
        if kept.stage.running().is_none() {
            return Err(Refused::NotNow { stage: kept.stage.name(), act: ActName::List }.into());
        }
        if kept.shown == shown {
            return Ok(outcome(&kept));
        }
        kept.shown = shown;
        records::settle(app, &tx, &mut kept, doer.now).await?;
        kept.save(&tx, doer.now, doer.id()).await?;
        doer.record(app, &tx, What::DisplayChanged, json!({ "item": kept.id, "shown": shown })).await?;
        Ok(outcome(&kept))
    })
    .await
}
