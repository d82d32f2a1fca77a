//! Papers as PDF (R57): A4 with numbered pages, the letters embedded from a font of the machine. Reads no database and
//! decides nothing; without a font that has Chinese characters it makes no paper rather than one that nobody can read.

mod face;
mod font;
mod layout;
mod write;

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use font::{Font, FontError};

use crate::web::Lang;

/// A paper: what stands on it, from top to bottom.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The language of its reader.
    pub lang: Lang,
    /// What it is.
    pub title: String,
    /// Its number; stands at the foot of every page.
    pub number: String,
    /// What it says.
    pub parts: Vec<Part>,
    /// Where somebody signs, side by side.
    pub signs: Vec<String>,
    /// When it was made.
    pub made: String,
}

/// A part of a paper.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Its heading.
    pub heading: Option<String>,
    /// Terms and what they are.
    pub rows: Vec<(String, String)>,
    /// What it says when there are no rows.
    pub empty: String,
}

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// There is no font to write it with.
    #[error(transparent)]
    Font(#[from] FontError),
    /// The font cannot be cut down to the letters that are needed.
    #[error(
        "the font {file} cannot be cut down to the letters of a paper: {source}; name another in print.font"
    )]
    Subset {
        /// The font's file.
        file: String,
        /// Why.
        source: subsetter::Error,
    },
    /// The writer of the file format failed.
    #[error("a PDF could not be written: {0}")]
    Write(#[from] lopdf::Error),
    /// The same, at its last step.
    #[error("a PDF could not be written: {0}")]
    Save(#[from] std::io::Error),
}

/// The font of a running platform: looked for when the first paper is asked for, and kept once it was found.
#[derive(Debug, Default)]
pub struct Fonts(OnceLock<Arc<Font>>);

impl Fonts {
    /// The font: the configured one, or the first that is found where systems keep theirs.
    ///
    /// # Errors
    /// See [`FontError`]. It is looked for again at the next call, so a font can be installed while the platform runs.
    pub fn get(&self, configured: Option<&Path>) -> Result<Arc<Font>, FontError> {
        if let Some(font) = self.0.get() {
            return Ok(Arc::clone(font));
        }
        let font = Arc::new(Font::find(configured)?);
        Ok(Arc::clone(self.0.get_or_init(|| font)))
    }
}

/// Writes a paper.
///
/// # Errors
/// See [`PdfError`].
pub fn write(paper: &Paper, font: &Font, made: jiff::Timestamp) -> Result<Vec<u8>, PdfError> {
    let mut face = face::Face::new(font)?;
    let pages = layout::pages(paper, &mut face);
    write::write(paper, &pages, &face, made)
}

#[cfg(test)]
pub(crate) mod tests;
