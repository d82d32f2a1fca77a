//! A form is filed (送審, 延長測試, 申請上線, 試辦完成, 申請變更): read once more, numbered, bound to its files, and the item steps on.

use mydata_domain::Zone;
use mydata_domain::calendar::day_of;
use mydata_domain::filing::{Filing, FilingId, FilingKind, FilingState, FormNumber, Letter, ReviewStep};
use mydata_domain::forms::{self, DraftId, Fault, FieldError, Form, FormKind};
use mydata_domain::item::stage::Filed;
use mydata_domain::item::{Act, ActName, Refused, StageName};
use mydata_domain::organisation::OrganisationId;
use mydata_store::Tx;
use mydata_store::repo::drafts::{self, Draft, Owner};
use mydata_store::repo::filings::{self, About};
use mydata_store::repo::items::Kept;
use mydata_store::repo::list::Scope;
use mydata_store::repo::uploads;

use super::context::{context, kind_of, owner_of};
use super::{ActError, By, Doer, Outcome, Said, certificates, in_tx, outcome};
use crate::app::App;

/// Files a draft as it is at `version`. Sent twice, it is filed once, and both are told the same.
///
/// # Errors
/// See [`ActError`]; nothing was changed then, and the draft is where it was.
pub async fn file(app: &App, by: &By, draft: DraftId, version: i64) -> Result<Outcome, ActError> {
    // A filing carries the id of the draft that it was made from: so it is known again.
    let id = filing_id(draft)?;
    in_tx(app, "file", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let Owner::Organisation(organisation) = owner_of(doer.account()?) else {
            return Err(ActError::Barred);
        };
        let owner = Owner::Organisation(organisation.clone());
        let crypter = &app.store.crypter;
        let Some(draft) = drafts::load_for_update(&tx, crypter, &owner, draft).await? else {
            return filed_already(app, &doer, &tx, &organisation, id).await;
        };
        if draft.version != version {
            return Err(ActError::Stale { there: draft.version });
        }
        let mut kept = match draft.item {
            Some(item) => doer.item(&tx, item).await?,
            None => return Err(ActError::Gone),
        };
        let kind = filing_kind(draft.form, &kept)?;
        let form = read(app, &owner, &draft, zone_of(kind)).await?;
        hand_in(app, &tx, &doer, &mut kept, &owner, &draft, kind, &form).await
    })
    .await
}

/// The id of the filing that is made from a draft.
pub(super) fn filing_id(draft: DraftId) -> Result<FilingId, ActError> {
    draft.to_string().parse().map_err(|_| ActError::Broken("a draft's id makes no filing's id".to_owned()))
}

/// The same form was sent before.
async fn filed_already(
    app: &App,
    doer: &Doer,
    tx: &Tx,
    organisation: &OrganisationId,
    id: FilingId,
) -> Result<Outcome, ActError> {
    let scope = Scope::Organisation(organisation.clone());
    let filing = filings::load_for_update(tx, &app.store.crypter, &scope, id).await?.ok_or(ActError::Gone)?;
    let kept = doer.item(tx, filing.item.ok_or(ActError::Gone)?).await?;
    Ok(Outcome { filing: Some(id), number: Some(filing.number), already: true, ..outcome(&kept) })
}

/// What a form about an item is filed as.
fn filing_kind(form: FormKind, kept: &Kept) -> Result<FilingKind, ActError> {
    if kind_of(form).is_some_and(|kind| kind != kept.kind) {
        return Err(ActError::NotOfThisKind);
    }
    Ok(match form {
        FormKind::Organisation => return Err(ActError::NotOfThisKind),
        FormKind::Dataset | FormKind::Service | FormKind::CounterService => match kept.stage.name() {
            StageName::Draft => FilingKind::NewItem,
            StageName::Listed => FilingKind::Change,
            stage => return Err(Refused::NotNow { stage, act: ActName::File }.into()),
        },
        FormKind::Extension => FilingKind::Extension,
        FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => {
            FilingKind::GoLive
        }
        FormKind::PilotReport => FilingKind::PilotReport,
    })
}

/// The zone of the datasets that a form asks for.
pub(super) fn zone_of(kind: FilingKind) -> Zone {
    match kind {
        FilingKind::GoLive | FilingKind::Change => Zone::Production,
        _ => Zone::Test,
    }
}

