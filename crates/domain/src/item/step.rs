//! One act on an item: who may, what is needed, where it leads, and what follows from it.

use jiff::civil::Date;

use super::act::{Act, ActName, Acting, Actor, Cause};
use super::due::{self, Certificate, is_due, test_ends};
use super::rule::{self, Deed, Guard, Mail, RegistryChange, Rule, Who};
use super::stage::{Decided, Ending, Filed, Running, Stage, StageName};
use super::transition::REPORT_DUE_DAYS;
use crate::account::Role;
use crate::calendar::{day_of, days_after};
use crate::filing::{Decision, FilingId, FilingKind, FormNumber, OfficialLetter, Reason, ReviewStep};
use crate::organisation::{OrganisationId, OrganisationKind};
use crate::time::Time;

/// What a step must know beside the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The organisation that the item belongs to.
    pub organisation: OrganisationId,
    /// What kind of organisation that is.
    pub kind: OrganisationKind,
    /// Its competent authority.
    pub authority: Option<OrganisationId>,
    /// The certificates that the item's connection needs.
    pub certificates: Vec<Certificate>,
}

/// Why an act was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such way from this stage: somebody was quicker, or a page was old.
    #[error("{act} cannot be done while the item is {stage}; look at the item again")]
    NotNow {
        /// Where the item is.
        stage: StageName,
        /// What was to be done.
        act: ActName,
    },
    /// The item belongs to somebody else. Pages answer as if it did not exist.
    #[error("the item belongs to another organisation")]
    NotYours,
    /// The role never does it.
    #[error("{act} may not be done with this role")]
    NotAllowed {
        /// What was to be done.
        act: ActName,
    },
    /// Nobody reviews what they or their organisation filed.
    #[error("what you or your organisation filed is reviewed by somebody else")]
    OwnFiling,
    /// Each step of a review needs another person.
    #[error("you have decided on this filing before; the next review needs another person")]
    SameReviewer,
    /// The official letter is not given.
    #[error("the number and date of the official letter are needed")]
    LetterMissing,
    /// The letter is of a day to come.
    #[error("the date of the official letter lies ahead")]
    LetterAhead,
    /// The organisation's competent authority is not on record.
    #[error("the organisation form does not name the competent authority, which must review")]
    AuthorityMissing,
    /// The form carries the wrong number.
    #[error("the form must carry the number {needed}")]
    WrongNumber {
        /// What it must be, or begin with.
        needed: String,
    },
    /// The test has ended.
    #[error("the test has ended")]
    TestOver,
    /// The extension is not open yet.
    #[error("an extension can be applied for from {opens} on")]
    TooEarlyToExtend {
        /// The first day.
        opens: Date,
    },
    /// The one extension was given.
    #[error("a test is extended once")]
    AlreadyExtended,
    /// The pilot report would be due before today.
    #[error("the earliest go-live date is {earliest}: the pilot report is due one week before")]
    GoLiveTooEarly {
        /// The earliest day.
        earliest: Date,
    },
    /// It is suspended for this cause already.
    #[error("the item is suspended for this cause already")]
    AlreadySuspended,
    /// It is not suspended for this cause.
    #[error("the item is not suspended for this cause")]
    NotSuspended,
    /// It is not time.
    #[error("it is not time for {act}")]
    NotDue {
        /// What was to be done.
        act: ActName,
    },
}

/// What becomes of a filing through a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilingChange {
    /// It is filed, and its review begins.
    Opened {
        /// Which.
        filing: FilingId,
        /// What it is for.
        kind: FilingKind,
        /// Whose turn it is.
        step: ReviewStep,
    },
    /// A reviewer decided.
    Decided {
        /// Which.
        filing: FilingId,
        /// At which station.
        step: ReviewStep,
        /// What.
        decision: Decision,
        /// Whose turn it is now; `None`: the review is over.
        next: Option<ReviewStep>,
    },
    /// The official letter has come.
    LetterNoted {
        /// Which.
        filing: FilingId,
    },
    /// It was taken back, or its item was delisted.
    Withdrawn {
        /// Which.
        filing: FilingId,
    },
}

