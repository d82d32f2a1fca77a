//! Errors of the partner APIs (RFC 9457).

use serde::{Deserialize, Serialize};

/// The media type of [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A refused partner call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status again.
    pub status: u16,
    /// A stable word for programs, such as `ticket_unknown`.
    pub code: String,
    /// The status in a few words.
    pub title: String,
    /// What happened and how to go on, in zh-TW.
    pub detail: String,
}
