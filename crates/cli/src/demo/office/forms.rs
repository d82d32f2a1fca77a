//! Forms as fictional organisations fill them in, with files that are what they say.

use mydata_domain::Time;
use mydata_domain::calendar::{Date, day_of, roc};
use mydata_domain::forms::{Context, Fields, OrganisationForm, Purpose};
use mydata_domain::item::Kind;
use mydata_server::backoffice::flow::organisations::Signed;
use mydata_server::backoffice::upload;
use mydata_store::repo::drafts::Draft;
use mydata_store::repo::uploads;
use mydata_wire::SystemRandom;

use super::{AUTHORITY, Office};

const API: &str = "openapi: 3.0.3\ninfo:\n  title: 示範資料集\n  version: '1'\npaths:\n  /data:\n    get:\n      parameters:\n        - name: INQ_YR\n          in: header\n          required: true\n          schema: {type: string}\n      responses:\n        '200': {description: 資料}\n";

/// An organisation of the demo.
#[derive(Clone, Copy)]
pub(super) struct Body {
    /// What its account is called.
    pub(super) account: &'static str,
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) private: bool,
}

/// 機關單位基本資料.
pub(super) fn organisation(body: &Body) -> Fields {
    let fields = Fields::new()
        .with("name", body.name)
        .with("name_en", body.name_en)
        .with("address", "臺北市示範區範例路 1 號")
        .with("applicant.account", body.account)
        .with("applicant.name", "申示範")
        .with("applicant.phone", "02-2345-6789")
        .with("applicant.email", format!("{}@demo.example", body.account));
    if body.private {
        fields.with("kind", "private").with("authority", AUTHORITY)
    } else {
        fields.with("kind", "agency")
    }
}

impl Office {
    /// The form of an item.
    pub(super) async fn item_form(
        &self,
        kind: Kind,
        body: &Body,
        (what, what_en): (&str, &str),
        draft: &Draft,
    ) -> anyhow::Result<Fields> {
        let host = format!("https://{}.demo.example", body.account);
        let application = |id: String| Fields::new().with("application", id);
        Ok(match kind {
            Kind::Dataset => Fields::new()
                .with("category", "綜合")
                .with("name", what)
                .with("name_en", what_en)
                .with("description", "供示範用的虛構資料。")
                .with("description_en", "Fictional data, as an example.")
                .with("field[0]", "姓名")
                .with("field[1]", "年度")
                .with("field_en[0]", "Name")
                .with("field_en[1]", "Year")
                .with("weakest_verification", "NHI")
                .with("dp_api", format!("{host}/data"))
                .with("dp_ip[0]", "203.0.113.64")
                .with("client_ip[0]", "203.0.113.65")
                .with("parameter[0].key", "INQ_YR")
                .with("parameter[0].name", "查詢年度")
                .with("parameter[0].example", "例：114")
                .with("parameter[0].test_value", "114")
                .with("shown", "yes")
                .with("polled", "")
                .with(
                    "test_data",
                    self.upload(draft, Purpose::TestData, "測試資料.json", "{\"姓名\": \"王小明\"}\n")
                        .await?,
                )
                .with(
                    "specification",
                    self.upload(draft, Purpose::Specification, "檔案規格書.pdf", &pdf("File specification"))
                        .await?,
                )
                .with(
                    "api_document",
                    self.upload(draft, Purpose::ApiDocument, "介接API文件.yaml", API).await?,
                ),
            Kind::Service => application(self.application(draft).await?)
                .with("category", "其他/綜合/其他服務")
                .with("name", what)
                .with("name_en", what_en)
                .with("url", format!("{host}/apply"))
                .with("description", "供示範用的虛構服務。")
                .with("purpose", "審核示範申請")
                .with("terms", "僅用於審核示範申請。")
                .with("dataset[0]", "API.Kr1C3b1ijJ")
                .with("return_url[0]", format!("{host}/return"))
                .with("sp_api", format!("{host}/notification"))
                .with("ip[0]", "203.0.113.80"),
            Kind::CounterService => application(self.application(draft).await?)
                .with("category", "其他/綜合/其他服務")
                .with("name", what)
                .with("name_en", what_en)
                .with("description", "供示範用的虛構臨櫃服務。")
                .with("description_en", "A fictional counter service, as an example.")
                // Clerks of the demo sit at this machine.
                .with("ip[0]", "127.0.0.1")
                .with("ip[1]", "::1")
                .with("case[0].name", "新申請")
                .with("case[0].name_en", "New application")
                .with("case[0].bring", "身分證明文件")
                .with("case[0].required[0]", "API.Kr1C3b1ijJ")
                .with("case[0].take", "both")
                .with("case[0].delegate", "on"),
        })
    }

