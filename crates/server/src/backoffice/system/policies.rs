//! 條款與政策: versions are written as drafts, looked at, published for now or later, and never changed after that (R18–R20).

use askama::Template;
use http::StatusCode;
use mydata_domain::audit::What;
use mydata_domain::calendar::read_day;
use mydata_domain::forms::Fault as Wrong;
use mydata_domain::policy_text::{self, MAX_TEXT, PolicyKind, Status, Version};
use mydata_domain::{Time, text};
use mydata_store::repo::policy_texts::Texts;
use mydata_store::repo::{audit, policy_texts};
use serde_json::json;

use super::moment::{self, moment};
use super::{above, may_keep};
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::words;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::field::{Choice, Field, Input};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, announce};
use crate::public::policies::path as public_path;
use crate::web::policy::{PolicyText, of, status_key, title_key};
use crate::web::{Lang, RocDateTime};

/// A version in the list.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Its page.
    pub link: Link,
    /// How far it is.
    pub chip: Chip,
    /// When it was saved or published.
    pub about: String,
}

/// The versions of one kind.
#[derive(Debug, Clone)]
pub struct KindView {
    /// Which.
    pub kind: PolicyKind,
    /// Its title.
    pub title: String,
    /// Where everybody reads it.
    pub public: String,
    /// Its versions, newest first.
    pub versions: Vec<VersionRow>,
    /// Whether another draft may be begun.
    pub begins: bool,
}

/// The page of all versions.
#[derive(Template)]
#[template(path = "backoffice/policies.html")]
pub struct PoliciesPage {
    /// The frame.
    pub frame: Frame,
    /// Each kind.
    pub kinds: Vec<KindView>,
}

