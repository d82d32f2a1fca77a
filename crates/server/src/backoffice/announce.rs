//! A new version of a policy is told to the holders of all organisations' accounts by mail (R20): by a job, some at a time,
//! each of which goes on where the one before it ended.

use mydata_domain::calendar::day_of;
use mydata_domain::mail::{AboutAccount, DayOf, Fact, Link, Mail};
use mydata_domain::policy_text::PolicyKind;
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::accounts;
use mydata_store::{StoreError, Tx};

use crate::app::App;
use crate::jobs::Job;
use crate::mail;
use crate::public::policies;
use crate::web::Lang;
use crate::web::policy::title_key;

/// How many are told at a time.
const AT_ONCE: u32 = 100;

/// Has everybody told, in the transaction that publishes the version.
///
/// # Errors
/// The store fails.
pub async fn begin(tx: &Tx, app: &App, policy: PolicyKind, number: u32) -> Result<(), StoreError> {
    let now = app.now();
    Job::AnnouncePolicy { policy, number, after: String::new() }.enqueue(tx, now, now).await
}

/// Tells some, and has the next told.
///
/// # Errors
/// The store fails.
pub async fn run(
    app: &App,
    policy: PolicyKind,
    number: u32,
    after: &str,
    leased: &Leased,
) -> Result<(), StoreError> {
    let system = app.system().await?;
    let from = system.policies.iter().find(|v| v.kind == policy && v.number == number).and_then(|v| v.from);
    app.store
        .db
        .run_tx("policy-announce", |tx| async move {
            if let Some(from) = from {
                let told = accounts::of_organisations_after(&tx, &app.store.crypter, after, AT_ONCE).await?;
                for account in &told {
                    if account.holder.mail.is_empty() {
                        continue;
                    }
                    let names = Lang::ALL.map(|lang| lang.t(title_key(policy))).join(" ");
                    let mail = Mail::to(AboutAccount::PolicyChanged, &account.holder)
                        .about(account.id)
                        .fact(Fact::Named(names))
                        .fact(Fact::Day(DayOf::Effective, day_of(from)))
                        .link(Link::page(policies::path(policy, Some(number))));
                    mail::enqueue(&tx, app, &mail).await?;
                }
                if let Some(last) = told.last().filter(|_| told.len() >= AT_ONCE as usize) {
                    let now = app.now();
                    let after = last.name.to_string();
                    Job::AnnouncePolicy { policy, number, after }.enqueue(&tx, now, now).await?;
                }
            }
            jobs::complete(&tx, leased).await
        })
        .await
}
