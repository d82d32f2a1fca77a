//! The little markup of texts that the operating side writes: headings, paragraphs, lists, bold words and links.
//!
//! ```text
//! # A heading          ## A smaller one
//! - a point            1. a numbered point
//! **bold**             [words](https://example.gov.tw)
//! ```
//!
//! A blank line parts paragraphs. It refuses to know HTML: what looks like it is text, and whoever draws the document
//! escapes every word. What is no markup stands as it was typed.

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading {
        /// 1 or 2.
        level: u8,
        /// Its words.
        words: Vec<Span>,
    },
    /// A paragraph, line by line.
    Paragraph(Vec<Vec<Span>>),
    /// A list.
    List {
        /// Numbered.
        numbered: bool,
        /// Its points.
        points: Vec<Vec<Span>>,
    },
}

/// Words of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Plain.
    Text(String),
    /// Bold.
    Strong(String),
    /// A link.
    Link {
        /// Its words.
        words: String,
        /// Where it leads: https, a mail address, or a page of the platform.
        to: String,
    },
}

/// Reads a document. There is none that cannot be read; the cost is that of reading it once.
pub fn read(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() {
            open = false;
            continue;
        }
        if let Some((level, words)) = heading(line) {
            blocks.push(Block::Heading { level, words: spans(words) });
            open = false;
        } else if let Some((is_numbered, words)) = point(line) {
            match blocks.last_mut() {
                Some(Block::List { numbered, points }) if open && *numbered == is_numbered => {
                    points.push(spans(words));
                }
                _ => blocks.push(Block::List { numbered: is_numbered, points: vec![spans(words)] }),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(lines)) if open => lines.push(spans(line)),
                _ => blocks.push(Block::Paragraph(vec![spans(line)])),
            }
            open = true;
        }
    }
    blocks
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let (level, words) = match line.strip_prefix("## ") {
        Some(words) => (2, words),
        None => (1, line.strip_prefix("# ")?),
    };
    let words = words.trim();
    (!words.is_empty()).then_some((level, words))
}

fn point(line: &str) -> Option<(bool, &str)> {
    if let Some(words) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, words.trim()));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let words = line[digits..].strip_prefix(". ")?;
    (1..=3).contains(&digits).then(|| (true, words.trim()))
}

fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['*', '[']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((span, after)) = strong(rest).or_else(|| link(rest)) {
            if !plain.is_empty() {
                spans.push(Span::Text(std::mem::take(&mut plain)));
            }
            spans.push(span);
            rest = after;
        } else {
            // Both signs are one byte long.
            plain.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        spans.push(Span::Text(plain));
    }
    spans
}

/// Longest words of one span: what is longer is no span, so that a line of signs costs no more than its length.
const MAX_SPAN: usize = 2_000;

/// The text up to a sign that must come soon.
fn up_to<'t>(text: &'t str, sign: &str) -> Option<(&'t str, &'t str)> {
    let mut end = text.len().min(MAX_SPAN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let at = text[..end].find(sign)?;
    Some((&text[..at], &text[at + sign.len()..]))
}

fn strong(text: &str) -> Option<(Span, &str)> {
    let (words, after) = up_to(text.strip_prefix("**")?, "**")?;
    (!words.trim().is_empty()).then(|| (Span::Strong(words.to_owned()), after))
}

fn link(text: &str) -> Option<(Span, &str)> {
    let (words, rest) = up_to(text.strip_prefix('[')?, "](")?;
    let (to, after) = up_to(rest, ")")?;
    let fits = !words.trim().is_empty() && !words.contains(['[', ']']) && leads_somewhere_safe(to);
    fits.then(|| (Span::Link { words: words.to_owned(), to: to.to_owned() }, after))
}

/// https, a mail address, or a path of ours.
fn leads_somewhere_safe(to: &str) -> bool {
    if !to.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\')) {
        return false;
    }
    if let Some(mail) = to.strip_prefix("mailto:") {
        return crate::forms::reader::mail(mail).is_some();
    }
    if to.starts_with('/') {
        return !to.starts_with("//");
    }
    to.starts_with("https://") && url::Url::parse(to).is_ok_and(|url| url.username().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Vec<Span> {
        vec![Span::Text(words.to_owned())]
    }

    #[test]
    fn a_document_is_read() {
        let document = read(
            "# 一、適用範圍\n本條款適用於\n**機關單位**。\n\n- 甲\n- 乙\n1. 丙\n\n## 小節\n見[官網](https://mydata.example/a)。",
        );
        assert_eq!(
            document,
            [
                Block::Heading { level: 1, words: text("一、適用範圍") },
                Block::Paragraph(vec![
                    text("本條款適用於"),
                    vec![Span::Strong("機關單位".to_owned()), Span::Text("。".to_owned())]
                ]),
                Block::List { numbered: false, points: vec![text("甲"), text("乙")] },
                Block::List { numbered: true, points: vec![text("丙")] },
                Block::Heading { level: 2, words: text("小節") },
                Block::Paragraph(vec![vec![
                    Span::Text("見".to_owned()),
                    Span::Link { words: "官網".to_owned(), to: "https://mydata.example/a".to_owned() },
                    Span::Text("。".to_owned())
                ]]),
            ]
        );
    }

    #[test]
    fn what_is_no_markup_stands_as_it_was_typed() {
        for plain in [
            "<script>alert(1)</script>",
            "**",
            "** **",
            "*重要*",
            "[甲](javascript:alert(1))",
            "[甲](//evil.example)",
            "[甲](https://a@evil.example)",
            "[甲](http://plain.example)",
            "[甲](mailto:nobody)",
            "[甲]",
            "#無空白",
            "1999. 太長的編號",
            "𠮷[",
        ] {
            assert_eq!(read(plain), [Block::Paragraph(vec![text(plain)])], "{plain}");
        }
        assert!(read(" \n\n\t").is_empty());
    }

    #[test]
    fn a_long_text_costs_its_length() {
        assert_eq!(read(&"第 1 條 示範。\n\n".repeat(10_000)).len(), 10_000);
        let signs = "[*".repeat(50_000);
        assert_eq!(read(&signs), [Block::Paragraph(vec![text(&signs)])]);
    }
}
