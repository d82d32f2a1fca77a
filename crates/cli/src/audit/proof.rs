//! `mydata audit verify --proof`: one event's proof against published roots, without the platform.

use std::path::Path;

use anyhow::Context as _;
use mydata_domain::Time;
use mydata_domain::audit::chain::Proof;
use mydata_store::repo::audit_roots::Kept;
use mydata_store::signing::{Purpose, sha256};
use serde_json::Value;

use crate::output::{self, plain};
use crate::published::{self, Source};
use crate::{Outcome, files};

/// Longest file that is read as a proof.
const MOST_BYTES: u64 = 1 << 20;

/// Checks a proof.
pub async fn run(file: &Path, roots: &Source, keys: Option<&Source>) -> anyhow::Result<Outcome> {
    let input = std::io::Read::take(files::input(file)?, MOST_BYTES);
    let value: Value =
        serde_json::from_reader(input).with_context(|| format!("{} is not JSON", file.display()))?;
    if let Some(ready) = value["ready_from"].as_str() {
        return failed(&format!(
            "there was no proof yet when this file was downloaded; download it again after {}",
            plain(ready)
        ));
    }
    let proof: Proof =
        serde_json::from_value(value).with_context(|| format!("{} is not a proof", file.display()))?;
    let of = match Kept::read(&proof.root) {
        Ok(kept) => kept.root,
        Err(reason) => return failed(&reason),
    };
    let published = published::roots(roots, Some(&of.day)).await?;
    let Some(kept) = published.iter().find(|kept| kept.root.day == of.day) else {
        return failed(&format!("there is no published root of {} to check it against", plain(&of.day)));
    };
    // Read from what was published, not from the proof.
    if let Err(reason) = proof.check(sha256, &kept.root) {
        return failed(&reason.to_string());
    }
    let mut signed = String::new();
    if let Some(keys) = keys {
        if let Err(reason) = published::keys(keys).await?.check(&kept.jws, Purpose::Roots) {
            return failed(&format!("the root of {}: {reason}", plain(&of.day)));
        }
        signed = ", which is signed with a published key".to_owned();
    }
    let event = &proof.event;
    output::print(&format!(
        "the proof holds: event {} ({} by {}, {}) is link {} under the published root of {}{signed}\n",
        plain(&event.id),
        plain(&event.what),
        plain(&event.actor),
        Time(event.at).to_timestamp(),
        proof.seq,
        plain(&of.day)
    ))?;
    Ok(Outcome::Fine)
}

fn failed(reason: &str) -> anyhow::Result<Outcome> {
    output::print(&format!("the proof does not hold: {reason}\n"))?;
    Ok(Outcome::CheckFailed)
}
