//! What happens when somebody acts in the back office, one file a step. Handlers call these functions; nobody else
//! changes items, filings and sign-ups.
//!
//! | step | file |
//! | --- | --- |
//! | an item or a form is begun | [`begin`] |
//! | what a form is read with: categories, datasets, authorities, uploads | [`context`] |
//! | a form is filed, under a number | [`file`] |
//! | a review decides; an official letter comes | [`decide`] |
//! | anything else that is done to an item: [`act`] | here |
//! | what the clock does | [`clock`] |
//! | what becomes of the registry's records | [`records`] |
//! | certificates are registered and watched | [`certificates`] |
//! | credentials are shown and replaced | [`credentials`] |
//! | 顯示前台 | [`display`] |
//! | 前臺測試 is begun and ended | [`front_test`] |
//! | polls, connection tests, owners of what fails | [`health`] |
//! | an organisation signs up | [`sign_up`] |
//! | the operating side opens accounts; deputies | [`organisations`] |
//! | who is told | [`tell`] |
//!
//! Every step is one database transaction: the account is read and locked, then the item; the domain decides
//! ([`mydata_domain::item::step`]); item, filing, history, record, mails, registry records and jobs are written together.
//! A refusal changes nothing.

pub mod begin;
pub mod certificates;
pub mod clock;
pub mod context;
pub mod credentials;
pub mod decide;
pub mod display;
pub mod error;
pub mod file;
pub mod front_test;
pub mod health;
pub mod organisations;
pub mod records;
pub mod sign_up;
pub mod tell;

use std::net::IpAddr;

use mydata_domain::account::{Account, AccountId, Role};
use mydata_domain::audit::{self, Event, What};
use mydata_domain::filing::{Comment, FilingId, FilingState, FormNumber, Reason, Review};
use mydata_domain::item::step::{self, FilingChange};
use mydata_domain::item::{Act, Acting, Actor, ItemId, Kind, Stage, StageName, Stepped};
use mydata_domain::{Time, Zone};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::repo::{accounts, audit as record, drafts, filings};
use mydata_store::{Isolation, StoreError, Tx};
use serde_json::json;

use super::fault::Fault;
use super::visit::Visit;
use crate::app::App;
use crate::jobs::Job;

pub use begin::{begin_form, begin_item};
pub use context::context;
pub use decide::{Ruling, decide, note_letter};
pub use error::ActError;
pub use file::file;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody who is signed in.
    Person {
        /// The account. It is read again inside the step.
        account: AccountId,
        /// The role in which the page was shown. If the account has another one by now, nothing is done.
        role: Role,
        /// From where.
        from: Option<IpAddr>,
    },
    /// The platform: because it is time, or because it found something.
    Clock,
}

impl By {
    /// An account.
    pub fn account(account: &Account, from: Option<IpAddr>) -> Self {
        Self::Person { account: account.id, role: account.role, from }
    }

    /// Whoever visits.
    ///
    /// # Errors
    /// [`Fault::SignIn`]: nobody is signed in.
    pub fn visitor(visit: &Visit) -> Result<Self, Fault> {
        Ok(Self::account(&visit.me()?.account, Some(visit.from)))
    }
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The item.
    pub item: ItemId,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where it stands now.
    pub stage: StageName,
    /// How far it got.
    pub zone: Zone,
    /// The filing that it was about.
    pub filing: Option<FilingId>,
    /// That filing's number.
    pub number: Option<FormNumber>,
    /// It had been done before, by the same form sent twice; nothing was done now.
    pub already: bool,
}

/// Does an act that needs no form and no review: 刪除草稿, 撤回, 停權, 復權, 異常停權, 異常排除, 下架, 重新申請. Forms are filed with
/// [`file`], reviews decided with [`decide`].
///
/// # Errors
/// See [`ActError`]; nothing was changed then.
pub async fn act(app: &App, by: &By, item: ItemId, act: Act) -> Result<Outcome, ActError> {
    let act = &act;
    in_tx(app, "item-act", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let mut kept = doer.item(&tx, item).await?;
        if matches!(
            act,
            Act::File(_)
                | Act::FileExtension(_)
                | Act::FileGoLive(..)
                | Act::FileReport(_)
                | Act::FileChange(_)
                | Act::Approve(_)
                | Act::Refuse(_)
                | Act::LetterArrived(_)
        ) {
            return Err(ActError::Broken(format!("{} goes through its form or review", act.name())));
        }
        doer.step(app, &tx, &mut kept, act.clone(), Said::default()).await
    })
    .await
}

