//! The page.

use askama::Template;
use askama::filters::Safe;
use mydata_domain::account::Role;
use mydata_domain::calendar::day_of;
use mydata_domain::statistics::{Area, REVOCATION_UNKNOWN};
use mydata_store::repo::list::Scope;
use mydata_store::repo::statistics::{self, Subject};

use super::asked::{Asked, BadPeriod, MOST_DAYS, Mend, Preset, Step, typed};
use super::chart::{Chart, Kind, Point, bar};
use super::report::{Report, methods, outcomes};
use super::{CSV_PATH, PATH, words};
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::Choice;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::scope;
use crate::backoffice::visit::Visit;
use crate::web::{Lang, i18n};

/// Most services or datasets on the page; the file for spreadsheets has more.
const MOST_SUBJECTS: u32 = 20;

/// A number with what it is.
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// More about it.
    pub below: Option<String>,
}

/// A line of a table with bars.
pub struct Line {
    /// What it is.
    pub label: String,
    /// The page of it alone.
    pub href: Option<String>,
    /// The line below the name.
    pub below: Option<String>,
    /// How many.
    pub number: String,
    /// Of all.
    pub share: String,
    /// The share as a bar.
    pub bar: Safe<String>,
}

/// A table with bars.
pub struct Lines {
    /// Unlike that of every other one on the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// What is to be known of it.
    pub hint: Option<String>,
    /// The heads: what, how many, which share.
    pub heads: [String; 3],
    /// The lines.
    pub lines: Vec<Line>,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/statistics.html")]
pub struct StatisticsPage {
    /// The frame.
    pub frame: Frame,
    /// Where the form asks.
    pub path: &'static str,
    /// Services and datasets: the way to each, and whether it is the one shown.
    pub areas: Vec<(Link, bool)>,
    /// Periods with a name: the way to each, and whether it is the one shown.
    pub presets: Vec<(Link, bool)>,
    /// How long a step may be.
    pub steps: Vec<Choice>,
    /// How long it is.
    pub step: &'static str,
    /// What the form carries along.
    pub hidden: Vec<(&'static str, String)>,
    /// The first day, as typed.
    pub from: String,
    /// The last day, as typed.
    pub until: String,
    /// What is wrong with the days.
    pub fault: Option<String>,
    /// What is shown, in a line.
    pub about: String,
    /// The one service or dataset that is looked at, and the way back to all.
    pub only: Option<(String, Link)>,
    /// When there is nothing.
    pub empty: Option<Notice>,
    /// The sums.
    pub figures: Vec<Figure>,
    /// The charts, each with its heading's id.
    pub charts: Vec<Chart>,
    /// The tables.
    pub tables: Vec<Lines>,
    /// For spreadsheets.
    pub files: Vec<Link>,
}

/// What may be looked at by whoever visits.
pub(super) struct Looked {
    pub(super) asked: Asked,
    pub(super) mend: Option<Mend>,
    pub(super) scope: Scope,
}

/// Reads what is asked for and whose it may be.
///
/// # Errors
/// [`Fault::NotFound`]: an organisation names what is another's.
pub(super) fn look(visit: &Visit) -> Result<Looked, Fault> {
    let scope = scope::of_visit(visit)?;
    let (asked, mend) = Asked::read(|name| visit.query(name), day_of(visit.now));
    if let (Scope::Organisation(own), Some(of)) = (&scope, &asked.of) {
        let owner = match asked.area {
            Area::Exchanges => of
                .parse()
                .ok()
                .and_then(|id| visit.catalogue.services.get(&id))
                .map(|s| &s.service.organisation),
            Area::Datasets => of
                .parse()
                .ok()
                .and_then(|id| visit.catalogue.datasets.get(&id))
                .map(|d| &d.dataset.organisation),
        };
        if owner != Some(own) {
            return Err(Fault::NotFound);
        }
    }
    Ok(Looked { asked, mend, scope })
}

/// What the store is asked.
pub(super) fn question(visit: &Visit, asked: &Asked) -> statistics::Asked {
    statistics::Asked {
        area: asked.area,
        zone: visit.zone(),
        from: asked.from,
        until: asked.until,
        subject: asked.of.clone(),
    }
}

/// `GET /statistics`.
pub async fn show(visit: Visit) -> Answer {
    let looked = look(&visit)?;
    let (db, asked) = (&visit.app.store.db, question(&visit, &looked.asked));
    let sums = statistics::by_day(db, &looked.scope, &asked).await?;
    let subjects = match looked.asked.of {
        Some(_) => Vec::new(),
        None => statistics::subjects(db, &looked.scope, &asked, MOST_SUBJECTS).await?,
    };
    let report = Report::of(&looked.asked, &sums);
    let named = |id: &str| name(&visit, looked.asked.area, id);
    // Others' names are told to those alone who may see their sums.
    let known = looked.asked.of.as_deref().filter(|_| !sums.is_empty() || looked.scope == Scope::All);
    let only = known.map(named).or_else(|| looked.asked.of.clone().map(|id| (id, String::new())));
    let organisation = Role::ORGANISATION.contains(&visit.me()?.account.role);
    let frame = visit.frame(visit.t("menu-statistics"), Vec::new());
    let subjects = subjects.into_iter().map(|s| (named(&s.id), s)).collect();
    let shown = Shown {
        asked: &looked.asked,
        mend: looked.mend.as_ref(),
        report: &report,
        subjects,
        only,
        organisation,
    };
    Ok(visit.ok(&shown.page(frame)))
}

/// The name of a service or dataset, and whose it is.
pub(super) fn name(visit: &Visit, area: Area, id: &str) -> (String, String) {
    let (catalogue, lang) = (&visit.catalogue, visit.lang());
    let pick = |zh: &str, en: &str| lang.pick(zh, Some(en)).to_owned();
    let found = match area {
        Area::Exchanges => id
            .parse()
            .ok()
            .and_then(|id| catalogue.services.get(&id))
            .map(|s| (pick(&s.service.name, &s.service.name_en), &s.service.organisation)),
        Area::Datasets => id
            .parse()
            .ok()
            .and_then(|id| catalogue.datasets.get(&id))
            .map(|d| (pick(&d.dataset.name, &d.dataset.name_en), &d.dataset.organisation)),
    };
    match found {
        Some((name, organisation)) => {
            let organisation = catalogue.organisation(organisation.as_str());
            (name, organisation.map(|o| pick(&o.name, &o.name_en)).unwrap_or_default())
        }
        None => (id.to_owned(), String::new()),
    }
}

/// Everything that is shown, apart from where it came from.
pub(super) struct Shown<'s> {
    pub(super) asked: &'s Asked,
    pub(super) mend: Option<&'s Mend>,
    pub(super) report: &'s Report,
    /// Name and organisation of each, with its sums.
    pub(super) subjects: Vec<((String, String), Subject)>,
    /// Name and organisation of the only one.
    pub(super) only: Option<(String, String)>,
    /// The visitor's organisation alone is shown.
    pub(super) organisation: bool,
}

impl Shown<'_> {
    /// The page.
    pub(super) fn page(self, frame: Frame) -> StatisticsPage {
        let lang = frame.lang();
        let (asked, whole) = (self.asked, &self.report.whole);
        let area = |area, key| (Link::new(lang.t(key), asked.with_area(area)), area == asked.area);
        let mut hidden = Vec::new();
        if asked.area != Area::Exchanges {
            hidden.push(("area", asked.area.as_str().to_owned()));
        }
        hidden.extend(asked.of.clone().map(|of| ("of", of)));
        let (from, until) = match self.mend {
            Some(mend) => (mend.from.clone(), mend.until.clone()),
            None => (typed(lang, asked.from), typed(lang, asked.until)),
        };
        let file = |key, table, bom: bool| {
            let mut more = vec![("table", table)];
            more.extend(bom.then_some(("bom", "yes")));
            Link::new(lang.t(key), asked.url(CSV_PATH, &more))
        };
        let mut files = vec![file("statistics-csv-periods", "periods", true)];
        if asked.of.is_none() {
            files.push(file(
                match asked.area {
                    Area::Exchanges => "statistics-csv-services",
                    Area::Datasets => "statistics-csv-datasets",
                },
                "subjects",
                true,
            ));
        }
        files.push(file("statistics-csv-plain", "periods", false));
        let empty = whole.number() == 0;
        let args =
            [("from", words::day(lang, asked.from).into()), ("until", words::day(lang, asked.until).into())];
        let whose = if self.organisation { "statistics-about-own" } else { "statistics-about" };
        let mut tables = Vec::new();
        let mut charts = Vec::new();
        if !empty {
            charts.push(self.numbers(lang));
            if !whole.waits.is_empty() {
                charts.push(self.waits(lang));
            }
            if !self.subjects.is_empty() {
                tables.push(self.ranked(lang));
            }
            tables.push(self.outcomes(lang));
            if !whole.methods.is_empty() {
                tables.push(self.methods(lang));
            }
        }
        StatisticsPage {
            path: PATH,
            areas: vec![
                area(Area::Exchanges, "statistics-exchanges"),
                area(Area::Datasets, "statistics-datasets"),
            ],
            presets: self.presets(lang),
            steps: Self::steps(lang),
            step: asked.step.as_str(),
            hidden,
            from,
            until,
            fault: self.mend.map(|mend| fault(lang, mend.fault)),
            about: i18n::t(lang, whose, &args),
            only: self.only.clone().map(|(name, organisation)| {
                let name = if organisation.is_empty() { name } else { format!("{name} · {organisation}") };
                (name, Link::new(lang.t("statistics-all-subjects"), asked.with_subject(None)))
            }),
            empty: empty.then(|| Notice::new(Tone::Calm, lang.t("statistics-nothing"))),
            figures: if empty { Vec::new() } else { self.figures(lang) },
            charts,
            tables,
            files: if empty { Vec::new() } else { files },
            frame,
        }
    }

