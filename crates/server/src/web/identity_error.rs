//! ② came back without an identity.

use askama::Template;
use mydata_wire::Verification;

use super::layout::{Chrome, FormTarget, Parties, Step, steps, verification_name};

/// The identity provider did not tell us who the citizen is. Nothing is lost: the exchange stands where it stood.
#[derive(Template)]
#[template(path = "identity_error.html")]
pub struct IdentityErrorPage {
    /// The frame.
    pub chrome: Chrome,
    /// Who asks.
    pub parties: Parties,
    /// The method that was tried.
    pub method: Verification,
    /// What went wrong.
    pub fault: IdentityFault,
    /// A GET back to ① and ②.
    pub again_url: String,
    /// 拒絕: gives up and returns to the service.
    pub refuse: FormTarget,
}

/// Why there is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityFault {
    /// The citizen cancelled there.
    Cancelled,
    /// The provider refused, or its answer does not hold.
    Failed,
    /// The answer came too late, or belongs to another attempt.
    Expired,
    /// The provider cannot be reached.
    Unavailable,
    /// The provider used a weaker method than the one that was chosen.
    TooWeak,
}

impl IdentityErrorPage {
    fn key(&self) -> &'static str {
        match self.fault {
            IdentityFault::Cancelled => "identity-cancelled",
            IdentityFault::Failed => "identity-failed",
            IdentityFault::Expired => "identity-expired",
            IdentityFault::Unavailable => "identity-unavailable",
            IdentityFault::TooWeak => "identity-too-weak",
        }
    }

    fn title(&self) -> String {
        self.chrome.t(self.key())
    }

    fn what(&self) -> String {
        let key = format!("{}.what", self.key());
        self.chrome.t1(&key, "method", verification_name(self.chrome.lang(), self.method))
    }

    fn steps(&self) -> [Step; 3] {
        steps(1, Some(verification_name(self.chrome.lang(), self.method)))
    }
}
