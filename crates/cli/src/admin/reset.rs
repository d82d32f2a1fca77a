//! `mydata admin reset`.

use anyhow::bail;
use mydata_domain::account::AccountState;
use mydata_domain::audit::What;
use mydata_server::backoffice::account_mail::make_link;
use mydata_store::repo::accounts::Purpose;
use mydata_store::repo::factors::{self, FactorKind};
use mydata_store::repo::sessions;
use mydata_wire::SystemRandom;
use serde_json::json;

use super::{Office, One};

/// Flags of `mydata admin reset`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    one: One,
    /// Takes the second factors away, too, for somebody who lost them; staff add one at the next sign-in.
    #[arg(long)]
    factors: bool,
}

/// Makes the link.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let office = &Office::open(&args.one.flags).await?;
    let name = &args.one.account;
    let link = office
        .change("account-reset", |tx| async move {
            let account = office.account(&tx, name).await?;
            let purpose = match account.state {
                AccountState::Invited => Purpose::Invitation,
                AccountState::Refused | AccountState::Closed => {
                    bail!("{name} is {}; nobody can sign in to it", account.state.as_str())
                }
                _ => Purpose::Reset,
            };
            let crypter = &office.store.crypter;
            let link = make_link(&tx, crypter, &SystemRandom, account.id, purpose, office.now).await?;
            sessions::end_all(&tx, account.id, None).await?;
            if args.factors {
                for kind in [FactorKind::Totp, FactorKind::Passkey, FactorKind::Recovery] {
                    factors::remove_kind(&tx, account.id, kind).await?;
                }
                office.note(&tx, What::FactorRemoved, account.id, json!({ "factors": "all" })).await?;
            }
            office.note(&tx, What::PasswordLinkMade, account.id, json!({})).await?;
            Ok(link)
        })
        .await?;
    office.print_link(&link, name)
}
