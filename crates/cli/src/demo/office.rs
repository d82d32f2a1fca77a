//! The back office of the demo: an organisation in each stage of the life of an item, and an account for each role. Everything
//! is done through the platform's own steps, under a clock that is moved along, so it looks as if it had happened.

mod forms;
mod life;
mod texts;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Context as _;
use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::item::Kind;
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_domain::{Clock, Time};
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::{Addresses, authenticator};
use mydata_server::backoffice::factor::Content;
use mydata_server::backoffice::flow::{By, health};
use mydata_server::{App, platform};
use mydata_store::repo::factors::{self, FactorKind, NewFactor};
use mydata_store::repo::list::Scope;
use mydata_store::repo::{accounts, items, registry};
use mydata_wire::random::alphanumeric;
use mydata_wire::{SystemRandom, b64};

/// Everybody's password.
const PASSWORD: &str = "a country in a box";
/// The competent authority.
const AUTHORITY: &str = "demo-commission";

/// Who may sign in with which role.
struct Person {
    account: &'static str,
    role: Role,
    organisation: Option<&'static str>,
    name: &'static str,
    what: &'static str,
}

const PEOPLE: [Person; 8] = [
    person("operator", Role::Operator, None, "林示範", "維運團隊"),
    person("operator2", Role::Operator, None, "黃示範", "維運團隊"),
    person("ministry", Role::Ministry, None, "陳示範", "數位發展部"),
    person("authority", Role::Authority, Some(AUTHORITY), "張示範", "目的事業主管機關"),
    person("administrator", Role::Administrator, None, "李示範", "系統管理者"),
    person("auditor", Role::Auditor, None, "王示範", "稽核"),
    person("applicant", Role::Applicant, Some("demo-bank"), "吳示範", "示範銀行 申請人"),
    person("deputy", Role::Deputy, Some("demo-bank"), "劉示範", "示範銀行 副帳號"),
];

const fn person(
    account: &'static str,
    role: Role,
    organisation: Option<&'static str>,
    name: &'static str,
    what: &'static str,
) -> Person {
    Person { account, role, organisation, name, what }
}

/// A clock that is moved along.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// The platform's steps under a clock of their own.
struct Office {
    app: App,
    clock: Arc<Moved>,
    /// The real moment, which nothing goes beyond.
    today: Time,
    /// Of [`PASSWORD`], once for all: it takes a while.
    hash: String,
}

/// Furnishes the back office at the first start; later everything is where it was left. Nobody else may do the platform's jobs
/// meanwhile: here they are done under a clock of their own.
pub async fn furnish(platform: &App) -> anyhow::Result<()> {
    let today = platform.now();
    let clock = Arc::new(Moved(AtomicI64::new(today.0)));
    let (config, store) = (platform.config.clone(), platform.store.clone());
    let app =
        platform::assemble(config, store, Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SystemRandom))?;
    let known = accounts::list(&app.store.db, &app.store.crypter, 1_000).await?;
    let there = |name: &str| known.iter().any(|account| account.name.as_str() == name);
    // The last one that is made.
    if there(life::LAST) {
        return Ok(());
    }
    if there(PEOPLE[0].account) {
        // Everything else works; what was begun cannot be told from what somebody did since.
        eprintln!(
            "mydata: the first start was interrupted, so some organisations of the back office are missing;"
        );
        eprintln!("mydata: remove the demo's folder to have all of them");
        return Ok(());
    }
    let hash = app.passwords.hash(PASSWORD, &*app.random).await;
    let office = Office { app, clock, today, hash };
    office.authority().await?;
    for person in &PEOPLE {
        office.person(person).await.with_context(|| format!("account {}", person.account))?;
    }
    texts::all(&office).await?;
    life::all(&office).await?;
    office.poll().await
}

