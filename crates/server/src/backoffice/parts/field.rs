//! One field of a form: label, hint, fault, and what is typed, chosen or sent.

use askama::Template;

use crate::web::Lang;

/// What kind of text a line takes; the browser offers the right keyboard and what it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Any line.
    Line,
    /// A mail address.
    Mail,
    /// An address on the web.
    Url,
    /// A phone number.
    Phone,
    /// A whole number.
    Number,
    /// A date, ROC (115/11/21) or ISO.
    Date,
    /// The name of an account at sign-in.
    Account,
    /// The password at sign-in. Never filled in by the page.
    Password,
    /// A new password. Never filled in by the page.
    NewPassword,
    /// A one-time password.
    Code,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What it says.
    pub label: String,
    /// A line below it.
    pub hint: Option<String>,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None }
    }

    /// With a line below it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A file that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name.
    pub name: String,
    /// Size and moment, in words.
    pub about: String,
    /// Where it is shown or saved.
    pub href: String,
}

/// What the field takes.
#[derive(Debug, Clone)]
pub enum Input {
    /// A line.
    Text(TextKind),
    /// Several lines, so many high.
    Area(u8),
    /// One of several, in a box that opens.
    Select(Vec<Choice>),
    /// One of a few, side by side.
    Radio(Vec<Choice>),
    /// Any of several.
    Checks(Vec<Choice>),
    /// Yes or no; the label stands beside the box.
    Check,
    /// A file; the text says which endings, such as `.pdf,.odt`.
    File(&'static str, Option<KeptFile>),
    /// Nothing: the value is only shown.
    Shown,
}

/// A field.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/field.html")]
pub struct Field {
    /// The reader's language.
    pub lang: Lang,
    /// Its name in the form: `name`, `addresses[0].ip`.
    pub name: String,
    /// What is asked for.
    pub label: String,
    /// How to fill it in, with an example.
    pub hint: Option<String>,
    /// What is to be mended.
    pub fault: Option<String>,
    /// It may stay empty.
    pub optional: bool,
    /// What it takes.
    pub input: Input,
    /// What is filled in or chosen; several for [`Input::Checks`].
    pub values: Vec<String>,
    /// The most characters, where the browser shall stop.
    pub max: Option<u32>,
    /// What a reviewer wrote about it.
    pub comment: Option<String>,
    /// It is needed in some cases only: neither demanded by the browser nor marked as optional.
    pub sometimes: bool,
    /// Files that were sent here before the one that is kept now, newest first.
    pub earlier: Vec<KeptFile>,
    /// A button beside it that submits the form for something of its own: value and label.
    pub button: Option<(&'static str, String)>,
}

impl Field {
    /// A field.
    pub fn new(lang: Lang, name: impl Into<String>, label: impl Into<String>, input: Input) -> Self {
        Self {
            lang,
            name: name.into(),
            label: label.into(),
            hint: None,
            fault: None,
            optional: false,
            input,
            values: Vec::new(),
            max: None,
            comment: None,
            sometimes: false,
            earlier: Vec::new(),
            button: None,
        }
    }

    /// A line of text.
    pub fn line(lang: Lang, name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(lang, name, label, Input::Text(TextKind::Line))
    }

    /// A line of a kind.
    pub fn text(lang: Lang, name: impl Into<String>, label: impl Into<String>, kind: TextKind) -> Self {
        Self::new(lang, name, label, Input::Text(kind))
    }

    /// Several lines.
    pub fn area(lang: Lang, name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(lang, name, label, Input::Area(5))
    }

    /// Filled in.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.values = vec![value.into()];
        self
    }

    /// Chosen.
    pub fn values(mut self, values: Vec<String>) -> Self {
        self.values = values;
        self
    }

    /// Ticked.
    pub fn ticked(self, ticked: bool) -> Self {
        if ticked { self.value("yes") } else { self }
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a fault, where there is one.
    pub fn fault(mut self, fault: Option<String>) -> Self {
        self.fault = fault;
        self
    }

    /// May stay empty.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// With what a reviewer wrote about it, where somebody did.
    pub fn comment(mut self, comment: Option<String>) -> Self {
        self.comment = comment;
        self
    }

    /// Needed in some cases only.
    pub fn sometimes(mut self) -> Self {
        self.optional = true;
        self.sometimes = true;
        self
    }

    /// At most so many characters.
    pub fn max(mut self, chars: u32) -> Self {
        self.max = Some(chars);
        self
    }

    /// The element's id: the name with everything but letters and digits as hyphens.
    pub fn id(&self) -> String {
        field_id(&self.name)
    }

    fn only(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|v| v == value)
    }

    fn is_marked_optional(&self) -> bool {
        self.optional && !self.sometimes
    }

    /// A group of boxes is a fieldset, everything else has a label.
    fn is_group(&self) -> bool {
        matches!(self.input, Input::Radio(_) | Input::Checks(_))
    }

    fn described_by(&self) -> Option<String> {
        let id = self.id();
        let mut ids = Vec::new();
        if self.hint.is_some() {
            ids.push(format!("{id}-hint"));
        }
        if self.comment.is_some() {
            ids.push(format!("{id}-comment"));
        }
        if self.fault.is_some() {
            ids.push(format!("{id}-fault"));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// Type, keyboard and memory of a line.
    fn attributes(kind: &TextKind) -> (&'static str, Option<&'static str>, &'static str) {
        match kind {
            TextKind::Line => ("text", None, "off"),
            TextKind::Mail => ("email", None, "email"),
            TextKind::Url => ("url", None, "off"),
            TextKind::Phone => ("tel", None, "tel"),
            TextKind::Number => ("text", Some("numeric"), "off"),
            TextKind::Date => ("text", None, "off"),
            TextKind::Account => ("text", None, "username"),
            TextKind::Password => ("password", None, "current-password"),
            TextKind::NewPassword => ("password", None, "new-password"),
            TextKind::Code => ("text", Some("numeric"), "one-time-code"),
        }
    }

    /// Passwords are never sent back, not even when something else has to be mended.
    fn shown_value(&self, kind: &TextKind) -> &str {
        match kind {
            TextKind::Password | TextKind::NewPassword | TextKind::Code => "",
            _ => self.only(),
        }
    }
}

/// See [`Field::id`].
pub fn field_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c);
        } else if !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_matches('-').to_owned()
}