/// Runs a step in one database transaction. Its rows are locked: account, then draft, item, filing, records.
async fn in_tx<T, Fut: Future<Output = Result<T, ActError>>>(
    app: &App,
    name: &'static str,
    body: impl Fn(Tx) -> Fut,
) -> Result<T, ActError> {
    app.store.db.run_tx_as(Isolation::ReadCommitted, name, body).await
}

/// What a reviewer says beside the decision.
#[derive(Debug, Clone, Default)]
struct Said {
    reason: Option<Reason>,
    comments: Vec<Comment>,
}

/// Who acts, as the account stands inside the transaction.
struct Doer {
    actor: Actor,
    account: Option<Account>,
    from: Option<IpAddr>,
    now: Time,
}

impl Doer {
    /// Reads the account again and keeps it locked until the end.
    async fn of(app: &App, tx: &Tx, by: &By) -> Result<Self, ActError> {
        Self::in_state(app, tx, by, |account| account.may_sign_in().is_ok()).await
    }

    /// [`Self::of`], for accounts that may not sign in yet but fill in their forms.
    async fn in_state(app: &App, tx: &Tx, by: &By, may: impl Fn(&Account) -> bool) -> Result<Self, ActError> {
        let now = app.now();
        let By::Person { account, role, from } = by else {
            return Ok(Self { actor: Actor::Clock, account: None, from: None, now });
        };
        let found = accounts::load_for_update(tx, &app.store.crypter, *account).await?;
        // Locked, closed or given another role while the page was open: what it offered is no longer theirs to do.
        let account = found.filter(|a| a.role == *role && may(a)).ok_or(ActError::Barred)?;
        let acting =
            Acting { account: account.id, role: account.role, organisation: account.organisation.clone() };
        Ok(Self { actor: Actor::Person(acting), account: Some(account), from: *from, now })
    }

    fn account(&self) -> Result<&Account, ActError> {
        self.account.as_ref().ok_or(ActError::Barred)
    }

    fn id(&self) -> Option<AccountId> {
        self.account.as_ref().map(|account| account.id)
    }

    /// Refuses whoever is not of the item's organisation.
    fn owns(&self, kept: &Kept) -> Result<(), ActError> {
        let account = self.account()?;
        match account.role {
            Role::Applicant | Role::Deputy if account.acts_for(&kept.organisation) => Ok(()),
            Role::Applicant | Role::Deputy | Role::Authority => Err(ActError::Gone),
            _ => Err(ActError::Barred),
        }
    }

    /// Refuses whoever is neither of the item's organisation nor of the operating team.
    fn owns_or_operates(&self, kept: &Kept) -> Result<(), ActError> {
        match self.account()?.role {
            Role::Operator => Ok(()),
            _ => self.owns(kept),
        }
    }

    /// An event of whoever acts.
    fn event(&self, what: What) -> Event {
        let actor = match self.account.as_ref().map(|account| account.role) {
            Some(Role::Applicant | Role::Deputy) => audit::Actor::Organisation,
            Some(_) => audit::Actor::Operator,
            None => audit::Actor::Platform,
        };
        let event = Event::new(self.now, actor, what).from(self.from);
        match self.id() {
            Some(id) => event.by(id),
            None => event,
        }
    }

    /// Writes an event.
    async fn record(
        &self,
        app: &App,
        tx: &Tx,
        what: What,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        record::append(tx, &*app.random, &[self.event(what).with(detail)]).await
    }

    /// Reads and locks an item. What belongs to somebody else is told apart by the domain, and looks like nothing.
    async fn item(&self, tx: &Tx, id: ItemId) -> Result<Kept, ActError> {
        items::load_for_update(tx, &Scope::All, id).await?.ok_or(ActError::Gone)
    }

