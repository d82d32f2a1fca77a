//! Repositories: the domain's types in and out of rows. One file a subject; no rule is decided here.

pub mod audit;
pub mod drafts;
pub mod logins;
pub mod registry;
pub mod transactions;

#[cfg(test)]
mod tests;

use crate::error::StoreError;

/// A stored text that the domain cannot read back.
fn unreadable(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Corrupt { table: table.into(), column: column.into(), reason: "is of no known form" }
}
