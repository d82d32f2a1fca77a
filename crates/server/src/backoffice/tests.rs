//! The back office through its door: requests to the router, answers as a browser gets them.

mod account;
mod account_mail;
mod flow;
mod forms;
mod health;
mod items;
mod opening;
mod organisation;
mod pages;
mod settings;
mod sign_up;
mod statistics;
mod system;
mod walk;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use mydata_domain::account::session::{Moments, Stage};
use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_domain::{Clock, Time, Zone};
use mydata_seal::trust::{NoRevocationCheck, Trust};
use mydata_store::Engine;
use mydata_store::jobs::Full;
use mydata_store::repo::list::List;
use mydata_store::repo::sessions::{Device, NewSession};
use mydata_store::repo::{accounts, mails, registry, sessions};
use mydata_store::testing::{START, TestStore};
use mydata_wire::random::alphanumeric;
use mydata_wire::{Random as _, SystemRandom, b64};
use tower::ServiceExt as _;

use super::ROOT;
use crate::app::{App, Parts};
use crate::config::Config;
use crate::identity::Methods;
use crate::jobs::Job;
use crate::outbound::Outbound;
use crate::revocation::Revocations;

/// A good password for everybody.
pub(crate) const PASSWORD: &str = "a sentence of the tests";

/// A clock that the test moves.
pub(crate) struct Held(AtomicI64);

impl Clock for Held {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// A platform with an empty store.
pub(crate) struct Office {
    pub(crate) app: App,
    clock: Arc<Held>,
    store: TestStore,
    root: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::open_on(Engine::Sqlite).await
    }

    pub(crate) async fn open_on(engine: Engine) -> Self {
        Self::open_with(engine, |_| ()).await
    }