/// A warning that was sent and is to be remembered with its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warned {
    /// Which certificate.
    pub certificate: String,
    /// How many days before its end.
    pub days: u16,
}

/// What a step comes to. All of it is kept together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    /// Where the item was.
    pub from: StageName,
    /// Where it is now.
    pub stage: Stage,
    /// What the record says.
    pub deed: Deed,
    /// Why, in the words of whoever did it.
    pub reason: Option<Reason>,
    /// The official letter that belongs to it.
    pub letter: Option<OfficialLetter>,
    /// Which mails go out.
    pub mails: &'static [Mail],
    /// What becomes of the filing.
    pub filing: Option<FilingChange>,
    /// What becomes of the registry records.
    pub registry: RegistryChange,
    /// A warning to be remembered.
    pub warned: Option<Warned>,
    /// When the clock next does something; the item's one job is set to it.
    pub wake: Option<Time>,
}

/// Does one act: asks the table who may and what is needed, takes the way, and tells what follows.
///
/// # Errors
/// See [`Refused`]; nothing has changed then.
pub fn step(stage: Stage, act: Act, actor: &Actor, facts: &Facts, now: Time) -> Result<Stepped, Refused> {
    let (from, name) = (stage.name(), act.name());
    may_see(actor, facts)?;
    let rule = rule::of(from, name, facts.kind).ok_or(Refused::NotNow { stage: from, act: name })?;
    may_do(rule, actor, facts, from)?;
    for guard in rule.guards {
        hold(*guard, &stage, &act, actor, facts, now)?;
    }
    let filing = filing_change(rule, &stage, &act, facts);
    let (reason, letter) = (reason_of(&act), letter_of(&act));
    let warned = match &act {
        Act::WarnCertificate { certificate, days } => {
            Some(Warned { certificate: certificate.clone(), days: *days })
        }
        _ => None,
    };
    let stage = go(stage, act, actor, facts, now)?;
    // Records stay suspended while a cause is left, each as that cause has it.
    let registry = match (rule.registry, &stage) {
        (RegistryChange::Resume, Stage::Suspended(_)) => RegistryChange::Suspend,
        (change, _) => change,
    };
    let mut certificates = facts.certificates.clone();
    if let Some(Warned { certificate, days }) = &warned {
        for kept in certificates.iter_mut().filter(|c| c.name == *certificate) {
            kept.warned = Some(*days);
        }
    }
    let wake = due::due(&stage, &certificates, now).map(|d| d.at);
    Ok(Stepped {
        from,
        stage,
        deed: rule.deed,
        reason,
        letter,
        mails: rule.mails,
        filing,
        registry,
        warned,
        wake,
    })
}

/// Whether a page may offer an act to somebody: role, ownership, stage. What is to be filled in is not asked.
pub fn may(stage: &Stage, act: ActName, actor: &Actor, facts: &Facts, now: Time) -> Result<(), Refused> {
    may_see(actor, facts)?;
    let from = stage.name();
    let rule = rule::of(from, act, facts.kind).ok_or(Refused::NotNow { stage: from, act })?;
    may_do(rule, actor, facts, from)?;
    for guard in rule.guards {
        hold_before(*guard, stage, act, actor, facts, now)?;
    }
    Ok(())
}

/// One organisation never learns of another's items.
fn may_see(actor: &Actor, facts: &Facts) -> Result<(), Refused> {
    let Actor::Person(person) = actor else { return Ok(()) };
    let theirs = match person.role {
        Role::Applicant | Role::Deputy => person.organisation.as_ref() == Some(&facts.organisation),
        Role::Authority => person.organisation.is_some() && person.organisation == facts.authority,
        Role::Operator | Role::Ministry | Role::Administrator | Role::Auditor => true,
    };
    if theirs { Ok(()) } else { Err(Refused::NotYours) }
}

/// Whether the table lets this actor do it. Who may do it in another stage has come too late or too early: somebody else's
/// decision lies between the page and the press.
fn may_do(rule: &Rule, actor: &Actor, facts: &Facts, stage: StageName) -> Result<(), Refused> {
    if is(rule.who, actor, facts) {
        return Ok(());
    }
    let elsewhere = rule::RULES.iter().any(|r| r.act == rule.act && is(r.who, actor, facts));
    Err(if elsewhere {
        Refused::NotNow { stage, act: rule.act }
    } else {
        Refused::NotAllowed { act: rule.act }
    })
}

