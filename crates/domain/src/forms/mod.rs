//! The forms of the back office: what each asks, and what is wrong with an answer.
//!
//! A form comes as [`Fields`]: paths such as `parameter[2].key` with what was typed. [`read`] makes a [`Form`] of it or
//! names **every** field that is at fault, with its path and a [`Fault`] that pages put into words. The forms' serialised
//! field names are the same paths, so that errors, reviewers' comments and differences speak of the same places.
//!
//! | module | asks |
//! | --- | --- |
//! | [`organisation`] | 機關單位基本資料 (R23, R85, R87) |
//! | [`dataset`] | 資料提供者申請單 (R37, R39–R50, R58–R63) |
//! | [`service`] | 服務提供者申請單 (R89) |
//! | [`counter_service`] | 臨櫃服務申請單 |
//! | [`extension`], [`go_live`], [`pilot_report`] | 延長測試 (R31), 申請上線 (R33, R36), 試辦報告 (R53) |

pub mod counter_service;
pub mod dataset;
pub mod extension;
pub mod fault;
pub mod fields;
pub mod go_live;
pub mod organisation;
pub mod pilot_report;
pub mod reader;
pub mod service;
pub mod upload;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use mydata_wire::ResourceId;
use serde::{Deserialize, Serialize};

pub use counter_service::CounterServiceForm;
pub use dataset::DatasetForm;
pub use extension::ExtensionForm;
pub use fault::{Fault, FieldError};
pub use fields::Fields;
pub use go_live::GoLiveForm;
pub use organisation::OrganisationForm;
pub use pilot_report::PilotReportForm;
pub use service::ServiceForm;
pub use upload::{Purpose, UploadId};

use crate::filing::FilingKind;
use crate::item::Kind;
use crate::organisation::OrganisationId;

crate::own_id::own_id!(
    /// A draft's identifier: a version 4 UUID.
    DraftId, "draft id"
);

/// What the reading of a form must know.
#[derive(Debug, Clone)]
pub struct Context {
    /// Today in Taipei.
    pub today: Date,
    /// Whether `http` is allowed beside `https`: in the sandbox only.
    pub plain_http: bool,
    /// 資料集類別 to choose from.
    pub dataset_categories: Vec<String>,
    /// 服務類別 to choose from, three levels with `/`.
    pub service_categories: Vec<String>,
    /// The datasets that a service may ask for.
    pub datasets: Vec<ResourceId>,
    /// The competent authorities to choose from.
    pub authorities: Vec<OrganisationId>,
    /// What was uploaded with this form.
    pub uploads: BTreeMap<UploadId, Purpose>,
}

impl Context {
    /// Nothing to choose from and nothing uploaded.
    pub fn bare(today: Date) -> Self {
        Self {
            today,
            plain_http: false,
            dataset_categories: Vec::new(),
            service_categories: Vec::new(),
            datasets: Vec::new(),
            authorities: Vec::new(),
            uploads: BTreeMap::new(),
        }
    }
}

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormKind {
    /// 機關單位基本資料.
    Organisation,
    /// 資料提供者申請單.
    Dataset,
    /// 服務提供者申請單.
    Service,
    /// 臨櫃服務申請單.
    CounterService,
    /// 延長測試.
    Extension,
    /// 申請上線, of a dataset.
    GoLiveDataset,
    /// 申請上線, of a service.
    GoLiveService,
    /// 申請上線, of a counter service.
    GoLiveCounterService,
    /// 試辦報告.
    PilotReport,
}

impl FormKind {
    /// Every form.
    pub const ALL: [FormKind; 9] = [
        Self::Organisation,
        Self::Dataset,
        Self::Service,
        Self::CounterService,
        Self::Extension,
        Self::GoLiveDataset,
        Self::GoLiveService,
        Self::GoLiveCounterService,
        Self::PilotReport,
    ];

