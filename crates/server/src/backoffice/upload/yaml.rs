//! Reads YAML 1.2 into a tree with places. Aliases are written out and count as what they stand for, so that a small text
//! cannot become a large tree; merge keys (`<<`) are ordinary keys, as YAML 1.2 has it.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::tree::{Builder, Fault, MAX_DEPTH, MAX_NODES, Node, Place, Value, Why};

/// Reads a whole text.
///
/// # Errors
/// Where and why it is no YAML, or over the limits.
pub fn read(text: &str) -> Result<Node, Fault> {
    let mut builder = Builder::default();
    // What an anchor stands for, once it is whole; how deep it began, while it is not.
    let mut anchors: HashMap<usize, Option<Node>> = HashMap::new();
    let mut open: Vec<usize> = Vec::new();
    let mut kept = 0;
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| Fault {
            at: Place { line: e.marker().line(), column: e.marker().col() + 1 },
            why: Why::Grammar(e.info().to_owned()),
        })?;
        let at = place(&span);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Fault { at, why: Why::SecondDocument });
                }
            }
            Event::MappingStart(anchor, _) => {
                builder.map(at)?;
                anchors.extend((anchor > 0).then_some((anchor, None)));
                open.push(anchor);
            }
            Event::SequenceStart(anchor, _) => {
                builder.list(at)?;
                anchors.extend((anchor > 0).then_some((anchor, None)));
                open.push(anchor);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                builder.end()?;
                let anchor = open.pop().unwrap_or_default();
                remember(&mut anchors, anchor, &builder, &mut kept)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let forced_text = tag.is_some_and(|t| t.is_yaml_core_schema() && t.suffix == "str");
                let plain = style == ScalarStyle::Plain && !forced_text;
                if builder.wants_key() {
                    if anchor > 0 {
                        let value =
                            if plain { resolve(&text) } else { Value::Text(text.clone().into_owned()) };
                        anchors.insert(anchor, Some(Node { at, value }));
                    }
                    builder.key(at, text.into_owned())?;
                } else {
                    let value = if plain { resolve(&text) } else { Value::Text(text.into_owned()) };
                    builder.value(at, value)?;
                    remember(&mut anchors, anchor, &builder, &mut kept)?;
                }
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(Some(node)) if builder.wants_key() => {
                    let key = node.text().map(ToOwned::to_owned);
                    builder.key(at, key.ok_or(Fault { at, why: Why::KeyNotText })?)?;
                }
                Some(Some(node)) => {
                    // Measured before it is copied.
                    let size = node.size();
                    if size > builder.room() {
                        return Err(Fault { at, why: Why::TooMany });
                    }
                    if builder.depth() + depth(node) > MAX_DEPTH {
                        return Err(Fault { at, why: Why::TooDeep });
                    }
                    let node = Node { at, value: node.value.clone() };
                    builder.put(node, size)?;
                }
                Some(None) => return Err(Fault { at, why: Why::Circle }),
                None => {
                    return Err(Fault { at, why: Why::Grammar("there is no such anchor before".to_owned()) });
                }
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    let empty =
        || Fault { at: Place { line: 1, column: 1 }, why: Why::Grammar("the text is empty".to_owned()) };
    builder.finish().ok_or_else(empty)
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

/// Keeps what an anchor stands for. What is kept counts too: anchors inside anchors would keep the same values many times.
fn remember(
    anchors: &mut HashMap<usize, Option<Node>>,
    anchor: usize,
    builder: &Builder,
    kept: &mut usize,
) -> Result<(), Fault> {
    let Some(node) = builder.last().filter(|_| anchor > 0) else { return Ok(()) };
    *kept += node.size();
    if *kept > MAX_NODES {
        return Err(Fault { at: node.at, why: Why::TooMany });
    }
    anchors.insert(anchor, Some(node.clone()));
    Ok(())
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| depth(node)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A plain scalar by the core schema of YAML 1.2 (§10.3).
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let all = |t: &str, fits: fn(u8) -> bool| !t.is_empty() && t.bytes().all(fits);
    if let Some(octal) = text.strip_prefix("0o") {
        return all(octal, |b| matches!(b, b'0'..=b'7'));
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return all(hexadecimal, |b| b.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((m, e)) => (m, Some(e.strip_prefix(['-', '+']).unwrap_or(e))),
        None => (unsigned, None),
    };
    let digit = |b: u8| b.is_ascii_digit();
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            whole.bytes().chain(fraction.bytes()).all(digit) && !(whole.is_empty() && fraction.is_empty())
        }
        None => all(mantissa, |b| b.is_ascii_digit()),
    };
    mantissa_fits && exponent.is_none_or(|e| all(e, |b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places() {
        let node = read("openapi: 3.1.0\ninfo:\n  title: &t 示範\n  version: \"1\"\n  again: *t\nlist:\n- 1\n- ~\n- !!str 2\n").unwrap();
        assert_eq!(node.get("openapi").unwrap().text(), Some("3.1.0"));
        let info = node.get("info").unwrap();
        assert_eq!((info.at.line, info.get("version").unwrap().text()), (3, Some("1")));
        assert_eq!(info.get("again").unwrap().text(), Some("示範"));
        let (key, value) = &info.entries()[2];
        assert_eq!((key.at.line, key.at.column, value.at.line), (5, 3, 5));
        let list: Vec<_> = node.get("list").unwrap().items().iter().map(|n| n.value.clone()).collect();
        assert_eq!(list, [Value::Number("1".to_owned()), Value::Null, Value::Text("2".to_owned())]);
    }

    #[test]
    fn faults_know_their_places() {
        let fault = |text: &str| read(text).unwrap_err();
        let bad = fault("a: 1\nb: [1, 2\nc: 3\n");
        assert!(bad.at.line >= 2 && matches!(bad.why, Why::Grammar(_)), "{bad}");
        assert!(matches!(
            fault("a: 1\nb: 2\na: 3\n"),
            Fault { at: Place { line: 3, column: 1 }, why: Why::Twice { first: 1, .. } }
        ));
        assert_eq!(fault("a: &x\n  b: *x\n").why, Why::Circle);
        assert!(matches!(fault("a: *nothing\n").why, Why::Grammar(_)));
        assert_eq!(fault("a: 1\n---\nb: 2\n").why, Why::SecondDocument);
        assert_eq!(fault("? [a, b]\n: 1\n").why, Why::KeyNotText);
        assert_eq!(fault(&"[".repeat(200)).why, Why::TooDeep);
        assert!(matches!(fault(&"[".repeat(5_000)).why, Why::Grammar(_) | Why::TooDeep));
        assert!(matches!(fault("").why, Why::Grammar(_)));
    }

    /// A few lines that would become billions of values.
    #[test]
    fn aliases_cannot_grow_without_limit() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (n, c) in ('b'..='j').enumerate() {
            let before = char::from(b'a' + u8::try_from(n).unwrap());
            bomb.push_str(&format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 10].join(", ")));
        }
        assert_eq!(read(&bomb).unwrap_err().why, Why::TooMany);
        // Deep instead of wide.
        let mut bomb = String::from("a0: &a0 [x]\n");
        for n in 1..200 {
            bomb.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
        }
        assert_eq!(read(&bomb).unwrap_err().why, Why::TooDeep);
    }
}
