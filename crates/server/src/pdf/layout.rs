//! Where everything stands: texts broken into lines, lines into pages.

use super::face::{Face, Letter, is_drawn};
use super::{Paper, Part};
use crate::web::i18n;

/// A4 in points.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 54.0;
/// The foot of each page.
const FOOT: f32 = 30.0;
const TERM: f32 = 132.0;
const GUTTER: f32 = 10.0;
const TITLE: f32 = 18.0;
const HEADING: f32 = 12.5;
const BODY: f32 = 10.0;
const SMALL: f32 = 8.5;
/// Baseline to baseline, in multiples of the letters' size.
const LEADING: f32 = 1.55;
/// Above and below the text of a row.
const PAD: f32 = 4.0;
/// Room to sign.
const SIGN: f32 = 58.0;

/// Marks that must not begin a line.
const NOT_FIRST: &str = "，。、；：？！）」』】》〉…,.;:?!)]}%";
/// Marks that must not end a line.
const NOT_LAST: &str = "（「『【《〈([{";

/// Something that is drawn, in points from the lower left corner.
pub(super) enum Mark {
    Text { x: f32, y: f32, size: f32, grey: f32, strong: bool, letters: Vec<Letter> },
    Rule { from: (f32, f32), to: (f32, f32), grey: f32 },
}

/// A page.
pub(super) type Page = Vec<Mark>;

/// How a text looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    grey: f32,
    strong: bool,
}

const PLAIN: Style = Style { size: BODY, grey: 0.08, strong: false };
const QUIET: Style = Style { size: BODY, grey: 0.32, strong: false };

/// The pages of a paper.
pub(super) fn pages(paper: &Paper, face: &mut Face<'_>) -> Vec<Page> {
    let mut sheet = Sheet { face, pages: vec![Vec::new()], y: HEIGHT - MARGIN };
    let head = Style { size: TITLE, grey: 0.0, strong: true };
    for line in sheet.broken(&paper.title, TITLE, WIDTH - 2.0 * MARGIN) {
        sheet.line(MARGIN, head, &line);
    }
    sheet.y -= 4.0;
    for part in &paper.parts {
        sheet.part(part);
    }
    sheet.signs(&paper.signs);
    sheet.feet(paper);
    sheet.pages
}

struct Sheet<'s, 'f> {
    face: &'s mut Face<'f>,
    pages: Vec<Page>,
    /// The upper edge of what comes next.
    y: f32,
}

impl Sheet<'_, '_> {
    fn part(&mut self, part: &Part) {
        if let Some(heading) = &part.heading {
            // A heading stays with the first line of what it heads.
            self.room(14.0 + HEADING * LEADING + BODY * LEADING + 2.0 * PAD);
            self.y -= 14.0;
            self.line(MARGIN, Style { size: HEADING, grey: 0.0, strong: true }, heading);
            self.y -= 3.0;
        }
        self.rule(0.55);
        for (term, text) in &part.rows {
            self.row(term, text);
        }
        if part.rows.is_empty() {
            self.y -= PAD;
            self.line(MARGIN, QUIET, &part.empty);
        }
    }

    /// A term and what it is, side by side; both may go over the end of a page.
    fn row(&mut self, term: &str, text: &str) {
        let terms = self.broken(term, BODY, TERM - GUTTER);
        let texts = self.broken(text, BODY, WIDTH - 2.0 * MARGIN - TERM);
        self.y -= PAD;
        for at in 0..terms.len().max(texts.len()) {
            self.room(BODY * LEADING);
            let y = self.y;
            if let Some(term) = terms.get(at) {
                self.line(MARGIN, QUIET, term);
            }
            self.y = y;
            if let Some(text) = texts.get(at) {
                self.line(MARGIN + TERM, PLAIN, text);
            }
            self.y = y - BODY * LEADING;
        }
        self.y -= PAD;
        self.rule(0.82);
    }

    /// Where somebody signs; never over the end of a page.
    fn signs(&mut self, signs: &[String]) {
        if signs.is_empty() {
            return;
        }
        self.room(SIGN + BODY * LEADING + 24.0);
        self.y -= 24.0 + SIGN;
        let each = (WIDTH - 2.0 * MARGIN + GUTTER) / count(signs.len());
        let y = self.y;
        for (at, sign) in signs.iter().enumerate() {
            let x = MARGIN + each * count(at);
            self.mark(Mark::Rule { from: (x, y), to: (x + each - GUTTER, y), grey: 0.35 });
            self.y = y - 3.0;
            self.line(x, Style { size: SMALL, ..QUIET }, sign);
        }
    }

