//! Accounts: people who may sign in.

pub mod id;
pub mod role;

pub use id::AccountId;
pub use role::Role;
