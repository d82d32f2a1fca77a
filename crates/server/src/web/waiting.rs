//! The moment between 確認 and the way back, while the service is being told.

use askama::Template;

use super::layout::{Chrome, Parties};

/// A page that moves on by itself.
#[derive(Template)]
#[template(path = "waiting.html")]
pub struct WaitingPage {
    /// The frame.
    pub chrome: Chrome,
    /// Who receives.
    pub parties: Parties,
    /// A GET that shows this page again while the service is being told and then redirects onwards. Script asks it in
    /// the background and follows only when it redirects; without script the page loads it every 3 seconds. So it
    /// must be safe to ask more than once.
    pub next_url: String,
}
