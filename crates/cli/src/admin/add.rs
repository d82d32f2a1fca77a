//! `mydata admin add`.

use anyhow::{Context as _, bail};
use mydata_domain::account::{Account, AccountId, AccountName, AccountState, Holder, Role};
use mydata_domain::audit::What;
use mydata_domain::forms::reader::mail;
use mydata_domain::organisation::OrganisationId;
use mydata_domain::text;
use mydata_server::backoffice::account_mail::make_link;
use mydata_store::repo::accounts::{self, Purpose};
use mydata_wire::SystemRandom;
use serde_json::json;

use super::{Office, check_place};
use crate::Usage;
use crate::settings::Flags;

/// Longest name and phone number.
const MAX_CHARS: usize = 60;

/// Flags of `mydata admin add`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// applicant, deputy, operator, authority, ministry, administrator or auditor.
    #[arg(long)]
    role: Role,
    /// What is typed at sign-in: 3 to 40 of `a-z 0-9 . _ -`, beginning with a letter.
    #[arg(long, value_name = "NAME")]
    account: AccountName,
    /// The organisation it acts for: of an applicant, a deputy and a competent authority.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    /// The holder's name. Without it the account's.
    #[arg(long)]
    name: Option<String>,
    /// The holder's mail address, for links and notices.
    #[arg(long)]
    mail: String,
    /// The holder's phone number.
    #[arg(long)]
    phone: Option<String>,
}

fn holder(args: &Args) -> anyhow::Result<Holder> {
    let line = |flag: &str, given: &str| {
        text::line(given, MAX_CHARS).map_err(|reason| Usage(format!("{flag}: {reason}")))
    };
    Ok(Holder {
        name: line("--name", args.name.as_deref().unwrap_or(args.account.as_str()))?,
        mail: mail(&args.mail).ok_or_else(|| Usage("--mail: it is no mail address".to_owned()))?,
        phone: args.phone.as_deref().map(|phone| line("--phone", phone)).transpose()?.unwrap_or_default(),
        gov_account: None,
    })
}

/// Opens the account.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let holder = holder(args)?;
    let office = Office::open(&args.flags).await?;
    let account = Account {
        id: AccountId::generate(&SystemRandom),
        name: args.account.clone(),
        role: args.role,
        organisation: args.organisation.clone(),
        state: AccountState::Invited,
        locked_at: None,
        holder,
        created_at: office.now,
        signed_in_at: None,
    };
    let (office, account) = (&office, &account);
    let crypter = &office.store.crypter;
    let link = office
        .change("account-add", |tx| async move {
            check_place(&tx, account.role, account.organisation.as_ref()).await?;
            if accounts::by_name(&tx, crypter, &account.name).await?.is_some() {
                bail!("there is an account {} already", account.name);
            }
            accounts::insert(&tx, crypter, account).await?;
            let purpose = Purpose::Invitation;
            let link = make_link(&tx, crypter, &SystemRandom, account.id, purpose, office.now).await?;
            office
                .note(&tx, What::AccountAdded, account.id, json!({ "role": account.role.as_str() }))
                .await?;
            Ok(link)
        })
        .await
        .context("no account was opened")?;
    office.print_link(&link, &account.name)
}
