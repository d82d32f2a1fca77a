//! Whole lives of transactions: any order of events, under a held clock, never breaks what must always hold.

use std::collections::BTreeMap;
use std::time::Duration;

use mydata_domain::collect::{Answer, Failure, FailureKind};
use mydata_domain::entry::Accepted;
use mydata_domain::notify::Notice;
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::steps::{Settled, Wipe};
use mydata_domain::transaction::view::DataAnswer;
use mydata_domain::transaction::{State, Token, Transaction};
use mydata_domain::{Policy, Time, Zone};
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::status::TxStatus;
use mydata_wire::{PersonalId, SystemRandom, Verification};
use proptest::prelude::*;

/// What may happen, at any time, in any order.
#[derive(Debug, Clone)]
enum Event {
    Wait(u32),
    Touch,
    Authorise { expected: bool },
    Begin(usize),
    Arrived(usize),
    NoData(usize),
    AskToWait(usize, u16),
    Fails(usize),
    Refuses(usize),
    Confirm,
    Refuse,
    Abandon,
    SpAccepts,
    SpRefuses,
    Seal,
    Take,
    TakeLastByte,
    Lose(usize),
    Stop,
    Withdraw,
    Expire,
    Reopen,
}

fn event() -> impl Strategy<Value = Event> {
    let part = 0..3usize;
    prop_oneof![
        prop_oneof![3 => 0u32..300, 1 => 0u32..20_000].prop_map(Event::Wait),
        Just(Event::Touch),
        prop_oneof![9 => Just(true), 1 => Just(false)].prop_map(|expected| Event::Authorise { expected }),
        part.clone().prop_map(Event::Begin),
        part.clone().prop_map(Event::Arrived),
        part.clone().prop_map(Event::NoData),
        (part.clone(), any::<u16>()).prop_map(|(p, s)| Event::AskToWait(p, s)),
        part.clone().prop_map(Event::Fails),
        part.clone().prop_map(Event::Refuses),
        part.prop_map(Event::Lose),
        Just(Event::Confirm),
        Just(Event::Refuse),
        Just(Event::Abandon),
        Just(Event::SpAccepts),
        Just(Event::SpRefuses),
        Just(Event::Seal),
        Just(Event::Take),
        Just(Event::TakeLastByte),
        Just(Event::Stop),
        Just(Event::Withdraw),
        Just(Event::Expire),
        Just(Event::Reopen),
    ]
}

fn accepted() -> Accepted {
    let registered = ["https://bank.example/done".parse().unwrap()];
    Accepted {
        client_id: "CLI.qqOjnjO4WR".parse().unwrap(),
        zone: Zone::Test,
        tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
        resources: ["API.0000000001", "API.0000000002", "API.0000000003"]
            .map(|id| id.parse().unwrap())
            .to_vec(),
        target: ReturnTarget::matching("https://bank.example/done?case=7", &registered).unwrap(),
        pid: Pid::Person("A123456789".parse().unwrap()),
    }
}

fn person(expected: bool) -> Person {
    let id: PersonalId = if expected { "A123456789" } else { "B222222228" }.parse().unwrap();
    Person::new(&id, "王小明".to_owned(), "sub".to_owned())
}

/// The world around a transaction: which blobs exist.
struct World {
    t: Transaction,
    now: Time,
    policy: Policy,
    blobs: Vec<String>,
    made: u32,
}

impl World {
    fn new() -> Self {
        let policy = Policy::default();
        let t = Transaction::enter(accepted(), Time(0), &policy, &SystemRandom);
        Self { t, now: Time(0), policy, blobs: Vec::new(), made: 0 }
    }

    fn blob(&mut self) -> String {
        self.made += 1;
        let blob = format!("b{}", self.made);
        self.blobs.push(blob.clone());
        blob
    }

    fn wipe(&mut self, wipe: &Wipe) {
        for gone in wipe {
            let at = self.blobs.iter().position(|b| b == gone);
            self.blobs.remove(at.expect("what is wiped exists, and is wiped once"));
        }
    }

    /// A DP's answer counts only while the exchange still wants it, as the flow has it.
    fn answer(&mut self, part: usize, answer: Answer) {
        let alive = matches!(self.t.state, State::Authorised(_) | State::Confirmed(_));
        let (now, policy) = (self.now, self.policy.clone());
        let part = &mut self.t.parts[part];
        if alive && !part.state.is_final() && part.tries.calls > 0 {
            let next = part.tries.next(answer, now, &policy);
            part.answered(next);
        }
    }

