//! 統計數據: how many exchanges there were, how they came out, and how long people waited. Reads sums only
//! ([`mydata_store::repo::statistics`]); nothing on these pages tells of a person. An organisation sees its own services
//! and datasets, a competent authority those in its charge, the operating side all.
//!
//! | module | does |
//! | --- | --- |
//! | [`asked`] | reads what is asked for from the URL: period, steps, services or datasets |
//! | [`report`] | folds the sums of days into what is shown |
//! | [`chart`] | draws it as SVG, with the same as a table |
//! | [`page`] | the page |
//! | [`csv`] | the same for spreadsheets |
//! | [`usage`] | the small chart on the page of an item |

pub mod asked;
pub mod chart;
pub mod csv;
pub mod page;
pub mod report;
pub mod usage;
mod words;

#[cfg(test)]
pub(super) mod samples;

use super::route::Route;
use super::rule::Rule;

/// The page's path.
pub const PATH: &str = "/mydata-backend/statistics";
/// The path of the file for spreadsheets.
pub const CSV_PATH: &str = "/mydata-backend/statistics.csv";

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    vec![Route::get(PATH, Rule::SignedIn, page::show), Route::get(CSV_PATH, Rule::SignedIn, csv::show)]
}
