//! Every page with sample data, in both languages: proof that it renders, and what the screenshots are taken of.
//!
//! With `MYDATA_PAGES_OUT` naming a folder, [`every_page_renders`] also writes the pages there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use askama::Template;
use mydata_domain::Time;
use mydata_domain::policy_text::{PolicyKind, Status, Version};
use mydata_wire::{ReturnCode, Verification};
use serde_json::json;

use super::consent::{MethodFault, ParamFault};
use super::policy::{PolicyPage, PolicyText, VersionLine};
use super::*;
use crate::identity::own::view::{CardPart, Component, Field, Input, OwnPage};

fn pick(lang: Lang, zh: &str, en: &str) -> String {
    lang.pick(zh, Some(en)).to_owned()
}

fn list(lang: Lang, zh: &str, en: &str) -> Vec<String> {
    pick(lang, zh, en).split('|').map(str::to_owned).collect()
}

fn form(action: &str) -> FormTarget {
    FormTarget { action: action.to_owned(), token: "sample-token".to_owned() }
}

fn chrome(prefs: Prefs) -> Chrome {
    Chrome {
        prefs,
        zone: Some(ZoneChip::Test),
        citizen: None,
        account: layout::Account::Apart,
        here: "/exchange".to_owned(),
        contact: Contact { phone: "02-0000-0000".to_owned(), mailbox: "service@mydata.example".to_owned() },
        session: Some(SessionView {
            expires_at: "2026-11-21T06:50:00Z".parse().unwrap(),
            now: "2026-11-21T06:40:00Z".parse().unwrap(),
            idle_minutes: 10,
            extend: form("/exchange/extend"),
            running: layout::Running::Page,
        }),
        carry: None,
    }
}

fn identified(prefs: Prefs) -> Chrome {
    Chrome { citizen: Some("王○明".to_owned()), ..chrome(prefs) }
}

fn parties(lang: Lang, access: Access) -> Parties {
    Parties {
        organisation: pick(lang, "示範銀行股份有限公司", "Demo Bank Ltd."),
        organisation_short: pick(lang, "示範銀行", "Demo Bank"),
        service: pick(lang, "線上開戶（新辦戶口）", "Open an account online"),
        purpose: pick(lang, "線上開戶身分與財力審核", "Checking identity and means for an online account"),
        tx_id: "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e".to_owned(),
        access,
    }
}

fn before(lang: Lang) -> Parties {
    parties(lang, Access::AfterConfirmation { minutes: 480 })
}

fn after(lang: Lang) -> Parties {
    parties(lang, Access::Until { at: "2026-11-21T14:40:00Z".parse().unwrap(), minutes: 480 })
}

const HOUSEHOLD_FIELDS: (&str, &str) = (
    "姓名|出生日期|出生地|婚姻狀況|國民身分證統一編號|戶籍地址|戶長姓名|與戶長關係|父姓名|母姓名|配偶姓名|遷入日期",
    "Name|Date of birth|Place of birth|Marital status|Id number|Registered address|Head of household|Relation to the head|Father|Mother|Spouse|Date of moving in",
);

