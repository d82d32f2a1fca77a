//! Platform → DP-API (PROTOCOL.md §6).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use mydata_domain::collect::{Answer, Failure, FailureKind};
use mydata_domain::dataset::DpMethod;
use mydata_domain::parameter::ParameterKey;
use mydata_domain::{Dataset, Time};
use mydata_wire::dp::TRANSACTION_UID;
use mydata_wire::{AccessToken, TransactionUid, retry_after};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::registered::NotCalled;
use super::{Outbound, sp::reason};

/// `%` is encoded too, so that a reader can always decode.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// What a DP is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Lets the DP ask who the citizen is.
    pub token: &'a AccessToken,
    /// The same on every try.
    pub transaction_uid: TransactionUid,
    /// What the citizen filled in.
    pub parameters: &'a BTreeMap<ParameterKey, String>,
    /// How long until the answer begins.
    pub first_byte: Duration,
    /// Now, for dates in `Retry-After`.
    pub now: Time,
}

/// The beginning of a package.
#[derive(Debug)]
pub struct Incoming {
    response: reqwest::Response,
    /// How long it will be, where the DP says so.
    pub total: Option<u64>,
}

impl Incoming {
    /// The next piece; `None` at the end. A transfer that breaks or stalls is a passing failure.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Answer> {
        self.response
            .chunk()
            .await
            .map_err(|error| Answer::Passing(Failure::new(FailureKind::Broken, reason(&error))))
    }
}

impl Outbound {
    /// Calls the DP-API of a dataset once.
    pub async fn collect(&self, call: &Call<'_>) -> Result<Incoming, Answer> {
        let url = &call.dataset.dp_api;
        let client = match self.dp_client(call.dataset).await {
            Ok(client) => client,
            // A name that cannot be resolved now may be in a while; what is not registered stays so.
            Err(NotCalled::Unknown) => {
                return Err(Answer::Passing(Failure::new(FailureKind::NotReached, NotCalled::Unknown)));
            }
            Err(blocked) => return Err(Answer::Final(Failure::new(FailureKind::NotReached, blocked))),
        };
        let mut request = match call.dataset.method {
            DpMethod::Get => client.get(url.clone()),
            DpMethod::Post => client.post(url.clone()).header(CONTENT_TYPE, "application/json").body("{}"),
        };
        request = request
            .header(AUTHORIZATION, secret(&format!("Bearer {}", call.token.to_wire())))
            .header(TRANSACTION_UID, call.transaction_uid.to_string())
            .header(ACCEPT, "application/zip");
        for (key, value) in call.parameters {
            let name = HeaderName::from_bytes(key.as_str().as_bytes());
            let value = HeaderValue::from_str(&utf8_percent_encode(value, IN_HEADER).to_string());
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        // The first byte has its own limit; pauses inside the answer have the client's.
        let response = match tokio::time::timeout(call.first_byte, request.send()).await {
            Err(_) => return Err(Answer::Passing(Failure::new(FailureKind::NoAnswer, ""))),
            Ok(Err(error)) => {
                let kind = if error.is_connect() {
                    FailureKind::NotReached
                } else if error.is_timeout() {
                    FailureKind::NoAnswer
                } else {
                    FailureKind::Broken
                };
                return Err(Answer::Passing(Failure::new(kind, reason(&error))));
            }
            Ok(Ok(response)) => response,
        };
        judge(response, call.now)
    }
}

fn secret(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).expect("a token is visible ASCII");
    value.set_sensitive(true);
    value
}

fn judge(response: reqwest::Response, now: Time) -> Result<Incoming, Answer> {
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    match response.status().as_u16() {
        200 => {
            let kind = header(CONTENT_TYPE).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            // Many servers know zip files by these two other names.
            if !matches!(
                kind.as_str(),
                "application/zip" | "application/x-zip-compressed" | "application/octet-stream"
            ) {
                let detail = format!("the answer is {kind:.80}, not application/zip");
                return Err(Answer::Final(Failure::new(FailureKind::BadPackage, detail)));
            }
            let total = response.content_length();
            Ok(Incoming { response, total })
        }
        204 => Err(Answer::NoData),
        429 => Err(Answer::Wait(header(RETRY_AFTER).and_then(|v| retry_after::parse(v, now.to_system())))),
        status @ 500..=599 => {
            Err(Answer::Passing(Failure::new(FailureKind::ServerError, format!("status {status}"))))
        }
        status => Err(Answer::Final(Failure::new(FailureKind::Refused, format!("status {status}")))),
    }
}
