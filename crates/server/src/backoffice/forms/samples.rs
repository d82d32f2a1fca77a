//! The pages of the forms with sample data, for the gallery.

use askama::DynTemplate;
use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::filing::Comment;
use mydata_domain::forms::{Fields, FormKind, Purpose};
use mydata_store::repo::uploads::Upload;
use mydata_wire::SystemRandom;

use super::begin::BeginPage;
use super::choices::{CategoryChoice, Choices, DatasetChoice, OrganisationChoice};
use super::conflict::{ConflictPage, Differing};
use super::desk::beginning;
use super::draw::{Sheet, Wrong};
use super::overview::{OverviewPage, ReadSection};
use super::page::DraftPage;
use super::{spec, words};
use crate::backoffice::ROOT;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::form::{Button, Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::web::{Lang, i18n};

fn choices() -> Choices {
    let dataset = |n: usize, name: &str, name_en: &str, category: &str| DatasetChoice {
        id: format!("API.demo{n}"),
        name: name.to_owned(),
        name_en: name_en.to_owned(),
        provider: "示範戶政機關".to_owned(),
        provider_en: "Demo Household Agency".to_owned(),
        category: category.to_owned(),
    };
    Choices {
        categories: [
            ("教育", "Education"),
            ("財政金融/線上申請/開戶", "Finance / Online / Opening accounts"),
        ]
        .map(|(path, en)| CategoryChoice {
            path: path.to_owned(),
            name: path.to_owned(),
            name_en: en.to_owned(),
        })
        .to_vec(),
        authorities: vec![OrganisationChoice {
            id: "demo-commission".parse().unwrap(),
            name: "示範監理委員會".to_owned(),
            name_en: "Demo Commission".to_owned(),
        }],
        datasets: vec![
            dataset(1, "個人戶籍資料", "Household registration", "戶役政"),
            dataset(2, "親屬關係資料", "Kinship", "戶役政"),
            dataset(3, "財產資料", "Property", "財稅金融"),
        ],
    }
}

fn uploads() -> Vec<Upload> {
    let upload = |n: u8, version, name: &str, purpose| Upload {
        id: format!("{n:08}-0000-4000-8000-000000000000").parse().unwrap(),
        draft: None,
        item: None,
        organisation: None,
        account: AccountId::generate(&SystemRandom),
        purpose,
        version,
        name: name.to_owned(),
        media_type: "application/yaml".to_owned(),
        bytes: 12_345,
        sha256: "00".repeat(32),
        blob: format!("s{}", "0".repeat(32)).parse().unwrap(),
        uploaded_at: Time(1_795_219_200_000),
    };
    vec![
        upload(2, 2, "openapi.yaml", Purpose::ApiDocument),
        upload(1, 1, "openapi-舊版.yaml", Purpose::ApiDocument),
        upload(3, 1, "規格書.pdf", Purpose::Specification),
    ]
}

fn filled(form: FormKind) -> Fields {
    let fields = beginning(form);
    match form {
        FormKind::Dataset => fields
            .with("category", "教育")
            .with("name", "借閱紀錄<script>")
            .with("description", "借閱的書目與日期。\n每日更新。")
            .with("field[0]", "書名")
            .with("field_en[0]", "Title")
            .with("field[1]", "借閱日期")
            .with("weakest_verification", "NHI")
            .with("dp_api", "https://api.library.example/mydata")
            .with("dp_ip[0]", "163.22.21.64")
            .with("dp_ip[1]", "163.22.21.300")
            .with("client_ip[0]", "163.22.21.65")
            .with("parameter[0].key", "year")
            .with("parameter[0].name", "年度")
            .with("parameter[0].example", "民國年，如 114")
            .with("parameter[0].test_value", "114")
            .with("api_document", "00000002-0000-4000-8000-000000000000")
            .with("specification", "00000003-0000-4000-8000-000000000000"),
        FormKind::Service => fields
            .with("category", "財政金融/線上申請/開戶")
            .with("name", "線上開戶")
            .with("dataset[0]", "API.demo1")
            .with("dataset[1]", "API.demo3")
            .with("return_url[0]", "https://bank.example/result"),
        FormKind::CounterService => fields
            .with("name", "身心障礙服務")
            .with("case[0].name", "停車位申請")
            .with("case[0].required[0]", "API.demo1")
            .with("case[0].take", "both")
            .with("case[1]", ""),
        FormKind::GoLiveDataset => {
            fields.with("on", "2026-12-31").with("production.dp_api", "https://api.library.example/live")
        }
        FormKind::Organisation => fields
            .with("kind", "private")
            .with("name", "示範銀行")
            .with("applicant.email", "chen@bank.example")
            .with("deputy[0].name", "林示例"),
        _ => fields,
    }
}

fn name(form: FormKind, page: &str) -> &'static str {
    format!("{page}-{}", form.as_str()).leak()
}

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(String) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let mut pages: Vec<(&'static str, Box<dyn DynTemplate>)> = Vec::new();
    let (choices, uploads) = (choices(), uploads());
    for form in FormKind::ALL {
        let fields = filled(form);
        let errors = mydata_domain::forms::read(
            form,
            &fields,
            &mydata_domain::forms::Context::bare(jiff::civil::date(2026, 11, 21)),
        )
        .unwrap_err();
        let wrong: Vec<Wrong> =
            errors.into_iter().map(|e| Wrong { text: words::fault(lang, &e.fault), path: e.path }).collect();
        let comments = [
            Comment { field: "name".to_owned(), text: "名稱請使用全銜。".parse().unwrap() },
            Comment { field: "parameter".to_owned(), text: "請說明年度的範圍。".parse().unwrap() },
        ];
        let title = lang.t(spec::title_key(form));
        for (page, wrong) in [("draft", &[][..]), ("draft-mends", &wrong[..])] {
            let sheet = Sheet {
                lang,
                form,
                fields: &fields,
                wrong,
                comments: if page == "draft" { &[] } else { &comments },
                choices: &choices,
                uploads: &uploads,
                find: "",
            };
            let mut frame = frame(title.clone());
            frame.crumbs = vec![Crumb::new(lang.t("drafts"), format!("{ROOT}/drafts"))];
            let view = Form {
                lang,
                action: format!("{ROOT}/drafts/1"),
                token: frame.token.clone(),
                hidden: vec![("version".to_owned(), "3".to_owned())],
                sections: sheet.sections(),
                buttons: vec![
                    Button { label: lang.t("form-save"), value: "save", look: Look::Plain },
                    Button { label: lang.t("form-check"), value: "check", look: Look::Primary },
                ],
                cancel: Some(Link::new(lang.t("cancel"), ROOT)),
            };
            let returned = i18n::t(lang, "form-returned", &[("number", "A1151121001".into())]);
            let notice = Notice::new(Tone::Warn, lang.t("form-returned.next")).titled(returned);
            let view = DraftPage {
                lead: Some(lang.t(&format!("{}.how", spec::title_key(form)))),
                saved: Some(i18n::t(lang, "form-saved-at", &[("at", "115 年 11 月 21 日 14:40".into())])),
                notices: if wrong.is_empty() { Vec::new() } else { vec![notice] },
                form: view,
                delete: Some(Link::new(lang.t("form-delete"), ROOT)),
                frame,
            };
            pages.push((name(form, page), Box::new(view)));
        }
        let sheet = Sheet {
            lang,
            form,
            fields: &fields,
            wrong: &[],
            comments: &[],
            choices: &choices,
            uploads: &uploads,
            find: "",
        };
        let sections = sheet.facts().into_iter().map(|(title, facts)| ReadSection { title, facts }).collect();
        let mut submit = Form::simple(lang, ROOT, "sample-token", lang.t("form-file"));
        submit.sections.clear();
        pages.push((
            name(form, "overview"),
            Box::new(OverviewPage {
                frame: frame(i18n::t(lang, "form-overview", &[("form", title.into())])),
                lead: lang.t("form-overview-lead"),
                notice: None,
                sections,
                form: submit,
            }),
        ));
    }
    let mut keep = Form::simple(lang, ROOT, "sample-token", lang.t("form-conflict.mine"))
        .cancel(Link::new(lang.t("form-conflict.there"), ROOT));
    keep.sections.clear();
    pages.push((
        "draft-conflict",
        Box::new(ConflictPage {
            frame: frame(lang.t("form-conflict")),
            notice: Notice::new(Tone::Warn, i18n::t(lang, "form-conflict.text", &[("at", "14:40".into())])),
            differing: vec![
                Differing {
                    label: "資料集名稱".to_owned(),
                    mine: "借閱紀錄".to_owned(),
                    there: "借閱".to_owned(),
                },
                Differing {
                    label: "資料集說明".to_owned(), mine: "一\n二".to_owned(), there: String::new()
                },
            ],
            form: keep,
        }),
    ));
    pages.push((
        "draft-begin",
        Box::new(BeginPage {
            frame: frame(lang.t("form-new-dataset")),
            lead: Some(lang.t("form-dataset.how")),
            notice: None,
            needs: vec![lang.t("form-need-fields"), lang.t("form-need-api-document")],
            begun: vec![Link::new("借閱紀錄", ROOT).about("14:40")],
            form: Some(Form::simple(lang, ROOT, "sample-token", lang.t("form-begin"))),
        }),
    ));
    pages
}
