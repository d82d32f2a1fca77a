//! Every part and every page of the back office with sample data, in both languages: proof that it renders, what the
//! screenshots are taken of, and the example to write further pages after.
//!
//! With `MYDATA_PAGES_OUT` naming a folder, the pages are written there, too.

pub(super) mod check;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use askama::{DynTemplate, Template};
use mydata_domain::Zone;
use mydata_domain::account::Role;

use super::enrol::{EnrolPage, RecoveryPage};
use super::factor::PasskeyAsk;
use super::fault::FaultPage;
use super::frame::{Crumb, Frame, Who, role_key};
use super::home::{Agenda, AgendaLine, HomePage};
use super::me::{FactorView, MePage, SessionRow};
use super::menu::{MenuGroup, MenuLine};
use super::parts::cell::{Cell, Chip, Colour, Link};
use super::parts::confirm::ConfirmPage;
use super::parts::facts::Facts;
use super::parts::field::{Choice, Field, Input, KeptFile, TextKind};
use super::parts::form::{Form, Look};
use super::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use super::parts::notice::{Notice, Tone};
use super::parts::rows::{Rows, row_field};
use super::parts::way::{Happened, History, Reached, Way, WayStep};
use super::password::FormPage;
use super::second_factor::SecondFactorPage;
use super::sign_in::SignInPage;
use super::totp::Secret;
use super::{ROOT, qr};
use crate::web::{Contact, FormTarget, Lang, Prefs, SessionView, TextSize, assets};
use check::{values, well_nested};

fn pick(lang: Lang, zh: &str, en: &str) -> String {
    lang.pick(zh, Some(en)).to_owned()
}

fn menu(lang: Lang) -> Vec<MenuGroup> {
    let groups: [(&str, &[(&str, &str)]); 5] = [
        ("menu-organisation", &[("menu-organisation-data", "/organisation")]),
        ("menu-sp", &[("menu-services", "/services"), ("menu-services-failing", "/services/failing")]),
        ("menu-dp", &[("menu-datasets", "/datasets"), ("menu-datasets-failing", "/datasets/failing")]),
        ("menu-query", &[("menu-reviews", "/reviews"), ("menu-all-datasets", "/all-datasets")]),
        ("menu-system", &[("menu-statistics", "/statistics"), ("menu-administration", "/system")]),
    ];
    let line = |(key, below): &(&str, &str)| MenuLine {
        label: lang.t(key),
        href: format!("{ROOT}{below}"),
        current: *below == "/datasets",
    };
    groups
        .into_iter()
        .map(|(label, lines)| MenuGroup { label: lang.t(label), lines: lines.iter().map(line).collect() })
        .collect()
}

fn outside(prefs: Prefs, title: &str) -> Frame {
    Frame {
        prefs,
        here: ROOT.to_owned(),
        contact: Contact { phone: "02-0000-0000".to_owned(), mailbox: "service@mydata.example".to_owned() },
        title: prefs.lang.t(title),
        crumbs: Vec::new(),
        who: None,
        menu: Vec::new(),
        token: "sample-token".to_owned(),
        session: None,
        said: None,
        script: None,
    }
}

fn inside(prefs: Prefs, title: String) -> Frame {
    let lang = prefs.lang;
    Frame {
        title,
        who: Some(Who {
            place: pick(lang, "示範圖書館", "Demo Library"),
            name: "陳○華".to_owned(),
            zone: Zone::Test,
            whole: true,
        }),
        menu: menu(lang),
        session: Some(SessionView {
            expires_at: "2026-11-21T07:00:00Z".parse().unwrap(),
            now: "2026-11-21T06:40:00Z".parse().unwrap(),
            idle_minutes: 20,
            extend: FormTarget { action: format!("{ROOT}/extend"), token: "sample-token".to_owned() },
            running: crate::web::layout::Running::Page,
        }),
        ..outside(prefs, "office")
    }
}

/// A page of parts, for the gallery only.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "backoffice/base.html" %}{% block beside %}{{ chip }}{% endblock %}{% block main %}
<div class="stack">
{%- for notice in notices %}
{{ notice }}
{%- endfor %}
{{ way }}
<section class="card" aria-labelledby="facts"><h2 id="facts">Facts</h2>{{ facts }}</section>
<section class="card" aria-labelledby="history"><h2 id="history">History</h2>{{ history }}</section>
</div>
{% endblock %}"#
)]
struct PartsPage {
    frame: Frame,
    chip: Chip,
    notices: Vec<Notice>,
    way: Way,
    facts: Facts,
    history: History,
}

