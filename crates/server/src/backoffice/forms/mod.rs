//! The application forms as pages: begun, filled in over several visits, checked, looked over, filed.
//!
//! A draft keeps what is typed as it is typed; what an answer must be says the domain ([`mydata_domain::forms`]); what
//! filing does says [`super::flow`].
//!
//! | module | does |
//! | --- | --- |
//! | [`spec`] | what each form asks, in order, with its texts |
//! | [`choices`] | what there is to choose from |
//! | [`draw`] | draws a form to be filled in, or to be read |
//! | [`desk`] | a draft with all that belongs to it |
//! | [`begin`] | the page before a form, and how it is begun |
//! | [`page`], [`save`], [`conflict`] | filling in and saving; two tabs on one draft |
//! | [`overview`] | what was filled in, and 送審 |
//! | [`delete`] | throwing a draft away |
//! | [`list`] | the drafts of an organisation |
//! | [`words`] | what is wrong with a field, in words |

pub mod begin;
pub mod choices;
pub mod conflict;
pub mod delete;
pub mod desk;
pub mod draw;
pub mod list;
pub mod overview;
pub mod page;
pub mod save;
pub mod spec;
pub mod words;

#[cfg(test)]
pub(super) mod samples;

use mydata_domain::account::Role;
use mydata_domain::item::Kind;
use mydata_store::repo::drafts::Owner;

use super::ROOT;
use super::owner::Thing;
use super::parts::cell::Link;
use super::route::Route;
use super::rule::Rule;
use super::visit::Visit;
use desk::Desk;

/// Most files that are sent with a form at a time.
const FILES: usize = 3;

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let people = Rule::Roles(Role::ORGANISATION);
    let draft = Rule::Owner { of: Thing::Draft, or: &[] };
    let item = Rule::Owner { of: Thing::Item, or: &[] };
    let mut table = vec![
        Route::get("/mydata-backend/drafts", people, list::show),
        Route::get("/mydata-backend/datasets/new", people, |visit| begin::ask(visit, Kind::Dataset)),
        Route::post("/mydata-backend/datasets/new", people, |visit| begin::begin(visit, Kind::Dataset)),
        Route::get("/mydata-backend/services/new", people, |visit| begin::ask(visit, Kind::Service)),
        Route::post("/mydata-backend/services/new", people, |visit| begin::begin(visit, Kind::Service)),
        Route::get("/mydata-backend/counter-services/new", people, |visit| {
            begin::ask(visit, Kind::CounterService)
        }),
        Route::post("/mydata-backend/counter-services/new", people, |visit| {
            begin::begin(visit, Kind::CounterService)
        }),
        Route::get("/mydata-backend/drafts/{id}", draft, page::show),
        Route::post("/mydata-backend/drafts/{id}", draft, page::submit).with_files(FILES),
        Route::get("/mydata-backend/drafts/{id}/overview", draft, overview::show),
        // The draft is named in the form: sent twice, it is gone the second time, and that is no fault.
        Route::post("/mydata-backend/drafts/file", people, overview::submit),
        Route::get("/mydata-backend/drafts/{id}/delete", draft, delete::ask),
        Route::post("/mydata-backend/drafts/{id}/delete", draft, delete::delete),
    ];
    for (path, filing) in begin::ABOUT_ITEMS {
        table.push(Route::get(path, item, move |visit| begin::ask_form(visit, filing)));
        table.push(Route::post(path, item, move |visit| begin::form(visit, filing)));
    }
    table
}

/// The list of a kind of item.
pub fn list_path(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "/datasets",
        Kind::Service => "/services",
        Kind::CounterService => "/counter-services",
    }
}

/// Where somebody goes who leaves a form: the item's page, or the drafts.
fn way_back(visit: &Visit, desk: &Desk) -> Link {
    match (&desk.owner, &desk.item) {
        (Owner::Account(_), _) => Link::new(visit.t("sign-up"), format!("{ROOT}{}", super::sign_up::FORM)),
        (Owner::Organisation(_), Some(item)) if !item.name.is_empty() => {
            Link::new(item.name.clone(), format!("{ROOT}/items/{}", item.id))
        }
        (Owner::Organisation(_), _) => Link::new(visit.t("drafts"), format!("{ROOT}/drafts")),
    }
}
