//! The operating side opens an account for an organisation (R65–R68, R84–R87); organisations keep what they say about
//! themselves, and their deputies.

use mydata_domain::Time;
use mydata_domain::account::{Account, AccountId, AccountName, AccountState, Holder, INVITATION_LIFE, Role};
use mydata_domain::audit::What;
use mydata_domain::forms::organisation::{Contact, MAX_DEPUTIES};
use mydata_domain::forms::{OrganisationForm, Purpose as FilePurpose};
use mydata_domain::mail::{AboutAccount, Fact, Link, Mail};
use mydata_domain::organisation::{NoteKind, OrganisationId, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_store::Tx;
use mydata_store::blobs::BlobId;
use mydata_store::repo::accounts::Purpose;
use mydata_store::repo::organisation_notes::{self, Note};
use mydata_store::repo::organisations::{self as profiles, State};
use mydata_store::repo::{accounts, registry, sessions, uploads};
use mydata_wire::Random;
use mydata_wire::random::alphanumeric;
use serde_json::json;

use super::sign_up::link_secret;
use super::{ActError, By, Doer, in_tx};
use crate::app::App;
use crate::mail;

/// The page on which an invited account sets its password; the link's secret is its query `link`.
const PASSWORD_PATH: &str = "/mydata-backend/password";
/// How often another name is tried for an account whose name is taken.
const NAMES_TRIED: u32 = 50;

/// A new organisation's short name: nobody types it, so it says nothing.
pub(super) fn new_id(random: &dyn Random) -> OrganisationId {
    let id = format!("org-{}", alphanumeric(random, 10).to_ascii_lowercase());
    id.parse().expect("small letters, digits and a hyphen are an organisation's id")
}

/// How an account for an organisation came to be opened: what is written down beside it.
pub struct Opening {
    /// How it asked for the account (R65).
    pub asked: NoteKind,
    /// Who asked, when, under which number.
    pub note: String,
    /// The signed 介接申請表 (R66), where it is there already.
    pub signed: Option<Signed>,
}

/// A signed 介接申請表, judged and kept as a blob.
pub struct Signed {
    /// The file's name.
    pub name: String,
    /// Its type, by its content.
    pub media_type: &'static str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its content.
    pub blob: BlobId,
}

/// Opens an organisation with its main account and deputies, from a form that the operating team filled in (R65, R84,
/// R85). Each account is told by mail, with a link that sets its password.
///
/// # Errors
/// See [`ActError`].
pub async fn open(
    app: &App,
    by: &By,
    form: &OrganisationForm,
    opening: &Opening,
) -> Result<OrganisationId, ActError> {
    in_tx(app, "organisation-open", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        must_operate(&doer)?;
        let id = new_id(&*app.random);
        save_record(app, &tx, &id, form, State::Active, doer.now).await?;
        invite(app, &tx, &doer, &id, &form.name, Role::Applicant, &form.applicant).await?;
        invite_deputies(app, &tx, &doer, &id, form).await?;
        write_note(app, &tx, &doer, &id, opening.asked, &opening.note).await?;
        if let Some(signed) = &opening.signed {
            keep_signed(app, &tx, &doer, &id, signed).await?;
        }
        let detail = json!({ "organisation": id, "opened": opening.asked.as_str(), "signed": opening.signed.is_some() });
        doer.record(app, &tx, What::OrganisationChanged, detail).await?;
        Ok(id)
    })
    .await
}

/// Keeps a signed 介接申請表 as the next version of an organisation's (R66): by the operating team. Gives the version.
///
/// # Errors
/// [`ActError::Gone`]: there is no such organisation.
pub async fn add_signed(app: &App, by: &By, id: &OrganisationId, signed: &Signed) -> Result<i64, ActError> {
    in_tx(app, "organisation-signed", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        must_operate(&doer)?;
        if !profiles::lock(&tx, id).await? {
            return Err(ActError::Gone);
        }
        let version = keep_signed(app, &tx, &doer, id, signed).await?;
        let detail = json!({ "organisation": id, "signed": version });
        doer.record(app, &tx, What::OrganisationChanged, detail).await?;
        Ok(version)
    })
    .await
}

/// Writes down that an organisation was told by phone that its account is open (R84): by the operating team.
///
/// # Errors
/// [`ActError::Gone`]: there is no such organisation.
pub async fn told(app: &App, by: &By, id: &OrganisationId, note: &str) -> Result<(), ActError> {
    in_tx(app, "organisation-told", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        must_operate(&doer)?;
        if !profiles::lock(&tx, id).await? {
            return Err(ActError::Gone);
        }
        write_note(app, &tx, &doer, id, NoteKind::ToldByPhone, note).await?;
        let detail = json!({ "organisation": id, "noted": NoteKind::ToldByPhone.as_str() });
        Ok(doer.record(app, &tx, What::OrganisationChanged, detail).await?)
    })
    .await
}

