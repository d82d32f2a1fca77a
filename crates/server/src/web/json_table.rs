//! Any JSON as something a person can read: objects as lists of name and value, arrays of objects as tables.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::i18n::{Lang, escape, t};

/// Rows of an array that are shown; a note tells how many there are.
const MAX_ITEMS: usize = 100;
/// Columns a table may have; wider objects are shown one below the other.
const MAX_COLUMNS: usize = 8;
/// Levels that are shown; what lies deeper is only counted.
const MAX_DEPTH: usize = 6;
/// Characters of one text that are shown.
const MAX_TEXT: usize = 2_000;
/// Values shown in all, so that no document makes a page that a phone cannot hold.
const MAX_VALUES: usize = 5_000;

/// `value` as HTML; everything in it is escaped.
pub fn render(lang: Lang, value: &Value) -> String {
    let mut renderer = Renderer { lang, html: String::new(), values: 0 };
    renderer.value(value, 0);
    if renderer.values > MAX_VALUES {
        let note = t(lang, "json-cut", &[]);
        let _ = write!(renderer.html, "<p class=\"hint\">{}</p>", escape(&note));
    }
    renderer.html
}

struct Renderer {
    lang: Lang,
    html: String,
    values: usize,
}

impl Renderer {
    fn note(&mut self, key: &str, args: &[(&'static str, usize)]) {
        let args: Vec<_> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
        let text = escape(&t(self.lang, key, &args));
        let _ = write!(self.html, "<p class=\"hint\">{text}</p>");
    }

    fn value(&mut self, value: &Value, depth: usize) {
        self.values += 1;
        if self.values > MAX_VALUES {
            return;
        }
        match value {
            Value::Null => self.empty(),
            Value::Bool(flag) => {
                let text = self.lang.t(if *flag { "json-yes" } else { "json-no" });
                self.html.push_str(&escape(&text));
            }
            Value::Number(number) => {
                let _ = write!(self.html, "<span class=\"figure\">{number}</span>");
            }
            Value::String(text) => self.text(text),
            Value::Array(items) if items.is_empty() => self.empty(),
            Value::Object(object) if object.is_empty() => self.empty(),
            Value::Array(items) if depth >= MAX_DEPTH => {
                self.note("json-deeper", &[("count", items.len())]);
            }
            Value::Object(object) if depth >= MAX_DEPTH => {
                self.note("json-deeper", &[("count", object.len())]);
            }
            Value::Object(object) => self.object(object, depth),
            Value::Array(items) => self.array(items, depth),
        }
    }

    fn empty(&mut self) {
        let text = escape(&self.lang.t("json-empty"));
        let _ = write!(self.html, "<span class=\"hint\">{text}</span>");
    }

    fn text(&mut self, text: &str) {
        if text.trim().is_empty() {
            return self.empty();
        }
        let shown: String = text.chars().take(MAX_TEXT).collect();
        self.html.push_str(&escape(&shown));
        if shown.len() < text.len() {
            self.html.push('…');
            self.note("json-text-cut", &[("shown", MAX_TEXT), ("total", text.chars().count())]);
        }
    }

    fn object(&mut self, object: &Map<String, Value>, depth: usize) {
        self.html.push_str("<dl class=\"json\">");
        for (name, value) in object {
            let wide = if is_structure(value) { " class=\"wide\"" } else { "" };
            let _ = write!(self.html, "<div{wide}><dt>{}</dt><dd>", escape(name));
            self.value(value, depth + 1);
            self.html.push_str("</dd></div>");
            if self.values > MAX_VALUES {
                break;
            }
        }
        self.html.push_str("</dl>");
    }

    fn array(&mut self, items: &[Value], depth: usize) {
        let shown = &items[..items.len().min(MAX_ITEMS)];
        match columns(shown) {
            Some(columns) => self.table(&columns, shown, depth),
            None if shown.iter().any(is_structure) => {
                self.html.push_str("<ol class=\"json\">");
                self.items(shown, depth);
                self.html.push_str("</ol>");
            }
            None => {
                self.html.push_str("<ul class=\"json\">");
                self.items(shown, depth);
                self.html.push_str("</ul>");
            }
        }
        if shown.len() < items.len() {
            self.note("json-items-cut", &[("shown", shown.len()), ("total", items.len())]);
        }
    }

    fn items(&mut self, items: &[Value], depth: usize) {
        for item in items {
            self.html.push_str("<li>");
            self.value(item, depth + 1);
            self.html.push_str("</li>");
            if self.values > MAX_VALUES {
                break;
            }
        }
    }

    fn table(&mut self, columns: &[Column<'_>], rows: &[Value], depth: usize) {
        let label = escape(&t(self.lang, "json-table", &[("count", rows.len().into())]));
        let _ =
            write!(self.html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">");
        self.html.push_str("<table><thead><tr>");
        for column in columns {
            let _ = write!(self.html, "<th scope=\"col\">{}</th>", escape(&column.title()));
        }
        self.html.push_str("</tr></thead><tbody>");
        for row in rows.iter().filter_map(Value::as_object) {
            self.html.push_str("<tr>");
            for column in columns {
                self.html.push_str("<td>");
                match column.cell(row) {
                    Some(value) => self.value(value, depth + 2),
                    None => self.empty(),
                }
                self.html.push_str("</td>");
            }
            self.html.push_str("</tr>");
            if self.values > MAX_VALUES {
                break;
            }
        }
        self.html.push_str("</tbody></table></div>");
    }
}

fn is_structure(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => false,
    }
}

/// A column: a member, or a member of a member that is itself a plain object.
#[derive(PartialEq)]
struct Column<'a> {
    name: &'a str,
    inner: Option<&'a str>,
}

impl Column<'_> {
    fn title(&self) -> String {
        match self.inner {
            Some(inner) => format!("{} · {inner}", self.name),
            None => self.name.to_owned(),
        }
    }

