//! `mydata registry`: who is registered, as one TOML file, in and out.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mydata_domain::Clock as _;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::registry::Registry;
use mydata_domain::time::SystemClock;
use mydata_store::repo::registry::Changes;
use mydata_store::repo::{audit, registry};
use mydata_store::{Store, StoreError};
use mydata_wire::SystemRandom;
use serde_json::json;

use crate::Outcome;
use crate::settings::{self, Flags};

/// Flags of `mydata registry`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Writes the file's organisations, datasets and services into the database; items not named stay. Applying a file
    /// twice changes nothing.
    Apply {
        #[command(flatten)]
        flags: Flags,
        /// The file; `-` for standard input.
        file: PathBuf,
        /// Says what would change and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes what is registered into a file. It holds secrets: the file is readable for its owner only.
    Export {
        #[command(flatten)]
        flags: Flags,
        /// The file; `-` for standard output.
        file: PathBuf,
    },
}

/// Applies or exports.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Apply { flags, file, dry_run } => {
            let document = read(&file)?;
            let store = open(&flags).await?;
            let changes =
                if dry_run { would_change(&store, &document).await } else { apply(&store, &document).await };
            let changes = changes.with_context(|| place(&file))?;
            show(&changes, dry_run);
            store.close().await;
        }
        Command::Export { flags, file } => {
            let store = open(&flags).await?;
            let document = registry::export(&store.db, &store.crypter).await?;
            let text = toml::to_string_pretty(&document).context("the registry cannot be written as TOML")?;
            write(&file, &text)?;
            store.close().await;
        }
    }
    Ok(Outcome::Fine)
}

async fn open(flags: &Flags) -> anyhow::Result<Store> {
    let config = settings::load(flags)?;
    let store = mydata_server::platform::store_config(&config)?;
    match Store::open(&store, SystemClock.now()).await {
        Err(error @ StoreError::InUse { .. }) => {
            Err(error).context("stop the platform first, or start it with --registry FILE")
        }
        opened => Ok(opened?),
    }
}

/// Reads a registry file; the errors name the place.
pub fn read(file: &Path) -> anyhow::Result<Registry> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("standard input cannot be read")?
    } else {
        std::fs::read_to_string(file)
            .with_context(|| format!("the registry file {} cannot be read", file.display()))?
    };
    parse(&text).with_context(|| place(file))
}

/// How errors name a registry file.
pub fn place(file: &Path) -> String {
    if file == Path::new("-") {
        "the registry on standard input".to_owned()
    } else {
        format!("the registry file {}", file.display())
    }
}

/// Reads a registry's text. Errors name the line and never show it: secrets stand in it.
pub fn parse(text: &str) -> anyhow::Result<Registry> {
    toml::from_str(text).map_err(|error| settings::at_line(text, &error))
}

/// Checks a document against itself and what is registered, then writes it.
pub async fn apply(store: &Store, document: &Registry) -> anyhow::Result<Changes> {
    check(store, document).await?;
    let now = SystemClock.now();
    let changes = store
        .db
        .run_tx("registry-apply", |tx| async move {
            let changes = registry::apply(&tx, &store.crypter, document, now).await?;
            if !changes.added.is_empty() || !changes.changed.is_empty() {
                let detail = json!({ "added": changes.added, "changed": changes.changed });
                let event = Event::new(now, Actor::Operator, What::RegistryChanged).with(detail);
                audit::append(&tx, &SystemRandom, &[event]).await?;
            }
            Ok(changes)
        })
        .await?;
    Ok(changes)
}

async fn check(store: &Store, document: &Registry) -> anyhow::Result<()> {
    let known = registry::load(&store.db, &store.crypter).await?;
    let faults = document.check(|id| known.organisations.contains_key(id), |id| known.zone_of(id));
    if !faults.is_empty() {
        bail!("the registry does not hold together; nothing was changed:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

async fn would_change(store: &Store, document: &Registry) -> anyhow::Result<Changes> {
    check(store, document).await?;
    let now = SystemClock.now();
    let told = std::sync::Mutex::new(Changes::default());
    let told_in = &told;
    // Everything is done and then taken back.
    let taken_back = store
        .db
        .run_tx("registry-dry-run", |tx| async move {
            let changes = registry::apply(&tx, &store.crypter, document, now).await?;
            *told_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = changes;
            Err::<(), _>(StoreError::NotFound)
        })
        .await;
    match taken_back {
        Err(StoreError::NotFound) => Ok(told.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
        Err(error) => Err(error.into()),
        Ok(()) => bail!("the trial was not taken back"),
    }
}

fn show(changes: &Changes, dry_run: bool) {
    for item in &changes.added {
        println!("+ {item}");
    }
    for item in &changes.changed {
        println!("~ {item}");
    }
    let word = if dry_run { "would be" } else { "were" };
    eprintln!(
        "{} {word} added, {} {word} changed, {} as declared already",
        changes.added.len(),
        changes.changed.len(),
        changes.unchanged
    );
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if file == Path::new("-") {
        print!("{text}");
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(file).with_context(|| format!("{} cannot be written", file.display()))?;
    out.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(())
}
