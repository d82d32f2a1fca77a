//! The project's own tasks, run as `cargo xtask TASK`.
//!
//! Owns what a developer and CI do to the repository: install and start what the tests need, run them, prove the layers,
//! keep the table of requirements true, start the benchmarks and the scanners. Refuses to know anything of the product: it depends on none
//! of its crates and reads only files of the repository.
//!
//! | task | file |
//! | --- | --- |
//! | `test` | [`test`] |
//! | `layers` | [`layers`] |
//! | `requirements` | [`requirements`] |
//! | `citations` | [`citations`] |
//! | `bench` | [`bench`] |
//! | `scan` | [`scan`] |
//! | `pictures` | [`pictures`] |

use std::process::ExitCode;

mod bench;
mod citations;
mod layers;
mod pictures;
mod repo;
mod requirements;
mod run;
mod scan;
mod test;

const HELP: &str = "\
cargo xtask TASK

  test [--filter EXPR] [--no-lint] [--keep-postgres]
        Installs or starts what the tests need, then runs format, clippy, layers, all tests and the requirements check.
        --filter EXPR     only the tests that match a nextest expression, for example 'test(pid)' or 'package(mydata-wire)'
        --no-lint         without format and clippy
        --keep-postgres   leave the private PostgreSQL running and print how to reach and to stop it
  layers
        Proves from `cargo metadata` that no crate depends on one above it.
  requirements [--check]
        Writes into docs/requirements.md which tests show which requirement; with --check it only compares, and fails
        when the table is stale or a requirement marked done has no test.
  citations
        Proves that every test that docs/security names is there.
  bench seal|exchange|backoffice|portal|audit [-- ARGS]
        Builds and runs a benchmark in the release profile. `backoffice` fails when a list needs more than ten SQL statements.
  pictures [-- ARGS]
        Takes a picture of every page of a demo, as each kind of reader, in both languages, at both widths.
  scan [--seconds N]
        Starts a demo of its own and lets scanners look at it from outside: schemathesis at the partner APIs, wapiti at portal
        and back office. Fails when they find what docs/security/scan.md does not explain. N seconds for each (240).
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match args.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match task {
        "test" => test::main(rest),
        "layers" => layers::main(rest),
        "requirements" => requirements::main(rest),
        "citations" => citations::main(rest),
        "bench" => bench::main(rest),
        "scan" => scan::main(rest),
        "pictures" => pictures::main(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(true)
        }
        other => Err(run::usage(format!("there is no task `{other}`"))),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) if error.is::<run::Usage>() => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