/// A page of one list, for the gallery only.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "backoffice/base.html" %}{% block main %}{{ list }}{% endblock %}"#
)]
struct ListPage {
    frame: Frame,
    list: Listing,
}

fn way(lang: Lang, at: usize, stopped: bool, named: bool) -> Way {
    let names = ["審核中", "測試中", "上線審核中", "試辦中", "試辦報告審核中", "已上架"];
    let english = ["In review", "Testing", "Go-live review", "Pilot", "Report in review", "Listed"];
    let steps = names.iter().zip(english).enumerate().map(|(n, (zh, en))| WayStep {
        label: pick(lang, zh, en),
        reached: match n.cmp(&at) {
            std::cmp::Ordering::Less => Reached::Done,
            std::cmp::Ordering::Equal if stopped => Reached::Stopped,
            std::cmp::Ordering::Equal => Reached::Now,
            std::cmp::Ordering::Greater => Reached::Ahead,
        },
    });
    Way { lang, steps: steps.collect(), named }
}

const SHAPE: Shape = Shape {
    filters: &["state"],
    sorts: &["name", "changed"],
    default: Sort { key: "changed", descending: true },
};

fn listing(lang: Lang, query: &str, total: u64) -> Listing {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let query = ListQuery::of(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()), SHAPE);
    let samples = [
        (
            "畢業證書",
            "Diploma",
            "API.TM12KLkB8o",
            Colour::Green,
            "測試中　剩 12 天",
            "Testing, 12 days left",
            1,
            false,
        ),
        (
            "借閱紀錄",
            "Loans",
            "API.Kr1C3b1ijJ",
            Colour::Red,
            "憑證到期，停權中",
            "Certificate expired, suspended",
            5,
            true,
        ),
        (
            "數位典藏授權",
            "Digital collections",
            "API.0sD8yWq2Lm",
            Colour::Amber,
            "試辦中　鎖定連線",
            "Pilot, locked",
            3,
            false,
        ),
        ("讀者證資料", "Reader's card", "API.Zx71pQa9Rt", Colour::Quiet, "草稿", "Draft", 0, false),
        (
            "館際合作紀錄",
            "Interlibrary loans",
            "API.h3UuT0kkWe",
            Colour::Quiet,
            "未啟用輪詢",
            "Polling is off",
            6,
            false,
        ),
    ];
    let rows = samples.into_iter().take(usize::try_from(total).unwrap().min(5)).enumerate().map(
        |(n, (zh, en, id, colour, state, state_en, at, stopped))| {
            vec![
                Cell::Soft((n + 1).to_string()),
                Cell::Name {
                    title: pick(lang, zh, en),
                    below: Some(id.to_owned()),
                    href: Some(format!("{ROOT}/datasets/{id}")),
                },
                Cell::Text(pick(lang, "教育", "Education")),
                Cell::Chip(Chip::new(colour, pick(lang, state, state_en))),
                Cell::Way(way(lang, at, stopped, false)),
                if n == 3 { Cell::Nothing } else { Cell::Soft(pick(lang, "僅測試頁", "Test page only")) },
                Cell::Links(vec![
                    Link::new(pick(lang, "編輯", "Edit"), format!("{ROOT}/datasets/{id}/edit")).about(zh),
                ]),
            ]
        },
    );
    Listing {
        lang,
        path: format!("{ROOT}/datasets"),
        query,
        caption: lang.t("menu-datasets"),
        search: Some(pick(lang, "搜尋名稱、代碼、機關", "Search name, code, organisation")),
        filters: vec![Filter {
            name: "state",
            label: pick(lang, "狀態", "State"),
            choices: vec![Choice::new("testing", pick(lang, "測試中", "Testing"))],
        }],
        action: Some(Link::new(pick(lang, "新增資料集", "New dataset"), format!("{ROOT}/datasets/new"))),
        heads: vec![
            Head::new(pick(lang, "項次", "No.")),
            Head::sorting(pick(lang, "資料集名稱", "Dataset"), "name"),
            Head::new(pick(lang, "類別", "Category")),
            Head::sorting(pick(lang, "狀態", "State"), "changed"),
            Head::new(pick(lang, "歷程", "Way")),
            Head::new(pick(lang, "顯示前台", "On the front")),
            Head::new(pick(lang, "編輯", "Edit")),
        ],
        rows: rows.collect(),
        total,
        empty: pick(lang, "還沒有資料集。", "There are no datasets yet."),
    }
}

