//! The three data providers in production (R13, R14): other addresses and other credentials than in the test zone, as a
//! provider gets them when its API goes live; in plain http. The demo does not need them; whoever follows a service up to its listing does.

use std::sync::{Arc, Mutex, PoisonError};

use mydata_sdk::dp::TokenCheck;
use mydata_wire::{ResourceId, ResourceSecret};
use url::Url;

use crate::ca::Authority;
use crate::data::DataFolder;
use crate::dp::{Dataset, Holds, Provider};
use crate::listen::{Port, Serving};
use crate::record::Recorder;
use crate::sp::{Facts, Sp, Surroundings};
use crate::{Clock, Sandbox, SandboxError};

/// A dataset's production API.
#[derive(Debug, Clone)]
pub struct Live {
    /// Which dataset.
    pub dataset: Dataset,
    /// Its identifier in production.
    pub id: ResourceId,
    /// Its secret in production.
    pub secret: ResourceSecret,
    /// The address of its DP-API.
    pub dp_api: Url,
}

/// The providers' production APIs, served until this is dropped.
pub struct Production {
    live: Vec<Live>,
    calls: Recorder,
    folder: DataFolder,
    clock: Clock,
    serving: Mutex<Serving>,
}

impl Production {
    /// Serves them, signed by the root of `sandbox`.
    ///
    /// # Errors
    /// [`SandboxError`]: nothing runs then.
    pub async fn start(sandbox: &Sandbox, clock: Clock) -> Result<Self, SandboxError> {
        let pki = sandbox.ca_file.parent().expect("the root's file lies in a folder");
        let data = |source| SandboxError::Data { path: pki.to_owned(), source };
        let pki = DataFolder::open(pki).map_err(data)?;
        let folder = pki.folder("production").map_err(data)?;
        let random = &sandbox.random;
        let authority = Authority::open(&pki, "ca", "MyData 沙箱根憑證", &**random)?;
        let calls = Recorder::new(Arc::clone(&clock));
        let mut serving = Serving::new();
        let mut live = Vec::new();
        for dataset in Dataset::ALL {
            let port = Port::take(0, "a DP in production").await?;
            let id = ResourceId::generate(&**random);
            let secret = ResourceSecret::generate(&**random);
            let signer = || authority.signer(dataset.path().trim_start_matches('/'), dataset.issuer());
            let provider =
                Provider::new(dataset, signer()?, signer()?.key, Holds::default(), Arc::clone(random))?;
            let check = TokenCheck::with_client(
                sandbox.addresses.platform.clone(),
                id.clone(),
                secret.clone(),
                sandbox.http.clone(),
            );
            let dp_api = port.url(false).join(dataset.path()).expect("a path makes a URL");
            live.push(Live { dataset, id, secret, dp_api });
            serving.add(port, calls.watch(provider.router(check)), None);
        }
        Ok(Self { live, calls, folder, clock, serving: Mutex::new(serving) })
    }

    /// The APIs, in the order of [`Dataset::ALL`].
    pub fn live(&self) -> &[Live] {
        &self.live
    }

    /// Every call that reached one of them.
    pub fn calls(&self) -> &Recorder {
        &self.calls
    }

    /// Takes a port for an SP-API that is going to be registered; its address, to be handed to [`Production::service`].
    ///
    /// # Errors
    /// No port is free.
    pub async fn desk(&self) -> Result<Desk, SandboxError> {
        Ok(Desk(Port::take(0, "an SP in production").await?))
    }

    /// Serves the SP-API of a service at its desk.
    ///
    /// # Errors
    /// The folder for its packages cannot be made.
    pub fn service(&self, sandbox: &Sandbox, desk: Desk, facts: Facts) -> Result<Sp, SandboxError> {
        let data = |source| SandboxError::Data { path: self.folder.path().to_owned(), source };
        let around = Surroundings {
            api: sandbox.addresses.platform.clone(),
            http: sandbox.http.clone(),
            trust: sandbox.trust.clone(),
            folder: self.folder.folder(facts.key).map_err(data)?,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&sandbox.random),
        };
        let sp = Sp::new(facts, around);
        self.serving.lock().unwrap_or_else(PoisonError::into_inner).add(
            desk.0,
            sp.notification_router(),
            None,
        );
        Ok(sp)
    }
}

/// A port that an SP-API will be served on.
pub struct Desk(Port);

impl Desk {
    /// Its base URL, with a slash at its end.
    pub fn url(&self) -> Url {
        self.0.url(false)
    }
}
