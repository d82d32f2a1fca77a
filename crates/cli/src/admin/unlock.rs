//! `mydata admin unlock`.

use mydata_domain::audit::What;
use mydata_store::repo::accounts;
use mydata_store::repo::sign_ins::{self, Subject};
use serde_json::json;

use super::{Office, One};

/// Unlocks the account, and opens the door that failures closed. One that failures of an address closed stays closed.
pub async fn run(one: &One) -> anyhow::Result<()> {
    let office = &Office::open(&one.flags).await?;
    office
        .change("account-unlock", |tx| async move {
            let mut account = office.account(&tx, &one.account).await?;
            let forgiven = [Subject::Name(account.name.as_str()), Subject::Account(account.id)];
            sign_ins::forgive(&tx, &office.store.crypter, &forgiven).await?;
            account.locked_at = None;
            accounts::update(&tx, &office.store.crypter, &account, office.now).await?;
            office.note(&tx, What::AccountChanged, account.id, json!({ "locked": false })).await
        })
        .await?;
    eprintln!(
        "{} may sign in again; if failures closed its holder's address as well, that opens by itself within 15 minutes",
        one.account
    );
    Ok(())
}
