//! The pages of what is set while the platform runs, with sample data, for the gallery.

use askama::DynTemplate;
use mydata_domain::Time;
use mydata_domain::audit::chain::{Digest, Root};
use mydata_domain::category::{Area, Categories, Category};
use mydata_domain::contact::State;
use mydata_domain::policy_text::PolicyKind;
use mydata_store::repo::audit;
use mydata_store::repo::audit_chain::Head;
use mydata_store::repo::audit_verify::{Broken, Report, Why};

use super::SystemPage;
use super::messages::{self, MessagePage};
use super::news::EntryPage;
use super::policies::{KindView, PoliciesPage, VersionPage, VersionRow};
use super::settings::{SettingsPage, configured};
use super::{categories, chain};
use crate::backoffice::ROOT;
use crate::backoffice::accept::AcceptPage;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Field, Input};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::sign_up::samples::policy_samples;
use crate::config::Config;
use crate::record::view::Proved;
use crate::web::Lang;
use crate::web::i18n::t;
use crate::web::policy::title_key;

fn tree() -> Categories {
    let id = |n: u8| format!("{n:08}-0000-4000-8000-000000000000").parse().unwrap();
    let part = |n: u8, parent: Option<u8>, name: &str, en: &str, retired| Category {
        id: id(n),
        area: Area::Service,
        parent: parent.map(id),
        place: i64::from(n),
        key: name.to_owned(),
        name: name.to_owned(),
        name_en: en.to_owned(),
        retired,
        version: 1,
    };
    Categories::new(vec![
        part(1, None, "社會福利", "Social welfare", false),
        part(2, Some(1), "線上申請", "Online applications", false),
        part(3, Some(2), "生育津貼", "Birth grants", false),
        part(4, Some(2), "托育補助", "Childcare grants", true),
        part(5, None, "教育文化", "", false),
    ])
}

/// What was found of a chain, and its last root.
fn chain_samples() -> (impl Fn(Option<Broken>) -> Report, Root) {
    let hash = |byte: u8| Digest([byte; 32]);
    let root = Root {
        version: 1,
        day: "2026-11-20".to_owned(),
        first: 40,
        last: 1_200,
        root: hash(0xa7),
        link: hash(0x5c),
        previous: None,
        made_at: Time(1_795_190_410_000),
    };
    let report = move |broken| Report {
        first: 235,
        links: 1_000,
        last: Head { seq: 1_234, link: hash(0x3d) },
        roots: 0,
        last_root: None,
        waiting: 2,
        backdated: (0, None),
        lost: Vec::new(),
        broken,
    };
    (report, root)
}

