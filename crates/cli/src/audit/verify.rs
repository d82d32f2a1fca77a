//! `mydata audit verify`: walks the whole chain of the record.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};
use mydata_domain::Clock as _;
use mydata_domain::time::SystemClock;
use mydata_store::repo::audit_verify::{Against, Broken, Report, verify};
use mydata_store::signing::public_keys;
use mydata_store::{Db, DbAddress, PoolSizes, Store, migrate};
use mydata_wire::SystemRandom;

use super::proof;
use crate::output::{self, plain, thousands};
use crate::published::{self, Source};
use crate::settings::{self, Flags};
use crate::{Outcome, Usage};

/// After so many links it says how far it is.
const SAY_EVERY: u64 = 1_000_000;

/// Flags of `mydata audit verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Roots that were kept outside the platform, as `/api/audit/roots` gave them (several months may follow each other in
    /// one file), or that address.
    #[arg(long, value_name = "FILE|URL")]
    roots: Option<Source>,
    /// Keys that were kept outside, as `/api/audit/keys` gave them, or that address. With them no key file is read; without
    /// them the keys of this installation are.
    #[arg(long, value_name = "FILE|URL")]
    keys: Option<Source>,
    /// Reads only so many of the last links.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..), conflicts_with = "roots")]
    last: Option<i64>,
    /// Checks this proof of one event instead. Needs --roots, and no database.
    #[arg(long, value_name = "FILE", conflicts_with = "last")]
    proof: Option<PathBuf>,
}

/// Verifies.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    if let Some(file) = &args.proof {
        let Some(roots) = &args.roots else {
            bail!(Usage("--proof needs --roots: what the proof is checked against".to_owned()));
        };
        return proof::run(file, roots, args.keys.as_ref()).await;
    }
    let mut against = Against { recent: args.last, ..Against::default() };
    if let Some(roots) = &args.roots {
        against.roots = published::roots(roots, None).await?;
    }
    if let Some(keys) = &args.keys {
        against.keys = Some(published::keys(keys).await?);
    }
    let config = mydata_server::platform::store_config(&settings::load(&args.flags)?)?;
    let address = config.database.clone().unwrap_or_else(|| DbAddress::in_folder(&config.data_dir));
    // Opening would make an empty one, which holds.
    if let DbAddress::Sqlite(file) = &address
        && !file.is_file()
    {
        bail!("there is no database {}", file.display());
    }
    let began;
    let report = if against.keys.is_some() {
        let sizes = PoolSizes { readers: 1, writers: 1 };
        let db = Db::connect(&address, sizes, std::sync::Arc::new(SystemRandom)).await?;
        began = Instant::now();
        let report = match migrate::check(&db).await {
            Ok(()) => verify(&db, &against, say).await,
            Err(error) => Err(error),
        };
        db.close().await;
        report
    } else {
        let store =
            Store::open_beside(&config, SystemClock.now()).await.context("the record cannot be opened")?;
        began = Instant::now();
        let report = match public_keys(&store.db, &store.crypter).await {
            Ok(keys) => verify(&store.db, &Against { keys: Some(keys), ..against.clone() }, say).await,
            Err(error) => Err(error),
        };
        store.close().await;
        report
    };
    let report = report.context("the record cannot be read")?;
    let rate = rate(report.links, began);
    output::print(&told(&report, &against, rate))?;
    Ok(if report.broken.is_none() { Outcome::Fine } else { Outcome::CheckFailed })
}

fn say(links: u64) {
    if links % SAY_EVERY < 2_000 && links >= SAY_EVERY {
        eprintln!("{} links …", thousands(links));
    }
}

/// Links a second.
fn rate(links: u64, began: Instant) -> u64 {
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    links.saturating_mul(1_000) / milliseconds
}

fn told(report: &Report, against: &Against, rate: u64) -> String {
    let mut text = format!(
        "{} links hold, from {} to {} ({} a second)\n",
        thousands(report.links),
        report.first,
        report.last.seq,
        thousands(rate)
    );
    match &report.last_root {
        Some(root) => {
            let last = if report.roots == 1 { String::new() } else { format!(", the last of {}", root.day) };
            let of = if report.roots == 1 { format!(" of {}", root.day) } else { String::new() };
            let (roots, signed) = if report.roots == 1 {
                ("root", "holds and is signed")
            } else {
                ("roots", "hold and are signed")
            };
            text += &format!("{} {roots}{of} {signed}{last}\n", thousands(report.roots));
        }
        None => text += "no root is checked: none covers these links alone\n",
    }
    if !against.roots.is_empty() && report.broken.is_none() {
        text += &format!("they are the {} that were kept elsewhere\n", thousands(against.roots.len() as u64));
    }
    for lost in &report.lost {
        text += &format!(
            "note: links {} to {} were lost when the backup of {} was restored at {}; what they said is not here, their \
             published roots are\n",
            lost.first,
            lost.last,
            plain(&lost.backup_of),
            lost.at.to_timestamp()
        );
    }
    if report.waiting > 0 {
        text += &format!("{} events wait for their link\n", thousands(report.waiting));
    }
    if let (number, Some(first)) = report.backdated {
        text += &format!(
            "note: {} claim a moment more than ten minutes before events that were linked earlier; the first is link {first}\n",
            output::count(usize::try_from(number).unwrap_or(usize::MAX), "event")
        );
    }
    match &report.broken {
        None => text += "the record holds\n",
        Some(broken) => text += &format!("the record is broken {}: {}\n", place(broken), broken.why),
    }
    text
}

fn place(broken: &Broken) -> String {
    let mut place = broken
        .seq
        .map_or_else(|| "at a place that cannot be told".to_owned(), |seq| format!("at link {seq}"));
    if let Some(id) = &broken.id {
        let at = broken.at.map(|at| format!(" of {}", at.to_timestamp())).unwrap_or_default();
        place += &format!(" (event {}{at})", plain(id));
    }
    place
}
