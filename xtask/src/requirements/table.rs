//! The register itself: a table in Markdown, one row for each requirement.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

/// How far a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Built and shown by at least one test.
    Done,
    /// Not built, or not shown yet.
    Open,
}

impl Status {
    /// As it stands in the table.
    pub fn text(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
        }
    }
}

/// One requirement.
#[derive(Debug)]
pub struct Row {
    /// What is required, in the project's words.
    pub sentence: String,
    /// How far it is.
    pub status: Status,
}

/// Reads all rows, whatever stands between them.
pub fn parse(text: &str) -> Result<BTreeMap<u16, Row>> {
    let mut rows = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let Some(cells) = cells(line) else { continue };
        let at = at + 1;
        let number =
            number(cells[0]).with_context(|| format!("docs/requirements.md:{at}: `{}`", cells[0]))?;
        let status = match cells[2] {
            "done" => Status::Done,
            "open" => Status::Open,
            other => {
                bail!("docs/requirements.md:{at}: the status of R{number} is `{other}`; write done or open")
            }
        };
        let row = Row { sentence: cells[1].to_owned(), status };
        if rows.insert(number, row).is_some() {
            bail!("docs/requirements.md:{at}: R{number} stands twice");
        }
    }
    Ok(rows)
}

/// The same text with the last column written anew.
pub fn with_tests(text: &str, shown: &BTreeMap<u16, BTreeSet<String>>) -> String {
    let mut fresh = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let row = cells(line).and_then(|cells| Some((number(cells[0])?, cells)));
        match row {
            Some((number, [id, sentence, status, _])) => {
                let tests: Vec<String> =
                    shown.get(&number).into_iter().flatten().map(|test| format!("`{test}`")).collect();
                let gap = if tests.is_empty() { "" } else { " " };
                fresh.push_str(&format!("| {id} | {sentence} | {status} |{gap}{} |\n", tests.join("<br>")));
            }
            None => fresh.push_str(line),
        }
    }
    fresh
}

/// The four cells of a row that begins with `| R1`; nothing for any other line.
fn cells(line: &str) -> Option<[&str; 4]> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = inner.splitn(4, '|').map(str::trim);
    let cells = [cells.next()?, cells.next()?, cells.next()?, cells.next()?];
    cells[0].starts_with('R').then_some(cells)
}

fn number(id: &str) -> Option<u16> {
    id.strip_prefix('R')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_written_and_the_rest_kept() {
        let text = "# Title\n\n| # | requirement | status | shown by |\n| --- | --- | --- | --- |\n\
                    | R1 | One. | done | old |\n| R2 | Two. | open | `stale` |\n\nAfter.\n";
        let shown = BTreeMap::from([(1, BTreeSet::from(["a::b".to_owned(), "c::d".to_owned()]))]);
        let fresh = with_tests(text, &shown);
        assert!(fresh.contains("| R1 | One. | done | `a::b`<br>`c::d` |\n"), "{fresh}");
        assert!(fresh.contains("| R2 | Two. | open | |\n"), "{fresh}");
        assert!(fresh.starts_with("# Title\n") && fresh.ends_with("\nAfter.\n"));
        assert_eq!(with_tests(&fresh, &shown), fresh);
    }

    #[test]
    fn an_unknown_status_and_a_second_row_are_refused_with_their_line() {
        let error = parse("| R1 | One. | soon | |\n").unwrap_err().to_string();
        assert_eq!(error, "docs/requirements.md:1: the status of R1 is `soon`; write done or open");
        let error = parse("| R1 | One. | open | |\n| R1 | Two. | open | |\n").unwrap_err().to_string();
        assert_eq!(error, "docs/requirements.md:2: R1 stands twice");
    }
}
