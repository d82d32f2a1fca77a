//! The clock: certificates, tickets and ID tokens are judged by it.

use std::time::{Duration, SystemTime};

use mydata_server::Config;

use super::identity::Seen;
use super::report::Report;
use crate::output::rfc3339;

const SUBJECT: &str = "clock";
const MEND: &str = "set the clock and keep it set (chrony or systemd-timesyncd)";
/// This program did not exist before: 2026-01-01T00:00:00Z.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// So much an ID token's times may differ.
const TOLERATED: Duration = Duration::from_secs(60);

/// Compares the clock with what is known about time.
pub fn check(config: &Config, now: SystemTime, seen: Option<&Seen>, report: &mut Report) {
    let shown = rfc3339(now);
    if now < SystemTime::UNIX_EPOCH + EARLIEST {
        return report.fail(SUBJECT, format!("{shown} is before this program was made"), MEND);
    }
    if let Some(written) = last_written(config)
        && let Ok(ahead) = written.duration_since(now)
        && ahead > TOLERATED
    {
        return report.fail(
            SUBJECT,
            format!(
                "{shown}, but the data folder was written to at {}: the clock went back",
                rfc3339(written)
            ),
            MEND,
        );
    }
    let Some(Seen { theirs, ours }) = seen else {
        return report.ok(SUBJECT, format!("{shown}; nobody could be asked whether that is right"));
    };
    let apart = theirs.duration_since(*ours).or_else(|_| ours.duration_since(*theirs)).unwrap_or_default();
    if apart > TOLERATED {
        report.fail(
            SUBJECT,
            format!(
                "{shown}, {} s away from the identity provider's: its ID tokens are refused",
                apart.as_secs()
            ),
            MEND,
        );
    } else {
        report.ok(SUBJECT, format!("{shown}, as the identity provider has it"));
    }
}

/// When the database was last written to.
fn last_written(config: &Config) -> Option<SystemTime> {
    let names = ["mydata.db", "mydata.db-wal", "keys"];
    let times =
        names.map(|name| std::fs::metadata(config.data_dir.join(name)).and_then(|meta| meta.modified()).ok());
    times.into_iter().flatten().max()
}
