//! Counter services (臨櫃服務): what citizens apply for at a counter, and which data each case needs.

use mydata_wire::ResourceId;
use serde::{Deserialize, Serialize};

use crate::address::AllowList;
use crate::organisation::OrganisationId;
use crate::service::ServiceState;
use crate::zone::Zone;

crate::own_id::own_id!(
    /// A counter service's identifier: a version 4 UUID.
    CounterServiceId, "counter service id"
);

/// What a clerk may do with the citizen's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// 預覽.
    Preview,
    /// 取資料.
    Save,
    /// Both.
    Both,
}

impl Take {
    /// Every way.
    pub const ALL: [Take; 3] = [Self::Preview, Self::Save, Self::Both];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Save => "save",
            Self::Both => "both",
        }
    }
}

/// Datasets of which the citizen chooses some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// How many are chosen; at least 1 and at most as many as there are.
    pub count: u32,
    /// Of these.
    pub of: Vec<ResourceId>,
}

/// One case (案件) of a counter service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_en: String,
    /// What the citizen brings, one a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bring: String,
    /// Datasets that are always needed.
    #[serde(default)]
    pub required: Vec<ResourceId>,
    /// Datasets of which some are chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What the clerk may do.
    pub take: Take,
    /// Whether a delegate (代辦人) may go in the citizen's place.
    #[serde(default)]
    pub delegate: bool,
}

/// A counter service as it is registered. It has no secret: a clerk is known by address and by the citizen's codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterService {
    /// Its identifier.
    pub id: CounterServiceId,
    /// Test or production.
    pub zone: Zone,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// 服務名稱.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// 服務說明.
    pub description: String,
    /// The same in English; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description_en: String,
    /// 服務類別, up to three levels with `/`.
    pub category: String,
    /// From where its clerks may work.
    pub allowed_ips: AllowList,
    /// 試辦 (R15): from where citizens may come meanwhile; none when everybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<AllowList>,
    /// Its cases; at least one.
    pub cases: Vec<Case>,
    /// Whether it may be used.
    pub state: ServiceState,
}