fn must_operate(doer: &Doer) -> Result<(), ActError> {
    if doer.account()?.role == Role::Operator { Ok(()) } else { Err(ActError::Barred) }
}

async fn write_note(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    id: &OrganisationId,
    kind: NoteKind,
    text: &str,
) -> Result<(), ActError> {
    let account = doer.account()?.id;
    let note = Note { organisation: id.clone(), account, kind, at: doer.now, text: text.to_owned() };
    Ok(organisation_notes::add(tx, &app.store.crypter, &*app.random, &note).await?)
}

async fn keep_signed(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    id: &OrganisationId,
    signed: &Signed,
) -> Result<i64, ActError> {
    let new = uploads::New {
        draft: None,
        item: None,
        organisation: Some(id),
        account: doer.account()?.id,
        purpose: FilePurpose::SignedApplication,
        name: &signed.name,
        media_type: signed.media_type,
        bytes: signed.bytes,
        sha256: &signed.sha256,
        blob: &signed.blob,
    };
    Ok(uploads::add(tx, &*app.random, &new, doer.now).await?.version)
}

async fn save_record(
    app: &App,
    tx: &Tx,
    id: &OrganisationId,
    form: &OrganisationForm,
    state: State,
    now: Time,
) -> Result<(), ActError> {
    let document = Registry { organisations: vec![form.to_organisation(id.clone())], ..Registry::default() };
    registry::write(tx, &app.store.crypter, &document, now).await?;
    profiles::save_profile(tx, &app.store.crypter, id, state, form, now).await?;
    Ok(())
}

/// Invites those deputies of a form that have no account of the organisation yet.
pub(super) async fn invite_deputies(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    id: &OrganisationId,
    form: &OrganisationForm,
) -> Result<(), ActError> {
    if form.deputies.is_empty() {
        return Ok(());
    }
    let mut there = Vec::new();
    for role in Role::ORGANISATION {
        there.extend(accounts::of_role(tx, &app.store.crypter, *role, Some(id)).await?);
    }
    there.retain(|account| account.state != AccountState::Closed);
    for contact in &form.deputies {
        let known = there.iter().any(|account| {
            let same = |kept: &str, given: &str| !kept.is_empty() && kept.eq_ignore_ascii_case(given);
            account.holder.gov_account.as_deref().is_some_and(|kept| same(kept, &contact.account))
                || same(account.name.as_str(), &contact.account)
        });
        if !known {
            there.push(invite(app, tx, doer, id, &form.name, Role::Deputy, contact).await?);
        }
    }
    Ok(())
}

/// Opens one more deputy account: by the organisation's applicant or the operating team.
///
/// # Errors
/// [`ActError::TooManyDeputies`].
pub async fn add_deputy(
    app: &App,
    by: &By,
    organisation: &OrganisationId,
    contact: &Contact,
) -> Result<Account, ActError> {
    in_tx(app, "deputy-add", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        must_manage(&doer, organisation)?;
        let deputies = accounts::of_role(&tx, &app.store.crypter, Role::Deputy, Some(organisation)).await?;
        if deputies.iter().filter(|a| a.state != AccountState::Closed).count() >= MAX_DEPUTIES {
            return Err(ActError::TooManyDeputies(MAX_DEPUTIES));
        }
        let known = registry::organisation(&tx, organisation).await?.ok_or(ActError::Gone)?;
        invite(app, &tx, &doer, organisation, &known.name, Role::Deputy, contact).await
    })
    .await
}

/// Closes a deputy's account for good: by the organisation's applicant or the operating team. Its sessions end.
///
/// # Errors
/// [`ActError::Gone`]: the organisation has no such deputy.
pub async fn close_deputy(
    app: &App,
    by: &By,
    organisation: &OrganisationId,
    deputy: AccountId,
) -> Result<(), ActError> {
    in_tx(app, "deputy-close", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        must_manage(&doer, organisation)?;
        let crypter = &app.store.crypter;
        let found = accounts::load_for_update(&tx, crypter, deputy).await?;
        let fits = |a: &Account| a.role == Role::Deputy && a.organisation.as_ref() == Some(organisation);
        let mut account = found.filter(fits).ok_or(ActError::Gone)?;
        account.state = AccountState::Closed;
        accounts::update(&tx, crypter, &account, doer.now).await?;
        sessions::end_all(&tx, account.id, None).await?;
        let detail = json!({ "account": account.id, "state": account.state });
        Ok(doer.record(app, &tx, What::AccountChanged, detail).await?)
    })
    .await
}