fn agendas(lang: Lang) -> Vec<Agenda> {
    let line = AgendaLine {
        title: "示範用水資料".to_owned(),
        about: "示範自來水處".to_owned(),
        href: "#".to_owned(),
        chip: Some(Chip::new(Colour::Amber, "審核中")),
    };
    let agenda = |key: &str, lines: Vec<AgendaLine>| Agenda {
        title: lang.t(key),
        count: None,
        none: lang.t(&format!("{key}.none")),
        all: Some(Link::new(lang.t("home-all"), "#")),
        lines,
    };
    vec![agenda("home-reviews", vec![line.clone(), line]), agenda("home-drafts", Vec::new())]
}

fn form(lang: Lang, faulty: bool) -> Form {
    let fault = |zh: &str, en: &str| faulty.then(|| pick(lang, zh, en));
    let row = |n: usize, url: &str, fault: Option<String>| {
        let field = |name: &str, zh: &str, en: &str| {
            Field::line(lang, row_field("addresses", n, name), pick(lang, zh, en))
        };
        vec![
            field("url", "DP-API 網址", "DP-API URL").value(url).hint("https://api.library.example/mydata"),
            field("ip", "對應 IP", "Its address").hint("192.0.2.7").fault(fault),
        ]
    };
    Form::simple(lang, format!("{ROOT}/datasets/new"), "sample-token", pick(lang, "送審", "Send for review"))
        .section(
            pick(lang, "基本資料", "About"),
            Some(pick(lang, "這些內容會顯示在民眾的頁面上。", "Citizens see this.")),
        )
        .with(
            Field::line(lang, "name", pick(lang, "資料集名稱", "Name"))
                .max(60)
                .fault(fault("請填寫資料集名稱。", "Please fill in a name.")),
        )
        .with(
            Field::area(lang, "description", pick(lang, "說明", "Description"))
                .value("第一行\n<第二行>")
                .optional(),
        )
        .with(
            Field::new(
                lang,
                "category",
                pick(lang, "類別", "Category"),
                Input::Select(vec![
                    Choice::new("education", pick(lang, "教育", "Education")),
                    Choice::new("health", pick(lang, "健保", "Health")),
                ]),
            )
            .value("education"),
        )
        .with(
            Field::new(
                lang,
                "kind",
                pick(lang, "機關性質", "Kind"),
                Input::Radio(vec![
                    Choice::new("agency", pick(lang, "公務機關", "Public agency")),
                    Choice::new("private", pick(lang, "非公務機關", "Private body")).hint(pick(
                        lang,
                        "由目的事業主管機關審核",
                        "Its authority reviews",
                    )),
                ]),
            )
            .fault(fault("請選擇機關性質。", "Please choose.")),
        )
        .with(
            Field::new(
                lang,
                "zones",
                pick(lang, "使用環境", "Zones"),
                Input::Checks(vec![
                    Choice::new("test", lang.t("zone-test")),
                    Choice::new("production", lang.t("zone-production")),
                ]),
            )
            .values(vec!["test".to_owned()])
            .optional(),
        )
        .section(pick(lang, "介接與文件", "Connection and documents"), None)
        .with(Rows {
            lang,
            name: "addresses".to_owned(),
            legend: pick(lang, "DP-API 網址及對應 IP", "DP-API URLs and addresses"),
            hint: Some(pick(lang, "可以增加多列。", "Add as many rows as you need.")),
            fault: None,
            rows: vec![
                row(0, "https://api.library.example/mydata", None),
                row(1, "", fault("這不是 IP 位址。", "This is no address.")),
            ],
            add: pick(lang, "增加輸入列", "Add a row"),
            least: 1,
            most: 10,
        })
        .with(
            Field::text(lang, "date", pick(lang, "預估上線日期", "Estimated date"), TextKind::Date)
                .hint(pick(lang, "例：115/12/31", "For example 115/12/31")),
        )
        .with(
            Field::new(
                lang,
                "oas",
                pick(lang, "介接API文件", "API document"),
                Input::File(
                    ".json,.yaml,.yml",
                    Some(KeptFile {
                        name: "openapi.yaml".to_owned(),
                        about: "12 KB · 115 年 11 月 20 日 10:05".to_owned(),
                        href: format!("{ROOT}/uploads/1"),
                    }),
                ),
            )
            .hint(pick(lang, "符合 OAS 規範，最大 10 MB。", "OAS, 10 MB at most.")),
        )
        .with(Field::new(lang, "by", pick(lang, "修改人員", "Changed by"), Input::Shown).value("陳○華"))
        .with(
            Field::new(lang, "agree", pick(lang, "我已了解並同意", "I understand and agree"), Input::Check)
                .fault(fault("請勾選。", "Please tick.")),
        )
        .button(pick(lang, "儲存草稿", "Keep as draft"), "draft", Look::Plain)
        .cancel(Link::new(lang.t("cancel"), format!("{ROOT}/datasets")))
}

