//! An organisation signs up (R1–R7, R18–R26): a mail with a link, an account that only fills in its forms, both forms filed
//! together, and the review of the account.

use mydata_domain::Time;
use mydata_domain::account::password::NewPassword;
use mydata_domain::account::{Account, AccountId, AccountName, AccountState, Holder, LINK_LIFE, Role};
use mydata_domain::audit::{self, Event, What};
use mydata_domain::calendar::day_of;
use mydata_domain::filing::{
    Decision, Filing, FilingKind, FilingState, FormNumber, Letter, Review, ReviewStep, sign_up,
};
use mydata_domain::forms::{DraftId, Fields, Form, FormKind, OrganisationForm};
use mydata_domain::item::rule::MailKind;
use mydata_domain::item::{Act, Acting, Actor, StageName};
use mydata_domain::mail::{AboutAccount, DayOf, Fact, Link, Mail};
use mydata_domain::organisation::OrganisationId;
use mydata_domain::registry::Registry;
use mydata_store::repo::drafts::{self, Draft, New, Owner};
use mydata_store::repo::filings::{self, About};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::repo::organisations::{self as profiles, State};
use mydata_store::repo::{accounts, audit as record, policy_texts, registry, sign_up_links, uploads};
use mydata_store::{StoreError, Tx};
use mydata_wire::{Random, b64};
use serde_json::json;
use std::net::IpAddr;

use super::context::kind_of;
use super::decide::Ruling;
use super::file::{filing_id, hand_in, number, read, zone_of};
use super::tell::{of_comments, of_role, review_path};
use super::{ActError, By, Doer, Outcome, Said, in_tx, organisations, outcome};
use crate::app::App;
use crate::backoffice::sign_in;
use crate::mail;
use crate::public::policies;

/// The page that a link leads to; the link's secret is its query `link`.
pub const LINK_PATH: &str = "/mydata-backend/signup/account";
/// So many links of one address work at a time; more are not sent, so that nobody is buried in mail.
const LINKS_AT_ONCE: u32 = 3;

/// Whether an account may work on drafts: it may sign in, or it has only its forms to fill in yet (R5).
pub(super) fn fills_in(account: &Account) -> bool {
    account.may_sign_in().is_ok() || is_filling_in(account)
}

fn is_filling_in(account: &Account) -> bool {
    account.state == AccountState::FillingIn && account.locked_at.is_none()
}

/// A secret for a link.
pub(super) fn link_secret(random: &dyn Random) -> String {
    let mut bytes = [0u8; 32];
    random.fill(&mut bytes);
    b64::url_safe(&bytes)
}

/// Sends the link that begins a sign-up (R3, R21) to an organisation's address. Nothing tells whether the address is known.
///
/// # Errors
/// The store fails.
pub async fn begin(app: &App, address: &str, from: IpAddr) -> Result<(), ActError> {
    let secret = &link_secret(&*app.random);
    in_tx(app, "sign-up-begin", |tx| async move {
        let (now, crypter) = (app.now(), &app.store.crypter);
        if sign_up_links::open_for(&tx, crypter, address, now).await? >= LINKS_AT_ONCE {
            return Ok(());
        }
        sign_up_links::make(&tx, crypter, address, secret, now, LINK_LIFE).await?;
        let link = Link::secret(format!("{LINK_PATH}?link={secret}"), now.plus(LINK_LIFE));
        mail::enqueue(&tx, app, &Mail::to_address(AboutAccount::SignUp, "", address).link(link)).await?;
        let event = Event::new(now, audit::Actor::Organisation, What::SignUpBegun).from(Some(from));
        Ok(record::append(&tx, &*app.random, &[event]).await?)
    })
    .await
}

/// The address that a link was sent to, without using it up; `None` when it is unknown, used, or has ended.
///
/// # Errors
/// The store fails.
pub async fn look(app: &App, secret: &str) -> Result<Option<String>, ActError> {
    Ok(sign_up_links::look(&app.store.db, &app.store.crypter, secret, app.now()).await?)
}

