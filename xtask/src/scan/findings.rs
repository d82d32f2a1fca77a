//! What the scanners found, in one form, compared with what is explained in docs/security/scan.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// One finding. The same thing found twice is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Who found it.
    pub tool: &'static str,
    /// What it is called there.
    pub kind: String,
    /// Method and path, ids replaced.
    pub place: String,
    /// The rest, for whoever looks into it.
    pub detail: String,
}

/// A row of the list: tool, kind, place (`*` at its end stands for anything), reason.
#[derive(Debug, PartialEq, Eq)]
struct Explained {
    tool: String,
    kind: String,
    place: String,
}

impl Explained {
    fn explains(&self, finding: &Finding) -> bool {
        let place = match self.place.strip_suffix('*') {
            Some(begin) => finding.place.starts_with(begin),
            None => finding.place == self.place,
        };
        self.tool == finding.tool && self.kind == finding.kind && place
    }
}

/// The failures and errors of a report of schemathesis.
pub fn of_schemathesis(report: &Value) -> Result<Vec<Finding>> {
    let tested = report["operations"]["tested"].as_u64().unwrap_or_default();
    let total = report["operations"]["total"].as_u64().unwrap_or_default();
    ensure!(tested > 0 && tested == total, "schemathesis tried {tested} of {total} operations");
    let mut found = Vec::new();
    for one in ["failures", "errors"].iter().flat_map(|list| report[*list].as_array().into_iter().flatten()) {
        let kind = text(one, "title").or_else(|| text(one, "type")).unwrap_or_else(|| "error".to_owned());
        let places = one["operations"].as_array().cloned().unwrap_or_default();
        let places = if places.is_empty() { vec![one["operation"].clone()] } else { places };
        for place in places {
            let place = place.as_str().unwrap_or("?").to_owned();
            found.push(Finding { tool: "schemathesis", kind: kind.clone(), place, detail: String::new() });
        }
    }
    Ok(found)
}

/// The vulnerabilities, anomalies and remarks of a report of wapiti.
pub fn of_wapiti(visitor: &str, report: &Value) -> Result<Vec<Finding>> {
    let pages = report["infos"]["crawled_pages_nbr"].as_u64().unwrap_or_default();
    ensure!(pages > 3, "wapiti saw {pages} pages as {visitor}: that is no scan");
    let mut found = Vec::new();
    for list in ["vulnerabilities", "anomalies"] {
        let kinds =
            report[list].as_object().with_context(|| format!("a report of wapiti without `{list}`"))?;
        for (kind, all) in kinds {
            for one in all.as_array().into_iter().flatten() {
                let method = text(one, "method").unwrap_or_default();
                let path = text(one, "path").unwrap_or_default();
                let info = text(one, "info").unwrap_or_default();
                let parameter = text(one, "parameter").unwrap_or_default();
                found.push(Finding {
                    tool: "wapiti",
                    kind: kind.clone(),
                    place: format!("{method} {}", general(&path)),
                    detail: format!("as {visitor}: {info} {parameter}"),
                });
            }
        }
    }
    Ok(found)
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// A path without what differs from one demo to the next.
fn general(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let id = segment.len() >= 16 && segment.chars().filter(char::is_ascii_digit).count() >= 4;
        if id { "{id}" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The rows of the tables in the list.
fn explained(list: &str) -> Vec<Explained> {
    let rows = list.lines().filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'));
    let rows = rows
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>());
    rows.filter(|cells| cells.len() == 4 && ["schemathesis", "wapiti"].contains(&cells[0].as_str()))
        // A row without a reason explains nothing.
        .filter(|cells| !cells[3].is_empty())
        .map(|mut cells| Explained { tool: cells.remove(0), kind: cells.remove(0), place: cells.remove(0) })
        .collect()
}

/// Prints every finding; true when each is explained in the file.
pub fn judge(found: Vec<Finding>, file: &Path) -> Result<bool> {
    let list = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (table, unknown) = compare(found, &explained(&list));
    print!("{table}");
    if unknown > 0 {
        println!(
            "{unknown} findings are not explained: mend them, or give the reason in docs/security/scan.md"
        );
    }
    Ok(unknown == 0)
}

/// The table, and how many findings nobody explained.
fn compare(found: Vec<Finding>, list: &[Explained]) -> (String, usize) {
    let mut groups: BTreeMap<(bool, &'static str, String, String), Vec<String>> = BTreeMap::new();
    for finding in found {
        let known = list.iter().any(|row| row.explains(&finding));
        let details = groups.entry((known, finding.tool, finding.kind, finding.place)).or_default();
        if !details.contains(&finding.detail) {
            details.push(finding.detail);
        }
    }
    let unknown = groups.keys().filter(|(known, ..)| !known).count();
    let mut table = format!("{} findings, {} of them explained\n", groups.len(), groups.len() - unknown);
    for ((known, tool, kind, place), details) in &groups {
        let mark = if *known { "explained" } else { "NEW      " };
        table.push_str(&format!("{mark}  {tool:<12}  {kind}: {place}\n"));
        if !known {
            for detail in details.iter().take(3) {
                table.push_str(&format!("             {}\n", detail.trim()));
            }
        }
    }
    (table, unknown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: &str = "\
# What the scanners find\n\n| tool | finding | where | why it is none |\n| --- | --- | --- | --- |\n\
| wapiti | Secure Flag cookie | `GET /` | the demo speaks plain http |\n\
| wapiti | Internal Server Error | `GET /a/*` | |\n\
| schemathesis | Something | `GET /service/*` | a reason |\n";

    fn finding(tool: &'static str, kind: &str, place: &str) -> Finding {
        Finding { tool, kind: kind.to_owned(), place: place.to_owned(), detail: "as nobody".to_owned() }
    }

    #[test]
    fn what_is_not_explained_counts() {
        let list = explained(LIST);
        assert_eq!(list.len(), 2, "a row without a reason explains nothing");
        let found = vec![
            finding("wapiti", "Secure Flag cookie", "GET /"),
            finding("wapiti", "Secure Flag cookie", "GET /"),
            finding("wapiti", "Secure Flag cookie", "GET /login"),
            finding("wapiti", "Internal Server Error", "GET /a/b"),
            finding("schemathesis", "Something", "GET /service/data"),
            finding("wapiti", "Something", "GET /service/data"),
        ];
        let (table, unknown) = compare(found, &list);
        assert_eq!(unknown, 3, "{table}");
        assert!(table.starts_with("5 findings, 2 of them explained\n"), "{table}");
    }

    #[test]
    fn reports_are_read_and_empty_scans_refused() {
        let wapiti = json!({
            "infos": { "crawled_pages_nbr": 20 },
            "anomalies": {},
            "vulnerabilities": { "CRLF Injection": [
                { "method": "GET", "path": "/record/0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30?a=b", "info": "i", "parameter": "a" }
            ], "Backup file": [] }
        });
        let found = of_wapiti("citizen", &wapiti).unwrap();
        assert_eq!((found.len(), found[0].place.as_str()), (1, "GET /record/{id}"));
        assert!(of_wapiti("citizen", &json!({ "infos": { "crawled_pages_nbr": 1 } })).is_err());
        let schemathesis = json!({
            "operations": { "total": 5, "tested": 5 },
            "failures": [{ "title": "Server error", "operations": ["GET /a", "GET /b"] }],
            "errors": [],
        });
        assert_eq!(of_schemathesis(&schemathesis).unwrap().len(), 2);
        assert!(of_schemathesis(&json!({ "operations": { "total": 5, "tested": 4 } })).is_err());
    }
}
