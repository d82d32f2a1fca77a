//! The payload's JSON, read as a stream: members in any order, `data` handed on while it comes (R125).

use std::io::Write;

use memchr::memchr2;
use mydata_wire::token::DATA_PREFIX;
use serde::de::IgnoredAny;

use super::OpenError;
use super::content::Content;

/// Longest name or value of any member but `data`, as it stands in the JSON.
const MAX_COLLECTED: usize = 16 * 1024;
/// Deepest nesting of a member that is passed over.
const MAX_DEPTH: usize = 32;

/// Takes the JSON in pieces of any size.
pub(super) struct Payload<W> {
    state: State,
    /// The raw name or value that is being collected.
    raw: Vec<u8>,
    name: String,
    filename: Option<String>,
    data_seen: bool,
    /// How much of the prefix of `data` was seen.
    prefix: usize,
    content: Content<W>,
}

#[derive(Clone, Copy)]
enum State {
    /// Before `{`.
    Begin,
    /// After `{` (`first`: an empty object may end here) or after `,`.
    BeforeName { first: bool },
    /// Inside a name; `escaped`: the next byte belongs to an escape.
    Name { escaped: bool },
    /// Before `:`.
    Colon,
    /// Before a value.
    BeforeValue,
    /// Inside the string `data`; an escape is collected in `raw`.
    Data { escape: bool },
    /// Inside another value.
    Other { depth: usize, string: bool, escaped: bool },
    /// After a value.
    AfterValue,
    /// After `}`.
    End,
}

