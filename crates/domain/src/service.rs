//! Services: for what SPs ask citizens' data (服務).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use mydata_wire::returns::RegisteredReturnUrl;
use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::AllowList;
use crate::client_certificate::ClientCertificate;
use crate::credentials::Earlier;
use crate::organisation::OrganisationId;
use crate::time::Time;
use crate::zone::Zone;

/// Whether a service may send citizens now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// 上架: may send citizens.
    Listed,
    /// 停權中.
    Suspended,
    /// 下架.
    Delisted,
}

impl ServiceState {
    const ALL: [ServiceState; 3] = [Self::Listed, Self::Suspended, Self::Delisted];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Suspended => "suspended",
            Self::Delisted => "delisted",
        }
    }
}

impl FromStr for ServiceState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no service state {text:?}"))
    }
}

/// A service without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its identifier.
    pub client_id: ClientId,
    /// Test or production.
    pub zone: Zone,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// 服務名稱.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// For what the data is used; shown beside the consent.
    pub purpose: String,
    /// The same in English.
    pub purpose_en: String,
    /// 服務類別, up to three levels with `/`.
    pub category: String,
    /// 服務網址.
    pub url: Url,
    /// 服務條款, plain text; a blank line parts paragraphs.
    pub terms: String,
    /// The same in English; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub terms_en: String,
    /// 服務跳轉網址: where citizens may be sent back to. At least one.
    pub return_urls: Vec<RegisteredReturnUrl>,
    /// Where the platform notifies the SP.
    pub sp_api: Url,
    /// Roots (PEM, one or more) of which the SP-API's certificate must come; none: those that the platform trusts otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_api_roots: Option<String>,
    /// 允許連線IP: from where the SP calls the partner APIs. Nobody else may.
    pub allowed_ips: AllowList,
    /// What it must present on those calls, one of these (R97); none: no certificate is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_certificates: Vec<ClientCertificate>,
    /// 需求資料集, in the order shown.
    pub datasets: Vec<ResourceId>,
    /// 試辦 (R15): from where citizens may come meanwhile; none when everybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<AllowList>,
    /// Whether it may send citizens.
    pub state: ServiceState,
}

impl Service {
    /// Whether it may send citizens and receive their data now.
    pub fn is_listed(&self) -> bool {
        self.state == ServiceState::Listed
    }

    /// Whether a citizen at this address may come: everybody, except in a pilot.
    pub fn lets_in(&self, address: IpAddr) -> bool {
        self.pilot.as_ref().is_none_or(|insiders| insiders.permits(address))
    }
}

/// What only the service and the platform know. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceSecrets {
    /// Key of `pid`, twice.
    pub client_secret: ClientSecret,
    /// IV of `pid` and of tokens.
    pub cbc_iv: CbcIv,
    /// Sent as `x-api-key` with every notification, where the service has one.
    pub api_key: Option<String>,
    /// Those before, while they still work. The IV stays when the others are replaced: it is no secret of the cipher's, and
    /// tokens that are on their way are opened with it.
    pub earlier: Option<Earlier<ServiceKeys>>,
}

/// The secrets of a service that are replaced together.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceKeys {
    /// See [`ServiceSecrets::client_secret`].
    pub client_secret: ClientSecret,
    /// See [`ServiceSecrets::api_key`].
    pub api_key: Option<String>,
}

impl ServiceSecrets {
    /// Every client secret that works now, the newest first.
    pub fn client_secrets(&self, now: Time) -> impl Iterator<Item = &ClientSecret> {
        let earlier = self.earlier.as_ref().and_then(|e| e.at(now));
        std::iter::once(&self.client_secret).chain(earlier.map(|keys| &keys.client_secret))
    }

    /// The `x-api-key` that still works beside the newest one.
    pub fn earlier_api_key(&self, now: Time) -> Option<&str> {
        self.earlier.as_ref().and_then(|e| e.at(now)).and_then(|keys| keys.api_key.as_deref())
    }
}

impl fmt::Debug for ServiceSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceSecrets(…)")
    }
}

/// A service with its secrets.
#[derive(Debug, Clone)]
pub struct ServiceWithSecrets {
    /// All that may be shown.
    pub service: Service,
    /// The rest.
    pub secrets: ServiceSecrets,
}
