//! `mydata keys rotate`.

use std::path::PathBuf;
use std::time::Duration;

use mydata_domain::Clock as _;
use mydata_domain::time::SystemClock;
use mydata_store::Store;
use mydata_store::keys::KeySource;
use mydata_store::keys::rotate::{self, Progress};
use mydata_store::signing::{self, Purpose};

use crate::output::{count, thousands};
use crate::settings::Flags;

/// Flags of `mydata keys rotate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Makes no new key: seals anew what lies under older ones.
    #[arg(long, conflicts_with = "master")]
    resume: bool,
    /// Replaces the key that signs, `audit-root` the roots of the record, `receipt` receipts. The one before stays published:
    /// what it signed holds.
    #[arg(long, conflicts_with_all = ["resume", "master"])]
    purpose: Option<Purpose>,
    /// Wraps the data keys under another master key: without more, a fresh one in the key file.
    #[arg(long)]
    master: bool,
    /// The new master key is in this file, which is made if it does not exist.
    #[arg(long, value_name = "FILE", requires = "master", group = "to")]
    to_file: Option<PathBuf>,
    /// The new master key is in this variable of the environment.
    #[arg(long, value_name = "NAME", requires = "master", group = "to")]
    to_environment: Option<String>,
    /// The new master key is what this command prints: the program and, each by a flag of its own, its arguments.
    #[arg(long, value_name = "WORD", requires = "master", group = "to", allow_hyphen_values = true)]
    to_command: Vec<String>,
}

/// How long a command may take that prints a new master key.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

impl Args {
    fn to(&self) -> Option<KeySource> {
        if let Some(path) = &self.to_file {
            return Some(KeySource::File(path.clone()));
        }
        if let Some(name) = &self.to_environment {
            return Some(KeySource::Environment(name.clone()));
        }
        let program = self.to_command.clone();
        (!program.is_empty()).then_some(KeySource::Command { program, limit: COMMAND_LIMIT })
    }
}

/// Rotates.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let store = super::open(&args.flags).await?;
    let done = match args.purpose {
        Some(purpose) => signing(&store, purpose).await,
        None if args.master => master(&store, args).await,
        None => data(&store, args.resume).await,
    };
    store.close().await;
    done
}

async fn signing(store: &Store, purpose: Purpose) -> anyhow::Result<()> {
    let (id, before) = signing::replace(&store.db, &store.crypter, purpose, SystemClock.now()).await?;
    eprintln!("key {id} signs {} from now on", purpose.as_str());
    if let Some(before) = before {
        eprintln!("key {before} stays published at /api/audit/keys: what it signed holds");
    }
    Ok(())
}

async fn data(store: &Store, resume: bool) -> anyhow::Result<()> {
    let rotated = rotate::rotate(store, &SystemClock, resume, |progress| match progress {
        Progress::Another => eprintln!("another `mydata keys` is at work; waiting until it has ended"),
        Progress::Made(id) => eprintln!("key {id} was made"),
        Progress::GoesOn(id) => eprintln!("going on with key {id}"),
        Progress::Waits { nodes } => eprintln!("waiting for {} to follow", count(nodes, "node")),
        Progress::TookOver(id) => eprintln!("key {id} seals from now on"),
        Progress::Column { place, resealed } => eprintln!("{place}: {} sealed anew", thousands(resealed)),
        // One of many is no news.
        Progress::Blobs { resealed } if !resealed.is_multiple_of(100) => {}
        Progress::Blobs { resealed } => eprintln!("blobs: {} sealed anew", thousands(resealed)),
    })
    .await?;
    eprintln!("{} sealed anew under key {}", thousands(rotated.resealed), rotated.id);
    for id in &rotated.cleared {
        eprintln!(
            "nothing is under key {id} any more; `mydata keys retire {id}` drops it, an hour after it was replaced"
        );
    }
    if rotated.unreadable > 0 {
        eprintln!(
            "{} open under no key that is here and were left alone; `mydata keys list` says where",
            thousands(rotated.unreadable)
        );
    }
    Ok(())
}

async fn master(store: &Store, args: &Args) -> anyhow::Result<()> {
    let to = args.to();
    let (id, number) = rotate::rotate_master(store, &SystemClock, to.as_ref()).await?;
    eprintln!("{} wrapped anew under master key {id}", count(number, "key"));
    match &to {
        Some(to) => eprintln!(
            "Set the configuration of every node to {}, and restart them: none starts with the old one any more.",
            to.place()
        ),
        None => eprintln!(
            "Nodes with a key file of their own need this one before their next start. Make a safe copy of it."
        ),
    }
    Ok(())
}
