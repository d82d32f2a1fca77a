//! `mydata admin role`.

use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::organisation::OrganisationId;
use mydata_store::repo::{accounts, sessions};
use serde_json::json;

use super::{Office, One, check_place};

/// Flags of `mydata admin role`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    one: One,
    /// applicant, deputy, operator, authority, ministry, administrator or auditor.
    role: Role,
    /// The organisation it acts for from now on: of an applicant, a deputy and a competent authority.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
}

/// Changes the role.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let office = &Office::open(&args.one.flags).await?;
    let name = &args.one.account;
    office
        .change("account-role", |tx| async move {
            let mut account = office.account(&tx, name).await?;
            check_place(&tx, args.role, args.organisation.as_ref()).await?;
            let detail = json!({ "role": args.role.as_str(), "before": account.role.as_str() });
            account.role = args.role;
            account.organisation = args.organisation.clone();
            accounts::update(&tx, &office.store.crypter, &account, office.now).await?;
            sessions::end_all(&tx, account.id, None).await?;
            office.note(&tx, What::AccountChanged, account.id, detail).await
        })
        .await?;
    eprintln!("{name} is now {}", args.role);
    Ok(())
}