    /// Takes one step of an item, and writes all that follows.
    async fn step(
        &self,
        app: &App,
        tx: &Tx,
        kept: &mut Kept,
        act: Act,
        said: Said,
    ) -> Result<Outcome, ActError> {
        let (now, before, name) = (self.now, kept.stage.clone(), act.name());
        let facts = items::facts(tx, kept).await?;
        let mut stepped = step::step(before.clone(), act, &self.actor, &facts, now)?;
        if stepped.reason.is_none() {
            stepped.reason = said.reason.clone();
        }
        let filing = before.filed().or_else(|| stepped.stage.filed()).cloned();
        let comments = said.comments.clone();
        self.move_filing(tx, &stepped, said).await?;
        kept.take(&stepped);
        records::follow(app, tx, kept, stepped.registry, now).await?;
        if matches!(kept.stage, Stage::Delisted(_)) {
            drafts::end_item(tx, kept.id).await?;
        }
        items::note(tx, kept.id, &stepped, &self.actor, filing.as_ref().map(|f| f.filing), now).await?;
        kept.save(tx, now, self.id()).await?;
        health::follow(self, tx, kept, name).await?;
        let detail = json!({
            "item": kept.id,
            "kind": kept.kind,
            "deed": stepped.deed,
            "from": stepped.from,
            "to": stepped.stage.name(),
            "number": filing.as_ref().map(|f| f.number),
        });
        self.record(app, tx, What::ItemStepped, detail).await?;
        tell::of_step(app, tx, kept, &before, &stepped, filing.as_ref(), &comments).await?;
        clock::wake(tx, kept, now).await?;
        Ok(Outcome {
            filing: filing.as_ref().map(|f| f.filing),
            number: filing.as_ref().map(|f| f.number),
            ..outcome(kept)
        })
    }

    /// What becomes of the filing under review.
    async fn move_filing(&self, tx: &Tx, stepped: &Stepped, said: Said) -> Result<(), ActError> {
        let now = self.now;
        // Whose turn it is follows from where the item is.
        let turn = step::under_review(&stepped.stage).map(|(_, step)| step);
        match &stepped.filing {
            None | Some(FilingChange::Opened { .. }) => {}
            Some(FilingChange::Decided { filing, step, decision, next }) => {
                let review = Review {
                    step: *step,
                    decision: *decision,
                    reason: stepped.reason.clone(),
                    comments: said.comments,
                    reviewer: self.account()?.id,
                    at: now,
                    letter: stepped.letter.clone(),
                };
                filings::decide(tx, *filing, &review).await?;
                filings::move_on(tx, *filing, decision.leads_to(*next), turn, now).await?;
            }
            Some(FilingChange::LetterNoted { filing }) => {
                filings::move_on(tx, *filing, FilingState::InReview, turn, now).await?;
            }
            Some(FilingChange::Withdrawn { filing }) => {
                filings::move_on(tx, *filing, FilingState::Withdrawn, None, now).await?;
            }
        }
        Ok(())
    }
}

fn outcome(kept: &Kept) -> Outcome {
    Outcome {
        item: kept.id,
        kind: kept.kind,
        name: kept.name.clone(),
        stage: kept.stage.name(),
        zone: kept.zone,
        filing: None,
        number: None,
        already: false,
    }
}

/// Works on a claimed job of the back office.
///
/// # Errors
/// The store fails, or something that must be true is not.
pub async fn work(
    app: &App,
    job: &Job,
    leased: &mydata_store::jobs::Leased,
) -> Result<(), crate::flow::FlowError> {
    let worked = match job {
        Job::ItemDue { item } => clock::run(app, *item, leased).await,
        Job::Poll { item } => health::poll(app, *item, leased).await,
        Job::CredentialsEnd { record } => credentials::end(app, record, leased).await,
        Job::FrontTestEnd { test } => front_test::run(app, *test, leased).await,
        other => Err(ActError::Broken(format!("{other:?} is no job of the back office"))),
    };
    worked.map_err(|error| match error {
        ActError::Store(error) => error.into(),
        other => crate::flow::FlowError::Broken(other.to_string()),
    })
}
