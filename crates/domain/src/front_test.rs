//! 前臺測試 (R48): an exchange that the owner of a dataset or service tries in the test zone, and how far it came. Knows steps and
//! why one failed; refuses to know what was in the data, or who the citizen was.

use std::time::Duration;

use mydata_wire::ResourceId;
use serde::{Deserialize, Serialize};

use crate::collect::Failure;
use crate::notify::Notice;
use crate::time::Time;
use crate::transaction::part::PartState;
use crate::transaction::{Confirmed, Ending, State, Transaction};

crate::own_id::own_id!(
    /// The identifier of a front test.
    FrontTestId,
    "front test id"
);

/// The identifier of the service that asks for a dataset which is tried alone. No other may have it.
pub const CLIENT_ID: &str = "CLI.FrontTest0";
/// The identifier of the organisation that this service names. No other may have it.
pub const ORGANISATION: &str = "mydata-front-test";

/// How long a front test goes on at most; then its exchange is deleted.
pub const LASTS: Duration = Duration::from_secs(30 * 60);

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub of: Of,
    /// How far it is.
    pub how: How,
}

/// The steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// The citizen is sent to the platform.
    Entry,
    /// The citizen proves who they are.
    Identity,
    /// A dataset is asked for, and its package verified.
    Dataset(ResourceId),
    /// The citizen confirms.
    Confirmation,
    /// The service is told.
    Notification,
    /// What came is sealed into one token.
    Sealing,
    /// The service fetches the token.
    Fetching,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Not begun.
    Ahead,
    /// Under way.
    Now,
    /// Done; so many bytes, where there are some.
    Done(Option<u64>),
    /// The dataset has no data of this citizen.
    NoData,
    /// It failed.
    Failed(Trouble),
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The dataset cannot be delivered.
    Dataset(Failure),
    /// The citizen refused.
    Refused,
    /// The citizen left, or did nothing for too long.
    Left,
    /// Somebody other than the service asked for logged in.
    OtherPerson,
    /// The service's endpoint refused the notification.
    NotificationRefused,
    /// The service's endpoint has not accepted the notification in so many tries.
    NotificationFailing(u32),
    /// The service was suspended meanwhile.
    Suspended,
    /// Nothing came that could be sent.
    NothingToSend,
    /// It did not come to its end in the time of a front test.
    OutOfTime,
}

/// The way of an exchange, as far as it came; `None` where nobody has entered yet. A service is told and fetches; a dataset that is
/// tried alone is sent to nobody.
pub fn steps(t: Option<&Transaction>, resources: &[ResourceId], has_service: bool) -> Vec<Step> {
    let reached = t.map_or_else(Reached::default, reached);
    let step = |of, how| Step { of, how };
    let mut steps = vec![step(Of::Entry, reached.entry), step(Of::Identity, reached.identity)];
    for id in resources {
        let part = t.and_then(|t| t.parts.iter().find(|p| p.resource_id == *id));
        steps.push(step(Of::Dataset(id.clone()), part.map_or(How::Ahead, |p| of_part(&p.state))));
    }
    steps.push(step(Of::Confirmation, reached.confirmation));
    if has_service {
        steps.push(step(Of::Notification, reached.notification));
    }
    steps.push(step(Of::Sealing, reached.sealing));
    if has_service {
        steps.push(step(Of::Fetching, reached.fetching));
    }
    steps
}

/// The steps of a test that ends now: what is under way does not come to its end any more.
pub fn ended(mut steps: Vec<Step>, of: Time, now: Time) -> Vec<Step> {
    if now < of {
        return steps;
    }
    for step in steps.iter_mut().filter(|step| step.how == How::Now) {
        step.how = How::Failed(Trouble::OutOfTime);
    }
    steps
}

/// Whether every step is done.
pub fn is_whole(steps: &[Step]) -> bool {
    steps.iter().all(|step| matches!(step.how, How::Done(_) | How::NoData))
}

/// Whether a step has failed.
pub fn has_failed(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step.how, How::Failed(_)))
}

/// Whether nothing more will happen.
pub fn is_over(steps: &[Step]) -> bool {
    let stopped = steps.iter().any(|step| match (&step.of, &step.how) {
        // The others may still come.
        (Of::Dataset(_), _) => false,
        (_, How::Failed(Trouble::NotificationFailing(_))) => false,
        (_, How::Failed(_)) => true,
        _ => false,
    });
    let waits = steps.iter().any(|step| matches!(step.how, How::Ahead | How::Now));
    stopped || !waits
}

struct Reached {
    entry: How,
    identity: How,
    confirmation: How,
    notification: How,
    sealing: How,
    fetching: How,
}

impl Default for Reached {
    /// Nobody has entered.
    fn default() -> Self {
        Self {
            entry: How::Now,
            identity: How::Ahead,
            confirmation: How::Ahead,
            notification: How::Ahead,
            sealing: How::Ahead,
            fetching: How::Ahead,
        }
    }
}