/// Uses a link up and opens the account that fills in the forms. The versions of the policies that held when the link was
/// asked for were read to the end and ticked (R18): they count as accepted.
///
/// # Errors
/// [`ActError::LinkEnded`], [`ActError::NameTaken`]; the link works on in the second case.
pub async fn open(
    app: &App,
    secret: &str,
    name: &AccountName,
    password: &NewPassword,
    from: IpAddr,
) -> Result<Account, ActError> {
    let hash = &app.passwords.hash(password.expose(), &*app.random).await;
    let system = &app.system().await?;
    let opened = in_tx(app, "sign-up-open", |tx| async move {
        let (now, crypter) = (app.now(), &app.store.crypter);
        let (address, until) =
            sign_up_links::take(&tx, crypter, secret, now).await?.ok_or(ActError::LinkEnded)?;
        let asked_at = Time(until.0.saturating_sub(i64::try_from(LINK_LIFE.as_millis()).unwrap_or(0)));
        let agreed = policies::holding(&system.policies, asked_at);
        let account = Account {
            id: AccountId::generate(&*app.random),
            name: name.clone(),
            role: Role::Applicant,
            organisation: None,
            state: AccountState::FillingIn,
            locked_at: None,
            holder: Holder { mail: address, ..Holder::default() },
            created_at: now,
            signed_in_at: None,
        };
        accounts::insert(&tx, crypter, &account).await?;
        accounts::set_password(&tx, account.id, hash, now).await?;
        for (kind, number) in &agreed {
            policy_texts::accept(&tx, account.id, *kind, *number, now).await?;
        }
        let event = Event::new(now, audit::Actor::Organisation, What::AccountAdded)
            .by(account.id)
            .from(Some(from))
            .with(json!({ "role": account.role, "by": "sign-up", "agreed": agreed }));
        record::append(&tx, &*app.random, &[event]).await?;
        Ok(account)
    })
    .await;
    match opened {
        Err(ActError::Store(StoreError::Conflict { .. })) => Err(ActError::NameTaken),
        opened => opened,
    }
}

/// A draft, and the version that the page was made from.
pub type Seen = (DraftId, i64);

/// Files both forms of a sign-up (送出, R6): the account and its organisation, and the first application. Sent twice, they
/// are filed once. From now on the account waits for its review.
///
/// # Errors
/// See [`ActError`]; nothing was changed then.
pub async fn file(app: &App, by: &By, organisation: Seen, application: Seen) -> Result<Outcome, ActError> {
    in_tx(app, "sign-up-file", |tx| async move {
        let waiting = |a: &Account| a.state == AccountState::InReview && a.locked_at.is_none();
        let doer = Doer::in_state(app, &tx, by, |a| is_filling_in(a) || waiting(a)).await?;
        let mut account = doer.account()?.clone();
        if waiting(&account) {
            return filed_already(app, &doer, &tx, application).await;
        }
        let owner = Owner::Account(account.id);
        let forms = Forms::read(app, &tx, &owner, organisation, application).await?;
        let id = register(app, &tx, &doer, &account, &forms.organisation).await?;
        let contact = &forms.organisation.applicant;
        account.organisation = Some(id.clone());
        account.state = AccountState::InReview;
        account.holder.name.clone_from(&contact.name);
        account.holder.phone.clone_from(&contact.phone);
        account.holder.gov_account = Some(contact.account.clone());
        accounts::update(&tx, &app.store.crypter, &account, doer.now).await?;
        let doer = doer.now_as(account);

        let number = keep(app, &tx, &doer, &id, &forms).await?;
        drafts::delete(&tx, &owner, forms.of_organisation.id).await?;
        let mut kept = item(app, &tx, &doer, &id, &forms).await?;
        let draft = &forms.of_item;
        let outcome =
            hand_in(app, &tx, &doer, &mut kept, &owner, draft, FilingKind::NewItem, &forms.item).await?;
        let detail = json!({ "organisation": id, "number": number });
        doer.record(app, &tx, What::SignUpFiled, detail).await?;
        Ok(outcome)
    })
    .await
}

/// Both forms as they are filed.
struct Forms {
    of_organisation: Draft,
    organisation: OrganisationForm,
    of_item: Draft,
    item: Form,
}

impl Forms {
    async fn read(
        app: &App,
        tx: &Tx,
        owner: &Owner,
        organisation: Seen,
        application: Seen,
    ) -> Result<Self, ActError> {
        let of_organisation = at_version(app, tx, owner, organisation).await?;
        let of_item = at_version(app, tx, owner, application).await?;
        let zone = zone_of(FilingKind::NewItem);
        let Form::Organisation(organisation) = read(app, owner, &of_organisation, zone).await? else {
            return Err(ActError::NotOfThisKind);
        };
        let item = read(app, owner, &of_item, zone).await?;
        if !matches!(item, Form::Dataset(_) | Form::Service(_) | Form::CounterService(_)) {
            return Err(ActError::NotOfThisKind);
        }
        Ok(Self { of_organisation, organisation, of_item, item })
    }
}

