//! How long everything may take.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time limits and schedules. The defaults are PROTOCOL.md's; a sandbox may be quicker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Life of a ticket; at most 8 hours (R111).
    pub ticket_life: Seconds,
    /// How long a citizen may do nothing before an exchange counts as abandoned.
    pub session_idle: Seconds,
    /// Life of a DP's access token; at most 2 hours.
    pub access_token_life: Seconds,
    /// Waits after the first, second … failure of a DP.
    pub dp_retry: Vec<Seconds>,
    /// Wait after a DP's 429 without `Retry-After`.
    pub dp_default_wait: Seconds,
    /// How long a DP may ask to wait in all.
    pub dp_wait_total: Seconds,
    /// Calls to a DP for one dataset in all.
    pub dp_tries: u32,
    /// Time to connect to a DP.
    pub dp_connect: Seconds,
    /// Time until a DP's answer begins.
    pub dp_first_byte: Seconds,
    /// Longest pause inside a DP's answer.
    pub dp_idle: Seconds,
    /// Longest time of one call of a DP, to the last byte of its answer.
    pub dp_call: Seconds,
    /// Waits after the first, second … failed call of an SP-API.
    pub sp_retry: Vec<Seconds>,
    /// Wait after each later one.
    pub sp_retry_later: Seconds,
    /// Time to connect to an SP-API.
    pub sp_connect: Seconds,
    /// Time until an SP-API's answer is there.
    pub sp_answer: Seconds,
    /// What an SP is asked to wait when no DP named a time.
    pub sp_default_wait: Seconds,
    /// How long an SP's request for the data is held when the data may come meanwhile; then it is asked to wait.
    pub sp_hold: Seconds,
    /// How often work for a service that is suspended is looked at again.
    pub suspended_retry: Seconds,
    /// How long earlier credentials go on after they were replaced.
    pub credential_overlap: Seconds,
    /// How long a complete own download is held; at most 8 hours.
    pub download_life: Seconds,
    /// Life of the number of a 資料條碼; at most 20 minutes.
    pub barcode_life: Seconds,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ticket_life: Seconds::from_secs(8 * 3600),
            session_idle: Seconds::from_secs(600),
            access_token_life: Seconds::from_secs(2 * 3600),
            dp_retry: [2, 10, 60, 300].map(Seconds::from_secs).to_vec(),
            dp_default_wait: Seconds::from_secs(60),
            dp_wait_total: Seconds::from_secs(90 * 60),
            dp_tries: 17,
            dp_connect: Seconds::from_secs(5),
            dp_first_byte: Seconds::from_secs(30),
            dp_idle: Seconds::from_secs(30),
            dp_call: Seconds::from_secs(900),
            sp_retry: [5, 30, 120, 600, 1800].map(Seconds::from_secs).to_vec(),
            sp_retry_later: Seconds::from_secs(3600),
            sp_connect: Seconds::from_secs(5),
            sp_answer: Seconds::from_secs(15),
            sp_default_wait: Seconds::from_secs(5),
            sp_hold: Seconds::from_secs(2),
            suspended_retry: Seconds::from_secs(60),
            credential_overlap: Seconds::from_secs(7 * 24 * 3600),
            download_life: Seconds::from_secs(8 * 3600),
            barcode_life: Seconds::from_secs(20 * 60),
        }
    }
}

impl Policy {
    /// Names the first limit that PROTOCOL.md does not allow.
    pub fn check(&self) -> Result<(), String> {
        let at_most = |name: &str, value: Seconds, most: u64| {
            if value.0 > Duration::from_secs(most) || value.0.is_zero() {
                Err(format!("policy.{name} must be above 0 and at most {most} seconds"))
            } else {
                Ok(())
            }
        };
        at_most("ticket_life", self.ticket_life, 8 * 3600)?;
        at_most("access_token_life", self.access_token_life, 2 * 3600)?;
        at_most("session_idle", self.session_idle, 3600)?;
        // A client's own patience with an answer is short.
        if self.sp_hold.0 > Duration::from_secs(10) {
            return Err("policy.sp_hold must be at most 10 seconds".to_owned());
        }
        at_most("dp_wait_total", self.dp_wait_total, 90 * 60)?;
        at_most("dp_call", self.dp_call, 2 * 3600)?;
        at_most("suspended_retry", self.suspended_retry, 3600)?;
        at_most("download_life", self.download_life, 8 * 3600)?;
        at_most("barcode_life", self.barcode_life, 20 * 60)?;
        at_most("credential_overlap", self.credential_overlap, 90 * 24 * 3600)?;
        if self.dp_tries == 0 || self.dp_tries > 17 {
            return Err("policy.dp_tries must be 1 to 17".to_owned());
        }
        Ok(())
    }
}

/// A duration, written in configuration as seconds (`0.5`, `90`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Seconds {
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(serde::de::Error::custom)
    }
}
