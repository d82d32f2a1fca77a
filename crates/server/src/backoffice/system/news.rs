//! 最新消息與常見問題: what citizens will read, in both languages, from a day on and until another.

use askama::Template;
use http::StatusCode;
use mydata_domain::audit::What;
use mydata_domain::forms::Fault as Wrong;
use mydata_domain::news::{Entry, MAX_TEXT, MAX_TITLE, NewsId, NewsKind, Status, Topic};
use mydata_domain::text::{self, BadText};
use mydata_store::repo::audit;
use mydata_store::repo::list::List;
use mydata_store::repo::news::{self as kept, Sort as By};
use serde_json::json;

use super::moment::{self, moment};
use super::{above, may_keep};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::words;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::lists::{ListPage, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::field::{Choice, Field, Input, TextKind};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::{Lang, document};

const SHAPE: Shape =
    Shape { filters: &["kind"], sorts: &["changed"], default: Sort { key: "changed", descending: true } };
const LIST: &str = "/system/news";

/// The page of an entry.
#[derive(Template)]
#[template(path = "backoffice/news.html")]
pub struct EntryPage {
    /// The frame.
    pub frame: Frame,
    /// How far it is.
    pub chip: Option<Chip>,
    /// What is to be known first.
    pub notice: Option<Notice>,
    /// The form.
    pub form: Form,
    /// What is saved, as readers will see it: language, title, text.
    pub shown: Vec<(&'static str, String, String)>,
}

fn kind_key(kind: NewsKind) -> &'static str {
    match kind {
        NewsKind::News => "news-kind-news",
        NewsKind::Faq => "news-kind-faq",
    }
}

/// The key of a topic's name.
pub(crate) fn topic_key(topic: Topic) -> &'static str {
    match topic {
        Topic::Platform => "faq-topic-platform",
        Topic::Identity => "faq-topic-identity",
        Topic::Data => "faq-topic-data",
        Topic::Services => "faq-topic-services",
        Topic::Counter => "faq-topic-counter",
        Topic::Privacy => "faq-topic-privacy",
    }
}

fn chip(lang: Lang, status: Status) -> Chip {
    let (colour, key) = match status {
        Status::Draft => (Colour::Quiet, "news-status-draft"),
        Status::Ahead => (Colour::Amber, "news-status-ahead"),
        Status::Public => (Colour::Green, "news-status-public"),
        Status::Past => (Colour::Quiet, "news-status-past"),
    };
    Chip::new(colour, lang.t(key))
}

fn title(lang: Lang, entry: &Entry) -> String {
    lang.pick(&entry.title, Some(&entry.title_en)).to_owned()
}

/// `GET /system/news`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: String::new(),
        filter: query.filter("kind").and_then(|kind| kind.parse().ok()),
        sort: By::Changed,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = kept::list(&visit.app.store.db, &asked).await?;
    query.page = page.page;
    let (lang, keeps) = (visit.lang(), may_keep(&visit)?);
    let at = |at: Option<_>| at.map_or(Cell::Nothing, |at| Cell::at(lang, at));
    let row = |entry: &Entry| {
        vec![
            Cell::Name {
                title: title(lang, entry),
                below: None,
                href: keeps.then(|| format!("{ROOT}{LIST}/entry?entry={}", entry.id)),
            },
            Cell::Text(visit.t(kind_key(entry.kind))),
            Cell::Chip(chip(lang, entry.status(visit.now))),
            at(entry.from),
            at(entry.until),
            Cell::Number(i64::from(entry.place)),
        ]
    };
    let kinds = NewsKind::ALL.map(|kind| Choice::new(kind.as_str(), visit.t(kind_key(kind))));
    let new = Link::new(visit.t("news-new"), format!("{ROOT}{LIST}/entry"));
    let list = Listing {
        lang,
        path: format!("{ROOT}{LIST}"),
        query,
        caption: visit.t("system-news"),
        search: None,
        filters: vec![Filter { name: "kind", label: visit.t("news-kind"), choices: kinds.to_vec() }],
        action: keeps.then_some(new),
        heads: vec![
            Head::new(visit.t("news-title")),
            Head::new(visit.t("news-kind")),
            Head::new(visit.t("news-status")),
            Head::new(visit.t("news-from")),
            Head::new(visit.t("news-until")),
            Head::new(visit.t("news-place")),
        ],
        rows: page.rows.iter().map(row).collect(),
        total: page.count,
        empty: visit.t("news-none"),
    };
    let notices = more(&visit, &page);
    Ok(visit.ok(&ListPage { frame: visit.frame(visit.t("system-news"), vec![above(&visit)]), notices, list }))
}

