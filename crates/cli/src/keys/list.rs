//! `mydata keys list`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mydata_domain::time::SystemClock;
use mydata_domain::{Clock as _, Time};
use mydata_store::Store;
use mydata_store::keys::kept::{self, Kept, Purpose};
use mydata_store::keys::{KeyId, rotate};
use mydata_store::signing;
use serde::Serialize;
use serde_json::json;

use crate::output::{self, count, thousands};
use crate::settings::Flags;

/// Flags of `mydata keys list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// For programs.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    id: String,
    state: &'static str,
    master: String,
    made_at: String,
    age_days: i64,
    /// How many values lie under it, by column.
    sealed: BTreeMap<String, u64>,
}

fn state(key: &Kept) -> &'static str {
    match key.purpose {
        Purpose::Index => "look-up values",
        Purpose::Data if key.seals() => "seals",
        Purpose::Data if key.waits() => "not in use yet",
        Purpose::Data if key.cleared_at.is_some() => "opens only, cleared",
        Purpose::Data => "opens only",
    }
}

/// Lists the keys.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let store = super::open(&args.flags).await?;
    let lines = lines(&store, SystemClock.now()).await;
    let signing = signing::list(&store.db).await;
    store.close().await;
    let (lines, signing) = (lines?, signing?);
    if args.json {
        let signing: Vec<_> = signing
            .iter()
            .map(|key| {
                let retired_at = key.retired_at.map(|at| at.to_timestamp().to_string());
                let made_at = key.made_at.to_timestamp().to_string();
                json!({ "id": key.id, "purpose": key.purpose, "made_at": made_at, "retired_at": retired_at })
            })
            .collect();
        return output::print_json(&json!({ "keys": lines, "signing": signing }));
    }
    let mut text = String::new();
    for line in &lines {
        writeln!(
            text,
            "{}  {:<19}  {:>12} old  wrapped under {}",
            line.id,
            line.state,
            count(usize::try_from(line.age_days).unwrap_or(0), "day"),
            line.master
        )?;
        for (place, number) in &line.sealed {
            writeln!(text, "          {:>12}  {place}", thousands(*number))?;
        }
    }
    for key in &signing {
        let state = match key.retired_at {
            None => "signs".to_owned(),
            Some(at) => format!("signed until {}", at.to_timestamp()),
        };
        writeln!(text, "{}  {} ({state})", key.id, key.purpose)?;
    }
    output::print(&text)
}

async fn lines(store: &Store, now: Time) -> anyhow::Result<Vec<Line>> {
    let mut uses = rotate::uses(store).await?;
    let mut lines: Vec<Line> = kept::all(&store.db)
        .await?
        .iter()
        .map(|key| Line {
            id: key.id.to_string(),
            state: state(key),
            master: key.master.to_string(),
            made_at: key.made_at.to_timestamp().to_string(),
            age_days: (now.0 - key.made_at.0) / 86_400_000,
            sealed: uses.remove(&key.id).unwrap_or_default(),
        })
        .collect();
    // What lies under a key that is lost is said, too.
    lines.extend(uses.into_iter().map(|(id, sealed): (KeyId, _)| Line {
        id: id.to_string(),
        state: "lost",
        master: "-".to_owned(),
        made_at: "-".to_owned(),
        age_days: 0,
        sealed,
    }));
    Ok(lines)
}
