//! Whole lives of own downloads: any order of events, under a held clock, never breaks what must always hold.

use std::collections::BTreeMap;
use std::time::Duration;

use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::collect::{Answer, Failure, FailureKind};
use mydata_domain::transaction::own::{Order, TAKING};
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::steps::{Settled, Wipe};
use mydata_domain::transaction::view::DataAnswer;
use mydata_domain::transaction::{Ending, State, Transaction};
use mydata_domain::{Policy, Time, Zone};
use mydata_wire::{SystemRandom, Verification};
use proptest::prelude::*;

/// What may happen, at any time, in any order.
#[derive(Debug, Clone)]
enum Event {
    Wait(u32),
    Begin(usize),
    Arrived(usize),
    NoData(usize),
    Refused(usize),
    Settle,
    Preview,
    Save,
    Renew {
        delegate: bool,
    },
    EndBarcode,
    Take,
    Taken,
    Withdraw,
    Expire,
    /// What only an exchange with a service knows.
    Confirm,
    Refuse,
    Abandon,
    Touch,
}

fn event() -> impl Strategy<Value = Event> {
    let part = 0..2usize;
    prop_oneof![
        1 => prop_oneof![6 => 0u32..600, 1 => 0u32..30_000].prop_map(Event::Wait),
        1 => part.clone().prop_map(Event::Begin),
        4 => part.clone().prop_map(Event::Arrived),
        1 => part.clone().prop_map(Event::NoData),
        1 => part.prop_map(Event::Refused),
        4 => Just(Event::Settle),
        1 => Just(Event::Preview),
        1 => Just(Event::Save),
        2 => any::<bool>().prop_map(|delegate| Event::Renew { delegate }),
        1 => Just(Event::EndBarcode),
        1 => Just(Event::Take),
        1 => Just(Event::Taken),
        1 => Just(Event::Withdraw),
        1 => Just(Event::Expire),
        1 => Just(Event::Confirm),
        1 => Just(Event::Refuse),
        1 => Just(Event::Abandon),
        1 => Just(Event::Touch),
    ]
}

fn download(now: Time, policy: &Policy) -> Transaction {
    let resources = ["API.0000000001", "API.0000000002"].map(|id| id.parse().unwrap()).to_vec();
    let order = Order { zone: Zone::Test, resources, parameters: BTreeMap::new(), case: None };
    let person = Person::new(&"A123456789".parse().unwrap(), "王小明".to_owned(), "sub".to_owned());
    Transaction::download(order, person, Verification::Cer, now, policy, &SystemRandom)
}

/// The world around a download: which blobs exist.
struct World {
    t: Transaction,
    now: Time,
    policy: Policy,
    blobs: Vec<String>,
    made: u32,
    /// The number that was made last.
    last: Option<BarcodeNumber>,
    taken: u32,
}

impl World {
    fn new() -> Self {
        let policy = Policy::default();
        let t = download(Time(0), &policy);
        Self { t, now: Time(0), policy, blobs: Vec::new(), made: 0, last: None, taken: 0 }
    }

    fn wipe(&mut self, wipe: &Wipe) {
        for gone in wipe {
            let at = self.blobs.iter().position(|b| b == gone);
            self.blobs.remove(at.expect("what is wiped exists, and is wiped once"));
        }
    }

    fn answer(&mut self, part: usize, answer: Answer) {
        let (now, policy) = (self.now, self.policy.clone());
        let collecting = matches!(self.t.state, State::Authorised(_));
        let part = &mut self.t.parts[part];
        if collecting && !part.state.is_final() && part.tries.calls > 0 {
            let next = part.tries.next(answer, now, &policy);
            part.answered(next);
        }
    }

