//! 維護時段: when the platform or a dataset is not to be used; set ahead, announced, and ended early when the work is done.

use http::StatusCode;
use mydata_domain::audit::What;
use mydata_domain::forms::Fault as Wrong;
use mydata_domain::maintenance::{BadSchedule, DayTime, MAX_ANNOUNCED, Schedule, Window, WindowId};
use mydata_domain::text;
use mydata_store::repo::audit;
use mydata_store::repo::list::List;
use mydata_store::repo::maintenance::{self as kept, Sort as By};
use mydata_wire::ResourceId;
use serde_json::json;

use super::moment::{self, moment};
use super::{above, may_keep};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::words;
use crate::backoffice::frame::Crumb;
use crate::backoffice::lists::{ListPage, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::field::{Choice, Field, Input, TextKind};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::list::{Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::i18n;
use crate::web::maintenance::span;

const SHAPE: Shape =
    Shape { filters: &[], sorts: &["changed"], default: Sort { key: "changed", descending: true } };
const LIST: &str = "/system/maintenance";
/// Longest note.
const MAX_NOTE: usize = 200;

const WEEKDAYS: [&str; 7] =
    ["weekday-1", "weekday-2", "weekday-3", "weekday-4", "weekday-5", "weekday-6", "weekday-7"];

fn weekday_key(day: u8) -> &'static str {
    WEEKDAYS[usize::from(day.clamp(1, 7)) - 1]
}

/// 每月 31 日 23:00 至 03:00.
pub fn when(lang: crate::web::Lang, schedule: &Schedule) -> String {
    match schedule {
        Schedule::Once { from, until } => {
            span(lang, mydata_domain::maintenance::Occurrence { from: *from, until: *until })
        }
        Schedule::Monthly { day, from, until } => {
            let args = [
                ("day", u32::from(*day).into()),
                ("from", from.to_string().into()),
                ("until", until.to_string().into()),
            ];
            i18n::t(lang, "window-monthly", &args)
        }
        Schedule::Weekly { weekday, from, until } => {
            let args = [
                ("day", lang.t(weekday_key(*weekday)).into()),
                ("from", from.to_string().into()),
                ("until", until.to_string().into()),
            ];
            i18n::t(lang, "window-weekly", &args)
        }
    }
}

fn chip(visit: &Visit, window: &Window) -> Chip {
    let (colour, key) = if window.schedule.at(visit.now).is_some() {
        (Colour::Red, "window-state-running")
    } else if window.schedule.is_over(visit.now) {
        (Colour::Quiet, "window-state-over")
    } else if window.announced(visit.now).is_some() {
        (Colour::Amber, "window-state-announced")
    } else {
        (Colour::Green, "window-state-set")
    };
    Chip::new(colour, visit.t(key))
}

fn about(visit: &Visit, window: &Window) -> String {
    let Some(id) = &window.dataset else { return visit.t("window-platform") };
    let found = visit.catalogue.datasets.get(id);
    found.map_or_else(
        || id.to_string(),
        |d| visit.lang().pick(&d.dataset.name, Some(&d.dataset.name_en)).to_owned(),
    )
}

/// `GET /system/maintenance`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: String::new(),
        filter: (),
        sort: By::Changed,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = kept::list(&visit.app.store.db, &asked).await?;
    query.page = page.page;
    let keeps = may_keep(&visit)?;
    let row = |window: &Window| {
        let href = format!("{ROOT}{LIST}/window?window={}", window.id);
        // Of one that is once the column before says it.
        let again = !matches!(window.schedule, Schedule::Once { .. });
        let next =
            window.schedule.at(visit.now).or_else(|| window.schedule.next(visit.now)).filter(|_| again);
        vec![
            Cell::Name {
                title: about(&visit, window),
                below: window.dataset.as_ref().map(ToString::to_string),
                href: keeps.then_some(href),
            },
            Cell::Text(when(visit.lang(), &window.schedule)),
            next.map_or(Cell::Nothing, |next| Cell::Soft(span(visit.lang(), next))),
            Cell::Chip(chip(&visit, window)),
            Cell::Soft(visit.t1("window-announced-days", "days", u32::from(window.announced_days))),
        ]
    };
    let new = Link::new(visit.t("window-new"), format!("{ROOT}{LIST}/window"));
    let list = Listing {
        lang: visit.lang(),
        path: format!("{ROOT}{LIST}"),
        query,
        caption: visit.t("system-maintenance"),
        search: None,
        filters: Vec::new(),
        action: keeps.then_some(new),
        heads: vec![
            Head::new(visit.t("window-about")),
            Head::new(visit.t("window-when")),
            Head::new(visit.t("window-next")),
            Head::new(visit.t("window-state")),
            Head::new(visit.t("window-announced")),
        ],
        rows: page.rows.iter().map(row).collect(),
        total: page.count,
        empty: visit.t("window-none"),
    };
    let notices = more(&visit, &page);
    let frame = visit.frame(visit.t("system-maintenance"), vec![above(&visit)]);
    Ok(visit.ok(&ListPage { frame, notices, list }))
}