/// Keeps what an organisation says about itself: by its own people, or by the operating team, who alone change what was
/// reviewed: name, kind and competent authority. Deputies are looked after by themselves. `seen` is when what the page
/// showed was saved.
///
/// # Errors
/// [`ActError::Superseded`]: it was saved by somebody else meanwhile.
pub async fn change(
    app: &App,
    by: &By,
    id: &OrganisationId,
    form: OrganisationForm,
    seen: Option<Time>,
) -> Result<(), ActError> {
    let form = &form;
    in_tx(app, "organisation-change", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let account = doer.account()?;
        match account.role {
            Role::Operator => {}
            Role::Applicant | Role::Deputy if account.acts_for(id) => {}
            Role::Applicant | Role::Deputy => return Err(ActError::Gone),
            _ => return Err(ActError::Barred),
        }
        let known = registry::organisation(&tx, id).await?.ok_or(ActError::Gone)?;
        let profile = profiles::profile_for_update(&tx, &app.store.crypter, id).await?;
        if profile.as_ref().map(|p| p.updated_at) != seen {
            return Err(ActError::Superseded);
        }
        let mut form = form.clone();
        if account.role != Role::Operator {
            form.name.clone_from(&known.name);
            form.name_en.clone_from(&known.name_en);
            form.short_name = known.short_name.clone().unwrap_or_default();
            form.kind = known.kind;
            // A private body that has none yet names its own.
            let kept = profile.as_ref().and_then(|p| p.authority.clone());
            form.authority = kept.or(form.authority).filter(|_| known.kind == OrganisationKind::Private);
        }
        form.deputies = profile.as_ref().map(|p| p.form.deputies.clone()).unwrap_or_default();
        let state = profile.as_ref().map_or(State::Active, |p| p.state);
        let renamed = known.name != form.name;
        // The next change tells from this moment that it came later.
        let now = profile.as_ref().map_or(doer.now, |p| doer.now.max(Time(p.updated_at.0 + 1)));
        save_record(app, &tx, id, &form, state, now).await?;
        let detail = json!({ "organisation": id, "renamed": renamed });
        Ok(doer.record(app, &tx, What::OrganisationChanged, detail).await?)
    })
    .await
}

/// Reads and locks a deputy of an organisation, for those who look after it.
async fn deputy_of(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    organisation: &OrganisationId,
    deputy: AccountId,
) -> Result<Account, ActError> {
    must_manage(doer, organisation)?;
    let found = accounts::load_for_update(tx, &app.store.crypter, deputy).await?;
    let fits = |a: &Account| {
        a.role == Role::Deputy
            && a.organisation.as_ref() == Some(organisation)
            && a.state != AccountState::Closed
    };
    found.filter(fits).ok_or(ActError::Gone)
}

/// Changes who holds a deputy's account and how to reach them.
///
/// # Errors
/// [`ActError::Gone`]: the organisation has no such deputy.
pub async fn change_deputy(
    app: &App,
    by: &By,
    organisation: &OrganisationId,
    deputy: AccountId,
    contact: &Contact,
) -> Result<(), ActError> {
    in_tx(app, "deputy-change", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let mut account = deputy_of(app, &tx, &doer, organisation, deputy).await?;
        let mut changed = Vec::new();
        let holder = &mut account.holder;
        for (name, kept, given) in [
            ("name", &mut holder.name, &contact.name),
            ("phone", &mut holder.phone, &contact.phone),
            ("mail", &mut holder.mail, &contact.email),
        ] {
            if kept != given {
                kept.clone_from(given);
                changed.push(name);
            }
        }
        if holder.gov_account.as_ref() != Some(&contact.account) {
            holder.gov_account = Some(contact.account.clone());
            changed.push("gov_account");
        }
        if changed.is_empty() {
            return Ok(());
        }
        accounts::update(&tx, &app.store.crypter, &account, doer.now).await?;
        let detail = json!({ "account": account.id, "changed": changed });
        Ok(doer.record(app, &tx, What::AccountChanged, detail).await?)
    })
    .await
}

/// Keeps a deputy from signing in, or lets it again. Its sessions end.
///
/// # Errors
/// [`ActError::Gone`]: the organisation has no such deputy.
pub async fn lock_deputy(
    app: &App,
    by: &By,
    organisation: &OrganisationId,
    deputy: AccountId,
    locked: bool,
) -> Result<(), ActError> {
    in_tx(app, "deputy-lock", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let mut account = deputy_of(app, &tx, &doer, organisation, deputy).await?;
        account.locked_at = locked.then(|| account.locked_at.unwrap_or(doer.now));
        accounts::update(&tx, &app.store.crypter, &account, doer.now).await?;
        if locked {
            sessions::end_all(&tx, account.id, None).await?;
        }
        let detail = json!({ "account": account.id, "act": if locked { "lock" } else { "unlock" } });
        Ok(doer.record(app, &tx, What::AccountChanged, detail).await?)
    })
    .await
}

