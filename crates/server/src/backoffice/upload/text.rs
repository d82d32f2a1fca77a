//! Texts: JSON, XML, YAML and CSV, each read to its end.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::tree::{Fault, MAX_DEPTH, Place, Why};
use super::{FileKind, Refused, yaml};

/// What a text is. A name that says YAML or CSV decides which of the two is tried first; no name makes a file one.
///
/// # Errors
/// It begins as one and is none, it is a script, or it is nothing that is known.
pub fn kind_of(name: &str, bytes: &[u8]) -> Result<FileKind, Refused> {
    let name = name.to_lowercase();
    let text = match decode(bytes) {
        Ok(text) => text,
        // A text in another encoding, when its name says what it should be; otherwise anything at all.
        Err(fault) => {
            let said = [FileKind::Json, FileKind::Csv, FileKind::Xml, FileKind::Yaml]
                .into_iter()
                .find(|kind| kind.may_be_called(&name) && !bytes.contains(&0));
            return Err(said.map_or(Refused::Unknown, |kind| Refused::Text { kind, fault }));
        }
    };
    let fault = |kind| move |fault| Refused::Text { kind, fault };
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => json(text).map_err(fault(FileKind::Json)).map(|()| FileKind::Json),
        Some(b'<') => xml(text).map(|()| FileKind::Xml),
        _ if FileKind::Csv.may_be_called(&name) => {
            csv(text).map_err(fault(FileKind::Csv)).map(|()| FileKind::Csv)
        }
        _ if FileKind::Yaml.may_be_called(&name) => match yaml::read(text) {
            Ok(node) if node.entries().is_empty() && node.items().is_empty() => Err(Refused::Unknown),
            read => read.map_err(fault(FileKind::Yaml)).map(|_| FileKind::Yaml),
        },
        _ => match csv(text) {
            Ok(()) => Ok(FileKind::Csv),
            Err(_) => match yaml::read(text) {
                Ok(node) if !node.entries().is_empty() || !node.items().is_empty() => Ok(FileKind::Yaml),
                _ => Err(Refused::Unknown),
            },
        },
    }
}

/// The text of a file in UTF-8, without its byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let before = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Fault { at: Place { line, column }, why: Why::NotUtf8 }
    })
}

/// Test data may have more values than an API document: nothing is built here.
fn json(text: &str) -> Result<(), Fault> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let at = Place { line: e.line(), column: e.column().max(1) };
            let words = e.to_string();
            let words = words.split(" at line ").next().unwrap_or_default().to_owned();
            Err(Fault { at, why: Why::Grammar(words) })
        }
    }
}

/// Roots that a browser would run.
const RUNS: [&str; 5] = ["html", "svg", "stylesheet", "transform", "script"];

fn xml(text: &str) -> Result<(), Refused> {
    let kind = FileKind::Xml;
    let start = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<script") {
        return Err(Refused::Active { what: "a web page" });
    }
    let place = |offset: u64| {
        let mut end = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { line: before.matches('\n').count() + 1, column }
    };
    let refused = |at, why| Refused::Text { kind, fault: Fault { at, why } };
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0usize, 0usize);
    loop {
        let event = reader.read_event();
        let here = reader.buffer_position();
        match event {
            Err(e) => {
                return Err(refused(place(reader.error_position()), Why::Grammar(e.to_string())));
            }
            Ok(Event::DocType(_)) => return Err(refused(place(here), Why::Doctype)),
            Ok(Event::Start(tag)) => {
                roots += usize::from(depth == 0);
                judge(&tag, depth == 0).map_err(|why| why.at(place(here)))?;
                depth += 1;
            }
            Ok(Event::Empty(tag)) => {
                roots += usize::from(depth == 0);
                judge(&tag, depth == 0).map_err(|why| why.at(place(here)))?;
            }
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::PI(instruction)) if instruction.starts_with("xml-stylesheet") => {
                return Err(Refused::Active { what: "a style sheet" });
            }
            Ok(Event::Text(words)) if depth == 0 && !words.trim().is_empty() => {
                return Err(refused(place(here), Why::Grammar("a text outside the root".to_owned())));
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
        }
        if depth > MAX_DEPTH {
            return Err(refused(place(here), Why::TooDeep));
        }
        if roots > 1 {
            return Err(refused(place(here), Why::Grammar("a second root begins".to_owned())));
        }
    }
    if roots == 0 || depth > 0 {
        let end = place(text.len() as u64);
        return Err(refused(end, Why::Grammar("the text ends too early".to_owned())));
    }
    Ok(())
}

/// What is wrong with a tag, before its place is known.
enum BadTag {
    Runs,
    Attribute(String),
}

impl BadTag {
    fn at(self, at: Place) -> Refused {
        match self {
            Self::Runs => Refused::Active { what: "a web page or style sheet" },
            Self::Attribute(words) => {
                Refused::Text { kind: FileKind::Xml, fault: Fault { at, why: Why::Grammar(words) } }
            }
        }
    }
}

fn judge(tag: &BytesStart<'_>, root: bool) -> Result<(), BadTag> {
    if root && RUNS.contains(&tag.local_name().as_ref().to_ascii_lowercase().as_str()) {
        return Err(BadTag::Runs);
    }
    for attribute in tag.attributes() {
        attribute.map_err(|e| BadTag::Attribute(e.to_string()))?;
    }
    Ok(())
}

/// A table with at least two columns (RFC 4180), separated by commas or semicolons or tabs.
fn csv(text: &str) -> Result<(), Fault> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t'].into_iter().max_by_key(|s| first.matches(*s).count()).unwrap_or(',');
    let grammar = |at, why: &str| Fault { at, why: Why::Grammar(why.to_owned()) };
    let (mut needed, mut found, mut quoted, mut at_start, mut after_quote) =
        (None, 1usize, false, true, false);
    let mut at = Place { line: 1, column: 1 };
    let mut row_line = 1;
    let mut empty_row = true;
    let mut end_row = |found: usize, line: usize| match needed {
        None if found < 2 => Err(grammar(Place { line, column: 1 }, "a table has at least two columns")),
        None => {
            needed = Some(found);
            Ok(())
        }
        Some(needed) if needed != found => {
            Err(Fault { at: Place { line, column: 1 }, why: Why::Columns { found, needed } })
        }
        Some(_) => Ok(()),
    };
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                at.column += 1;
            }
            '"' if quoted => (quoted, after_quote) = (false, true),
            '\n' if !quoted => {
                if !empty_row {
                    end_row(found, row_line)?;
                }
                (found, at_start, after_quote, empty_row) = (1, true, false, true);
                row_line = at.line + 1;
            }
            '\r' if !quoted => {}
            c if c == separator && !quoted => {
                found += 1;
                (at_start, after_quote, empty_row) = (true, false, false);
            }
            '"' if at_start => (quoted, at_start, empty_row) = (true, false, false),
            _ if after_quote => return Err(grammar(at, "a separator is wanted after a quotation mark")),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {
                return Err(grammar(at, "a control character"));
            }
            _ if quoted => {}
            _ => (at_start, empty_row) = (false, false),
        }
        at = if c == '\n' {
            Place { line: at.line + 1, column: 1 }
        } else {
            Place { column: at.column + 1, ..at }
        };
    }
    if quoted {
        return Err(grammar(at, "a quotation mark is not closed"));
    }
    if !empty_row {
        end_row(found, row_line)?;
    }
    Ok(())
}
