//! `cargo xtask bench`: builds a benchmark in the release profile and runs it.

use anyhow::{Result, bail};

use crate::run;

/// Runs the benchmark named first; what follows `--` goes to it.
pub fn main(args: &[String]) -> Result<bool> {
    let Some((which, rest)) = args.split_first() else {
        bail!(run::usage("`bench` needs a name: seal or exchange"));
    };
    let rest = match rest.first().map(String::as_str) {
        Some("--") => &rest[1..],
        _ => rest,
    };
    let mut command = match which.as_str() {
        "seal" => {
            run::cargo(["run", "--release", "--package", "mydata-seal", "--example", "bench_seal", "--"])
        }
        "exchange" => {
            // The program under load is the one that is shipped.
            run::must(&mut run::cargo(["build", "--release", "--package", "mydata"]))?;
            run::cargo(["run", "--release", "--package", "mydata-e2e", "--bin", "bench_exchange", "--"])
        }
        other => bail!(run::usage(format!("there is no benchmark `{other}`: seal or exchange"))),
    };
    run::passes(command.args(rest))
}
