//! The country in a box: a bank, three data providers, an identity provider, a mailbox, and the people.
//!
//! This crate owns real programs on `mydata-sdk`, each with a listener of its own on 127.0.0.1, and a scripted citizen
//! that walks through the platform as a browser without JavaScript would. It refuses to know the platform from inside:
//! whatever it learns, it learns over HTTP. Nobody in it exists.
//!
//! | module | party |
//! | --- | --- |
//! | [`personas`] | the people |
//! | [`idp`] | 示範身分驗證中心, an OpenID Connect provider |
//! | [`dp`] | 個人戶籍資料, 親屬關係資料, 財產資料; [`dp::faults`] one that misbehaves |
//! | [`bank`] | 示範銀行 線上開戶 |
//! | [`lab`] | services and datasets that try the platform |
//! | [`sp`] | what every SP of the sandbox does behind its pages |
//! | [`authenticator`] | the one-time passwords of the back office's staff |
//! | [`card`], [`verify`] | a virtual card reader and a verification service, beside the identity provider |
//! | [`production`] | the providers once their APIs are live |
//! | [`tls`] | certificates for all of them, where they speak TLS |
//! | [`pki`] | the authority's revocation list and OCSP answers |
//! | [`mailbox`] | every mail and text message |
//! | [`citizen`], [`scenario`] | `mydata demo --run` |

pub mod authenticator;
pub mod bank;
pub mod ca;
pub mod card;
pub mod citizen;
mod data;
pub mod dp;
pub mod idp;
pub mod lab;
mod listen;
pub mod mailbox;
mod page;
pub mod personas;
pub mod pki;
mod portal;
pub mod production;
pub mod record;
mod registry;
pub mod scenario;
pub mod sp;
pub mod tls;
pub mod verify;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use mydata_sdk::dp::{BadSigner, TokenCheck};
use mydata_sdk::seal::trust::{BadTrust, NoRevocationCheck, Trust};
use mydata_sdk::sp::Service;
use mydata_wire::{Random, SystemRandom};
use url::Url;

use bank::Bank;
use ca::{Authority, CaError};
use data::DataFolder;
use dp::faults::{FaultError, FaultyDp};
use dp::{Dataset, Hold, Holds, Provider};
use lab::Lab;
use listen::{Port, Serving};
use mailbox::Mailbox;
use record::Recorder;
use sp::{Facts, Sp, Surroundings};
use tls::{TlsError, TlsFiles};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The ports of the programs; 0 means any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ports {
    /// Start page.
    pub portal: u16,
    /// The bank.
    pub bank: u16,
    /// DP of 個人戶籍資料.
    pub household: u16,
    /// DP of 親屬關係資料.
    pub kin: u16,
    /// DP of 財產資料.
    pub property: u16,
    /// Identity provider.
    pub idp: u16,
    /// Mailbox.
    pub mailbox: u16,
    /// The laboratory's services.
    pub lab: u16,
    /// The faulty DP.
    pub faults: u16,
}

impl Ports {
    /// Nine ports in a row, the bank's first. `mydata demo` has the platform on 8480 and these from 8481.
    pub fn from(first: u16) -> Self {
        Self {
            bank: first,
            household: first + 1,
            kin: first + 2,
            property: first + 3,
            idp: first + 4,
            mailbox: first + 5,
            portal: first + 6,
            lab: first + 7,
            faults: first + 8,
        }
    }
}

/// How a sandbox is started.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The platform's base URL. It need not run yet.
    pub platform_base: Url,
    /// Where its partner APIs are, where that is not its base URL.
    pub partner_base: Option<Url>,
    /// Whether everybody speaks TLS, and shows a certificate when calling others.
    pub tls: bool,
    /// Where keys are kept, and tokens while they are opened.
    pub data_dir: PathBuf,
    /// Where to listen.
    pub ports: Ports,
    /// Whether the faulty DP runs, too, and its datasets stand in the registry.
    pub faults: bool,
    /// Randomness for everything but private keys.
    pub random: Arc<dyn Random>,
    /// Time.
    pub clock: Clock,
}

impl SandboxConfig {
    /// Any ports, the system's clock and randomness, no faulty DP.
    pub fn new(platform_base: Url, data_dir: PathBuf) -> Self {
        Self {
            platform_base,
            partner_base: None,
            tls: false,
            data_dir,
            ports: Ports::default(),
            faults: false,
            random: Arc::new(SystemRandom),
            clock: Arc::new(SystemTime::now),
        }
    }
}