    fn cell<'v>(&self, row: &'v Map<String, Value>) -> Option<&'v Value> {
        let value = row.get(self.name)?;
        match (self.inner, value) {
            (Some(inner), Value::Object(object)) => object.get(inner),
            (Some(_), _) => None,
            (None, value) => Some(value).filter(|value| !value.is_object()),
        }
    }
}

/// The columns in the order in which members first appear, when the array is one of objects that fit a table.
fn columns(items: &[Value]) -> Option<Vec<Column<'_>>> {
    let mut members: Vec<(&str, Vec<Column<'_>>)> = Vec::new();
    for item in items {
        for (name, value) in item.as_object()? {
            let at = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                members.push((name, Vec::new()));
                members.len() - 1
            });
            let columns = &mut members[at].1;
            for column in cells(name, value)? {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
    }
    let columns: Vec<_> = members
        .into_iter()
        .flat_map(
            |(name, columns)| if columns.is_empty() { vec![Column { name, inner: None }] } else { columns },
        )
        .collect();
    (1..=MAX_COLUMNS).contains(&columns.len()).then_some(columns)
}

/// The columns that a member fills; none when it is empty, `None` when it would make a cell unreadable.
fn cells<'a>(name: &'a str, value: &'a Value) -> Option<Vec<Column<'a>>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Object(object) if object.values().any(is_structure) => None,
        Value::Object(object) => {
            Some(object.keys().map(|inner| Column { name, inner: Some(inner) }).collect())
        }
        Value::Array(values) if values.iter().any(is_structure) => None,
        _ => Some(vec![Column { name, inner: None }]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn zh(value: &Value) -> String {
        render(Lang::ZhTw, value)
    }

    #[test]
    fn objects_become_lists_and_arrays_of_objects_tables() {
        let html = zh(
            &json!({"姓名": "王小明", "未成年": false, "父母": [{"稱謂": "父", "姓名": "王大明"}, {"稱謂": "母"}]}),
        );
        assert!(html.contains("<dt>姓名</dt><dd>王小明</dd>"), "{html}");
        assert!(html.contains("<dd>否</dd>"));
        assert!(html.contains("<th scope=\"col\">稱謂</th>"));
        assert!(html.contains("<td>王大明</td>"));
        assert_eq!(html.matches("<tr>").count(), 3);
    }

    #[test]
    fn plain_objects_in_rows_become_columns() {
        let html = zh(&json!([
            {"日期": "1050401", "由": {"縣市": "虛構市"}, "至": null},
            {"日期": "1100901", "由": {"縣市": "示範縣", "鄉鎮": "虛構鄉"}, "至": {"縣市": "示範縣"}},
        ]));
        for title in ["日期", "由 · 縣市", "由 · 鄉鎮", "至 · 縣市"] {
            assert!(html.contains(&format!("<th scope=\"col\">{title}</th>")), "{title}: {html}");
        }
        assert_eq!(html.matches("<th scope").count(), 4);
        assert_eq!(html.matches("（空白）").count(), 2);
        let deep = zh(&json!([{"a": {"b": {"c": 1}}}]));
        assert!(!deep.contains("<table"), "{deep}");
    }

    #[test]
    fn nothing_of_a_document_becomes_markup() {
        let html = zh(&json!({"<script>": "<img src=x onerror=alert(1)>", "a\"b": ["&", "'"]}));
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("a&quot;b"));
    }

    #[test]
    fn long_and_deep_documents_are_cut_with_a_note() {
        let many: Vec<Value> = (0..250).map(|n| json!({"n": n})).collect();
        let html = zh(&Value::Array(many));
        assert_eq!(html.matches("<tr>").count(), MAX_ITEMS + 1);
        assert!(html.contains("250"), "{html}");

        let mut deep = json!("bottom");
        for _ in 0..200 {
            deep = json!({ "in": deep });
        }
        let html = zh(&deep);
        assert!(!html.contains("bottom"));
        assert_eq!(html.matches("<dt>").count(), MAX_DEPTH);

        let text = "字".repeat(5_000);
        assert!(zh(&json!(text)).contains("5000"));

        let huge: Vec<Value> = (0..100).map(|_| json!({"list": (0..100).collect::<Vec<u32>>()})).collect();
        let html = zh(&Value::Array(huge));
        assert!(html.len() < 400_000, "{}", html.len());
        assert!(html.contains("只顯示前面的部分"));
    }

    #[test]
    fn empty_values_say_so() {
        for value in [json!(null), json!(""), json!([]), json!({})] {
            assert!(zh(&value).contains("（空白）"), "{value}");
        }
    }
}