type Faults = Vec<(&'static str, String)>;

fn entry_page(visit: &Visit, entry: Option<&Entry>, notice: Option<Notice>, faults: &Faults) -> EntryPage {
    let lang = visit.lang();
    let fault = |name: &str| faults.iter().find(|(field, _)| *field == name).map(|(_, text)| text.clone());
    let shown = |name: &str, kept: Option<String>| {
        visit.posted.raw(name).map(str::to_owned).or(kept).unwrap_or_default()
    };
    let name = entry.map_or_else(|| visit.t("news-new"), |e| title(lang, e));
    let frame =
        visit.frame(name, vec![above(visit), Crumb::new(visit.t("system-news"), format!("{ROOT}{LIST}"))]);
    let kinds = NewsKind::ALL.map(|kind| Choice::new(kind.as_str(), visit.t(kind_key(kind))));
    let most = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line = |name: &str, key: &str, kept: Option<&String>| {
        Field::line(lang, name, visit.t(key))
            .value(shown(name, kept.cloned()))
            .max(most(MAX_TITLE))
            .fault(fault(name))
    };
    let area = |name: &str, key: &str, kept: Option<&String>| {
        Field::new(lang, name, visit.t(key), Input::Area(10))
            .value(shown(name, kept.cloned()))
            .max(most(MAX_TEXT))
            .fault(fault(name))
    };
    let mut form = Form::simple(lang, format!("{ROOT}{LIST}/entry"), &frame.token, visit.t("news-save"))
        .hide("entry", entry.map(|e| e.id.to_string()).unwrap_or_default())
        .hide("version", entry.map(|e| e.version.to_string()).unwrap_or_default())
        .section(visit.t("news-text"), None);
    form = match entry {
        Some(entry) => form.with(
            Field::new(lang, "kind-shown", visit.t("news-kind"), Input::Shown)
                .value(visit.t(kind_key(entry.kind))),
        ),
        None => form.with(
            Field::new(lang, "kind", visit.t("news-kind"), Input::Radio(kinds.to_vec()))
                .value(shown("kind", Some(NewsKind::News.as_str().to_owned())))
                .fault(fault("kind")),
        ),
    };
    if entry.is_none_or(|e| e.kind == NewsKind::Faq) {
        let topics = Topic::ALL.map(|topic| Choice::new(topic.as_str(), visit.t(topic_key(topic))));
        let kept = entry.and_then(|e| e.topic).map(|topic| topic.as_str().to_owned());
        let field = Field::new(lang, "topic", visit.t("faq-topic"), Input::Select(topics.to_vec()))
            .hint(visit.t("faq-topic.hint"))
            .value(shown("topic", kept))
            .fault(fault("topic"));
        form = form.with(if entry.is_none() { field.optional() } else { field });
    }
    form = form
        .with(line("title", "news-title-zh", entry.map(|e| &e.title)))
        .with(line("title_en", "news-title-en", entry.map(|e| &e.title_en)))
        .with(area("text", "news-text-zh", entry.map(|e| &e.text)).hint(visit.t("policy-markup")))
        .with(area("text_en", "news-text-en", entry.map(|e| &e.text_en)))
        .section(visit.t("news-public"), Some(visit.t("news-public.hint")));
    let (from, until) = (entry.and_then(|e| e.from), entry.and_then(|e| e.until));
    for field in moment::fields(visit, "from", from, (fault("from_day"), fault("from_time")))
        .into_iter()
        .chain(moment::fields(visit, "until", until, (fault("until_day"), fault("until_time"))))
    {
        form = form.with(field.optional());
    }
    form = form.with(
        Field::text(lang, "place", visit.t("news-place"), TextKind::Number)
            .hint(visit.t("news-place.hint"))
            .value(shown("place", Some(entry.map_or(0, |e| e.place).to_string())))
            .max(4)
            .fault(fault("place")),
    );
    if entry.is_some() {
        form = form.button(visit.t("news-remove"), "remove", Look::Danger);
    }
    let drawn = |e: &Entry| {
        [
            (Lang::ZhTw.tag(), e.title.clone(), document::html(&e.text, &[]).0),
            (Lang::En.tag(), e.title_en.clone(), document::html(&e.text_en, &[]).0),
        ]
        .to_vec()
    };
    EntryPage {
        chip: entry.map(|e| chip(lang, e.status(visit.now))),
        notice,
        form: form.cancel(Link::new(visit.t("cancel"), format!("{ROOT}{LIST}"))),
        shown: entry.map(drawn).unwrap_or_default(),
        frame,
    }
}

async fn find(visit: &Visit, id: Option<&str>) -> Result<Option<Entry>, Fault> {
    let Some(id) = id.and_then(|id| id.parse::<NewsId>().ok()) else { return Ok(None) };
    Ok(kept::load(&visit.app.store.db, id).await?)
}

/// `GET /system/news/entry?entry=…`; without one a new entry.
pub async fn ask(visit: Visit) -> Answer {
    let entry = find(&visit, visit.query("entry")).await?;
    Ok(visit.ok(&entry_page(&visit, entry.as_ref(), None, &Vec::new())))
}

fn read(visit: &Visit, old: Option<&Entry>) -> Result<Entry, Faults> {
    let lang = visit.lang();
    let mut faults: Faults = Vec::new();
    let mut words_of = |name: &'static str, read: fn(&str, usize) -> Result<String, BadText>, max: usize| {
        read(visit.posted.raw(name).unwrap_or_default(), max).unwrap_or_else(|bad| {
            faults.push((name, words::fault(lang, &Wrong::from(bad))));
            String::new()
        })
    };
    let title = words_of("title", text::line, MAX_TITLE);
    let title_en = words_of("title_en", text::line, MAX_TITLE);
    let body = words_of("text", text::paragraphs, MAX_TEXT);
    let body_en = words_of("text_en", text::paragraphs, MAX_TEXT);
    let kind = old.map(|e| e.kind).or_else(|| visit.posted.text("kind").parse().ok());
    if kind.is_none() {
        faults.push(("kind", words::fault(lang, &Wrong::NotAChoice)));
    }
    let topic = visit.posted.text("topic").parse::<Topic>().ok().filter(|_| kind == Some(NewsKind::Faq));
    if kind == Some(NewsKind::Faq) && topic.is_none() {
        faults.push(("topic", words::fault(lang, &Wrong::NotAChoice)));
    }
    let mut at = |name: &str, day: &'static str, time: &'static str| {
        moment(visit, name).unwrap_or_else(|(bad_day, bad_time)| {
            faults.extend(bad_day.map(|text| (day, text)));
            faults.extend(bad_time.map(|text| (time, text)));
            None
        })
    };
    let from = at("from", "from_day", "from_time");
    let until = at("until", "until_day", "until_time");
    if until.is_some_and(|until| from.is_none_or(|from| until <= from))
        && faults.iter().all(|(field, _)| !field.ends_with("_day") && !field.ends_with("_time"))
    {
        faults.push(("until_day", visit.t("news-bad-until")));
    }
    let place = visit.posted.text("place").parse::<u16>().ok().filter(|n| *n <= 9_999);
    if place.is_none() {
        faults.push(("place", words::fault(lang, &Wrong::OutOfRange { min: 0, max: 9_999 })));
    }
    match (kind, place) {
        (Some(kind), Some(place)) if faults.is_empty() => Ok(Entry {
            id: old.map_or_else(|| NewsId::generate(&*visit.app.random), |e| e.id),
            kind,
            topic,
            title,
            title_en,
            text: body,
            text_en: body_en,
            from,
            until,
            place,
            updated_at: visit.now,
            version: visit.posted.text("version").parse().unwrap_or(0),
        }),
        _ => Err(faults),
    }
}

