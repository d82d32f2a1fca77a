//! Reads JSON (RFC 8259) into a tree with places. Strict: no comments, no trailing commas, no key twice.

use super::tree::{Builder, Fault, Node, Place, Value, Why};

/// Reads a whole text.
///
/// # Errors
/// Where and why it is no JSON, or over the limits.
pub fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { rest: text, at: Place { line: 1, column: 1 } };
    let mut builder = Builder::default();
    // What may come: a value, or what follows one.
    let mut open: Vec<char> = Vec::new();
    let mut value_wanted = true;
    let mut just_opened = false;
    loop {
        reader.space();
        let at = reader.at;
        let Some(c) = reader.peek() else {
            if value_wanted || !open.is_empty() {
                return reader.fault("the text ends too early");
            }
            break;
        };
        if value_wanted {
            if just_opened && Some(&c) == open.last() {
                reader.next();
                open.pop();
                builder.end()?;
                (value_wanted, just_opened) = (false, false);
                continue;
            }
            just_opened = false;
            if builder.wants_key() {
                if c != '"' {
                    return reader.fault("a key in quotation marks is wanted");
                }
                let key = reader.string()?;
                builder.key(at, key)?;
                reader.space();
                if reader.next() != Some(':') {
                    return fault(at, "a colon is wanted after this key");
                }
                continue;
            }
            match c {
                '[' => {
                    reader.next();
                    builder.list(at)?;
                    open.push(']');
                    just_opened = true;
                    continue;
                }
                '{' => {
                    reader.next();
                    builder.map(at)?;
                    open.push('}');
                    just_opened = true;
                    continue;
                }
                '"' => {
                    let text = reader.string()?;
                    builder.value(at, Value::Text(text))?;
                }
                '-' | '0'..='9' => {
                    let number = reader.number()?;
                    builder.value(at, Value::Number(number))?;
                }
                _ => {
                    let value = reader.word()?;
                    builder.value(at, value)?;
                }
            }
            value_wanted = false;
        } else {
            match (c, open.last()) {
                (',', Some(_)) => {
                    reader.next();
                    value_wanted = true;
                }
                (c, Some(close)) if c == *close => {
                    reader.next();
                    open.pop();
                    builder.end()?;
                }
                (_, Some(']')) => return reader.fault("a comma or ] is wanted"),
                (_, Some(_)) => return reader.fault("a comma or } is wanted"),
                (_, None) => return reader.fault("something follows after the end"),
            }
        }
    }
    builder.finish().ok_or_else(|| grammar(Place { line: 1, column: 1 }, "the text is empty"))
}

struct Reader<'a> {
    rest: &'a str,
    at: Place,
}

fn grammar(at: Place, why: &str) -> Fault {
    Fault { at, why: Why::Grammar(why.to_owned()) }
}

fn fault<T>(at: Place, why: &str) -> Result<T, Fault> {
    Err(grammar(at, why))
}

impl Reader<'_> {
    fn fault<T>(&self, why: &str) -> Result<T, Fault> {
        fault(self.at, why)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.at = Place { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let at = self.at;
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            if word.len() > 20 {
                break;
            }
            word.push(c);
            self.next();
        }
        match word.as_str() {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => fault(at, "a value is wanted here"),
        }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let at = self.at;
        let mut number = String::new();
        while let Some(c) = self.peek().filter(|c| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')) {
            number.push(c);
            self.next();
        }
        if is_number(&number) { Ok(number) } else { fault(at, "this is no number as JSON writes it") }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let begins = self.at;
        self.next();
        let mut out = String::new();
        loop {
            let at = self.at;
            match self.next() {
                None => return fault(begins, "this text does not end"),
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape(at)?),
                Some(c) if u32::from(c) < 0x20 => {
                    return fault(at, "a control character must be written as an escape inside a text");
                }
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, at: Place) -> Result<char, Fault> {
        const BAD: &str = "there is no such escape";
        Ok(match self.next() {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.four(at)?;
                let code = match first {
                    0xd800..=0xdbff => {
                        if self.next() != Some('\\') || self.next() != Some('u') {
                            return fault(at, BAD);
                        }
                        let second = self.four(at)?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return fault(at, BAD);
                        }
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                match char::from_u32(code) {
                    Some(c) => c,
                    None => return fault(at, BAD),
                }
            }
            _ => return fault(at, BAD),
        })
    }

    fn four(&mut self, at: Place) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|c| c.to_digit(16));
            match digit {
                Some(digit) => code = code * 16 + digit,
                None => return fault(at, "four hexadecimal digits are wanted after \\u"),
            }
        }
        Ok(code)
    }
}

