//! A signature by the citizen's card (自然人憑證, 工商憑證 and the like): over a text that names the platform, the method, the moment
//! and 32 random bytes, as CMS `SignedData`. It owns whose card it is and whether that may be believed; the form of the signature
//! is `mydata-seal`'s, revocation [`crate::revocation`]'s. The text serves for one attempt, so no signature serves twice.

use std::time::SystemTime;

use mydata_domain::Time;
use mydata_domain::transaction::person::Person;
use mydata_seal::cms::{self, CmsError, Signed};
use mydata_seal::trust::{CertificateError, RevocationStatus, Trust};
use mydata_store::repo::{citizens, identity_attempts};
use mydata_wire::{PersonalId, Verification, b64};
use serde::{Deserialize, Serialize};

use super::own::{Judged, Mend, secret};
use super::{BadFile, Verified};
use crate::app::App;
use crate::config::{CardMethod, IdHolds, OnUnknown};
use crate::web::Lang;

/// The field of the file.
pub const FILE: &str = "file";
/// The field of the text, and of what a component posts.
pub const TEXT: &str = "signed";
/// The field of the whole personal id.
pub const ID: &str = "id";

/// Where an attempt by card is.
#[derive(Clone, Serialize, Deserialize)]
pub struct At {
    /// What is to be signed: one line without an end, so that no form and no program changes it on the way.
    pub challenge: String,
    /// The personal id that was typed, where the card does not hold it whole.
    pub typed: Option<String>,
}

impl At {
    /// A new text to be signed.
    pub fn new(app: &App, method: Verification, now: Time) -> Self {
        let challenge = format!(
            "MyData identity verification; platform={}; method={method}; time={}; nonce={}",
            app.base_url,
            now.to_timestamp(),
            secret(app)
        );
        Self { challenge, typed: None }
    }
}

/// The cards of one kind.
pub struct Card {
    settings: CardMethod,
    trust: Trust,
}

impl Card {
    /// As the operator set it.
    ///
    /// # Errors
    /// A file of certificates cannot be used.
    pub fn new(settings: &CardMethod) -> Result<Self, BadFile> {
        let trust = crate::platform::trust_in(&settings.roots, &settings.intermediates)
            .map_err(|(path, reason)| BadFile { path, reason })?;
        Ok(Self { settings: settings.clone(), trust })
    }

    /// The citizen's card component.
    pub fn component(&self) -> Option<&url::Url> {
        self.settings.component.as_ref()
    }

    /// Whether the citizen types the personal id, because the card does not hold it whole.
    pub fn asks_id(&self) -> bool {
        self.settings.id_holds == IdHolds::LastFour
    }

    /// Judges what was signed.
    ///
    /// # Errors
    /// The store fails.
    pub async fn judge(
        &self,
        app: &App,
        method: Verification,
        at: &At,
        message: &[u8],
        lang: Lang,
    ) -> Result<Judged, mydata_store::StoreError> {
        let wrong = |key: &str, why| Ok(Judged::Wrong(vec![Mend::new(TEXT, lang.t(key))], why));
        let now = app.now().to_system();
        let signed = match cms::verify(message, at.challenge.as_bytes(), &self.trust, now) {
            Ok(signed) => signed,
            Err(error) => {
                let (key, why) = reason(&error);
                return wrong(key, why);
            }
        };
        match self.revocation(app, &signed, now).await {
            RevocationStatus::Good => {}
            RevocationStatus::Revoked => return wrong("prove-card-revoked", "revoked"),
            RevocationStatus::Unknown if self.settings.on_unknown == OnUnknown::AcceptAndFlag => {
                tracing::warn!(%method, "whether a citizen's certificate is revoked could not be learnt; it was accepted");
            }
            RevocationStatus::Unknown => {
                return Ok(Judged::Unavailable("neither CRL nor OCSP told whether it is revoked".to_owned()));
            }
        }
        let Some(uid) = self.person(&signed, at) else { return wrong("prove-card-person", "another person") };
        let Some(name) = signed.subject(&self.settings.name_attribute).filter(|name| !name.is_empty()) else {
            return wrong("prove-card-form", "no name");
        };
        let crypter = &app.store.crypter;
        let sub = crypter.index("identity subject", format!("card {}", uid.expose()));
        let person = Person::new(&uid, name.to_owned(), sub);
        if self.asks_id() {
            let (card, citizen) = (b64::standard(&signed.holder), citizens::index(crypter, &person));
            let (card, citizen, now) = (card.as_str(), citizen.as_str(), app.now());
            let own = app.store.db.run_tx("identity-card", |tx| async move {
                identity_attempts::uses_card(&tx, crypter, card, citizen, now).await
            });
            if !own.await? {
                return wrong("prove-card-person", "another person");
            }
        }
        Ok(Judged::Proven(Verified { person, method, mail_verified: false }))
    }

    async fn revocation(&self, app: &App, signed: &Signed, now: SystemTime) -> RevocationStatus {
        app.revocations.of_person(&signed.chain, now).await
    }

    /// Whose card it is, as far as it says so itself.
    fn person(&self, signed: &Signed, at: &At) -> Option<PersonalId> {
        let held = signed.subject(&self.settings.id_attribute)?;
        match self.settings.id_holds {
            IdHolds::Whole => held.parse().ok(),
            IdHolds::LastFour => {
                let typed: PersonalId = at.typed.as_deref()?.parse().ok()?;
                let four = held.get(held.len().checked_sub(4)?..)?;
                let digits = four.bytes().all(|byte| byte.is_ascii_digit());
                (digits && typed.expose().ends_with(four)).then_some(typed)
            }
        }
    }
}

/// What is said of a signature that does not hold, and what the record says.
fn reason(error: &CmsError) -> (&'static str, &'static str) {
    match error {
        CmsError::TooLarge | CmsError::Unreadable | CmsError::Attribute(_) => {
            ("prove-card-form", "unreadable")
        }
        CmsError::NoCertificate => ("prove-card-form", "no certificate"),
        CmsError::Signers(_) => ("prove-card-form", "not one signer"),
        CmsError::Algorithm => ("prove-card-algorithm", "algorithm"),
        CmsError::OtherContent => ("prove-card-other", "another text"),
        CmsError::Signature => ("prove-card-other", "signature"),
        CmsError::Usage => ("prove-card-usage", "key usage"),
        CmsError::Certificate(CertificateError::Expired { .. } | CertificateError::NotYetValid { .. }) => {
            ("prove-card-validity", "validity")
        }
        CmsError::Certificate(_) => ("prove-card-untrusted", "untrusted"),
    }
}

/// Reads a signature as a file has it, or as it is pasted or posted: DER, PEM, or DER in Base64.
pub fn read(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.first() == Some(&0x30) {
        return Some(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if text.starts_with("-----BEGIN") {
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        return b64::decode_lenient(body.trim()).ok();
    }
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    b64::decode_lenient(&plain).ok().filter(|bytes| !bytes.is_empty())
}
