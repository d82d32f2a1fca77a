//! `cargo xtask requirements`: which test shows which requirement.
//!
//! A test says so in its doc comment: `Shows R98, R103.` or `Shows R98–R103 and R105.` The table in docs/requirements.md
//! is the register: number, sentence and status are written by people, the column of tests by this task.

mod scan;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

use crate::{repo, run};

/// How many requirements there are: R1 … R141, never renumbered.
const COUNT: u16 = 141;

/// Updates the table, or with `--check` compares it.
pub fn main(args: &[String]) -> Result<bool> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!(run::usage("`requirements` knows only --check")),
    };
    let file = repo::root().join("docs/requirements.md");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let shown = scan::repository(repo::root())?;
    let table = table::parse(&text)?;
    let fresh = table::with_tests(&text, &shown);

    let mut faults = faults(&table, &shown);
    if check && fresh != text {
        faults.push("docs/requirements.md is stale: run `cargo xtask requirements` and commit it".to_owned());
    }
    if !check {
        if fresh != text {
            std::fs::write(&file, &fresh).with_context(|| format!("cannot write {}", file.display()))?;
        }
        for (number, row) in &table {
            let tests = shown.get(number).map_or("", |_| " ✓");
            println!("R{number:<4}{:<5}{tests} {}", row.status.text(), row.sentence);
            for test in shown.get(number).into_iter().flatten() {
                println!("          {test}");
            }
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    let done = table.values().filter(|row| row.status == table::Status::Done).count();
    println!("requirements: {done} of {COUNT} done, {} shown by a test", shown.keys().count());
    Ok(faults.is_empty())
}

/// What is wrong between the register and the tests.
fn faults(table: &BTreeMap<u16, table::Row>, shown: &BTreeMap<u16, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for number in 1..=COUNT {
        match table.get(&number) {
            None => faults.push(format!("R{number} is missing from docs/requirements.md")),
            Some(row) if row.status == table::Status::Done && !shown.contains_key(&number) => {
                faults.push(format!("R{number} is marked done, but no test says `Shows R{number}.`"));
            }
            Some(_) => {}
        }
    }
    for (number, tests) in shown.iter().filter(|(number, _)| !(1..=COUNT).contains(*number)) {
        for test in tests {
            faults.push(format!("{test} shows R{number}, which does not exist (R1 … R{COUNT})"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(done: u16) -> String {
        (1..=COUNT).fold(
            "| # | requirement | status | shown by |\n| --- | --- | --- | --- |\n".to_owned(),
            |text, n| {
                let status = if n == done { "done" } else { "open" };
                text + &format!("| R{n} | Something. | {status} | |\n")
            },
        )
    }

    #[test]
    fn a_requirement_called_done_needs_a_test() {
        let table = table::parse(&register(7)).unwrap();
        assert_eq!(faults(&table, &BTreeMap::new()), ["R7 is marked done, but no test says `Shows R7.`"]);
        let shown = BTreeMap::from([(7, BTreeSet::from(["wire/pid::tests::round_trip".to_owned()]))]);
        assert_eq!(faults(&table, &shown), Vec::<String>::new());
    }

    #[test]
    fn a_number_that_does_not_exist_is_a_fault() {
        let table = table::parse(&register(0)).unwrap();
        let shown = BTreeMap::from([(142, BTreeSet::from(["wire/pid::t".to_owned()]))]);
        assert_eq!(faults(&table, &shown), ["wire/pid::t shows R142, which does not exist (R1 … R141)"]);
    }

    #[test]
    fn a_missing_row_is_a_fault() {
        let text = register(0).replace("| R9 | Something. | open | |\n", "");
        let table = table::parse(&text).unwrap();
        assert_eq!(faults(&table, &BTreeMap::new()), ["R9 is missing from docs/requirements.md"]);
    }
}
