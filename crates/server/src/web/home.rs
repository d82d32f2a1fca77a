//! `/`: says what this is and where to begin.

use askama::Template;

use super::layout::{Chrome, ZoneChip};

/// The first page.
#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// The frame.
    pub chrome: Chrome,
    /// What is announced, one sentence each.
    pub notices: Vec<String>,
    /// Services from which an exchange can be started; may be empty.
    pub ways_in: Vec<WayIn>,
}

/// A service that uses the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The service's name.
    pub service: String,
    /// The organisation behind it.
    pub organisation: String,
    /// The service's own page.
    pub url: String,
}
