//! What a refiled form says differently, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

/// One field that differs. A field that was not there before has no `old`, one that is gone no `new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field's path, such as `parameter[2].key`.
    pub field: String,
    /// What it said.
    pub old: Option<String>,
    /// What it says.
    pub new: Option<String>,
}

/// The fields in which two contents differ, in the order of the newer one; what is gone comes last.
pub fn between(old: &Value, new: &Value) -> Vec<Difference> {
    let (before, after) = (fields(old), fields(new));
    let was: BTreeMap<&str, &str> = before.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let is: BTreeMap<&str, &str> = after.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let mut out = Vec::new();
    for (field, new) in &after {
        let old = was.get(field.as_str()).copied();
        if old != Some(new.as_str()) {
            let old = old.map(ToOwned::to_owned);
            out.push(Difference { field: field.clone(), old, new: Some(new.clone()) });
        }
    }
    for (field, old) in &before {
        if !is.contains_key(field.as_str()) {
            out.push(Difference { field: field.clone(), old: Some(old.clone()), new: None });
        }
    }
    out
}

/// Every field of a content with its text, in order. What is empty is left out: it says nothing.
pub fn fields(content: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    walk(content, String::new(), &mut out);
    out
}

fn walk(value: &Value, path: String, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => out.push((path, text.clone())),
        Value::Bool(_) | Value::Number(_) => out.push((path, value.to_string())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{path}[{index}]"), out);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(item, path, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_is_named_with_what_it_said_and_says() {
        let old = json!({ "name": "戶籍", "field": ["姓名", "生日"], "parameter": [{ "key": "YR", "optional": false }], "note": "" });
        let new = json!({ "name": "戶籍資料", "field": ["姓名"], "parameter": [{ "key": "YR", "optional": true }], "minutes": 2 });
        let shown: Vec<_> = between(&old, &new)
            .into_iter()
            .map(|d| (d.field, d.old.unwrap_or_default(), d.new.unwrap_or_default()))
            .collect();
        let expected = [
            ("name", "戶籍", "戶籍資料"),
            ("parameter[0].optional", "false", "true"),
            ("minutes", "", "2"),
            ("field[1]", "生日", ""),
        ]
        .map(|(f, o, n)| (f.to_owned(), o.to_owned(), n.to_owned()));
        assert_eq!(shown, expected);
        assert!(between(&new, &new).is_empty());
    }
}
