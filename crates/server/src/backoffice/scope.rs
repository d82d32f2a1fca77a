//! Whose items and filings an account may see: its organisation's, those in its charge, or everybody's.

use mydata_domain::account::{Account, Role};
use mydata_domain::item::{Acting, Actor};
use mydata_store::repo::list::Scope;

use super::fault::Fault;
use super::visit::Visit;

/// Those who see other organisations' items, each as far as [`of`] lets them.
pub const READERS: &[Role] =
    &[Role::Operator, Role::Authority, Role::Ministry, Role::Administrator, Role::Auditor];

/// What an account may see. `None`: nothing, for it belongs to no organisation and should.
pub fn of(account: &Account) -> Option<Scope> {
    match account.role {
        Role::Applicant | Role::Deputy => account.organisation.clone().map(Scope::Organisation),
        Role::Authority => account.organisation.clone().map(Scope::Authority),
        Role::Operator | Role::Ministry | Role::Administrator | Role::Auditor => Some(Scope::All),
    }
}

/// What whoever visits may see.
///
/// # Errors
/// [`Fault::Forbidden`]: nothing.
pub fn of_visit(visit: &Visit) -> Result<Scope, Fault> {
    of(&visit.me()?.account).ok_or(Fault::Forbidden)
}

/// Whoever visits, as the rules of items ask for it.
///
/// # Errors
/// [`Fault::SignIn`]: nobody is signed in.
pub fn actor(visit: &Visit) -> Result<Actor, Fault> {
    let account = &visit.me()?.account;
    Ok(Actor::Person(Acting {
        account: account.id,
        role: account.role,
        organisation: account.organisation.clone(),
    }))
}
