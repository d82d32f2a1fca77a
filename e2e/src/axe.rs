//! axe-core inside the page: WCAG 2.2 A and AA.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::browser::Browser;

/// The rules that must hold.
const TAGS: &[&str] = &["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { runOnly: { type: arguments[0], values: arguments[1] }, resultTypes: ['violations'] })
        .then(result => done({ violations: result.violations }), error => done({ error: String(error) }));
";

/// Fails with a readable list when the page violates a rule.
///
/// # Errors
/// The violations: rule, what it means, where, and what to do.
///
/// # Panics
/// When `MYDATA_TEST_AXE` is not set.
pub async fn assert_accessible(browser: &Browser) -> Result<()> {
    run(browser, "tag", TAGS).await
}

/// The same for single rules, such as `color-contrast` when only the colours have changed.
///
/// # Errors
/// As [`assert_accessible`].
///
/// # Panics
/// As there.
pub async fn assert_rules(browser: &Browser, rules: &[&str]) -> Result<()> {
    run(browser, "rule", rules).await
}

async fn run(browser: &Browser, kind: &str, values: &[&str]) -> Result<()> {
    let file = crate::prepared("MYDATA_TEST_AXE");
    let script = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    // Run by the driver, not by the page: a strict Content-Security-Policy does not forbid it.
    browser.execute(script, vec![]).await.context("axe-core does not load in this page")?;
    let result = browser.execute_async(RUN, vec![serde_json::json!(kind), serde_json::json!(values)]).await?;
    let result = result.json();
    if let Some(error) = result["error"].as_str() {
        bail!("axe-core stopped: {error}");
    }
    let violations = result["violations"].as_array().context("axe-core answered without violations")?;
    if violations.is_empty() {
        return Ok(());
    }
    bail!("{} breaks {} rules:\n{}", browser.current_url().await?, violations.len(), readable(violations))
}

fn readable(violations: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for violation in violations {
        lines.push(format!(
            "- {} ({}): {}  {}",
            text(&violation["id"]),
            text(&violation["impact"]),
            text(&violation["help"]),
            text(&violation["helpUrl"])
        ));
        for node in violation["nodes"].as_array().into_iter().flatten() {
            lines.push(format!("    {} {}", node["target"], text(&node["html"])));
            for line in text(&node["failureSummary"]).lines().skip(1) {
                lines.push(format!("      {}", line.trim()));
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_as_rule_place_and_mend() {
        let violations = serde_json::json!([{
            "id": "label", "impact": "critical", "help": "Form elements must have labels", "helpUrl": "https://rules.example/label",
            "nodes": [{ "target": ["#pid"], "html": "<input id=\"pid\">",
                        "failureSummary": "Fix any of the following:\n  Element has no label" }],
        }]);
        assert_eq!(
            readable(violations.as_array().unwrap()),
            "- label (critical): Form elements must have labels  https://rules.example/label\n    \
             [\"#pid\"] <input id=\"pid\">\n      Element has no label"
        );
    }
}