    fn happen(&mut self, event: &Event) {
        let (now, policy) = (self.now, self.policy.clone());
        let open = self.t.held().is_some_and(|held| held.is_open(now));
        match event {
            Event::Wait(seconds) => self.now = now.plus(Duration::from_secs(u64::from(*seconds))),
            Event::Begin(part) => {
                let collecting = matches!(self.t.state, State::Authorised(_));
                let part = &mut self.t.parts[*part];
                if collecting && !part.state.is_final() {
                    part.begin(now, policy.access_token_life.0, &SystemRandom);
                }
            }
            Event::Arrived(part) => {
                let collecting = matches!(self.t.state, State::Authorised(_));
                if collecting && !self.t.parts[*part].state.is_final() {
                    self.made += 1;
                    let blob = format!("b{}", self.made);
                    self.blobs.push(blob.clone());
                    self.t.parts[*part].arrived(blob, 20);
                }
            }
            Event::NoData(part) => self.answer(*part, Answer::NoData),
            Event::Refused(part) => {
                self.answer(*part, Answer::Final(Failure::new(FailureKind::Refused, 403)));
            }
            Event::Settle => {
                let was_collecting = matches!(self.t.state, State::Authorised(_));
                let all = self.t.parts.iter().all(|p| p.state.is_final());
                let settled = self.t.settle(now, &policy);
                assert_eq!(settled != Settled::NotYet, was_collecting && all);
                assert_eq!(settled == Settled::Held, was_collecting && self.t.held().is_some());
            }
            Event::Preview => assert_eq!(self.t.previewed(now).is_ok(), open),
            Event::Save => assert_eq!(self.t.saved(now).is_ok(), open),
            Event::Renew { delegate } => {
                let number = BarcodeNumber::generate(&SystemRandom);
                let holder = if *delegate { "delegate" } else { "citizen" };
                let renewed = self.t.renew_barcode(holder, number, now, &policy);
                assert_eq!(renewed.is_ok(), open);
                if renewed.is_ok() {
                    self.last = Some(number);
                }
            }
            Event::EndBarcode => {
                if self.t.end_barcode() {
                    self.last = None;
                }
            }
            Event::Take => {
                let took = self.t.take(now).is_ok();
                assert_eq!(took, open);
                self.taken += u32::from(took);
            }
            Event::Taken => {
                if let Ok(wipe) = self.t.taken(now) {
                    assert!(self.taken == 1 && self.blobs.len() == wipe.len());
                    self.wipe(&wipe);
                }
            }
            Event::Withdraw => {
                let runs = matches!(self.t.state, State::Authorised(_) | State::Held(_));
                let withdrawn = self.t.withdraw(now);
                assert_eq!(withdrawn.is_ok(), runs);
                if let Ok(wipe) = withdrawn {
                    self.wipe(&wipe);
                    assert!(self.blobs.is_empty(), "at once");
                }
            }
            Event::Expire => {
                if let Some(wipe) = self.t.expire(now, &policy) {
                    self.wipe(&wipe);
                }
            }
            Event::Confirm => assert!(self.t.confirm(now, &policy, &SystemRandom).is_err()),
            Event::Refuse => assert!(self.t.refuse(now).is_err() && self.t.stop(now).is_err()),
            Event::Abandon => assert!(!matches!(self.t.abandon(now), Ok(Some(_)))),
            Event::Touch => {
                let before = self.t.idle_until;
                self.t.touch(now, &policy);
                assert_eq!(self.t.idle_until, before, "a page that is open prolongs no download");
            }
        }
    }

