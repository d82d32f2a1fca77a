//! Whom the things in addresses belong to. A kind of thing that gets an address gets a line here.

use mydata_domain::account::{Account, AccountId, Role};
use mydata_domain::organisation::OrganisationId;
use mydata_store::StoreError;
use mydata_store::repo::{drafts, factors, filings, items, sessions, uploads};

use crate::app::App;

/// A kind of thing that `{id}` in a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A session, by its handle.
    Session,
    /// A second factor.
    Factor,
    /// A form being filled in.
    Draft,
    /// A file of a form.
    Upload,
    /// A dataset, service or counter service.
    Item,
    /// A filing.
    Filing,
}

/// Whom a thing belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// One account.
    Account(AccountId),
    /// The people of one organisation.
    Organisation(OrganisationId),
}

impl Owner {
    /// Whether an account is the owner. A competent authority acts for its organisation as a reviewer only, and owns
    /// nothing of it.
    pub fn is(&self, account: &Account) -> bool {
        match self {
            Self::Account(id) => account.id == *id,
            Self::Organisation(id) => Role::ORGANISATION.contains(&account.role) && account.acts_for(id),
        }
    }
}

impl From<drafts::Owner> for Owner {
    fn from(owner: drafts::Owner) -> Self {
        match owner {
            drafts::Owner::Account(id) => Self::Account(id),
            drafts::Owner::Organisation(id) => Self::Organisation(id),
        }
    }
}

impl Thing {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Session, Self::Factor, Self::Draft, Self::Upload, Self::Item, Self::Filing];

    /// Whom the thing of this name belongs to; `None` when there is none.
    ///
    /// # Errors
    /// The store fails.
    pub async fn owner(self, app: &App, id: &str) -> Result<Option<Owner>, StoreError> {
        Ok(match self {
            Self::Session => sessions::owner(&app.store.db, id).await?.map(Owner::Account),
            Self::Factor => factors::owner(&app.store.db, id).await?.map(Owner::Account),
            Self::Draft => drafts::owner(&app.store.db, id).await?.map(Owner::from),
            Self::Upload => uploads::owner(&app.store.db, id).await?.map(Owner::from),
            Self::Item => items::owner(&app.store.db, id).await?.map(Owner::Organisation),
            Self::Filing => filings::owner(&app.store.db, id).await?.map(Owner::from),
        })
    }
}
