//! What a citizen sees of the exchange: pages as typed views, their words, their look, their headers.
//!
//! Owns everything that ends as HTML. Refuses to know where the content comes from: handlers fill the view structs,
//! this module never reads a store, a session or a clock.
//!
//! | module | subject |
//! | --- | --- |
//! | [`consent`] | ① terms and ② identity, on one page |
//! | [`identity_error`] | the identity provider came back without an identity |
//! | [`confirm`] | ③ what came, live, and the question |
//! | [`preview`], [`json_table`] | one dataset as the service will receive it |
//! | [`waiting`], [`onward`] | the moment between 確認 and the way back; the step to another party |
//! | [`dead_end`] | every way in which an exchange ends without data |
//! | [`maintenance`] | the page that says until when, and what is announced |
//! | [`policy`], [`document`] | terms and policies; texts with markup |
//! | [`csv`] | rows for spreadsheets |
//! | [`layout`], [`prefs`], [`i18n`], [`date`] | the frame around a page, and whom it is for |
//! | [`assets`], [`headers`], [`response`] | how a page travels |

pub mod assets;
pub mod code128;
pub mod confirm;
pub mod consent;
pub mod csv;
pub mod date;
pub mod dead_end;
pub mod document;
pub mod headers;
pub mod i18n;
pub mod identity_error;
pub mod json_table;
pub mod layout;
pub mod maintenance;
pub mod onward;
pub mod policy;
pub mod prefs;
pub mod preview;
pub mod response;
pub mod tagged;
pub mod waiting;

#[cfg(test)]
mod gallery;

pub use confirm::{ConfirmPage, DatasetRow, FailReason, ProgressView, RowState};
pub use consent::{ConsentErrors, ConsentPage, DatasetView, MethodState, MethodView, ParamField};
pub use date::RocDateTime;
pub use dead_end::{DeadEnd, DeadEndPage, Gathered, WayBack};
pub use headers::Policy;
pub use i18n::Lang;
pub use identity_error::{IdentityErrorPage, IdentityFault};
pub use layout::{Access, Chrome, Contact, FormTarget, Parties, SessionView, ZoneChip, verification_name};
pub use maintenance::MaintenancePage;
pub use onward::{Destination, OnwardPage};
pub use prefs::{Prefs, TextSize};
pub use preview::{FileView, JsonDocument, PreviewPage, SignerView};
pub use response::page;
pub use waiting::WaitingPage;
