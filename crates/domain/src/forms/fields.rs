//! A form as it was typed: paths and texts. Nothing is judged here; a draft keeps what it is given.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::filing::diff;

/// Most fields that a form is kept with; what comes after them is dropped, and no form has as many.
const MAX_FIELDS: usize = 4_000;

/// Paths (`name`, `field[0]`, `parameter[2].key`) with what was typed. `Debug` shows no text: it may be personal data.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, String>);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

impl Fields {
    /// Nothing typed.
    pub fn new() -> Self {
        Self::default()
    }

    /// From a submitted form. A name ending in `[]` may come several times and becomes rows: `dataset[]` → `dataset[0]` …
    /// Of any other name the last one counts.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = Self::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (name, text) in pairs {
            let path = match name.strip_suffix("[]") {
                None => name,
                Some(list) => {
                    let count = counts.entry(list.to_owned()).or_default();
                    *count += 1;
                    format!("{list}[{}]", *count - 1)
                }
            };
            fields.set(path, text);
        }
        fields
    }

    /// What a form that was filed would have been typed as, to mend it.
    pub fn from_content(content: &Value) -> Self {
        Self(diff::fields(content).into_iter().collect())
    }

    /// Sets what is typed in a field.
    pub fn set(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let path = path.into();
        if self.0.len() < MAX_FIELDS || self.0.contains_key(&path) {
            self.0.insert(path, text.into());
        }
    }

    /// With a field; for building forms.
    pub fn with(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.set(path, text);
        self
    }

    /// Without a field.
    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// What is typed; empty when the field is not there.
    pub fn text(&self, path: &str) -> &str {
        self.0.get(path).map_or("", String::as_str)
    }

    /// Every field with its text, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The rows of a list that are there, by number: `rows("parameter")` of `parameter[0].key` and `parameter[3].key` is
    /// 0 and 3. Rows in which nothing is typed are left out.
    pub fn rows(&self, list: &str) -> Vec<usize> {
        let open = format!("{list}[");
        let mut rows: Vec<usize> = self
            .0
            .range(open.clone()..)
            .take_while(|(path, _)| path.starts_with(&open))
            .filter(|(_, text)| !text.trim().is_empty())
            .filter_map(|(path, _)| path[open.len()..].split_once(']')?.0.parse().ok())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Takes a row out; the rows after it move up.
    pub fn remove_row(&mut self, list: &str, row: usize) {
        let open = format!("{list}[");
        let old = std::mem::take(&mut self.0);
        for (path, text) in old {
            let place = path.strip_prefix(&open).and_then(|rest| {
                let (number, after) = rest.split_once(']')?;
                Some((number.parse::<usize>().ok()?, after.to_owned()))
            });
            match place {
                Some((number, _)) if number == row => {}
                Some((number, after)) if number > row => {
                    self.0.insert(format!("{open}{}]{after}", number - 1), text);
                }
                _ => {
                    self.0.insert(path, text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_submitted_form_becomes_paths_and_rows() {
        let fields = Fields::from_pairs([
            pair("name", "甲"),
            pair("dataset[]", "API.a"),
            pair("dataset[]", "API.b"),
            pair("parameter[10].key", "K"),
            pair("parameter[2].key", "L"),
            pair("parameter[3].key", "  "),
            pair("parameterless[7]", "x"),
        ]);
        assert_eq!(fields.text("dataset[1]"), "API.b");
        assert_eq!(fields.rows("parameter"), [2, 10]);
        assert_eq!(fields.rows("dataset"), [0, 1]);
        assert!(fields.rows("name").is_empty() && fields.text("nothing").is_empty());
    }

    #[test]
    fn removing_a_row_moves_the_others_up() {
        let mut fields = Fields::new()
            .with("case[0].name", "一")
            .with("case[1].name", "二")
            .with("case[1].required[0]", "x")
            .with("case[2].name", "三")
            .with("case[2].required[1]", "y");
        fields.remove_row("case", 1);
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("case[0].name", "一"), ("case[1].name", "三"), ("case[1].required[1]", "y")]);
    }

    #[test]
    fn what_was_filed_can_be_typed_again() {
        let fields = Fields::from_content(
            &json!({ "name": "甲", "parameter": [{ "key": "K", "optional": true }], "minutes": 3 }),
        );
        assert_eq!(fields.text("parameter[0].optional"), "true");
        assert_eq!(fields.text("minutes"), "3");
        assert_eq!(format!("{fields:?}"), "Fields(4)");
    }
}
