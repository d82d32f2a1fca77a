//! How citizens prove who they are: a port, and its adapters.
//!
//! A method is carried out by a way. The flow asks it to begin, sends the browser where it says, and gives it what came back;
//! it answers with a [`Person`] and the method that was really used, or with a [`Fault`]. There are ways that lead to a
//! provider elsewhere, and ways of the platform's own, whose pages lead back to where a provider would.
//!
//! | module | way |
//! | --- | --- |
//! | [`oidc`] | an OpenID Connect provider |
//! | [`own`] | what the own ways share: the attempt, its browser, its pages, the code that redeems it |
//! | [`card`] | a signature by the citizen's card |
//! | [`code`] | a one-time password by mail or text message |
//! | [`service`] | a verification service, asked over HTTP |

pub mod card;
pub mod code;
pub mod oidc;
pub mod own;
pub mod service;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use mydata_domain::transaction::person::Person;
use mydata_wire::Verification;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::app::App;
use crate::config::Config;
use crate::outbound::Outbound;
use card::Card;
use oidc::Oidc;
use service::Service;

/// What a way must remember until the citizen comes back. Kept sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Ties the answer to this attempt.
    pub nonce: String,
    /// Proves that whoever redeems the code began the attempt. Own ways need none.
    pub verifier: String,
}

/// The beginning of an attempt.
pub struct Begun {
    /// Where the browser goes.
    pub redirect: Url,
    /// What must be remembered.
    pub attempt: Attempt,
}

/// Who it is, and how that was proven. Personal data: no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Verified {
    /// The citizen.
    pub person: Person,
    /// The method that was used.
    pub method: Verification,
    /// Whether the provider says that the mail address is the citizen's. Another is theirs to confirm, and nobody is told
    /// anything there before.
    pub mail_verified: bool,
}

/// Why there is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The citizen cancelled.
    #[error("the citizen cancelled")]
    Cancelled,
    /// The provider cannot be reached, or its documents cannot be read.
    #[error("the identity provider cannot be used: {0}")]
    Unavailable(String),
    /// The provider's answer does not hold.
    #[error("the identity provider's answer does not hold: {0}")]
    Invalid(String),
}

/// A way to prove who one is.
pub enum Way {
    /// At an OpenID Connect provider.
    Oidc(Box<Oidc>),
    /// On pages of the platform's own.
    Own(Own),
}

/// A way of the platform's own.
pub enum Own {
    /// By card.
    Card(Box<Card>),
    /// By one-time password.
    Code,
    /// By a verification service.
    Service(Box<Service>),
}

impl Way {
    /// Begins an attempt with `method`. `state` comes back with the citizen.
    ///
    /// # Errors
    /// The way cannot be gone now.
    pub async fn begin(
        &self,
        app: &App,
        method: Verification,
        state: &str,
        lang: &str,
    ) -> Result<Begun, Fault> {
        match self {
            Self::Oidc(oidc) => oidc.begin(method, state, lang, app.now(), &*app.random).await,
            Self::Own(own) => own::begin(app, own, method, state).await,
        }
    }

    /// Redeems the code that the citizen came back with.
    ///
    /// # Errors
    /// Why there is no identity.
    pub async fn finish(&self, app: &App, code: &str, attempt: &Attempt) -> Result<Verified, Fault> {
        match self {
            Self::Oidc(oidc) => oidc.finish(code, attempt, app.now()).await,
            Self::Own(_) => own::redeem(app, code, attempt).await,
        }
    }

    /// The provider, where it is one.
    pub fn oidc(&self) -> Option<&Oidc> {
        match self {
            Self::Oidc(oidc) => Some(oidc),
            Self::Own(_) => None,
        }
    }

    /// The way of the platform's own, where it is one.
    pub fn own(&self) -> Option<&Own> {
        match self {
            Self::Own(own) => Some(own),
            Self::Oidc(_) => None,
        }
    }
}

/// A file that a way needs cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("identity: {}: {reason}", path.display())]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Which way carries out which method.
#[derive(Clone, Default)]
pub struct Methods(HashMap<Verification, Arc<Way>>);

impl Methods {
    /// As the operator set it: the platform's own ways first, then the providers; of two for one method the first carries it
    /// out.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn new(config: &Config, outbound: &Outbound) -> Result<Self, BadFile> {
        let identity = &config.identity;
        let callback =
            config.base_url().join(crate::CALLBACK_PATH).expect("a path of ours joins the base URL");
        let mut all = Self::default();
        for card in &identity.card {
            all.add(&card.methods, Way::Own(Own::Card(Box::new(Card::new(card)?))));
        }
        if identity.codes {
            all.add(&[Verification::Otp], Way::Own(Own::Code));
        }
        for service in &identity.service {
            let way = Service::new(service.clone(), outbound.clone());
            all.add(&service.methods, Way::Own(Own::Service(Box::new(way))));
        }
        for provider in &identity.oidc {
            let oidc = Oidc::new(provider.clone(), callback.clone(), outbound.clone());
            all.add(&provider.methods, Way::Oidc(Box::new(oidc)));
        }
        Ok(all)
    }

    fn add(&mut self, methods: &[Verification], way: Way) {
        let way = Arc::new(way);
        for method in methods {
            self.0.entry(*method).or_insert_with(|| Arc::clone(&way));
        }
    }

    /// Whether this platform carries the method out.
    pub fn offers(&self, method: Verification) -> bool {
        self.0.contains_key(&method)
    }

    /// Whether it carries out any.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The way of a method.
    pub fn get(&self, method: Verification) -> Option<&Arc<Way>> {
        self.0.get(&method)
    }
}
