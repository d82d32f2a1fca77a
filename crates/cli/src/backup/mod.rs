//! `mydata backup` and `mydata restore`: the whole of what a platform keeps, in one file, while it runs.
//!
//! [`write`] makes it, [`read`] puts it back; [`manifest`] is what both agree on, [`postgres`] asks PostgreSQL's own programs.
//!
//! The file is a tar of the database (`database.sqlite` or `database.pgdump`), the blobs (`blobs/…`) and, last, the
//! manifest with the size and the SHA-256 of each: a file without its end is no backup. **The keys are not in it.** What it
//! holds of persons and secrets is sealed; whoever has the file alone reads nothing.
//!
//! One moment: what has been a blob before the database was copied is kept by a hard link first, what became one
//! meanwhile is added after; so every blob that the copied database names is there. Those too many are swept later.

mod manifest;
mod postgres;
mod read;
mod write;

use std::path::PathBuf;

use anyhow::Context as _;
use mydata_store::DbAddress;

use crate::Outcome;
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
    let file = args.file.clone();
    let made = tokio::task::spawn_blocking(move || write::write(&place, &file)).await??;
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
    let place = place(&args.flags)?;
    let manifest = tokio::task::spawn_blocking(move || read::restore(&place, &file))
        .await?
        .with_context(|| format!("nothing was restored from {}", args.file.display()))?;
    println!("restored {} files as of {}", manifest.files.len(), manifest.made_at);
    println!("Put the key file of that platform in its place, then run `mydata doctor` and start.");
    Ok(Outcome::Fine)
}
