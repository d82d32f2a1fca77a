//! The three data providers: real programs on the SDK, one listener each.

pub mod document;
pub mod faults;
pub mod household;
pub mod kin;
pub mod package;
pub mod pdf;
pub mod property;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use mydata_sdk::dp::{BadSigner, DpAnswer, DpConfig, DpRequest, DpRouter, Parameter, Signer, TokenCheck};
use mydata_wire::{Random, ResourceId, ResourceSecret, TransactionUid, Verification};

use crate::ca::KeyAndCertificate;
use crate::personas::{self, Manner, Persona};
use document::Document;
use package::{Careless, PackageError};

/// How many transactions a provider remembers for counting tries.
const REMEMBERED: usize = 10_000;

/// One of the three datasets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dataset {
    /// 個人戶籍資料
    Household,
    /// 親屬關係資料
    Kin,
    /// 財產資料
    Property,
}

impl Dataset {
    /// In the order of the bank's page.
    pub const ALL: [Dataset; 3] = [Self::Household, Self::Kin, Self::Property];

    /// Its identifier, the same in every sandbox.
    pub fn id(self) -> ResourceId {
        let id = match self {
            Self::Household => "API.Hh7Qm2Zt9X",
            Self::Kin => "API.Kr1C3b1ijJ",
            Self::Property => "API.Pr0p3rtY8d",
        };
        id.parse().expect("the constants have the form of a resource_id")
    }

    /// Its secret, the same in every sandbox.
    pub fn secret(self) -> ResourceSecret {
        let secret = match self {
            Self::Household => "demoHousehold001",
            Self::Kin => "demoKinSecret002",
            Self::Property => "demoProperty0003",
        };
        secret.parse().expect("the constants have the form of a resource_secret")
    }

    /// Its name in zh-TW.
    pub fn title(self) -> &'static str {
        match self {
            Self::Household => "個人戶籍資料",
            Self::Kin => "親屬關係資料",
            Self::Property => "財產資料",
        }
    }

    /// Its name in English.
    pub fn title_en(self) -> &'static str {
        match self {
            Self::Household => "Household registration",
            Self::Kin => "Family relations",
            Self::Property => "Property",
        }
    }

    /// The fictional agency that gives it.
    pub fn issuer(self) -> &'static str {
        match self {
            Self::Household | Self::Kin => "示範戶政司",
            Self::Property => "示範財政資訊中心",
        }
    }

    /// Its short name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Kin => "kin",
            Self::Property => "property",
        }
    }

    /// The path of its DP-API.
    pub fn path(self) -> &'static str {
        match self {
            Self::Household => "/household",
            Self::Kin => "/kin",
            Self::Property => "/property",
        }
    }

    /// Its fields, zh-TW and English.
    pub fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Household => household::FIELDS,
            Self::Kin => kin::FIELDS,
            Self::Property => property::FIELDS,
        }
    }

    /// The weakest way of proving who one is that opens it.
    pub fn weakest(self) -> Verification {
        match self {
            Self::Household | Self::Property => Verification::Nhi,
            Self::Kin => Verification::Otp,
        }
    }

    fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::Household | Self::Kin => Vec::new(),
            Self::Property => vec![Parameter::required(property::YEAR)],
        }
    }

    fn manner(self, persona: &Persona) -> Manner {
        persona.manners[self as usize]
    }
}

