//! Draws a form: the parts of a page from what it asks ([`super::spec`]), what is typed, and what is wrong with it.

use mydata_domain::calendar::{read_day, roc};
use mydata_domain::counter_service::Take;
use mydata_domain::filing::Comment;
use mydata_domain::forms::{Fields, FormKind, Purpose};
use mydata_store::repo::uploads::Upload;
use mydata_wire::Verification;

use super::choices::Choices;
use super::spec::{self, Ask, FieldSpec, Need, RowsSpec, Spot};
use crate::backoffice::ROOT;
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Choice, Field, Input, KeptFile, TextKind};
use crate::backoffice::parts::form::{Part, Section};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::rows::Rows;
use crate::backoffice::upload::kind;
use crate::backoffice::uploads::words::{endings, size};
use crate::web::layout::verification_name;
use crate::web::{Lang, RocDateTime, i18n};

/// The field in which datasets are searched for.
pub const FIND: &str = "find";

/// What is wrong with a field, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its path.
    pub path: String,
    /// The words.
    pub text: String,
}

/// A form and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'s> {
    /// The reader's language.
    pub lang: Lang,
    /// Which form.
    pub form: FormKind,
    /// What is typed.
    pub fields: &'s Fields,
    /// What is wrong with it.
    pub wrong: &'s [Wrong],
    /// What a reviewer wrote about it.
    pub comments: &'s [Comment],
    /// What it offers.
    pub choices: &'s Choices,
    /// The files that belong to it, newest version of each purpose first.
    pub uploads: &'s [Upload],
    /// What datasets are searched for.
    pub find: &'s str,
}

/// The text of a field, a list or a section.
fn label(lang: Lang, key: &str) -> String {
    lang.t(key)
}

/// Its hint, where it has one.
fn hint(lang: Lang, key: &str) -> Option<String> {
    let key = format!("{key}.how");
    i18n::has(lang, &key).then(|| lang.t(&key))
}

/// The field that a path leads to, with the list that it repeats in.
fn field_of(form: FormKind, path: &str) -> Option<(Option<&'static RowsSpec>, &'static FieldSpec)> {
    let wanted = spec::pattern(path);
    spec::fields(form).find(|(rows, field)| {
        let known =
            rows.map_or_else(|| field.path.to_owned(), |rows| spec::pattern(&field.in_row(rows.path, 0)));
        known == wanted || format!("{known}[]") == wanted
    })
}

/// How a path is called: `DP-API自訂參數 3：鍵值`. A path that the form does not have is its own name.
pub fn path_label(lang: Lang, form: FormKind, path: &str) -> String {
    let Some((rows, field)) = field_of(form, path) else {
        let lists =
            spec::fields(form).find_map(|(rows, _)| rows.filter(|rows| rows.lists().any(|l| l == path)));
        return lists.map_or_else(|| path.to_owned(), |rows| label(lang, rows.key));
    };
    let name = label(lang, field.key);
    let Some(rows) = rows else { return name };
    let row = path.split_once('[').and_then(|(_, rest)| rest.split_once(']')?.0.parse::<usize>().ok());
    let (list, number) = (label(lang, rows.key), row.map_or(0, |row| row + 1));
    if field.path.is_empty() {
        format!("{list} {number}")
    } else {
        format!("{list} {number}{}{name}", lang.colon())
    }
}