    /// The form that is filed for this.
    pub fn of(filing: FilingKind, item: Kind) -> Self {
        match (filing, item) {
            (FilingKind::SignUp, _) => Self::Organisation,
            (FilingKind::NewItem | FilingKind::Change, Kind::Dataset) => Self::Dataset,
            (FilingKind::NewItem | FilingKind::Change, Kind::Service) => Self::Service,
            (FilingKind::NewItem | FilingKind::Change, Kind::CounterService) => Self::CounterService,
            (FilingKind::Extension, _) => Self::Extension,
            (FilingKind::GoLive, Kind::Dataset) => Self::GoLiveDataset,
            (FilingKind::GoLive, Kind::Service) => Self::GoLiveService,
            (FilingKind::GoLive, Kind::CounterService) => Self::GoLiveCounterService,
            (FilingKind::PilotReport, _) => Self::PilotReport,
        }
    }

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Dataset => "dataset",
            Self::Service => "service",
            Self::CounterService => "counter-service",
            Self::Extension => "extension",
            Self::GoLiveDataset => "go-live-dataset",
            Self::GoLiveService => "go-live-service",
            Self::GoLiveCounterService => "go-live-counter-service",
            Self::PilotReport => "pilot-report",
        }
    }
}

impl FromStr for FormKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| format!("no form {text:?}"))
    }
}

/// A form that was read. It may hold personal data: `Debug` tells which form it is.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Form {
    /// 機關單位基本資料.
    Organisation(OrganisationForm),
    /// 資料提供者申請單.
    Dataset(DatasetForm),
    /// 服務提供者申請單.
    Service(ServiceForm),
    /// 臨櫃服務申請單.
    CounterService(CounterServiceForm),
    /// 延長測試.
    Extension(ExtensionForm),
    /// 申請上線.
    GoLive(GoLiveForm),
    /// 試辦報告.
    PilotReport(PilotReportForm),
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self {
            Self::Organisation(_) => "Organisation",
            Self::Dataset(_) => "Dataset",
            Self::Service(_) => "Service",
            Self::CounterService(_) => "CounterService",
            Self::Extension(_) => "Extension",
            Self::GoLive(_) => "GoLive",
            Self::PilotReport(_) => "PilotReport",
        };
        write!(f, "Form({which})")
    }
}

impl Form {
    /// As a filing keeps it.
    pub fn content(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a form has text keys and finite numbers")
    }

    /// Reads back what [`Self::content`] gave.
    ///
    /// # Errors
    /// The content is not that of this form.
    pub fn from_content(kind: FormKind, content: &serde_json::Value) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            FormKind::Organisation => Self::Organisation(Deserialize::deserialize(content)?),
            FormKind::Dataset => Self::Dataset(Deserialize::deserialize(content)?),
            FormKind::Service => Self::Service(Deserialize::deserialize(content)?),
            FormKind::CounterService => Self::CounterService(Deserialize::deserialize(content)?),
            FormKind::Extension => Self::Extension(Deserialize::deserialize(content)?),
            FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => {
                Self::GoLive(Deserialize::deserialize(content)?)
            }
            FormKind::PilotReport => Self::PilotReport(Deserialize::deserialize(content)?),
        })
    }
}

/// Reads a form.
///
/// # Errors
/// Every field that is at fault, in the order of the form.
pub fn read(kind: FormKind, fields: &Fields, context: &Context) -> Result<Form, Vec<FieldError>> {
    Ok(match kind {
        FormKind::Organisation => Form::Organisation(OrganisationForm::read(fields, context)?),
        FormKind::Dataset => Form::Dataset(DatasetForm::read(fields, context)?),
        FormKind::Service => Form::Service(ServiceForm::read(fields, context)?),
        FormKind::CounterService => Form::CounterService(CounterServiceForm::read(fields, context)?),
        FormKind::Extension => Form::Extension(ExtensionForm::read(fields, context)?),
        FormKind::GoLiveDataset => Form::GoLive(GoLiveForm::read(Kind::Dataset, fields, context)?),
        FormKind::GoLiveService => Form::GoLive(GoLiveForm::read(Kind::Service, fields, context)?),
        FormKind::GoLiveCounterService => {
            Form::GoLive(GoLiveForm::read(Kind::CounterService, fields, context)?)
        }
        FormKind::PilotReport => Form::PilotReport(PilotReportForm::read(fields, context)?),
    })
}
