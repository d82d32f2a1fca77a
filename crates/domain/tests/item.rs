//! The life of items: every act by everybody in every stage, and whole lives under a held clock.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;

use mydata_domain::Time;
use mydata_domain::account::{AccountId, Role};
use mydata_domain::calendar::{Date, day_of, days_after, days_between, end_of, midnight, months_after};
use mydata_domain::filing::{
    Decision, FilingId, FilingKind, FilingState, FormNumber, Letter, OfficialLetter, Reason,
};
use mydata_domain::item::rule::{self, Deed, Guard, MailKind, RegistryChange, Who};
use mydata_domain::item::stage::{Draft, Ending, Filed, Suspended};
use mydata_domain::item::step::{earliest_go_live, may};
use mydata_domain::item::{
    Act, ActName, Acting, Actor, Cause, Certificate, Facts, FilingChange, Refused, Running, Stage, StageName,
    Stepped, due, step, table,
};
use mydata_domain::organisation::OrganisationKind;
use mydata_wire::SystemRandom;
use proptest::prelude::*;

/// 2026-11-30, noon in Taipei.
fn start() -> Time {
    Time(midnight(Date::constant(2026, 11, 30)).0 + 12 * 3_600_000)
}

fn account(role: Role, number: u8) -> AccountId {
    format!("{:08}-0000-4000-8000-{:012}", role as u8, number).parse().unwrap()
}

fn person(role: Role, organisation: Option<&str>, number: u8) -> Actor {
    let organisation = organisation.map(|o| o.parse().unwrap());
    Actor::Person(Acting { account: account(role, number), role, organisation })
}

fn owner() -> Actor {
    person(Role::Applicant, Some("library"), 1)
}
fn operator() -> Actor {
    person(Role::Operator, None, 1)
}
fn authority() -> Actor {
    person(Role::Authority, Some("commission"), 1)
}
fn ministry() -> Actor {
    person(Role::Ministry, None, 1)
}

/// Somebody who may.
fn able(who: Who) -> Actor {
    match who {
        Who::Owner | Who::OwnerOrOperator => owner(),
        Who::Operator | Who::OperatorOrMinistry => operator(),
        Who::Authority => authority(),
        Who::Ministry => ministry(),
        Who::Clock | Who::ClockOrOperator => Actor::Clock,
    }
}

fn facts(kind: OrganisationKind) -> Facts {
    Facts {
        organisation: "library".parse().unwrap(),
        kind,
        authority: (kind == OrganisationKind::Private).then(|| "commission".parse().unwrap()),
        certificates: Vec::new(),
    }
}

fn reason() -> Reason {
    "請補正欄位".parse().unwrap()
}

fn letter(now: Time) -> OfficialLetter {
    OfficialLetter::new("示範字第1150000001號", day_of(now)).unwrap()
}

fn filed(stage: &Stage, kind: FilingKind, now: Time) -> Filed {
    static COUNTER: AtomicU16 = AtomicU16::new(0);
    let counter = COUNTER.fetch_add(1, Relaxed) % 9_999 + 1;
    let fresh = FormNumber::new(Letter::A, day_of(now), counter).unwrap();
    let number = stage.returned(kind).map_or(fresh, |r| r.number.refiled());
    Filed { filing: FilingId::generate(&SystemRandom), number, by: account(Role::Applicant, 1), at: now }
}

/// The act, well filled in.
fn act(name: ActName, stage: &Stage, now: Time) -> Act {
    match name {
        ActName::File => Act::File(filed(stage, FilingKind::NewItem, now)),
        ActName::Discard => Act::Discard,
        ActName::Withdraw => Act::Withdraw,
        ActName::Approve => Act::Approve(Some(letter(now))),
        ActName::Refuse => Act::Refuse(reason()),
        ActName::FileExtension => Act::FileExtension(filed(stage, FilingKind::Extension, now)),
        ActName::FileGoLive => {
            Act::FileGoLive(filed(stage, FilingKind::GoLive, now), days_after(day_of(now), 30))
        }
        ActName::LetterArrived => Act::LetterArrived(letter(now)),
        ActName::FileReport => Act::FileReport(filed(stage, FilingKind::PilotReport, now)),
        ActName::FileChange => Act::FileChange(filed(stage, FilingKind::Change, now)),
        ActName::Suspend => Act::Suspend(reason()),
        ActName::Resume => Act::Resume(reason()),
        ActName::SuspendFailing => Act::SuspendFailing(None),
        ActName::ResumeFailing => Act::ResumeFailing(None),
        ActName::Delist => Act::Delist(reason()),
        ActName::StartAnew => Act::StartAnew,
        ActName::RemindTest => Act::RemindTest,
        ActName::EndTest => Act::EndTest,
        ActName::RemindReport => Act::RemindReport,
        ActName::List => Act::List,
        ActName::WarnCertificate => Act::WarnCertificate { certificate: "c".to_owned(), days: 7 },
        ActName::EndCertificate => Act::EndCertificate,
        ActName::RenewCertificate => Act::RenewCertificate,
    }
}

