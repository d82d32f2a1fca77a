//! Accounts, their passwords' hashes, and the links that set a password.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::account::{Account, AccountId, AccountName, AccountState, Holder, Role};
use mydata_domain::organisation::OrganisationId;

use super::list::{List, Page, Select};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::{Result, StoreError};

const TABLE: &str = "accounts";

/// A link that a browser or a mail carries: its secret is looked up, never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sets the first password of an account that was opened by the operating side.
    Invitation,
    /// Sets a forgotten password.
    Reset,
}

impl Purpose {
    /// As it is kept.
    fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// The columns that [`read`] reads, in its order, of the table called `a`.
pub(super) const COLUMNS: &str =
    "a.id, a.name, a.role, a.organisation, a.state, a.locked_at, a.created_at, a.signed_in_at, a.private";

/// Reads an account from the columns that begin at `first`.
pub(super) fn read(crypter: &Crypter, row: &Row, first: usize) -> Result<Account> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(first)?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob(first + 8)?)?;
    let organisation: Option<OrganisationId> =
        row.get_opt_text(first + 3)?.map(|o| o.parse()).transpose().map_err(|_| bad("organisation"))?;
    Ok(Account {
        id: id.parse().map_err(|_| bad("id"))?,
        name: row.get_text(first + 1)?.parse().map_err(|_| bad("name"))?,
        role: row.get_text(first + 2)?.parse().map_err(|_| bad("role"))?,
        organisation,
        state: row.get_text(first + 4)?.parse().map_err(|_| bad("state"))?,
        locked_at: row.get_opt_time(first + 5)?,
        holder: serde_json::from_slice(&plain).map_err(|_| bad("private"))?,
        created_at: row.get_time(first + 6)?,
        signed_in_at: row.get_opt_time(first + 7)?,
    })
}

fn seal(crypter: &Crypter, id: &str, holder: &Holder) -> Vec<u8> {
    let plain = serde_json::to_vec(holder).expect("a holder is made of texts");
    crypter.seal(TABLE, id, "private", &plain)
}

/// The value by which an account is found from a mail address.
fn mail_index(crypter: &Crypter, mail: &str) -> String {
    crypter.index("account mail", mail.trim().to_lowercase())
}

/// Opens an account.
///
/// # Errors
/// [`StoreError::Conflict`]: the name is taken. [`StoreError::Reference`]: there is no such organisation.
pub async fn insert(tx: &Tx, crypter: &Crypter, account: &Account) -> Result<()> {
    let id = account.id.to_string();
    tx.execute(
        "INSERT INTO accounts (id, name, role, organisation, state, locked_at, mail, created_at, signed_in_at, updated_at, private) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10)",
        args![
            &id,
            account.name.as_str(),
            account.role.as_str(),
            account.organisation.as_ref().map(OrganisationId::as_str),
            account.state.as_str(),
            account.locked_at,
            mail_index(crypter, &account.holder.mail),
            account.created_at,
            account.signed_in_at,
            seal(crypter, &id, &account.holder),
        ],
    )
    .await?;
    Ok(())
}