    async fn application(&self, draft: &Draft) -> anyhow::Result<String> {
        self.upload(draft, Purpose::Application, "介接申請書.pdf", &pdf("Application")).await
    }

    /// 申請上線, for this day.
    pub(super) async fn go_live_form(&self, draft: &Draft, on: Date) -> anyhow::Result<Fields> {
        let checklist = &pdf("Checklist: connection passed, data passed");
        Ok(draft
            .fields
            .clone()
            .with("on", roc(on))
            .with("pilot_ip[0]", "203.0.113.128/28")
            .with("checklist", self.upload(draft, Purpose::Checklist, "測試檢核表.pdf", checklist).await?))
    }

    /// 試辦報告.
    pub(super) async fn report_form(&self, draft: &Draft) -> anyhow::Result<Fields> {
        let report = self
            .upload(
                draft,
                Purpose::PilotReport,
                "試辦報告.pdf",
                &pdf("Pilot report: 12 transactions in the first week"),
            )
            .await?;
        Ok(Fields::new().with("report", report).with("summary", "試辦期間運作正常。"))
    }

    /// What a body says about itself, as the operating team types it.
    pub(super) fn organisation_form(&self, body: &Body) -> anyhow::Result<OrganisationForm> {
        let today = day_of(mydata_domain::Clock::now(&*self.clock));
        let context = Context {
            authorities: vec![AUTHORITY.parse().map_err(anyhow::Error::msg)?],
            ..Context::bare(today)
        };
        OrganisationForm::read(&organisation(body), &context)
            .map_err(|wrong| anyhow::anyhow!("the form of {}: {wrong:?}", body.account))
    }

    /// A signed 介接申請表, judged as every upload is.
    pub(super) async fn signed(&self, name: &str, line: &str) -> anyhow::Result<Signed> {
        let text = pdf(line);
        let checked = upload::check(Purpose::SignedApplication, name, text.as_bytes())
            .map_err(|refused| anyhow::anyhow!("{name}: {refused:?}"))?;
        let mut writer = self.app.store.blobs.create();
        writer.write(text.as_bytes()).await?;
        Ok(Signed {
            name: checked.name,
            media_type: checked.kind.media_type(),
            bytes: text.len() as u64,
            sha256: checked.sha256,
            blob: writer.finish().await?.id,
        })
    }

    /// A file, judged as every upload is.
    async fn upload(
        &self,
        draft: &Draft,
        purpose: Purpose,
        name: &str,
        text: &str,
    ) -> anyhow::Result<String> {
        let checked = upload::check(purpose, name, text.as_bytes())
            .map_err(|refused| anyhow::anyhow!("{name}: {refused:?}"))?;
        let mut writer = self.app.store.blobs.create();
        writer.write(text.as_bytes()).await?;
        let blob = writer.finish().await?.id;
        let (blob, checked, now): (_, _, Time) = (&blob, &checked, mydata_domain::Clock::now(&*self.clock));
        let kept = self
            .app
            .store
            .db
            .run_tx("demo-upload", |tx| async move {
                let new = uploads::New {
                    draft: Some(draft.id),
                    item: draft.item,
                    organisation: draft.organisation.as_ref(),
                    account: draft.account,
                    purpose,
                    name: &checked.name,
                    media_type: checked.kind.media_type(),
                    bytes: text.len() as u64,
                    sha256: &checked.sha256,
                    blob,
                };
                uploads::add(&tx, &SystemRandom, &new, now).await
            })
            .await?;
        Ok(kept.id.to_string())
    }
}

/// A page with a line on it.
fn pdf(line: &str) -> String {
    let content = format!("BT /F1 18 Tf 72 760 Td (MyData demo - {line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let table = text.len();
    text += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        text += &format!("{place:010} 00000 n \n");
    }
    text += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    text
}
