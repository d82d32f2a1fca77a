//! `mydata receipt verify`.

use std::path::PathBuf;

use anyhow::Context as _;
use mydata_domain::audit::receipt::{Receipt, Recipient, Signed};
use mydata_store::signing::{Purpose, content};

use crate::output::{self, plain};
use crate::published::{self, Source};
use crate::{Outcome, files};

/// Longest file that is read as a receipt.
const MOST_BYTES: u64 = 4 << 20;

/// Flags of `mydata receipt verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt, `-` for standard input.
    file: PathBuf,
    /// The platform's keys, as `/api/audit/keys` gives them, or that address. Without them they are fetched from the
    /// platform that the receipt names, which is no proof against one who made both.
    #[arg(long, value_name = "FILE|URL")]
    keys: Option<Source>,
}

/// Verifies.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let input = std::io::Read::take(files::input(&args.file)?, MOST_BYTES);
    let name = args.file.display();
    let signed: Signed =
        serde_json::from_reader(input).with_context(|| format!("{name} is not a receipt"))?;
    let keys = match &args.keys {
        Some(keys) => keys.clone(),
        None => {
            let said =
                content(&signed.jws).ok().and_then(|bytes| serde_json::from_slice::<Receipt>(&bytes).ok());
            let Some(said) = said else { return failed("what is signed is not a receipt") };
            let url = format!("{}/api/audit/keys", said.issuer.trim_end_matches('/'));
            eprintln!("the keys are fetched from {}; name keys that you trust with --keys", plain(&url));
            url.parse().map_err(anyhow::Error::msg)?
        }
    };
    let payload = match published::keys(&keys).await?.check(&signed.jws, Purpose::Receipts) {
        Ok(payload) => payload,
        Err(reason) => return failed(&reason.to_string()),
    };
    let receipt: Receipt = match serde_json::from_slice(&payload) {
        Ok(receipt) => receipt,
        Err(_) => return failed("what is signed is not a receipt of version 1"),
    };
    if receipt.version != 1 {
        return failed(&format!("it is of version {}; this program reads version 1", receipt.version));
    }
    if receipt != signed.receipt {
        return failed("what stands there to be read is not what was signed");
    }
    output::print(&told(&receipt))?;
    Ok(Outcome::Fine)
}

fn failed(reason: &str) -> anyhow::Result<Outcome> {
    output::print(&format!("the receipt does not hold: {reason}\n"))?;
    Ok(Outcome::CheckFailed)
}

fn told(receipt: &Receipt) -> String {
    let recipient = match &receipt.recipient {
        Recipient::Service { service, organisation, .. } => {
            let organisation = organisation.as_ref().map(|o| format!(", {}", o.name)).unwrap_or_default();
            format!("{} ({}{organisation})", service.id, service.name)
        }
        Recipient::Counter { .. } => "a case at a counter".to_owned(),
        Recipient::Own => "the citizen".to_owned(),
    };
    let datasets: Vec<String> = receipt
        .datasets
        .iter()
        .map(|d| format!("{} ({}, {})", d.dataset.id, d.dataset.name, d.state))
        .collect();
    let standing = serde_json::to_value(receipt.standing).unwrap_or_default();
    let line = |name: &str, text: &str| format!("{name:<12} {}\n", plain(text));
    let moments: Vec<String> = [
        ("agreed", &receipt.authorised_at),
        ("confirmed", &receipt.confirmed_at),
        ("ended", &receipt.ended_at),
    ]
    .into_iter()
    .filter_map(|(what, at)| at.as_ref().map(|at| format!("{what} {at}")))
    .collect();
    let mut text = "the receipt holds\n".to_owned();
    text += &line("consent", standing.as_str().unwrap_or_default());
    text += &line("transaction", &receipt.transaction);
    text += &line("who", &format!("{} {}", receipt.who.name, receipt.who.uid));
    text += &line("for", &recipient);
    text += &line("purpose", receipt.purpose.as_deref().unwrap_or("–"));
    text += &line("datasets", &datasets.join("; "));
    text += &line("moments", &moments.join(", "));
    text += &line("issued", &format!("{} by {}", receipt.issued_at, receipt.issuer));
    text
}
