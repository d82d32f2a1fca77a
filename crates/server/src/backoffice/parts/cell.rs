//! What stands in a cell of a table, or beside a term.

use askama::Template;

use super::way::Way;

/// The colour of a chip. Its words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Nothing special.
    Quiet,
    /// Ours.
    Brand,
    /// Well.
    Green,
    /// Waiting for somebody, or soon over.
    Amber,
    /// Stopped.
    Red,
}

/// A state in a word or two.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = "<span class=\"chip {{ class() }}\">{{ text }}</span>", ext = "html")]
pub struct Chip {
    /// Its colour.
    pub colour: Colour,
    /// Its words.
    pub text: String,
}

impl Chip {
    /// A chip.
    pub fn new(colour: Colour, text: impl Into<String>) -> Self {
        Self { colour, text: text.into() }
    }

    fn class(&self) -> &'static str {
        match self.colour {
            Colour::Quiet => "quiet",
            Colour::Brand => "brandish",
            Colour::Green => "green",
            Colour::Amber => "amber",
            Colour::Red => "red",
        }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// What is added for those who hear the link alone, such as the row's name.
    pub about: Option<String>,
    /// Where it leads.
    pub href: String,
}

impl Link {
    /// A link.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), about: None, href: href.into() }
    }

    /// With what it is about, heard and not seen.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/cell.html")]
pub enum Cell {
    /// Nothing to say: a dash.
    Nothing,
    /// Text in one line or more.
    Text(String),
    /// Secondary text.
    Soft(String),
    /// A number; aligned at its end.
    Number(i64),
    /// A name with a line below it, and perhaps a way to its page.
    Name {
        /// The name.
        title: String,
        /// The line below: an id, a number.
        below: Option<String>,
        /// Its page.
        href: Option<String>,
    },
    /// An identifier or secret, in letters of one width.
    Code(String),
    /// A moment: as people read it, and as machines do.
    Moment(String, String),
    /// A state.
    Chip(Chip),
    /// How far it has come.
    Way(Way),
    /// A state, perhaps with others beside it, and below it how far that is on the way.
    Stage(Vec<Chip>, Way),
    /// A state with a line below it: whose turn it is.
    Turn(Chip, String),
    /// Ways on.
    Links(Vec<Link>),
    /// A form of one button: for what a link must not do.
    Button {
        /// Where it posts to.
        action: String,
        /// The token of the page's forms.
        token: String,
        /// What it says.
        label: String,
        /// What it is about, heard and not seen.
        about: String,
    },
}

impl Cell {
    /// A moment in the reader's language.
    pub fn at(lang: crate::web::Lang, at: mydata_domain::Time) -> Self {
        let at = crate::web::RocDateTime::new(at.to_timestamp());
        Self::Moment(at.date_time(lang), at.machine())
    }

    /// What it says, as plain text.
    pub fn words(&self) -> String {
        match self {
            Self::Nothing => "–".to_owned(),
            Self::Text(text) | Self::Soft(text) | Self::Code(text) | Self::Moment(text, _) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Name { title, below, .. } => match below {
                Some(below) => format!("{title}\n{below}"),
                None => title.clone(),
            },
            Self::Chip(chip) => chip.text.clone(),
            Self::Way(way) => way.summary(),
            Self::Stage(chips, _) => {
                chips.iter().map(|chip| chip.text.as_str()).collect::<Vec<_>>().join("、")
            }
            Self::Turn(chip, whose) => format!("{}\n{whose}", chip.text),
            Self::Links(links) => links.iter().map(|link| link.label.as_str()).collect::<Vec<_>>().join("\n"),
            Self::Button { label, .. } => label.clone(),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}
