//! Fields that repeat. Rows are added and removed by submit buttons, so it works without script: the handler applies
//! [`RowAct`] to what was posted and shows the form again.
//!
//! The fields of row 2 of `addresses` are called `addresses[2].ip`; each row also posts the empty field `addresses[2]`, so
//! that a row with nothing in it is still a row.

use askama::Template;

use super::field::Field;
use crate::web::Lang;

/// Name of the submit buttons: `save`, `add:addresses`, `remove:addresses:2`.
pub const DO: &str = "do";

/// Repeated fields.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/rows.html")]
pub struct Rows {
    /// The reader's language.
    pub lang: Lang,
    /// The group's name.
    pub name: String,
    /// Its heading.
    pub legend: String,
    /// How to fill it in.
    pub hint: Option<String>,
    /// What is wrong with the group as a whole: too few rows.
    pub fault: Option<String>,
    /// The fields of each row; names by [`row_field`].
    pub rows: Vec<Vec<Field>>,
    /// What the adding button says, such as 增加輸入列.
    pub add: String,
    /// So many rows cannot be removed.
    pub least: usize,
    /// No more rows than this.
    pub most: usize,
}

impl Rows {
    /// The element's id, to which the summary of faults leads.
    pub fn id(&self) -> String {
        super::field::field_id(&self.name)
    }
}

/// The name of a field in a row.
pub fn row_field(group: &str, row: usize, field: &str) -> String {
    format!("{group}[{row}].{field}")
}

/// What a submit button asks to be done with rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowAct {
    /// One more row in a group.
    Add(String),
    /// A group without its n-th row.
    Remove(String, usize),
}

impl RowAct {
    /// Reads the value of the button; `None` for every other button.
    pub fn read(button: &str) -> Option<Self> {
        let mut parts = button.split(':');
        match (parts.next()?, parts.next()?, parts.next()) {
            ("add", group, None) => Some(Self::Add(group.to_owned())),
            ("remove", group, Some(row)) => Some(Self::Remove(group.to_owned(), row.parse().ok()?)),
            _ => None,
        }
    }

    /// Applies it to what was posted. A group never gets more than `most` rows.
    pub fn apply(&self, fields: &mut Vec<(String, String)>, most: usize) {
        match self {
            Self::Add(group) => {
                let rows = row_count(fields, group);
                if rows < most {
                    fields.push((format!("{group}[{rows}]"), String::new()));
                }
            }
            Self::Remove(group, gone) => {
                fields.retain(|(name, _)| row_of(name, group).is_none_or(|(row, _)| row != *gone));
                for (name, _) in fields {
                    if let Some((row, rest)) = row_of(name, group)
                        && row > *gone
                    {
                        *name = format!("{group}[{}]{rest}", row - 1);
                    }
                }
            }
        }
    }
}

/// How many rows of a group were posted.
pub fn row_count(fields: &[(String, String)], group: &str) -> usize {
    fields.iter().filter_map(|(name, _)| row_of(name, group)).map(|(row, _)| row + 1).max().unwrap_or(0)
}

/// The row that a field belongs to, and the rest of its name. No form has 10,000 rows.
fn row_of<'n>(name: &'n str, group: &str) -> Option<(usize, &'n str)> {
    let (row, rest) = name.strip_prefix(group)?.strip_prefix('[')?.split_once(']')?;
    let row = row.parse().ok().filter(|row| *row < 10_000)?;
    Some((row, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), format!("value of {name}"))).collect()
    }

    #[test]
    fn rows_come_and_go_and_the_others_keep_their_values() {
        let mut fields =
            posted(&["name", "ip[0]", "ip[0].a", "ip[1]", "ip[1].a", "ip[2]", "ip[2].a", "ipx[2].a"]);
        RowAct::read("remove:ip:1").unwrap().apply(&mut fields, 9);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["name", "ip[0]", "ip[0].a", "ip[1]", "ip[1].a", "ipx[2].a"]);
        assert_eq!(fields[4].1, "value of ip[2].a");
        RowAct::read("add:ip").unwrap().apply(&mut fields, 3);
        assert_eq!(row_count(&fields, "ip"), 3);
        RowAct::read("add:ip").unwrap().apply(&mut fields, 3);
        assert_eq!(row_count(&fields, "ip"), 3, "no more than allowed");
        assert_eq!(RowAct::read("save"), None);
        assert_eq!(RowAct::read("remove:ip:x"), None);
        assert_eq!(row_count(&posted(&["ip[99999999].a"]), "ip"), 0);
    }
}
