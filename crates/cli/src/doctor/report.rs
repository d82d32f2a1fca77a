//! What the doctor found: a line each.

use serde::Serialize;
use serde_json::{Value, json};

use crate::output::plain;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fine.
    Ok,
    /// It works, but somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    subject: String,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Something is fine.
    pub fn ok(&mut self, subject: &str, what: impl Into<String>) {
        self.0.push(Finding { level: Level::Ok, subject: subject.to_owned(), what: what.into(), mend: None });
    }

    /// Somebody should look at something.
    pub fn warn(&mut self, subject: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.add(Level::Warn, subject, what.into(), mend.into());
    }

    /// Something does not work.
    pub fn fail(&mut self, subject: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.add(Level::Fail, subject, what.into(), mend.into());
    }

    fn add(&mut self, level: Level, subject: &str, what: String, mend: String) {
        self.0.push(Finding { level, subject: subject.to_owned(), what, mend: Some(mend) });
    }

    /// Whether something does not work.
    pub fn failed(&self) -> bool {
        self.worst() == Level::Fail
    }

    fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// A line each.
    pub fn to_text(&self) -> String {
        let line = |finding: &Finding| {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Warn => "warn",
                Level::Fail => "fail",
            };
            let mend = finding.mend.as_ref().map(|mend| format!(" — {mend}")).unwrap_or_default();
            format!("{level:<5} {}\n", plain(&format!("{}: {}{mend}", finding.subject, finding.what)))
        };
        self.0.iter().map(line).collect()
    }

    /// The same as a value.
    pub fn to_json(&self) -> Value {
        json!({ "outcome": self.worst(), "findings": self.0 })
    }
}
