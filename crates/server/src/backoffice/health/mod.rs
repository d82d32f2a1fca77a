//! Health as pages (R41–R43, R88): the section on an item's page, 測試連線, polling on and off, 異常管理. The calls are
//! [`crate::probe`]'s, what follows from them [`super::flow::health`]'s.
//!
//! | module | page |
//! | --- | --- |
//! | [`view`], [`strip`] | the section on the page of an item; its strip of polls |
//! | [`test`] | 測試連線 and its result |
//! | [`polling`] | the switch |
//! | [`failing`] | what fails: lists |
//! | [`tell`] | notifying an owner |
//! | [`words`] | what was found, in words |

pub mod failing;
pub mod polling;
#[cfg(test)]
pub(super) mod samples;
pub mod strip;
pub mod tell;
pub mod test;
pub mod view;
pub mod words;

use mydata_domain::account::Role;

use super::owner::Thing;
use super::route::Route;
use super::rule::Rule;
use super::scope;

/// Who sees the lists of what fails: organisations their own, the operating side everything.
const SEERS: &[Role] =
    &[Role::Applicant, Role::Deputy, Role::Operator, Role::Ministry, Role::Administrator, Role::Auditor];

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = Rule::Owner { of: Thing::Item, or: scope::READERS };
    let doers = Rule::Owner { of: Thing::Item, or: &[Role::Operator] };
    let seers = Rule::Roles(SEERS);
    let operators = Rule::Roles(&[Role::Operator]);
    vec![
        Route::get("/mydata-backend/items/{id}/probe", readers, test::show),
        Route::post("/mydata-backend/items/{id}/probe", doers, test::run),
        Route::post("/mydata-backend/items/{id}/polling", doers, polling::switch),
        Route::get("/mydata-backend/datasets/failing", seers, failing::datasets),
        Route::get("/mydata-backend/services/failing", seers, failing::services),
        Route::get("/mydata-backend/failing/tell", operators, tell::ask),
        Route::post("/mydata-backend/failing/tell", operators, tell::submit),
    ]
}
