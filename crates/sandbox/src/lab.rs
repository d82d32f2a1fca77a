//! 示範試驗機構: services whose SP-API misbehaves, and datasets in states that nobody wants, for trying the platform.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use mydata_sdk::sp::{Return, Service};
use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId};
use url::Url;

use crate::dp::Dataset;
use crate::dp::faults::Fault;
use crate::page::{self, Page, html};
use crate::sp::{Facts, Sp, SpBehaviour, Surroundings};

/// One of the laboratory's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabService {
    /// Accepts; may also ask for [`StoppedDataset`]s.
    Accept,
    /// Its SP-API answers 403.
    Refuse,
    /// Its SP-API answers 500 once.
    Retry,
    /// Its SP-API does not answer the first call.
    Silent,
    /// It is suspended.
    Suspended,
    /// May ask for every [`Fault`].
    Faults,
}

impl LabService {
    /// Every one.
    pub const ALL: [LabService; 6] =
        [Self::Accept, Self::Refuse, Self::Retry, Self::Silent, Self::Suspended, Self::Faults];

    /// Its short name, first segment of its paths.
    pub fn key(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Retry => "retry",
            Self::Silent => "silent",
            Self::Suspended => "suspended",
            Self::Faults => "faults",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accept => "試驗服務：正常",
            Self::Refuse => "試驗服務：SP-API 拒絕（403）",
            Self::Retry => "試驗服務：SP-API 第一次失敗（500）",
            Self::Silent => "試驗服務：SP-API 第一次不回應",
            Self::Suspended => "試驗服務：停權中",
            Self::Faults => "試驗服務：資料提供者異常",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Accept => "LabAccept1",
            Self::Refuse => "LabRefuse1",
            Self::Retry => "LabRetry01",
            Self::Silent => "LabSilent1",
            Self::Suspended => "LabSuspend",
            Self::Faults => "LabFaults1",
        }
    }

    /// Its identifier, the same in every sandbox.
    pub fn client_id(self) -> ClientId {
        format!("CLI.{}", self.code()).parse().expect("ten letters and digits")
    }

    fn secret(self) -> ClientSecret {
        format!("{}Secret", self.code()).parse().expect("sixteen letters and digits")
    }

    fn iv(self) -> CbcIv {
        format!("{}CbcIv0", self.code()).parse().expect("sixteen letters and digits")
    }

    fn behaviour(self) -> SpBehaviour {
        match self {
            Self::Accept | Self::Suspended | Self::Faults => SpBehaviour::Accept,
            Self::Refuse => SpBehaviour::Refuse,
            Self::Retry => SpBehaviour::FailFirst(1),
            Self::Silent => SpBehaviour::SilentFirst(1),
        }
    }

    /// What it may ask for.
    pub fn approved(self) -> Vec<ResourceId> {
        match self {
            Self::Faults => Fault::ALL.map(Fault::id).to_vec(),
            Self::Accept => {
                let stopped = StoppedDataset::ALL.into_iter().filter(|d| *d != StoppedDataset::NotApproved);
                Dataset::ALL.map(Dataset::id).into_iter().chain(stopped.map(StoppedDataset::id)).collect()
            }
            _ => vec![Dataset::Household.id()],
        }
    }
}

/// A dataset that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedDataset {
    /// Its system has ended: 501.
    Stopped,
    /// It is in maintenance: 504.
    Maintenance,
    /// It is listed, but no service may ask for it: 404.
    NotApproved,
}

impl StoppedDataset {
    /// Every one.
    pub const ALL: [StoppedDataset; 3] = [Self::Stopped, Self::Maintenance, Self::NotApproved];

    /// Its identifier.
    pub fn id(self) -> ResourceId {
        let id = match self {
            Self::Stopped => "API.LabStopped",
            Self::Maintenance => "API.LabMainten",
            Self::NotApproved => "API.LabForeign",
        };
        id.parse().expect("the constants have the form of a resource_id")
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stopped => "試驗資料集：已停止服務",
            Self::Maintenance => "試驗資料集：維護中",
            Self::NotApproved => "試驗資料集：未獲准取用",
        }
    }

    /// Its state in the registry.
    pub fn state(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Maintenance => "maintenance",
            Self::NotApproved => "listed",
        }
    }
}

/// The laboratory's services, running.
pub struct Lab {
    services: Vec<(LabService, Sp)>,
}

impl Lab {
    /// All services at `base`. `around` is called once for each.
    pub fn new<E>(
        base: &Url,
        platform: &Url,
        mut around: impl FnMut(&str) -> Result<Surroundings, E>,
    ) -> Result<Self, E> {
        let mut services = Vec::new();
        for service in LabService::ALL {
            let key = service.key();
            let mut datasets = service.approved();
            if service == LabService::Accept {
                datasets.truncate(1);
            }
            let facts = Facts {
                key,
                service: Service {
                    platform: platform.clone(),
                    client_id: service.client_id(),
                    client_secret: service.secret(),
                    cbc_iv: service.iv(),
                },
                api_key: format!("demo-lab-{key}-x-api-key"),
                datasets,
                return_url: format!("{base}{key}/return"),
                notification_path: format!("/{key}/notification"),
            };
            let sp = Sp::new(facts, around(key)?);
            sp.behave(service.behaviour());
            services.push((service, sp));
        }
        Ok(Self { services })
    }

    /// One service.
    pub fn service(&self, service: LabService) -> &Sp {
        &self.services.iter().find(|(s, _)| *s == service).expect("every service runs").1
    }

    /// Where the SP-APIs are.
    pub(crate) fn notification_paths(&self) -> Vec<String> {
        self.services.iter().map(|(_, sp)| sp.facts().notification_path.clone()).collect()
    }

    /// Pages and SP-APIs.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for (service, sp) in &self.services {
            let path = format!("/{}/return", service.key());
            let pages = Router::new().route(&path, get(came_back)).with_state(sp.clone());
            router = router.merge(sp.notification_router()).merge(pages);
        }
        page::with_style(router)
    }
}

#[derive(Template)]
#[template(path = "lab_return.html")]
struct ReturnPage {
    page: Page,
    code: Option<u16>,
    tx_id: String,
}

async fn came_back(
    State(sp): State<Sp>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    sp.came_back(&query);
    let (code, tx_id) = match Return::from_query(&query) {
        Some(Return::Normal(tx_id)) => (None, tx_id.to_string()),
        Some(Return::Abnormal(code, tx_id)) => {
            (Some(code.number()), tx_id.map(|tx_id| tx_id.to_string()).unwrap_or_default())
        }
        None => (None, String::new()),
    };
    html(&ReturnPage { page: Page::of(&uri, &headers), code, tx_id }, StatusCode::OK, &[])
}