/// Whether somebody is one of those who may.
fn is(who: Who, actor: &Actor, facts: &Facts) -> bool {
    let Actor::Person(person) = actor else { return matches!(who, Who::Clock | Who::ClockOrOperator) };
    let owner = || {
        matches!(person.role, Role::Applicant | Role::Deputy)
            && person.organisation.as_ref() == Some(&facts.organisation)
    };
    let operator = || person.role == Role::Operator;
    let ministry = || person.role == Role::Ministry;
    match who {
        Who::Owner => owner(),
        Who::Operator | Who::ClockOrOperator => operator(),
        Who::Authority => {
            person.role == Role::Authority
                && person.organisation.is_some()
                && person.organisation == facts.authority
        }
        Who::Ministry => ministry(),
        Who::OperatorOrMinistry => operator() || ministry(),
        Who::OwnerOrOperator => owner() || operator(),
        Who::Clock => false,
    }
}

fn person(actor: &Actor) -> Option<&Acting> {
    match actor {
        Actor::Person(person) => Some(person),
        Actor::Clock => None,
    }
}

/// Whether a guard holds, as far as it can be known before the act is filled in.
fn hold_before(
    guard: Guard,
    stage: &Stage,
    act: ActName,
    actor: &Actor,
    facts: &Facts,
    now: Time,
) -> Result<(), Refused> {
    let testing = match stage {
        Stage::Running(Running::Testing(testing)) => Some(testing),
        _ => None,
    };
    let suspended = |cause| matches!(stage, Stage::Suspended(s) if s.is_for(cause));
    let ensure = |holds: bool, refused: Refused| if holds { Ok(()) } else { Err(refused) };
    match guard {
        Guard::NotOwnFiling => {
            let own = person(actor).is_some_and(|p| {
                stage.filed().is_some_and(|filed| filed.by == p.account)
                    || p.organisation.as_ref() == Some(&facts.organisation)
            });
            ensure(!own, Refused::OwnFiling)
        }
        Guard::OtherReviewer => {
            let same = person(actor).is_some_and(|p| stage.decided().iter().any(|d| d.by == p.account));
            ensure(!same, Refused::SameReviewer)
        }
        Guard::AuthorityKnown => {
            let needed = facts.kind == OrganisationKind::Private;
            ensure(!needed || facts.authority.is_some(), Refused::AuthorityMissing)
        }
        Guard::TestNotOver => ensure(testing.is_some_and(|t| now < test_ends(t)), Refused::TestOver),
        Guard::OnlyOnce => ensure(testing.is_some_and(|t| !t.extended), Refused::AlreadyExtended),
        Guard::LastWeek => match testing {
            Some(t) if day_of(now) < t.extension_opens() => {
                Err(Refused::TooEarlyToExtend { opens: t.extension_opens() })
            }
            _ => Ok(()),
        },
        Guard::NotSuspendedForIt => ensure(!suspended(cause_of(act)), Refused::AlreadySuspended),
        Guard::SuspendedForIt => ensure(suspended(cause_of(act)), Refused::NotSuspended),
        // Asked of the filled-in act; a reason is one by its type.
        Guard::Letter | Guard::Reason | Guard::Number | Guard::GoLiveDate | Guard::Due => Ok(()),
    }
}

fn hold(
    guard: Guard,
    stage: &Stage,
    act: &Act,
    actor: &Actor,
    facts: &Facts,
    now: Time,
) -> Result<(), Refused> {
    hold_before(guard, stage, act.name(), actor, facts, now)?;
    match guard {
        Guard::Letter => match letter_of(act) {
            None => Err(Refused::LetterMissing),
            Some(letter) if letter.date() > day_of(now) => Err(Refused::LetterAhead),
            Some(_) => Ok(()),
        },
        Guard::Number => match filed_of(act) {
            Some((filed, kind)) => number(stage, filed.number, kind),
            None => Ok(()),
        },
        Guard::GoLiveDate => match act {
            Act::FileGoLive(_, on) if *on < earliest_go_live(day_of(now)) => {
                Err(Refused::GoLiveTooEarly { earliest: earliest_go_live(day_of(now)) })
            }
            _ => Ok(()),
        },
        Guard::Due if !is_due(stage, &facts.certificates, act, now) => {
            Err(Refused::NotDue { act: act.name() })
        }
        _ => Ok(()),
    }
}