    /// The foot of every page: the paper's number, when it was made, and the page's number.
    fn feet(&mut self, paper: &Paper) {
        let pages = self.pages.len();
        for at in 0..pages {
            let args = [("page", (at + 1).into()), ("pages", pages.into())];
            let number = i18n::t(paper.lang, "paper-page", &args);
            let left = format!("{}　{}", paper.number, paper.made);
            let right = WIDTH - MARGIN - self.wide(&number, SMALL);
            for (x, text) in [(MARGIN, left), (right, number)] {
                let letters = self.face.letters(&text);
                let mark = Mark::Text { x, y: FOOT, size: SMALL, grey: 0.35, strong: false, letters };
                self.pages[at].push(mark);
            }
        }
    }

    /// A new page, unless `height` is left on this one.
    fn room(&mut self, height: f32) {
        if self.y - height < MARGIN {
            self.pages.push(Vec::new());
            self.y = HEIGHT - MARGIN;
        }
    }

    fn line(&mut self, x: f32, style: Style, text: &str) {
        self.room(style.size * LEADING);
        let letters = self.face.letters(text);
        let Style { size, grey, strong } = style;
        self.mark(Mark::Text { x, y: self.y - size * 1.1, size, grey, strong, letters });
        self.y -= size * LEADING;
    }

    fn rule(&mut self, grey: f32) {
        let y = self.y;
        self.mark(Mark::Rule { from: (MARGIN, y), to: (WIDTH - MARGIN, y), grey });
    }

    fn mark(&mut self, mark: Mark) {
        self.pages.last_mut().expect("a sheet begins with a page").push(mark);
    }

    fn wide(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.face.em(c)).sum::<f32>() * size
    }

    /// The lines of a text that are at most `width` points wide, breaks of its own kept.
    fn broken(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        text.lines().flat_map(|line| self.wrapped(line, size, width)).collect()
    }

    fn wrapped(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut used = 0.0;
        for piece in pieces(text) {
            let wide = self.wide(&piece, size);
            let line = lines.last_mut().expect("begins with a line");
            if used + self.wide(piece.trim_end(), size) <= width {
                line.push_str(&piece);
                used += wide;
                continue;
            }
            if !line.is_empty() {
                lines.push(String::new());
                used = 0.0;
            }
            // Alone it may still be wider than a line: an address, a key.
            for character in piece.chars() {
                let wide = self.face.em(character) * size;
                if used + wide > width && used > 0.0 && !character.is_whitespace() {
                    lines.push(String::new());
                    used = 0.0;
                }
                lines.last_mut().expect("begins with a line").push(character);
                used += wide;
            }
        }
        for line in &mut lines {
            line.truncate(line.trim_end().len());
        }
        lines
    }
}

/// What must stay on one line: a Chinese character with the marks around it, a word with the space behind it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last = None;
    for character in text.chars().filter(|c| is_drawn(*c)) {
        let joins = last.is_some_and(|last: char| {
            NOT_FIRST.contains(character)
                || NOT_LAST.contains(last)
                || character.is_whitespace()
                || (is_word(last) && is_word(character))
        });
        match pieces.last_mut() {
            Some(piece) if joins => piece.push(character),
            _ => pieces.push(character.into()),
        }
        last = Some(character);
    }
    pieces
}

fn is_word(character: char) -> bool {
    u32::from(character) < 0x2000 && !character.is_whitespace() && !"/-?&=_".contains(character)
}

fn count(number: usize) -> f32 {
    u8::try_from(number).map_or(255.0, f32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks stay with the character that they belong to, words whole, and nothing steers the direction.
    #[test]
    fn a_text_breaks_where_it_may() {
        assert_eq!(pieces("申請「戶籍」。"), ["申", "請", "「戶", "籍」。"]);
        assert_eq!(pieces("a bank, twice"), ["a ", "bank, ", "twice"]);
        assert_eq!(pieces("ab\u{202e}cd\u{0}"), ["abcd"]);
    }
}
