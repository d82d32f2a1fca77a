//! What goes to standard output, complete without colour.

use std::io::{self, Write as _};
use std::time::SystemTime;

use serde::Serialize;
use x509_cert::der::DateTime;

/// Writes to standard output. A reader that went away is no error: `| head` is.
pub fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes a value as JSON to standard output.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// A text of somebody else's, fit for a terminal: control characters are shown as what they are.
pub fn plain(text: &str) -> String {
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if unfit(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// A number with its thousands parted.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 file`, `2 files`.
pub fn count(number: usize, thing: &str) -> String {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number))
}

/// A time as RFC 3339, in UTC.
pub fn rfc3339(time: SystemTime) -> String {
    DateTime::from_system_time(time).map_or_else(|_| "beyond reach".to_owned(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_cannot_steer_a_terminal() {
        assert_eq!(plain("戶籍 a\u{1b}[2J\u{202e}b\n"), "戶籍 a\\u{1b}[2J\\u{202e}b\\u{a}");
    }

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(2_000, "file"), "2,000 files");
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }
}
