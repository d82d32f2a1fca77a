//! `mydata dp verify`: a package judged as the platform will judge it (R130–R135).

use std::io::BufReader;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use mydata_seal::dp_package;
use serde_json::json;

use super::report::{self, Given};
use crate::hidden::{self, Hidden};
use crate::sp::{files_json, signer_json};
use crate::{Outcome, files, output};

/// Flags of `mydata dp verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The package; `-` for standard input.
    package: PathBuf,
    /// Root certificates that the signer must come from (PEM or DER); may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    roots: Vec<PathBuf>,
    /// Certificates that may stand between the signer and a root.
    #[arg(long, value_name = "FILE")]
    intermediates: Vec<PathBuf>,
    /// The one certificate that is registered for the dataset (PEM or DER).
    #[arg(long, value_name = "FILE")]
    pinned: Option<PathBuf>,
    /// Every PDF must open with this personal id, and not without it; `-` asks for it on standard input.
    #[arg(long, value_name = "ID", env = "MYDATA_PERSON_ID", hide_env_values = true)]
    person: Option<Hidden>,
    /// Prints the steps as JSON.
    #[arg(long)]
    json: bool,
}

/// Verifies.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    hidden::one_reader_of_stdin(&args.package, args.person.as_ref(), "--person")?;
    let mut trust = files::trust(&args.roots, &args.intermediates)?;
    if let Some(file) = &args.pinned {
        let named = || format!("the registered certificate {}", file.display());
        trust = trust.pinned(&std::fs::read(file).with_context(named)?).with_context(named)?;
    }
    let person = hidden::person(args.person.as_ref(), "--person")?;
    let package = BufReader::new(files::seekable(&args.package)?);
    let outcome = dp_package::verify(package, &trust, SystemTime::now(), person.as_ref());
    let lines = report::lines(&outcome, Given { pinned: args.pinned.is_some(), person: person.is_some() });

    if args.json {
        let mut value = json!({ "package": args.package, "verified": outcome.is_ok(), "steps": lines });
        if let Ok(verified) = &outcome {
            value["signer"] = signer_json(verified);
            value["files"] = files_json(verified);
        }
        output::print_json(&value)?;
    } else {
        let mut text: String = lines.iter().map(report::Line::text).collect();
        if let Ok(verified) = &outcome {
            text += &report::files(verified);
        }
        output::print(&text)?;
    }
    Ok(if outcome.is_ok() { Outcome::Fine } else { Outcome::CheckFailed })
}
