//! The flow of the back office: whole lives under a clock that the test moves, on both engines.

mod credentials;
mod dataset;
mod doors;
mod filled;
mod front_test;
mod lives;
mod paper;
pub(in crate::backoffice::tests) mod pilot;
mod quarrels;
mod services;

use std::time::Duration;

use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::{Date, midnight};
use mydata_domain::filing::{Decision, FilingId, OfficialLetter, ReviewStep};
use mydata_domain::forms::{DraftId, Fields, Purpose};
use mydata_domain::item::{ItemId, StageName};
use mydata_domain::mail::Kind as MailKind;
use mydata_store::jobs::Full;
use mydata_store::repo::drafts::{self, Draft};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::{List, Scope};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::{filings, mails, registry, uploads};

use mydata_store::Engine;
use mydata_wire::SystemRandom;

use super::{Office, Time};
use crate::backoffice::flow::{self, ActError, By, Outcome, Ruling};
use crate::jobs::{ITEM_DUE, Job};

/// The people of a life.
struct People {
    operator: Account,
    other_operator: Account,
    ministry: Account,
    authority: Account,
}

impl Office {
    async fn people(&self) -> People {
        People {
            operator: self.account("operator.one", Role::Operator, None).await,
            other_operator: self.account("operator.two", Role::Operator, None).await,
            ministry: self.account("ministry.one", Role::Ministry, None).await,
            authority: self.account("authority.one", Role::Authority, Some("museum")).await,
        }
    }

    fn set_clock(&self, at: Time) {
        self.clock.0.store(at.0, std::sync::atomic::Ordering::SeqCst);
    }

    /// Noon in Taipei.
    fn noon(&self, day: Date) {
        self.set_clock(midnight(day).plus(Duration::from_secs(12 * 3600)));
    }

    /// To this moment, doing on the way what the clock does, each at its time.
    async fn until(&self, to: Time) {
        loop {
            let next = self.next_due().await.filter(|at| *at <= to);
            match next {
                Some(at) => self.set_clock(at.max(self.now())),
                None => break,
            }
            self.run_jobs().await;
        }
        self.set_clock(to);
    }

    /// To noon of a day of Taipei.
    async fn until_noon(&self, day: Date) {
        self.until(midnight(day).plus(Duration::from_secs(12 * 3600))).await;
    }

    async fn next_due(&self) -> Option<Time> {
        let rows = self
            .app
            .store
            .db
            .fetch_all("SELECT run_at FROM jobs WHERE kind IN ('item-due', 'credentials-end') ORDER BY run_at LIMIT 1", &[])
            .await
            .unwrap();
        rows.first().map(|row| row.get_time(0).unwrap())
    }

    /// Works on what is due now; mails stay where they are.
    async fn run_jobs(&self) {
        let full = Full { kinds: vec!["mail".to_owned()], lanes: Vec::new() };
        let lease = Duration::from_secs(30);
        loop {
            let claimed = self.app.store.jobs.claim(64, &full, self.now(), lease).await.unwrap();
            if claimed.is_empty() {
                return;
            }
            for leased in claimed {
                let job = Job::read(&leased).unwrap();
                crate::flow::work(&self.app, &job, &leased).await.unwrap();
            }
        }
    }

    /// How many jobs wake an item.
    async fn alarms(&self) -> i64 {
        let living = self.app.store.jobs.living_by_kind().await.unwrap();
        living.into_iter().find(|(kind, _)| kind == ITEM_DUE).map_or(0, |(_, count)| count)
    }

    async fn item(&self, id: ItemId) -> Kept {
        items::load(&self.app.store.db, &Scope::All, id).await.unwrap().unwrap()
    }

    async fn stage(&self, id: ItemId) -> StageName {
        self.item(id).await.stage.name()
    }

    async fn registered(&self) -> Catalogue {
        registry::load(&self.app.store.db, &self.app.store.crypter).await.unwrap()
    }

