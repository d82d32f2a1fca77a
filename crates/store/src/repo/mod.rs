//! Repositories: the domain's types in and out of rows. One file a subject; no rule is decided here.

pub mod accounts;
#[cfg(test)]
mod accounts_tests;
pub mod audit;
pub mod audit_chain;
pub mod audit_restored;
pub mod audit_roots;
pub mod audit_verify;
pub mod barcodes;
pub mod categories;
pub mod citizen_forms;
pub mod citizen_logins;
pub mod citizen_sessions;
pub mod citizens;
pub mod consent_draft;
pub mod contact;
pub mod contact_changes;
pub mod counter_services;
pub mod counter_visits;
pub mod delegations;
pub mod downloads;
pub mod drafts;
pub mod factors;
pub mod filings;
pub mod front_tests;
pub mod health;
pub mod identity_attempts;
pub mod items;
pub mod list;
pub mod logins;
pub mod mails;
pub mod maintenance;
pub mod news;
pub mod organisation_notes;
pub mod organisations;
pub mod policy_texts;
pub mod record;
pub mod registry;
pub mod sessions;
pub mod settings;
pub mod sign_ins;
pub mod sign_up_links;
pub mod spent;
pub mod statistics;
pub mod system;
pub mod transactions;
pub mod uploads;

#[cfg(test)]
mod tests;

use crate::error::StoreError;

/// A stored text that the domain cannot read back.
fn unreadable(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Corrupt { table: table.into(), column: column.into(), reason: "is of no known form" }
}
