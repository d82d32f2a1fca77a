//! A box that says something.

use askama::Template;

/// How it is meant; also said by its words, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Calm,
    /// It went well.
    Good,
    /// Look here.
    Warn,
    /// It did not work.
    Bad,
}

/// A box.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/notice.html")]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// Its heading, where it has one.
    pub title: Option<String>,
    /// What it says; a blank line parts paragraphs.
    pub text: String,
}

impl Notice {
    /// A box without heading.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, title: None, text: text.into() }
    }

    /// With a heading.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    fn class(&self) -> &'static str {
        match self.tone {
            Tone::Calm => "calm",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.text.split("\n\n").filter(|p| !p.trim().is_empty())
    }
}