fn of_part(state: &PartState) -> How {
    match state {
        PartState::Waiting => How::Ahead,
        PartState::Fetching { .. } | PartState::Delayed { .. } => How::Now,
        PartState::Ready { len, .. } => How::Done(Some(*len)),
        PartState::NoData => How::NoData,
        PartState::Undeliverable(failure) => How::Failed(Trouble::Dataset(failure.clone())),
    }
}

fn told(confirmed: &Confirmed) -> How {
    match confirmed.told {
        Notice::None | Notice::Pending => How::Now,
        Notice::Accepted => How::Done(None),
        Notice::Refused => How::Failed(Trouble::NotificationRefused),
        Notice::Failing(tries) => How::Failed(Trouble::NotificationFailing(tries)),
        Notice::Lapsed => How::Failed(Trouble::OutOfTime),
    }
}

fn reached(t: &Transaction) -> Reached {
    let done = || How::Done(None);
    let entered = Reached { entry: done(), ..Reached::default() };
    let confirmed =
        || Reached { entry: done(), identity: done(), confirmation: done(), ..Reached::default() };
    match &t.state {
        State::Entered => Reached { identity: How::Now, ..entered },
        // There is nothing that could be confirmed.
        State::Authorised(_) if t.nothing_usable() => {
            Reached { identity: done(), confirmation: How::Failed(Trouble::NothingToSend), ..entered }
        }
        // Only an own download is held, and none of those is a test.
        State::Authorised(_) | State::Held(_) => {
            Reached { identity: done(), confirmation: How::Now, ..entered }
        }
        State::Confirmed(c) => Reached { notification: told(c), sealing: How::Now, ..confirmed() },
        State::Sealed(s) => Reached {
            notification: told(&s.confirmed),
            sealing: How::Done(Some(s.token.len)),
            fetching: if s.taken_at.is_some() { How::Done(Some(s.token.len)) } else { How::Now },
            ..confirmed()
        },
        State::Ended(ended) => {
            let asked = t.parts.iter().any(|p| p.tries.calls > 0);
            let before = |trouble| {
                if asked {
                    Reached {
                        entry: done(),
                        identity: done(),
                        confirmation: How::Failed(trouble),
                        ..Reached::default()
                    }
                } else {
                    Reached { entry: done(), identity: How::Failed(trouble), ..Reached::default() }
                }
            };
            match ended.ending {
                Ending::Refused => before(Trouble::Refused),
                Ending::Abandoned => before(Trouble::Left),
                Ending::ServiceSuspended => before(Trouble::Suspended),
                Ending::PersonConflict => Reached { identity: How::Failed(Trouble::OtherPerson), ..entered },
                Ending::SpRefused => {
                    Reached { notification: How::Failed(Trouble::NotificationRefused), ..confirmed() }
                }
                Ending::Undeliverable => Reached {
                    notification: done(),
                    sealing: How::Failed(Trouble::NothingToSend),
                    ..confirmed()
                },
                Ending::Withdrawn => {
                    Reached { notification: done(), sealing: How::Failed(Trouble::Refused), ..confirmed() }
                }
                Ending::Expired | Ending::Taken => Reached {
                    notification: done(),
                    sealing: done(),
                    fetching: How::Failed(Trouble::OutOfTime),
                    ..confirmed()
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::FailureKind;

    fn id() -> ResourceId {
        "API.Kr1C3b1ijJ".parse().unwrap()
    }

    #[test]
    fn a_dataset_that_is_tried_alone_is_sent_to_nobody() {
        let alone: Vec<Of> = steps(None, &[id()], false).into_iter().map(|s| s.of).collect();
        assert_eq!(alone, [Of::Entry, Of::Identity, Of::Dataset(id()), Of::Confirmation, Of::Sealing]);
        assert_eq!(steps(None, &[id()], true).len(), 7);
    }

    #[test]
    fn what_is_under_way_at_the_end_has_run_out_of_time() {
        let steps = steps(None, &[id()], false);
        assert!(!is_over(&steps) && !is_whole(&steps));
        assert_eq!(ended(steps.clone(), Time(5), Time(4)), steps, "it was ended by somebody");
        let late = ended(steps, Time(5), Time(5));
        assert_eq!(late[0].how, How::Failed(Trouble::OutOfTime));
        assert!(is_over(&late));
    }

    #[test]
    fn one_dataset_that_fails_does_not_end_the_test() {
        let failed = How::Failed(Trouble::Dataset(Failure::new(FailureKind::Refused, 403)));
        let steps =
            [Step { of: Of::Dataset(id()), how: failed }, Step { of: Of::Confirmation, how: How::Now }];
        assert!(!is_over(&steps) && !is_whole(&steps));
        let text = serde_json::to_string(&steps).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&text).unwrap(), steps);
    }
}
