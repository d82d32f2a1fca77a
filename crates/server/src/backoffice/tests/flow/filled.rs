//! Forms as somebody types them.

use mydata_domain::account::Account;
use mydata_domain::forms::{Fields, Purpose};
use mydata_domain::item::Kind;
use mydata_store::repo::drafts::Draft;

use super::{Office, by, flow};

pub(super) fn organisation() -> Fields {
    Fields::new()
        .with("name", "示範國家檔案館")
        .with("name_en", "Demo National Archives")
        .with("kind", "agency")
        .with("address", "臺北市示範區範例路 1 號")
        .with("applicant.account", "demo.lin")
        .with("applicant.name", "林示範")
        .with("applicant.phone", "02-2345-6789#12")
        .with("applicant.email", "lin@archives.example")
        .with("deputy[0].account", "demo.wang")
        .with("deputy[0].name", "王𠮷範")
        .with("deputy[0].phone", "0912-345-678")
        .with("deputy[0].email", "wang@archives.example")
}

impl Office {
    /// 資料提供者申請單, with its files.
    pub(super) async fn dataset_fields(&self, draft: &Draft) -> Fields {
        Fields::new()
            .with("category", "教育")
            .with("name", "示範借閱紀錄")
            .with("field[0]", "姓名")
            .with("field[1]", "借閱日期")
            .with("weakest_verification", "NHI")
            .with("dp_api", "https://dp.archives.example/test")
            .with("dp_ip[0]", "163.22.21.64")
            .with("client_ip[0]", "163.22.21.65")
            .with("shown", "yes")
            .with("test_data", self.upload(draft, Purpose::TestData).await)
            .with("specification", self.upload(draft, Purpose::Specification).await)
            .with("api_document", self.upload(draft, Purpose::ApiDocument).await)
    }

    /// 服務提供者申請單, with its file.
    pub(super) async fn service_fields(&self, draft: &Draft, dataset: &str) -> Fields {
        Fields::new()
            .with("category", "財政金融/線上申請/貸款")
            .with("name", "示範信用貸款")
            .with("url", "https://www.bank.example/loan")
            .with("description", "線上申請示範貸款。")
            .with("purpose", "審核示範貸款")
            .with("terms", "僅用於審核。")
            .with("dataset[0]", dataset)
            .with("return_url[0]", "https://www.bank.example/return")
            .with("sp_api", "https://api.bank.example/notify")
            .with("ip[0]", "163.22.21.80")
            .with("application", self.upload(draft, Purpose::Application).await)
    }

    /// 申請上線 of a dataset.
    pub(super) async fn go_live_fields(&self, draft: &Draft, on: &str) -> Fields {
        draft
            .fields
            .clone()
            .with("on", on)
            .with("production.dp_api", "https://dp.archives.example/live")
            .with("production.dp_ip[0]", "163.22.21.66")
            .with("production.client_ip[0]", "163.22.21.67")
            .with("pilot_ip[0]", "163.22.22.0/24")
            .with("checklist", self.upload(draft, Purpose::Checklist).await)
    }

    pub(super) async fn report_fields(&self, draft: &Draft) -> Fields {
        Fields::new().with("report", self.upload(draft, Purpose::PilotReport).await).with("summary", "順利")
    }

    /// A dataset of the account's organisation that is filed.
    pub(super) async fn filed_dataset(&self, account: &Account) -> flow::Outcome {
        let who = by(account);
        let draft = flow::begin_item(&self.app, &who, Kind::Dataset, Fields::new()).await.unwrap();
        let fields = self.dataset_fields(&draft).await;
        let version = self.fill(&who, &draft, &fields).await;
        flow::file(&self.app, &who, draft.id, version).await.unwrap()
    }
}
