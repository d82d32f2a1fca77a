//! `mydata backup` and `mydata restore`: the whole of what a platform keeps, in one file, while it runs.
//!
//! [`write`] makes it, [`read`] puts it back; [`manifest`] is what both agree on, [`postgres`] asks PostgreSQL's own programs,
//! [`aside`] is where things lie until they are whole.
//!
//! The file is a tar of the database (`database.sqlite` or `database.pgdump`), the blobs (`blobs/…`) and, last, the
//! manifest with the size and the SHA-256 of each: a file without its end is no backup. **The keys are not in it.** What it
//! holds of persons and secrets is sealed; whoever has the file alone reads nothing.
//!
//! One moment: what has been a blob before the database was copied is kept by a hard link first, what became one
//! meanwhile is added after; so every blob that the copied database names is there. Those too many are swept later. Until then
//! nobody rotates keys: a blob's header, the only part of it that changes, is kept as it is under the keys in that database.

pub(crate) mod aside;
mod manifest;
mod postgres;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use mydata_domain::Clock as _;
use mydata_domain::time::SystemClock;
use mydata_store::keys::unchanged;
use mydata_store::repo::audit_restored::{Restored, restored};
use mydata_store::repo::audit_roots::Kept;
use mydata_store::signing::Purpose;
use mydata_store::{Db, DbAddress, PoolSizes, migrate};
use mydata_wire::SystemRandom;

use crate::Outcome;
use crate::output::plain;
use crate::published::{self, Source};
use crate::settings::{self, Flags};

/// Flags of `mydata backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    flags: Flags,
    /// The file to write, such as `mydata-2026-11-22.tar`. It must not exist.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Flags of `mydata restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    flags: Flags,
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Checks the file and restores nothing. Exit code 1 when it is damaged.
    #[arg(long)]
    check: bool,
    /// Roots of the record that the platform had published, as `/api/audit/roots` gave them (several months may follow each
    /// other in one file), or the address of a copy. The restored platform signs no other ones for their days.
    #[arg(long, value_name = "FILE|URL", conflicts_with = "check")]
    roots: Option<Source>,
    /// Keys that the platform had published, as `/api/audit/keys` gave them: the roots' signatures are checked.
    #[arg(long, value_name = "FILE|URL", requires = "roots")]
    keys: Option<Source>,
}

/// Where everything lies.
struct Place {
    data: PathBuf,
    address: DbAddress,
    /// The database's URL on PostgreSQL.
    url: Option<String>,
}

fn place(flags: &Flags) -> anyhow::Result<Place> {
    let config = settings::load(flags)?;
    let store = mydata_server::platform::store_config(&config)?;
    let address = store.database.unwrap_or_else(|| DbAddress::in_folder(&config.data_dir));
    let url = match &address {
        DbAddress::Sqlite(_) => None,
        DbAddress::Postgres(_) => config.database_url.map(|url| url.0),
    };
    Ok(Place { data: config.data_dir, address, url })
}

/// Backs up, also while the platform runs.
pub async fn back_up(args: BackupArgs) -> anyhow::Result<Outcome> {
    let place = place(&args.flags)?;
    let begun = write::begin(&place, &args.file)?;
    let address = place.address.clone();
    let waits = || eprintln!("`mydata keys` is changing the keys; waiting until it has ended");
    let kept = unchanged(&address, &SystemClock, waits, async || {
        tokio::task::spawn_blocking(move || begun.keep(&place)).await
    });
    let moment = kept.await.context("the keys of the database must not change meanwhile")???;
    let made = tokio::task::spawn_blocking(move || moment.pack()).await??;
    println!(
        "{}: {} files, {} bytes, as of {}",
        args.file.display(),
        made.files.len(),
        made.files.iter().map(|file| file.size).sum::<u64>(),
        made.made_at
    );
    println!(
        "The keys are not in it. Keep a copy of the key file elsewhere: without it nothing of this can be read."
    );
    Ok(Outcome::Fine)
}

/// Puts on record that this is a restored platform.
async fn record(address: &DbAddress, made_at: &str, published: &[Kept]) -> anyhow::Result<Restored> {
    let db = Db::connect(address, PoolSizes { readers: 1, writers: 1 }, Arc::new(SystemRandom)).await?;
    let now = SystemClock.now();
    let done = async {
        migrate::run(&db, now).await?;
        anyhow::Ok(restored(&db, &SystemRandom, made_at, published, now).await?)
    };
    let done = done.await;
    db.close().await;
    done
}

/// Restores into a place where there is nothing yet.
pub async fn restore(args: RestoreArgs) -> anyhow::Result<Outcome> {
    let file = args.file.clone();
    if args.check {
        let checked = tokio::task::spawn_blocking(move || read::check(&file)).await?;
        return Ok(match checked {
            Ok(manifest) => {
                println!(
                    "whole: {} files as of {}, of a platform on {}",
                    manifest.files.len(),
                    manifest.made_at,
                    manifest.engine
                );
                Outcome::Fine
            }
            Err(error) => {
                println!("{error:#}");
                Outcome::CheckFailed
            }
        });
    }
    let published = match &args.roots {
        Some(source) => published::roots(source, None).await?,
        None => Vec::new(),
    };
    if let Some(keys) = &args.keys {
        let keys = published::keys(keys).await?;
        for one in &published {
            let day = &one.root.day;
            keys.check(&one.jws, Purpose::Roots).with_context(|| format!("the root of {}", plain(day)))?;
        }
    }
    let place = place(&args.flags)?;
    let address = place.address.clone();
    let manifest = tokio::task::spawn_blocking(move || read::restore(&place, &file))
        .await?
        .with_context(|| format!("nothing was restored from {}", args.file.display()))?;
    println!("restored {} files as of {}", manifest.files.len(), manifest.made_at);
    let done = record(&address, &manifest.made_at, &published).await.context(
        "everything was put in its place, but do not start: the record is not in order; put the restored data away and \
         restore again",
    )?;
    match done.lost {
        Some((first, last)) => println!(
            "links {first} to {last} of the record are lost: what they said happened after the backup; their published roots \
             were taken over"
        ),
        None if args.roots.is_some() => println!(
            "of the published roots the backup held {}; {} were taken over",
            done.known, done.taken_over
        ),
        None => println!(
            "When roots of the record were published after {}, start over with --roots: otherwise the platform signs others \
             for the same days.",
            manifest.made_at
        ),
    }
    println!("Put the key file of that platform in its place, then run `mydata doctor` and start.");
    Ok(Outcome::Fine)
}