fn factor_form(lang: Lang, key: &str, value: &'static str, field: &str) -> Form {
    let mut form = Form::simple(lang, "/x", "sample-token", lang.t(&format!("{key}.submit")))
        .section(lang.t(key), Some(lang.t(&format!("{key}.how"))))
        .with(Field::text(lang, field, lang.t(&format!("{key}.code")), TextKind::Code));
    form.buttons[0].value = value;
    form
}

fn pages(prefs: Prefs) -> BTreeMap<&'static str, String> {
    let lang = prefs.lang;
    let mut pages = BTreeMap::new();
    let mut add = |name: &'static str, view: &dyn DynTemplate| {
        pages.insert(name, view.dyn_render().unwrap());
    };
    let sign_in = |notice, closed_for| SignInPage {
        frame: outside(prefs, "sign-in"),
        notice,
        closed_for,
        form: (closed_for.is_none()).then(|| {
            Form::simple(lang, "/x", "sample-token", lang.t("sign-in"))
                .with(
                    Field::text(lang, "account", lang.t("sign-in.account"), TextKind::Account).value("jenny"),
                )
                .with(
                    Field::text(lang, "password", lang.t("sign-in.password"), TextKind::Password)
                        .value("never shown"),
                )
        }),
        gov: Some(Link::new(lang.t("gov-sign-in"), "/x")),
        others: vec![Link::new(lang.t("sign-up"), "/x"), Link::new(lang.t("password-forgotten"), "/x")],
    };
    add("sign-in", &sign_in(None, None));
    add("sign-in-wrong", &sign_in(Some(Notice::new(Tone::Bad, lang.t("sign-in.wrong"))), None));
    let text =
        crate::web::i18n::t(lang, "sign-in-closed.text", &[("minutes", 14.into()), ("at", "22:40".into())]);
    add(
        "sign-in-closed",
        &sign_in(Some(Notice::new(Tone::Bad, text).titled(lang.t("sign-in-closed"))), Some(831)),
    );
    let ask = || PasskeyAsk {
        challenge: "Y2hhbGxlbmdl".to_owned(),
        rp_id: "mydata.example".to_owned(),
        credentials: "Y3JlZA".to_owned(),
    };
    add(
        "second-factor",
        &SecondFactorPage {
            frame: outside(prefs, "second-factor"),
            action: "/x",
            next: ROOT.to_owned(),
            notice: None,
            closed_for: None,
            passkey: Some(ask()),
            forms: vec![
                factor_form(lang, "factor-totp", "totp", "code"),
                factor_form(lang, "factor-recovery", "recovery", "recovery"),
            ],
        },
    );
    let secret = Secret::from_bytes(b"12345678901234567890");
    let uri = secret.to_uri("MyData", "jenny");
    add(
        "enrol",
        &EnrolPage {
            frame: outside(prefs, "enrol"),
            notice: Some(Notice::new(Tone::Calm, lang.t("enrol.why"))),
            action: "/x",
            next: ROOT.to_owned(),
            code: qr::svg(&uri, &lang.t("enrol-totp.code")),
            secret: secret.to_groups(),
            uri,
            form: Form::simple(lang, "/x", "sample-token", lang.t("enrol-totp.submit")).with(Field::text(
                lang,
                "code",
                lang.t("factor-totp.code"),
                TextKind::Code,
            )),
            passkey: Some(ask()),
            account: "jenny".to_owned(),
            user: "amVubnk".to_owned(),
        },
    );
    let codes = (0..10).map(|n| format!("ABCD{}-EFGH{}", n % 8 + 2, n % 8 + 2)).collect();
    add("recovery", &RecoveryPage { frame: outside(prefs, "recovery"), codes, next: ROOT.to_owned() });
    let password = Form::simple(lang, "/x", "sample-token", lang.t("password-set.submit")).with(
        Field::text(lang, "new", lang.t("password-new"), TextKind::NewPassword)
            .hint(crate::web::i18n::t(lang, "password-new.hint", &[("least", 12.into())]))
            .fault(Some(lang.t("password-weak.common"))),
    );
    add("password", &FormPage { frame: outside(prefs, "password-set"), notice: None, form: Some(password) });
    add(
        "home",
        &HomePage {
            frame: inside(prefs, lang.t("home-greeting")),
            lead: crate::web::i18n::t(lang, "home-since", &[("at", "115 年 11 月 21 日 14:40".into())]),
            agendas: agendas(lang),
            notices: vec![Notice::new(
                Tone::Warn,
                pick(lang, "1 筆申請單等候您處理。", "One filing waits for you."),
            )],
        },
    );
    let about = "192.0.2.44 · 115 年 11 月 21 日 14:40".to_owned();
    let session = |own| SessionRow {
        browser: "Firefox · Linux".to_owned(),
        about: about.clone(),
        own,
        end: "/x".to_owned(),
    };
    let factor = |name: &str, remove: Option<&str>| FactorView {
        name: lang.t(name),
        about: lang.t("factor-unused"),
        remove: remove.map(str::to_owned),
    };
    let mut frame = inside(prefs, lang.t("me"));
    frame.said = Some(lang.t("said-password-changed"));
    add(
        "me",
        &MePage {
            frame,
            facts: Facts::default()
                .cell(lang.t("sign-in.account"), Cell::Code("jenny".to_owned()))
                .text(lang.t("me.role"), lang.t(role_key(Role::Applicant)))
                .text(lang.t("me.phone"), ""),
            password: Link::new(lang.t("password-change"), "/x"),
            factors: vec![factor("factor-totp", Some("/x")), factor("factor-passkey", None)],
            add: Link::new(lang.t("enrol"), "/x"),
            codes_left: Some(9),
            gov: Some(false),
            notice: None,
            sessions: vec![session(true), session(false)],
        },
    );
    for (name, key) in [
        ("forbidden", "office-forbidden"),
        ("not-found", "office-not-found"),
        ("form-expired", "office-form-expired"),
        ("changed", "office-changed"),
        ("too-large", "office-too-large"),
        ("too-many", "office-too-many"),
        ("busy", "office-busy"),
        ("internal", "office-internal"),
    ] {
        let view = FaultPage {
            frame: inside(prefs, lang.t(key)),
            what: lang.t(&format!("{key}.what")),
            next: lang.t(&format!("{key}.next")),
            reference: (name == "internal").then(|| "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e".to_owned()),
        };
        add(name, &view);
    }
    let title = || lang.t("menu-datasets");
    add(
        "list",
        &ListPage {
            frame: inside(prefs, title()),
            list: listing(lang, "q=書&size=20&sort=name&page=4", 137),
        },
    );
    add("list-short", &ListPage { frame: inside(prefs, title()), list: listing(lang, "", 5) });
    add("list-empty", &ListPage { frame: inside(prefs, title()), list: listing(lang, "", 0) });
    add("list-nothing", &ListPage { frame: inside(prefs, title()), list: listing(lang, "q=xyz", 0) });
    let mut beyond = listing(lang, "page=99", 37);
    beyond.rows.clear();
    add("list-beyond", &ListPage { frame: inside(prefs, title()), list: beyond });
    let new = || {
        let mut frame = inside(prefs, pick(lang, "新增資料集", "New dataset"));
        frame.crumbs = vec![Crumb::new(title(), format!("{ROOT}/datasets"))];
        frame
    };
    add("form", &FormPage { frame: new(), notice: None, form: Some(form(lang, false)) });
    add("form-mends", &FormPage { frame: new(), notice: None, form: Some(form(lang, true)) });
    add("confirm", &{
        let mut frame = inside(prefs, pick(lang, "下架「畢業證書」？", "Delist “Diploma”?"));
        frame.crumbs = vec![Crumb::new(title(), format!("{ROOT}/datasets"))];
        let mut form =
            Form::simple(lang, "/x", "sample-token", pick(lang, "下架資料集", "Delist the dataset"))
                .with(Field::area(lang, "reason", pick(lang, "下架原因", "Reason")))
                .cancel(Link::new(lang.t("cancel"), "/x"));
        form.buttons[0].look = Look::Danger;
        let consequences = vec![
            pick(lang, "民眾不能再下載或傳送這個資料集。", "Citizens cannot use it any more."),
            pick(lang, "要再上架，必須重新申請。", "To list it again, file a new application."),
        ];
        ConfirmPage { frame, consequences, form }
    });
    let tones = [Tone::Calm, Tone::Good, Tone::Warn, Tone::Bad];
    add(
        "parts",
        &PartsPage {
            frame: inside(prefs, pick(lang, "畢業證書", "Diploma")),
            chip: Chip::new(Colour::Green, pick(lang, "測試中", "Testing")),
            notices: tones
                .map(|tone| {
                    Notice::new(tone, pick(lang, "一句話。\n\n第二段。", "A sentence.\n\nAnother."))
                        .titled(format!("{tone:?}"))
                })
                .to_vec(),
            way: way(lang, 2, false, true),
            facts: Facts::default()
                .cell("resource id", Cell::Code("API.TM12KLkB8o".to_owned()))
                .cell(
                    pick(lang, "狀態", "State"),
                    Cell::Chip(Chip::new(Colour::Brand, pick(lang, "正式區", "Production"))),
                )
                .cell(
                    pick(lang, "上架日期", "Listed"),
                    Cell::at(lang, mydata_domain::Time(1_795_219_200_000)),
                )
                .cells(
                    pick(lang, "允許連線IP", "Addresses"),
                    vec![Cell::Code("192.0.2.7".to_owned()), Cell::Code("192.0.2.8".to_owned())],
                )
                .cell(
                    pick(lang, "測試連線", "Try"),
                    Cell::Button {
                        action: "/x".to_owned(),
                        token: "sample-token".to_owned(),
                        label: pick(lang, "測試連線", "Try the connection"),
                        about: "API.TM12KLkB8o".to_owned(),
                    },
                )
                .text(pick(lang, "說明", "Description"), "<b>not bold</b>"),
            history: History {
                events: vec![
                    Happened {
                        at: "115 年 11 月 21 日 09:30".to_owned(),
                        machine: "2026-11-21T09:30:00+08:00".to_owned(),
                        what: pick(lang, "審核通過，進入測試", "Approved, testing begins"),
                        who: "林○維".to_owned(),
                        note: Some(pick(lang, "文號：數位字第 0000000000 號", "Letter 0000000000")),
                    },
                    Happened {
                        at: "115 年 11 月 20 日 16:02".to_owned(),
                        machine: "2026-11-20T16:02:00+08:00".to_owned(),
                        what: pick(lang, "送出申請 A1151120001", "Filed A1151120001"),
                        who: String::new(),
                        note: None,
                    },
                ],
                empty: String::new(),
            },
        },
    );
    for (name, view) in super::sign_up::samples::pages(lang, &|title| outside(prefs, title)) {
        add(name, &*view);
    }
    for (name, view) in super::front_test::samples::pages(lang, &|title| inside(prefs, title)) {
        add(name, &*view);
    }
    for (name, view) in super::system::samples::pages(lang, &|title| inside(prefs, title)) {
        add(name, &*view);
    }
    for (name, view) in super::organisation::samples::pages(lang, &|title| inside(prefs, title)) {
        add(name, &*view);
    }
    for (name, view) in super::health::samples::pages(lang, &|title| inside(prefs, lang.t(title))) {
        add(name, &*view);
    }
    for (name, view) in super::forms::samples::pages(lang, &|title| inside(prefs, title)) {
        add(name, &*view);
    }
    for (name, view) in super::statistics::samples::pages(lang, &|title| inside(prefs, title)) {
        add(name, &*view);
    }
    pages
}

