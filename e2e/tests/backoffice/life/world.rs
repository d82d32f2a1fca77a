//! A platform in this process, on real sockets, under a clock that the test moves; the sandbox's parties around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::calendar::{Date, midnight};
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_domain::{Clock, Time};
use mydata_sandbox::production::Production;
use mydata_sandbox::{Sandbox, SandboxConfig};
use mydata_server::backoffice::factor::Content;
use mydata_server::{Config, Platform};
use mydata_store::jobs::Full;
use mydata_store::repo::factors::{self, FactorKind, NewFactor};
use mydata_store::repo::{accounts, registry};
use mydata_wire::{SystemRandom, b64};
use serde_json::json;
use tempfile::TempDir;

/// Everybody's password.
pub const PASSWORD: &str = "a sentence of the life tests";
/// The authenticator of everybody on the operating side, in Base32.
pub const AUTHENTICATOR: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const AUTHENTICATOR_KEY: &[u8] = b"12345678901234567890";
/// 目的事業主管機關.
pub const AUTHORITY: &str = "demo-commission";

/// A clock that the test moves.
#[derive(Debug)]
struct Held(AtomicI64);

impl Clock for Held {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// The platform and what is around it.
pub struct World {
    pub platform: Platform,
    pub sandbox: Sandbox,
    pub production: Production,
    pub base: String,
    clock: Arc<Held>,
    folder: TempDir,
}

impl World {
    /// Noon of a day in Taipei.
    pub async fn begin(day: Date) -> Self {
        let noon = midnight(day).plus(Duration::from_secs(12 * 3600));
        let clock = Arc::new(Held(AtomicI64::new(noon.0)));
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: url::Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let mut parties = SandboxConfig::new(base.clone(), folder.path().join("sandbox"));
        let told = Arc::clone(&clock);
        parties.clock = Arc::new(move || told.now().to_system());
        let sandbox = Sandbox::start(parties).await.unwrap();
        let told = Arc::clone(&clock);
        let real = Arc::new(move || told.now().to_system());
        let production = Production::start(&sandbox, real).await.unwrap();
        let provider = sandbox.idp();
        let config: Config = serde_json::from_value(json!({
            "listen": listener.local_addr().unwrap(),
            "base_url": base,
            "data_dir": folder.path().join("data"),
            "sandbox": true,
            "mail": { "mailbox": sandbox.addresses().mailbox },
            "trust": { "roots": [sandbox.ca_file()] },
            "identity": { "oidc": [{
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
                "methods": provider.methods,
            }] },
            // Polls are not what these lives are about, and a year has many.
            "health": { "poll_every": 86_400 },
            // The minute of a held clock does not end by itself.
            "limits": { "pages_per_minute": 100_000, "partner_per_minute": 100_000 },
        }))
        .unwrap();
        let platform = Platform::start_on(
            listener,
            config,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(SystemRandom),
        )
        .await
        .unwrap();
        let base = base.as_str().trim_end_matches('/').to_owned();
        let world = Self { platform, sandbox, production, base, clock, folder };
        world.furnish().await;
        world
    }

    /// What the sandbox registers, its datasets in production as well; the reviewers and their accounts.
    async fn furnish(&self) {
        let mut document: Registry = toml::from_str(self.sandbox.registry_toml()).unwrap();
        document.organisations.push(Organisation {
            id: AUTHORITY.parse().unwrap(),
            name: "示範金融監督管理委員會".to_owned(),
            name_en: "Demo Financial Supervisory Commission".to_owned(),
            short_name: None,
            kind: OrganisationKind::Agency,
        });
        for (number, live) in self.production.live().iter().enumerate() {
            let test = live.dataset.id();
            let mut entry = document.datasets.iter().find(|d| d.dataset.resource_id == test).unwrap().clone();
            entry.dataset.name = format!("正式區資料 {number}");
            entry.dataset.name_en = format!("Production data {number}");
            entry.dataset.resource_id = live.id.clone();
            entry.dataset.zone = mydata_domain::Zone::Production;
            entry.dataset.dp_api = live.dp_api.clone();
            entry.resource_secret = live.secret.clone();
            document.datasets.push(entry);
        }
        let (store, now, document) = (&self.platform.app.store, self.now(), &document);
        let apply = async |tx| registry::apply(&tx, &store.crypter, document, now).await;
        store.db.run_tx("test", apply).await.unwrap();
        for (name, role, organisation) in [
            ("operator", Role::Operator, None),
            ("ministry", Role::Ministry, None),
            ("authority", Role::Authority, Some(AUTHORITY)),
        ] {
            self.account(name, role, organisation).await;
        }
    }

    /// An account that can be used at once.
    pub async fn account(&self, name: &str, role: Role, organisation: Option<&str>) {
        let app = &self.platform.app;
        let account = &Account {
            id: AccountId::generate(&SystemRandom),
            name: name.parse().unwrap(),
            role,
            organisation: organisation.map(|id| id.parse().unwrap()),
            state: AccountState::Active,
            locked_at: None,
            holder: Holder {
                name: "陳示範".to_owned(),
                mail: format!("{name}@mydata.example"),
                ..Holder::default()
            },
            created_at: self.now(),
            signed_in_at: None,
        };
        let hash = &app.passwords.hash(PASSWORD, &SystemRandom).await;
        let content = Content {
            name: "示範驗證器".to_owned(),
            key: b64::url_safe(AUTHENTICATOR_KEY),
            credential: String::new(),
        };
        let (content, id, now) = (&content.to_bytes(), &format!("factor-{name}"), self.now());
        let crypter = &app.store.crypter;
        let add = async |tx| {
            accounts::insert(&tx, crypter, account).await?;
            accounts::set_password(&tx, account.id, hash, now).await?;
            if role.is_staff() {
                let kind = FactorKind::Totp;
                let new = NewFactor { id, account: account.id, kind, lookup: None, counter: 0, content };
                factors::add(&tx, crypter, &new, now).await?;
            }
            Ok(())
        };
        app.store.db.run_tx("test", add).await.unwrap();
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Moves the clock on.
    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// To noon of a day of Taipei; what is due on the way is done at its moment.
    pub async fn until_noon(&self, day: Date) {
        self.until(midnight(day).plus(Duration::from_secs(12 * 3600))).await;
    }

    /// To a moment.
    pub async fn until(&self, to: Time) {
        let jobs = &self.platform.app.store.jobs;
        for _ in 0..3_000 {
            match jobs.next_run_at(&Full::default()).await.unwrap() {
                Some(due) if due <= self.now() => tokio::time::sleep(Duration::from_millis(20)).await,
                Some(due) if due <= to => self.clock.0.store(due.0, Ordering::SeqCst),
                _ => {
                    self.clock.0.store(to.0, Ordering::SeqCst);
                    return;
                }
            }
        }
        panic!("jobs are not worked on");
    }

    /// A mail to this address with these words in subject or text, once it has come.
    pub async fn mail(&self, to: &str, words: &str) -> String {
        for _ in 0..200 {
            let messages = self.sandbox.mailbox().messages();
            let found =
                messages.iter().find(|m| m.to == to && (m.subject.contains(words) || m.body.contains(words)));
            if let Some(message) = found {
                return message.body.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let came = self.sandbox.mailbox().messages();
        let came: Vec<_> = came.into_iter().map(|m| (m.to, m.subject)).collect();
        panic!("no mail about {words:?} came to {to}: {came:?}");
    }

    /// A file on this machine, to be uploaded.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}
