//! 前臺測試頁 (R48): the owner of a dataset or service opens it in the test zone as a citizen would, and sees how far that came and
//! what is to be mended. The pages that the citizen sees, and what happens behind them, are the exchange's own ([`crate::flow`],
//! [`crate::exchange`]); this module begins and ends it, and refuses everything but the test zone.
//!
//! | module | subject |
//! | --- | --- |
//! | [`page`] | the page, and its two buttons |
//! | [`words`] | steps and failures in words, with the field to look at |
//! | [`nobody`] | the service that a dataset tried alone is "sent" to: there is none |
//! | [`citizen`] | the test citizen, where no identity provider of the sandbox stands in |
//!
//! What begins and ends a test is [`super::flow::front_test`].

pub mod citizen;
pub mod nobody;
pub mod page;
pub mod words;

#[cfg(test)]
pub(super) mod samples;

use mydata_domain::account::Role;

use super::owner::Thing;
use super::route::Route;
use super::rule::Rule;

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let testers = Rule::Owner { of: Thing::Item, or: &[Role::Operator] };
    vec![
        Route::get("/mydata-backend/items/{id}/front-test", testers, page::show),
        Route::post("/mydata-backend/items/{id}/front-test", testers, page::submit),
    ]
}
