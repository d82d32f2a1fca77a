//! A review decides (R8, R9, R34, R35, R51–R55), and an official letter is noted.

use mydata_domain::account::Role;
use mydata_domain::filing::{
    Comment, Decision, Filing, FilingId, FilingKind, OfficialLetter, Reason, ReviewStep,
};
use mydata_domain::item::{Act, ItemId, step};
use mydata_store::Tx;
use mydata_store::repo::items::Kept;
use mydata_store::repo::list::Scope;
use mydata_store::repo::{filings, organisations};

use super::{ActError, By, Doer, Outcome, Said, in_tx, sign_up};
use crate::app::App;

/// What a reviewer decides about what they saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The filing that the page showed.
    pub filing: FilingId,
    /// The station at which the page showed it.
    pub step: ReviewStep,
    /// The decision.
    pub decision: Decision,
    /// Why; needed for a refusal.
    pub reason: Option<Reason>,
    /// What is to be mended, field by field.
    pub comments: Vec<Comment>,
    /// The letter that belongs to it.
    pub letter: Option<OfficialLetter>,
}

/// Decides. A sign-up's outcome names no item, so this is for filings about items; see [`sign_up::decide`].
///
/// # Errors
/// [`ActError::Superseded`]: something else is under review by now, or elsewhere. See [`ActError`].
pub async fn decide(app: &App, by: &By, ruling: &Ruling) -> Result<Outcome, ActError> {
    in_tx(app, "review-decide", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let (mut kept, _) = under_review(app, &tx, &doer, ruling.filing, Some(ruling.step)).await?;
        let act = match ruling.decision {
            Decision::Approved => {
                must_be_known(app, &kept).await?;
                Act::Approve(ruling.letter.clone())
            }
            Decision::Refused => Act::Refuse(ruling.reason.clone().ok_or(ActError::ReasonMissing)?),
        };
        let said = Said { reason: ruling.reason.clone(), comments: ruling.comments.clone() };
        doer.step(app, &tx, &mut kept, act, said).await
    })
    .await
}

/// Notes that the organisation's letter has come (R34).
///
/// # Errors
/// As [`decide`].
pub async fn note_letter(
    app: &App,
    by: &By,
    filing: FilingId,
    letter: &OfficialLetter,
) -> Result<Outcome, ActError> {
    in_tx(app, "review-letter", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let (mut kept, _) = under_review(app, &tx, &doer, filing, None).await?;
        doer.step(app, &tx, &mut kept, Act::LetterArrived(letter.clone()), Said::default()).await
    })
    .await
}

/// The item of a filing, and the filing, both locked, if this is what is under review, and at this station.
async fn under_review(
    app: &App,
    tx: &Tx,
    doer: &Doer,
    id: FilingId,
    at: Option<ReviewStep>,
) -> Result<(Kept, Filing), ActError> {
    let crypter = &app.store.crypter;
    // Read first, to learn which item is to be locked before it.
    let seen = filings::load(&app.store.db, crypter, &Scope::All, id).await?.ok_or(ActError::Gone)?;
    if seen.kind == FilingKind::SignUp {
        return Err(ActError::NotOfThisKind);
    }
    let item: ItemId = seen.item.ok_or(ActError::Gone)?;
    let kept = doer.item(tx, item).await?;
    // Whoever may not see the item does not learn how far it is.
    let account = doer.account()?;
    let sees = match account.role {
        Role::Applicant | Role::Deputy => account.acts_for(&kept.organisation),
        Role::Authority => account.organisation.is_some() && account.organisation == kept.authority,
        _ => true,
    };
    if !sees {
        return Err(ActError::Gone);
    }
    let current = kept.stage.filed().is_some_and(|filed| filed.filing == id);
    let station = step::under_review(&kept.stage).map(|(_, step)| step);
    // While it is suspended nothing is decided; the domain says so.
    let suspended = matches!(kept.stage, mydata_domain::item::Stage::Suspended(_));
    if !current || (!suspended && at.is_some() && station != at) {
        return Err(ActError::Superseded);
    }
    let filing = filings::load_for_update(tx, crypter, &Scope::All, id).await?.ok_or(ActError::Gone)?;
    Ok((kept, filing))
}

/// Nothing of an organisation passes before the organisation itself has.
async fn must_be_known(app: &App, kept: &Kept) -> Result<(), ActError> {
    let profile = organisations::profile(&app.store.db, &app.store.crypter, &kept.organisation).await?;
    match profile {
        Some(profile) if profile.state == organisations::State::InReview => Err(ActError::AccountFirst),
        _ => Ok(()),
    }
}

/// Decides whatever kind of filing it is: for the one review page.
///
/// # Errors
/// As [`decide`] and [`sign_up::decide`].
pub async fn decide_any(app: &App, by: &By, ruling: &Ruling) -> Result<Option<Outcome>, ActError> {
    let found = filings::load(&app.store.db, &app.store.crypter, &Scope::All, ruling.filing).await?;
    match found.ok_or(ActError::Gone)?.kind {
        FilingKind::SignUp => sign_up::decide(app, by, ruling).await.map(|()| None),
        _ => decide(app, by, ruling).await.map(Some),
    }
}