    /// With other settings.
    pub(crate) async fn open_with(engine: Engine, set: impl FnOnce(&mut Config)) -> Self {
        let store = TestStore::fresh(engine).await;
        let clock = Arc::new(Held(AtomicI64::new(START.0)));
        let mut config = Config {
            sandbox: true,
            base_url: Some("https://mydata.example/".parse().unwrap()),
            ..Config::default()
        };
        set(&mut config);
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["root.example".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let root = params.self_signed(&key).unwrap().pem();
        let outbound = Outbound::new(&config.policy, true).unwrap();
        let edge = crate::edge::Edge::read(&config).unwrap();
        let methods = Methods::new(&config, &outbound).unwrap();
        let random: Arc<dyn mydata_wire::Random> = Arc::new(SystemRandom);
        let app = App::new(Parts {
            edge,
            trust: Trust::new(root.as_bytes(), Arc::new(NoRevocationCheck)).unwrap(),
            revocations: match config.trust.revocation {
                None => Revocations::default(),
                Some(_) => crate::platform::revocations_in(&config, &outbound, &random, None),
            },
            outbound,
            config,
            store: store.store(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
            methods,
        });
        let office = Self { app, clock, store, root: rcgen::Issuer::new(params, key) };
        office.organisations().await;
        office
    }

    async fn organisations(&self) {
        let organisation = |id: &str, name: &str| Organisation {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            name_en: id.to_owned(),
            short_name: None,
            kind: OrganisationKind::Agency,
        };
        let document = &Registry {
            organisations: vec![organisation("library", "示範圖書館"), organisation("museum", "示範博物館")],
            ..Registry::default()
        };
        let crypter = &self.app.store.crypter;
        self.app
            .store
            .db
            .run_tx("test", |tx| async move { registry::apply(&tx, crypter, document, START).await })
            .await
            .unwrap();
    }

    /// A certificate for signing packages, of a root that the platform trusts, valid up to the beginning of this day in UTC.
    pub(crate) fn certificate(&self, until: mydata_domain::calendar::Date) -> String {
        static KEY: LazyLock<rcgen::KeyPair> =
            LazyLock::new(|| rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap());
        let mut params = rcgen::CertificateParams::new(vec!["dp.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        let (month, day) = (until.month().unsigned_abs(), until.day().unsigned_abs());
        params.not_after = rcgen::date_time_ymd(until.year().into(), month, day);
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.signed_by(&*KEY, &self.root).unwrap().pem()
    }

    /// Works on every job that is due, one after the other.
    pub(crate) async fn work(&self) {
        let lease = Duration::from_secs(60);
        loop {
            let claimed = self.app.store.jobs.claim(50, &Full::default(), self.now(), lease).await.unwrap();
            if claimed.is_empty() {
                return;
            }
            for leased in claimed {
                let job = Job::read(&leased).expect("a job of this version");
                crate::flow::work(&self.app, &job, &leased).await.unwrap();
            }
        }
    }

    /// The outbox, oldest first.
    pub(crate) async fn outbox(&self) -> Vec<mails::Kept> {
        let list = List { descending: false, size: 100, ..List::default() };
        mails::list(&self.app.store.db, &self.app.store.crypter, &list).await.unwrap().rows
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// An active account with [`PASSWORD`].
    pub(crate) async fn account(&self, name: &str, role: Role, organisation: Option<&str>) -> Account {
        let account = Account {
            id: AccountId::generate(&SystemRandom),
            name: name.parse().unwrap(),
            role,
            organisation: organisation.map(|id| id.parse().unwrap()),
            state: AccountState::Active,
            locked_at: None,
            holder: Holder {
                name: "陳示華".to_owned(),
                mail: format!("{name}@library.example"),
                ..Holder::default()
            },
            created_at: self.now(),
            signed_in_at: None,
        };
        let hash = &self.app.passwords.hash(PASSWORD, &SystemRandom).await;
        let (new, crypter, now) = (&account, &self.app.store.crypter, self.now());
        self.app
            .store
            .db
            .run_tx("test", |tx| async move {
                accounts::insert(&tx, crypter, new).await?;
                accounts::set_password(&tx, new.id, hash, now).await
            })
            .await
            .unwrap();
        account
    }

    /// Changes an account behind its holder's back.
    async fn change(&self, id: AccountId, change: impl Fn(&mut Account) + Send + Sync) {
        let (crypter, now, change) = (&self.app.store.crypter, self.now(), &change);
        self.app
            .store
            .db
            .run_tx("test", |tx| async move {
                let mut account = accounts::load_in(&tx, crypter, id).await?.unwrap();
                change(&mut account);
                accounts::update(&tx, crypter, &account, now).await
            })
            .await
            .unwrap();
    }

    /// A session that did not go through the door; gives the browser and the session's handle.
    pub(crate) async fn session(
        &self,
        account: AccountId,
        stage: Stage,
        proved: Time,
    ) -> (Browser<'_>, String) {
        let mut secret = [0u8; 32];
        SystemRandom.fill(&mut secret);
        let (secret, handle) = (b64::url_safe(&secret), alphanumeric(&SystemRandom, 16));
        let now = self.now();
        let new = &NewSession {
            secret: &secret,
            handle: &handle,
            account,
            stage,
            zone: Zone::Test,
            moments: Moments { began: now, seen: now, proved },
            device: Device { address: "192.0.2.1".to_owned(), browser: "Firefox/1 Linux".to_owned() },
        };
        let crypter = &self.app.store.crypter;
        let begin = |tx| async move { sessions::begin(&tx, crypter, new).await };
        self.app.store.db.run_tx("test", begin).await.unwrap();
        let mut browser = self.browser();
        browser.cookie = Some(format!("__Host-mydata_backend={secret}"));
        browser.token = crypter.index("backoffice form", &secret);
        (browser, handle)
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            office: self,
            cookie: None,
            exchange: None,
            token: String::new(),
            address: "192.0.2.1:1000".parse().unwrap(),
            origin: None,
        }
    }

    pub(crate) async fn close(self) {
        self.store.remove().await;
    }
}

/// A browser with a cookie jar for one session and one exchange, that remembers the token of the last page.
pub(crate) struct Browser<'o> {
    office: &'o Office,
    pub(crate) cookie: Option<String>,
    exchange: Option<String>,
    pub(crate) token: String,
    address: SocketAddr,
    origin: Option<&'static str>,
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The same, when it is no text.
    pub(crate) bytes: Bytes,
}

impl Answered {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |v| v.to_str().unwrap())
    }

    /// Fails unless the text stands on the page.
    pub(crate) fn says(&self, text: &str) {
        assert!(
            self.body.contains(text),
            "{text:?} is not said: {} {}\n{}",
            self.status,
            self.location(),
            self.body
        );
    }
}

/// Whether a cookie is an exchange's: eight hexadecimal digits name which.
fn is_exchange(name: &str) -> bool {
    let which = name.strip_prefix("__Host-mydata_").unwrap_or_default();
    which.len() == 8 && which.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answered {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let token = self.token.clone();
        self.post_with(path, fields, Some(&token)).await
    }

    async fn post_with(&mut self, path: &str, fields: &[(&str, &str)], token: Option<&str>) -> Answered {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(token.map(|token| ("form_token", token)));
        form.extend_pairs(fields);
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = self.origin {
            request = request.header("origin", origin);
        }
        self.send(request.body(Body::from(form.finish())).unwrap()).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answered {
        let cookies: Vec<&str> = self.cookie.iter().chain(&self.exchange).map(String::as_str).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let router: Router = crate::platform::router(self.office.app.clone());
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let name = pair.split('=').next().unwrap();
            assert!(pages::is_known_cookie(name), "{name} is a cookie that nobody knows");
            if pair.starts_with("__Host-mydata_backend=") {
                self.cookie = Some(pair.to_owned());
            } else if ["mydata_said", "mydata_gov"].contains(&name) || is_exchange(name) {
                self.exchange = Some(pair.to_owned());
            }
        }
        if let Some(token) = body.split("name=\"form_token\" value=\"").nth(1) {
            self.token = token.split('"').next().unwrap().to_owned();
        }
        Answered { status: parts.status, headers: parts.headers, body, bytes }
    }

    /// Types account and password.
    async fn sign_in(&mut self, name: &str, password: &str) -> Answered {
        self.get(&format!("{ROOT}/signin")).await;
        self.post(&format!("{ROOT}/signin"), &[("account", name), ("password", password)]).await
    }
}