/// Tells who may sign in, and how.
pub fn introduce(at: &Addresses) {
    println!("  Back office  {}mydata-backend", at.platform);
    println!("    password of every account: {PASSWORD}");
    println!("    staff also need a code of {}{}", at.portal, authenticator::PATH.trim_start_matches('/'));
    for person in &PEOPLE {
        println!("    {:<14} {}", person.account, person.what);
    }
    println!("    One organisation in each stage; the account is called as the stage is:");
    for (account, organisation, stage) in life::listed() {
        println!("    {account:<26} {organisation}  {stage}");
    }
}

impl Office {
    fn set(&self, at: Time) {
        self.clock.0.store(at.min(self.today).0, Ordering::SeqCst);
    }

    /// The competent authority.
    async fn authority(&self) -> anyhow::Result<()> {
        let mut document = Registry::default();
        document.organisations.push(Organisation {
            id: AUTHORITY.parse().map_err(anyhow::Error::msg)?,
            name: "示範金融監督管理委員會".to_owned(),
            name_en: "Demo Financial Supervisory Commission".to_owned(),
            short_name: None,
            kind: OrganisationKind::Agency,
        });
        let (crypter, now, document) = (&self.app.store.crypter, self.today, &document);
        let apply = async |tx| registry::apply(&tx, crypter, document, now).await;
        self.app.store.db.run_tx("demo-registry", apply).await?;
        Ok(())
    }

    /// An account that can be used at once.
    async fn person(&self, person: &Person) -> anyhow::Result<()> {
        let account = &Account {
            id: AccountId::generate(&SystemRandom),
            name: person.account.parse()?,
            role: person.role,
            organisation: person.organisation.map(str::parse).transpose().map_err(anyhow::Error::msg)?,
            state: AccountState::Active,
            locked_at: None,
            holder: Holder {
                name: person.name.to_owned(),
                mail: format!("{}@demo.example", person.account),
                phone: "02-0000-0000".to_owned(),
                gov_account: None,
            },
            created_at: self.today,
            signed_in_at: None,
        };
        let factor = person.role.is_staff();
        let content = Content {
            name: "示範驗證器".to_owned(),
            key: b64::url_safe(authenticator::SECRET),
            credential: String::new(),
        };
        let (content, id) = (&content.to_bytes(), &alphanumeric(&SystemRandom, 22));
        let (crypter, now) = (&self.app.store.crypter, self.today);
        self.app
            .store
            .db
            .run_tx("demo-account", |tx| async move {
                accounts::insert(&tx, crypter, account).await?;
                accounts::set_password(&tx, account.id, &self.hash, now).await?;
                if factor {
                    let kind = FactorKind::Totp;
                    let new = NewFactor { id, account: account.id, kind, lookup: None, counter: 0, content };
                    factors::add(&tx, crypter, &new, now).await?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Polls the sandbox's data providers; last of all, so that no poll is made under the moved clock.
    async fn poll(&self) -> anyhow::Result<()> {
        let operator = By::account(&self.account("operator").await?, None);
        for dataset in Dataset::ALL {
            let id = dataset.id();
            let db = &self.app.store.db;
            let item = items::of_record(db, &Scope::All, Kind::Dataset, id.as_str()).await?;
            let item = item.with_context(|| format!("{id} is no item"))?;
            health::switch(&self.app, &operator, item.id, true).await?;
        }
        Ok(())
    }

    async fn account(&self, name: &str) -> anyhow::Result<Account> {
        let (crypter, name) = (&self.app.store.crypter, &name.parse()?);
        let found =
            self.app.store.db.run_tx("demo-look", async |tx| accounts::by_name(&tx, crypter, name).await);
        found.await?.with_context(|| format!("there is no account {name}"))
    }

    /// Lets an invited account be used, as its link would.
    async fn let_in(&self, account: &Account) -> anyhow::Result<Account> {
        let mut account = account.clone();
        account.state = AccountState::Active;
        let (crypter, now, changed) = (&self.app.store.crypter, self.clock.now(), &account);
        self.app
            .store
            .db
            .run_tx("demo-let-in", |tx| async move {
                accounts::set_password(&tx, changed.id, &self.hash, now).await?;
                accounts::update(&tx, crypter, changed, now).await
            })
            .await?;
        Ok(account)
    }
}
