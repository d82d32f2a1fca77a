//! Whether a party can be reached: what is looked at, what may be wrong with it, and what follows when it stays so
//! (R41–R43, R88, R96).
//!
//! Owns the steps of a connection test, the faults each may find, and the rule by which polls lead to mails and
//! suspensions. Refuses to call anybody and to word anything.

mod fault;
mod probe;
mod rule;

pub use fault::{Fault, FaultKind};
pub use probe::{Figure, Outcome, Probe, Skipped, Step, Tried};
pub use rule::{ByRule, Follows, Health, KEPT_POLLS, Poll, Rule, Tell};