async fn at_version(app: &App, tx: &Tx, owner: &Owner, (id, version): Seen) -> Result<Draft, ActError> {
    let draft = drafts::load_for_update(tx, &app.store.crypter, owner, id).await?.ok_or(ActError::Gone)?;
    if draft.version == version { Ok(draft) } else { Err(ActError::Stale { there: draft.version }) }
}

async fn filed_already(app: &App, doer: &Doer, tx: &Tx, application: Seen) -> Result<Outcome, ActError> {
    let id = filing_id(application.0)?;
    let filing = filings::load_for_update(tx, &app.store.crypter, &Scope::All, id).await?;
    let filing = filing.filter(|f| Some(f.filed_by) == doer.id()).ok_or(ActError::Gone)?;
    let kept = doer.item(tx, filing.item.ok_or(ActError::Gone)?).await?;
    Ok(Outcome { filing: Some(id), number: Some(filing.number), already: true, ..outcome(&kept) })
}

/// Registers the organisation, or brings it up to date when its sign-up is filed again.
async fn register(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    account: &Account,
    form: &OrganisationForm,
) -> Result<OrganisationId, ActError> {
    let id = match &account.organisation {
        Some(id) => id.clone(),
        None => organisations::new_id(&*app.random),
    };
    let document = Registry { organisations: vec![form.to_organisation(id.clone())], ..Registry::default() };
    registry::write(tx, &app.store.crypter, &document, doer.now).await?;
    profiles::save_profile(tx, &app.store.crypter, &id, State::InReview, form, doer.now).await?;
    Ok(id)
}

/// Keeps the filing of the account, and tells those who wait for it and those who are to decide.
async fn keep(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    id: &OrganisationId,
    forms: &Forms,
) -> Result<FormNumber, ActError> {
    let (crypter, account, now) = (&app.store.crypter, doer.account()?, doer.now);
    let last = filings::last_of_account(&app.store.db, crypter, account.id, FilingKind::SignUp).await?;
    let (number, mends) = match last {
        Some(last) => (last.number.refiled(), Some(last.id)),
        None => (number(tx, Letter::R, now).await?, None),
    };
    let form = &forms.organisation;
    let filing = Filing {
        id: filing_id(forms.of_organisation.id)?,
        number,
        kind: FilingKind::SignUp,
        item: None,
        organisation: Some(id.clone()),
        filed_by: account.id,
        filed_at: now,
        mends,
        content: Form::Organisation(form.clone()).content(),
        state: FilingState::InReview,
        step: Some(ReviewStep::Operator),
        closed_at: None,
    };
    let about = About {
        item_kind: None,
        item_name: &form.name,
        organisation_name: &form.name,
        authority: form.authority.as_ref(),
    };
    filings::insert(tx, crypter, &filing, &about).await?;
    let facts =
        [Fact::Organisation(form.name.clone()), Fact::Number(number), Fact::Day(DayOf::Filed, day_of(now))];
    let told = Mail::to(AboutAccount::InReview, &account.holder).about(account.id).facts(facts.clone());
    mail::enqueue(tx, app, &told).await?;
    for operator in of_role(app, tx, Role::Operator, None).await? {
        let link = Link::page(review_path(filing.id));
        let told = Mail::to(MailKind::ReviewWaiting, &operator.holder).about(filing.id);
        mail::enqueue(tx, app, &told.facts(facts.clone()).link(link)).await?;
    }
    Ok(number)
}

/// The item of the application: a new one, or the one that came back.
async fn item(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    organisation: &OrganisationId,
    forms: &Forms,
) -> Result<Kept, ActError> {
    let kind = kind_of(forms.of_item.form).ok_or(ActError::NotOfThisKind)?;
    if let Some(id) = forms.of_item.item {
        let kept = doer.item(tx, id).await?;
        return if kept.kind == kind { Ok(kept) } else { Err(ActError::NotOfThisKind) };
    }
    let new = items::New { kind, organisation, name: "", category: "", by: doer.account()?.id };
    Ok(items::begin(tx, &*app.random, &new, doer.now).await?)
}