/// People whose slow provider stays slow until it is let go, however fast or slow everybody else is.
#[derive(Clone, Default)]
pub struct Holds(Arc<Mutex<HashSet<&'static str>>>);

/// One person's provider is kept slow while this lives.
pub struct Hold(Holds, &'static str);

impl Holds {
    /// Keeps whoever is slow about this person ([`Manner::Slow`]) slow.
    #[must_use]
    pub fn hold(&self, persona: &'static Persona) -> Hold {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(persona.key);
        Hold(self.clone(), persona.key)
    }

    fn holds(&self, persona: &Persona) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(persona.key)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(self.1);
    }
}

/// The program behind one dataset.
pub struct Provider {
    dataset: Dataset,
    signer: Signer,
    identity: KeyAndCertificate,
    /// Another provider's key, for bad signatures.
    stranger: String,
    tries: Mutex<HashMap<TransactionUid, u32>>,
    holds: Holds,
    random: Arc<dyn Random>,
}

impl Provider {
    /// A provider that signs as `identity`; for bad signatures it takes the key `stranger`.
    pub fn new(
        dataset: Dataset,
        identity: KeyAndCertificate,
        stranger: String,
        holds: Holds,
        random: Arc<dyn Random>,
    ) -> Result<Self, BadSigner> {
        let signer = Signer::new(identity.key.as_bytes(), identity.certificate.as_bytes())?;
        Ok(Self { dataset, signer, identity, stranger, tries: Mutex::default(), holds, random })
    }

    /// Its endpoint.
    pub fn router(self, check: TokenCheck) -> Router {
        let dataset = self.dataset;
        let provider = Arc::new(self);
        let config = DpConfig { check, parameters: dataset.parameters() };
        DpRouter::new(config, move |request: DpRequest| {
            let provider = Arc::clone(&provider);
            async move { provider.answer(request).await }
        })
        .at(dataset.path())
    }

    async fn answer(self: Arc<Self>, request: DpRequest) -> DpAnswer {
        let Some(persona) = personas::by_id(&request.citizen.id) else {
            return DpAnswer::NoData;
        };
        let tried = self.count(request.call.transaction_uid);
        let bad_signature = match self.dataset.manner(persona) {
            Manner::Give => false,
            Manner::BadSignature => true,
            Manner::Nothing => return DpAnswer::NoData,
            Manner::Refuse => return DpAnswer::Refuse("the register does not give this record".to_owned()),
            Manner::Slow(times) if tried < times || self.holds.holds(persona) => {
                return DpAnswer::Wait(Duration::from_secs(1));
            }
            Manner::Fail(times) if tried < times => return DpAnswer::Unavailable,
            Manner::Slow(_) | Manner::Fail(_) => false,
        };
        let document = match self.dataset {
            Dataset::Household => household::document(persona, self.dataset.issuer()),
            Dataset::Kin => kin::document(persona, self.dataset.issuer()),
            Dataset::Property => {
                let year = request.call.parameters.get(property::YEAR).map_or("", String::as_str);
                if !property::is_year(year) {
                    return DpAnswer::Refuse(
                        "INQ_YR must be a year of the ROC calendar, 90 to 200".to_owned(),
                    );
                }
                property::document(persona, self.dataset.issuer(), year)
            }
        };
        // Locking the PDF takes a while on purpose (that is what slows guessing down).
        let built =
            tokio::task::spawn_blocking(move || self.package(&document, &request, bad_signature)).await;
        match built {
            Ok(Ok(package)) => package.into(),
            Ok(Err(error)) => {
                tracing::error!(%error, "a sandbox DP cannot build its package");
                DpAnswer::Unavailable
            }
            Err(_) => DpAnswer::Unavailable,
        }
    }

    fn package(
        &self,
        document: &Document,
        request: &DpRequest,
        bad_signature: bool,
    ) -> Result<Vec<u8>, PackageError> {
        let files = package::files(document, &request.citizen.id, &*self.random)?;
        if bad_signature {
            return Careless { key: &self.stranger, ..Careless::of(files, &self.identity) }.build();
        }
        package::good(&files, &self.signer)
    }

    /// How many times this transaction's dataset was asked for before.
    fn count(&self, uid: TransactionUid) -> u32 {
        count(&self.tries, uid)
    }
}

/// How many times `uid` was seen before; forgets everything when it has become too much.
fn count(tries: &Mutex<HashMap<TransactionUid, u32>>, uid: TransactionUid) -> u32 {
    let mut tries = tries.lock().unwrap_or_else(PoisonError::into_inner);
    if tries.len() > REMEMBERED {
        tries.clear();
    }
    let tried = tries.entry(uid).or_default();
    *tried += 1;
    *tried - 1
}
