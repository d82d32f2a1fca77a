//! `cargo xtask bench`: builds a benchmark in the release profile and runs it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::test::postgres;
use crate::{repo, run};

/// Runs the benchmark named first; what follows `--` goes to it.
pub fn main(args: &[String]) -> Result<bool> {
    let Some((which, rest)) = args.split_first() else {
        bail!(run::usage("`bench` needs a name: seal, tls, exchange, backoffice, portal or audit"));
    };
    let rest = match rest.first().map(String::as_str) {
        Some("--") => &rest[1..],
        _ => rest,
    };
    match which.as_str() {
        "seal" => {
            let mut command =
                run::cargo(["run", "--release", "--package", "mydata-seal", "--example", "bench_seal"]);
            run::passes(command.arg("--").args(rest))
        }
        "tls" => {
            let mut command =
                run::cargo(["run", "--release", "--package", "mydata-listen", "--example", "bench_tls"]);
            run::passes(command.arg("--").args(rest))
        }
        "exchange" => {
            // The program under load is the one that is shipped, built as it is shipped.
            run::must(&mut run::cargo(["build", "--release", "--package", "mydata"]))?;
            run::must(&mut run::cargo([
                "build",
                "--release",
                "--package",
                "mydata-e2e",
                "--bin",
                "bench_exchange",
            ]))?;
            let cluster = postgres::Cluster::start(false, true)?;
            let mut command = Command::new(repo::target().join("release/bench_exchange"));
            let passed = run::passes(command.args(rest).env("MYDATA_TEST_POSTGRES", cluster.url()));
            cluster.stop();
            passed
        }
        "backoffice" | "portal" => {
            let example = format!("bench_{which}");
            let mut command =
                run::cargo(["run", "--release", "--package", "mydata-server", "--example", &example]);
            let cluster = postgres::Cluster::start(false, true)?;
            let passed = run::passes(command.arg("--").args(rest).env("MYDATA_TEST_POSTGRES", cluster.url()));
            cluster.stop();
            passed
        }
        "audit" => {
            let mut command = run::cargo(["run", "--release", "--package", "mydata-store"]);
            command.args(["--features", "testing", "--example", "bench_audit"]);
            let cluster = postgres::Cluster::start(false, true)?;
            let passed = run::passes(command.arg("--").args(rest).env("MYDATA_TEST_POSTGRES", cluster.url()));
            cluster.stop();
            passed
        }
        other => bail!(run::usage(format!(
            "there is no benchmark `{other}`: seal, tls, exchange, backoffice, portal or audit"
        ))),
    }
}
