//! 申請上線 (R33, R36).

use jiff::civil::Date;
use mydata_wire::ResourceId;
use mydata_wire::returns::RegisteredReturnUrl;
use serde::{Deserialize, Serialize};
use url::Url;

use super::counter_service::{self, CaseForm};
use super::reader::Reader;
use super::service::MAX_RETURN_URLS;
use super::upload::{Purpose, UploadId};
use super::{Context, CounterServiceForm, DatasetForm, FieldError, Fields, ServiceForm};
use crate::address::AllowList;
use crate::calendar::months_after;
use crate::client_certificate::ClientCertificate;
use crate::entry::MAX_DATASETS;
use crate::item::Kind;
use crate::item::step::earliest_go_live;

/// How far ahead a go-live date may lie, in months.
pub const MONTHS_AHEAD: u8 = 12;

/// 申請上線: when, and where in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoLiveForm {
    /// 預估上線日期.
    pub on: Date,
    /// 正式網址 and IP addresses.
    pub production: Production,
    /// 試辦 IP: from where the insiders of the pilot come (R15).
    #[serde(rename = "pilot_ip")]
    pub pilot_ips: AllowList,
    /// 測試檢核表.
    pub checklist: UploadId,
}

/// Where the item is in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Production {
    /// A dataset.
    Dataset {
        /// DP-API網址.
        dp_api: Url,
        /// Its IP addresses.
        #[serde(rename = "dp_ip")]
        dp_ips: AllowList,
        /// 連線至MyDataAPIs之主機IP位置.
        #[serde(rename = "client_ip")]
        client_ips: AllowList,
        /// By which certificates those hosts are recognised besides (R97).
        #[serde(default, rename = "client_certificate", skip_serializing_if = "Vec::is_empty")]
        client_certificates: Vec<ClientCertificate>,
    },
    /// A service.
    Service {
        /// 服務網址.
        url: Url,
        /// 服務跳轉網址.
        #[serde(rename = "return_url")]
        return_urls: Vec<RegisteredReturnUrl>,
        /// SP-API.
        sp_api: Url,
        /// 允許連線IP.
        #[serde(rename = "ip")]
        ips: AllowList,
        /// By which certificates its calls are recognised besides (R97).
        #[serde(default, rename = "client_certificate", skip_serializing_if = "Vec::is_empty")]
        client_certificates: Vec<ClientCertificate>,
        /// The datasets of the production zone, which have ids of their own (R94).
        #[serde(rename = "dataset")]
        datasets: Vec<ResourceId>,
    },
    /// A counter service.
    CounterService {
        /// 臨櫃 IP.
        #[serde(rename = "ip")]
        ips: AllowList,
        /// 案件, with the datasets of the production zone, which have ids of their own (R94).
        #[serde(default, rename = "case")]
        cases: Vec<CaseForm>,
    },
}