/// The earliest go-live date that may be applied for on a day (R36).
pub fn earliest_go_live(today: Date) -> Date {
    days_after(today, REPORT_DUE_DAYS)
}

fn number(stage: &Stage, number: FormNumber, kind: FilingKind) -> Result<(), Refused> {
    match stage.returned(kind) {
        Some(returned) if number != returned.number.refiled() => {
            Err(Refused::WrongNumber { needed: returned.number.refiled().to_string() })
        }
        None if number.refiling() != 0 => Err(Refused::WrongNumber { needed: "of a new form".to_owned() }),
        _ => Ok(()),
    }
}

fn cause_of(act: ActName) -> Cause {
    match act {
        ActName::SuspendFailing | ActName::ResumeFailing => Cause::Failing,
        ActName::EndCertificate | ActName::RenewCertificate => Cause::Certificate,
        _ => Cause::Operator,
    }
}

fn filed_of(act: &Act) -> Option<(&Filed, FilingKind)> {
    match act {
        Act::File(filed) => Some((filed, FilingKind::NewItem)),
        Act::FileExtension(filed) => Some((filed, FilingKind::Extension)),
        Act::FileGoLive(filed, _) => Some((filed, FilingKind::GoLive)),
        Act::FileReport(filed) => Some((filed, FilingKind::PilotReport)),
        Act::FileChange(filed) => Some((filed, FilingKind::Change)),
        _ => None,
    }
}

fn reason_of(act: &Act) -> Option<Reason> {
    match act {
        Act::Refuse(reason) | Act::Suspend(reason) | Act::Resume(reason) | Act::Delist(reason) => {
            Some(reason.clone())
        }
        Act::SuspendFailing(reason) | Act::ResumeFailing(reason) => reason.clone(),
        _ => None,
    }
}

fn letter_of(act: &Act) -> Option<OfficialLetter> {
    match act {
        Act::Approve(letter) => letter.clone(),
        Act::LetterArrived(letter) => Some(letter.clone()),
        _ => None,
    }
}

/// What a filing under review in this stage is for, and whose turn it is.
pub fn under_review(stage: &Stage) -> Option<(FilingKind, ReviewStep)> {
    use FilingKind as F;
    use ReviewStep as R;
    Some(match stage {
        Stage::OperatorReview(_) => (F::NewItem, R::Operator),
        Stage::AuthorityReview(_) => (F::NewItem, R::Authority),
        Stage::MinistryReview(_) => (F::NewItem, R::Ministry),
        Stage::Running(running) => match running {
            Running::ExtensionReview(_) => (F::Extension, R::Operator),
            // Until the letter has come the application is still with the operating team.
            Running::GoLiveOperatorReview(_) | Running::AwaitingLetter(_) => (F::GoLive, R::Operator),
            Running::GoLiveMinistryReview(_) => (F::GoLive, R::Ministry),
            Running::ReportReview(_) => (F::PilotReport, R::Operator),
            Running::ChangeOperatorReview(_) => (F::Change, R::Operator),
            Running::ChangeMinistryReview(_) => (F::Change, R::Ministry),
            Running::Testing(_) | Running::Piloting(_) | Running::AwaitingListing(_) | Running::Listed(_) => {
                return None;
            }
        },
        Stage::Draft(_) | Stage::Suspended(_) | Stage::Delisted(_) => return None,
    })
}