/// `POST /system/news/entry`: saves an entry; asks before one is taken away.
pub async fn submit(visit: Visit) -> Answer {
    let list = format!("{ROOT}{LIST}");
    let old = find(&visit, visit.posted.get("entry")).await?;
    if old.is_none() && !visit.posted.text("entry").is_empty() {
        return Err(Fault::Changed);
    }
    if visit.posted.text("do") == "remove" {
        return Ok(match &old {
            Some(entry) => visit.ok(&remove_page(&visit, entry)),
            None => visit.go(&list),
        });
    }
    let entry = match read(&visit, old.as_ref()) {
        Ok(entry) => entry,
        Err(faults) => return Ok(visit.mend(&entry_page(&visit, old.as_ref(), None, &faults))),
    };
    let act = if old.is_some() { "changed" } else { "written" };
    let event = visit
        .event(What::NewsChanged)
        .with(json!({ "act": act, "entry": entry.id, "kind": entry.kind.as_str() }));
    let (app, now, is_new) = (&visit.app, visit.now, old.is_none());
    let (entry_in, event) = (&entry, std::slice::from_ref(&event));
    let done = app
        .store
        .db
        .run_tx("news-save", |tx| async move {
            let done = if is_new {
                kept::add(&tx, entry_in, now).await?;
                true
            } else {
                kept::update(&tx, entry_in, now).await?
            };
            if done {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(done)
        })
        .await?;
    if !done {
        let Some(there) = find(&visit, visit.posted.get("entry")).await? else { return Err(Fault::Changed) };
        let notice = Notice::new(Tone::Warn, visit.t("settings-stale"));
        return Ok(
            visit.page(StatusCode::CONFLICT, &entry_page(&visit, Some(&there), Some(notice), &Vec::new()))
        );
    }
    let page = format!("{ROOT}{LIST}/entry?entry={}", entry.id);
    Ok(visit.go_saying(&page, "said-news-saved", &title(visit.lang(), &entry)))
}

fn remove_page(visit: &Visit, entry: &Entry) -> ConfirmPage {
    let frame = visit.frame(
        visit.t1("news-remove-ask", "what", title(visit.lang(), entry)),
        vec![above(visit), Crumb::new(visit.t("system-news"), format!("{ROOT}{LIST}"))],
    );
    let mut form =
        Form::simple(visit.lang(), format!("{ROOT}{LIST}/remove"), &frame.token, visit.t("news-remove"))
            .hide("entry", entry.id.to_string())
            .cancel(Link::new(visit.t("cancel"), format!("{ROOT}{LIST}/entry?entry={}", entry.id)));
    form.buttons[0].look = Look::Danger;
    ConfirmPage { frame, consequences: vec![visit.t("news-remove-what")], form }
}

/// `POST /system/news/remove`.
pub async fn remove(visit: Visit) -> Answer {
    let list = format!("{ROOT}{LIST}");
    let Some(entry) = find(&visit, visit.posted.get("entry")).await? else { return Ok(visit.go(&list)) };
    let event = visit.event(What::NewsChanged).with(json!({ "act": "removed", "entry": entry.id }));
    let (app, id, event) = (&visit.app, entry.id, std::slice::from_ref(&event));
    app.store
        .db
        .run_tx("news-remove", |tx| async move {
            if kept::remove(&tx, id).await? {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(visit.go_saying(&list, "said-news-removed", &title(visit.lang(), &entry)))
}