    /// A file for a draft, as if it had been uploaded and found good.
    async fn upload(&self, draft: &Draft, purpose: Purpose) -> String {
        let mut blob = self.app.store.blobs.create();
        blob.write(b"%PDF-1.7 fictional").await.unwrap();
        let blob = &blob.finish().await.unwrap().id;
        let now = self.now();
        let upload = self
            .app
            .store
            .db
            .run_tx("test", |tx| async move {
                let new = uploads::New {
                    draft: Some(draft.id),
                    item: draft.item,
                    organisation: draft.organisation.as_ref(),
                    account: draft.account,
                    purpose,
                    name: "示範.pdf",
                    media_type: "application/pdf",
                    bytes: 18,
                    sha256: "00",
                    blob,
                };
                uploads::add(&tx, &SystemRandom, &new, now).await
            })
            .await
            .unwrap();
        upload.id.to_string()
    }

    /// Types into a draft.
    async fn fill(&self, by: &By, draft: &Draft, fields: &Fields) -> i64 {
        flow::begin::save(&self.app, by, draft.id, draft.version, fields).await.unwrap()
    }

    async fn approve(&self, by: &Account, filing: FilingId, step: ReviewStep) -> Result<Outcome, ActError> {
        self.rule(by, filing, step, Decision::Approved, None).await
    }

    async fn approve_with_letter(
        &self,
        by: &Account,
        filing: FilingId,
        step: ReviewStep,
    ) -> Result<Outcome, ActError> {
        let letter = self.letter();
        self.rule(by, filing, step, Decision::Approved, Some(letter)).await
    }

    fn letter(&self) -> OfficialLetter {
        OfficialLetter::new("示範字第1150001234號", mydata_domain::calendar::day_of(self.now())).unwrap()
    }

    async fn refuse(&self, by: &Account, filing: FilingId, step: ReviewStep) -> Result<Outcome, ActError> {
        self.rule(by, filing, step, Decision::Refused, None).await
    }

    async fn rule(
        &self,
        by: &Account,
        filing: FilingId,
        step: ReviewStep,
        decision: Decision,
        letter: Option<OfficialLetter>,
    ) -> Result<Outcome, ActError> {
        let reason = (decision == Decision::Refused).then(|| "請補正示範欄位".parse().unwrap());
        let ruling = Ruling { filing, step, decision, reason, comments: Vec::new(), letter };
        flow::decide(&self.app, &By::account(by, None), &ruling).await
    }

    /// The mails of a kind, each with its text.
    async fn mails(&self, kind: impl Into<MailKind>) -> Vec<mails::Content> {
        let list = List {
            filter: mails::Filter { kind: Some(kind.into()), ..Default::default() },
            size: 100,
            ..List::default()
        };
        let page = mails::list(&self.app.store.db, &self.app.store.crypter, &list).await.unwrap();
        page.rows.into_iter().map(|kept| kept.content).collect()
    }

    async fn draft(&self, id: DraftId, by: &Account) -> Option<Draft> {
        let owner = flow::context::owner_of(by);
        drafts::load(&self.app.store.db, &self.app.store.crypter, &owner, id).await.unwrap()
    }

    /// Reads an account again.
    async fn again(&self, account: &Account) -> Account {
        let store = &self.app.store;
        mydata_store::repo::accounts::load(&store.db, &store.crypter, account.id).await.unwrap().unwrap()
    }

    async fn filing_state(&self, id: FilingId) -> mydata_domain::filing::FilingState {
        let store = &self.app.store;
        filings::load(&store.db, &store.crypter, &Scope::All, id).await.unwrap().unwrap().state
    }
}

fn by(account: &Account) -> By {
    By::account(account, Some("192.0.2.1".parse().unwrap()))
}

/// Runs a test on an office of each engine.
async fn on_both(test: impl AsyncFn(&Office)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        test(&office).await;
        office.close().await;
    }
}
