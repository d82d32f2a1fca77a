//! For the engineers of service providers and data providers: the two ends of an exchange, ready to mount.
//!
//! This crate owns the calls between a party and the platform (entry link, notification endpoint, fetch, status
//! questions; token check and DP endpoint) and leaves what travels to [`wire`] and what is signed and sealed to
//! [`seal`]. It refuses to keep anything: where a ticket, a key or a person's data is stored is the party's decision.
//!
//! | feature | module | for |
//! | --- | --- | --- |
//! | `sp` (default) | [`sp`] | service providers (服務提供者) |
//! | `dp` (default) | [`dp`] | data providers (資料提供者) |
//!
//! Secrets and personal data never show in `Debug` or in an error's text.

#[cfg(feature = "dp")]
pub mod dp;
#[cfg(feature = "sp")]
pub mod sp;

pub use mydata_seal as seal;
pub use mydata_wire as wire;