fn datasets(lang: Lang) -> Vec<DatasetView> {
    let agency = pick(lang, "內政部戶政司", "Department of Household Registration");
    vec![
        DatasetView {
            resource_id: "API.Kr1C3b1ijJ".parse().unwrap(),
            name: pick(lang, "個人戶籍資料", "Household registration"),
            provider: agency.clone(),
            description: None,
            fields: list(lang, HOUSEHOLD_FIELDS.0, HOUSEHOLD_FIELDS.1),
            expected_minutes: 1,
            weakest: Verification::Nhi,
            parameters: vec![],
        },
        DatasetView {
            resource_id: "API.TM12KLkB8o".parse().unwrap(),
            name: pick(lang, "親屬關係資料", "Family relations"),
            provider: agency,
            description: Some(pick(
                lang,
                "父母、配偶與子女的基本資料。",
                "Basic data on parents, spouse and children.",
            )),
            fields: list(lang, "父母|配偶|子女", "Parents|Spouse|Children"),
            expected_minutes: 3,
            weakest: Verification::Fcs,
            parameters: vec![],
        },
        DatasetView {
            resource_id: "API.0sD8yWq2Lm".parse().unwrap(),
            name: pick(lang, "財產資料", "Property"),
            provider: pick(lang, "財政部財政資訊中心", "Fiscal Information Agency"),
            description: None,
            fields: list(lang, "土地|房屋|車輛", "Land|Houses|Vehicles"),
            expected_minutes: 1,
            weakest: Verification::Pii,
            parameters: vec![
                ParamField {
                    key: "INQ_YR".to_owned(),
                    label: pick(lang, "查詢年度", "Year"),
                    example: pick(lang, "例：114", "For example 114 (ROC calendar)"),
                    optional: false,
                    value: "114".to_owned(),
                    error: None,
                },
                ParamField {
                    key: "COUNTY".to_owned(),
                    label: pick(lang, "縣市", "County"),
                    example: pick(lang, "例：臺北市；留空為全部", "For example 臺北市; empty means all"),
                    optional: true,
                    value: String::new(),
                    error: None,
                },
            ],
        },
    ]
}

fn methods(lang: Lang) -> Vec<MethodView> {
    Verification::ALL
        .into_iter()
        .map(|method| MethodView {
            method,
            state: if !method.satisfies(Verification::Nhi) {
                MethodState::TooWeak {
                    dataset: pick(lang, "個人戶籍資料", "Household registration"),
                    weakest: Verification::Nhi,
                }
            } else if matches!(method, Verification::Fic | Verification::Fch | Verification::Moe) {
                MethodState::NotAvailable
            } else {
                MethodState::Offered
            },
            chosen: false,
        })
        .collect()
}

fn consent(prefs: Prefs) -> ConsentPage {
    let lang = prefs.lang;
    ConsentPage {
        chrome: chrome(prefs),
        parties: before(lang),
        terms: pick(
            lang,
            "示範銀行（以下稱本行）為辦理線上開戶，經您同意後，透過 MyData 平臺取得您的個人戶籍資料、親屬關係資料與財產資料，用於確認身分與審核財力。\n\n\
             本行只在開戶審核期間使用上述資料；未通過審核時，於三十日內刪除。您可隨時向本行查詢、更正或請求刪除。\n\n\
             您可以不同意。不同意時，請改以臨櫃方式檢附紙本文件辦理，不影響您的權益。",
            "To open an account online, Demo Bank (the Bank) obtains your household registration, family relations and property data through the MyData platform with your consent, to check your identity and means.\n\n\
             The Bank uses the data only while the application is examined; if it is refused, the data is deleted within thirty days. You may ask the Bank at any time to show, correct or delete it.\n\n\
             You may decline. You can then apply at a counter with paper documents, without any disadvantage.",
        ),
        datasets: datasets(lang),
        methods: methods(lang),
        terms_ticked: false,
        errors: ConsentErrors::default(),
        submit: form("/exchange/consent"),
        refuse: form("/exchange/refuse"),
    }
}

fn consent_with_errors(prefs: Prefs) -> ConsentPage {
    let mut page = consent(prefs);
    page.datasets[2].parameters[0].value = String::new();
    page.datasets[2].parameters[0].error = Some(ParamFault::Missing);
    page.datasets[2].parameters[1].error = Some(ParamFault::TooLong { max: 20 });
    page.errors = ConsentErrors { terms: true, method: Some(MethodFault::Missing) };
    page
}

fn consent_without_method(prefs: Prefs) -> ConsentPage {
    let mut page = consent(prefs);
    for method in &mut page.methods {
        method.state = MethodState::NotAvailable;
    }
    page.errors.method = Some(MethodFault::NotOffered);
    page.datasets[2].parameters[0].error = Some(ParamFault::NotOneLine);
    page.chrome.zone = Some(ZoneChip::Production);
    page
}

