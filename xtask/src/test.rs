//! `cargo xtask test`: everything the tests need, then the tests, then one line that counts.
//!
//! | step | file |
//! | --- | --- |
//! | programs from the distribution, Python, axe-core | [`tools`] |
//! | a private PostgreSQL | [`postgres`] |
//! | format, clippy, layers, citations, build, nextest, doc tests, requirements | here |
//! | the last line | [`tally`] |

pub mod postgres;
mod tally;
pub mod tools;

use anyhow::{Context as _, Result, bail};

use crate::{citations, layers, repo, requirements, run};
use tally::Tally;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    filter: Option<String>,
    no_lint: bool,
    keep_postgres: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--no-lint" => options.no_lint = true,
                "--keep-postgres" => options.keep_postgres = true,
                "--filter" => match args.next() {
                    Some(value) => options.filter = Some(value.clone()),
                    None => bail!(run::usage("`--filter` needs an expression")),
                },
                other => match other.strip_prefix("--filter=") {
                    Some(value) => options.filter = Some(value.to_owned()),
                    None => bail!(run::usage(format!("`test` does not know `{other}`"))),
                },
            }
        }
        Ok(options)
    }
}

/// Runs everything; true when nothing failed.
pub fn main(args: &[String]) -> Result<bool> {
    let options = Options::parse(args)?;
    let tools = tools::prepare()?;
    let cluster = postgres::Cluster::start(options.keep_postgres, false)?;
    let tally = checks_and_tests(&options, &tools, &cluster);
    // Stopped before the last line, and also when a step could not be started at all.
    cluster.stop();
    let tally = tally?;
    for name in &tally.failures {
        println!("failed: {name}");
    }
    println!("{tally}");
    Ok(tally.failed == 0)
}

fn checks_and_tests(options: &Options, tools: &tools::Tools, cluster: &postgres::Cluster) -> Result<Tally> {
    let mut tally = Tally::default();
    let whole = options.filter.is_none();
    if !options.no_lint && whole {
        tally.check("cargo fmt --check", run::passes(&mut run::cargo(["fmt", "--all", "--", "--check"]))?);
        tally.check(
            "cargo clippy",
            run::passes(&mut run::cargo([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ]))?,
        );
    }
    if whole {
        eprintln!("\n$ cargo xtask layers");
        tally.check("cargo xtask layers", layers::main(&[])?);
        eprintln!("\n$ cargo xtask citations");
        tally.check("cargo xtask citations", citations::main(&[])?);
    }

    // The browser tests start the program itself. Built together with the tests, it shares every artefact with them.
    if !run::passes(&mut run::cargo(["build", "--workspace", "--all-targets", "--quiet"]))? {
        tally.check("cargo build --workspace --all-targets", false);
        return Ok(tally);
    }
    nextest(options, tools, cluster, &mut tally)?;
    if whole {
        doc_tests(tools, cluster, &mut tally)?;
        eprintln!("\n$ cargo xtask requirements --check");
        tally.check("cargo xtask requirements --check", requirements::main(&["--check".to_owned()])?);
    }
    Ok(tally)
}

fn nextest(
    options: &Options,
    tools: &tools::Tools,
    cluster: &postgres::Cluster,
    tally: &mut Tally,
) -> Result<()> {
    let report = repo::target().join("nextest/default/junit.xml");
    if report.exists() {
        std::fs::remove_file(&report).with_context(|| format!("cannot remove {}", report.display()))?;
    }
    let mut command = run::cargo(["nextest", "run", "--workspace", "--no-fail-fast", "--cargo-quiet"]);
    if let Some(filter) = &options.filter {
        command.args(["--filterset", filter]);
    }
    let passed = run::passes(command.envs(tools.environment()).env("MYDATA_TEST_POSTGRES", cluster.url()))?;
    match std::fs::read_to_string(&report) {
        Ok(xml) => {
            let counted = tally.junit(&xml)?;
            // Every test that ran is counted; a failure beyond them is nextest's own.
            if !passed && counted == 0 {
                tally.check("cargo nextest run", false);
            }
        }
        Err(_) => tally.check("cargo nextest run (no tests were run)", false),
    }
    Ok(())
}

fn doc_tests(tools: &tools::Tools, cluster: &postgres::Cluster, tally: &mut Tally) -> Result<()> {
    let mut counts = tally::DocTests::default();
    let mut command = run::cargo(["test", "--workspace", "--doc", "--quiet", "--no-fail-fast"]);
    command.envs(tools.environment()).env("MYDATA_TEST_POSTGRES", cluster.url());
    let passed = run::passes_and_reads(&mut command, |line| counts.line(line))?;
    tally.doc_tests(&counts);
    if !passed && counts.failed == 0 {
        tally.check("cargo test --doc", false);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options> {
        Options::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_unknown_ones_refused() {
        let options = parse(&["--filter", "test(pid)", "--no-lint", "--keep-postgres"]).unwrap();
        assert_eq!(
            options,
            Options { filter: Some("test(pid)".to_owned()), no_lint: true, keep_postgres: true }
        );
        assert_eq!(parse(&["--filter=all()"]).unwrap().filter.as_deref(), Some("all()"));
        for bad in [&["--filter"][..], &["--fast"], &["pid"]] {
            assert!(parse(bad).unwrap_err().is::<run::Usage>(), "{bad:?}");
        }
    }
}
