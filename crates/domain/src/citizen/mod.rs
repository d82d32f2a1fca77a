//! Citizens of the portal: how long they stay logged in, how they are reached, what they have agreed to.
//!
//! Owns these rules. Refuses to know how somebody proves who they are: that is told by a verification, as a
//! [`Person`](crate::transaction::person::Person).

pub mod acceptance;
pub mod change;
pub mod contact;
pub mod session;
pub mod told;
