//! 測試連線: step by step from the host's name to a package, ending at the first step that fails.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::time::Time;
use crate::zone::Zone;

/// A step, in the order in which they are taken. The address comes before the connection: nothing is connected to
/// before it is known to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The host's name is resolved.
    Dns,
    /// What it resolves to may be called, and is registered.
    Address,
    /// A connection is made.
    Tcp,
    /// It is protected.
    Tls,
    /// The certificate is trusted, for this name, now.
    Certificate,
    /// A request is answered.
    Response,
    /// A DP gives a package that verifies; an SP-API answers a notification.
    Package,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 7] =
        [Self::Dns, Self::Address, Self::Tcp, Self::Tls, Self::Certificate, Self::Response, Self::Package];

    /// As programs read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Address => "address",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Response => "response",
            Self::Package => "package",
        }
    }
}

/// What a step that passed found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "kebab-case")]
pub enum Figure {
    /// The addresses found, or those that may be called.
    Addresses(Vec<IpAddr>),
    /// The URL names an address; there was nothing to resolve.
    Literal,
    /// The addresses are registered.
    Registered,
    /// No address is registered: any public one is called.
    AnyAddress,
    /// The address connected to.
    Connected(IpAddr),
    /// The version of TLS.
    Tls(String),
    /// Days until the certificate ends.
    DaysLeft(i64),
    /// Who issued the certificate.
    Issuer(String),
    /// The names it is for.
    Names(String),
    /// The status of the answer.
    Status(u16),
    /// The type of the answer.
    Type(String),
    /// The size of the package in bytes.
    Bytes(u64),
    /// How many data files the package has.
    Files(u64),
    /// Days until the certificate of the package's signer ends.
    SignerDaysLeft(i64),
    /// The DP has no data of the fictional person, and says so.
    NoData,
    /// The DP asks to be asked again after so many seconds.
    AsksToWait(u64),
    /// The SP-API took the notification.
    Taken,
    /// The SP-API refused the notification, which it knows no transaction for.
    Refused,
}

/// Why a step was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skipped {
    /// Plain http, as the sandbox allows: there is no TLS.
    Plain,
    /// In production nobody's data is asked for to try a connection.
    Production,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is well.
    Passed {
        /// How long it took.
        ms: u64,
        /// What was found out.
        figures: Vec<Figure>,
    },
    /// It is not.
    Failed {
        /// After how long.
        ms: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// It does not apply.
    Skipped {
        /// Why.
        why: Skipped,
    },
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Which.
    pub step: Step,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When it began.
    pub at: Time,
    /// Of which zone the record is.
    pub zone: Zone,
    /// `resource_id` or `client_id`.
    pub record: String,
    /// The address that was tried.
    pub address: String,
    /// The steps that were taken; those after a failed one were not.
    pub steps: Vec<Tried>,
}

impl Probe {
    /// What was found wrong; `None` when everything is well.
    pub fn fault(&self) -> Option<&Fault> {
        self.steps.iter().find_map(|tried| match &tried.outcome {
            Outcome::Failed { fault, .. } => Some(fault),
            _ => None,
        })
    }

    /// How long it took in all, in milliseconds.
    pub fn ms(&self) -> u64 {
        let one = |tried: &Tried| match tried.outcome {
            Outcome::Passed { ms, .. } | Outcome::Failed { ms, .. } => ms,
            Outcome::Skipped { .. } => 0,
        };
        self.steps.iter().map(one).sum()
    }

    /// How a step ended; `None` when it was not taken.
    pub fn step(&self, step: Step) -> Option<&Outcome> {
        self.steps.iter().find(|tried| tried.step == step).map(|tried| &tried.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::FaultKind;

    #[test]
    fn a_test_is_read_back_as_it_was() {
        let steps = vec![
            Tried {
                step: Step::Dns,
                outcome: Outcome::Passed {
                    ms: 3,
                    figures: vec![Figure::Addresses(vec!["192.0.2.1".parse().unwrap()]), Figure::Literal],
                },
            },
            Tried { step: Step::Tls, outcome: Outcome::Skipped { why: Skipped::Plain } },
            Tried {
                step: Step::Response,
                outcome: Outcome::Failed { ms: 9, fault: Fault::new(FaultKind::ResponseStatus, 503) },
            },
        ];
        let probe = Probe {
            at: Time(5),
            zone: Zone::Test,
            record: "API.Kr1C3b1ijJ".to_owned(),
            address: "https://dp.example/".to_owned(),
            steps,
        };
        let text = serde_json::to_string(&probe).unwrap();
        assert!(text.contains(r#"{"step":"tls","outcome":"skipped","why":"plain"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Probe>(&text).unwrap(), probe);
        assert_eq!((probe.ms(), probe.fault().unwrap().step()), (12, Step::Response));
        assert!(probe.step(Step::Package).is_none());
    }
}
