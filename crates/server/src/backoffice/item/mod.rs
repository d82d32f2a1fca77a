//! The page of an item: where it stands, what is registered, what happened, and what may be done now. What may be done is
//! asked of the rules of items; doing it is [`super::flow`]'s.

pub mod act;
pub mod certificate;
pub mod credentials;
pub mod display;
pub mod page;
pub mod record;
pub mod words;

use mydata_domain::account::Role;
use mydata_domain::item::ItemId;
use mydata_store::repo::items::{self, Kept};

use super::fault::Fault;
use super::owner::Thing;
use super::route::Route;
use super::rule::Rule;
use super::visit::Visit;
use super::{ROOT, scope};

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = Rule::Owner { of: Thing::Item, or: scope::READERS };
    let doers = Rule::Owner { of: Thing::Item, or: &[Role::Operator] };
    let owners = Rule::Owner { of: Thing::Item, or: &[] };
    vec![
        Route::get("/mydata-backend/items/{id}", readers, page::show),
        Route::get("/mydata-backend/items/{id}/act", doers, act::ask),
        Route::post("/mydata-backend/items/{id}/act", doers, act::submit),
        Route::get("/mydata-backend/items/{id}/display", doers, display::ask),
        Route::post("/mydata-backend/items/{id}/display", doers, display::submit),
        Route::get("/mydata-backend/items/{id}/certificate", doers, certificate::show).fresh(),
        Route::post("/mydata-backend/items/{id}/certificate", doers, certificate::submit).fresh(),
        Route::get("/mydata-backend/items/{id}/credentials", owners, credentials::show).fresh(),
        Route::post("/mydata-backend/items/{id}/credentials", owners, credentials::submit).fresh(),
    ]
}

/// The item that the path names, as far as whoever visits may see it.
pub(in crate::backoffice) async fn load(visit: &Visit) -> Result<Kept, Fault> {
    let id: ItemId = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
    let found = items::load(&visit.app.store.db, &scope::of_visit(visit)?, id).await?;
    found.ok_or(Fault::NotFound)
}

/// Its page.
pub fn path(id: ItemId) -> String {
    format!("{ROOT}/items/{id}")
}

/// Its name; a draft may have none yet.
pub(in crate::backoffice) fn name(visit: &Visit, kept: &Kept) -> String {
    if kept.name.is_empty() { visit.t("item-unnamed") } else { kept.name.clone() }
}
