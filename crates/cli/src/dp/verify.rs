//! `mydata dp verify`: a package judged as the platform will judge it (R130–R135).

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use ipnet::IpNet;
use mydata_revocation::Learnt;
use mydata_seal::dp_package;
use mydata_seal::trust::Trust;
use mydata_server::config::RevocationOrder;
use mydata_server::outbound::Outbound;
use mydata_server::outbound::guard::Guard;
use mydata_server::{Config, platform};
use mydata_wire::{Random, SystemRandom};
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
    /// Asks whether the signer's certificate is revoked, where the certificates say: `ocsp-then-crl`, `crl-then-ocsp`, `ocsp`
    /// or `crl`. Without it nobody is asked.
    #[arg(long, value_name = "ORDER", value_parser = order, default_value = "off", hide_default_value = true)]
    revocation: RevocationOrder,
    /// An internal network whose addresses are called like public ones; may be given several times.
    #[arg(long, value_name = "NETWORK", requires = "revocation")]
    allow_network: Vec<IpNet>,
    /// Prints the steps as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads an order as the configuration has it.
fn order(text: &str) -> Result<RevocationOrder, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "it is one of ocsp-then-crl, crl-then-ocsp, ocsp, crl, off".to_owned())
}

/// What was learnt of the signer's chain, where somebody is asked. Whatever is wrong with the package itself is said by its
/// verification.
fn learn(args: &Args, package: &File, trust: &Trust) -> anyhow::Result<Option<Learnt>> {
    if args.revocation == RevocationOrder::Off {
        return Ok(None);
    }
    let now = SystemTime::now();
    let Ok(chain) = dp_package::signer_chain(BufReader::new(package), trust, now) else { return Ok(None) };
    let mut config = Config::default();
    config.trust.revocation = Some(args.revocation);
    let outbound = Outbound::new(&config.policy, Guard::new(false, args.allow_network.clone()))?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let revocations = platform::revocations_in(&config, &outbound, &random, None);
    let Some(checker) = revocations.checker() else { return Ok(None) };
    Ok(Some(tokio::runtime::Handle::current().block_on(checker.learn(&chain, now))))
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
    let package = files::seekable(&args.package)?;
    let learnt = learn(args, &package, &trust)?;
    if let Some(learnt) = &learnt {
        trust = trust.with_revocation(Arc::new(learnt.clone()));
    }
    let outcome = dp_package::verify(BufReader::new(package), &trust, SystemTime::now(), person.as_ref());
    let given = Given { pinned: args.pinned.is_some(), person: person.is_some(), learnt: learnt.as_ref() };
    let lines = report::lines(&outcome, given);

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
