//! A document's tree as tables for the page (R77).

use crate::dp::document::Value;

/// A table, or a heading between tables.
#[derive(Debug, PartialEq, Eq)]
pub enum Table {
    /// A heading.
    Heading(String),
    /// Names and values.
    Pairs(Vec<(String, String)>),
    /// One row for each of several.
    Rows {
        /// The columns' names.
        head: Vec<String>,
        /// The cells.
        rows: Vec<Vec<String>>,
    },
    /// A list without members.
    Nothing,
}

/// The tables of a document.
pub fn of(value: &Value) -> Vec<Table> {
    let mut tables = Vec::new();
    walk(value, &mut tables);
    tables
}

fn walk(value: &Value, tables: &mut Vec<Table>) {
    match value {
        Value::Text(text) => tables.push(Table::Pairs(vec![(String::new(), text.clone())])),
        Value::List(list) if list.is_empty() => tables.push(Table::Nothing),
        Value::List(list) => tables.push(rows(list)),
        Value::Record(fields) => {
            let mut pairs = Vec::new();
            for (name, value) in fields {
                match value {
                    Value::Text(text) => pairs.push((name.clone(), text.clone())),
                    nested => {
                        if !pairs.is_empty() {
                            tables.push(Table::Pairs(std::mem::take(&mut pairs)));
                        }
                        tables.push(Table::Heading(name.clone()));
                        walk(nested, tables);
                    }
                }
            }
            if !pairs.is_empty() {
                tables.push(Table::Pairs(pairs));
            }
        }
    }
}

/// The columns are the names of the first member; whatever does not fit them is put into one cell.
fn rows(list: &[Value]) -> Table {
    let head: Vec<String> = match list.first() {
        Some(Value::Record(fields)) => fields.iter().map(|(name, _)| name.clone()).collect(),
        _ => vec![String::new()],
    };
    let rows = list
        .iter()
        .map(|item| match item {
            Value::Record(fields) => head
                .iter()
                .map(|name| fields.iter().find(|(n, _)| n == name).map(|(_, v)| flat(v)).unwrap_or_default())
                .collect(),
            other => vec![flat(other)],
        })
        .collect();
    Table::Rows { head, rows }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(list) => list.iter().map(flat).collect::<Vec<_>>().join("、"),
        Value::Record(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name}：{}", flat(value)))
            .collect::<Vec<_>>()
            .join("；"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R77: the three shapes that the datasets have.
    #[test]
    fn records_lists_and_nested_lists_become_tables() {
        let person = || Value::record([("姓名", "王小明"), ("關係", "己身")]);
        assert_eq!(
            of(&person()),
            [Table::Pairs(vec![("姓名".into(), "王小明".into()), ("關係".into(), "己身".into())])]
        );
        let list = Table::Rows {
            head: vec!["姓名".into(), "關係".into()],
            rows: vec![vec!["王小明".into(), "己身".into()]],
        };
        assert_eq!(of(&Value::List(vec![person()])), [list]);
        let nested = Value::Record(vec![
            ("年度".into(), Value::text("114")),
            ("土地".into(), Value::List(vec![person()])),
            ("車輛".into(), Value::List(vec![])),
        ]);
        let tables = of(&nested);
        assert_eq!(tables.len(), 5);
        assert_eq!(tables[3..], [Table::Heading("車輛".into()), Table::Nothing]);
    }
}