fn filing_change(rule: &Rule, stage: &Stage, act: &Act, facts: &Facts) -> Option<FilingChange> {
    if let Some((filed, kind)) = filed_of(act) {
        return Some(FilingChange::Opened { filing: filed.filing, kind, step: ReviewStep::Operator });
    }
    let filing = stage.filed()?.filing;
    match rule.act {
        ActName::Approve | ActName::Refuse => {
            let (kind, step) = under_review(stage)?;
            let decision = if rule.act == ActName::Approve { Decision::Approved } else { Decision::Refused };
            let next = match decision {
                Decision::Approved => step.next(kind, facts.kind),
                Decision::Refused => None,
            };
            Some(FilingChange::Decided { filing, step, decision, next })
        }
        ActName::LetterArrived => Some(FilingChange::LetterNoted { filing }),
        ActName::Withdraw | ActName::Delist | ActName::EndTest => Some(FilingChange::Withdrawn { filing }),
        _ => None,
    }
}

/// Takes the way. The table has been asked before; what it knows and this does not is no way at all.
fn go(stage: Stage, act: Act, actor: &Actor, facts: &Facts, now: Time) -> Result<Stage, Refused> {
    let refused = Refused::NotNow { stage: stage.name(), act: act.name() };
    Ok(match (stage, act) {
        (Stage::Running(running), act) => return run(running, act, actor, now).ok_or(refused),

        (Stage::Draft(s), Act::File(filed)) => Stage::OperatorReview(s.file(filed)),
        (Stage::Draft(s), Act::Discard) => Stage::Delisted(s.discard(now)),

        (Stage::OperatorReview(s), Act::Approve(letter)) => {
            let operator = decided(actor, letter, now).ok_or(refused)?;
            match facts.kind {
                OrganisationKind::Agency => Stage::MinistryReview(s.pass_to_ministry(operator)),
                OrganisationKind::Private => Stage::AuthorityReview(s.pass_to_authority(operator)),
            }
        }
        (Stage::AuthorityReview(s), Act::Approve(letter)) => {
            Stage::MinistryReview(s.pass_to_ministry(decided(actor, letter, now).ok_or(refused)?))
        }
        (Stage::MinistryReview(s), Act::Approve(_)) => Running::Testing(s.pass_to_testing(now)).into(),
        (Stage::OperatorReview(s), Act::Refuse(_) | Act::Withdraw) => Stage::Draft(s.return_to_draft(now)),
        (Stage::AuthorityReview(s), Act::Refuse(_) | Act::Withdraw) => Stage::Draft(s.return_to_draft(now)),
        (Stage::MinistryReview(s), Act::Refuse(_) | Act::Withdraw) => Stage::Draft(s.return_to_draft(now)),

        (Stage::Suspended(s), Act::Suspend(reason)) => {
            Stage::Suspended(s.also(Cause::Operator, Some(reason), now))
        }
        (Stage::Suspended(s), Act::SuspendFailing(reason)) => {
            Stage::Suspended(s.also(Cause::Failing, reason, now))
        }
        (Stage::Suspended(s), Act::EndCertificate) => Stage::Suspended(s.also(Cause::Certificate, None, now)),
        (Stage::Suspended(s), Act::Resume(_)) => s.lift(Cause::Operator),
        (Stage::Suspended(s), Act::ResumeFailing(_)) => s.lift(Cause::Failing),
        (Stage::Suspended(s), Act::RenewCertificate) => s.lift(Cause::Certificate),
        (Stage::Suspended(s), Act::WarnCertificate { .. }) => Stage::Suspended(s),
        (Stage::Suspended(s), Act::EndTest) => Stage::Delisted(s.end_test(now)),
        (Stage::Suspended(s), Act::Delist(_)) => Stage::Delisted(s.delist(ending(actor), now)),

        (Stage::Delisted(s), Act::StartAnew) => Stage::Draft(s.start_anew()),
        _ => return Err(refused),
    })
}

