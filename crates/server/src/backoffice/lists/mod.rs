//! Lists of items: those of one's organisation (R39, R40, R49), and those of everybody (R91, R92). Reads only; what is
//! listed is decided by [`super::scope`], what stands in a row by the item itself.

pub mod all;
pub mod dataset;
pub mod own;

use askama::Template;
use mydata_domain::account::Role;
use mydata_store::repo::items::Sort as By;
use mydata_store::repo::list::{MAX_COUNTED, Page};

use super::frame::Frame;
use super::parts::list::{ListQuery, Listing, Shape, Sort};
use super::parts::notice::{Notice, Tone};
use super::route::Route;
use super::rule::Rule;
use super::visit::Visit;

/// A page with one list.
#[derive(Template)]
#[template(path = "backoffice/list_page.html")]
pub struct ListPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// The list.
    pub list: Listing,
}

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let people = Rule::Roles(Role::ORGANISATION);
    vec![
        Route::get("/mydata-backend/datasets", people, own::datasets),
        Route::get("/mydata-backend/services", people, own::services),
        Route::get("/mydata-backend/counter-services", people, own::counter_services),
        Route::get("/mydata-backend/all-datasets", Rule::SignedIn, all::datasets),
        Route::get("/mydata-backend/all-datasets/dataset", Rule::SignedIn, dataset::show),
        Route::get("/mydata-backend/all-services", Rule::SignedIn, all::services),
    ]
}

/// What a list of items can be asked for.
pub(super) const SHAPE: Shape = Shape {
    filters: &["state", "own"],
    sorts: &["updated", "name", "organisation", "category", "stage"],
    default: Sort { key: "updated", descending: true },
};

/// By what the store sorts.
pub(super) fn sorted(query: &ListQuery) -> By {
    match query.sort.key {
        "name" => By::Name,
        "organisation" => By::Organisation,
        "category" => By::Category,
        "stage" => By::Stage,
        _ => By::Updated,
    }
}

/// Says that a list was not counted to its end.
pub(in crate::backoffice) fn more<T>(visit: &Visit, page: &Page<T>) -> Vec<Notice> {
    let text = || visit.t1("list-more", "count", MAX_COUNTED);
    page.more.then(|| Notice::new(Tone::Calm, text())).into_iter().collect()
}

/// 項次 of the first row of a page.
pub(in crate::backoffice) fn first_number<T>(page: &Page<T>) -> u64 {
    u64::from(page.page - 1) * u64::from(page.size) + 1
}

pub use all::level;
