//! `mydata admin list`.

use mydata_domain::account::{Account, Role};
use mydata_domain::organisation::OrganisationId;
use mydata_store::repo::accounts;
use serde::Serialize;

use super::Office;
use crate::output;
use crate::settings::Flags;

/// Most accounts that are listed.
const MOST: u32 = 10_000;

/// Flags of `mydata admin list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Of this role only.
    #[arg(long)]
    role: Option<Role>,
    /// For programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    account: String,
    role: &'static str,
    organisation: Option<String>,
    state: &'static str,
    locked: bool,
    signed_in_at: Option<String>,
}

impl From<&Account> for Line {
    fn from(account: &Account) -> Self {
        Self {
            account: account.name.to_string(),
            role: account.role.as_str(),
            organisation: account.organisation.as_ref().map(OrganisationId::to_string),
            state: account.state.as_str(),
            locked: account.locked_at.is_some(),
            signed_in_at: account.signed_in_at.map(|at| at.to_timestamp().to_string()),
        }
    }
}

/// Lists the accounts.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let office = Office::open(&args.flags).await?;
    let all = accounts::list(&office.store.db, &office.store.crypter, MOST + 1).await;
    office.store.close().await;
    let all = all?;
    let more = all.len() > MOST as usize;
    let lines: Vec<Line> = all
        .iter()
        .take(MOST as usize)
        .filter(|account| args.role.is_none_or(|role| account.role == role))
        .map(Line::from)
        .collect();
    if args.json {
        output::print_json(&lines)?;
    } else {
        let mut text = String::new();
        for line in &lines {
            let state = if line.locked { "locked" } else { line.state };
            let organisation = line.organisation.as_deref().unwrap_or("-");
            let last = line.signed_in_at.as_deref().unwrap_or("never");
            text +=
                &format!("{:<40} {:<13} {:<10} {last:<20} {organisation}\n", line.account, line.role, state);
        }
        output::print(&text)?;
    }
    if more {
        eprintln!("there are more than {MOST} accounts; the first ones by name are shown");
    }
    Ok(())
}
