//! The keys: is the master key there, who else may read it, does it open this database's keys, and how old are they.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use mydata_domain::time::SystemClock;
use mydata_domain::{Clock as _, Time};
use mydata_server::Config;
use mydata_store::StoreError;
use mydata_store::crypt::Crypter;
use mydata_store::keys::kept::{self, Kept, Purpose};
use mydata_store::keys::{KeySource, MasterKeys};
use mydata_wire::SystemRandom;

use super::database::Found;
use super::report::Report;
use crate::output::count;

const FILE: &str = "key file";
const SOURCE: &str = "master key";
const KEYS: &str = "keys";
/// A data key should not seal longer.
const OLD_DAYS: i64 = 400;
const RIGHT: &str =
    "put the right master key back from its safe copy, or correct key_file or keys in the configuration";

/// Reads the keys without ever making any. `None` when there are none to go on with.
pub async fn check(config: &Config, database: &Found, report: &mut Report) -> Option<Crypter> {
    let source = mydata_server::platform::store_config(config).ok().and_then(|store| store.keys);
    let source = source.unwrap_or_else(|| KeySource::File(config.data_dir.join("keys")));
    let masters = match &source {
        KeySource::File(path) => file(path, database, report),
        _ => Ok(()),
    };
    masters.ok()?;
    let masters = read(&source, database, report).await?;
    let open = match database {
        Found::Open(open) if open.current => open,
        _ => return None,
    };
    let all = match kept::all(&open.db).await {
        Ok(all) => all,
        Err(error) => {
            report.fail(
                KEYS,
                error.to_string(),
                "look at the database; `mydata migrate` brings it up to date",
            );
            return None;
        }
    };
    match kept::open_ring(&all, &masters, &source) {
        Ok(ring) => {
            say(&all, &masters, SystemClock.now(), report);
            Some(Crypter::new(&ring, Arc::new(SystemRandom)))
        }
        Err(StoreError::Keys { reason, .. }) => {
            report.fail(KEYS, reason, RIGHT);
            None
        }
        Err(error) => {
            report.fail(KEYS, error.to_string(), "restore the table data_keys from a backup");
            None
        }
    }
}

/// Whether the file is there, and for its owner only.
fn file(path: &std::path::Path, database: &Found, report: &mut Report) -> Result<(), ()> {
    let shown = path.display();
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            match database {
                Found::Absent => report.ok(FILE, format!("{shown} is not there yet; the first start makes it")),
                Found::Open(open) if !open.current => {
                    report.ok(FILE, format!("{shown} is not there yet; the first start makes it"));
                }
                _ => report.fail(
                    FILE,
                    format!("{shown} is missing, and the database is in use with some keys"),
                    "put the file back from its safe copy, or set key_file; without it nothing secret can be read",
                ),
            }
            return Err(());
        }
        Err(error) => {
            report.fail(
                FILE,
                format!("{shown} cannot be read: {error}"),
                "run `mydata doctor` as the user that the platform runs as",
            );
            return Err(());
        }
    };
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        report.fail(
            FILE,
            format!("others may read or write {shown} (mode {mode:04o}); the platform does not start so"),
            format!("run `chmod 600 {shown}`, and `mydata keys rotate --master` if others were there"),
        );
        return Err(());
    }
    Ok(())
}

async fn read(source: &KeySource, database: &Found, report: &mut Report) -> Option<MasterKeys> {
    let asked = source.clone();
    let read = tokio::task::spawn_blocking(move || asked.read_now()).await.ok()?;
    let subject = if matches!(source, KeySource::File(_)) { FILE } else { SOURCE };
    let shown = match source {
        KeySource::File(path) => path.display().to_string(),
        _ => source.place(),
    };
    match read {
        Ok(Some(masters)) => {
            match source {
                KeySource::File(_) if masters.is_earlier() => report.warn(
                    subject,
                    format!("{shown} is of an earlier version: it holds data keys in plain"),
                    "run `mydata keys rotate --master`: the keys are wrapped in the database already",
                ),
                KeySource::File(_) => report.ok(subject, format!("{shown}, for its owner only")),
                _ => report.ok(subject, format!("{shown} gives {}", masters.newest())),
            }
            if masters.count() > 1 && !masters.is_earlier() {
                report.warn(
                    subject,
                    format!(
                        "{shown} gives {}: a change did not come to its end",
                        count(masters.count(), "master key")
                    ),
                    "run `mydata keys rotate --master`, which goes on",
                );
            }
            Some(masters)
        }
        // Looked for a moment ago.
        Ok(None) => None,
        Err(StoreError::Keys { reason, .. }) => {
            let mend = match (source, database) {
                (KeySource::File(_), _) => "put the file back from its safe copy",
                _ => "correct keys in the configuration; docs/operators/keys.md says what a source must give",
            };
            report.fail(subject, format!("{shown}: {reason}"), mend);
            None
        }
        Err(error) => {
            report.fail(subject, format!("{shown}: {error}"), RIGHT);
            None
        }
    }
}

fn say(all: &[Kept], masters: &MasterKeys, now: Time, report: &mut Report) {
    let data: Vec<&Kept> = all.iter().filter(|key| key.purpose == Purpose::Data).collect();
    let Some(sealing) = data.iter().find(|key| key.seals()) else { return };
    let days = (now.0 - sealing.made_at.0) / 86_400_000;
    let what = format!(
        "{}; {} seals, {} old",
        count(data.len(), "data key"),
        sealing.id,
        count(usize::try_from(days).unwrap_or(0), "day")
    );
    let since = sealing.seals_from;
    let stopped = |key: &&Kept| {
        key.waits() || (key.replaced_at.is_some() && key.replaced_at == since && key.cleared_at.is_none())
    };
    if data.iter().any(stopped) {
        report.warn(
            KEYS,
            format!("{what}; a rotation did not come to its end"),
            "run `mydata keys rotate`, which goes on",
        );
    } else if days > OLD_DAYS {
        report.warn(KEYS, what, "run `mydata keys rotate`; docs/operators/keys.md has the routine");
    } else {
        report.ok(KEYS, what);
    }
    if all.iter().any(|key| key.master != masters.newest()) {
        report.warn(
            KEYS,
            "some are wrapped under an older master key",
            "run `mydata keys rotate --master`, which goes on",
        );
    }
}
