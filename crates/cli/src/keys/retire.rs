//! `mydata keys retire`.

use std::time::Duration;

use mydata_domain::time::SystemClock;
use mydata_store::keys::{KeyId, rotate};

use crate::settings::Flags;

/// Flags of `mydata keys retire`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Which key; `mydata keys list` shows them.
    key: KeyId,
    /// So many seconds another must have sealed in its place: for what browsers hold and what was being written.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    grace: u64,
}

/// Retires a key.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let store = super::open(&args.flags).await?;
    let retired = rotate::retire(&store, &SystemClock, args.key, Duration::from_secs(args.grace)).await;
    store.close().await;
    retired?;
    eprintln!("key {} is gone; backups made until now still need it", args.key);
    Ok(())
}