/// Faults by field.
type Faults = Vec<(&'static str, String)>;

fn window_page(visit: &Visit, window: Option<&Window>, notice: Option<Notice>, faults: &Faults) -> FormPage {
    let lang = visit.lang();
    let posted = |name: &str| visit.posted.get(name).map(str::to_owned);
    let fault = |name: &str| faults.iter().find(|(field, _)| *field == name).map(|(_, text)| text.clone());
    let shown = |name: &str, kept: Option<String>| posted(name).or(kept).unwrap_or_default();
    let (mut kind, mut day, mut weekday) = ("once", None, None);
    let (mut from, mut until, mut once) = (None, None, None);
    match window.map(|w| &w.schedule) {
        Some(Schedule::Once { from: a, until: b }) => once = Some((*a, *b)),
        Some(Schedule::Monthly { day: d, from: a, until: b }) => {
            (kind, day, from, until) = ("monthly", Some(*d), Some(*a), Some(*b));
        }
        Some(Schedule::Weekly { weekday: d, from: a, until: b }) => {
            (kind, weekday, from, until) = ("weekly", Some(*d), Some(*a), Some(*b));
        }
        None => {}
    }
    let title = window.map_or_else(|| visit.t("window-new"), |w| about(visit, w));
    let frame = visit
        .frame(title, vec![above(visit), Crumb::new(visit.t("system-maintenance"), format!("{ROOT}{LIST}"))]);
    let choice = |value: &str, key: &str| Choice::new(value, visit.t(key));
    let kinds = vec![
        choice("once", "window-once"),
        choice("monthly", "window-each-month"),
        choice("weekly", "window-each-week"),
    ];
    let scope = if window.is_some_and(|w| w.dataset.is_some()) { "dataset" } else { "platform" };
    let scopes = vec![choice("platform", "window-platform"), choice("dataset", "window-dataset")];
    let dataset = window.and_then(|w| w.dataset.as_ref()).map(ToString::to_string);
    let mut form = Form::simple(lang, format!("{ROOT}{LIST}/window"), &frame.token, visit.t("window-save"))
        .hide("window", window.map(|w| w.id.to_string()).unwrap_or_default())
        .hide("version", window.map(|w| w.version.to_string()).unwrap_or_default())
        .section(visit.t("window-about"), None)
        .with(
            Field::new(lang, "scope", visit.t("window-scope"), Input::Radio(scopes))
                .value(shown("scope", Some(scope.to_owned())))
                .fault(fault("scope")),
        )
        .with(
            Field::line(lang, "dataset", visit.t("window-dataset-id"))
                .hint(visit.t("window-dataset-id.hint"))
                .value(shown("dataset", dataset))
                .max(20)
                .sometimes()
                .fault(fault("dataset")),
        )
        .section(visit.t("window-when"), Some(visit.t("window-when.hint")))
        .with(
            Field::new(lang, "kind", visit.t("window-kind"), Input::Radio(kinds))
                .value(shown("kind", Some(kind.to_owned())))
                .fault(fault("kind")),
        )
        .section(visit.t("window-once"), None);
    let (from_once, until_once) = (once.map(|(a, _)| a), once.map(|(_, b)| b));
    for field in moment::fields(visit, "from", from_once, (fault("from_day"), fault("from_time")))
        .into_iter()
        .chain(moment::fields(visit, "until", until_once, (fault("until_day"), fault("until_time"))))
    {
        form = form.with(field.sometimes());
    }
    let weekdays = (1..=7u8).map(|day| Choice::new(day.to_string(), visit.t(weekday_key(day)))).collect();
    let clock = |name: &str, key: &str, kept: Option<DayTime>| {
        Field::line(lang, name, visit.t(key))
            .hint(visit.t("moment-time.hint"))
            .value(shown(name, kept.map(|t| t.to_string())))
            .max(5)
            .sometimes()
            .fault(fault(name))
    };
    let note = |name: &str, key: &str, kept: Option<&String>| {
        Field::line(lang, name, visit.t(key))
            .value(shown(name, kept.cloned()))
            .max(u32::try_from(MAX_NOTE).unwrap_or(u32::MAX))
            .optional()
            .fault(fault(name))
    };
    form = form
        .section(visit.t("window-again"), Some(visit.t("window-again.hint")))
        .with(
            Field::text(lang, "day", visit.t("window-day"), TextKind::Number)
                .hint(visit.t("window-day.hint"))
                .value(shown("day", day.map(|d| d.to_string())))
                .max(2)
                .sometimes()
                .fault(fault("day")),
        )
        .with(
            Field::new(lang, "weekday", visit.t("window-weekday"), Input::Select(weekdays))
                .value(shown("weekday", weekday.map(|d| d.to_string())))
                .sometimes()
                .fault(fault("weekday")),
        )
        .with(clock("clock_from", "moment-from-time", from))
        .with(clock("clock_until", "moment-until-time", until))
        .section(visit.t("window-announced"), None)
        .with(
            Field::text(lang, "announced", visit.t("window-announced-ahead"), TextKind::Number)
                .value(shown("announced", Some(window.map_or(3, |w| w.announced_days).to_string())))
                .max(2)
                .fault(fault("announced")),
        )
        .with(note("note", "window-note", window.map(|w| &w.note)))
        .with(note("note_en", "window-note-en", window.map(|w| &w.note_en)));
    if let Some(window) = window {
        form =
            form.button(visit.t("window-remove"), "remove", Look::Danger).hide("id", window.id.to_string());
    }
    let form = form.cancel(Link::new(visit.t("cancel"), format!("{ROOT}{LIST}")));
    FormPage { frame, notice, form: Some(form) }
}

async fn find(visit: &Visit, id: Option<&str>) -> Result<Option<Window>, Fault> {
    let Some(id) = id.and_then(|id| id.parse::<WindowId>().ok()) else { return Ok(None) };
    Ok(kept::load(&visit.app.store.db, id).await?)
}

/// `GET /system/maintenance/window?window=…`; without one a new window.
pub async fn ask(visit: Visit) -> Answer {
    let window = find(&visit, visit.query("window")).await?;
    Ok(visit.ok(&window_page(&visit, window.as_ref(), None, &Vec::new())))
}

fn read(visit: &Visit) -> Result<Window, Faults> {
    let lang = visit.lang();
    let mut faults: Faults = Vec::new();
    let posted = |name: &str| visit.posted.text(name);
    let missing = || words::fault(lang, &Wrong::Text(mydata_domain::text::BadText::Missing));
    let dataset = match posted("scope") {
        "platform" => None,
        "dataset" => match posted("dataset").parse::<ResourceId>() {
            Ok(id) if visit.catalogue.datasets.contains_key(&id) => Some(id),
            _ => {
                faults.push(("dataset", visit.t("window-no-dataset")));
                None
            }
        },
        _ => {
            faults.push(("scope", words::fault(lang, &Wrong::NotAChoice)));
            None
        }
    };
    let number = |name: &'static str, min: u32, max: u32, faults: &mut Faults| {
        let typed = posted(name);
        match typed.parse::<u32>() {
            Ok(n) if (min..=max).contains(&n) => n,
            _ => {
                let wrong = if typed.is_empty() {
                    Wrong::Text(mydata_domain::text::BadText::Missing)
                } else {
                    Wrong::OutOfRange { min, max }
                };
                faults.push((name, words::fault(lang, &wrong)));
                min
            }
        }
    };
    let clock = |name: &'static str, faults: &mut Faults| {
        posted(name).parse::<DayTime>().ok().or_else(|| {
            faults.push((name, visit.t("moment-time.bad")));
            None
        })
    };
    let schedule = match posted("kind") {
        "once" => {
            let mut read =
                |name: &'static str, day: &'static str, time: &'static str| match moment(visit, name) {
                    Ok(Some(at)) => Some(at),
                    Ok(None) => {
                        faults.push((day, missing()));
                        None
                    }
                    Err((bad_day, bad_time)) => {
                        faults.extend(bad_day.map(|text| (day, text)));
                        faults.extend(bad_time.map(|text| (time, text)));
                        None
                    }
                };
            let from = read("from", "from_day", "from_time");
            let until = read("until", "until_day", "until_time");
            from.zip(until).map(|(from, until)| Schedule::Once { from, until })
        }
        "monthly" => {
            let day = number("day", 1, 31, &mut faults);
            let from = clock("clock_from", &mut faults);
            let until = clock("clock_until", &mut faults);
            let day = u8::try_from(day).unwrap_or(1);
            from.zip(until).map(|(from, until)| Schedule::Monthly { day, from, until })
        }
        "weekly" => {
            let weekday = number("weekday", 1, 7, &mut faults);
            let from = clock("clock_from", &mut faults);
            let until = clock("clock_until", &mut faults);
            let weekday = u8::try_from(weekday).unwrap_or(1);
            from.zip(until).map(|(from, until)| Schedule::Weekly { weekday, from, until })
        }
        _ => {
            faults.push(("kind", words::fault(lang, &Wrong::NotAChoice)));
            None
        }
    };
    if let Some(schedule) = &schedule
        && let Err(bad) = schedule.check(visit.now)
    {
        let field = match schedule {
            Schedule::Once { .. } => "until_day",
            _ => "clock_until",
        };
        let key = match bad {
            BadSchedule::EndsFirst => "window-bad-ends-first",
            BadSchedule::TooLong => "window-bad-too-long",
            BadSchedule::Over => "window-bad-over",
            BadSchedule::NoSuchDay => "window-bad-no-such-day",
        };
        faults.push((field, visit.t(key)));
    }
    let announced = number("announced", 0, u32::from(MAX_ANNOUNCED), &mut faults);
    let note = |name: &'static str, faults: &mut Faults| match posted(name) {
        "" => String::new(),
        typed => text::line(typed, MAX_NOTE).unwrap_or_else(|bad| {
            faults.push((name, words::fault(lang, &Wrong::from(bad))));
            String::new()
        }),
    };
    let (zh, en) = (note("note", &mut faults), note("note_en", &mut faults));
    match schedule {
        Some(schedule) if faults.is_empty() => Ok(Window {
            id: posted("window").parse().unwrap_or_else(|_| WindowId::generate(&*visit.app.random)),
            dataset,
            schedule,
            note: zh,
            note_en: en,
            announced_days: u16::try_from(announced).unwrap_or(0),
            version: posted("version").parse().unwrap_or(0),
        }),
        _ => Err(faults),
    }
}

