//! Whether a citizen sent by an SP may go on (PROTOCOL.md §2; R98–R108).
//!
//! The checks run in the protocol's order and the first that fails decides. The browser is only ever sent to a
//! registered URL: the given one when it matches, the service's first registered one otherwise.

use mydata_wire::entry::{BadResources, RawEntry, decode_resources};
use mydata_wire::pid::{BadPid, Pid};
use mydata_wire::returns::{BadReturnUrl, ReturnTarget};
use mydata_wire::{ClientId, ResourceId, ReturnCode, TxId};

use crate::dataset::{Dataset, DatasetState};
use crate::service::{ServiceSecrets, ServiceState, ServiceWithSecrets};
use crate::time::Time;
use crate::zone::Zone;

/// Most datasets one service may be approved for, and one entry may ask for.
pub const MAX_DATASETS: usize = mydata_wire::entry::MAX_RESOURCES;

/// An entry that may go on.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The service.
    pub client_id: ClientId,
    /// Its zone.
    pub zone: Zone,
    /// The SP's identifier.
    pub tx_id: TxId,
    /// The datasets, distinct, in the order asked for.
    pub resources: Vec<ResourceId>,
    /// Where the browser goes back to.
    pub target: ReturnTarget,
    /// Whom the SP expects.
    pub pid: Pid,
}

/// An entry that may not go on: the browser goes to `target` with `fault.code()`.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What is wrong.
    pub fault: Fault,
    /// A registered URL.
    pub target: ReturnTarget,
}

/// What is wrong with an entry, in the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Check 2.
    #[error("returnUrl: {0}")]
    ReturnUrl(BadReturnUrl),
    /// Check 2: missing, or given twice.
    #[error("returnUrl must be given exactly once")]
    NoReturnUrl,
    /// Check 3.
    #[error("tx_id must be a version 4 UUID of 36 characters")]
    TxId,
    /// Check 3.
    #[error("tx_id was used before; every transaction needs a new one")]
    TxIdUsed,
    /// Check 4.
    #[error("{0}")]
    Resources(BadResources),
    /// Check 5.
    #[error("{0} does not exist in this zone")]
    UnknownResource(ResourceId),
    /// Check 6.
    #[error("{0} is not among the datasets approved for this service")]
    NotApproved(ResourceId),
    /// Check 7: missing, or given twice.
    #[error("pid must be given exactly once; A99999999 means no check")]
    NoPid,
    /// Checks 7 and 8.
    #[error("{0}")]
    Pid(BadPid),
    /// Check 9.
    #[error("the service is not in operation")]
    ServiceSuspended,
    /// Check 10.
    #[error("{0} is no longer offered")]
    DatasetStopped(ResourceId),
    /// Check 11.
    #[error("{0} cannot be reached at present")]
    DatasetFailing(ResourceId),
}

impl Fault {
    /// The code on return.
    pub fn code(&self) -> ReturnCode {
        match self {
            Self::ReturnUrl(_) | Self::NoReturnUrl => ReturnCode::ReturnUrl,
            Self::TxId | Self::TxIdUsed | Self::Resources(_) | Self::NoPid => ReturnCode::BadRequest,
            Self::UnknownResource(_) => ReturnCode::UnknownId,
            Self::NotApproved(_) => ReturnCode::NotApproved,
            Self::Pid(BadPid::Undecryptable) => ReturnCode::BadRequest,
            Self::Pid(BadPid::NotAPerson(_)) => ReturnCode::PersonConflict,
            Self::ServiceSuspended => ReturnCode::Suspended,
            Self::DatasetStopped(_) => ReturnCode::DatasetStopped,
            Self::DatasetFailing(_) => ReturnCode::DatasetFailing,
        }
    }
}

/// What is known of a service's `tx_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Never used.
    Never,
    /// Opened before and not yet confirmed: opening it again resumes it.
    Unconfirmed,
    /// Confirmed or ended.
    Used,
}

/// Check 1 is the caller's: it knows the service. The rest is here.
///
/// `seen` is what is known of the service's `tx_id`; `datasets` are those of the asked-for ids that exist in the
/// service's zone, in any order.
pub fn judge(
    raw: &RawEntry,
    service: &ServiceWithSecrets,
    seen: Seen,
    datasets: &[&Dataset],
    now: Time,
) -> Result<Accepted, Box<Refused>> {
    let ServiceWithSecrets { service, secrets } = service;
    let fallback = || {
        let first =
            service.return_urls.first().expect("a service is registered with at least one return URL");
        ReturnTarget::registered(first)
    };
    let target = match raw.return_url.as_deref() {
        None => return Err(Box::new(Refused { fault: Fault::NoReturnUrl, target: fallback() })),
        Some(given) => match ReturnTarget::matching(given, &service.return_urls) {
            Ok(target) => target,
            Err(bad) => return Err(Box::new(Refused { fault: Fault::ReturnUrl(bad), target: fallback() })),
        },
    };
    let refuse = |fault| Box::new(Refused { fault, target: target.clone() });

    let tx_id: TxId = raw.tx_id.parse().map_err(|_| refuse(Fault::TxId))?;
    if seen == Seen::Used {
        return Err(refuse(Fault::TxIdUsed));
    }
    let resources = decode_resources(&raw.resources).map_err(|bad| refuse(Fault::Resources(bad)))?;
    let known = |id: &ResourceId| datasets.iter().find(|d| d.resource_id == *id && d.zone == service.zone);
    if let Some(id) = resources.iter().find(|id| known(id).is_none()) {
        return Err(refuse(Fault::UnknownResource(id.clone())));
    }
    if let Some(id) = resources.iter().find(|id| !service.datasets.contains(id)) {
        return Err(refuse(Fault::NotApproved(id.clone())));
    }
    let pid = raw.pid.as_deref().ok_or_else(|| refuse(Fault::NoPid))?;
    let pid = read_pid(pid, secrets, now).map_err(|bad| refuse(Fault::Pid(bad)))?;
    if service.state != ServiceState::Listed {
        return Err(refuse(Fault::ServiceSuspended));
    }
    let in_state = |states: &[DatasetState]| {
        resources.iter().find(|id| known(id).is_some_and(|d| states.contains(&d.state)))
    };
    if let Some(id) = resources.iter().find(|id| known(id).is_some_and(|d| !d.is_offered())) {
        return Err(refuse(Fault::DatasetStopped(id.clone())));
    }
    if let Some(id) = in_state(&[DatasetState::Maintenance, DatasetState::Failing]) {
        return Err(refuse(Fault::DatasetFailing(id.clone())));
    }
    Ok(Accepted { client_id: service.client_id.clone(), zone: service.zone, tx_id, resources, target, pid })
}

/// Reads `pid` with whatever secret works now. What only the wrong key makes of it is no person's id, so that an answer by
/// the earlier secret is never a chance hit.
fn read_pid(given: &str, secrets: &ServiceSecrets, now: Time) -> Result<Pid, BadPid> {
    let mut answer = Err(BadPid::Undecryptable);
    for secret in secrets.client_secrets(now) {
        if answer == Err(BadPid::Undecryptable) {
            answer = Pid::decrypt(given, secret, &secrets.cbc_iv);
        }
    }
    answer
}