/// An item, with its clock.
struct Item {
    stage: Stage,
    facts: Facts,
    now: Time,
}

impl Item {
    fn new(kind: OrganisationKind) -> Self {
        Self { stage: Stage::Draft(Draft::default()), facts: facts(kind), now: start() }
    }

    fn done(&mut self, act: Act, by: &Actor) -> Stepped {
        let name = act.name();
        let stage = self.stage.clone();
        let stepped = step(stage, act, by, &self.facts, self.now).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.keep(&stepped);
        stepped
    }

    fn keep(&mut self, stepped: &Stepped) {
        self.stage = stepped.stage.clone();
        if let Some(warned) = &stepped.warned {
            for c in self.facts.certificates.iter_mut().filter(|c| c.name == warned.certificate) {
                c.warned = Some(warned.days);
            }
        }
    }

    fn does(&mut self, name: ActName, by: &Actor) -> Stepped {
        self.done(act(name, &self.stage, self.now), by)
    }

    fn refuses(&self, act: Act, by: &Actor) -> Refused {
        step(self.stage.clone(), act, by, &self.facts, self.now).unwrap_err()
    }

    fn name(&self) -> StageName {
        self.stage.name()
    }

    /// Does what the clock has to do until this moment, at the moments when it has to.
    fn until(&mut self, later: Time) -> Vec<(Time, Stepped)> {
        let mut out = Vec::new();
        while let Some(next) = due(&self.stage, &self.facts.certificates, self.now) {
            if next.at > later {
                break;
            }
            self.now = self.now.max(next.at);
            let stepped = self.done(next.act, &Actor::Clock);
            out.push((self.now, stepped));
            assert!(out.len() < 100, "the clock goes round in circles");
        }
        self.now = later;
        out
    }

    fn testing(kind: OrganisationKind) -> Self {
        let mut item = Self::new(kind);
        item.does(ActName::File, &owner());
        item.does(ActName::Approve, &operator());
        if kind == OrganisationKind::Private {
            item.does(ActName::Approve, &authority());
        }
        item.does(ActName::Approve, &ministry());
        item
    }

    fn piloting() -> Self {
        let mut item = Self::testing(OrganisationKind::Agency);
        item.does(ActName::FileGoLive, &owner());
        item.does(ActName::Approve, &operator());
        item.does(ActName::LetterArrived, &operator());
        item.does(ActName::Approve, &ministry());
        item
    }

    fn listed() -> Self {
        let mut item = Self::piloting();
        item.does(ActName::FileReport, &owner());
        item.does(ActName::Approve, &operator());
        item.until(Time(item.now.0 + 31 * 86_400_000));
        assert_eq!(item.name(), StageName::Listed);
        item
    }

    fn last_day(&self) -> Date {
        match &self.stage {
            Stage::Running(Running::Testing(t)) => t.last_day,
            other => panic!("not testing: {other:?}"),
        }
    }
}