fn confirm(prefs: Prefs, states: [RowState; 3]) -> ConfirmPage {
    let lang = prefs.lang;
    let rows = datasets(lang)
        .into_iter()
        .zip(states)
        .map(|(dataset, state)| DatasetRow {
            preview_url: Some(format!("/exchange/preview/{}", dataset.resource_id)),
            resource_id: dataset.resource_id,
            name: dataset.name,
            provider: dataset.provider,
            fields: dataset.fields,
            state,
        })
        .collect();
    ConfirmPage {
        chrome: identified(prefs),
        parties: after(lang),
        method: Verification::Cer,
        progress: ProgressView { rows, organisation_short: after(lang).organisation_short },
        progress_url: "/exchange/progress".to_owned(),
        refresh_url: "/exchange?auto".to_owned(),
        confirm: form("/exchange/confirm"),
        refuse: form("/exchange/refuse"),
    }
}

fn preview(prefs: Prefs) -> PreviewPage {
    let lang = prefs.lang;
    let value = json!({
        "資料": {
            "姓名": "王小明",
            "國民身分證統一編號": "A123456789",
            "出生日期": "0800101",
            "出生地": "示範縣",
            "婚姻狀況": "有偶",
            "未成年": false,
            "別名": null,
        },
        "戶籍地址": {"縣市": "示範縣", "鄉鎮市區": "虛構鄉", "地址": "想像路一段 1 號 2 樓"},
        "戶內人口": [
            {"稱謂": "戶長", "姓名": "王小明", "出生日期": "0800101", "備註": ["原住民族身分：無", "役別：國民兵"]},
            {"稱謂": "配偶", "姓名": "林○○", "出生日期": "0810202", "備註": []},
            {"稱謂": "長女", "姓名": "王小花", "出生日期": "1100303", "備註": []},
        ],
        "遷徙紀錄": [
            {"日期": "1050401", "由": {"縣市": "虛構市"}, "至": {"縣市": "示範縣"}},
            {"日期": "1100901", "由": {"縣市": "示範縣"}, "至": {"縣市": "示範縣"}},
        ],
        "查詢項目": ["現戶", "記事"],
        "筆數": 3
    });
    PreviewPage {
        chrome: identified(prefs),
        parties: after(lang),
        dataset: pick(lang, "個人戶籍資料", "Household registration"),
        provider: pick(lang, "內政部戶政司", "Department of Household Registration"),
        documents: vec![JsonDocument { filename: "household.json".to_owned(), value }],
        files: vec![
            FileView {
                filename: "個人戶籍資料.pdf".to_owned(),
                size: 48_200,
                url: "/exchange/file/1".to_owned(),
            },
            FileView { filename: "household.xml".to_owned(), size: 900, url: "/exchange/file/2".to_owned() },
        ],
        too_large: 0,
        signer: SignerView {
            subject: "CN=內政部戶政司（示範）, O=示範機關".to_owned(),
            issuer: "CN=示範憑證管理中心".to_owned(),
            valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
            valid_until: "2027-12-31T00:00:00Z".parse().unwrap(),
            verified_at: "2026-11-21T06:41:00Z".parse().unwrap(),
        },
        back_url: "/exchange".to_owned(),
    }
}

fn dead_end(prefs: Prefs, kind: DeadEnd, gathered: Gathered, way_back: Option<WayBack>) -> DeadEndPage {
    let known = !matches!(
        kind,
        DeadEnd::Code(ReturnCode::UnknownId)
            | DeadEnd::SessionEnded
            | DeadEnd::NotFound
            | DeadEnd::WrongMethod
            | DeadEnd::TooLarge
            | DeadEnd::TooSlow
            | DeadEnd::Unreadable
            | DeadEnd::NotAllowed
            | DeadEnd::TooMany
            | DeadEnd::Busy
            | DeadEnd::Internal
    );
    let parties = before(prefs.lang);
    let with_dataset = matches!(
        kind,
        DeadEnd::Code(ReturnCode::NotApproved | ReturnCode::DatasetStopped | ReturnCode::DatasetFailing)
    );
    DeadEndPage {
        chrome: Chrome { session: None, ..chrome(prefs) },
        kind,
        organisation: known.then(|| parties.organisation_short.clone()),
        service: known.then(|| parties.service.clone()),
        datasets: if with_dataset { vec![pick(prefs.lang, "財產資料", "Property")] } else { vec![] },
        gathered,
        reference: (kind != DeadEnd::NotFound).then(|| parties.tx_id.clone()),
        way_back,
    }
}