    /// What must hold after every event.
    fn holds(&self) {
        let t = &self.t;
        // Nothing that belongs to a service ever exists.
        assert!(t.ticket().is_none() && t.confirmed().is_none() && t.return_location().is_none());
        assert_eq!(t.tx_status(self.now), None);
        assert_eq!(t.data_answer(self.now, &self.policy), DataAnswer::Denied);
        assert!(self.taken <= 1, "it is taken once");
        // What exists is referred to, and nothing else exists.
        let referred = t.parts.iter().filter_map(|p| match &p.state {
            PartState::Ready { blob, .. } => blob.as_deref(),
            _ => None,
        });
        let mut referred: Vec<&str> = referred.collect();
        let mut existing: Vec<&str> = self.blobs.iter().map(String::as_str).collect();
        referred.sort_unstable();
        existing.sort_unstable();
        assert_eq!(existing, referred);
        match &t.state {
            State::Held(held) => {
                assert!(held.expires_at <= held.at.plus(Duration::from_secs(8 * 3600)));
                assert!(t.parts.iter().all(|p| p.state.is_final() && p.access.is_none()));
                // One number at most lives: the last one, for 20 minutes, and never longer than the data.
                if let Some(barcode) = held.barcode_at(self.now) {
                    assert_eq!(Some(barcode.number), self.last);
                    assert!(barcode.ends_at <= held.expires_at);
                    assert!(barcode.ends_at <= barcode.made_at.plus(Duration::from_secs(20 * 60)));
                }
                if let Some(at) = held.taken_at {
                    assert!(held.barcode.is_none() && held.expires_at <= at.plus(TAKING));
                }
            }
            State::Ended(ended) => {
                assert!(existing.is_empty() && t.person().is_none());
                assert!(t.parts.iter().all(|p| p.access.is_none() && p.parameters.is_empty()));
                assert_eq!(
                    ended.ending == Ending::Taken,
                    self.taken == 1 && ended.ending != Ending::Withdrawn
                );
            }
            State::Authorised(_) => assert!(t.person().is_some()),
            other => panic!("an own download is never {}", other.name()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Shows R78.
    #[test]
    fn no_order_of_events_breaks_what_must_hold(events in prop::collection::vec(event(), 1..80)) {
        let mut world = World::new();
        world.holds();
        for event in &events {
            world.happen(event);
            world.holds();
        }
        // Left alone long enough, everything is forgotten.
        for _ in 0..2 {
            world.happen(&Event::Wait(8 * 3600));
            world.happen(&Event::Expire);
        }
        world.holds();
        prop_assert!(matches!(world.t.state, State::Ended(_)) && world.blobs.is_empty());
    }
}

fn held() -> World {
    let mut world = World::new();
    world.happen(&Event::Begin(0));
    world.happen(&Event::Arrived(0));
    world.happen(&Event::Settle);
    assert!(world.t.held().is_none(), "one is still to come");
    world.happen(&Event::Begin(1));
    world.happen(&Event::Refused(1));
    world.happen(&Event::Settle);
    assert!(world.t.held().is_some(), "what came is held, though another failed");
    world
}

#[test]
fn eight_hours_after_it_is_complete_it_is_gone() {
    let mut world = held();
    let policy = world.policy.clone();
    let end = world.t.held().unwrap().expires_at;
    assert_eq!(end, world.now.plus(Duration::from_secs(8 * 3600)));
    assert_eq!(world.t.forgotten_at(&policy), Some(end));
    world.now = Time(end.0 - 1);
    world.happen(&Event::Preview);
    world.happen(&Event::Renew { delegate: false });
    let barcode = world.t.held().unwrap().barcode.clone().unwrap();
    assert_eq!(barcode.ends_at, end, "a number outlives no data");
    world.now = end;
    assert!(world.t.saved(end).unwrap_err().to_string().contains("over its time"));
    world.happen(&Event::Expire);
    assert!(matches!(&world.t.state, State::Ended(ended) if ended.ending == Ending::Expired));
    assert!(world.blobs.is_empty());
}

#[test]
fn where_every_dataset_fails_nothing_is_held() {
    let mut world = World::new();
    for part in 0..2 {
        world.happen(&Event::Begin(part));
        world.happen(&Event::Refused(part));
    }
    assert_eq!(world.t.settle(world.now, &world.policy.clone()), Settled::NothingHeld);
    assert!(matches!(&world.t.state, State::Ended(ended) if ended.ending == Ending::Undeliverable));
}

/// One that nobody fetches after taking it goes as well, as taken. Shows R82.
#[test]
fn what_is_taken_can_be_taken_once_and_is_wiped_soon() {
    let mut world = held();
    world.happen(&Event::Renew { delegate: true });
    world.happen(&Event::Take);
    assert!(world.t.take(world.now).unwrap_err().to_string().contains("taken at a counter"));
    assert!(world.t.held().unwrap().barcode_at(world.now).is_none(), "the number is dead");
    world.now = world.now.plus(TAKING);
    world.happen(&Event::Expire);
    assert!(matches!(&world.t.state, State::Ended(ended) if ended.ending == Ending::Taken));
}