impl Sheet<'_> {
    /// The sections of the form, to be filled in.
    pub fn sections(&self) -> Vec<Section> {
        let mut asked = false;
        spec::of(self.form)
            .iter()
            .map(|section| {
                let mut parts = Vec::new();
                for spot in section.spots {
                    if !asked && self.choices.is_searched() && asks_for_datasets(spot) {
                        asked = true;
                        parts.push(self.finder().into());
                    }
                    match spot {
                        Spot::One(field) => parts.push(self.field(field, field.path).into()),
                        Spot::Rows(rows) => self.rows(rows, &mut parts),
                    }
                }
                Section {
                    title: Some(label(self.lang, section.key)),
                    hint: hint(self.lang, section.key),
                    parts,
                }
            })
            .collect()
    }

    fn finder(&self) -> Field {
        let mut field = Field::line(self.lang, FIND, self.lang.t("form-find"))
            .value(self.find)
            .hint(self.lang.t("form-find.how"))
            .sometimes()
            .max(100);
        field.button = Some(("find", self.lang.t("list-search")));
        field
    }

    fn fault(&self, path: &str) -> Option<String> {
        self.wrong.iter().find(|wrong| wrong.path == path).map(|wrong| wrong.text.clone())
    }

    /// The fault of a list that is shown as one field: its own, or that of anything in it.
    fn fault_within(&self, path: &str) -> Option<String> {
        let begin = format!("{path}[");
        let within = self.wrong.iter().find(|wrong| wrong.path == path || wrong.path.starts_with(&begin));
        within.map(|wrong| wrong.text.clone())
    }

    fn comment(&self, path: &str) -> Option<String> {
        let begin = format!("{path}[");
        let own = |c: &&Comment| c.field == path || c.field.starts_with(&begin);
        let texts: Vec<&str> = self.comments.iter().filter(own).map(|c| c.text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    fn rows(&self, rows: &RowsSpec, parts: &mut Vec<Part>) {
        // What is written about the list as a whole stands above it; what is about one field stands there.
        let about: Vec<&str> =
            self.comments.iter().filter(|c| c.field == rows.path).map(|c| c.text.as_str()).collect();
        if !about.is_empty() {
            let notice = Notice::new(Tone::Warn, about.join("\n\n")).titled(self.lang.t("field-comment"));
            parts.push(notice.into());
        }
        let count = rows.lists().map(|list| row_count(self.fields, list)).max().unwrap_or(0);
        let count = count.max(rows.least).min(rows.most);
        // Rows of one field each say only once how it is filled in.
        let say_once = rows.fields.len() == 1;
        let drawn = (0..count).map(|row| {
            let mut fields: Vec<Field> =
                rows.fields.iter().map(|field| self.field(field, &field.in_row(rows.path, row))).collect();
            if say_once && row > 0 {
                fields.iter_mut().for_each(|field| field.hint = None);
            }
            fields
        });
        let beside = rows.lists().skip(1).find_map(|list| self.fault(list));
        parts.push(
            Rows {
                lang: self.lang,
                name: rows.path.to_owned(),
                legend: label(self.lang, rows.key),
                hint: hint(self.lang, rows.key),
                fault: self.fault(rows.path).or(beside),
                rows: drawn.collect(),
                add: self.lang.t(&format!("{}.add", rows.key)),
                least: rows.least,
                most: rows.most,
            }
            .into(),
        );
    }

    fn field(&self, spec: &FieldSpec, path: &str) -> Field {
        let lang = self.lang;
        let text = self.fields.text(path);
        let new = |input| Field::new(lang, path, label(lang, spec.key), input);
        let mut field = match spec.ask {
            Ask::Line(kind, max) => {
                let text = if kind == TextKind::Date { shown_day(text) } else { text.to_owned() };
                new(Input::Text(kind)).value(text).max(max)
            }
            Ask::Area(high, _) => new(Input::Area(high)).value(text),
            Ask::Category => new(Input::Select(self.categories())).value(text),
            Ask::Authority => new(Input::Select(self.authorities())).value(text),
            Ask::Verification => new(Input::Select(verifications(lang))).value(text),
            Ask::OrganisationKind => new(Input::Radio(organisation_kinds(lang))).value(text),
            Ask::Method => new(Input::Radio(methods(lang))).value(text),
            Ask::Take => new(Input::Radio(takes(lang))).value(text),
            Ask::Tick => new(Input::Check).ticked(is_ticked(text)),
            Ask::Datasets => {
                let chosen = values(self.fields, path);
                let offered = self.choices.offered(lang, &chosen, self.find);
                Field::new(lang, format!("{path}[]"), label(lang, spec.key), Input::Checks(offered))
                    .values(chosen)
            }
            Ask::File(purpose) => {
                let (kept, earlier) = self.files(purpose, text);
                let mut field = new(Input::File(accept(purpose), kept));
                field.earlier = earlier;
                field
            }
        };
        if let Some(hint) = hint(lang, spec.key) {
            field = field.hint(hint);
        }
        match spec.need {
            Need::Always => {}
            Need::Sometimes => field = field.sometimes(),
            Need::Never => field = field.optional(),
        }
        if spec.ask == Ask::Tick {
            field = field.sometimes();
        }
        let is_list = spec.ask == Ask::Datasets;
        let fault = if is_list { self.fault_within(path) } else { self.fault(path) };
        field.fault(fault).comment(self.comment(path))
    }

    fn categories(&self) -> Vec<Choice> {
        let name = |c: &super::choices::CategoryChoice| match self.lang {
            Lang::ZhTw => c.name.replace('/', " / "),
            Lang::En => c.name_en.clone(),
        };
        self.choices.categories.iter().map(|c| Choice::new(&c.path, name(c))).collect()
    }

    fn authorities(&self) -> Vec<Choice> {
        let name =
            |a: &super::choices::OrganisationChoice| self.lang.pick(&a.name, Some(&a.name_en)).to_owned();
        self.choices.authorities.iter().map(|a| Choice::new(a.id.as_str(), name(a))).collect()
    }

    /// The file that is kept in a field, and those before it (R47).
    fn files(&self, purpose: Purpose, kept: &str) -> (Option<KeptFile>, Vec<KeptFile>) {
        let of = self.uploads.iter().filter(|u| u.purpose == purpose);
        let (now, earlier): (Vec<_>, Vec<_>) = of.partition(|u| u.id.to_string() == kept);
        let about = |u: &&Upload| kept_file(self.lang, u);
        (now.first().map(about), earlier.iter().map(about).collect())
    }

    /// The form as it was filled in, section by section, to be read.
    pub fn facts(&self) -> Vec<(String, Facts)> {
        spec::of(self.form)
            .iter()
            .map(|section| {
                let mut facts = Facts::default();
                for spot in section.spots {
                    match spot {
                        Spot::One(field) => {
                            facts = facts.cells(label(self.lang, field.key), self.cells(field, field.path));
                        }
                        Spot::Rows(rows) => facts = self.row_facts(rows, facts),
                    }
                }
                (label(self.lang, section.key), facts)
            })
            .filter(|(_, facts)| !facts.facts.is_empty())
            .collect()
    }

    fn row_facts(&self, rows: &RowsSpec, mut facts: Facts) -> Facts {
        let filled = self.fields.rows(rows.path);
        let list = label(self.lang, rows.key);
        if filled.is_empty() {
            return facts.text(list, "");
        }
        if let [only] = rows.fields {
            let cells = filled.iter().flat_map(|row| self.cells(only, &only.in_row(rows.path, *row)));
            return facts.cells(list, cells.collect());
        }
        for row in filled {
            let cells = rows.fields.iter().filter_map(|field| {
                let path = field.in_row(rows.path, row);
                let cells = self.cells(field, &path);
                let said: Vec<String> = cells.iter().filter_map(said).collect();
                (!said.is_empty()).then(|| {
                    let name = label(self.lang, field.key);
                    Cell::Text(format!(
                        "{name}{}{}",
                        self.lang.colon(),
                        said.join(self.lang.pick("、", Some(", ")))
                    ))
                })
            });
            facts = facts.cells(format!("{list} {}", row + 1), cells.collect());
        }
        facts
    }

    /// What one field says, in words. Of a path that the form does not have, what is kept.
    pub fn answer(&self, path: &str) -> Cell {
        let text = self.fields.text(path).trim().to_owned();
        match field_of(self.form, path).map(|(_, field)| field) {
            Some(field) if field.ask == Ask::Datasets => Cell::Text(self.dataset(&text)),
            Some(field) => self.cells(field, path).pop().unwrap_or(Cell::Nothing),
            None => Cell::Text(text),
        }
    }

    fn dataset(&self, id: &str) -> String {
        let name = self.choices.dataset_name(self.lang, id);
        if name == id { id.to_owned() } else { format!("{name}（{id}）") }
    }

    fn cells(&self, spec: &FieldSpec, path: &str) -> Vec<Cell> {
        let text = self.fields.text(path).trim();
        if spec.ask == Ask::Datasets {
            let names = values(self.fields, path);
            let name = |id: &String| Cell::Text(self.dataset(id));
            return if names.is_empty() { vec![Cell::Nothing] } else { names.iter().map(name).collect() };
        }
        if spec.ask == Ask::Tick {
            return vec![Cell::Text(self.lang.t(if is_ticked(text) { "form-yes" } else { "form-no" }))];
        }
        if text.is_empty() {
            return vec![Cell::Nothing];
        }
        let chosen = |choices: Vec<Choice>| {
            choices.into_iter().find(|c| c.value == text).map_or_else(|| text.to_owned(), |c| c.label)
        };
        vec![match spec.ask {
            Ask::Line(TextKind::Date, _) => Cell::Text(shown_day(text)),
            Ask::Category => Cell::Text(text.replace('/', " / ")),
            Ask::Authority => Cell::Text(self.choices.authority_name(self.lang, text).to_owned()),
            Ask::Verification => Cell::Text(chosen(verifications(self.lang))),
            Ask::OrganisationKind => Cell::Text(chosen(organisation_kinds(self.lang))),
            Ask::Method => Cell::Text(chosen(methods(self.lang))),
            Ask::Take => Cell::Text(chosen(takes(self.lang))),
            Ask::File(purpose) => match self.files(purpose, text).0 {
                Some(file) => {
                    Cell::Links(vec![Link::new(format!("{}（{}）", file.name, file.about), file.href)])
                }
                None => Cell::Nothing,
            },
            _ => Cell::Text(text.to_owned()),
        }]
    }
}

fn said(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn asks_for_datasets(spot: &Spot) -> bool {
    match spot {
        Spot::One(field) => field.ask == Ask::Datasets,
        Spot::Rows(rows) => rows.fields.iter().any(|field| field.ask == Ask::Datasets),
    }
}

fn is_ticked(text: &str) -> bool {
    matches!(text.trim(), "yes" | "true" | "on" | "1")
}

/// A day that is kept as a common date is shown as the ROC date that people write.
fn shown_day(text: &str) -> String {
    match read_day(text) {
        Ok(day) if text == day.to_string() => roc(day),
        _ => text.to_owned(),
    }
}

/// How many rows a list has, empty ones counted.
pub fn row_count(fields: &Fields, list: &str) -> usize {
    let begin = format!("{list}[");
    let row = |path: &str| path.strip_prefix(&begin)?.split_once(']')?.0.parse::<usize>().ok();
    let rows = fields.iter().filter_map(|(path, _)| row(path)).filter(|row| *row < 10_000);
    rows.max().map_or(0, |row| row + 1)
}

/// The values of a list of plain texts.
fn values(fields: &Fields, path: &str) -> Vec<String> {
    let rows = fields.rows(path).into_iter();
    rows.map(|row| fields.text(&format!("{path}[{row}]")).trim().to_owned()).collect()
}

/// A file as a page names it: size, version and moment (R47).
pub fn kept_file(lang: Lang, upload: &Upload) -> KeptFile {
    let at = RocDateTime::new(upload.uploaded_at.to_timestamp()).date_time(lang);
    let args = [("size", size(upload.bytes).into()), ("version", upload.version.into()), ("at", at.into())];
    KeptFile {
        name: upload.name.clone(),
        about: i18n::t(lang, "form-kept-file", &args),
        href: format!("{ROOT}/uploads/{}", upload.id),
    }
}

/// How files of a purpose are called.
fn accept(purpose: Purpose) -> &'static str {
    static ACCEPT: std::sync::LazyLock<Vec<(Purpose, String)>> = std::sync::LazyLock::new(|| {
        Purpose::ALL.into_iter().map(|purpose| (purpose, endings(kind::accepted(purpose)))).collect()
    });
    ACCEPT.iter().find(|(known, _)| *known == purpose).map_or("", |(_, text)| text.as_str())
}

fn verifications(lang: Lang) -> Vec<Choice> {
    let choice =
        |v: &Verification| Choice::new(v.code(), format!("{} {}", verification_name(lang, *v), v.code()));
    Verification::ALL.iter().map(choice).collect()
}

fn organisation_kinds(lang: Lang) -> Vec<Choice> {
    vec![
        Choice::new("agency", lang.t("form-kind-agency")).hint(lang.t("form-kind-agency.how")),
        Choice::new("private", lang.t("form-kind-private")).hint(lang.t("form-kind-private.how")),
    ]
}

fn methods(lang: Lang) -> Vec<Choice> {
    vec![Choice::new("GET", lang.t("form-method-get")), Choice::new("POST", lang.t("form-method-post"))]
}

fn takes(lang: Lang) -> Vec<Choice> {
    let name = |take: Take| {
        lang.t(match take {
            Take::Preview => "form-take-preview",
            Take::Save => "form-take-save",
            Take::Both => "form-take-both",
        })
    };
    Take::ALL.into_iter().map(|take| Choice::new(take.as_str(), name(take))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_name() {
        for (form, path, name) in [
            (FormKind::Dataset, "name", "資料集名稱"),
            (FormKind::Dataset, "parameter[2].key", "DP-API自訂參數 3：鍵值"),
            (FormKind::Dataset, "field[0]", "資料集欄位 1"),
            (FormKind::Dataset, "dp_ip", "DP-API網址對應IP"),
            (FormKind::Service, "dataset[1]", "需求資料集"),
            (FormKind::CounterService, "case[0].required[1]", "案件 1：必要資料集"),
            (FormKind::GoLiveDataset, "production.client_ip[1]", "連線至MyDataAPIs之主機IP位置 2"),
            (FormKind::Dataset, "no_such", "no_such"),
        ] {
            assert_eq!(path_label(Lang::ZhTw, form, path), name, "{path}");
        }
        for form in FormKind::ALL {
            for (rows, field) in spec::fields(form) {
                let path = rows.map_or_else(|| field.path.to_owned(), |r| field.in_row(r.path, 0));
                assert_ne!(path_label(Lang::En, form, &path), path, "{form:?}");
            }
        }
    }

    #[test]
    fn days_are_shown_as_people_write_them() {
        assert_eq!(shown_day("2026-11-21"), "115/11/21");
        for typed in ["115.11.21", "115/13/41", "", "soon"] {
            assert_eq!(shown_day(typed), typed);
        }
    }
}
