//! The data folder: is it there, whose is it, who else may look, is there room.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use mydata_server::Config;
use rustix::fs::{Access, access, statvfs};
use rustix::process::geteuid;

use super::report::Report;
use crate::backup::aside::Aside;

const SUBJECT: &str = "data folder";
const MIB: u64 = 1 << 20;
/// Less is too little for one package.
const TOO_LITTLE: u64 = 256 * MIB;
/// Less deserves a look.
const LITTLE: u64 = 4 * 1024 * MIB;

/// Whether this process runs as the owner.
pub fn is_owner(meta: &Metadata) -> bool {
    meta.uid() == geteuid().as_raw()
}

/// Looks at the folder.
pub fn check(config: &Config, report: &mut Report) {
    let folder = &config.data_dir;
    let shown = folder.display();
    let meta = match std::fs::metadata(folder) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return absent(folder, report),
        Err(error) => {
            return report.fail(
                SUBJECT,
                format!("{shown} cannot be looked at: {error}"),
                "run `mydata doctor` as the user that the platform runs as",
            );
        }
    };
    if !meta.is_dir() {
        return report.fail(
            SUBJECT,
            format!("{shown} is no folder"),
            "set data_dir to a folder, or move the file away",
        );
    }
    let mode = meta.permissions().mode() & 0o777;
    if !is_owner(&meta) {
        report.warn(
            SUBJECT,
            format!("{shown} belongs to user {}, this runs as user {}", meta.uid(), geteuid().as_raw()),
            "run `mydata doctor` as the user that the platform runs as",
        );
    }
    if access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        report.fail(
            SUBJECT,
            format!("{shown} cannot be written to"),
            format!("give it to the user that the platform runs as: `chown -R USER {shown}`"),
        );
    } else if mode & 0o077 != 0 {
        report.warn(
            SUBJECT,
            format!("others may look into {shown} (mode {mode:04o})"),
            format!("run `chmod 700 {shown}`"),
        );
    } else {
        report.ok(SUBJECT, format!("{shown}, for its owner only"));
    }
    for (name, what) in [(Aside::BACKUP, "backup"), (Aside::RESTORE, "restoring")] {
        if Aside::is_left(folder, name) {
            report.warn(
                SUBJECT,
                format!(
                    "{} was left by a {what} that was killed; it takes room",
                    folder.join(name).display()
                ),
                format!(
                    "the next `mydata {}` clears it, or delete it",
                    if what == "backup" { "backup" } else { "restore" }
                ),
            );
        }
    }
    room(folder, report);
}

/// The first start makes the folder; could it?
fn absent(folder: &Path, report: &mut Report) {
    let above = folder.ancestors().skip(1).map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let Some(above) = above.into_iter().find(|p| p.exists()) else { return };
    if access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        report.ok(SUBJECT, format!("{} is not there yet; the first start makes it", folder.display()));
        room(above, report);
    } else {
        report.fail(
            SUBJECT,
            format!("{} is not there, and {} does not let it be made", folder.display(), above.display()),
            "make it and give it to the user that the platform runs as, or set data_dir",
        );
    }
}

fn room(folder: &Path, report: &mut Report) {
    let free = match statvfs(folder) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => {
            return report.warn(
                "free space",
                format!("it cannot be told: {error}"),
                format!("look with `df {}`", folder.display()),
            );
        }
    };
    let what = format!("{} MiB where {} is", crate::output::thousands(free / MIB), folder.display());
    let mend = "make room, or set data_dir to a larger disk; a package may have 2 GiB";
    match free {
        free if free < TOO_LITTLE => report.fail("free space", what, mend),
        free if free < LITTLE => report.warn("free space", what, mend),
        _ => report.ok("free space", what),
    }
}
