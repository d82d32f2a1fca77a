//! Datasets: what DPs offer (資料集).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use mydata_wire::{ResourceId, ResourceSecret, Verification};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::AllowList;
use crate::client_certificate::ClientCertificate;
use crate::credentials::Earlier;
use crate::organisation::OrganisationId;
use crate::parameter::Parameter;
use crate::time::Time;
use crate::zone::Zone;

/// Whether a dataset may be asked for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetState {
    /// 上架: may be asked for.
    Listed,
    /// 維護中: for a while not.
    Maintenance,
    /// Its health checks fail.
    Failing,
    /// 停權中.
    Suspended,
    /// 下架.
    Delisted,
    /// Its system has ended its service.
    Stopped,
    /// 不顯示前台且不可被取用 (R43): its owner hides it.
    Hidden,
}

impl DatasetState {
    const ALL: [DatasetState; 7] = [
        Self::Listed,
        Self::Maintenance,
        Self::Failing,
        Self::Suspended,
        Self::Delisted,
        Self::Stopped,
        Self::Hidden,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Maintenance => "maintenance",
            Self::Failing => "failing",
            Self::Suspended => "suspended",
            Self::Delisted => "delisted",
            Self::Stopped => "stopped",
            Self::Hidden => "hidden",
        }
    }
}

impl FromStr for DatasetState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no dataset state {text:?}"))
    }
}

/// How the platform calls a DP-API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DpMethod {
    /// Without a body.
    #[default]
    Get,
    /// With the body `{}`.
    Post,
}

/// A dataset without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Its identifier.
    pub resource_id: ResourceId,
    /// Test or production.
    pub zone: Zone,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// 資料集名稱.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// For citizens.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The same in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description_en: String,
    /// 類別, such as 戶役政.
    pub category: String,
    /// 資料集欄位, in zh-TW (R58).
    #[serde(default)]
    pub fields: Vec<String>,
    /// The same in English; empty or of equal length.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields_en: Vec<String>,
    /// 需要的身分驗證安全等級: the weakest method accepted.
    pub weakest_verification: Verification,
    /// Where the DP answers.
    pub dp_api: Url,
    /// How it is called.
    #[serde(default)]
    pub method: DpMethod,
    /// How long a citizen should expect to wait.
    #[serde(default = "one")]
    pub expected_minutes: u32,
    /// Whether it may be asked for.
    pub state: DatasetState,
    /// It is in maintenance besides: what is suspended or hidden comes back as [`DatasetState::Maintenance`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maintenance: bool,
    /// The one certificate that may sign its packages (PEM), where it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_certificate: Option<String>,
    /// From where its DP may ask who the citizen is. Empty: from anywhere, with the resource secret.
    #[serde(default, skip_serializing_if = "AllowList::is_empty")]
    pub allowed_ips: AllowList,
    /// What its DP must present when it asks, one of these (R97); none: no certificate is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_certificates: Vec<ClientCertificate>,
    /// Where its DP-API lies (R37, R96). Empty: wherever its name leads.
    #[serde(default, skip_serializing_if = "AllowList::is_empty")]
    pub dp_ips: AllowList,
    /// 試辦 (R15): from where citizens may ask for it meanwhile; none when everybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<AllowList>,
    /// What the citizen fills in.
    #[serde(default, rename = "parameter", skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

impl Dataset {
    /// Gives it the state that follows from its item's life. A maintenance that had begun before, with a registry file,
    /// goes on: behind what is worse it is remembered, and comes back when that ends.
    pub fn settle(&mut self, state: DatasetState) {
        let maintained = self.maintenance || self.state == DatasetState::Maintenance;
        (self.state, self.maintenance) = match state {
            DatasetState::Listed if maintained => (DatasetState::Maintenance, false),
            DatasetState::Suspended | DatasetState::Hidden | DatasetState::Failing => (state, maintained),
            other => (other, false),
        };
    }

    /// Whether it can be asked for at all, now or in a while.
    pub fn is_offered(&self) -> bool {
        use DatasetState::{Delisted, Failing, Hidden, Listed, Maintenance, Stopped, Suspended};
        match self.state {
            Listed | Maintenance | Failing => true,
            Suspended | Delisted | Stopped | Hidden => false,
        }
    }

    /// Whether a citizen at this address may ask for it: everybody, except in a pilot.
    pub fn lets_in(&self, address: IpAddr) -> bool {
        self.pilot.as_ref().is_none_or(|insiders| insiders.permits(address))
    }

    /// Whether its DP may call from this address. In a pilot nobody may who is not registered.
    pub fn permits_caller(&self, address: IpAddr) -> bool {
        (self.allowed_ips.is_empty() && self.pilot.is_none()) || self.allowed_ips.permits(address)
    }
}

fn one() -> u32 {
    1
}

/// A dataset with its secret, for the one who signs it in.
#[derive(Clone)]
pub struct DatasetWithSecret {
    /// All that may be shown.
    pub dataset: Dataset,
    /// Signs the DP in to introspection.
    pub secret: ResourceSecret,
    /// The one before, while it still works.
    pub earlier: Option<Earlier<ResourceSecret>>,
}

impl DatasetWithSecret {
    /// Every secret that works now, the newest first.
    pub fn secrets(&self, now: Time) -> impl Iterator<Item = &ResourceSecret> {
        std::iter::once(&self.secret).chain(self.earlier.as_ref().and_then(|e| e.at(now)))
    }
}

impl fmt::Debug for DatasetWithSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatasetWithSecret({})", self.dataset.resource_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a registry file put into maintenance comes back to it after a suspension, and does not become listed by itself.
    #[test]
    fn maintenance_outlasts_a_suspension() {
        use DatasetState::{Delisted, Hidden, Listed, Maintenance, Suspended};
        let mut dataset: Dataset = serde_json::from_value(serde_json::json!({
            "resource_id": "API.Kr1C3b1ijJ", "zone": "test", "organisation": "library", "name": "示範", "name_en": "Demo",
            "category": "教育", "weakest_verification": "NHI", "dp_api": "https://dp.library.example/", "state": "maintenance",
        }))
        .unwrap();
        for (given, state, remembered) in [
            (Listed, Maintenance, false),
            (Suspended, Suspended, true),
            (Suspended, Suspended, true),
            (Listed, Maintenance, false),
            (Hidden, Hidden, true),
            (Listed, Maintenance, false),
            (Delisted, Delisted, false),
            (Listed, Listed, false),
            (Suspended, Suspended, false),
            (Listed, Listed, false),
        ] {
            dataset.settle(given);
            assert_eq!((dataset.state, dataset.maintenance), (state, remembered), "{given:?}");
        }
    }
}