/// `POST /system/maintenance/window`: sets or changes a window; asks before one is taken away.
pub async fn submit(visit: Visit) -> Answer {
    let old = find(&visit, visit.posted.get("window")).await?;
    if visit.posted.text("do") == "remove" {
        return Ok(match &old {
            Some(window) => visit.ok(&remove_page(&visit, window)),
            None => visit.go(&format!("{ROOT}{LIST}")),
        });
    }
    let window = match read(&visit) {
        Ok(window) => window,
        Err(faults) => return Ok(visit.mend(&window_page(&visit, old.as_ref(), None, &faults))),
    };
    let act = if old.is_some() { "changed" } else { "set" };
    let detail = json!({ "act": act, "dataset": window.dataset, "schedule": window.schedule });
    let event = visit.event(What::MaintenanceChanged).with(detail);
    let (app, now, is_new) = (&visit.app, visit.now, visit.posted.text("window").is_empty());
    let (window_in, event) = (&window, std::slice::from_ref(&event));
    let done = app
        .store
        .db
        .run_tx("maintenance-set", |tx| async move {
            let done = if is_new {
                kept::add(&tx, window_in, now).await?;
                true
            } else {
                kept::update(&tx, window_in, now).await?
            };
            if done {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(done)
        })
        .await?;
    app.system_changed();
    if !done {
        let Some(there) = find(&visit, visit.posted.get("window")).await? else { return Err(Fault::Changed) };
        let notice = Notice::new(Tone::Warn, visit.t("settings-stale"));
        let view = window_page(&visit, Some(&there), Some(notice), &Vec::new());
        return Ok(visit.page(StatusCode::CONFLICT, &view));
    }
    Ok(visit.go_saying(&format!("{ROOT}{LIST}"), "said-window-saved", &when(visit.lang(), &window.schedule)))
}

fn remove_page(visit: &Visit, window: &Window) -> ConfirmPage {
    let what =
        format!("{}{}{}", about(visit, window), visit.lang().colon(), when(visit.lang(), &window.schedule));
    let frame = visit.frame(
        visit.t1("window-remove-ask", "what", what),
        vec![above(visit), Crumb::new(visit.t("system-maintenance"), format!("{ROOT}{LIST}"))],
    );
    let key =
        if window.schedule.at(visit.now).is_some() { "window-remove-ends" } else { "window-remove-what" };
    let mut form =
        Form::simple(visit.lang(), format!("{ROOT}{LIST}/remove"), &frame.token, visit.t("window-remove"))
            .hide("window", window.id.to_string())
            .cancel(Link::new(visit.t("cancel"), format!("{ROOT}{LIST}")));
    form.buttons[0].look = Look::Danger;
    ConfirmPage { frame, consequences: vec![visit.t(key)], form }
}

/// `POST /system/maintenance/remove`.
pub async fn remove(visit: Visit) -> Answer {
    let list = format!("{ROOT}{LIST}");
    let Some(window) = find(&visit, visit.posted.get("window")).await? else { return Ok(visit.go(&list)) };
    let detail = json!({ "act": "removed", "dataset": window.dataset, "schedule": window.schedule });
    let event = visit.event(What::MaintenanceChanged).with(detail);
    let (app, id, event) = (&visit.app, window.id, std::slice::from_ref(&event));
    app.store
        .db
        .run_tx("maintenance-remove", |tx| async move {
            if kept::remove(&tx, id).await? {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(())
        })
        .await?;
    app.system_changed();
    Ok(visit.go_saying(&list, "said-window-removed", &when(visit.lang(), &window.schedule)))
}
