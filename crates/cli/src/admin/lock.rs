//! `mydata admin lock`.

use mydata_domain::audit::What;
use mydata_store::repo::{accounts, sessions};
use serde_json::json;

use super::{Office, One};

/// Locks the account.
pub async fn run(one: &One) -> anyhow::Result<()> {
    let office = &Office::open(&one.flags).await?;
    let ended = office
        .change("account-lock", |tx| async move {
            let mut account = office.account(&tx, &one.account).await?;
            let ended = sessions::end_all(&tx, account.id, None).await?;
            if account.locked_at.is_none() {
                account.locked_at = Some(office.now);
                accounts::update(&tx, &office.store.crypter, &account, office.now).await?;
                office.note(&tx, What::AccountChanged, account.id, json!({ "locked": true })).await?;
            }
            Ok(ended)
        })
        .await?;
    eprintln!("{} is locked; sessions ended: {ended}", one.account);
    Ok(())
}