fn ends() -> Vec<(String, DeadEnd, Gathered, Option<WayBack>)> {
    let link = || Some(WayBack::Link("https://bank.example/return?code=400&tx_id=1".to_owned()));
    let mut ends: Vec<_> = ReturnCode::ALL
        .into_iter()
        .map(|code| {
            let (gathered, back) = match code {
                ReturnCode::UnknownId => (Gathered::Nothing, None),
                ReturnCode::Refused | ReturnCode::Abandoned | ReturnCode::SpRefused => {
                    (Gathered::Wiped, link())
                }
                ReturnCode::PersonConflict => {
                    (Gathered::Nothing, Some(WayBack::Post(form("/exchange/leave"))))
                }
                _ => (Gathered::Nothing, link()),
            };
            (format!("end-{code}"), DeadEnd::Code(code), gathered, back)
        })
        .collect();
    ends.extend([
        ("end-session".to_owned(), DeadEnd::SessionEnded, Gathered::Wiped, None),
        ("end-already".to_owned(), DeadEnd::AlreadyConfirmed, Gathered::Sent, link()),
        ("end-form".to_owned(), DeadEnd::FormExpired, Gathered::Unrelated, None),
        ("end-pilot".to_owned(), DeadEnd::Pilot, Gathered::Nothing, None),
        ("end-not-found".to_owned(), DeadEnd::NotFound, Gathered::Unrelated, None),
        ("end-too-many".to_owned(), DeadEnd::TooMany, Gathered::Unrelated, None),
        ("end-too-slow".to_owned(), DeadEnd::TooSlow, Gathered::Unrelated, None),
        ("end-busy".to_owned(), DeadEnd::Busy, Gathered::Unrelated, None),
        ("end-internal".to_owned(), DeadEnd::Internal, Gathered::Unrelated, None),
    ]);
    ends
}

fn running() -> [RowState; 3] {
    [RowState::Done, RowState::Delayed { seconds: 40 }, RowState::NothingFound]
}