/// The page of one version.
#[derive(Template)]
#[template(path = "backoffice/policy.html")]
pub struct VersionPage {
    /// The frame.
    pub frame: Frame,
    /// How far it is.
    pub chip: Chip,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// The text, while it is a draft.
    pub form: Option<Form>,
    /// What may be done with what is saved.
    pub acts: Vec<Link>,
    /// The text as everybody will see it: language, heading, text.
    pub texts: Vec<(&'static str, String, String)>,
}

const LIST: &str = "/system/policies";

fn page_path(kind: PolicyKind, number: u32) -> String {
    format!("{ROOT}/system/policy?kind={kind}&number={number}")
}

fn act_path(version: &Version, act: &str) -> String {
    format!("{ROOT}/system/policy/{act}?kind={}&number={}", version.kind, version.number)
}

fn chip(lang: Lang, status: Status) -> Chip {
    let colour = match status {
        Status::Draft => Colour::Quiet,
        Status::Ahead => Colour::Amber,
        Status::Current => Colour::Green,
        Status::Past => Colour::Quiet,
    };
    Chip::new(colour, lang.t(status_key(status)))
}

/// `GET /system/policies`.
pub async fn show(visit: Visit) -> Answer {
    let all = policy_texts::versions(&visit.app.store.db).await?;
    let (lang, keeps) = (visit.lang(), may_keep(&visit)?);
    let row = |v: &Version| {
        let at = RocDateTime::new(v.published_at.unwrap_or(v.updated_at).to_timestamp()).date_time(lang);
        let key = if v.published_at.is_some() { "policy-published-at" } else { "policy-saved-at" };
        VersionRow {
            link: Link::new(of(lang, v), page_path(v.kind, v.number)),
            chip: chip(lang, policy_text::status(v, &all, visit.now)),
            about: visit.t1(key, "at", at),
        }
    };
    let kinds = PolicyKind::ALL.map(|kind| KindView {
        kind,
        title: visit.t(title_key(kind)),
        public: public_path(kind, None),
        versions: all.iter().filter(|v| v.kind == kind).map(row).collect(),
        begins: keeps && all.iter().all(|v| v.kind != kind || v.from.is_some()),
    });
    let frame = visit.frame(visit.t("system-policies"), vec![above(&visit)]);
    Ok(visit.ok(&PoliciesPage { frame, kinds: kinds.to_vec() }))
}

/// `POST /system/policies`: begins a draft with the text that holds.
pub async fn begin(visit: Visit) -> Answer {
    let list = format!("{ROOT}{LIST}");
    let Ok(kind) = visit.posted.text("kind").parse::<PolicyKind>() else { return Ok(visit.go(&list)) };
    let (app, now) = (&visit.app, visit.now);
    let db = &app.store.db;
    let all = policy_texts::versions(db).await?;
    let newest = all.iter().filter(|v| v.kind == kind).map(|v| v.number).max().unwrap_or(0);
    let texts = policy_texts::texts(db, kind, newest).await?;
    let texts = &texts.unwrap_or_else(|| Texts { zh: String::new(), en: String::new() });
    let event = visit.event(What::PolicyDrafted).with(json!({ "policy": kind, "act": "begun" }));
    let event = std::slice::from_ref(&event);
    let number = db
        .run_tx("policy-begin", |tx| async move {
            let number = policy_texts::begin(&tx, kind, texts, now).await?;
            audit::append(&tx, &*app.random, event).await?;
            Ok(number)
        })
        .await?;
    Ok(visit.go(&page_path(kind, number)))
}

/// The version that the query or the form names, with all there are.
async fn find(visit: &Visit) -> Result<Option<(Version, Vec<Version>)>, Fault> {
    let given = |name: &str| visit.posted.get(name).or_else(|| visit.query(name)).unwrap_or_default();
    let (Ok(kind), Ok(number)) = (given("kind").parse::<PolicyKind>(), given("number").parse::<u32>()) else {
        return Ok(None);
    };
    let all = policy_texts::versions(&visit.app.store.db).await?;
    let found = all.iter().find(|v| v.kind == kind && v.number == number).cloned();
    Ok(found.map(|version| (version, all)))
}

/// What is wrong with a draft's texts.
#[derive(Default)]
struct Faults {
    zh: Option<String>,
    en: Option<String>,
}

fn crumbs(visit: &Visit) -> Vec<Crumb> {
    vec![above(visit), Crumb::new(visit.t("system-policies"), format!("{ROOT}{LIST}"))]
}

fn title(visit: &Visit, version: &Version) -> String {
    format!("{}{}{}", visit.t(title_key(version.kind)), visit.lang().colon(), of(visit.lang(), version))
}

/// The two texts of a version, drawn.
fn drawn(visit: &Visit, version: &Version, texts: &Texts) -> Vec<(&'static str, String, String)> {
    let contact = visit.app.contact();
    let draw = |lang: Lang| {
        let body = if lang == Lang::En { &texts.en } else { &texts.zh };
        let text = PolicyText::new(lang, version, body, &contact.phone, &contact.mailbox);
        (lang.tag(), text.title, text.html)
    };
    Lang::ALL.map(draw).to_vec()
}

async fn version_page(
    visit: &Visit,
    version: &Version,
    all: &[Version],
    notices: Vec<Notice>,
    typed: Option<&Texts>,
    faults: Faults,
) -> Result<VersionPage, Fault> {
    let (lang, db) = (visit.lang(), &visit.app.store.db);
    let saved = policy_texts::texts(db, version.kind, version.number).await?.ok_or(Fault::NotFound)?;
    let status = policy_text::status(version, all, visit.now);
    let edits = status == Status::Draft && may_keep(visit)?;
    let frame = visit.frame(title(visit, version), crumbs(visit));
    let shown = typed.unwrap_or(&saved);
    let max = u32::try_from(MAX_TEXT).unwrap_or(u32::MAX);
    let area = |name: &str, key: &str, value: &str, fault: Option<String>| {
        Field::new(lang, name, visit.t(key), Input::Area(18)).value(value).max(max).fault(fault)
    };
    let form = edits.then(|| {
        Form::simple(lang, format!("{ROOT}/system/policy"), &frame.token, visit.t("policy-save"))
            .hide("kind", version.kind.as_str())
            .hide("number", version.number.to_string())
            .hide("edit", version.edit.to_string())
            .with(area("zh", "policy-text-zh", &shown.zh, faults.zh).hint(visit.t("policy-markup")))
            .with(area("en", "policy-text-en", &shown.en, faults.en))
            .cancel(Link::new(visit.t("cancel"), format!("{ROOT}{LIST}")))
    });
    let mut acts = Vec::new();
    if edits {
        acts.push(Link::new(visit.t("policy-publish"), act_path(version, "publish")));
        acts.push(Link::new(visit.t("policy-discard"), act_path(version, "discard")));
    }
    Ok(VersionPage {
        chip: chip(lang, status),
        notices,
        texts: drawn(visit, version, &saved),
        form,
        acts,
        frame,
    })
}

/// `GET /system/policy?kind=…&number=…`.
pub async fn one(visit: Visit) -> Answer {
    let Some((version, all)) = find(&visit).await? else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    Ok(visit.ok(&version_page(&visit, &version, &all, Vec::new(), None, Faults::default()).await?))
}

/// `POST /system/policy`: saves a draft.
pub async fn save(visit: Visit) -> Answer {
    let Some((version, all)) = find(&visit).await? else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    let lang = visit.lang();
    let read = |field: &str| {
        text::paragraphs(visit.posted.raw(field).unwrap_or_default(), MAX_TEXT)
            .map_err(|bad| words::fault(lang, &Wrong::from(bad)))
    };
    let raw = |field: &str| visit.posted.raw(field).unwrap_or_default().to_owned();
    let typed = Texts { zh: raw("zh"), en: raw("en") };
    let texts = match (read("zh"), read("en")) {
        (Ok(zh), Ok(en)) => Texts { zh, en },
        (zh, en) => {
            let faults = Faults { zh: zh.err(), en: en.err() };
            let view = version_page(&visit, &version, &all, Vec::new(), Some(&typed), faults).await?;
            return Ok(visit.mend(&view));
        }
    };
    let edit: i64 = visit.posted.text("edit").parse().unwrap_or(0);
    let (app, now) = (&visit.app, visit.now);
    let detail = json!({ "policy": version.kind, "number": version.number, "act": "saved" });
    let event = visit.event(What::PolicyDrafted).with(detail);
    let (texts, event) = (&texts, std::slice::from_ref(&event));
    let draft = (version.kind, version.number, edit);
    let saved = app
        .store
        .db
        .run_tx("policy-save", |tx| async move {
            let saved = policy_texts::save(&tx, draft, texts, now).await?;
            if saved {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(saved)
        })
        .await?;
    if saved {
        return Ok(visit.go_saying(&page_path(version.kind, version.number), "said-policy-saved", ""));
    }
    // What was typed stays on the page; what somebody else saved stands below it.
    let Some((version, all)) = find(&visit).await? else { return Err(Fault::Changed) };
    let notice = Notice::new(Tone::Warn, visit.t("policy-stale"));
    let view = version_page(&visit, &version, &all, vec![notice], Some(texts), Faults::default()).await?;
    Ok(visit.page(StatusCode::CONFLICT, &view))
}

/// What is wrong with the moment of publishing.
#[derive(Default)]
struct WrongMoment {
    when: Option<String>,
    day: Option<String>,
    time: Option<String>,
}

fn publish_page(visit: &Visit, version: &Version, wrong: WrongMoment) -> ConfirmPage {
    let lang = visit.lang();
    let (binding, consequences) = if version.kind.is_for_citizens() {
        let what = ["policy-publish-one", "policy-publish-citizens-two", "policy-publish-citizens-three"];
        ("policy-binding-citizens", what)
    } else {
        ("policy-binding", ["policy-publish-one", "policy-publish-two", "policy-publish-three"])
    };
    let frame = visit.frame(visit.t1("policy-publish-ask", "what", title(visit, version)), crumbs(visit));
    let typed = |name: &str| visit.posted.text(name).to_owned();
    let first = visit.posted.fields.is_empty();
    let when = vec![
        Choice::new("now", visit.t("policy-when-now")),
        Choice::new("later", visit.t("policy-when-later")),
    ];
    let mut form =
        Form::simple(lang, format!("{ROOT}/system/policy/publish"), &frame.token, visit.t("policy-publish"))
            .hide("kind", version.kind.as_str())
            .hide("number", version.number.to_string())
            .hide("edit", version.edit.to_string())
            .with(
                Field::new(lang, "when", visit.t("policy-when"), Input::Radio(when))
                    .value(if first { "later".to_owned() } else { typed("when") })
                    .fault(wrong.when),
            );
    for field in moment::fields(visit, "from", None, (wrong.day, wrong.time)) {
        form = form.with(field.sometimes());
    }
    form = form
        .with(
            Field::new(lang, "binding", visit.t(binding), Input::Check)
                .hint(visit.t("policy-binding.hint"))
                .ticked(first || visit.posted.ticked("binding"))
                .optional(),
        )
        .cancel(Link::new(visit.t("cancel"), page_path(version.kind, version.number)));
    let consequences = consequences.map(|key| visit.t(key));
    ConfirmPage { frame, consequences: consequences.to_vec(), form }
}

/// A draft that the query or the form names.
async fn draft(visit: &Visit) -> Result<Option<Version>, Fault> {
    Ok(find(visit).await?.map(|(version, _)| version).filter(|v| v.from.is_none()))
}

/// `GET /system/policy/publish?kind=…&number=…`.
pub async fn ask_publish(visit: Visit) -> Answer {
    match draft(&visit).await? {
        Some(version) => Ok(visit.ok(&publish_page(&visit, &version, WrongMoment::default()))),
        None => Ok(visit.go(&format!("{ROOT}{LIST}"))),
    }
}

/// When it shall hold from.
fn holds_from(visit: &Visit) -> Result<Time, WrongMoment> {
    let lang = visit.lang();
    match visit.posted.text("when") {
        "now" => Ok(visit.now),
        "later" => match moment(visit, "from") {
            Ok(Some(at)) if at > visit.now => Ok(at),
            Ok(Some(_)) => {
                let text = Some(visit.t("moment-past"));
                let today = read_day(visit.posted.text("from_day")).ok();
                let today = today == Some(mydata_domain::calendar::day_of(visit.now));
                Err(if today {
                    WrongMoment { time: text, ..WrongMoment::default() }
                } else {
                    WrongMoment { day: text, ..WrongMoment::default() }
                })
            }
            Ok(None) => Err(WrongMoment {
                day: Some(words::fault(lang, &Wrong::Text(mydata_domain::text::BadText::Missing))),
                ..WrongMoment::default()
            }),
            Err((day, time)) => Err(WrongMoment { when: None, day, time }),
        },
        _ => {
            Err(WrongMoment { when: Some(words::fault(lang, &Wrong::NotAChoice)), ..WrongMoment::default() })
        }
    }
}

/// `POST /system/policy/publish`: from now on it never changes, and account holders are told by mail.
pub async fn publish(visit: Visit) -> Answer {
    let Some(version) = draft(&visit).await? else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    let from = match holds_from(&visit) {
        Ok(from) => from,
        Err(wrong) => return Ok(visit.mend(&publish_page(&visit, &version, wrong))),
    };
    let edit: i64 = visit.posted.text("edit").parse().unwrap_or(0);
    let binding = visit.posted.ticked("binding");
    let (app, now, by) = (&visit.app, visit.now, visit.me()?.account.id);
    let detail = json!({
        "policy": version.kind, "number": version.number, "from": from.to_string(), "binding": binding,
    });
    let event = visit.event(What::PolicyPublished).with(detail);
    let event = std::slice::from_ref(&event);
    let (kind, number) = (version.kind, version.number);
    let published = app
        .store
        .db
        .run_tx("policy-publish", |tx| async move {
            let done = policy_texts::publish(&tx, (kind, number, edit), from, binding, by, now).await?;
            if done {
                audit::append(&tx, &*app.random, event).await?;
                // Citizens are shown it when they log in.
                if !kind.is_for_citizens() {
                    announce::begin(&tx, app, kind, number).await?;
                }
            }
            Ok(done)
        })
        .await?;
    if !published {
        return Err(Fault::Changed);
    }
    app.system_changed();
    Ok(visit.go_saying(&page_path(kind, number), "said-policy-published", &visit.t(title_key(kind))))
}

/// `GET /system/policy/discard?kind=…&number=…`.
pub async fn ask_discard(visit: Visit) -> Answer {
    let Some(version) = draft(&visit).await? else { return Ok(visit.go(&format!("{ROOT}{LIST}"))) };
    let frame = visit.frame(visit.t1("policy-discard-ask", "what", title(&visit, &version)), crumbs(&visit));
    let mut form = Form::simple(
        visit.lang(),
        format!("{ROOT}/system/policy/discard"),
        &frame.token,
        visit.t("policy-discard"),
    )
    .hide("kind", version.kind.as_str())
    .hide("number", version.number.to_string())
    .cancel(Link::new(visit.t("cancel"), page_path(version.kind, version.number)));
    form.buttons[0].look = Look::Danger;
    Ok(visit.ok(&ConfirmPage { frame, consequences: vec![visit.t("policy-discard-what")], form }))
}

/// `POST /system/policy/discard`.
pub async fn discard(visit: Visit) -> Answer {
    let list = format!("{ROOT}{LIST}");
    let Some(version) = draft(&visit).await? else { return Ok(visit.go(&list)) };
    let detail = json!({ "policy": version.kind, "number": version.number, "act": "discarded" });
    let event = visit.event(What::PolicyDrafted).with(detail);
    let (app, event, kind, number) = (&visit.app, std::slice::from_ref(&event), version.kind, version.number);
    app.store
        .db
        .run_tx("policy-discard", |tx| async move {
            if policy_texts::discard(&tx, kind, number).await? {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(visit.go_saying(&list, "said-policy-discarded", ""))
}