/// Sends a deputy who has not set a password yet another link that does.
///
/// # Errors
/// [`ActError::Gone`]: the organisation has no such deputy, or it has a password.
pub async fn invite_deputy_again(
    app: &App,
    by: &By,
    organisation: &OrganisationId,
    deputy: AccountId,
) -> Result<(), ActError> {
    in_tx(app, "deputy-invite", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let account = deputy_of(app, &tx, &doer, organisation, deputy).await?;
        if account.state != AccountState::Invited {
            return Err(ActError::Gone);
        }
        crate::backoffice::account_mail::invite(&tx, app, &account).await?;
        let detail = json!({ "account": account.id, "by": "invitation" });
        Ok(doer.record(app, &tx, What::PasswordLinkMade, detail).await?)
    })
    .await
}

fn must_manage(doer: &Doer, organisation: &OrganisationId) -> Result<(), ActError> {
    let account = doer.account()?;
    match account.role {
        Role::Operator => Ok(()),
        Role::Applicant if account.acts_for(organisation) => Ok(()),
        Role::Applicant | Role::Deputy => Err(ActError::Gone),
        _ => Err(ActError::Barred),
    }
}

/// Opens an account and mails the link that sets its first password.
async fn invite(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    organisation: &OrganisationId,
    organisation_name: &str,
    role: Role,
    contact: &Contact,
) -> Result<Account, ActError> {
    let (crypter, now) = (&app.store.crypter, doer.now);
    let account = Account {
        id: AccountId::generate(&*app.random),
        name: free_name(app, tx, &contact.account).await?,
        role,
        organisation: Some(organisation.clone()),
        state: AccountState::Invited,
        locked_at: None,
        holder: Holder {
            name: contact.name.clone(),
            mail: contact.email.clone(),
            phone: contact.phone.clone(),
            gov_account: Some(contact.account.clone()),
        },
        created_at: now,
        signed_in_at: None,
    };
    accounts::insert(tx, crypter, &account).await?;
    let secret = link_secret(&*app.random);
    accounts::make_link(tx, crypter, account.id, Purpose::Invitation, &secret, now, INVITATION_LIFE).await?;
    let link = Link::secret(format!("{PASSWORD_PATH}?link={secret}"), now.plus(INVITATION_LIFE));
    let told = Mail::to(AboutAccount::Opened, &account.holder)
        .about(account.id)
        .fact(Fact::Account(account.name.to_string()))
        .fact(Fact::Organisation(organisation_name.to_owned()))
        .link(link);
    mail::enqueue(tx, app, &told).await?;
    let detail = json!({ "account": account.id, "role": role, "organisation": organisation });
    doer.record(app, tx, What::AccountAdded, detail).await?;
    Ok(account)
}

/// A name for an account that nobody has, as near to what was written as it can be.
async fn free_name(app: &App, tx: &Tx, written: &str) -> Result<AccountName, ActError> {
    let base = base_name(written);
    for n in 1..=NAMES_TRIED {
        let text = if n == 1 { base.clone() } else { format!("{base}{n}") };
        let Ok(name) = text.parse::<AccountName>() else { break };
        if accounts::by_name(tx, &app.store.crypter, &name).await?.is_none() {
            return Ok(name);
        }
    }
    let name = format!("u{}", alphanumeric(&*app.random, 10));
    name.parse().map_err(|_| ActError::Broken("a letter and letters make no name".to_owned()))
}

fn base_name(written: &str) -> String {
    const LONGEST: usize = 36;
    let local = written.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let kept = local.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(*c));
    let text: String = kept.skip_while(|c| !c.is_ascii_lowercase()).take(LONGEST).collect();
    if text.len() < 3 { format!("user{text}") } else { text }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_was_written_makes_a_name() {
        for (written, name) in [
            ("demo.lin", "demo.lin"),
            ("Lin@library.example", "lin"),
            ("12ab", "userab"),
            ("1234", "user"),
            ("_x", "userx"),
        ] {
            assert_eq!(base_name(written), name);
            assert!(base_name(written).parse::<AccountName>().is_ok(), "{written}");
        }
        assert!(base_name(&"a".repeat(64)).parse::<AccountName>().is_ok());
        assert!(new_id(&mydata_wire::SystemRandom).as_str().len() == 14);
    }
}
