//! Asking the platform about a token: introspection, then userinfo (PROTOCOL.md §6, RFC 7662).

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::AUTHORIZATION;
use mydata_wire::dp::{Introspection, UserInfo};
use mydata_wire::{AccessToken, PersonalId, ResourceId, ResourceSecret, Verification, b64};
use url::Url;

/// Largest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// The citizen a good token stands for. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Citizen {
    /// The personal id, upper case.
    pub id: PersonalId,
    /// Everything the platform says about the person.
    pub info: UserInfo,
    /// How the citizen proved who they are.
    pub verification: Verification,
}

/// Why a token is not good.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Unknown, ended, or another dataset's: answer 401.
    #[error("the token is unknown, has ended, or was made for another dataset")]
    Inactive,
    /// The platform does not know this `resource_id` with this secret: a configuration error, answer 5xx.
    #[error("the platform refuses resource_id and resource_secret; compare them with the back office")]
    Credentials,
    /// The platform did not answer as PROTOCOL.md §6 has it: answer 5xx, the platform tries again.
    #[error("{step} answered {status}")]
    Unexpected {
        /// `introspect` or `userinfo`.
        step: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The answer cannot be read.
    #[error("the answer of {step} cannot be read: {reason}")]
    Unreadable {
        /// `introspect` or `userinfo`.
        step: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The platform could not be reached.
    #[error("cannot reach the platform: {0}")]
    Connection(#[source] reqwest::Error),
}

/// Checks tokens for one dataset. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenCheck {
    http: reqwest::Client,
    platform: Url,
    resource_id: ResourceId,
    secret: ResourceSecret,
    now: fn() -> SystemTime,
}

impl TokenCheck {
    /// With a client of its own: TLS ≥ 1.2, no redirects, 5 s to connect, 10 s for an answer.
    ///
    /// # Errors
    /// When no TLS roots can be read from the system.
    pub fn new(
        platform: Url,
        resource_id: ResourceId,
        secret: ResourceSecret,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .min_tls_version(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self::with_client(platform, resource_id, secret, http))
    }

    /// With the caller's client.
    pub fn with_client(
        platform: Url,
        resource_id: ResourceId,
        secret: ResourceSecret,
        http: reqwest::Client,
    ) -> Self {
        Self { http, platform, resource_id, secret, now: SystemTime::now }
    }

    /// Another clock for `exp`.
    #[must_use]
    pub fn with_clock(mut self, now: fn() -> SystemTime) -> Self {
        self.now = now;
        self
    }

    /// The dataset.
    pub fn resource_id(&self) -> &ResourceId {
        &self.resource_id
    }

    /// Both questions: a citizen comes out only when the token is good now, and for this dataset.
    pub async fn check(&self, token: &AccessToken) -> Result<Citizen, CheckError> {
        let verification = self.introspect(token).await?;
        let info = self.userinfo(token).await?;
        let id = info
            .uid
            .parse()
            .map_err(|_| CheckError::Unreadable { step: "userinfo", reason: "uid is not a personal id" })?;
        if info.uid_verified != "True" {
            return Err(CheckError::Unreadable { step: "userinfo", reason: "uid_verified is not True" });
        }
        Ok(Citizen { id, verification, info })
    }

    /// Introspection alone: the verification behind a token that is good now, and for this dataset.
    pub async fn introspect(&self, token: &AccessToken) -> Result<Verification, CheckError> {
        const STEP: &str = "introspect";
        let credentials = b64::standard(format!("{}:{}", self.resource_id, self.secret.expose()).as_bytes());
        let answer = self
            .http
            .post(self.url("/connect/introspect"))
            .header(AUTHORIZATION, sensitive(&format!("Basic {credentials}")))
            .form(&[("token", token.to_wire())])
            .send()
            .await
            .map_err(|e| CheckError::Connection(e.without_url()))?;
        match answer.status().as_u16() {
            200 => {}
            401 => return Err(CheckError::Credentials),
            status => return Err(CheckError::Unexpected { step: STEP, status }),
        }
        let answer: Introspection = read(answer, STEP).await?;
        let now = (self.now)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let ended = answer.exp.is_some_and(|exp| u64::try_from(exp).unwrap_or(0) <= now);
        if !answer.active || ended || answer.client_id.as_ref() != Some(&self.resource_id) {
            return Err(CheckError::Inactive);
        }
        answer.verification.ok_or(CheckError::Unreadable { step: STEP, reason: "verification is missing" })
    }

    async fn userinfo(&self, token: &AccessToken) -> Result<UserInfo, CheckError> {
        const STEP: &str = "userinfo";
        let answer = self
            .http
            .get(self.url("/connect/userinfo"))
            .header(AUTHORIZATION, sensitive(&format!("Bearer {}", token.to_wire())))
            .send()
            .await
            .map_err(|e| CheckError::Connection(e.without_url()))?;
        match answer.status().as_u16() {
            200 => read(answer, STEP).await,
            401 => Err(CheckError::Inactive),
            status => Err(CheckError::Unexpected { step: STEP, status }),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.platform.as_str().trim_end_matches('/'))
    }
}

fn sensitive(value: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(value).expect("base64 and token characters are header values");
    value.set_sensitive(true);
    value
}

async fn read<T: serde::de::DeserializeOwned>(
    mut answer: reqwest::Response,
    step: &'static str,
) -> Result<T, CheckError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| CheckError::Connection(e.without_url()))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(CheckError::Unreadable { step, reason: "it is larger than 64 KiB" });
        }
        body.extend_from_slice(&chunk);
    }
    // serde's message could quote personal data.
    serde_json::from_slice(&body)
        .map_err(|_| CheckError::Unreadable { step, reason: "it is not the JSON of PROTOCOL.md §6" })
}
