//! Mails about accounts: what every holder is told of their own account, and the links that set a password.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::account::lockout::WINDOW;
use mydata_domain::account::{Account, AccountId, AccountState, INVITATION_LIFE, LINK_LIFE, Role};
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::mail::{AboutAccount, Fact, Kind, Link, Mail};
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::accounts::{self, Purpose};
use mydata_store::repo::{audit, mails};
use mydata_store::{Crypter, StoreError, Tx};
use mydata_wire::{Random, b64};
use serde_json::json;

use super::password::LINK_PATH;
use crate::app::App;
use crate::mail;

/// Between two mails that set a password, so that nobody's mailbox is filled by others.
const RESET_EVERY: Duration = Duration::from_secs(2 * 60);
/// Administrators who are told.
const MAX_TOLD: u32 = 20;

/// Tells the holder of an account what became of it, in the transaction of the change.
///
/// # Errors
/// The store fails.
pub async fn tell(tx: &Tx, app: &App, kind: AboutAccount, account: &Account) -> Result<(), StoreError> {
    if account.holder.mail.is_empty() {
        return Ok(());
    }
    let mail = Mail::to(kind, &account.holder)
        .about(account.id)
        .fact(Fact::Account(account.name.to_string()))
        .fact(Fact::At(app.now()));
    mail::enqueue(tx, app, &mail).await.map(|_| ())
}

/// Makes the link that sets an account's password, in place of earlier ones.
///
/// # Errors
/// The store fails.
pub async fn make_link(
    tx: &Tx,
    crypter: &Crypter,
    random: &dyn Random,
    account: AccountId,
    purpose: Purpose,
    now: Time,
) -> Result<Link, StoreError> {
    let mut secret = [0u8; 32];
    random.fill(&mut secret);
    let secret = b64::url_safe(&secret);
    let life = match purpose {
        Purpose::Invitation => INVITATION_LIFE,
        Purpose::Reset => LINK_LIFE,
    };
    accounts::make_link(tx, crypter, account, purpose, &secret, now, life).await?;
    Ok(Link::secret(format!("{LINK_PATH}?link={secret}"), now.plus(life)))
}

/// Invites the holder of an account that the operating side opened to set its password (R65), in the transaction that
/// opens it.
///
/// # Errors
/// The store fails.
pub async fn invite(tx: &Tx, app: &App, account: &Account) -> Result<(), StoreError> {
    let link =
        make_link(tx, &app.store.crypter, &*app.random, account.id, Purpose::Invitation, app.now()).await?;
    send_link(tx, app, AboutAccount::Opened, account, link).await
}

/// Sends the holder of an account a link for a new password, in the transaction that puts it on record.
///
/// # Errors
/// The store fails.
pub async fn reset(tx: &Tx, app: &App, account: &Account) -> Result<(), StoreError> {
    let link = make_link(tx, &app.store.crypter, &*app.random, account.id, Purpose::Reset, app.now()).await?;
    send_link(tx, app, AboutAccount::PasswordReset, account, link).await
}

async fn send_link(
    tx: &Tx,
    app: &App,
    kind: AboutAccount,
    account: &Account,
    link: Link,
) -> Result<(), StoreError> {
    let mail = Mail::to(kind, &account.holder)
        .about(account.id)
        .fact(Fact::Account(account.name.to_string()))
        .link(link);
    mail::enqueue(tx, app, &mail).await.map(|_| ())
}

/// The job behind 忘記密碼: makes the link and its mail. Whether there is an account, and whether it may set a password, is
/// found only here, out of sight of whoever asked.
///
/// # Errors
/// The store fails.
pub async fn forgotten(app: &App, account: Option<AccountId>, leased: &Leased) -> Result<(), StoreError> {
    let crypter = &app.store.crypter;
    app.store
        .db
        .run_tx("password-forgotten", |tx| async move {
            let found = match account {
                Some(id) => accounts::load_in(&tx, crypter, id).await?,
                None => None,
            };
            if let Some(account) = found.filter(may_reset) {
                let kind = AboutAccount::PasswordReset;
                let newest = mails::newest(&tx, Kind::from(kind), &account.id.to_string()).await?;
                if newest.is_none_or(|at| at.plus(RESET_EVERY) <= app.now()) {
                    let link =
                        make_link(&tx, crypter, &*app.random, account.id, Purpose::Reset, app.now()).await?;
                    send_link(&tx, app, kind, &account, link).await?;
                    let event = Event::new(app.now(), Actor::Platform, What::PasswordLinkMade).by(account.id);
                    let event = event.with(json!({ "by": "mail" }));
                    audit::append(&tx, &*app.random, &[event]).await?;
                }
            }
            jobs::complete(&tx, leased).await
        })
        .await
}

fn may_reset(account: &Account) -> bool {
    account.locked_at.is_none() && !matches!(account.state, AccountState::Refused | AccountState::Closed)
}

/// The job after too many failures: tells the holder, and of an account of the operating side the administrators, too.
/// Once for each time that the door is closed.
///
/// # Errors
/// The store fails.
pub async fn locked_out(app: &App, account: Option<AccountId>, leased: &Leased) -> Result<(), StoreError> {
    let crypter = &app.store.crypter;
    app.store
        .db
        .run_tx("locked-out", |tx| async move {
            let found = match account {
                Some(id) => accounts::load_in(&tx, crypter, id).await?,
                None => None,
            };
            if let Some(account) = found.filter(|account| account.may_sign_in().is_ok()) {
                let kind = AboutAccount::SignInClosed;
                let newest = mails::newest(&tx, Kind::from(kind), &account.id.to_string()).await?;
                if newest.is_none_or(|at| at.plus(WINDOW) <= app.now()) {
                    tell(&tx, app, kind, &account).await?;
                    if account.role.is_staff() {
                        tell_administrators(&tx, app, &account).await?;
                    }
                }
            }
            jobs::complete(&tx, leased).await
        })
        .await
}

async fn tell_administrators(tx: &Tx, app: &App, account: &Account) -> Result<(), StoreError> {
    let crypter = &app.store.crypter;
    for one in accounts::with_role(tx, crypter, Role::Administrator, MAX_TOLD).await? {
        if one.id == account.id || one.may_sign_in().is_err() || one.holder.mail.is_empty() {
            continue;
        }
        let mail = Mail::to(AboutAccount::StaffSignInClosed, &one.holder)
            .about(account.id)
            .fact(Fact::Account(account.name.to_string()))
            .fact(Fact::At(app.now()));
        mail::enqueue(tx, app, &mail).await?;
    }
    Ok(())
}