    fn presets(&self, lang: Lang) -> Vec<(Link, bool)> {
        let shown = self.asked.preset.filter(|_| self.mend.is_none());
        let link = |preset: Preset| {
            let label = lang.t(match preset {
                Preset::Week => "statistics-span-7",
                Preset::Thirty => "statistics-span-30",
                Preset::Ninety => "statistics-span-90",
                Preset::Month => "statistics-span-month",
                Preset::LastMonth => "statistics-span-last-month",
                Preset::Year => "statistics-span-year",
            });
            (Link::new(label, self.asked.with_preset(preset)), shown == Some(preset))
        };
        Preset::ALL.into_iter().map(link).collect()
    }

    fn steps(lang: Lang) -> Vec<Choice> {
        let choice = |step: Step| {
            let label = lang.t(match step {
                Step::Day => "statistics-by-day",
                Step::Week => "statistics-by-week",
                Step::Month => "statistics-by-month",
            });
            Choice::new(step.as_str(), label)
        };
        Step::ALL.into_iter().map(choice).collect()
    }

    fn well_key(&self) -> &'static str {
        match self.asked.area {
            Area::Exchanges => "statistics-delivered",
            Area::Datasets => "statistics-collected",
        }
    }

    fn wait_hint(&self) -> &'static str {
        match self.asked.area {
            Area::Exchanges => "statistics-wait-exchanges",
            Area::Datasets => "statistics-wait-datasets",
        }
    }

    fn figures(&self, lang: Lang) -> Vec<Figure> {
        let whole = &self.report.whole;
        let figure = |key: &str, value, below| Figure { label: lang.t(key), value, below };
        let number = match self.asked.area {
            Area::Exchanges => "statistics-number-exchanges",
            Area::Datasets => "statistics-number-datasets",
        };
        let of_all = i18n::t(lang, "statistics-of-all", &[("number", words::number(whole.well()).into())]);
        let mut figures = vec![
            figure(number, words::number(whole.number()), None),
            figure(self.well_key(), words::share(whole.well(), whole.number()), Some(of_all)),
        ];
        if !whole.waits.is_empty() {
            let wait = |percent| words::wait(lang, whole.waits.percentile(percent));
            figures.push(figure("statistics-median", wait(50), Some(lang.t(self.wait_hint()))));
            figures.push(figure("statistics-p95", wait(95), Some(lang.t("statistics-p95.about"))));
        }
        figures
    }

    /// How many there were, step by step.
    pub(super) fn numbers(&self, lang: Lang) -> Chart {
        let legend = [lang.t(self.well_key()), lang.t("statistics-otherwise")];
        let point = |period: &super::report::Period| {
            let (number, well) = (period.tally.number(), period.tally.well());
            let args = [
                ("period", words::period(lang, self.asked.step, period).into()),
                ("number", words::number(number).into()),
                ("well", words::number(well).into()),
                ("label", legend[0].clone().into()),
            ];
            Point {
                tick: words::tick(lang, self.asked.step, period.from),
                title: i18n::t(lang, "statistics-point", &args),
                values: [Some(well as f64), Some((number - well) as f64)],
            }
        };
        let row = |period: &super::report::Period| {
            let (number, well) = (period.tally.number(), period.tally.well());
            vec![
                words::period(lang, self.asked.step, period),
                words::number(number),
                words::number(well),
                words::number(number - well),
            ]
        };
        let periods = &self.report.periods;
        let whole = &self.report.whole;
        let most = periods.iter().max_by_key(|period| period.tally.number());
        let args = [
            ("number", words::number(whole.number()).into()),
            ("well", words::number(whole.well()).into()),
            ("label", legend[0].clone().into()),
            ("period", most.map(|p| words::period(lang, self.asked.step, p)).unwrap_or_default().into()),
            ("most", most.map(|p| words::number(p.tally.number())).unwrap_or_default().into()),
        ];
        let title = match self.asked.area {
            Area::Exchanges => "statistics-number-exchanges",
            Area::Datasets => "statistics-number-datasets",
        };
        Chart {
            id: "numbers",
            title: lang.t(title),
            description: i18n::t(lang, "statistics-numbers-description", &args),
            kind: Kind::Bars,
            points: periods.iter().map(point).collect(),
            heads: vec![
                lang.t("statistics-period"),
                lang.t("statistics-number"),
                legend[0].clone(),
                legend[1].clone(),
            ],
            rows: periods.iter().map(row).collect(),
            legend,
            table: lang.t("statistics-as-table"),
            scale: |value| words::number(value.round() as u64),
        }
    }

    /// How long was waited, step by step.
    fn waits(&self, lang: Lang) -> Chart {
        let legend = [lang.t("statistics-median"), lang.t("statistics-p95")];
        let both =
            |period: &super::report::Period| [50, 95].map(|percent| period.tally.waits.percentile(percent));
        let point = |period: &super::report::Period| {
            let waits = both(period);
            let args = [
                ("period", words::period(lang, self.asked.step, period).into()),
                ("median", words::wait(lang, waits[0]).into()),
                ("high", words::wait(lang, waits[1]).into()),
            ];
            Point {
                tick: words::tick(lang, self.asked.step, period.from),
                title: i18n::t(lang, "statistics-wait-point", &args),
                values: waits.map(|wait| wait.map(|wait| wait.as_secs_f64())),
            }
        };
        let row = |period: &super::report::Period| {
            let [median, high] = both(period).map(|wait| words::wait(lang, wait));
            vec![words::period(lang, self.asked.step, period), median, high]
        };
        let whole = &self.report.whole.waits;
        let args = [
            ("median", words::wait(lang, whole.percentile(50)).into()),
            ("high", words::wait(lang, whole.percentile(95)).into()),
        ];
        Chart {
            id: "waits",
            title: lang.t("statistics-waits"),
            description: i18n::t(lang, "statistics-waits-description", &args),
            kind: Kind::Lines,
            points: self.report.periods.iter().map(point).collect(),
            heads: vec![lang.t("statistics-period"), legend[0].clone(), legend[1].clone()],
            rows: self.report.periods.iter().map(row).collect(),
            legend,
            table: lang.t("statistics-as-table"),
            scale: match lang {
                Lang::ZhTw => |value| words::scale(Lang::ZhTw, value),
                Lang::En => |value| words::scale(Lang::En, value),
            },
        }
    }

    fn heads(&self, lang: Lang, first: &str) -> [String; 3] {
        [lang.t(first), lang.t("statistics-number"), lang.t("statistics-share")]
    }

    fn outcomes(&self, lang: Lang) -> Lines {
        let whole = &self.report.whole;
        let number = |value: &str| whole.outcomes.get(value).copied().unwrap_or(0);
        let line = |value: &str| Line {
            label: words::outcome(lang, self.asked.area, value),
            href: None,
            below: None,
            number: words::number(number(value)),
            share: words::share(number(value), whole.number()),
            bar: bar(number(value), whole.number()),
        };
        let mut lines: Vec<Line> = outcomes(self.asked.area).into_iter().map(line).collect();
        if let Some(flagged) = whole.flags.get(REVOCATION_UNKNOWN) {
            lines.push(Line {
                label: lang.t("statistics-revocation-unknown"),
                href: None,
                below: None,
                number: words::number(*flagged),
                share: words::share(*flagged, whole.number()),
                bar: bar(*flagged, whole.number()),
            });
        }
        Lines {
            id: "outcomes",
            title: lang.t("statistics-outcomes"),
            hint: None,
            heads: self.heads(lang, "statistics-outcome"),
            lines,
        }
    }

    fn methods(&self, lang: Lang) -> Lines {
        let kept = &self.report.whole.methods;
        let all: u64 = kept.values().sum();
        let mut used: Vec<(&str, u64)> = methods(self.asked.area)
            .into_iter()
            .filter_map(|code| kept.get(code).map(|number| (code, *number)))
            .collect();
        used.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let line = |(code, number): (&str, u64)| Line {
            label: words::method(lang, code),
            href: None,
            below: Some(code.to_owned()),
            number: words::number(number),
            share: words::share(number, all),
            bar: bar(number, all),
        };
        Lines {
            id: "methods",
            title: lang.t("statistics-methods"),
            hint: Some(lang.t("statistics-methods.about")),
            heads: self.heads(lang, "statistics-method"),
            lines: used.into_iter().map(line).collect(),
        }
    }

    fn ranked(&self, lang: Lang) -> Lines {
        let all = self.report.whole.number();
        let line = |((name, organisation), subject): &((String, String), Subject)| Line {
            label: name.clone(),
            href: Some(self.asked.with_subject(Some(&subject.id))),
            below: Some(if organisation.is_empty() { subject.id.clone() } else { organisation.clone() }),
            number: words::number(subject.number),
            share: words::share(subject.number, all),
            bar: bar(subject.number, all),
        };
        let (title, head) = match self.asked.area {
            Area::Exchanges => ("statistics-by-service", "statistics-service"),
            Area::Datasets => ("statistics-by-dataset", "statistics-dataset"),
        };
        let cut = u32::try_from(self.subjects.len()).is_ok_and(|shown| shown >= MOST_SUBJECTS);
        let hint = || i18n::t(lang, "statistics-most", &[("count", MOST_SUBJECTS.into())]);
        Lines {
            id: "subjects",
            title: lang.t(title),
            hint: cut.then(hint),
            heads: self.heads(lang, head),
            lines: self.subjects.iter().map(line).collect(),
        }
    }
}

fn fault(lang: Lang, fault: BadPeriod) -> String {
    match fault {
        BadPeriod::From => lang.t("statistics-bad-from"),
        BadPeriod::Until => lang.t("statistics-bad-until"),
        BadPeriod::Backwards => lang.t("statistics-backwards"),
        BadPeriod::TooLong => i18n::t(lang, "statistics-too-long", &[("days", MOST_DAYS.into())]),
    }
}
