//! A font while a paper is set: how wide its letters are, and which of them were used.

use std::collections::BTreeMap;

use subsetter::GlyphRemapper;
use ttf_parser::GlyphId;

use super::font::{Font, FontError};

/// What stands for a character that the font does not have (the geta mark of printers), and what stands for that.
const ABSENT: [char; 2] = ['〓', '?'];

/// A font, and which of its letters were used.
pub(super) struct Face<'f> {
    pub(super) font: &'f Font,
    pub(super) parsed: ttf_parser::Face<'f>,
    /// The letters that were used, under the numbers that they get in the paper.
    pub(super) used: GlyphRemapper,
    /// What each of them says, by its number in the paper.
    pub(super) says: BTreeMap<u16, char>,
    /// The number in the font of each number in the paper.
    pub(super) of: BTreeMap<u16, GlyphId>,
}

/// A letter as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    /// Its number in the paper.
    pub(super) glyph: u16,
    /// The character that it stands for where the font has no letter of its own for that.
    pub(super) instead_of: Option<char>,
}

impl<'f> Face<'f> {
    pub(super) fn new(font: &'f Font) -> Result<Self, FontError> {
        let parsed = ttf_parser::Face::parse(&font.data, font.index)
            .map_err(|reason| FontError::NoFont { file: font.file.clone(), reason })?;
        Ok(Self { font, parsed, used: GlyphRemapper::new(), says: BTreeMap::new(), of: BTreeMap::new() })
    }

    /// Thousandths of the letter's size.
    pub(super) fn thousandths(&self, units: i32) -> f32 {
        let per_em = f32::from(self.parsed.units_per_em());
        #[expect(clippy::cast_precision_loss, reason = "units of a font are small")]
        let units = units as f32;
        units * 1000.0 / per_em
    }

    /// The width of a letter, in thousandths of its size.
    pub(super) fn advance(&self, glyph: GlyphId) -> f32 {
        self.thousandths(i32::from(
            self.parsed.glyph_hor_advance(glyph).unwrap_or(self.parsed.units_per_em()),
        ))
    }

    /// The width of a character in multiples of its size.
    pub(super) fn em(&self, character: char) -> f32 {
        if !is_drawn(character) {
            return 0.0;
        }
        self.advance(self.shape(character).0) / 1000.0
    }

    /// The letters of a text; from now on they count as used.
    pub(super) fn letters(&mut self, text: &str) -> Vec<Letter> {
        let mut letters = Vec::with_capacity(text.len());
        for character in text.chars().filter(|c| is_drawn(*c)) {
            let (shape, shown) = self.shape(character);
            let glyph = self.used.remap(shape.0);
            self.says.entry(glyph).or_insert(shown);
            self.of.entry(glyph).or_insert(shape);
            letters.push(Letter { glyph, instead_of: (shown != character).then_some(character) });
        }
        letters
    }

    /// The letter of a character, and the character that this letter shows.
    fn shape(&self, character: char) -> (GlyphId, char) {
        let find = |c: char| Some((self.parsed.glyph_index(c)?, c));
        // Spaces of any kind look alike.
        let plain = if character.is_whitespace() && character != '　' { ' ' } else { character };
        find(plain).or_else(|| ABSENT.into_iter().find_map(find)).unwrap_or((GlyphId(0), '\u{fffd}'))
    }
}

/// Controls and what steers the direction of writing have no shape, and would reorder what is read.
pub(super) fn is_drawn(character: char) -> bool {
    !(character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
}
