//! `cargo xtask citations`: every test that docs/security names is there.
//!
//! A citation is `` `CRATE FILE::TEST` ``: a folder below `crates/` (or `e2e`), a file below it, a function in that file.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::{repo, run};

/// Compares and prints each citation that leads nowhere; true when none does.
pub fn main(args: &[String]) -> Result<bool> {
    if let Some(arg) = args.first() {
        bail!(run::usage(format!("`citations` takes no argument `{arg}`")));
    }
    let folder = repo::root().join("docs/security");
    let (mut count, mut faults) = (0, Vec::new());
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let file = entry?.path();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for citation in citations(&text) {
            count += 1;
            if let Err(reason) = look(&citation, repo::root()) {
                faults.push(format!("docs/security/{}: `{}`: {reason}", shown(&file), citation.text));
            }
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        println!("citations: {count} tests are named in docs/security, and all are there");
    }
    Ok(faults.is_empty() && count > 0)
}

fn shown(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A test that a page names.
#[derive(Debug, PartialEq, Eq)]
struct Citation<'t> {
    text: &'t str,
    room: &'t str,
    file: &'t str,
    test: &'t str,
}

fn citations(page: &str) -> Vec<Citation<'_>> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|text| {
            let (place, test) = text.rsplit_once("::")?;
            let (room, file) = place.split_once(' ')?;
            let is_file = file.ends_with(".rs") && !file.contains(' ');
            is_file.then_some(Citation { text, room, file, test })
        })
        .collect()
}

fn look(citation: &Citation<'_>, root: &Path) -> Result<(), String> {
    let room =
        if citation.room == "e2e" { root.join("e2e") } else { root.join("crates").join(citation.room) };
    let file = room.join(citation.file);
    let text = fs::read_to_string(&file).map_err(|_| "there is no such file".to_owned())?;
    let named = format!("fn {}(", citation.test);
    let Some((before, _)) = text.split_once(&named) else {
        return Err("there is no such test in the file".to_owned());
    };
    // What stands between the function and the one before it is its attributes and words.
    let attributes = before.rsplit("\n}").next().unwrap_or(before);
    let is_test =
        ["#[test]", "#[tokio::test]", "#[tokio::test("].iter().any(|mark| attributes.contains(mark));
    if is_test { Ok(()) } else { Err("the function is no test".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cited_is_looked_for() {
        let page = "shown by `xtask src/a.rs::b`, `server src/web/x.rs::a_test`, not by `server/src/web/x.rs` or `a::b`";
        let found = citations(page);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].room, found[1].file, found[1].test), ("server", "src/web/x.rs", "a_test"));
        let folder = std::env::temp_dir().join(format!("citations-{}", std::process::id()));
        let src = folder.join("crates/server/src/web");
        fs::create_dir_all(&src).unwrap();
        fs::write(src.join("x.rs"), "fn helper() {\n}\n\n#[test]\nfn a_test() {\n}\n\nfn other() {\n}\n")
            .unwrap();
        let looked = |test| {
            let text = "";
            look(&Citation { text, room: "server", file: "src/web/x.rs", test }, &folder)
        };
        assert_eq!(looked("a_test"), Ok(()));
        assert!(looked("gone").unwrap_err().contains("no such test"));
        assert!(looked("other").unwrap_err().contains("no test"));
        assert!(look(&found[0], &folder).unwrap_err().contains("no such file"));
        fs::remove_dir_all(folder).unwrap();
    }
}