/// One item in each stage, in which every guard that does not depend on the act can hold.
fn one_in(stage: StageName, kind: OrganisationKind) -> Item {
    let walk = |acts: &[(ActName, Actor)]| {
        let mut item = Item::testing(kind);
        for (name, by) in acts {
            item.does(*name, by);
        }
        item
    };
    let until = |item: &mut Item, acts: &[(ActName, Actor)]| {
        for (name, by) in acts {
            item.does(*name, by);
        }
    };
    let mut item = match stage {
        StageName::Draft => Item::new(kind),
        StageName::OperatorReview => {
            let mut item = Item::new(kind);
            item.does(ActName::File, &owner());
            item
        }
        StageName::AuthorityReview => {
            // Only a non-public body's application comes here; kinds do not change afterwards.
            let mut item = Item::new(OrganisationKind::Private);
            until(&mut item, &[(ActName::File, owner()), (ActName::Approve, operator())]);
            item
        }
        StageName::MinistryReview => {
            let mut item = Item::new(kind);
            until(&mut item, &[(ActName::File, owner()), (ActName::Approve, operator())]);
            if kind == OrganisationKind::Private {
                item.does(ActName::Approve, &authority());
            }
            item
        }
        StageName::Testing => walk(&[]),
        StageName::ExtensionReview => {
            let mut item = walk(&[]);
            item.until(midnight(days_after(item.last_day(), -3)));
            item.does(ActName::FileExtension, &owner());
            item
        }
        StageName::GoLiveOperatorReview => walk(&[(ActName::FileGoLive, owner())]),
        StageName::AwaitingLetter => walk(&[(ActName::FileGoLive, owner()), (ActName::Approve, operator())]),
        StageName::GoLiveMinistryReview => walk(&[
            (ActName::FileGoLive, owner()),
            (ActName::Approve, operator()),
            (ActName::LetterArrived, ministry()),
        ]),
        StageName::Piloting => Item::piloting(),
        StageName::ReportReview => {
            let mut item = Item::piloting();
            item.does(ActName::FileReport, &owner());
            item
        }
        StageName::AwaitingListing => {
            let mut item = Item::piloting();
            until(&mut item, &[(ActName::FileReport, owner()), (ActName::Approve, operator())]);
            item
        }
        StageName::Listed => Item::listed(),
        StageName::ChangeOperatorReview => {
            let mut item = Item::listed();
            item.does(ActName::FileChange, &owner());
            item
        }
        StageName::ChangeMinistryReview => {
            let mut item = Item::listed();
            until(&mut item, &[(ActName::FileChange, owner()), (ActName::Approve, operator())]);
            item
        }
        StageName::Suspended => walk(&[(ActName::Suspend, operator())]),
        StageName::Delisted => walk(&[(ActName::Delist, owner())]),
    };
    if !matches!(stage, StageName::AuthorityReview) {
        item.facts.kind = kind;
    }
    assert_eq!(item.name(), stage);
    item
}

/// Brings an item to where this act's guards hold.
fn ready_for(item: &mut Item, name: ActName) {
    match (name, &item.stage) {
        (ActName::FileExtension | ActName::RemindTest, Stage::Running(Running::Testing(t))) => {
            item.now = midnight(t.extension_opens());
        }
        (ActName::EndTest, Stage::Running(Running::Testing(t))) => item.now = end_of(t.last_day),
        (ActName::EndTest, Stage::Suspended(Suspended { back: Running::Testing(t), .. })) => {
            item.now = end_of(t.last_day);
        }
        (ActName::RemindReport, Stage::Running(Running::Piloting(p))) => item.now = midnight(p.report_due()),
        (ActName::List, Stage::Running(Running::AwaitingListing(w))) => item.now = midnight(w.on),
        (ActName::WarnCertificate, _) => {
            let until = Time(item.now.0 + 5 * 86_400_000);
            item.facts.certificates = vec![Certificate { name: "c".to_owned(), until, warned: None }];
        }
        (ActName::EndCertificate, _) => {
            item.facts.certificates =
                vec![Certificate { name: "c".to_owned(), until: item.now, warned: None }];
        }
        (ActName::ResumeFailing, Stage::Suspended(s)) => {
            item.stage = Stage::Suspended(Suspended { causes: vec![], back: s.back.clone() }.also(
                Cause::Failing,
                None,
                item.now,
            ));
        }
        (ActName::RenewCertificate, Stage::Suspended(s)) => {
            item.stage = Stage::Suspended(Suspended { causes: vec![], back: s.back.clone() }.also(
                Cause::Certificate,
                None,
                item.now,
            ));
        }
        (ActName::Suspend, Stage::Suspended(s)) => {
            item.stage = Stage::Suspended(Suspended { causes: vec![], back: s.back.clone() }.also(
                Cause::Failing,
                None,
                item.now,
            ));
        }
        _ => {}
    }
}

/// Everybody there is, and whom they are to this item.
fn everybody() -> Vec<(&'static str, Actor)> {
    vec![
        ("applicant", owner()),
        ("deputy", person(Role::Deputy, Some("library"), 2)),
        ("another organisation's applicant", person(Role::Applicant, Some("bank"), 3)),
        ("an applicant without organisation", person(Role::Applicant, None, 3)),
        ("another organisation's deputy", person(Role::Deputy, Some("bank"), 3)),
        ("operator", person(Role::Operator, None, 7)),
        ("authority", person(Role::Authority, Some("commission"), 7)),
        ("another authority", person(Role::Authority, Some("other"), 7)),
        ("an authority without organisation", person(Role::Authority, None, 7)),
        ("ministry", person(Role::Ministry, None, 7)),
        ("administrator", person(Role::Administrator, None, 7)),
        ("auditor", person(Role::Auditor, None, 7)),
        ("clock", Actor::Clock),
    ]
}