/// Decides on a sign-up (R7, R25). Passed, the account may sign in, and the deputies that the form names are invited.
/// Returned, the account fills in its forms again, with what was filed and with the application taken back.
///
/// # Errors
/// [`ActError::SignUp`], [`ActError::ReasonMissing`].
pub async fn decide(app: &App, by: &By, ruling: &Ruling) -> Result<(), ActError> {
    in_tx(app, "sign-up-decide", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let crypter = &app.store.crypter;
        let filing = filings::load_for_update(&tx, crypter, &Scope::All, ruling.filing).await?;
        let filing = filing.ok_or(ActError::Gone)?;
        let Actor::Person(acting) = &doer.actor else { return Err(ActError::Barred) };
        let state = sign_up::decide(&filing, ruling.decision, acting)?;
        if ruling.decision == Decision::Refused && ruling.reason.is_none() {
            return Err(ActError::ReasonMissing);
        }
        let review = Review {
            step: ReviewStep::Operator,
            decision: ruling.decision,
            reason: ruling.reason.clone(),
            comments: ruling.comments.clone(),
            reviewer: acting.account,
            at: doer.now,
            letter: ruling.letter.clone(),
        };
        filings::decide(&tx, filing.id, &review).await?;
        filings::move_on(&tx, filing.id, state, None, doer.now).await?;
        let account = accounts::load_for_update(&tx, crypter, filing.filed_by).await?;
        let account = account.ok_or_else(|| ActError::Broken("a sign-up without its account".to_owned()))?;
        match ruling.decision {
            Decision::Approved => admit(app, &tx, &doer, &filing, account).await?,
            Decision::Refused => hand_back(app, &tx, &doer, &filing, account, ruling).await?,
        }
        let detail = json!({ "number": filing.number, "decision": ruling.decision });
        Ok(doer.record(app, &tx, What::SignUpDecided, detail).await?)
    })
    .await
}

async fn admit(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    filing: &Filing,
    mut account: Account,
) -> Result<(), ActError> {
    let Some(organisation) = account.organisation.clone() else {
        return Err(ActError::Broken("a sign-up without its organisation".to_owned()));
    };
    account.state = AccountState::Active;
    accounts::update(tx, &app.store.crypter, &account, doer.now).await?;
    profiles::set_state(tx, &organisation, State::Active, doer.now).await?;
    let Ok(Form::Organisation(form)) = Form::from_content(FormKind::Organisation, &filing.content) else {
        return Err(ActError::Broken(format!("filing {} cannot be read back", filing.number)));
    };
    let told = Mail::to(AboutAccount::Approved, &account.holder)
        .about(account.id)
        .fact(Fact::Account(account.name.to_string()))
        .fact(Fact::Organisation(form.name.clone()))
        .fact(Fact::Number(filing.number))
        .link(Link::page(sign_in::PATH));
    mail::enqueue(tx, app, &told).await?;
    organisations::invite_deputies(app, tx, doer, &organisation, &form).await
}

async fn hand_back(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    filing: &Filing,
    mut account: Account,
    ruling: &Ruling,
) -> Result<(), ActError> {
    let (crypter, now) = (&app.store.crypter, doer.now);
    let reason = ruling.reason.clone().ok_or(ActError::ReasonMissing)?;
    account.state = AccountState::FillingIn;
    accounts::update(tx, crypter, &account, now).await?;
    let draft = |form, item, fields| New { form, account: account.id, organisation: None, item, fields };
    let fields = Fields::from_content(&filing.content);
    drafts::begin(tx, crypter, &*app.random, draft(FormKind::Organisation, None, fields), now).await?;
    let organisation = account.organisation.clone().ok_or(ActError::Gone)?;
    for mut kept in items::of_organisation_for_update(tx, &organisation, StageName::OperatorReview).await? {
        let Some(filed) = kept.stage.filed().cloned() else { continue };
        // The comments are on the organisation's form and stand in its own mail.
        let said = Said { reason: Some(reason.clone()), comments: Vec::new() };
        doer.step(app, tx, &mut kept, Act::Refuse(reason.clone()), said).await?;
        let content = filings::load_for_update(tx, crypter, &Scope::All, filed.filing).await?;
        let fields = content.map(|f| Fields::from_content(&f.content)).unwrap_or_default();
        let form = FormKind::of(FilingKind::NewItem, kept.kind);
        let new = draft(form, Some(kept.id), fields);
        let begun = drafts::begin(tx, crypter, &*app.random, new, now).await?;
        uploads::hand_back(tx, kept.id, begun.id).await?;
    }
    let told = Mail::to(AboutAccount::Refused, &account.holder)
        .about(account.id)
        .fact(Fact::Number(filing.number))
        .fact(Fact::Reason(reason.as_str().to_owned()))
        .facts(of_comments(FormKind::Organisation, &ruling.comments))
        .link(Link::page(sign_in::PATH));
    mail::enqueue(tx, app, &told).await?;
    Ok(())
}

impl Doer {
    /// The same, after the account itself was changed within the step.
    fn now_as(self, account: Account) -> Self {
        let acting =
            Acting { account: account.id, role: account.role, organisation: account.organisation.clone() };
        Self { actor: Actor::Person(acting), account: Some(account), ..self }
    }
}
