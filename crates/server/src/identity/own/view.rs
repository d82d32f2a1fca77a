//! The page of an attempt: what is asked for, in which fields.

use askama::Template;

use crate::web::{Chrome, FormTarget};

/// The page.
#[derive(Template)]
#[template(path = "identity_own.html")]
pub struct OwnPage {
    /// The frame.
    pub chrome: Chrome,
    /// The heading.
    pub title: String,
    /// What to do.
    pub lead: String,
    /// What happened before.
    pub notice: Option<String>,
    /// What a card is to sign.
    pub card: Option<CardPart>,
    /// The form.
    pub submit: FormTarget,
    /// Whether files are posted.
    pub files: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Its button.
    pub go: String,
    /// Sends another one-time password.
    pub again: Option<FormTarget>,
    /// Back without a proof.
    pub cancel: FormTarget,
}

/// The part of the page for cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPart {
    /// What is to be signed.
    pub challenge: String,
    /// Where it lies as a file.
    pub file: String,
    /// The component that signs it.
    pub component: Option<Component>,
}

/// The citizen's card component: a program that answers on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Where the form goes.
    pub address: String,
    /// What goes with it.
    pub hidden: Vec<(&'static str, String)>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, which is its id, too.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// How it is filled in.
    pub hint: Option<String>,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// What stands in it.
    pub value: String,
    /// Its kind.
    pub input: Input,
}

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A line; `numeric`: of digits.
    Line {
        /// Which characters a phone offers.
        numeric: bool,
        /// What browsers may fill in.
        complete: &'static str,
        /// Longest.
        max: u32,
    },
    /// A line that nobody else may read on the screen.
    Hidden {
        /// Longest.
        max: u32,
    },
    /// Several lines.
    Area,
    /// A file.
    File,
    /// One of these: value and label.
    Choice(Vec<(String, String)>),
}

impl OwnPage {
    fn mends(&self) -> usize {
        self.fields.iter().filter(|field| field.fault.is_some()).count()
    }
}

impl Field {
    /// A line of text.
    pub fn line(name: &str, label: String, max: u32) -> Self {
        Self {
            name: name.to_owned(),
            label,
            hint: None,
            fault: None,
            value: String::new(),
            input: Input::Line { numeric: false, complete: "off", max },
        }
    }

    /// The same with another input.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// What the field is described by.
    fn described(&self) -> String {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.name));
        let fault = self.fault.is_some().then(|| format!("{}-fault", self.name));
        hint.into_iter().chain(fault).collect::<Vec<_>>().join(" ")
    }
}
