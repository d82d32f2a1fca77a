//! The identifier of an account.

crate::own_id::own_id!(
    /// An account's identifier: a version 4 UUID.
    AccountId, "account id"
);
