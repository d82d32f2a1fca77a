//! A whole form: what needs mending first, then sections, then buttons.

use askama::Template;

use super::cell::Link;
use super::facts::Facts;
use super::field::Field;
use super::notice::Notice;
use super::rows::Rows;
use crate::web::{Lang, i18n};

/// What stands in a section.
#[derive(Debug, Clone)]
pub enum Part {
    /// A field.
    Field(Box<Field>),
    /// Repeated fields.
    Rows(Box<Rows>),
    /// A box.
    Notice(Notice),
    /// Terms that are only shown.
    Facts(Facts),
}

impl From<Field> for Part {
    fn from(field: Field) -> Self {
        Self::Field(Box::new(field))
    }
}

impl From<Rows> for Part {
    fn from(rows: Rows) -> Self {
        Self::Rows(Box::new(rows))
    }
}

impl From<Notice> for Part {
    fn from(notice: Notice) -> Self {
        Self::Notice(notice)
    }
}

impl From<Facts> for Part {
    fn from(facts: Facts) -> Self {
        Self::Facts(facts)
    }
}

/// A part of a form with a heading.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its heading; a form of one section needs none.
    pub title: Option<String>,
    /// A sentence below it.
    pub hint: Option<String>,
    /// What stands in it.
    pub parts: Vec<Part>,
}

/// A submit button. The first one is what the Enter key presses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What it says: a verb.
    pub label: String,
    /// Posted as the field `do`.
    pub value: &'static str,
    /// How it looks.
    pub look: Look,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The page's one primary action.
    Primary,
    /// Any other.
    Plain,
    /// Takes something away.
    Danger,
}

/// A form.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/form.html")]
pub struct Form {
    /// The reader's language.
    pub lang: Lang,
    /// Where it posts to.
    pub action: String,
    /// The token of the page's forms: `frame.token`.
    pub token: String,
    /// Values that are posted along unseen.
    pub hidden: Vec<(String, String)>,
    /// What it is made of.
    pub sections: Vec<Section>,
    /// Its buttons, the one for the Enter key first.
    pub buttons: Vec<Button>,
    /// The way out.
    pub cancel: Option<Link>,
}

impl Form {
    /// A form of one section and one button.
    pub fn simple(lang: Lang, action: impl Into<String>, token: &str, submit: impl Into<String>) -> Self {
        Self {
            lang,
            action: action.into(),
            token: token.to_owned(),
            hidden: Vec::new(),
            sections: vec![Section::default()],
            buttons: vec![Button { label: submit.into(), value: "save", look: Look::Primary }],
            cancel: None,
        }
    }

    /// Adds to the last section.
    pub fn with(mut self, part: impl Into<Part>) -> Self {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            section.parts.push(part.into());
        }
        self
    }

    /// Begins another section.
    pub fn section(mut self, title: impl Into<String>, hint: Option<String>) -> Self {
        self.sections.retain(|section| section.title.is_some() || !section.parts.is_empty());
        self.sections.push(Section { title: Some(title.into()), hint, parts: Vec::new() });
        self
    }

    /// Posts a value along unseen.
    pub fn hide(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }

    /// Adds a button.
    pub fn button(mut self, label: impl Into<String>, value: &'static str, look: Look) -> Self {
        self.buttons.push(Button { label: label.into(), value, look });
        self
    }

    /// With a way out.
    pub fn cancel(mut self, link: Link) -> Self {
        self.cancel = Some(link);
        self
    }

    /// Tells the headings of several forms on one page apart.
    fn key(&self) -> String {
        format!("section-{}", self.buttons.first().map_or("form", |button| button.value))
    }

    /// By which parts of the page outside the form belong to it.
    pub fn id(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let action: String = self.action.chars().map(plain).collect();
        format!("form{action}-{}", self.buttons.first().map_or("only", |button| button.value))
    }

    fn mends_title(&self, count: usize) -> String {
        i18n::t(self.lang, "errors-title", &[("count", count.into())])
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.sections.iter().flat_map(|section| &section.parts)
    }

    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.parts().flat_map(|part| match part {
            Part::Field(field) => std::slice::from_ref(&**field).iter().collect::<Vec<_>>(),
            Part::Rows(rows) => rows.rows.iter().flatten().collect(),
            Part::Notice(_) | Part::Facts(_) => Vec::new(),
        })
    }

    /// Whether it sends files.
    fn sends_files(&self) -> bool {
        self.fields().any(|field| matches!(field.input, super::field::Input::File(..)))
    }

    /// Everything to mend, in the order of the page: id, label, fault.
    pub fn mends(&self) -> Vec<(String, String, String)> {
        let mut mends = Vec::new();
        for part in self.parts() {
            match part {
                Part::Field(field) => mends.extend(mend(field)),
                Part::Rows(rows) => {
                    if let Some(fault) = &rows.fault {
                        mends.push((rows.id(), rows.legend.clone(), fault.clone()));
                    }
                    for (number, row) in rows.rows.iter().enumerate() {
                        let with_row = |(id, label, fault)| {
                            (id, format!("{} {}{}{label}", rows.legend, number + 1, self.lang.colon()), fault)
                        };
                        mends.extend(row.iter().filter_map(mend).map(with_row));
                    }
                }
                Part::Notice(_) | Part::Facts(_) => {}
            }
        }
        mends
    }
}

fn mend(field: &Field) -> Option<(String, String, String)> {
    Some((field.id(), field.label.clone(), field.fault.clone()?))
}

impl Button {
    fn class(&self) -> &'static str {
        match self.look {
            Look::Primary => "button primary",
            Look::Plain => "button",
            Look::Danger => "button danger",
        }
    }
}