    fn happen(&mut self, event: &Event) {
        let now = self.now;
        let policy = self.policy.clone();
        match event {
            Event::Wait(seconds) => self.now = now.plus(Duration::from_secs(u64::from(*seconds))),
            Event::Touch => self.t.touch(now, &policy),
            Event::Authorise { expected } => {
                let _ = self.t.authorise(person(*expected), Verification::Cer, BTreeMap::new(), now, &policy);
            }
            Event::Begin(part) => {
                let known = self.t.person().is_some();
                let part = &mut self.t.parts[*part];
                if known && !part.state.is_final() {
                    let first = part.begin(now, policy.access_token_life.0, &SystemRandom);
                    assert!(part.access.as_ref().is_some_and(|a| a.token == first && a.expires_at > now));
                }
            }
            Event::Arrived(part) => {
                let alive = matches!(self.t.state, State::Authorised(_) | State::Confirmed(_));
                if alive && !self.t.parts[*part].state.is_final() {
                    let blob = self.blob();
                    self.t.parts[*part].arrived(blob, 20);
                }
            }
            Event::NoData(part) => self.answer(*part, Answer::NoData),
            Event::AskToWait(part, s) => {
                self.answer(*part, Answer::Wait(Some(Duration::from_secs(u64::from(*s)))));
            }
            Event::Fails(part) => {
                self.answer(*part, Answer::Passing(Failure::new(FailureKind::ServerError, 500)));
            }
            Event::Refuses(part) => {
                self.answer(*part, Answer::Final(Failure::new(FailureKind::Refused, 403)));
            }
            Event::Confirm => {
                let _ = self.t.confirm(now, &policy, &SystemRandom);
            }
            Event::Refuse => {
                if let Ok(wipe) = self.t.refuse(now) {
                    self.wipe(&wipe);
                }
            }
            Event::Abandon => {
                if let Ok(Some(wipe)) = self.t.abandon(now) {
                    self.wipe(&wipe);
                }
            }
            Event::SpAccepts | Event::SpRefuses => {
                if self.t.confirmed().is_some_and(|c| c.told.is_open())
                    && let Ok(wipe) = self.t.told(matches!(event, Event::SpAccepts), now)
                {
                    self.wipe(&wipe);
                }
            }
            Event::Seal => {
                if matches!(self.t.settle(now, &policy), Settled::Seal { .. }) {
                    let token = Token { blob: self.blob(), len: 9, sha256: "e".repeat(64) };
                    let wipe = self.t.sealed(token, now).expect("settled means confirmed");
                    self.wipe(&wipe);
                }
            }
            Event::Take => self.t.delivered(0..9, now),
            Event::TakeLastByte => self.t.delivered(8..9, now),
            Event::Lose(part) => {
                let id = self.t.parts[*part].resource_id.clone();
                if let Ok(wipe) = self.t.lost(&[id]) {
                    self.wipe(&wipe);
                    self.t.settle(now, &policy);
                }
            }
            Event::Stop => {
                if let Ok(wipe) = self.t.stop(now) {
                    self.wipe(&wipe);
                }
            }
            Event::Withdraw => {
                let running = self.t.confirmed().is_some();
                let withdrawn = self.t.withdraw(now);
                assert_eq!(withdrawn.is_ok(), running, "what runs can be withdrawn, and nothing else");
                if let Ok(wipe) = withdrawn {
                    assert!(!self.t.ticket_lives(now), "the ticket is dead at once");
                    self.wipe(&wipe);
                }
            }
            Event::Expire => {
                if let Some(wipe) = self.t.expire(now, &policy) {
                    self.wipe(&wipe);
                }
            }
            Event::Reopen => {
                if let Ok(wipe) = self.t.reopen(accepted(), now, &policy, &SystemRandom) {
                    self.wipe(&wipe);
                }
            }
        }
    }

