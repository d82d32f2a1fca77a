//! The page that leads the browser on to another party: back to the service, or to whoever verifies the identity.

use askama::Template;

use super::layout::Chrome;

/// A page that goes on by itself, at once, with and without JavaScript.
#[derive(Template)]
#[template(path = "onward.html")]
pub struct OnwardPage {
    /// The frame.
    pub chrome: Chrome,
    /// Who is there.
    pub to: Destination,
    /// Where.
    pub url: String,
}

/// Where the page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Back to the service.
    Service {
        /// Short name of the organisation behind it, where it is known.
        organisation: Option<String>,
    },
    /// To an identity provider.
    Identity,
}

impl OnwardPage {
    fn title(&self) -> String {
        match &self.to {
            Destination::Service { organisation } => {
                let name = organisation.clone().unwrap_or_else(|| self.chrome.t("dead-end-the-service"));
                self.chrome.t1("onward-service", "organisation", name)
            }
            Destination::Identity => self.chrome.t("onward-identity"),
        }
    }
}