/// The grammar of RFC 8259 §6.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, Some(e.strip_prefix(['+', '-']).unwrap_or(e))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((w, f)) => (w, Some(f)),
        None => (mantissa, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoffice::upload::tree::MAX_DEPTH;

    fn place(text: &str) -> (usize, usize) {
        let fault = read(text).unwrap_err();
        (fault.at.line, fault.at.column)
    }

    #[test]
    fn values_know_their_places() {
        let node =
            read("{\n  \"名\": [1, -2.5e+3, true, null, \"a\\u00e9\\ud83d\\ude00\\n\"],\n  \"空\": {}\n}")
                .unwrap();
        let list = node.get("名").unwrap();
        assert_eq!((list.at.line, list.at.column), (2, 8));
        assert_eq!(list.items()[1].value, Value::Number("-2.5e+3".to_owned()));
        assert_eq!(list.items()[4].text(), Some("aé😀\n"));
        assert!(node.get("空").unwrap().entries().is_empty());
        assert!(read("[]").unwrap().items().is_empty());
    }

    #[test]
    fn faults_know_their_places() {
        assert_eq!(place("{\"a\": 1,}"), (1, 9));
        assert_eq!(place("{\"a\" 1}"), (1, 2));
        assert_eq!(place("[1,\n 2\n 3]"), (3, 2));
        assert_eq!(place("[1, 02]"), (1, 5));
        assert_eq!(place("{\"a\":1}\nx"), (2, 1));
        assert_eq!(place("[\"ab\tc\"]"), (1, 5));
        assert_eq!(place("[\"a\\x\"]"), (1, 4));
        assert_eq!(place("[\"\\ud800\"]"), (1, 3));
        assert_eq!(place("{\"a\":1,\n\"a\":2}"), (2, 1));
        assert_eq!(place("{'a':1}"), (1, 2));
        assert_eq!(place("[1"), (1, 3));
        assert_eq!(place("tru"), (1, 1));
        assert_eq!(place("\"abc"), (1, 1));
        assert_eq!(place(""), (1, 1));
        assert_eq!(place("[,1]"), (1, 2));
        assert_eq!(place("// c\n1"), (1, 1));
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert_eq!(read(&deep).unwrap_err().why, Why::TooDeep);
        let many = format!("[{}1]", "1,".repeat(400_000));
        assert_eq!(read(&many).unwrap_err().why, Why::TooMany);
    }

    #[test]
    fn reads_what_the_usual_reader_reads_and_nothing_else() {
        use proptest::prelude::*;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::new(ProptestConfig::with_cases(20_000));
        let texts = proptest::collection::vec(
            proptest::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"a\"",
                "\"b\"",
                "1",
                "-0",
                "1.5",
                "1e9",
                "01",
                "true",
                "null",
                " ",
                "\n",
                "\"\\u0041\"",
                "nul",
            ]),
            0..14,
        )
        .prop_map(|parts| parts.concat());
        runner
            .run(&texts, |text| {
                let usual = serde_json::from_str::<serde_json::Value>(&text);
                let ours = read(&text);
                let twice = matches!(&ours, Err(Fault { why: Why::Twice { .. }, .. }));
                // Numbers are kept as they are written here; the usual reader wants them to fit into 64 bits.
                let huge = usual.as_ref().is_err_and(|e| e.to_string().contains("number out of range"));
                prop_assert!(usual.is_ok() == ours.is_ok() || twice || huge, "{text:?} {usual:?} {ours:?}");
                Ok(())
            })
            .unwrap();
    }
}
