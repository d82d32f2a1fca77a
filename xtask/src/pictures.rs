//! `cargo xtask pictures`: builds the program and walks a demo of it with a camera.

use std::process::Command;

use anyhow::Result;

use crate::test::tools;
use crate::{repo, run};

/// What follows `--` goes to the program that takes them.
pub fn main(args: &[String]) -> Result<bool> {
    tools::prepare()?;
    run::must(&mut run::cargo(["build", "--package", "mydata"]))?;
    run::must(&mut run::cargo(["build", "--package", "mydata-e2e", "--bin", "pictures"]))?;
    let rest = match args.first().map(String::as_str) {
        Some("--") => &args[1..],
        _ => args,
    };
    let mut command = Command::new(repo::target().join("debug/pictures"));
    run::passes(command.args(rest).current_dir(repo::root()))
}
