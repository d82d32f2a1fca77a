//! Who is told of a step, and what the mail says beside its sentence (R7, R22, R25, R26, R34, R35, R38, R64).

use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::day_of;
use mydata_domain::filing::{Comment, FilingId, FilingKind};
use mydata_domain::forms::FormKind;
use mydata_domain::item::rule::{Audience, MailKind};
use mydata_domain::item::stage::Filed;
use mydata_domain::item::{ItemId, Running, Stage, Stepped};
use mydata_domain::mail::{DayOf, Fact, Link, Mail};
use mydata_domain::organisation::OrganisationId;
use mydata_store::repo::accounts;
use mydata_store::repo::items::Kept;
use mydata_store::{StoreError, Tx};

use crate::app::App;
use crate::backoffice::ROOT;
use crate::backoffice::forms::draw::path_label;
use crate::mail;
use crate::web::Lang;

/// The page of an item.
pub fn item_path(id: ItemId) -> String {
    format!("{ROOT}/items/{id}")
}

/// The page on which a filing is reviewed.
pub fn review_path(id: FilingId) -> String {
    format!("{ROOT}/reviews/{id}")
}

/// Writes the mails of a step.
pub(super) async fn of_step(
    app: &App,
    tx: &Tx,
    kept: &Kept,
    before: &Stage,
    stepped: &Stepped,
    filed: Option<&Filed>,
    comments: &[Comment],
) -> Result<(), StoreError> {
    for to in stepped.mails {
        for account in audience(app, tx, kept, to.to).await? {
            let waiting = to.kind == MailKind::ReviewWaiting;
            let link = match filed {
                Some(filed) if waiting => Link::page(review_path(filed.filing)),
                _ => Link::page(item_path(kept.id)),
            };
            let mut mail = Mail::to(to.kind, &account.holder)
                .about(kept.id)
                .fact(Fact::Item(kept.name.clone()))
                .fact(Fact::Organisation(kept.organisation_name.clone()))
                .link(link);
            if let Some(filed) = filed {
                mail = mail.fact(Fact::Number(filed.number)).fact(Fact::Day(DayOf::Filed, day_of(filed.at)));
            }
            mail = mail.facts(days(kept, before, &stepped.stage, to.kind));
            if let Some(reason) = &stepped.reason {
                mail = mail.fact(Fact::Reason(reason.as_str().to_owned()));
            }
            if let Some(filing) = returned(to.kind) {
                mail = mail.facts(of_comments(FormKind::of(filing, kept.kind), comments));
            }
            if let Some(warned) = &stepped.warned {
                mail = mail.fact(Fact::DaysLeft(warned.days));
            }
            mail::enqueue(tx, app, &mail).await?;
        }
    }
    Ok(())
}

/// What came back, in a mail that says so: its reader has to mend it.
fn returned(kind: MailKind) -> Option<FilingKind> {
    Some(match kind {
        MailKind::NotPassed => FilingKind::NewItem,
        MailKind::ExtensionNotPassed => FilingKind::Extension,
        MailKind::GoLiveNotPassed => FilingKind::GoLive,
        MailKind::ReportNotPassed => FilingKind::PilotReport,
        MailKind::ChangeNotPassed => FilingKind::Change,
        _ => return None,
    })
}

/// The comments on fields, each with the field's name as the form has it (R34, R38).
pub(super) fn of_comments(form: FormKind, comments: &[Comment]) -> Vec<Fact> {
    let one = |comment: &Comment| Fact::Comment {
        field: path_label(Lang::ZhTw, form, &comment.field),
        text: comment.text.as_str().to_owned(),
    };
    comments.iter().map(one).collect()
}

/// The days that matter to a mail.
fn days(kept: &Kept, before: &Stage, after: &Stage, kind: MailKind) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |of, day| facts.push(Fact::Day(of, day));
    match after.running().or(before.running()) {
        Some(Running::Testing(testing)) => add(DayOf::TestEnds, testing.last_day),
        Some(Running::GoLiveOperatorReview(s)) => add(DayOf::GoLive, s.go_live.on),
        Some(Running::AwaitingLetter(s)) => add(DayOf::GoLive, s.go_live.on),
        Some(Running::GoLiveMinistryReview(s)) => add(DayOf::GoLive, s.go_live.on),
        Some(Running::Piloting(pilot)) => {
            add(DayOf::ReportDue, pilot.report_due());
            add(DayOf::GoLive, pilot.on);
        }
        Some(Running::ReportReview(s)) => add(DayOf::GoLive, s.piloting.on),
        Some(Running::AwaitingListing(waiting)) => add(DayOf::GoLive, waiting.on),
        _ => {}
    }
    if matches!(kind, MailKind::CertificateEndsSoon | MailKind::Suspended)
        && let Some(first) = kept.certificates.iter().map(|c| c.until).min()
    {
        add(DayOf::CertificateEnds, day_of(first));
    }
    facts
}

/// The accounts of an audience that somebody uses.
async fn audience(app: &App, tx: &Tx, kept: &Kept, to: Audience) -> Result<Vec<Account>, StoreError> {
    match to {
        Audience::Owner => owners(app, tx, &kept.organisation).await,
        Audience::Operators => of_role(app, tx, Role::Operator, None).await,
        Audience::Ministry => of_role(app, tx, Role::Ministry, None).await,
        Audience::Authority => match &kept.authority {
            Some(authority) => of_role(app, tx, Role::Authority, Some(authority)).await,
            None => Ok(Vec::new()),
        },
    }
}

/// Applicant and deputies of an organisation, also while their account is in review.
pub(super) async fn owners(
    app: &App,
    tx: &Tx,
    organisation: &OrganisationId,
) -> Result<Vec<Account>, StoreError> {
    use mydata_domain::account::AccountState::{Active, FillingIn, InReview};
    let mut all = Vec::new();
    for role in Role::ORGANISATION {
        all.extend(accounts::of_role(tx, &app.store.crypter, *role, Some(organisation)).await?);
    }
    all.retain(|account| {
        matches!(account.state, Active | FillingIn | InReview) && account.locked_at.is_none()
    });
    Ok(all)
}

/// The accounts of a role that may sign in.
pub(super) async fn of_role(
    app: &App,
    tx: &Tx,
    role: Role,
    organisation: Option<&OrganisationId>,
) -> Result<Vec<Account>, StoreError> {
    let mut all = accounts::of_role(tx, &app.store.crypter, role, organisation).await?;
    all.retain(|account| account.may_sign_in().is_ok());
    Ok(all)
}