fn pages(prefs: Prefs) -> BTreeMap<String, String> {
    let lang = prefs.lang;
    let mut pages = BTreeMap::new();
    let mut add = |name: &str, view: &dyn askama::DynTemplate| {
        pages.insert(name.to_owned(), view.dyn_render().unwrap());
    };
    add("consent", &consent(prefs));
    let over = |to| OnwardPage {
        chrome: Chrome { session: None, ..chrome(prefs) },
        to,
        url: "https://bank.example/return?tx_id=1&case=\"7\"".to_owned(),
    };
    add(
        "onward-service",
        &over(Destination::Service { organisation: Some(before(lang).organisation_short) }),
    );
    add("onward-identity", &over(Destination::Identity));
    let mut carrying = consent(prefs);
    carrying.chrome.carry = Some("/exchange/preferences".to_owned());
    add("consent-carrying", &carrying);
    let mut too_large = preview(prefs);
    too_large.too_large = 2;
    add("preview-too-large", &too_large);
    add("consent-errors", &consent_with_errors(prefs));
    add("consent-no-method", &consent_without_method(prefs));
    add("confirm", &confirm(prefs, running()));
    add(
        "confirm-early",
        &confirm(
            prefs,
            [
                RowState::Waiting,
                RowState::Fetching { percent: None },
                RowState::Fetching { percent: Some(45) },
            ],
        ),
    );
    add("confirm-complete", &confirm(prefs, [RowState::Done; 3]));
    let failures = [FailReason::NoAnswer, FailReason::NotGenuine, FailReason::Stopped].map(RowState::Failed);
    add("confirm-failed", &confirm(prefs, failures));
    let others = [
        RowState::Failed(FailReason::Refused),
        RowState::Failed(FailReason::TookTooLong),
        RowState::Delayed { seconds: 600 },
    ];
    add("confirm-partly", &confirm(prefs, others));
    add("preview", &preview(prefs));
    add("preview-files-only", &PreviewPage { documents: vec![], ..preview(prefs) });
    add(
        "waiting",
        &WaitingPage {
            chrome: Chrome { session: None, ..identified(prefs) },
            parties: after(lang),
            next_url: "/exchange/next".to_owned(),
        },
    );
    for fault in [
        IdentityFault::Cancelled,
        IdentityFault::Failed,
        IdentityFault::Expired,
        IdentityFault::Unavailable,
        IdentityFault::TooWeak,
    ] {
        let view = IdentityErrorPage {
            chrome: chrome(prefs),
            parties: before(lang),
            method: Verification::Cer,
            fault,
            again_url: "/exchange".to_owned(),
            refuse: form("/exchange/refuse"),
        };
        add(&format!("identity-{fault:?}").to_lowercase(), &view);
    }
    for (name, kind, gathered, way_back) in ends() {
        add(&name, &dead_end(prefs, kind, gathered, way_back));
    }
    let closed = |datasets: Vec<String>| MaintenancePage {
        chrome: Chrome { session: None, ..chrome(prefs) },
        until: pick(lang, "115 年 12 月 1 日 05:00", "1 December 2026, 05:00"),
        note: datasets.is_empty().then(|| pick(lang, "更換機器。", "New machines.")),
        way_back: (!datasets.is_empty()).then(|| WayBack::Post(form("/exchange/refuse"))),
        datasets,
    };
    add("maintenance", &closed(Vec::new()));
    add("maintenance-dataset", &closed(vec![pick(lang, "個人戶籍資料", "Household registration")]));
    let version = |number, from| Version {
        kind: PolicyKind::Terms,
        number,
        from: Some(Time(from)),
        binding: true,
        published_at: Some(Time(from)),
        updated_at: Time(from),
        edit: 1,
    };
    let all = [version(2, 1_795_219_200_000), version(1, 1_793_462_400_000)];
    let body = pick(
        lang,
        "# 一、範圍\n\n**機關**\n\n- 甲\n- 乙\n\n寫信到 {mailbox}。",
        "# 1. Scope\n\n**All**\n\n- One\n\nWrite to {mailbox}.",
    );
    for (name, number, status) in [("policy", 0, Status::Current), ("policy-past", 1, Status::Past)] {
        let line = |v: &Version| {
            let status = if v.number == 2 { Status::Current } else { Status::Past };
            VersionLine::new(lang, v, status, "/policies/terms".to_owned(), v.number == all[number].number)
        };
        let view = PolicyPage {
            chrome: Chrome { session: None, zone: None, ..chrome(prefs) },
            policy: PolicyText::new(lang, &all[number], &body, "02-0000-0000", "service@mydata.example"),
            status,
            current: "/policies/terms".to_owned(),
            versions: all.iter().map(line).collect(),
        };
        add(name, &view);
    }
    for (name, view) in own_pages(prefs) {
        add(name, &view);
    }
    pages
}