fn bad(reason: &'static str) -> OpenError {
    OpenError::Payload { reason }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<W: Write> Payload<W> {
    pub(super) fn new(content: Content<W>) -> Self {
        Self {
            state: State::Begin,
            raw: Vec::new(),
            name: String::new(),
            filename: None,
            data_seen: false,
            prefix: 0,
            content,
        }
    }

    pub(super) fn feed(&mut self, mut json: &[u8]) -> Result<(), OpenError> {
        while !json.is_empty() {
            json = match self.state {
                State::Data { escape: false } => self.data(json)?,
                _ => {
                    self.byte(json[0])?;
                    &json[1..]
                }
            };
        }
        Ok(())
    }

    /// The long string, without looking at each byte of it.
    fn data<'j>(&mut self, json: &'j [u8]) -> Result<&'j [u8], OpenError> {
        let Some(at) = memchr2(b'"', b'\\', json) else {
            self.characters(json)?;
            return Ok(&[]);
        };
        self.characters(&json[..at])?;
        if json[at] == b'"' {
            if self.prefix < DATA_PREFIX.len() {
                return Err(OpenError::DataPrefix);
            }
            if !self.content.is_whole() {
                return Err(OpenError::DataBase64);
            }
            self.state = State::AfterValue;
        } else {
            self.raw.clear();
            self.raw.extend_from_slice(b"\"\\");
            self.state = State::Data { escape: true };
        }
        Ok(&json[at + 1..])
    }

    /// Unescaped characters of `data`.
    fn characters(&mut self, text: &[u8]) -> Result<(), OpenError> {
        let missing = &DATA_PREFIX.as_bytes()[self.prefix..];
        let here = missing.len().min(text.len());
        if text[..here] != missing[..here] {
            return Err(OpenError::DataPrefix);
        }
        self.prefix += here;
        self.content.feed(&text[here..])
    }

    fn collect(&mut self, byte: u8) -> Result<(), OpenError> {
        if self.raw.len() == MAX_COLLECTED {
            return Err(bad("has a member that is too long"));
        }
        self.raw.push(byte);
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), OpenError> {
        self.state = match self.state {
            State::Begin if is_blank(byte) => return Ok(()),
            State::Begin if byte == b'{' => State::BeforeName { first: true },
            State::Begin => return Err(bad("is not a JSON object")),

            State::BeforeName { .. } if is_blank(byte) => return Ok(()),
            State::BeforeName { first: true } if byte == b'}' => State::End,
            State::BeforeName { .. } if byte == b'"' => {
                self.raw.clear();
                self.collect(byte)?;
                State::Name { escaped: false }
            }
            State::BeforeName { .. } => return Err(bad("is not JSON: the name of a member is missing")),

            State::Name { escaped } => {
                self.collect(byte)?;
                if escaped || byte != b'"' {
                    State::Name { escaped: !escaped && byte == b'\\' }
                } else {
                    self.name = self.string("is not JSON: the name of a member is broken")?;
                    State::Colon
                }
            }
            State::Colon if is_blank(byte) => return Ok(()),
            State::Colon if byte == b':' => State::BeforeValue,
            State::Colon => return Err(bad("is not JSON: a colon is missing")),

            State::BeforeValue if is_blank(byte) => return Ok(()),
            State::BeforeValue if self.name == "data" => {
                if byte != b'"' {
                    return Err(bad("has a member data that is not a string"));
                }
                if std::mem::replace(&mut self.data_seen, true) {
                    return Err(bad("has the member data twice"));
                }
                State::Data { escape: false }
            }
            State::BeforeValue => {
                self.raw.clear();
                self.other(byte, 0, false, false)?
            }

            State::Data { .. } => {
                self.collect(byte)?;
                let whole = match self.raw[2] {
                    b'u' => self.raw.len() == 7,
                    _ => true,
                };
                if !whole {
                    return Ok(());
                }
                self.raw.push(b'"');
                let unescaped = self.string("is not JSON: data has a broken escape")?;
                self.characters(unescaped.as_bytes())?;
                State::Data { escape: false }
            }
            State::Other { depth, string, escaped } => self.other(byte, depth, string, escaped)?,

            State::AfterValue if is_blank(byte) => return Ok(()),
            State::AfterValue if byte == b',' => State::BeforeName { first: false },
            State::AfterValue if byte == b'}' => State::End,
            State::AfterValue => return Err(bad("is not JSON: a comma is missing")),

            State::End if is_blank(byte) => return Ok(()),
            State::End => return Err(bad("has something behind its JSON object")),
        };
        Ok(())
    }

    /// One byte of a value that is not `data`: collected, judged at its end.
    fn other(&mut self, byte: u8, depth: usize, string: bool, escaped: bool) -> Result<State, OpenError> {
        let scalar = depth == 0 && !string && !matches!(byte, b'"' | b'{' | b'[');
        if scalar && (is_blank(byte) || matches!(byte, b',' | b'}' | b']')) {
            self.value()?;
            return Ok(match byte {
                b',' => State::BeforeName { first: false },
                b'}' => State::End,
                b']' => return Err(bad("is not JSON: a bracket is out of place")),
                _ => State::AfterValue,
            });
        }
        self.collect(byte)?;
        let (depth, string, escaped) = match byte {
            _ if string && escaped => (depth, true, false),
            b'\\' if string => (depth, true, true),
            b'"' => (depth, !string, false),
            _ if string => (depth, true, false),
            b'{' | b'[' if depth == MAX_DEPTH => return Err(bad("is nested too deeply")),
            b'{' | b'[' => (depth + 1, false, false),
            // At depth 0 a closing bracket was taken as the end of a scalar above.
            b'}' | b']' => (depth - 1, false, false),
            _ => return Ok(State::Other { depth, string, escaped }),
        };
        if depth == 0 && !string {
            self.value()?;
            return Ok(State::AfterValue);
        }
        Ok(State::Other { depth, string, escaped })
    }

    /// A whole value that is not `data`.
    fn value(&mut self) -> Result<(), OpenError> {
        if self.name == "filename" {
            let filename = self.string("has a member filename that is not a string")?;
            if self.filename.replace(filename).is_some() {
                return Err(bad("has the member filename twice"));
            }
            return Ok(());
        }
        serde_json::from_slice::<IgnoredAny>(&self.raw)
            .map(|_| ())
            .map_err(|_| bad("is not JSON: a member has a broken value"))
    }

    fn string(&self, reason: &'static str) -> Result<String, OpenError> {
        serde_json::from_slice(&self.raw).map_err(|_| bad(reason))
    }

    /// The whole payload was fed.
    pub(super) fn finish(&self) -> Result<(), OpenError> {
        match self.state {
            State::End if self.filename.is_none() => Err(bad("lacks the member filename")),
            State::End if !self.data_seen => Err(bad("lacks the member data")),
            State::End => Ok(()),
            _ => Err(bad("ends inside its JSON object")),
        }
    }

    pub(super) fn into_parts(self) -> Result<(String, Content<W>), OpenError> {
        let filename = self.filename.ok_or_else(|| bad("lacks the member filename"))?;
        Ok((filename, self.content))
    }
}