/// Writes what may change of an account: role, organisation, state, lock and holder.
///
/// # Errors
/// [`StoreError::NotFound`]: there is no such account.
pub async fn update(tx: &Tx, crypter: &Crypter, account: &Account, now: Time) -> Result<()> {
    let id = account.id.to_string();
    let changed = tx
        .execute(
            "UPDATE accounts SET role = $2, organisation = $3, state = $4, locked_at = $5, mail = $6, signed_in_at = $7, \
             private = $8, updated_at = $9 WHERE id = $1",
            args![
                &id,
                account.role.as_str(),
                account.organisation.as_ref().map(OrganisationId::as_str),
                account.state.as_str(),
                account.locked_at,
                mail_index(crypter, &account.holder.mail),
                account.signed_in_at,
                seal(crypter, &id, &account.holder),
                now,
            ],
        )
        .await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// An account by its identifier.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, id: AccountId) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1");
    let row = db.fetch_opt(sql, args![id.to_string()]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// [`load`] inside a transaction.
///
/// # Errors
/// As there.
pub async fn load_in(tx: &Tx, crypter: &Crypter, id: AccountId) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1");
    let row = tx.fetch_opt(sql, args![id.to_string()]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// [`load_in`], locked until the database transaction ends: nobody takes its role away meanwhile.
///
/// # Errors
/// As [`load`].
pub async fn load_for_update(tx: &Tx, crypter: &Crypter, id: AccountId) -> Result<Option<Account>> {
    let lock = super::list::lock(tx);
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1{lock}");
    let row = tx.fetch_opt(sql, args![id.to_string()]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// The accounts of a role, of one organisation or of all, by name; at most 200.
///
/// # Errors
/// As [`load`].
pub async fn of_role(
    tx: &Tx,
    crypter: &Crypter,
    role: Role,
    organisation: Option<&OrganisationId>,
) -> Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts a WHERE a.role = $1 AND ($2 = '' OR a.organisation = $2) ORDER BY a.name LIMIT 200"
    );
    let organisation = organisation.map_or("", OrganisationId::as_str);
    let rows = tx.fetch_all(sql, args![role.as_str(), organisation]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// An account by its name.
///
/// # Errors
/// As [`load`].
pub async fn by_name(tx: &Tx, crypter: &Crypter, name: &AccountName) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.name = $1");
    let row = tx.fetch_opt(sql, args![name.as_str()]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// An account and its password's hash, by its name. The same number of statements whether it exists or not.
///
/// # Errors
/// As [`load`].
pub async fn with_password(
    db: &Db,
    crypter: &Crypter,
    name: &AccountName,
) -> Result<Option<(Account, Option<String>)>> {
    let sql = format!("SELECT {COLUMNS}, a.password FROM accounts a WHERE a.name = $1");
    let row = db.fetch_opt(sql, args![name.as_str()]).await?;
    row.map(|row| Ok((read(crypter, &row, 0)?, row.get_opt_text(9)?))).transpose()
}

/// A password's hash.
///
/// # Errors
/// As [`load`].
pub async fn password_of(db: &Db, id: AccountId) -> Result<Option<String>> {
    let row = db.fetch_opt("SELECT password FROM accounts WHERE id = $1", args![id.to_string()]).await?;
    row.map_or(Ok(None), |row| row.get_opt_text(0))
}

/// The accounts that a mail address belongs to, oldest first.
///
/// # Errors
/// As [`load`].
pub async fn by_mail(tx: &Tx, crypter: &Crypter, mail: &str) -> Result<Vec<Account>> {
    let sql =
        format!("SELECT {COLUMNS} FROM accounts a WHERE a.mail = $1 ORDER BY a.created_at, a.id LIMIT 20");
    let rows = tx.fetch_all(sql, args![mail_index(crypter, mail)]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// The accounts that are called so or that belong to this mail address, in one statement whether there are any or not.
///
/// # Errors
/// As [`load`].
pub async fn by_name_or_mail(db: &Db, crypter: &Crypter, text: &str) -> Result<Vec<AccountId>> {
    let name = text.trim().to_lowercase();
    let rows = db
        .fetch_all(
            "SELECT id FROM accounts WHERE name = $1 OR mail = $2 ORDER BY created_at, id LIMIT 5",
            args![name, mail_index(crypter, text)],
        )
        .await?;
    rows.iter().map(|row| row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "id"))).collect()
}

/// The accounts of a role by name, up to `limit`.
///
/// # Errors
/// As [`load`].
pub async fn with_role(tx: &Tx, crypter: &Crypter, role: Role, limit: u32) -> Result<Vec<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.role = $1 ORDER BY a.name LIMIT $2");
    let rows = tx.fetch_all(sql, args![role.as_str(), limit]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// The active accounts of organisations whose names come after this one, by name, up to `limit`: for what is told to all.
///
/// # Errors
/// As [`load`].
pub async fn of_organisations_after(
    tx: &Tx,
    crypter: &Crypter,
    after: &str,
    limit: u32,
) -> Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts a WHERE a.role IN ($1, $2) AND a.state = $3 AND a.name > $4 \
         ORDER BY a.name LIMIT $5"
    );
    let [main, deputy] = [Role::Applicant, Role::Deputy].map(Role::as_str);
    let rows = tx.fetch_all(sql, args![main, deputy, AccountState::Active.as_str(), after, limit]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// The account that carries this subject of an identity provider (R67).
///
/// # Errors
/// As [`load`].
pub async fn by_gov_subject(
    db: &Db,
    crypter: &Crypter,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.gov_subject = $1");
    let row = db.fetch_opt(sql, args![gov_index(crypter, issuer, subject)]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// Whether an account carries a subject of an identity provider.
///
/// # Errors
/// As [`load`].
pub async fn has_gov_subject(db: &Db, id: AccountId) -> Result<bool> {
    let sql = "SELECT 1 FROM accounts WHERE id = $1 AND gov_subject IS NOT NULL";
    Ok(db.fetch_opt(sql, args![id.to_string()]).await?.is_some())
}

/// Lets an account be used by whoever an identity provider knows as `subject`; `None` ends that.
///
/// # Errors
/// [`StoreError::Conflict`]: another account carries the subject.
pub async fn set_gov_subject(
    tx: &Tx,
    crypter: &Crypter,
    id: AccountId,
    subject: Option<(&str, &str)>,
) -> Result<()> {
    let index = subject.map(|(issuer, subject)| gov_index(crypter, issuer, subject));
    tx.execute("UPDATE accounts SET gov_subject = $2 WHERE id = $1", args![id.to_string(), index]).await?;
    Ok(())
}

fn gov_index(crypter: &Crypter, issuer: &str, subject: &str) -> String {
    crypter.index("account subject", format!("{issuer} {subject}"))
}

/// The accounts with these identifiers, in no order; unknown ones are left out. For the names beside a page of a list.
///
/// # Errors
/// As [`load`].
pub async fn with_ids(db: &Db, crypter: &Crypter, ids: &[AccountId]) -> Result<Vec<Account>> {
    let ids: std::collections::BTreeSet<String> = ids.iter().map(ToString::to_string).take(500).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = crate::db::placeholders(1, ids.len());
    let values: Vec<crate::db::Arg<'_>> = ids.iter().map(crate::db::Arg::from).collect();
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id IN ({list})");
    db.fetch_all(sql, &values).await?.iter().map(|row| read(crypter, row, 0)).collect()
}

/// What a list of accounts is filtered by. Names of people and mail addresses are sealed; the account's name is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What they may do.
    pub role: Option<Role>,
    /// How far they have come.
    pub state: Option<AccountState>,
    /// The organisation they act for.
    pub organisation: Option<OrganisationId>,
    /// What their names begin with.
    pub name: Option<String>,
}

/// What a list of accounts is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The account's name.
    #[default]
    Name,
}

/// A page of the accounts.
///
/// # Errors
/// As [`load`].
pub async fn page(db: &Db, crypter: &Crypter, list: &List<Filter, Sort>) -> Result<Page<Account>> {
    let mut select = Select::default();
    if let Some(role) = list.filter.role {
        select.and("role = {}", [role.as_str().into()]);
    }
    if let Some(state) = list.filter.state {
        select.and("state = {}", [state.as_str().into()]);
    }
    if let Some(organisation) = &list.filter.organisation {
        select.and("organisation = {}", [organisation.as_str().to_owned().into()]);
    }
    if let Some(begin) = &list.filter.name {
        let pattern = format!("{}%", begin.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        select.and("name LIKE {} ESCAPE '\\'", [pattern.into()]);
    }
    select.page(db, COLUMNS, "accounts a", "name", list.into(), |row| read(crypter, row, 0)).await
}

/// Up to `limit` accounts by name, for the command line.
///
/// # Errors
/// As [`load`].
pub async fn list(db: &Db, crypter: &Crypter, limit: u32) -> Result<Vec<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a ORDER BY a.name LIMIT $1");
    let rows = db.fetch_all(sql, args![limit]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// The accounts of an organisation by name, up to `limit`.
///
/// # Errors
/// As [`load`].
pub async fn of_organisation(
    db: &Db,
    crypter: &Crypter,
    organisation: &OrganisationId,
    limit: u32,
) -> Result<Vec<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.organisation = $1 ORDER BY a.name LIMIT $2");
    let rows = db.fetch_all(sql, args![organisation.as_str(), limit]).await?;
    rows.iter().map(|row| read(crypter, row, 0)).collect()
}

/// The organisations that review as competent authorities (R9): those with an active account of that role, at most 500.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn authorities(db: &Db) -> Result<Vec<OrganisationId>> {
    let rows = db
        .fetch_all(
            "SELECT DISTINCT organisation FROM accounts WHERE role = $1 AND state = $2 AND organisation IS NOT NULL \
             ORDER BY organisation LIMIT 500",
            args![Role::Authority.as_str(), AccountState::Active.as_str()],
        )
        .await?;
    rows.iter().map(|row| row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "organisation"))).collect()
}

/// Sets a password's hash, and ends every link that would set another.
///
/// # Errors
/// [`StoreError::NotFound`]: there is no such account.
pub async fn set_password(tx: &Tx, id: AccountId, hash: &str, now: Time) -> Result<()> {
    let id = id.to_string();
    let changed = tx
        .execute("UPDATE accounts SET password = $2, updated_at = $3 WHERE id = $1", args![&id, hash, now])
        .await?;
    tx.execute("DELETE FROM account_links WHERE account_id = $1", args![&id]).await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Keeps a link under its secret; earlier links of the account end.
///
/// # Errors
/// The database refuses.
pub async fn make_link(
    tx: &Tx,
    crypter: &Crypter,
    id: AccountId,
    purpose: Purpose,
    secret: &str,
    now: Time,
    life: Duration,
) -> Result<()> {
    let id = id.to_string();
    tx.execute("DELETE FROM account_links WHERE account_id = $1", args![&id]).await?;
    tx.execute(
        "INSERT INTO account_links (secret, account_id, purpose, expires_at) VALUES ($1, $2, $3, $4)",
        args![link_index(crypter, secret), &id, purpose.as_str(), now.plus(life)],
    )
    .await?;
    Ok(())
}

/// The account of a link that has not ended, without using it up.
///
/// # Errors
/// As [`load`].
pub async fn look_at_link(db: &Db, crypter: &Crypter, secret: &str, now: Time) -> Result<Option<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account_links l JOIN accounts a ON a.id = l.account_id WHERE l.secret = $1 AND l.expires_at > $2"
    );
    let row = db.fetch_opt(sql, args![link_index(crypter, secret), now]).await?;
    row.map(|row| read(crypter, &row, 0)).transpose()
}

/// Takes a link out; it cannot be used again. `None` when it is unknown, used, or has ended.
///
/// # Errors
/// As [`load`].
pub async fn take_link(tx: &Tx, crypter: &Crypter, secret: &str, now: Time) -> Result<Option<Account>> {
    let row = tx
        .fetch_opt(
            "DELETE FROM account_links WHERE secret = $1 RETURNING account_id, expires_at",
            args![link_index(crypter, secret)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.get_time(1)? <= now {
        return Ok(None);
    }
    let id = row.get_text(0)?.parse().map_err(|_| unreadable("account_links", "account_id"))?;
    load_in(tx, crypter, id).await
}

fn link_index(crypter: &Crypter, secret: &str) -> String {
    crypter.index("account link", secret)
}

/// Removes links that nobody used.
///
/// # Errors
/// The database refuses.
pub async fn sweep_links(db: &Db, now: Time) -> Result<u64> {
    db.execute("account-links-sweep", "DELETE FROM account_links WHERE expires_at < $1", args![now]).await
}
