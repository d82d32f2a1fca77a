//! What people type, before it means anything: trimmed, bounded, and without characters that make a text look like another.
//!
//! Characters outside the BMP are fine: names have them. Markup is fine too: it is text, and pages escape it.

/// A text is not fit to be kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Nothing is written.
    #[error("nothing is written")]
    Missing,
    /// Over the field's limit.
    #[error("at most {max} characters")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Holds a control character.
    #[error("control characters are not allowed")]
    Control,
    /// Holds a mark that turns the direction of writing.
    #[error("marks that turn the direction of writing are not allowed")]
    Direction,
    /// Holds a character that nobody sees.
    #[error("invisible characters are not allowed")]
    Invisible,
}

/// One line.
///
/// # Errors
/// See [`BadText`].
pub fn line(text: &str, max: usize) -> Result<String, BadText> {
    let text = text.trim();
    check(text, max, |_| false)?;
    Ok(text.to_owned())
}

/// Several lines; line ends become `\n`.
///
/// # Errors
/// See [`BadText`].
pub fn paragraphs(text: &str, max: usize) -> Result<String, BadText> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    check(text, max, |c| matches!(c, '\n' | '\t'))?;
    Ok(text.to_owned())
}

fn check(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<(), BadText> {
    if text.is_empty() {
        return Err(BadText::Missing);
    }
    let mut length = 0;
    for c in text.chars() {
        length += 1;
        match c {
            c if allowed(c) => {}
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => return Err(BadText::Control),
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                return Err(BadText::Direction);
            }
            // Zero-width characters, soft hyphen, fillers, byte order mark, tags; noncharacters. Variation selectors stay: ideographs use them.
            '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2064}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => {
                return Err(BadText::Invisible);
            }
            c if (c as u32) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c) => {
                return Err(BadText::Invisible);
            }
            _ => {}
        }
    }
    if length > max { Err(BadText::TooLong { max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_are_kept() {
        for text in
            ["陳𠮷小玲", "<script>alert(1)</script>", "Ólafur O’Brien", "葛󠄀城", "🦭", "財團法人示範 & 協會"]
        {
            assert_eq!(line(text, 60).as_deref(), Ok(text));
        }
        assert_eq!(line("  示範銀行 ", 4).as_deref(), Ok("示範銀行"));
        assert_eq!(paragraphs("一\r\n二\r三", 9).as_deref(), Ok("一\n二\n三"));
    }

    #[test]
    fn what_deceives_a_reader_is_refused() {
        for (text, why) in [
            ("", BadText::Missing),
            (" \u{3000} ", BadText::Missing),
            ("a\nb", BadText::Control),
            ("a\u{0}b", BadText::Control),
            ("a\u{85}b", BadText::Control),
            ("a\u{2028}b", BadText::Control),
            ("銀\u{202e}行", BadText::Direction),
            ("\u{2067}行", BadText::Direction),
            ("\u{200f}行", BadText::Direction),
            ("銀\u{200b}行", BadText::Invisible),
            ("銀\u{e0041}行", BadText::Invisible),
            ("\u{feff}行", BadText::Invisible),
            ("銀\u{ffff}", BadText::Invisible),
            ("臺臺臺臺臺", BadText::TooLong { max: 4 }),
        ] {
            assert_eq!(line(text, 4), Err(why), "{text:?}");
        }
    }
}