/// The platform's own ways to prove who one is.
fn own_pages(prefs: Prefs) -> [(&'static str, OwnPage); 4] {
    let lang = prefs.lang;
    let page = |method: &str, lead: &str, go: &str, fields: Vec<Field>| OwnPage {
        chrome: Chrome { session: None, zone: None, ..chrome(prefs) },
        title: i18n::t(lang, "prove-title", &[("method", lang.t(method).into())]),
        lead: lang.t(lead),
        notice: None,
        card: None,
        submit: form("/identity/prove/sample"),
        files: false,
        fields,
        go: lang.t(go),
        again: None,
        cancel: form("/identity/prove/sample/cancel"),
    };
    let line =
        |name: &str, key: &str| Field::line(name, lang.t(key), 20).hint(lang.t(&format!("{key}.hint")));
    let challenge = "MyData identity verification; platform=https://mydata.example/; method=CER; \
                     time=2026-11-21T00:00:00Z; nonce=c2FtcGxlLXNhbXBsZS1zYW1wbGUtc2FtcGxlLXNhbXBsZSE";
    let card = OwnPage {
        card: Some(CardPart {
            challenge: challenge.to_owned(),
            file: "/identity/prove/sample/challenge.txt".to_owned(),
            component: Some(Component {
                address: "https://component.example/sign".to_owned(),
                hidden: vec![("challenge", "c2FtcGxl".to_owned())],
            }),
        }),
        files: true,
        ..page(
            "verification-cer",
            "prove-card-lead",
            "prove-go",
            vec![
                Field::line("file", lang.t("prove-card-file"), 0).input(Input::File),
                Field {
                    fault: Some(lang.t("prove-card-other")),
                    ..line("signed", "prove-card-text").input(Input::Area)
                },
            ],
        )
    };
    let channels = vec![
        ("mail".to_owned(), lang.t("prove-channel-mail")),
        ("sms".to_owned(), lang.t("prove-channel-sms")),
    ];
    let channel = Field {
        value: "mail".to_owned(),
        ..Field::line("channel", lang.t("prove-channel"), 0).input(Input::Choice(channels))
    };
    let who = page(
        "verification-otp",
        "prove-code-lead",
        "prove-code-send",
        vec![line("id", "prove-id"), line("birthdate", "prove-birthdate"), channel],
    );
    let until = i18n::t(lang, "prove-code.hint", &[("at", "14:40".into())]);
    let code = OwnPage {
        notice: Some(i18n::t(lang, "prove-code-early", &[("seconds", 42.into())])),
        again: Some(form("/identity/prove/sample/again")),
        ..page(
            "verification-otp",
            "prove-code-sent-mail",
            "prove-go",
            vec![Field::line("code", lang.t("prove-code"), 20).hint(until)],
        )
    };
    let password = pick(lang, "註冊密碼", "Password");
    let service = page(
        "verification-nhi",
        "prove-service-lead",
        "prove-go",
        vec![line("id", "prove-id"), Field::line("password", password, 20).input(Input::Hidden { max: 20 })],
    );
    [("prove-card", card), ("prove-who", who), ("prove-code", code), ("prove-service", service)]
}

fn prefs(lang: Lang) -> Prefs {
    Prefs { lang, size: TextSize::Medium }
}

/// The elements that must be closed stand well nested.
fn well_nested(html: &str) -> Result<(), String> {
    const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let name: &str = part.split([' ', '>', '\n']).next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

#[test]
fn every_page_renders() {
    let out = std::env::var_os("MYDATA_PAGES_OUT");
    for lang in Lang::ALL {
        let pages = pages(prefs(lang));
        assert_eq!(pages.len(), 48);
        for (name, html) in &pages {
            let at = format!("{name} in {lang}");
            well_nested(html).unwrap_or_else(|fault| panic!("{at}: {fault}"));
            assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{at}");
            assert_eq!(html.matches("<h1").count(), 1, "{at}: one h1");
            assert_eq!(html.matches("<main").count(), 1, "{at}: one main");
            for key in ["U", "C", "B"] {
                assert_eq!(
                    html.matches(&format!("accesskey=\"{key}\"")).count(),
                    1,
                    "{at}: access key {key}"
                );
            }
            // The policy allows no inline style or script, so a page that had one would be broken.
            for inline in [" style=", "<style", "<script>", " onclick="] {
                assert!(!html.contains(inline), "{at}: {inline}");
            }
            let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
            assert!(title.ends_with(" – MyData") && title.len() > 12, "{at}: title {title}");
            if let Some(out) = &out {
                let dir = Path::new(out).join(lang.tag());
                fs::create_dir_all(&dir).unwrap();
                fs::write(dir.join(format!("{name}.html")), html).unwrap();
            }
        }
    }
    if let Some(out) = &out {
        for (url, bytes) in assets::all() {
            let path = Path::new(out).join(&url[1..]);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Shows R70, R71, R72, R60.
#[test]
fn consent_names_terms_methods_datasets_and_parameters() {
    let html = consent(prefs(Lang::ZhTw)).render().unwrap();
    for text in [
        "將取得的資料",
        "個人戶籍資料",
        "親屬關係資料",
        "財產資料",
        "內政部戶政司",
        "遷入日期",
        "服務條款",
        "我已詳實了解此服務內容，並同意上述服務條款",
        "個人戶籍資料需要健保卡以上的驗證方式",
        "查詢年度",
        "例：114",
        "確認",
        "拒絕",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(html.contains("<input type=\"radio\" id=\"method-CER\" name=\"method\" value=\"CER\" required>"));
    assert!(html.contains("value=\"GOV\" disabled>"));
    assert!(html.contains("name=\"p.API.0sD8yWq2Lm.INQ_YR\" value=\"114\""));
    assert!(html.contains("form=\"refuse\""));
}

#[test]
fn faults_are_summed_up_and_lead_to_their_fields() {
    let html = consent_with_errors(prefs(Lang::ZhTw)).render().unwrap();
    assert!(html.contains("有 4 個地方需要您修正"));
    assert!(html.contains("<title>請修正："));
    let targets: Vec<&str> = html
        .split("<a href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|target| *target != "main" && *target != "top" && *target != "foot")
        .collect();
    assert_eq!(targets.len(), 4);
    for target in targets {
        assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
    }
    assert_eq!(html.matches("aria-invalid=\"true\"").count(), 3);
}

/// Shows R73, R83.
#[test]
fn the_question_names_recipient_and_purpose() {
    let html = confirm(prefs(Lang::ZhTw), running()).render().unwrap();
    assert!(html.contains(
        "您是否願意將上述個人資料提供至 <strong>示範銀行</strong>，辦理 <strong>線上開戶（新辦戶口）</strong> 使用？"
    ));
    for text in [
        "您將傳送的資料",
        "王○明",
        "線上開戶身分與財力審核",
        "115 年 11 月 21 日 22:40（8 小時）",
        "確認",
        "拒絕",
    ] {
        assert!(html.contains(text), "{text}");
    }
    for text in ["完成", "需等候約 40 秒", "查無資料"] {
        assert!(html.contains(&format!("{text}</span>")), "{text}");
    }
}

/// The step to another party needs no script, and what it is given stays inside its attribute.
#[test]
fn a_page_that_leads_on_does_so_by_itself() {
    let pages = pages(prefs(Lang::ZhTw));
    let html = &pages["onward-service"];
    let url = "https://bank.example/return?tx_id=1&#38;case=&#34;7&#34;";
    assert!(html.contains(&format!("<meta http-equiv=\"refresh\" content=\"0;url={url}\">")), "{html}");
    assert!(html.contains(&format!("href=\"{url}\"")) && html.contains("正在帶您返回示範銀行"), "{html}");
    assert!(pages["onward-identity"].contains("正在帶您前往身分驗證"));
}

/// Language and text size do not cost what was typed, also without JavaScript.
#[test]
fn the_buttons_of_the_frame_carry_the_form_along() {
    let pages = pages(prefs(Lang::ZhTw));
    let carried = "form=\"consent\" formaction=\"/exchange/preferences\" formnovalidate";
    assert_eq!(pages["consent-carrying"].matches(carried).count(), 4);
    assert_eq!(pages["confirm"].matches("formaction").count(), 0);
}

#[test]
fn the_page_moves_only_while_something_moves() {
    let moving = confirm(prefs(Lang::ZhTw), running()).render().unwrap();
    assert!(
        moving
            .contains("<noscript><meta http-equiv=\"refresh\" content=\"5;url=/exchange?auto\"></noscript>")
    );
    assert!(moving.contains("data-events=\"/exchange/progress\""));
    let over = confirm(prefs(Lang::ZhTw), [RowState::Done; 3]).render().unwrap();
    assert!(!over.contains("http-equiv"));
    assert!(!over.contains("data-events"));
}

#[test]
fn preview_is_offered_for_what_came_and_only_for_that() {
    let html = confirm(prefs(Lang::ZhTw), running()).render().unwrap();
    assert_eq!(html.matches("/exchange/preview/").count(), 1);
    assert!(html.contains("href=\"/exchange/preview/API.Kr1C3b1ijJ\""));
}

#[test]
fn live_rows_are_the_rows_of_the_page() {
    let page = confirm(prefs(Lang::En), running());
    let html = page.render().unwrap();
    let fragment = confirm::render_rows_fragment(Lang::En, &page.progress);
    assert_eq!(fragment.matches("data-live").count(), 4);
    for piece in fragment.split_inclusive("</li>") {
        assert!(html.contains(piece.trim()), "{piece}");
    }
}

/// Shows R108: the codes of an abnormal return, in plain words.
#[test]
fn every_end_says_what_happened_what_was_sent_and_how_to_go_on() {
    for lang in Lang::ALL {
        let mut titles = Vec::new();
        for (name, kind, gathered, way_back) in ends() {
            let has_way_back = way_back.is_some();
            let page = dead_end(prefs(lang), kind, gathered, way_back);
            let html = page.render().unwrap();
            if let DeadEnd::Code(code) = kind {
                assert!(html.contains(&lang_code(lang, code)), "{name}");
            }
            let about_data = lang.t("dead-end-section-sent");
            assert_eq!(html.contains(&about_data), gathered != Gathered::Unrelated, "{name}");
            assert!(html.contains(&lang.t("dead-end-section-next")), "{name}");
            let again =
                matches!(kind, DeadEnd::FormExpired | DeadEnd::TooMany | DeadEnd::Busy | DeadEnd::Internal);
            assert_eq!(html.contains("class=\"button primary\""), has_way_back || again, "{name}");
            titles.push((name, html.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned()));
        }
        let mut seen = BTreeMap::new();
        for (name, title) in titles {
            let twin = seen.insert(title.clone(), name.clone());
            let both_over = twin.as_deref() == Some("end-408") && name == "end-session";
            assert!(twin.is_none() || both_over, "{name} and {twin:?} have the title {title}");
        }
    }
}

fn lang_code(lang: Lang, code: ReturnCode) -> String {
    i18n::t(lang, "dead-end-code", &[("code", code.number().into())])
}

/// Shows R79.
#[test]
fn preview_tells_the_password_and_the_signer() {
    let html = preview(prefs(Lang::ZhTw)).render().unwrap();
    assert!(html.contains("開啟 PDF 的密碼是您的身分證統一編號，英文字母請用大寫。"));
    assert!(html.contains("CN=示範憑證管理中心"));
    assert!(html.contains("115 年 1 月 1 日至 116 年 12 月 31 日"));
    assert!(html.contains("<th scope=\"col\">稱謂</th>"));
}

#[test]
fn nothing_that_others_wrote_becomes_markup() {
    let evil = "<script>alert(1)</script>\"'&\u{E000}";
    let mut page = confirm(prefs(Lang::ZhTw), running());
    page.chrome.citizen = Some(evil.to_owned());
    page.chrome.here = format!("/x?{evil}");
    page.parties.organisation_short = evil.to_owned();
    page.parties.service = evil.to_owned();
    page.parties.purpose = evil.to_owned();
    page.progress.organisation_short = evil.to_owned();
    for row in &mut page.progress.rows {
        row.name = evil.to_owned();
        row.provider = evil.to_owned();
        row.fields = vec![evil.to_owned()];
        row.preview_url = Some(format!("/p?{evil}"));
    }
    let html = page.render().unwrap();
    assert!(!html.contains("<script>"), "{html}");
    well_nested(&html).unwrap();

    let mut page = consent(prefs(Lang::ZhTw));
    page.terms = evil.to_owned();
    page.parties.organisation_short = evil.to_owned();
    page.datasets[2].parameters[0].value = evil.to_owned();
    page.datasets[2].parameters[0].key = evil.to_owned();
    page.datasets[2].parameters[0].label = evil.to_owned();
    let html = page.render().unwrap();
    assert!(!html.contains("<script>"), "{html}");
    well_nested(&html).unwrap();
}

/// The first page a citizen sees, with everything it loads.
#[test]
fn a_first_load_is_small() {
    let assets: usize = assets::all().iter().map(|(_, bytes)| bytes.len()).sum();
    for lang in Lang::ALL {
        for (name, html) in pages(prefs(lang)) {
            assert!(html.len() + assets <= 60 * 1024, "{name}: {} bytes", html.len() + assets);
        }
    }
}