/// Who may, by the words of the requirements, independent of how the program asks.
fn expected(who: Who, actor: &str) -> bool {
    let owner = matches!(actor, "applicant" | "deputy");
    match who {
        Who::Owner => owner,
        Who::Operator => actor == "operator",
        Who::Authority => actor == "authority",
        Who::Ministry => actor == "ministry",
        Who::OperatorOrMinistry => matches!(actor, "operator" | "ministry"),
        Who::OwnerOrOperator => owner || actor == "operator",
        Who::Clock => actor == "clock",
        Who::ClockOrOperator => matches!(actor, "clock" | "operator"),
    }
}

/// Every stage, every act, everybody, both kinds of organisation: done exactly where the table says so, and what follows
/// is what the table says.
#[test]
fn every_act_by_everybody_in_every_stage() {
    let (mut done, mut tried) = (0, 0);
    for kind in [OrganisationKind::Agency, OrganisationKind::Private] {
        for stage in StageName::ALL {
            if stage == StageName::AuthorityReview && kind == OrganisationKind::Agency {
                continue;
            }
            for name in ActName::ALL {
                let mut item = one_in(stage, kind);
                ready_for(&mut item, name);
                let rule = rule::of(stage, name, kind);
                for (who, actor) in everybody() {
                    tried += 1;
                    let was = item.stage.clone();
                    let act = act(name, &item.stage, item.now);
                    let outcome = step(item.stage.clone(), act, &actor, &item.facts, item.now);
                    let offered = may(&item.stage, name, &actor, &item.facts, item.now);
                    let allowed = rule.is_some_and(|r| expected(r.who, who));
                    match outcome {
                        Ok(stepped) => {
                            done += 1;
                            let rule = rule.expect("what is done is in the table");
                            assert!(allowed, "{who} did {name} in {stage}");
                            assert_eq!(offered, Ok(()), "{who} {name} {stage}");
                            assert!(
                                rule.to.includes(stage, stepped.stage.name()),
                                "{name} {stage} {:?}",
                                stepped.stage
                            );
                            assert_eq!(
                                (stepped.deed, stepped.mails, stepped.from),
                                (rule.deed, rule.mails, stage)
                            );
                            assert!(
                                stepped.registry == rule.registry
                                    || stepped.registry == RegistryChange::Suspend
                            );
                            // What is kept is read back.
                            let kept = serde_json::to_string(&stepped.stage).unwrap();
                            assert_eq!(serde_json::from_str::<Stage>(&kept).unwrap(), stepped.stage);
                            // A filing is opened, decided or closed whenever the stage's filing changes.
                            let (before, after) =
                                (was.filed().map(|f| f.filing), stepped.stage.filed().map(|f| f.filing));
                            assert!(
                                before == after || stepped.filing.is_some(),
                                "{name} in {stage} loses a filing"
                            );
                        }
                        Err(refused) => {
                            assert!(!allowed, "{who} may not {name} in {stage}: {refused}");
                            assert!(offered.is_err(), "{who} is offered {name} in {stage}");
                            let foreign = who.contains("another") || who.contains("without");
                            match (rule, foreign) {
                                (_, true) => assert_eq!(refused, Refused::NotYours, "{who} {name} {stage}"),
                                (None, _) => {
                                    assert!(matches!(refused, Refused::NotNow { .. } | Refused::NotYours));
                                }
                                (Some(_), _) => {
                                    let elsewhere =
                                        rule::RULES.iter().any(|r| r.act == name && expected(r.who, who));
                                    let wanted = if elsewhere {
                                        Refused::NotNow { stage, act: name }
                                    } else {
                                        Refused::NotAllowed { act: name }
                                    };
                                    assert!(refused == wanted || refused == Refused::NotYours, "{refused}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 9_000 && done > 200, "{done} of {tried}");
}

/// Every row of the table can be walked.
#[test]
fn every_row_of_the_table_is_a_way() {
    for rule in rule::RULES {
        let kind = rule.of.unwrap_or(OrganisationKind::Private);
        for stage in StageName::ALL.into_iter().filter(|s| rule.from.includes(*s)) {
            let mut item = one_in(stage, kind);
            ready_for(&mut item, rule.act);
            let stepped = item.does(rule.act, &able(rule.who));
            assert!(rule.to.includes(stage, stepped.stage.name()));
        }
    }
}

/// Shows R8, R9, R34, R55.
#[test]
fn letters_are_asked_for_where_they_belong() {
    let approve = || Act::Approve(None);
    let mut item = one_in(StageName::MinistryReview, OrganisationKind::Agency);
    assert_eq!(item.refuses(approve(), &ministry()), Refused::LetterMissing);
    let ahead = OfficialLetter::new("示範字第1號", days_after(day_of(item.now), 1)).unwrap();
    assert_eq!(item.refuses(Act::Approve(Some(ahead)), &ministry()), Refused::LetterAhead);
    item.does(ActName::Approve, &ministry());

    let mut item = one_in(StageName::AuthorityReview, OrganisationKind::Private);
    assert_eq!(item.refuses(approve(), &authority()), Refused::LetterMissing);
    let passed = item.does(ActName::Approve, &authority());
    assert!(passed.letter.is_some());
    // The authority's letter is there; the ministry needs no other.
    let stepped = item.done(approve(), &ministry());
    assert!(matches!(stepped.filing, Some(FilingChange::Decided { next: None, .. })));

    let mut item = one_in(StageName::GoLiveOperatorReview, OrganisationKind::Agency);
    let stepped = item.done(approve(), &operator());
    assert!(stepped.mails.iter().any(|m| m.kind == MailKind::WriteForGoLive));
    assert!(matches!(item.refuses(approve(), &ministry()), Refused::NotNow { .. }));
}

#[test]
fn a_private_body_needs_its_authority_on_record() {
    let mut item = Item::new(OrganisationKind::Private);
    item.facts.authority = None;
    let file = Act::File(filed(&item.stage, FilingKind::NewItem, item.now));
    assert_eq!(item.refuses(file, &owner()), Refused::AuthorityMissing);
}

/// Nobody reviews what they or their organisation filed, whatever their role is by now; two reviews need two people.
#[test]
fn reviewers_are_others_than_filers_and_than_each_other() {
    let item = one_in(StageName::OperatorReview, OrganisationKind::Agency);
    let turned = Actor::Person(Acting {
        account: account(Role::Applicant, 1),
        role: Role::Operator,
        organisation: None,
    });
    assert_eq!(item.refuses(Act::Approve(None), &turned), Refused::OwnFiling);
    assert_eq!(item.refuses(Act::Refuse(reason()), &turned), Refused::OwnFiling);
    let colleague = person(Role::Operator, Some("library"), 8);
    assert_eq!(item.refuses(Act::Approve(None), &colleague), Refused::OwnFiling);

    let item = one_in(StageName::GoLiveMinistryReview, OrganisationKind::Agency);
    let promoted = Actor::Person(Acting {
        account: account(Role::Operator, 1),
        role: Role::Ministry,
        organisation: None,
    });
    assert_eq!(item.refuses(Act::Approve(None), &promoted), Refused::SameReviewer);
    let same = may(&item.stage, ActName::Approve, &promoted, &item.facts, item.now);
    assert_eq!(same, Err(Refused::SameReviewer));
}

/// Shows R56.
#[test]
fn a_returned_form_is_refiled_under_its_number() {
    let mut item = Item::new(OrganisationKind::Agency);
    item.does(ActName::File, &owner());
    let first = item.stage.filed().unwrap().number;
    let stepped = item.does(ActName::Refuse, &operator());
    assert_eq!(stepped.reason.as_ref().map(Reason::as_str), Some("請補正欄位"));
    let Some(FilingChange::Decided { decision, next, .. }) = stepped.filing else { panic!("{stepped:?}") };
    assert_eq!(decision.leads_to(next), FilingState::Refused);
    let wrong = Filed { number: first, ..filed(&item.stage, FilingKind::NewItem, item.now) };
    let needed = first.refiled().to_string();
    assert_eq!(item.refuses(Act::File(wrong), &owner()), Refused::WrongNumber { needed });
    item.does(ActName::File, &owner());
    assert_eq!(item.stage.filed().unwrap().number.to_string(), format!("{first}-1"));
    item.does(ActName::Withdraw, &owner());
    item.does(ActName::File, &owner());
    assert_eq!(item.stage.filed().unwrap().number.refiling(), 2);
    let fresh = Item::new(OrganisationKind::Agency);
    let wrong = Filed { number: first.refiled(), ..filed(&fresh.stage, FilingKind::NewItem, fresh.now) };
    assert!(matches!(fresh.refuses(Act::File(wrong), &owner()), Refused::WrongNumber { .. }));
}

/// Shows R27, R28, R30.
#[test]
fn a_test_lasts_three_months_and_ends_by_itself() {
    let mut item = Item::testing(OrganisationKind::Agency);
    assert_eq!(item.last_day(), Date::constant(2027, 2, 28));
    let acts = item.until(Time(midnight(Date::constant(2027, 3, 1)).0 - 1));
    assert_eq!(acts.len(), 1);
    assert_eq!((acts[0].0, acts[0].1.deed), (midnight(Date::constant(2027, 2, 21)), Deed::TestEndAnnounced));
    let acts = item.until(midnight(Date::constant(2027, 3, 1)));
    assert_eq!((acts[0].0, acts[0].1.deed), (midnight(Date::constant(2027, 3, 1)), Deed::TestEnded));
    assert_eq!(acts[0].1.registry, RegistryChange::Delist);
    assert!(matches!(&item.stage, Stage::Delisted(d) if d.why == Ending::TestEnded));
    assert_eq!(acts[0].1.wake, None);
}

/// Shows R29, R30, R31.
#[test]
fn a_test_is_extended_once_from_a_week_before_its_end() {
    let mut item = Item::testing(OrganisationKind::Agency);
    let extend = |item: &Item| Act::FileExtension(filed(&item.stage, FilingKind::Extension, item.now));
    let opens = Date::constant(2027, 2, 21);
    item.until(Time(midnight(opens).0 - 1));
    assert_eq!(item.refuses(extend(&item), &owner()), Refused::TooEarlyToExtend { opens });
    item.until(midnight(opens));
    item.done(extend(&item), &owner());
    // While it is reviewed the test does not end, and the days do not count.
    item.until(midnight(Date::constant(2027, 3, 6)));
    assert_eq!(item.name(), StageName::ExtensionReview);
    item.does(ActName::Approve, &operator());
    let stood_still = days_between(opens, Date::constant(2027, 3, 6));
    assert_eq!(item.last_day(), months_after(days_after(Date::constant(2027, 2, 28), stood_still), 3));
    item.until(midnight(days_after(item.last_day(), -1)));
    assert_eq!(item.refuses(extend(&item), &owner()), Refused::AlreadyExtended);
    item.until(end_of(item.last_day()));
    assert_eq!(item.name(), StageName::Delisted);
}

#[test]
fn a_withdrawn_application_does_not_lengthen_a_test() {
    let mut item = Item::testing(OrganisationKind::Agency);
    let last_day = item.last_day();
    item.does(ActName::FileGoLive, &owner());
    item.until(midnight(days_after(last_day, 40)));
    item.does(ActName::Withdraw, &owner());
    assert_eq!(item.last_day(), last_day);
    let ended = item.until(item.now);
    assert_eq!(ended.last().unwrap().1.deed, Deed::TestEnded);
}

/// Shows R36.
#[test]
fn the_go_live_date_leaves_a_week_for_the_report() {
    let item = Item::testing(OrganisationKind::Agency);
    let today = day_of(item.now);
    let go = |on| Act::FileGoLive(filed(&item.stage, FilingKind::GoLive, item.now), on);
    let earliest = earliest_go_live(today);
    assert_eq!(earliest, days_after(today, 7));
    assert_eq!(item.refuses(go(days_after(today, 6)), &owner()), Refused::GoLiveTooEarly { earliest });
    assert!(step(item.stage.clone(), go(earliest), &owner(), &item.facts, item.now).is_ok());
}

/// Shows R35, R38, R53, R64.
#[test]
fn a_pilot_ends_in_a_listing_on_its_day() {
    let mut item = Item::piloting();
    let Stage::Running(Running::Piloting(pilot)) = item.stage.clone() else { panic!("{:?}", item.stage) };
    let reminded = item.until(midnight(pilot.report_due()));
    assert_eq!(reminded[0].1.mails[0].kind, MailKind::ReportDue);
    item.does(ActName::FileReport, &owner());
    let passed = item.does(ActName::Approve, &operator());
    assert_eq!(passed.mails[0].kind, MailKind::ListingPlanned);
    assert_eq!(passed.wake, Some(midnight(pilot.on)));
    assert!(item.until(Time(midnight(pilot.on).0 - 1)).is_empty());
    let listed = item.until(midnight(pilot.on));
    assert_eq!((listed[0].0, listed[0].1.registry), (midnight(pilot.on), RegistryChange::List));
    assert_eq!(item.stage.running().unwrap().listed_since(), Some(midnight(pilot.on)));

    // A report that passes late lists at once.
    let mut item = Item::piloting();
    item.until(midnight(days_after(pilot.on, 5)));
    item.does(ActName::FileReport, &owner());
    let passed = item.does(ActName::Approve, &operator());
    assert!(passed.wake.is_some_and(|at| at <= item.now));
    item.until(item.now);
    assert_eq!(item.name(), StageName::Listed);
}

/// Shows R41.
#[test]
fn an_ended_certificate_suspends_and_a_new_one_resumes() {
    let mut item = Item::listed();
    let until = Time(item.now.0 + 40 * 86_400_000);
    item.facts.certificates = vec![Certificate { name: "c".to_owned(), until, warned: None }];
    let acts = item.until(until);
    let days: Vec<i64> = acts.iter().map(|(at, _)| (until.0 - at.0) / 86_400_000).collect();
    assert_eq!(days, [30, 14, 7, 1, 0]);
    assert_eq!(acts[4].1.deed, Deed::CertificateEnded);
    assert!(matches!(&item.stage, Stage::Suspended(s) if s.is_for(Cause::Certificate)));
    assert!(item.until(Time(until.0 + 86_400_000)).is_empty());
    // The operator suspends it as well; the new certificate alone does not bring it back.
    item.does(ActName::Suspend, &operator());
    item.facts.certificates[0].until = Time(item.now.0 + 365 * 86_400_000);
    item.facts.certificates[0].warned = None;
    let acts = item.until(item.now);
    assert_eq!((acts[0].1.deed, acts[0].1.registry), (Deed::CertificateRenewed, RegistryChange::Suspend));
    assert_eq!(item.name(), StageName::Suspended);
    let resumed = item.does(ActName::Resume, &operator());
    assert_eq!((item.name(), resumed.registry), (StageName::Listed, RegistryChange::Resume));
}

/// A platform that was off for a month sends the last warning only.
#[test]
fn late_warnings_are_not_sent_one_by_one() {
    let mut item = Item::listed();
    item.facts.certificates =
        vec![Certificate { name: "c".to_owned(), until: Time(item.now.0 + 5 * 86_400_000), warned: None }];
    let acts = item.until(item.now);
    assert_eq!(acts.len(), 1);
    assert_eq!(item.facts.certificates[0].warned, Some(7));
}

#[test]
fn a_suspended_test_still_ends_and_a_suspended_listing_waits() {
    let mut item = Item::testing(OrganisationKind::Agency);
    item.does(ActName::SuspendFailing, &Actor::Clock);
    let acts = item.until(midnight(Date::constant(2027, 3, 1)));
    assert_eq!(acts.last().unwrap().1.deed, Deed::TestEnded);

    let mut item = one_in(StageName::AwaitingListing, OrganisationKind::Agency);
    item.does(ActName::Suspend, &operator());
    item.until(Time(item.now.0 + 100 * 86_400_000));
    assert_eq!(item.name(), StageName::Suspended);
    item.does(ActName::Resume, &operator());
    item.until(item.now);
    assert_eq!(item.name(), StageName::Listed);
}

/// Delisting something under review closes its filing.
#[test]
fn delisting_withdraws_what_is_under_review() {
    for stage in StageName::RUNNING {
        let mut item = one_in(*stage, OrganisationKind::Agency);
        let filing = item.stage.filed().map(|f| f.filing);
        let stepped = item.does(ActName::Delist, &owner());
        assert_eq!(stepped.filing, filing.map(|filing| FilingChange::Withdrawn { filing }), "{stage}");
        assert_eq!(stepped.registry, RegistryChange::Delist);
        item.does(ActName::StartAnew, &owner());
        item.does(ActName::File, &owner());
    }
}

/// The page of the states is what the table says.
#[test]
fn the_page_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/backoffice/states.md");
    let page = table::page();
    if std::env::var_os("MYDATA_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/backoffice/states.md is stale: run MYDATA_WRITE_DOCS=1 cargo nextest run -p mydata-domain the_page_is_what_the_code_says"
    );
}

/// What may happen in a life.
#[derive(Debug, Clone)]
enum Event {
    Wait {
        hours: u32,
    },
    /// Anything, by anybody.
    Do {
        act: ActName,
        by: usize,
    },
    /// Something that leads on from here, by somebody who may.
    Go {
        nth: usize,
    },
    NewCertificate {
        days: u32,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let people = everybody().len();
    prop_oneof![
        3 => (0u32..24 * 40).prop_map(|hours| Event::Wait { hours }),
        1 => (1u32..400).prop_map(|days| Event::NewCertificate { days }),
        20 => (0..60usize).prop_map(|nth| Event::Go { nth }),
        10 => (0..ActName::ALL.len(), 0..people).prop_map(|(a, by)| Event::Do { act: ActName::ALL[a], by }),
    ]
}

/// One of the ways from here, those that end a life rarely.
fn leading_on(item: &Item, nth: usize) -> (ActName, Actor) {
    let stage = item.name();
    let ways: Vec<_> = rule::RULES
        .iter()
        .filter(|r| r.from.includes(stage) && r.of.is_none_or(|of| of == item.facts.kind))
        .filter(|r| {
            nth < 4
                || !matches!(
                    r.act,
                    ActName::Delist | ActName::Discard | ActName::Suspend | ActName::SuspendFailing
                )
        })
        .filter(|r| r.who != Who::Clock)
        .collect();
    ways.get(nth % ways.len().max(1)).map_or((ActName::File, owner()), |r| (r.act, able(r.who)))
}

/// What one life has shown.
#[derive(Default)]
struct Seen {
    approvals: HashMap<FilingId, HashSet<AccountId>>,
    extensions: u32,
    numbers: HashSet<(FilingKind, FormNumber)>,
    go_live: Option<Date>,
}

impl Seen {
    fn note(&mut self, item: &Item, stepped: &Stepped, by: &Actor) {
        match &stepped.filing {
            Some(FilingChange::Decided { filing, decision, .. }) => {
                let Actor::Person(person) = by else { panic!("the clock decides nothing") };
                assert!(person.organisation.as_ref().is_none_or(|o| o.as_str() != "library"));
                // Who approved may still return it when the letter does not come, but approves once only.
                let first = *decision == Decision::Refused
                    || self.approvals.entry(*filing).or_default().insert(person.account);
                assert!(first, "approved twice by one person");
            }
            Some(FilingChange::Opened { kind, .. }) => {
                let filed = stepped.stage.filed().unwrap();
                if filed.number.refiling() > 0 {
                    assert!(self.numbers.insert((*kind, filed.number)), "{} twice", filed.number);
                }
            }
            _ => {}
        }
        match stepped.deed {
            Deed::PassedByMinistry => self.extensions = 0,
            Deed::ExtensionGranted => self.extensions += 1,
            Deed::GoLiveFiled => {
                if let Stage::Running(Running::GoLiveOperatorReview(s)) = &stepped.stage {
                    assert!(s.go_live.on >= earliest_go_live(day_of(item.now)));
                    self.go_live = Some(s.go_live.on);
                }
            }
            Deed::Listed => {
                assert!(item.now >= midnight(self.go_live.unwrap()), "listed before its day");
            }
            Deed::TestEnded => assert_eq!(stepped.registry, RegistryChange::Delist),
            _ => {}
        }
        assert!(self.extensions <= 1, "extended twice");
        let suspended = matches!(&stepped.stage, Stage::Suspended(s) if !s.causes.is_empty());
        assert_eq!(stepped.stage.name() == StageName::Suspended, suspended);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Shows R27, R28, R29, R53.
    #[test]
    fn no_life_breaks_what_must_hold(
        private in any::<bool>(),
        begins in 0i32..1_500,
        events in prop::collection::vec(event(), 1..250),
    ) {
        let kind = if private { OrganisationKind::Private } else { OrganisationKind::Agency };
        let mut item = Item::new(kind);
        // Any day of four years, so that leap days and ends of months are met.
        item.now = Time(item.now.0 + i64::from(begins) * 86_400_000);
        let people = everybody();
        let mut seen = Seen::default();
        for event in &events {
            match event {
                Event::Wait { hours } => {
                    let later = Time(item.now.0 + i64::from(*hours) * 3_600_000);
                    let before = item.now;
                    for (at, stepped) in item.until(later) {
                        prop_assert!(at >= before && at <= later);
                        let now = std::mem::replace(&mut item.now, at);
                        seen.note(&item, &stepped, &Actor::Clock);
                        item.now = now;
                    }
                    // Nothing that was due is left.
                    let next = due(&item.stage, &item.facts.certificates, item.now);
                    prop_assert!(next.is_none_or(|d| d.at > item.now));
                }
                Event::NewCertificate { days } => {
                    let until = Time(item.now.0 + i64::from(*days) * 86_400_000);
                    item.facts.certificates = vec![Certificate { name: "c".to_owned(), until, warned: None }];
                }
                Event::Do { .. } | Event::Go { .. } => {
                    let (name, actor) = match event {
                        Event::Do { act, by } => (*act, people[*by].1.clone()),
                        Event::Go { nth } => leading_on(&item, *nth),
                        _ => unreachable!("the others are handled above"),
                    };
                    let (name, actor) = (&name, &actor);
                    let act = act(*name, &item.stage, item.now);
                    let before = item.stage.clone();
                    if let Ok(stepped) = step(before.clone(), act, actor, &item.facts, item.now) {
                        item.keep(&stepped);
                        let wake = due(&item.stage, &item.facts.certificates, item.now).map(|d| d.at);
                        prop_assert_eq!(stepped.wake, wake);
                        seen.note(&item, &stepped, actor);
                        let guarded = rule::of(before.name(), *name, kind).unwrap().guards.contains(&Guard::NotOwnFiling);
                        prop_assert!(!guarded || !matches!(actor, Actor::Clock));
                    }
                }
            }
            if let Stage::Running(Running::Testing(t)) = &item.stage {
                prop_assert!(t.last_day >= t.from);
            }
        }
        // Left alone, a test ends.
        item.until(Time(item.now.0 + 400 * 86_400_000));
        prop_assert!(!matches!(item.stage, Stage::Running(Running::Testing(_) | Running::AwaitingListing(_))));
    }
}