fn listed_sample() -> audit::Listed {
    let event = audit::Kept {
        id: "00000001-0000-4000-8000-000000000000".to_owned(),
        at: 1_795_219_200_000,
        actor: "operator".to_owned(),
        what: "settings-changed".to_owned(),
        from: Some("192.0.2.9".to_owned()),
        detail: Some("{\"setting\":\"phone\"}".to_owned()),
        seq: Some(1_200),
        outcome: Some("done".to_owned()),
    };
    let account = "00000002-0000-4000-8000-000000000000".parse().ok();
    audit::Listed { event, account, transaction: None }
}

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(String) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let titled = |key: &str| frame(lang.t(key));
    let area = |name: &str, key: &str, fault: bool| {
        Field::new(lang, name, lang.t(key), Input::Area(18))
            .value("# 一、適用範圍\n<b>")
            .hint(lang.t("policy-markup"))
            .fault(fault.then(|| lang.t("fault-missing")))
    };
    let texts = || {
        let text = |language: Lang| {
            let policy = policy_samples(language).remove(0);
            (language.tag(), policy.title, policy.html)
        };
        Lang::ALL.map(text).to_vec()
    };
    let form = |key: &str| {
        Form::simple(lang, "/x", "sample-token", lang.t(key))
            .with(area("zh", "policy-text-zh", false))
            .with(area("en", "policy-text-en", true))
            .cancel(Link::new(lang.t("cancel"), ROOT))
    };
    let kind = |kind: PolicyKind| KindView {
        kind,
        title: lang.t(title_key(kind)),
        public: "/policies/terms".to_owned(),
        versions: vec![VersionRow {
            link: Link::new(policy_samples(lang)[0].of.clone(), ROOT),
            chip: Chip::new(Colour::Green, lang.t("policy-status-current")),
            about: lang.t("policy-status-current"),
        }],
        begins: kind == PolicyKind::Terms,
    };
    let draft = VersionPage {
        frame: titled("policy-terms"),
        chip: Chip::new(Colour::Quiet, lang.t("policy-status-draft")),
        notices: vec![Notice::new(Tone::Warn, lang.t("policy-stale"))],
        form: Some(form("policy-save")),
        acts: vec![Link::new(lang.t("policy-publish"), ROOT), Link::new(lang.t("policy-discard"), ROOT)],
        texts: texts(),
    };
    let published = VersionPage {
        frame: titled("policy-terms"),
        chip: Chip::new(Colour::Green, lang.t("policy-status-current")),
        notices: Vec::new(),
        form: None,
        acts: Vec::new(),
        texts: texts(),
    };
    let mut signed_in = titled("accept");
    signed_in.menu.clear();
    let agree = Field::new(lang, "agree", lang.t("signup-agree"), Input::Check);
    let accept = AcceptPage {
        frame: signed_in,
        policies: policy_samples(lang),
        form: Form::simple(lang, "/x", "sample-token", lang.t("accept.submit")).with(agree),
    };
    let settings = |changes: bool| SettingsPage {
        frame: titled("system-settings"),
        notice: None,
        form: changes.then(|| {
            Form::simple(lang, "/x", "sample-token", lang.t("settings-save"))
                .section(lang.t("settings-running"), Some(lang.t("settings-running.hint")))
                .with(Field::area(lang, "free_mail", lang.t("settings-free-mail")).optional())
        }),
        configured: configured(&Config::default(), lang),
    };
    let entry = EntryPage {
        frame: titled("news-new"),
        chip: Some(Chip::new(Colour::Green, lang.t("news-status-public"))),
        notice: None,
        form: form("news-save"),
        shown: texts(),
    };
    let message = |state: State, writes: bool| MessagePage {
        frame: frame(t(lang, "message-title", &[("number", "1151121-7K3FA".into())])),
        chip: messages::chip(lang, state),
        notice: writes.then(|| Notice::new(Tone::Warn, lang.t("settings-stale"))),
        facts: Facts::default()
            .text(lang.t("contact-subject"), lang.t("contact-subject-wish-data"))
            .text(lang.t("message-from"), "王示範")
            .text(lang.t("contact-mail"), "wang@body.example")
            .text(lang.t("message-language"), lang.t("message-chinese")),
        text: "想要示範借閱紀錄\n<b>謝謝</b>".to_owned(),
        answer: writes.then(|| Link::new(lang.t("message-answer"), "mailto:wang@body.example")),
        form: writes.then(|| Form::simple(lang, "/x", "sample-token", lang.t("message-answered"))),
    };
    let areas =
        ["system-categories", "system-policies", "system-maintenance", "system-news", "system-settings"];
    let system = SystemPage {
        frame: titled("menu-administration"),
        areas: areas.map(|key| (Link::new(lang.t(key), ROOT), lang.t(&format!("{key}.about")))).to_vec(),
    };
    let (report, root) = chain_samples();
    let held = chain::page(lang, titled("chain"), &report(None), Some(&root));
    let removed = Broken { seq: Some(58), id: None, at: None, why: Why::Removed { missing: 57 } };
    let broken = chain::page(lang, titled("chain"), &report(Some(removed)), None);
    let listed = listed_sample();
    let ready = Proved::Ready(chain::PROOF.to_owned());
    let name = Some("demo-admin".to_owned());
    let event = chain::event_page(lang, titled("audit-id"), &listed, name, &ready);
    let young =
        audit::Listed { account: None, event: audit::Kept { seq: None, ..listed.event.clone() }, ..listed };
    let waiting = Proved::From(Time(1_795_276_810_000));
    let young = chain::event_page(lang, titled("audit-id"), &young, None, &waiting);
    vec![
        ("system", Box::new(system)),
        ("chain", Box::new(held)),
        ("chain-broken", Box::new(broken)),
        ("event", Box::new(event)),
        ("event-waiting", Box::new(young)),
        (
            "categories",
            Box::new(categories::view(lang, titled("system-categories"), &tree(), Area::Service, true)),
        ),
        (
            "categories-read",
            Box::new(categories::view(lang, titled("system-categories"), &tree(), Area::Service, false)),
        ),
        (
            "policies",
            Box::new(PoliciesPage {
                frame: titled("system-policies"),
                kinds: PolicyKind::ALL.map(kind).to_vec(),
            }),
        ),
        ("policy-draft", Box::new(draft)),
        ("policy-published", Box::new(published)),
        ("policies-accept", Box::new(accept)),
        ("news-entry", Box::new(entry)),
        ("message", Box::new(message(State::Open, true))),
        ("message-answered", Box::new(message(State::Answered, false))),
        ("settings", Box::new(settings(true))),
        ("settings-read", Box::new(settings(false))),
    ]
}