/// The sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A port is taken, or the loopback address cannot be used.
    #[error(
        "{who} cannot listen on 127.0.0.1:{port}: {source}. End the program that has the port, or choose other ports"
    )]
    Port {
        /// Which program.
        who: &'static str,
        /// Which port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {source}")]
    Data {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The certificates.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// A DP's key.
    #[error(transparent)]
    Signer(#[from] BadSigner),
    /// The root of the sandbox.
    #[error(transparent)]
    Trust(#[from] BadTrust),
    /// The identity provider's key.
    #[error(transparent)]
    Idp(#[from] idp::KeyError),
    /// The faulty DP.
    #[error(transparent)]
    Faults(#[from] FaultError),
    /// TLS between the parties.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client.
    #[error("the HTTP client cannot be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// Where everybody is. Every address ends with a slash.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The platform.
    pub platform: Url,
    /// Start page.
    pub portal: Url,
    /// The bank.
    pub bank: Url,
    /// DP of 個人戶籍資料.
    pub household: Url,
    /// DP of 親屬關係資料.
    pub kin: Url,
    /// DP of 財產資料.
    pub property: Url,
    /// Identity provider.
    pub idp: Url,
    /// Mailbox.
    pub mailbox: Url,
    /// The laboratory's services.
    pub lab: Url,
    /// The faulty DP, where it runs.
    pub faults: Option<Url>,
}

/// A running sandbox. Dropping it ends every program at once; [`stop`](Self::stop) lets open requests end.
pub struct Sandbox {
    serving: Serving,
    addresses: Addresses,
    registry: String,
    idp: idp::Client,
    ca_pem: String,
    ca_file: PathBuf,
    tls: Option<TlsFiles>,
    revocation: pki::RevocationAt,
    tls_revocation: Option<pki::RevocationAt>,
    trust: Trust,
    bank: Sp,
    lab: Lab,
    mailbox: Mailbox,
    dp_calls: Recorder,
    holds: Holds,
    http: reqwest::Client,
    random: Arc<dyn Random>,
}

/// The ports, taken.
struct Taken {
    portal: Port,
    bank: Port,
    household: Port,
    kin: Port,
    property: Port,
    idp: Port,
    mailbox: Port,
    lab: Port,
    faults: Option<Port>,
}

impl Taken {
    async fn take(ports: Ports, faults: bool) -> Result<Self, SandboxError> {
        Ok(Self {
            bank: Port::take(ports.bank, "the bank").await?,
            household: Port::take(ports.household, "the household DP").await?,
            kin: Port::take(ports.kin, "the kin DP").await?,
            property: Port::take(ports.property, "the property DP").await?,
            idp: Port::take(ports.idp, "the identity provider").await?,
            mailbox: Port::take(ports.mailbox, "the mailbox").await?,
            portal: Port::take(ports.portal, "the start page").await?,
            lab: Port::take(ports.lab, "the laboratory").await?,
            faults: match faults {
                true => Some(Port::take(ports.faults, "the faulty DP").await?),
                false => None,
            },
        })
    }

    fn addresses(&self, platform: &Url, tls: bool) -> Addresses {
        let url = |port: &Port| port.url(tls);
        let mut platform = platform.clone();
        if !platform.path().ends_with('/') {
            platform.set_path(&format!("{}/", platform.path()));
        }
        Addresses {
            platform,
            portal: url(&self.portal),
            bank: url(&self.bank),
            household: url(&self.household),
            kin: url(&self.kin),
            property: url(&self.property),
            idp: url(&self.idp),
            mailbox: url(&self.mailbox),
            lab: url(&self.lab),
            faults: self.faults.as_ref().map(url),
        }
    }
}

/// The authority of TLS, and what each party shows.
struct Encrypted {
    authority: tls::Authority,
    shown: HashMap<&'static str, tls::Shown>,
}

impl Encrypted {
    /// The bank and the laboratory are registered by name, the DPs by fingerprint.
    const PARTIES: [(&'static str, bool); 5] =
        [("bank", true), ("lab", true), ("household", false), ("kin", false), ("property", false)];

    fn new(folder: DataFolder, clock: &Clock, random: &Arc<dyn Random>) -> Result<Self, TlsError> {
        let authority = tls::Authority::open(folder, clock, Arc::clone(random))?;
        let mut shown = HashMap::new();
        for (key, by_name) in Self::PARTIES {
            shown.insert(key, authority.client(key, by_name)?);
        }
        Ok(Self { authority, shown })
    }

    fn pem(&self) -> &str {
        self.authority.pem()
    }

    fn shown(&self, key: &str) -> Option<&tls::Shown> {
        self.shown.get(key)
    }
}

impl Sandbox {
    /// Takes the ports, makes or reads the keys, and serves every program.
    ///
    /// # Errors
    /// [`SandboxError`]: nothing runs then.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let SandboxConfig { data_dir, ports, faults, random, clock, platform_base, partner_base, tls } =
            config;
        let data = |source| SandboxError::Data { path: data_dir.clone(), source };
        let folder = DataFolder::open(&data_dir).map_err(data)?;
        let pki = folder.folder("pki").map_err(data)?;
        let taken = Taken::take(ports, faults).await?;
        let addresses = taken.addresses(&platform_base, tls);
        let platform = &addresses.platform;
        let api = partner_base.unwrap_or_else(|| platform.clone());
        let encrypted = match tls {
            true => Some(Encrypted::new(folder.folder("tls").map_err(data)?, &clock, &random)?),
            false => None,
        };
        let encrypted = encrypted.as_ref();
        let http = tls::client(encrypted.map(Encrypted::pem), None)?;
        let client =
            |key: &str| tls::client(encrypted.map(Encrypted::pem), encrypted.and_then(|e| e.shown(key)));
        let listening = |name: &str| encrypted.map(|e| e.authority.listening(name)).transpose();
        let platform_only = |router: Router, paths: &[&str]| match encrypted {
            Some(_) => tls::platform_only(router, paths),
            None => router,
        };

        let keys = pki.clone();
        let prepared = tokio::task::spawn_blocking(move || {
            ca::prepare_keys(&keys, &["ca", "idp", "household", "kin", "property"])
        });
        if let Ok(prepared) = prepared.await {
            prepared?;
        }
        let authority = Authority::open(&pki, "ca", "MyData 沙箱根憑證", &*random)?;
        let ca_pem = authority.pem().to_owned();
        let trust = Trust::new(ca_pem.as_bytes(), Arc::new(NoRevocationCheck))?;
        let around = |key: &str| {
            // What an earlier run was about to open is of no use any more.
            let _ = std::fs::remove_dir_all(folder.path().join("sp").join(key));
            let place = folder.folder(&format!("sp/{key}")).map_err(data)?;
            let party = if key == "bank" { "bank" } else { "lab" };
            Ok::<_, SandboxError>(Surroundings {
                api: api.clone(),
                http: client(party)?,
                trust: trust.clone(),
                folder: place,
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
            })
        };
        let bank = Sp::new(bank_facts(&addresses), around("bank")?);
        let lab = Lab::new(&addresses.lab, platform, around)?;
        let registered =
            |key: &str| encrypted.and_then(|e| e.shown(key)).map(|shown| shown.registered.clone());
        let registry = registry::toml(&addresses, bank.facts(), &lab, &registered);
        let mailbox = Mailbox::new(Arc::clone(&clock));
        let dp_calls = Recorder::new(Arc::clone(&clock));
        let holds = Holds::default();
        let idp = idp::Provider::new(
            addresses.idp.clone(),
            platform.clone(),
            &pki,
            Arc::clone(&clock),
            Arc::clone(&random),
        )?;
        let idp_client = idp.client().clone();

        let mut serving = Serving::new();
        let mut issued = Vec::new();
        let signer =
            |dataset: Dataset| authority.signer(dataset.path().trim_start_matches('/'), dataset.issuer());
        let dps = [
            (Dataset::Household, taken.household, Dataset::Kin),
            (Dataset::Kin, taken.kin, Dataset::Property),
            (Dataset::Property, taken.property, Dataset::Household),
        ];
        for (dataset, port, other) in dps {
            let stranger = signer(other)?.key;
            let identity = signer(dataset)?;
            issued.push((identity.clone(), false));
            let provider = Provider::new(dataset, identity, stranger, holds.clone(), Arc::clone(&random))?;
            let key = dataset.key();
            let check = TokenCheck::with_client(api.clone(), dataset.id(), dataset.secret(), client(key)?);
            let router = platform_only(provider.router(check), &[]);
            serving.add(port, dp_calls.watch(router), listening(key)?);
        }
        if let Some(port) = taken.faults {
            let place = folder.folder("faults").map_err(data)?;
            let faulty = FaultyDp::new(&authority, &pki, place, &api, &client("lab")?, Arc::clone(&random))?;
            issued.extend(faulty.issued());
            let router = platform_only(faulty.router(), &[]);
            serving.add(port, dp_calls.watch(router), listening("faults")?);
        }
        let reader =
            card::Reader::new(&authority, pki.clone(), platform.clone(), Arc::clone(&random))?.router();
        let idp = idp.router().merge(reader).merge(verify::router());
        serving.add(taken.idp, platform_only(idp, &["/token", verify::PATH]), listening("idp")?);
        let counter = Bank::new(bank.clone(), platform.clone(), Arc::clone(&random)).router();
        let notified = bank.facts().notification_path.clone();
        serving.add(taken.bank, platform_only(counter, &[notified.as_str()]), listening("bank")?);
        let paths = lab.notification_paths();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        serving.add(taken.lab, platform_only(lab.router(), &paths), listening("lab")?);
        let letters = platform_only(mailbox.router(), &["/messages"]);
        serving.add(taken.mailbox, letters, listening("mailbox")?);
        let publisher = pki::Publisher::new(&authority, &issued, Arc::clone(&clock))?;
        let revocation = publisher.at(&addresses.portal);
        let portal = portal::router(addresses.clone()).merge(publisher.router());
        let mut portal = portal.merge(authenticator::router(Arc::clone(&clock)));
        let mut tls_revocation = None;
        if let Some(encrypted) = encrypted {
            let (at, list) = pki::of_tls(&encrypted.authority, &addresses.portal, Arc::clone(&clock))?;
            tls_revocation = Some(at);
            portal = portal.merge(list);
        }
        serving.add(taken.portal, portal, listening("portal")?);
        Ok(Self {
            serving,
            registry,
            idp: idp_client,
            ca_pem,
            ca_file: pki.path().join("ca.pem"),
            tls: encrypted.map(|e| e.authority.platform()).transpose().map_err(TlsError::from)?,
            revocation,
            tls_revocation,
            trust,
            bank,
            lab,
            mailbox,
            dp_calls,
            holds,
            http,
            random,
            addresses,
        })
    }

    /// The registry text with which the platform comes to know the parties.
    pub fn registry_toml(&self) -> &str {
        &self.registry
    }

    /// The identity provider, as the platform is configured with it.
    pub fn idp(&self) -> &idp::Client {
        &self.idp
    }

    /// The root that the DPs' certificates come from, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file it lies in.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// What the platform is configured with, where everybody speaks TLS.
    pub fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }

    /// Where it is told which certificates of that root are revoked.
    pub fn revocation(&self) -> &pki::RevocationAt {
        &self.revocation
    }

    /// The same of the authority for TLS, where everybody speaks it.
    pub fn tls_revocation(&self) -> Option<&pki::RevocationAt> {
        self.tls_revocation.as_ref()
    }

    /// The same root, as the SPs of the sandbox trust it.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Where everybody is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The people.
    pub fn personas(&self) -> &'static [personas::Persona] {
        personas::all()
    }

    /// The bank behind its pages: cases and notifications.
    pub fn bank(&self) -> &Sp {
        &self.bank
    }

    /// The laboratory's services.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The mailbox.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Every call that reached a DP, the faulty one included.
    pub fn dp_calls(&self) -> &Recorder {
        &self.dp_calls
    }

    /// Keeps the provider that is slow about this person slow while the answer lives.
    #[must_use]
    pub fn hold(&self, persona: &'static personas::Persona) -> Hold {
        self.holds.hold(persona)
    }

    /// Randomness, as configured.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Lets open requests end, then stops every program.
    pub async fn stop(mut self) {
        self.serving.stop().await;
    }
}

fn bank_facts(at: &Addresses) -> Facts {
    let constant = "the constants have the form of their kind";
    Facts {
        key: "bank",
        service: Service {
            platform: at.platform.clone(),
            client_id: "CLI.qqOjnjO4WR".parse().expect(constant),
            client_secret: "demoBankSecret16".parse().expect(constant),
            cbc_iv: "demoBankCbcIv016".parse().expect(constant),
        },
        api_key: "demo-bank-x-api-key".to_owned(),
        datasets: Dataset::ALL.map(Dataset::id).to_vec(),
        return_url: format!("{}return", at.bank),
        notification_path: "/mydata-sp/notification".to_owned(),
    }
}