/// The ways out of a running stage.
fn run(running: Running, act: Act, actor: &Actor, now: Time) -> Option<Stage> {
    let next = match (running, act) {
        (running, Act::Suspend(reason)) => {
            return Some(Stage::Suspended(running.suspend(Cause::Operator, Some(reason), now)));
        }
        (running, Act::SuspendFailing(reason)) => {
            return Some(Stage::Suspended(running.suspend(Cause::Failing, reason, now)));
        }
        (running, Act::EndCertificate) => {
            return Some(Stage::Suspended(running.suspend(Cause::Certificate, None, now)));
        }
        (running, Act::Delist(_)) => return Some(Stage::Delisted(running.delist(ending(actor), now))),
        (running, Act::WarnCertificate { .. }) => running,

        (Running::Testing(s), Act::RemindTest) => Running::Testing(s.remind()),
        (Running::Testing(s), Act::EndTest) => return Some(Stage::Delisted(s.end(now))),
        (Running::Testing(s), Act::FileExtension(filed)) => Running::ExtensionReview(s.file_extension(filed)),
        (Running::Testing(s), Act::FileGoLive(filed, on)) => {
            Running::GoLiveOperatorReview(s.file_go_live(filed, on))
        }
        (Running::ExtensionReview(s), Act::Approve(_)) => Running::Testing(s.grant(now)),
        (Running::ExtensionReview(s), Act::Refuse(_)) => Running::Testing(s.return_to_testing(now)),
        (Running::ExtensionReview(s), Act::Withdraw) => Running::Testing(s.withdraw(now)),

        (Running::GoLiveOperatorReview(s), Act::Approve(letter)) => {
            Running::AwaitingLetter(s.await_letter(decided(actor, letter, now)?))
        }
        (Running::GoLiveOperatorReview(s), Act::Refuse(_)) => Running::Testing(s.return_to_testing(now)),
        (Running::GoLiveOperatorReview(s), Act::Withdraw) => Running::Testing(s.withdraw(now)),
        (Running::AwaitingLetter(s), Act::LetterArrived(letter)) => {
            Running::GoLiveMinistryReview(s.letter_arrived(letter))
        }
        (Running::AwaitingLetter(s), Act::Refuse(_)) => Running::Testing(s.return_to_testing(now)),
        (Running::AwaitingLetter(s), Act::Withdraw) => Running::Testing(s.withdraw(now)),
        (Running::GoLiveMinistryReview(s), Act::Approve(_)) => Running::Piloting(s.begin_pilot(now)),
        (Running::GoLiveMinistryReview(s), Act::Refuse(_)) => Running::Testing(s.return_to_testing(now)),
        (Running::GoLiveMinistryReview(s), Act::Withdraw) => Running::Testing(s.withdraw(now)),

        (Running::Piloting(s), Act::RemindReport) => Running::Piloting(s.remind()),
        (Running::Piloting(s), Act::FileReport(filed)) => Running::ReportReview(s.file_report(filed)),
        (Running::ReportReview(s), Act::Approve(_)) => Running::AwaitingListing(s.await_listing()),
        (Running::ReportReview(s), Act::Refuse(_) | Act::Withdraw) => {
            Running::Piloting(s.return_to_pilot(now))
        }
        (Running::AwaitingListing(s), Act::List) => Running::Listed(s.list(now)),

        (Running::Listed(s), Act::FileChange(filed)) => Running::ChangeOperatorReview(s.file_change(filed)),
        (Running::ChangeOperatorReview(s), Act::Approve(letter)) => {
            Running::ChangeMinistryReview(s.pass_to_ministry(decided(actor, letter, now)?))
        }
        (Running::ChangeOperatorReview(s), Act::Refuse(_) | Act::Withdraw) => {
            Running::Listed(s.return_to_listed(now))
        }
        (Running::ChangeMinistryReview(s), Act::Approve(_)) => Running::Listed(s.accept()),
        (Running::ChangeMinistryReview(s), Act::Refuse(_) | Act::Withdraw) => {
            Running::Listed(s.return_to_listed(now))
        }
        _ => return None,
    };
    Some(next.into())
}

/// A decision; only people decide.
fn decided(actor: &Actor, letter: Option<OfficialLetter>, now: Time) -> Option<Decided> {
    person(actor).map(|p| Decided { by: p.account, at: now, letter })
}

fn ending(actor: &Actor) -> Ending {
    match person(actor).map(|p| p.role) {
        Some(Role::Applicant | Role::Deputy) => Ending::ByOwner,
        _ => Ending::ByOperator,
    }
}
