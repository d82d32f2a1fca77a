//! The last line: `N passed, N failed`.
//!
//! Counted are the tests of nextest (from its JUnit report), the doc tests, and each check (format, clippy, layers,
//! requirements) as one.

use std::fmt;

use anyhow::{Context as _, Result};

/// What passed and what failed.
#[derive(Debug, Default)]
pub struct Tally {
    /// Tests and checks that passed.
    pub passed: u64,
    /// Tests and checks that failed.
    pub failed: u64,
    /// The names of those that failed.
    pub failures: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Tally {
    /// Counts one check.
    pub fn check(&mut self, name: &str, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
            self.failures.push(name.to_owned());
        }
    }

    /// Counts a JUnit report of nextest and returns the number of its failures.
    pub fn junit(&mut self, xml: &str) -> Result<u64> {
        let head = xml.split("<testsuites").nth(1).and_then(|rest| rest.split('>').next());
        let head = head.context("the JUnit report of nextest has no <testsuites>")?;
        let number = |name: &str| -> Result<u64> {
            let value = attribute(head, name).with_context(|| format!("the JUnit report has no `{name}`"))?;
            value.parse().with_context(|| format!("the JUnit report says {name}=\"{value}\""))
        };
        let failed = number("failures")? + number("errors")?;
        self.passed += number("tests")?.saturating_sub(failed);
        self.failed += failed;
        for case in xml.split("<testcase").skip(1) {
            let (head, body) = case.split_once('>').unwrap_or((case, ""));
            let body = body.split("</testcase>").next().unwrap_or_default();
            if !head.ends_with('/') && (body.contains("<failure") || body.contains("<error")) {
                let class = attribute(head, "classname").unwrap_or_default();
                self.failures.push(format!("{class} {}", attribute(head, "name").unwrap_or_default()));
            }
        }
        Ok(failed)
    }

    /// Counts the doc tests.
    pub fn doc_tests(&mut self, counts: &DocTests) {
        self.passed += counts.passed;
        self.failed += counts.failed;
        if counts.failed > 0 {
            self.failures.push(format!("{} doc tests", counts.failed));
        }
    }
}

/// The sums of the lines `test result: … N passed; N failed; …`.
#[derive(Debug, Default)]
pub struct DocTests {
    /// Doc tests that passed.
    pub passed: u64,
    /// Doc tests that failed.
    pub failed: u64,
}

impl DocTests {
    /// Takes one line of the output of `cargo test`; true when it is worth reading.
    pub fn line(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return !line.is_empty() && line != "running 0 tests";
        };
        let count = |what: &str| {
            rest.split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
                .unwrap_or_default()
        };
        let (passed, failed) = (count("passed"), count("failed"));
        self.passed += passed;
        self.failed += failed;
        passed + failed > 0
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="3" failures="1" errors="1" uuid="…" time="0.1">
    <testsuite name="mydata-wire" tests="3" disabled="0" errors="1" failures="1">
        <testcase name="a" classname="mydata-wire" time="0.003"/>
        <testcase name="b" classname="mydata-wire" time="0.003">
            <failure message="says &lt;error" type="test failure">text</failure>
        </testcase>
        <testcase name="c" classname="mydata-wire::http" time="0.003">
            <error type="execution failure">text</error>
        </testcase>
    </testsuite>
</testsuites>"#;

    #[test]
    fn a_report_is_counted_and_its_failures_named() {
        let mut tally = Tally::default();
        assert_eq!(tally.junit(REPORT).unwrap(), 2);
        tally.check("cargo fmt --check", true);
        assert_eq!(tally.to_string(), "2 passed, 2 failed");
        assert_eq!(tally.failures, ["mydata-wire b", "mydata-wire::http c"]);
    }

    #[test]
    fn a_broken_report_is_an_error() {
        assert!(Tally::default().junit("<html>").is_err());
    }

    #[test]
    fn doc_tests_of_several_crates_are_summed() {
        let mut counts = DocTests::default();
        for line in [
            "running 2 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s",
            "test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.05s",
        ] {
            counts.line(line);
        }
        assert_eq!((counts.passed, counts.failed), (12, 3));
    }
}
