//! The key file: is it there, who else may read it, are its lines keys.

use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;

use mydata_server::Config;
use mydata_store::StoreError;
use mydata_store::crypt::Crypter;
use mydata_store::keys::{KeyRing, KeySource};
use mydata_wire::SystemRandom;
use std::sync::Arc;
use zeroize::Zeroizing;

use super::database::Found;
use super::report::Report;

const SUBJECT: &str = "key file";
/// No key file is larger.
const MOST: u64 = 1 << 20;

/// Reads the keys without ever making any. `None` when there are none to go on with.
pub fn check(config: &Config, database: &Found, report: &mut Report) -> Option<Crypter> {
    let path = config.key_file.clone().unwrap_or_else(|| config.data_dir.join("keys"));
    let shown = path.display();
    let mut file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match database {
                Found::Absent => report.ok(SUBJECT, format!("{shown} is not there yet; the first start makes it")),
                Found::Open(open) if !open.current => {
                    report.ok(SUBJECT, format!("{shown} is not there yet; the first start makes it"));
                }
                _ => report.fail(
                    SUBJECT,
                    format!("{shown} is missing, and the database is in use with some keys"),
                    "put the file back from its safe copy, or set key_file; without it nothing secret can be read",
                ),
            }
            return None;
        }
        Err(error) => {
            report.fail(
                SUBJECT,
                format!("{shown} cannot be read: {error}"),
                "run `mydata doctor` as the user that the platform runs as",
            );
            return None;
        }
    };
    let mode = file.metadata().map_or(0, |meta| meta.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        report.fail(
            SUBJECT,
            format!("others may read or write {shown} (mode {mode:04o}); the platform does not start so"),
            format!("run `chmod 600 {shown}`, and change the key if others were there"),
        );
        return None;
    }
    // Room for all of it, so that no half-filled copy stays behind in memory.
    let room = file.metadata().map_or(0, |meta| meta.len().min(MOST) + 1);
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(room).unwrap_or(0)));
    if let Err(error) = file.by_ref().take(MOST).read_to_string(&mut text) {
        report.fail(
            SUBJECT,
            format!("{shown} cannot be read: {error}"),
            "put the file back from its safe copy",
        );
        return None;
    }
    match KeyRing::load(&KeySource::Inline(text), &SystemRandom) {
        Ok((ring, _)) => {
            report.ok(SUBJECT, format!("{shown}, for its owner only"));
            Some(Crypter::new(&ring, Arc::new(SystemRandom)))
        }
        Err(StoreError::Keys { reason, .. }) => {
            report.fail(SUBJECT, format!("{shown}: {reason}"), "put the file back from its safe copy");
            None
        }
        Err(error) => {
            report.fail(SUBJECT, format!("{shown}: {error}"), "put the file back from its safe copy");
            None
        }
    }
}
