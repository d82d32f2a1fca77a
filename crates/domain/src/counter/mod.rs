//! What happens at a counter (R81, R82): a clerk types the number of a 資料條碼 and the code that its holder was sent, looks
//! at the data, and takes it once. It owns a clerk's visit and the rules; what becomes of the data is
//! [`crate::transaction::own`]'s.

pub mod visit;

use std::time::Duration;

use crate::counter_service::{CounterService, CounterServiceId, Take};
use crate::time::Time;
use crate::transaction::Transaction;
use crate::transaction::own::Held;

/// How long the holder's code may be typed.
pub const CODE_LIFE: Duration = Duration::from_secs(120);
/// How often.
pub const CODE_TRIES: u32 = 5;

/// Why a number that is a held download's cannot be read at a counter now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The number is over: its time, or the download's, or the data was taken.
    #[error("the number is over")]
    Over,
    /// It is for a counter service whose clerks work elsewhere.
    #[error("the number is for another counter")]
    Foreign,
    /// Its counter service is suspended or was taken down.
    #[error("the counter service is suspended")]
    Suspended,
}

/// For which counter services a clerk works, of those at an address: all of them when they are one organisation's. At an address of
/// several organisations those of the one whose service was chosen, that one first; `None` while nothing was.
pub fn working_for(
    here: Vec<&CounterService>,
    chosen: Option<CounterServiceId>,
) -> Option<Vec<&CounterService>> {
    if !is_shared(&here) {
        return Some(here);
    }
    let first = *here.iter().find(|service| service.is_listed() && Some(service.id) == chosen)?;
    let rest =
        here.into_iter().filter(|other| other.organisation == first.organisation && other.id != first.id);
    Some(std::iter::once(first).chain(rest).collect())
}

/// Whether clerks of several organisations work at an address, so that it does not say whose they are.
pub fn is_shared(here: &[&CounterService]) -> bool {
    let mut listed = here.iter().filter(|service| service.is_listed());
    listed.next().is_some_and(|first| listed.any(|other| other.organisation != first.organisation))
}

/// As which counter service a clerk reads a number: that of the case, or, where the citizen downloaded for no case, the
/// first that works at this counter. `here` are the services whose list has the clerk's address, whatever their state.
///
/// # Errors
/// Why it cannot be read. [`Unread::Over`] and [`Unread::Foreign`] are not told apart to the clerk.
pub fn read_as<'s>(
    t: &Transaction,
    here: &[&'s CounterService],
    now: Time,
) -> Result<&'s CounterService, Unread> {
    t.held().and_then(|held| held.barcode_at(now)).ok_or(Unread::Over)?;
    let case = t.own().and_then(|own| own.case.as_ref());
    let may = |service: &&&'s CounterService| {
        service.zone == t.zone && case.is_none_or(|case| case.service == service.id)
    };
    let found: Vec<_> = here.iter().filter(may).collect();
    match found.iter().find(|service| service.is_listed()) {
        Some(service) => Ok(service),
        None if found.is_empty() => Err(Unread::Foreign),
        None => Err(Unread::Suspended),
    }
}

/// What a clerk may do: what the case says. A download for no case may be looked at and taken; so may one whose case was
/// since taken out of the registry not at all.
pub fn allowed(t: &Transaction, service: &CounterService) -> Option<Take> {
    match t.own()?.case.as_ref() {
        None => Some(Take::Both),
        Some(case) => service.case(&case.case).map(|known| known.take),
    }
}

/// Why a clerk who was let in cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// The number was renewed, or its holder was replaced.
    #[error("the number was renewed")]
    Renewed,
    /// The data was taken.
    #[error("the data was taken")]
    Taken,
    /// It was withdrawn, or its time is over.
    #[error("the data is not there any more")]
    Over,
}

/// What a clerk goes on with: the download, while it is held and its number is the one that was typed. A number whose time
/// ended meanwhile stays good for the visit that it began.
///
/// # Errors
/// Why not.
pub fn still_there(
    t: &Transaction,
    is_number: impl Fn(&crate::barcode::BarcodeNumber) -> bool,
    now: Time,
) -> Result<&Held, Gone> {
    use crate::transaction::{Ending, State};
    let held = match &t.state {
        State::Held(held) => held,
        State::Ended(ended) if ended.ending == Ending::Taken => return Err(Gone::Taken),
        _ => return Err(Gone::Over),
    };
    if held.taken_at.is_some() {
        return Err(Gone::Taken);
    }
    if !held.is_open(now) {
        return Err(Gone::Over);
    }
    match &held.barcode {
        Some(barcode) if is_number(&barcode.number) => Ok(held),
        _ => Err(Gone::Renewed),
    }
}