fn prefs(lang: Lang) -> Prefs {
    Prefs { lang, size: TextSize::Medium }
}

#[test]
fn every_page_renders() {
    let out = std::env::var_os("MYDATA_PAGES_OUT");
    for lang in Lang::ALL {
        for (name, html) in &pages(prefs(lang)) {
            let at = format!("{name} in {lang}");
            if let Some(out) = &out {
                let dir = Path::new(out).join("backoffice").join(lang.tag());
                fs::create_dir_all(&dir).unwrap();
                fs::write(dir.join(format!("{name}.html")), html).unwrap();
            }
            check::page(&at, lang, html);
        }
    }
    if let Some(out) = &out {
        for (url, bytes) in assets::all().into_iter().chain(assets::backoffice()) {
            let path = Path::new(out).join(&url[1..]);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn faults_are_summed_up_and_lead_to_their_fields() {
    let html = pages(prefs(Lang::ZhTw)).remove("form-mends").unwrap();
    assert!(html.contains("<title>請修正：新增資料集"));
    assert!(html.contains("有 4 個地方需要您修正"));
    let summary = html.split("id=\"mends\"").nth(1).unwrap().split("</section>").next().unwrap();
    for target in values(summary, "href") {
        assert!(html.contains(&format!("id=\"{}\"", &target[1..])), "{target}");
    }
    assert!(summary.contains("DP-API 網址及對應 IP 2：對應 IP"), "{summary}");
    assert_eq!(html.matches("aria-invalid=\"true\"").count(), 3);
    assert!(html.contains("enctype=\"multipart/form-data\""));
    assert!(html.contains("第一行\n&#60;第二行&#62;</textarea>"), "text areas keep their lines");
}

#[test]
fn what_was_typed_is_shown_again_but_no_password() {
    let html = pages(prefs(Lang::ZhTw)).remove("sign-in").unwrap();
    assert!(html.contains("value=\"jenny\"") && !html.contains("never shown"));
    assert!(html.contains("autocomplete=\"current-password\""));
}

/// Shows R40: search, page size, row count and paging stand in the list, and every way on keeps the rest.
#[test]
fn a_list_keeps_what_was_asked_in_every_link() {
    let html = pages(prefs(Lang::ZhTw)).remove("list").unwrap();
    assert!(html.contains("顯示第 61 到 65 筆，共 137 筆"));
    assert!(html.contains("aria-sort=\"ascending\"") && html.contains("value=\"20\" selected"));
    let next = "?q=%E6%9B%B8&#38;sort=name&#38;size=20&#38;page=5";
    assert!(html.contains(&format!("rel=\"next\" href=\"{ROOT}/datasets{next}\"")), "{html}");
    assert!(html.contains("sort=-name&#38;size=20\">資料集名稱</a>"));
    let empty = pages(prefs(Lang::ZhTw)).remove("list-nothing").unwrap();
    assert!(empty.contains("沒有符合條件的資料。") && empty.contains("顯示全部"));
    let beyond = pages(prefs(Lang::ZhTw)).remove("list-beyond").unwrap();
    assert!(beyond.contains("這一頁已經沒有資料。") && beyond.contains("page=4\">到最後一頁"));
}

#[test]
fn nothing_that_others_wrote_becomes_markup() {
    let evil = "<script>alert(1)</script>\"'&";
    let prefs = prefs(Lang::ZhTw);
    let mut frame = inside(prefs, evil.to_owned());
    frame.here = format!("/x?{evil}");
    frame.token = evil.to_owned();
    frame.said = Some(evil.to_owned());
    frame.crumbs = vec![Crumb::new(evil, evil)];
    frame.who = frame.who.map(|who| Who { place: evil.to_owned(), name: evil.to_owned(), ..who });
    let mut form = form(Lang::ZhTw, true).hide(evil, evil).with(Notice::new(Tone::Calm, evil).titled(evil));
    form.action = evil.to_owned();
    form = form.with(Field::line(Lang::ZhTw, evil, evil).value(evil).hint(evil).fault(Some(evil.to_owned())));
    let html = FormPage { frame: frame.clone(), notice: None, form: Some(form) }.render().unwrap();
    assert!(!html.contains("<script>"), "{html}");
    well_nested(&html).unwrap();

    let mut list = listing(Lang::ZhTw, "q=%3Cscript%3E%22", 5);
    for row in &mut list.rows {
        row[0] = Cell::Text(evil.to_owned());
        row[1] =
            Cell::Name { title: evil.to_owned(), below: Some(evil.to_owned()), href: Some(evil.to_owned()) };
        row[2] = Cell::Links(vec![Link::new(evil, evil).about(evil)]);
        row[3] = Cell::Chip(Chip::new(Colour::Red, evil));
        row[4] = Cell::Code(evil.to_owned());
    }
    let html = ListPage { frame, list }.render().unwrap();
    assert!(!html.contains("<script>"), "{html}");
    well_nested(&html).unwrap();
}
