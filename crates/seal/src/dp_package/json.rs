//! Whether a file is JSON, read as a stream in constant memory.

use std::io::{self, BufReader, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Deepest nesting of a JSON file.
pub const MAX_DEPTH: usize = 128;

/// Checks that `content` is one JSON value in UTF-8 (a byte order mark is tolerated), nested at most [`MAX_DEPTH`]
/// deep. The outer error is the reader's; the inner one says where the JSON breaks, without repeating any of it.
///
/// # Errors
/// Those of `content`.
pub fn check_json(content: impl Read) -> io::Result<Result<(), String>> {
    let mut text =
        TextReader { inner: content, depth: 0, in_string: false, escaped: false, tail: Utf8::default() };
    // The mark is taken off before the parser sees it.
    let mut head = [0u8; 3];
    let mut filled = 0;
    while filled < 3 {
        match text.inner.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let head = if head == *b"\xef\xbb\xbf" { &[][..] } else { &head[..filled] };
    if let Err(reason) = text.look(head) {
        return Ok(Err(reason.to_owned()));
    }
    let mut parser =
        serde_json::Deserializer::from_reader(head.chain(BufReader::with_capacity(32 * 1024, &mut text)));
    let outcome = IgnoredAny::deserialize(&mut parser).and_then(|_| parser.end());
    drop(parser);
    match outcome {
        Ok(()) if text.tail.left > 0 => Ok(Err("it ends inside a character".to_owned())),
        Ok(()) => Ok(Ok(())),
        Err(e) if e.is_io() => {
            let e = io::Error::from(e);
            match e.downcast::<NotText>() {
                Ok(NotText(reason)) => Ok(Err(reason.to_owned())),
                Err(e) => Err(e),
            }
        }
        Err(e) => Ok(Err(format!("line {}, column {}", e.line(), e.column()))),
    }
}

/// Marks an error of the text among those of the reader.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotText(&'static str);

/// Watches what the parser does not: that the bytes are UTF-8, and how deep they nest.
struct TextReader<R> {
    inner: R,
    depth: usize,
    in_string: bool,
    escaped: bool,
    tail: Utf8,
}

impl<R> TextReader<R> {
    fn look(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.tail.feed(bytes)?;
        for &byte in bytes {
            if self.escaped {
                self.escaped = false;
                continue;
            }
            match byte {
                b'"' => self.in_string = !self.in_string,
                b'\\' if self.in_string => self.escaped = true,
                b'[' | b'{' if !self.in_string => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err("it nests deeper than 128 levels");
                    }
                }
                b']' | b'}' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.look(&buf[..n]).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, NotText(reason)))?;
        Ok(n)
    }
}

/// UTF-8 in pieces: keeps the beginning of a character that a piece ends in.
#[derive(Default)]
struct Utf8 {
    kept: [u8; 4],
    left: usize,
}

impl Utf8 {
    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        const NOT_UTF8: &str = "it is not UTF-8";
        while self.left > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return Ok(()) };
            self.kept[self.left] = next;
            self.left += 1;
            bytes = rest;
            match std::str::from_utf8(&self.kept[..self.left]) {
                Ok(_) => self.left = 0,
                Err(e) if e.error_len().is_some() || self.left == 4 => return Err(NOT_UTF8),
                Err(_) => {}
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(e) if e.error_len().is_some() => Err(NOT_UTF8),
            Err(e) => {
                let begun = &bytes[e.valid_up_to()..];
                self.kept[..begun.len()].copy_from_slice(begun);
                self.left = begun.len();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(buf.len()).min(1);
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn check(json: &[u8]) -> Result<(), String> {
        let whole = check_json(json).unwrap();
        assert_eq!(check_json(Drip(json)).unwrap(), whole, "in one piece and byte by byte");
        whole
    }

    #[test]
    fn accepts_json() {
        for json in [
            "{}",
            " [1, 2.5e3, true, null] ",
            "\"戶籍 𠮷 \\u5e83 \\\" [[[\"",
            "\u{feff}{\"姓名\":\"王小明\"}",
            "1",
        ] {
            assert_eq!(check(json.as_bytes()), Ok(()), "{json}");
        }
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(check(deep.as_bytes()), Ok(()));
    }

    #[test]
    fn refuses_what_is_not() {
        for json in ["", "\u{feff}", "{", "{'a':1}", "{\"a\":1}x", "[1,]", "<html></html>", "[1] [2]"] {
            assert!(check(json.as_bytes()).is_err(), "{json}");
        }
        assert_eq!(check(b"[\"\xa4\xa4\xa4\xe5\"]"), Err("it is not UTF-8".to_owned()), "Big5");
        assert!(check(b"\"\xe6\x88").is_err(), "ends inside a character");
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        assert_eq!(check(deep.as_bytes()), Err("it nests deeper than 128 levels".to_owned()));
    }

    #[test]
    fn errors_do_not_repeat_the_content() {
        let error = check(b"{\"id\": A123456789}").unwrap_err();
        assert!(!error.contains("A123456789"), "{error}");
    }
}