/// Reads a draft's form, as strictly as when it was shown.
pub(super) async fn read(app: &App, owner: &Owner, draft: &Draft, zone: Zone) -> Result<Form, ActError> {
    let context = context(app, owner, draft, zone).await?;
    let form = forms::read(draft.form, &draft.fields, &context).map_err(ActError::Faults)?;
    if let Form::Dataset(dataset) = &form
        && !dataset.certificate.is_empty()
        && certificates::describe(dataset.certificate.as_bytes()).is_err()
    {
        let fault = FieldError { path: "certificate".to_owned(), fault: Fault::NotACertificate };
        return Err(ActError::Faults(vec![fault]));
    }
    Ok(form)
}

/// Numbers a form, keeps it, and lets the item step.
#[expect(clippy::too_many_arguments, reason = "all of them are what a filing is made of")]
pub(super) async fn hand_in(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    kept: &mut Kept,
    owner: &Owner,
    draft: &Draft,
    kind: FilingKind,
    form: &Form,
) -> Result<Outcome, ActError> {
    let (now, by) = (doer.now, doer.account()?.id);
    let returned = kept.stage.returned(kind);
    let number = match returned {
        Some(returned) => returned.number.refiled(),
        None => number(tx, Letter::of(kept.kind), now).await?,
    };
    let id = filing_id(draft.id)?;
    let filing = Filing {
        id,
        number,
        kind,
        item: Some(kept.id),
        organisation: Some(kept.organisation.clone()),
        filed_by: by,
        filed_at: now,
        mends: returned.map(|r| r.filing),
        content: form.content(),
        state: FilingState::InReview,
        step: Some(ReviewStep::Operator),
        closed_at: None,
    };
    if kind == FilingKind::NewItem {
        if let Some((name, category)) = named(form) {
            (kept.name, kept.category) = (name.to_owned(), category.to_owned());
        }
        kept.number = Some(number);
    }
    let about = About {
        item_kind: Some(kept.kind),
        item_name: &kept.name,
        organisation_name: &kept.organisation_name,
        authority: kept.authority.as_ref(),
    };
    filings::insert(tx, &app.store.crypter, &filing, &about).await?;
    let filed = Filed { filing: id, number, by, at: now };
    let act = match (kind, form) {
        (FilingKind::NewItem, _) => Act::File(filed),
        (FilingKind::Extension, _) => Act::FileExtension(filed),
        (FilingKind::GoLive, Form::GoLive(go_live)) => Act::FileGoLive(filed, go_live.on),
        (FilingKind::PilotReport, _) => Act::FileReport(filed),
        (FilingKind::Change, _) => Act::FileChange(filed),
        (FilingKind::GoLive | FilingKind::SignUp, _) => return Err(ActError::NotOfThisKind),
    };
    let outcome = doer.step(app, tx, kept, act, Said::default()).await?;
    uploads::adopt(tx, draft.id, kept.id, &kept.organisation).await?;
    drafts::delete(tx, owner, draft.id).await?;
    Ok(outcome)
}

/// The name and the category that a form gives its item.
fn named(form: &Form) -> Option<(&str, &str)> {
    match form {
        Form::Dataset(form) => Some((&form.name, &form.category)),
        Form::Service(form) => Some((&form.name, &form.category)),
        Form::CounterService(form) => Some((&form.name, &form.category)),
        _ => None,
    }
}

/// The next number of a letter today (R56).
pub(super) async fn number(
    tx: &Tx,
    letter: Letter,
    now: mydata_domain::Time,
) -> Result<FormNumber, ActError> {
    let today = day_of(now);
    let counter = filings::next_counter(tx, letter, today).await?;
    FormNumber::new(letter, today, counter).map_err(|bad| ActError::Broken(bad.to_string()))
}

/// Deletes a draft that is not an item's first: an item's first goes with the item ([`Act::Discard`]).
///
/// # Errors
/// [`ActError::Gone`].
pub async fn drop_draft(app: &App, by: &By, draft: DraftId) -> Result<(), ActError> {
    in_tx(app, "form-drop", |tx| async move {
        let doer = Doer::in_state(app, &tx, by, super::sign_up::fills_in).await?;
        let owner = owner_of(doer.account()?);
        let found = drafts::load_for_update(&tx, &app.store.crypter, &owner, draft).await?;
        let found = found.ok_or(ActError::Gone)?;
        if let Some(item) = found.item {
            let mut kept = doer.item(&tx, item).await?;
            if kept.stage.name() == StageName::Draft && matches!(owner, Owner::Organisation(_)) {
                doer.step(app, &tx, &mut kept, Act::Discard, Said::default()).await?;
                return Ok(());
            }
        }
        drafts::delete(&tx, &owner, draft).await?;
        Ok(())
    })
    .await
}