    /// What must hold after every event.
    fn holds(&self) {
        let t = &self.t;
        // Nothing that could go to the SP exists before the citizen confirmed, and nothing was asked before authorised.
        if matches!(t.state, State::Entered) {
            assert!(t.parts.iter().all(|p| p.tries.calls == 0 && p.state == PartState::Waiting));
            assert!(t.person().is_none());
        }
        if matches!(t.state, State::Entered | State::Authorised(_)) {
            assert!(t.ticket().is_none() && t.confirmed().is_none());
            assert_eq!(t.tx_status(self.now), None);
        }
        // Whom the SP did not ask for is never let through.
        if let Some(person) = t.person() {
            assert_eq!(person.uid().expose(), "A123456789");
        }
        // What exists is referred to, and nothing else exists.
        let mut referred: Vec<&str> = t
            .parts
            .iter()
            .filter_map(|p| match &p.state {
                PartState::Ready { blob, .. } => blob.as_deref(),
                _ => None,
            })
            .collect();
        if let State::Sealed(sealed) = &t.state {
            assert!(referred.is_empty(), "what is in the token is nowhere else");
            referred.push(&sealed.token.blob);
        }
        let mut existing: Vec<&str> = self.blobs.iter().map(String::as_str).collect();
        referred.sort_unstable();
        existing.sort_unstable();
        assert_eq!(existing, referred);
        // Over means over: no person, no key, no access token, nothing to fetch but an answer.
        if let State::Ended(ended) = &t.state {
            assert!(existing.is_empty() && t.person().is_none() && t.confirmed().is_none());
            assert!(t.parts.iter().all(|p| p.access.is_none() && p.parameters.is_empty()));
            assert!(!matches!(t.data_answer(self.now, &self.policy), DataAnswer::Ready(_)));
            if ended.ticket.is_none() {
                assert_eq!(t.data_answer(self.now, &self.policy), DataAnswer::Denied);
            }
        }
        // A ticket lives at most eight hours from the confirmation.
        if let Some(c) = t.confirmed() {
            assert!(c.expires_at <= c.at.plus(Duration::from_secs(8 * 3600)));
            assert!(c.told != Notice::None);
            if self.now >= c.expires_at {
                assert_eq!(t.data_answer(self.now, &self.policy), DataAnswer::Denied);
                assert_eq!(t.tx_status(self.now), None);
            }
        }
        // The two APIs never contradict each other.
        match t.data_answer(self.now, &self.policy) {
            DataAnswer::Ready(_) => {
                assert!(matches!(t.tx_status(self.now), Some(TxStatus::Ready | TxStatus::Taken)));
            }
            DataAnswer::Wait(wait) => {
                assert!(wait >= Duration::from_secs(1));
                assert_eq!(t.tx_status(self.now), Some(TxStatus::Preparing));
            }
            DataAnswer::Undeliverable => assert_eq!(t.tx_status(self.now), Some(TxStatus::Undeliverable)),
            DataAnswer::Denied => {}
        }
        // The way back is always the registered one.
        assert!(t.return_location().unwrap().starts_with("https://bank.example/done?"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_order_of_events_breaks_what_must_hold(events in prop::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        world.holds();
        for event in &events {
            world.happen(event);
            world.holds();
        }
        // Left alone long enough, everything is forgotten.
        world.now = world.now.plus(Duration::from_secs(48 * 3600));
        world.happen(&Event::Abandon);
        world.now = world.now.plus(Duration::from_secs(48 * 3600));
        world.happen(&Event::Expire);
        world.holds();
        prop_assert!(world.blobs.is_empty());
        prop_assert!(world.t.ticket().is_none());
        if matches!(world.t.state, State::Ended(_)) {
            prop_assert!(!world.t.return_location().unwrap().contains("case=7"), "the SP's own query is forgotten too");
        }
    }
}

/// Shows R119.
#[test]
fn the_sp_is_asked_to_wait_as_long_as_the_slowest_dp_asks() {
    let mut world = World::new();
    world.happen(&Event::Authorise { expected: true });
    for part in 0..3 {
        world.happen(&Event::Begin(part));
    }
    world.happen(&Event::Confirm);
    world.happen(&Event::AskToWait(0, 40));
    world.happen(&Event::AskToWait(1, 90));
    world.happen(&Event::Arrived(2));
    let answer = world.t.data_answer(world.now, &world.policy);
    assert_eq!(answer, DataAnswer::Wait(Duration::from_secs(90)));
    world.happen(&Event::Wait(60));
    let answer = world.t.data_answer(world.now, &world.policy);
    assert_eq!(answer, DataAnswer::Wait(Duration::from_secs(30)));
}

/// The SP hears of the ticket before it hears that the ticket opens nothing. Shows R113.
#[test]
fn where_every_dataset_fails_the_first_notification_comes_first() {
    let mut world = World::new();
    world.happen(&Event::Authorise { expected: true });
    (0..3).for_each(|part| world.happen(&Event::Begin(part)));
    world.happen(&Event::Confirm);
    (0..3).for_each(|part| world.happen(&Event::Refuses(part)));
    assert_eq!(world.t.settle(world.now, &world.policy), Settled::NotYet, "the SP has not answered yet");
    assert!(world.t.confirmed().is_some_and(|c| c.told == Notice::Pending));
    // An SP that heard of the ticket, and whose answer was lost, gets a true answer; so does the citizen.
    assert_eq!(world.t.data_answer(world.now, &world.policy), DataAnswer::Undeliverable);
    assert!(world.t.return_location().unwrap().contains("code=504"));
    world.t.telling_failed(false);
    world.t.telling_failed(false);
    assert!(world.t.confirmed().is_some_and(|c| c.told == Notice::Failing(2)));
    assert_eq!(world.t.settle(world.now, &world.policy), Settled::NotYet);
    world.happen(&Event::SpAccepts);
    assert_eq!(world.t.settle(world.now, &world.policy), Settled::NothingToSend);
    assert_eq!(world.t.notice_of_undeliverable(), Notice::Pending);
    assert_eq!(world.t.data_answer(world.now, &world.policy), DataAnswer::Undeliverable);
}

/// A session whose time is over is over, also while nobody has wiped it yet.
#[test]
fn a_citizen_who_was_away_for_too_long_can_neither_authorise_nor_confirm() {
    let mut world = World::new();
    let late = world.t.idle_until;
    let person = person(true);
    let policy = world.policy.clone();
    let mut authorise = |now| {
        world.t.authorise(person.clone(), Verification::Cer, BTreeMap::new(), now, &policy).map(|r| r.is_ok())
    };
    assert!(authorise(late).is_err());
    assert_eq!(authorise(Time(late.0 - 1)), Ok(true));
    let late = world.t.idle_until;
    assert!(world.t.confirm(late, &policy, &SystemRandom).is_err());
    assert!(world.t.confirm(Time(late.0 - 1), &policy, &SystemRandom).is_ok());
}