impl GoLiveForm {
    /// Reads the form of an item of this kind. Fields of `production` are typed as `production.dp_api` and so on.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(kind: Kind, fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let latest = months_after(context.today, MONTHS_AHEAD);
        let on = r.day("on", Some(earliest_go_live(context.today)), Some(latest));
        let production = match kind {
            Kind::Dataset => {
                let dp_api = r.url("production.dp_api", true);
                let dp_ips = r.addresses("production.dp_ip", 1);
                let client_ips = r.addresses("production.client_ip", 1);
                let client_certificates = r.client_certificates("production.client_certificate");
                dp_api.map(|dp_api| Production::Dataset { dp_api, dp_ips, client_ips, client_certificates })
            }
            Kind::Service => {
                let url = r.url("production.url", true);
                let return_urls = r.return_urls("production.return_url", MAX_RETURN_URLS);
                let sp_api = r.url("production.sp_api", true);
                let ips = r.addresses("production.ip", 1);
                let client_certificates = r.client_certificates("production.client_certificate");
                let datasets = r.datasets("production.dataset", 1, MAX_DATASETS);
                url.zip(sp_api).map(|(url, sp_api)| Production::Service {
                    url,
                    return_urls,
                    sp_api,
                    ips,
                    client_certificates,
                    datasets,
                })
            }
            Kind::CounterService => {
                let ips = r.addresses("production.ip", 1);
                let cases = counter_service::cases(&mut r, "production.case");
                Some(Production::CounterService { ips, cases })
            }
        };
        let pilot_ips = r.addresses("pilot_ip", 1);
        let checklist = r.upload("checklist", Purpose::Checklist);
        r.finish(|| Some(Self { on: on?, production: production?, pilot_ips, checklist: checklist? }))
    }

    /// The dataset's form with what holds in production; as it was when this form is of another kind of item.
    pub fn apply_to_dataset(&self, form: &DatasetForm) -> DatasetForm {
        let mut form = form.clone();
        if let Production::Dataset { dp_api, dp_ips, client_ips, client_certificates } = &self.production {
            form.dp_api = dp_api.clone();
            form.dp_ips = dp_ips.clone();
            form.client_ips = client_ips.clone();
            form.client_certificates.clone_from(client_certificates);
        }
        form
    }

    /// The service's form with what holds in production; as it was when this form is of another kind of item.
    pub fn apply_to_service(&self, form: &ServiceForm) -> ServiceForm {
        let mut form = form.clone();
        if let Production::Service { url, return_urls, sp_api, ips, client_certificates, datasets } =
            &self.production
        {
            form.url = url.clone();
            form.return_urls.clone_from(return_urls);
            form.sp_api = sp_api.clone();
            form.ips = ips.clone();
            form.client_certificates.clone_from(client_certificates);
            form.datasets.clone_from(datasets);
        }
        form
    }

    /// The counter service's form with what holds in production; as it was when this form is of another kind of item.
    pub fn apply_to_counter_service(&self, form: &CounterServiceForm) -> CounterServiceForm {
        let mut form = form.clone();
        if let Production::CounterService { ips, cases } = &self.production {
            form.ips = ips.clone();
            form.cases.clone_from(cases);
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Fault;
    use crate::text::BadText;
    use jiff::civil::date;

    const CHECKLIST: &str = "11111111-1111-4111-8111-111111111111";

    fn typed(on: &str) -> Fields {
        Fields::new()
            .with("on", on)
            .with("production.dp_api", "https://api.household.example/data")
            .with("production.dp_ip[0]", "163.22.21.64")
            .with("production.client_ip[0]", "163.22.21.65")
            .with("pilot_ip[0]", "163.22.21.70")
            .with("checklist", CHECKLIST)
    }

    fn read(on: &str) -> Result<GoLiveForm, Vec<FieldError>> {
        let context = Context {
            uploads: [(CHECKLIST.parse().unwrap(), Purpose::Checklist)].into(),
            ..Context::bare(date(2026, 11, 21))
        };
        GoLiveForm::read(Kind::Dataset, &typed(on), &context)
    }

    /// Shows R33, R36.
    #[test]
    fn the_date_leaves_a_week_for_the_report() {
        assert_eq!(read("115/11/28").unwrap().on, date(2026, 11, 28));
        let fault = |on: &str| read(on).unwrap_err()[0].fault.clone();
        assert_eq!(fault("115/11/27"), Fault::TooEarly { earliest: date(2026, 11, 28) });
        assert_eq!(fault("114/12/31"), Fault::TooEarly { earliest: date(2026, 11, 28) });
        assert_eq!(fault("116/11/22"), Fault::TooLate { latest: date(2027, 11, 21) });
        assert_eq!(fault("0/11/21"), Fault::RocYearZero);
        assert_eq!(fault("116/2/29"), Fault::NoSuchDay);
        assert_eq!(fault(""), Fault::Text(BadText::Missing));
        let form = read("115/11/28").unwrap();
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(serde_json::from_value::<GoLiveForm>(content).unwrap(), form);
    }

    /// Shows R97: in production other hosts call, with certificates of their own.
    #[test]
    fn production_has_certificates_of_its_own() {
        let context = Context {
            uploads: [(CHECKLIST.parse().unwrap(), Purpose::Checklist)].into(),
            ..Context::bare(date(2026, 11, 21))
        };
        let fields = typed("115/11/28").with("production.client_certificate[0]", "CN=live.example");
        let form = GoLiveForm::read(Kind::Dataset, &fields, &context).unwrap();
        let Production::Dataset { client_certificates, .. } = &form.production else { panic!("{form:?}") };
        assert_eq!(client_certificates[0].to_string(), "subject:CN=live.example");
        assert_eq!(serde_json::from_value::<GoLiveForm>(serde_json::to_value(&form).unwrap()).unwrap(), form);
    }

    /// Shows R33.
    #[test]
    fn every_kind_asks_its_own_addresses() {
        let context = Context::bare(date(2026, 11, 21));
        let paths = |kind| -> Vec<String> {
            GoLiveForm::read(kind, &Fields::new(), &context)
                .unwrap_err()
                .into_iter()
                .map(|e| e.path)
                .collect()
        };
        assert_eq!(
            paths(Kind::Dataset),
            ["on", "production.dp_api", "production.dp_ip", "production.client_ip", "pilot_ip", "checklist"]
        );
        assert_eq!(
            paths(Kind::Service),
            [
                "on",
                "production.url",
                "production.return_url",
                "production.sp_api",
                "production.ip",
                "production.dataset",
                "pilot_ip",
                "checklist"
            ]
        );
        assert_eq!(
            paths(Kind::CounterService),
            ["on", "production.ip", "production.case", "pilot_ip", "checklist"]
        );
    }
}
