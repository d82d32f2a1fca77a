//! The platform: the flow of an exchange, its pages, the partner APIs, background work.
//!
//! Handlers translate HTTP ([`exchange`] and [`citizen`] for citizens, [`portal`] and [`public`] for everybody, [`partner`] for SPs and DPs,
//! [`backoffice`] for organisations and those who review them); the business lies one layer down in [`flow`], one file a step;
//! connections arrive through [`edge`], mails go out through [`mail`]; [`probe`] tries connections; [`pdf`] makes papers; what is decided is decided in `mydata-domain`, what is kept is
//! kept by `mydata-store`.
//! This crate refuses SQL.

pub mod address;
pub mod app;
pub mod backoffice;
pub mod bell;
pub mod browser;
pub mod captcha;
pub mod catalogue;
pub mod citizen;
pub mod config;
pub mod counter;
pub mod delegate;
pub mod download;
pub mod edge;
pub mod exchange;
pub mod flow;
pub mod identity;
pub mod jobs;
pub mod limit;
pub mod mail;
pub mod ops;
pub mod outbound;
pub mod partner;
pub mod pdf;
pub mod platform;
pub mod portal;
pub mod probe;
pub mod public;
pub mod record;
pub mod revocation;
#[cfg(test)]
mod safety;
pub mod system;
pub mod web;

pub use app::App;
pub use config::Config;
pub use platform::{Platform, StartError};

/// Where identity providers send citizens back to; registered there as the redirect URI.
pub const CALLBACK_PATH: &str = "/identity/callback";
