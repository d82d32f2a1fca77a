//! Terms and what they are: the definition list of a detail page.

use askama::Template;

use super::cell::Cell;

/// A term and what it is.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The term.
    pub term: String,
    /// What it is; several stand below one another.
    pub values: Vec<Cell>,
}

/// A list of terms.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "backoffice/parts/facts.html")]
pub struct Facts {
    /// The terms.
    pub facts: Vec<Fact>,
}

impl Facts {
    /// Adds a term with a text; without one it says that there is none.
    pub fn text(mut self, term: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let cell = if text.is_empty() { Cell::Nothing } else { Cell::Text(text) };
        self.facts.push(Fact { term: term.into(), values: vec![cell] });
        self
    }

    /// Adds a term.
    pub fn cell(mut self, term: impl Into<String>, value: Cell) -> Self {
        self.facts.push(Fact { term: term.into(), values: vec![value] });
        self
    }

    /// Adds a term with several values.
    pub fn cells(mut self, term: impl Into<String>, values: Vec<Cell>) -> Self {
        self.facts.push(Fact { term: term.into(), values });
        self
    }
}
