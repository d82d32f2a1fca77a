//! `mydata admin`: accounts of the back office, from the machine that it runs on. One file a command.
//!
//! Works while the platform runs. A link that sets a password is printed once, to standard output and nowhere else.

mod add;
mod list;
mod lock;
mod reset;
mod role;
mod unlock;

use anyhow::{Context as _, bail};
use mydata_domain::account::{Account, AccountId, AccountName, Role};
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::mail::Link;
use mydata_domain::organisation::OrganisationId;
use mydata_domain::time::SystemClock;
use mydata_domain::{Clock as _, Time};
use mydata_server::Config;
use mydata_server::web::{Lang, RocDateTime};
use mydata_store::repo::{accounts, audit, organisations};
use mydata_store::{Isolation, Store, Tx};
use mydata_wire::SystemRandom;
use serde_json::{Value, json};

use crate::settings::{self, Flags};
use crate::{Outcome, output};

/// Flags of `mydata admin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Opens an account and prints the link with which its holder sets a password, once, within a day.
    Add(add::Args),
    /// Lists accounts: name, role, organisation, state, last sign-in. It names no person.
    List(list::Args),
    /// Keeps an account from signing in, and ends its sessions.
    Lock(One),
    /// Lets an account sign in again, also one whose door was closed after failures.
    Unlock(One),
    /// Prints a link that sets another password, once, within ten minutes; ends the account's sessions.
    Reset(reset::Args),
    /// Gives an account another role, and ends its sessions.
    Role(role::Args),
}

/// Which account.
#[derive(Debug, clap::Args)]
struct One {
    #[command(flatten)]
    flags: Flags,
    /// What is typed at sign-in.
    account: AccountName,
}

/// Carries a command out.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Add(args) => add::run(&args).await,
        Command::List(args) => list::run(&args).await,
        Command::Lock(one) => lock::run(&one).await,
        Command::Unlock(one) => unlock::run(&one).await,
        Command::Reset(args) => reset::run(&args).await,
        Command::Role(args) => role::run(&args).await,
    }?;
    Ok(Outcome::Fine)
}

/// The store, opened beside the platform.
struct Office {
    config: Config,
    store: Store,
    now: Time,
}

impl Office {
    async fn open(flags: &Flags) -> anyhow::Result<Self> {
        let config = settings::load(flags)?;
        let store = mydata_server::platform::store_config(&config)?;
        let now = SystemClock.now();
        let store = Store::open_beside(&store, now).await.context("the accounts cannot be opened")?;
        Ok(Self { config, store, now })
    }

    /// Makes one change, all or nothing.
    async fn change<T, Fut: Future<Output = anyhow::Result<T>>>(
        &self,
        name: &'static str,
        body: impl Fn(Tx) -> Fut,
    ) -> anyhow::Result<T> {
        let changed = self.store.db.run_tx_as(Isolation::Serializable, name, body).await;
        self.store.close().await;
        changed
    }

    /// The account of this name, or an error that says so.
    async fn account(&self, tx: &Tx, name: &AccountName) -> anyhow::Result<Account> {
        let found = accounts::by_name(tx, &self.store.crypter, name).await?;
        found
            .with_context(|| format!("there is no account {name}; `mydata admin list` shows which there are"))
    }

    /// Notes what the operating side did to an account.
    async fn note(&self, tx: &Tx, what: What, id: AccountId, mut detail: Value) -> anyhow::Result<()> {
        detail["by"] = json!("command-line");
        let event = Event::new(self.now, Actor::Operator, what).by(id).with(detail);
        Ok(audit::append(tx, &SystemRandom, &[event]).await?)
    }

    /// Prints a link, which opens for whoever has it. Standard error says whom to give it to.
    fn print_link(&self, link: &Link, name: &AccountName) -> anyhow::Result<()> {
        let url = self.config.base_url().join(&link.path).context("the link is no address")?;
        output::print(&format!("{url}\n"))?;
        let until = link.until.unwrap_or(self.now).to_timestamp();
        let until = RocDateTime::new(until).date_time(Lang::En);
        eprintln!(
            "Give this link to the holder of {name}. It works once, until {until} (Taipei); it is not shown again."
        );
        Ok(())
    }
}

/// Checks that a role and an organisation fit each other, and that the organisation is registered.
async fn check_place(tx: &Tx, role: Role, organisation: Option<&OrganisationId>) -> anyhow::Result<()> {
    match (role.needs_organisation(), organisation) {
        (true, None) => bail!("the role {role} acts for an organisation: name it with --organisation"),
        (false, Some(_)) => bail!("the role {role} acts for no organisation: leave --organisation out"),
        (true, Some(id)) if !organisations::exists(tx, id).await? => {
            bail!("there is no organisation {id}; `mydata registry apply` registers one")
        }
        _ => Ok(()),
    }
}
