//! Finds the tests of the repository that say which requirement they show.
//!
//! It reads the sources line by line: doc comment, attributes, `fn`. That is enough for `#[test]`, `#[tokio::test]` and
//! the functions inside `proptest!`, and needs no parser of Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};

/// The folders that hold tests of the product.
const FOLDERS: &[&str] = &["crates", "e2e"];

/// Requirement → the tests that show it, as `crate/path::of::test`.
pub fn repository(root: &Path) -> Result<BTreeMap<u16, BTreeSet<String>>> {
    let mut shown: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    for folder in FOLDERS {
        walk(root, &root.join(folder), &mut |path, text| {
            for (test, numbers) in tests(text) {
                let name = format!("{path}::{test}");
                for number in numbers {
                    shown.entry(number).or_default().insert(name.clone());
                }
            }
        })?;
    }
    Ok(shown)
}

fn walk(root: &Path, folder: &Path, each: &mut impl FnMut(&str, &str)) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, each)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let short = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            each(short.trim_start_matches("crates/").trim_end_matches(".rs"), &text);
        }
    }
    Ok(())
}

/// The tests of one source file that show something.
fn tests(source: &str) -> Vec<(String, BTreeSet<u16>)> {
    let mut found = Vec::new();
    let mut doc = String::new();
    let mut is_test = false;
    let mut ignored = false;
    let mut inside_attribute = false;
    for line in source.lines().map(str::trim) {
        if inside_attribute {
            inside_attribute = !line.ends_with(']');
        } else if let Some(text) = line.strip_prefix("///") {
            doc.push(' ');
            doc.push_str(text);
        } else if let Some(attribute) = line.strip_prefix("#[") {
            inside_attribute = !attribute.contains(']');
            let name = attribute.split([']', '(', ' ', '=']).next().unwrap_or_default();
            is_test |= name.rsplit("::").next() == Some("test");
            ignored |= name == "ignore";
        } else if line.is_empty() || line.starts_with("//") {
            // Between the doc comment and its function anything may be said.
        } else {
            if is_test
                && !ignored
                && let Some(name) = function_name(line)
            {
                let numbers = numbers(&doc);
                if !numbers.is_empty() {
                    found.push((name.to_owned(), numbers));
                }
            }
            doc.clear();
            is_test = false;
            ignored = false;
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let rest = rest.strip_prefix("fn ")?;
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().filter(|name| !name.is_empty())
}

/// The numbers after `Shows`, until the end of that sentence, ranges filled.
fn numbers(doc: &str) -> BTreeSet<u16> {
    let mut numbers = BTreeSet::new();
    for sentence in doc.split("Shows ").skip(1) {
        let sentence = sentence.split(['.', ';']).next().unwrap_or_default();
        let mut rest = sentence;
        let mut range_from = None;
        while let Some(at) = rest.find('R') {
            let between = rest[..at].trim();
            let digits_end =
                rest[at + 1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| at + 1 + end);
            let number = rest[at + 1..digits_end].parse::<u16>().ok();
            if let Some(number) = number {
                let is_range = matches!(between, "–" | "-" | "—" | "…" | "to");
                match range_from.filter(|from| is_range && *from < number) {
                    Some(from) => numbers.extend(from..=number),
                    None => _ = numbers.insert(number),
                }
            }
            range_from = number;
            rest = &rest[digits_end..];
        }
    }
    numbers
}

#[cfg(test)]
mod tests_of_the_scan {
    use super::*;

    fn set<const N: usize>(numbers: [u16; N]) -> BTreeSet<u16> {
        BTreeSet::from(numbers)
    }

    #[test]
    fn lists_and_ranges_are_read() {
        assert_eq!(numbers("Shows R98, R103."), set([98, 103]));
        assert_eq!(
            numbers("The URL is read. Shows R98–R101 and R105. Then R7 is only mentioned."),
            set([98, 99, 100, 101, 105])
        );
        assert_eq!(numbers("Shows R121, R127 (PROTOCOL §5)."), set([121, 127]));
        assert_eq!(numbers("Shows R1-R3, R5."), set([1, 2, 3, 5]));
        assert_eq!(numbers("R12 is not said to be shown."), set([]));
    }

    #[test]
    fn every_kind_of_test_counts_and_nothing_else() {
        let source = r#"
            /// Shows R1.
            #[test]
            fn plain() {}

            /// Opens what was
            /// sealed. Shows R2,
            /// R3.
            #[tokio::test(flavor = "multi_thread")]
            async fn over_http() {}

            proptest! {
                /// Shows R4.
                #[test]
                fn any_input(x in 0..9u8) {}
            }

            /// Shows R5.
            fn helper() {}

            /// Shows R6.
            #[test]
            #[ignore = "slow"]
            fn never_run() {}

            #[test]
            /// Shows R7.
            #[should_panic(
                expected = "x"
            )]
            fn attribute_over_lines() {}
        "#;
        assert_eq!(
            tests(source),
            [
                ("plain".to_owned(), set([1])),
                ("over_http".to_owned(), set([2, 3])),
                ("any_input".to_owned(), set([4])),
                ("attribute_over_lines".to_owned(), set([7])),
            ]
        );
    }
}
