//! The binary under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("e2e lies one folder below the root")
}

/// The program `mydata`, of the same build as the running test.
///
/// `cargo xtask test` builds it beforehand; a bare `cargo nextest run -p mydata-e2e` gets it built here when absent.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn mydata() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let ourselves = std::env::current_exe().expect("a running test knows its own file");
        // target/debug/deps/browser-0123 or target/release/bench_exchange
        let folder = ourselves.parent().expect("a file lies in a folder");
        let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
        let program = folder.join("mydata");
        if !program.is_file() {
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            cargo.args(["build", "--quiet", "--package", "mydata"]).current_dir(repository());
            if folder.ends_with("release") {
                cargo.arg("--release");
            }
            let status = cargo.status().expect("cargo can be started");
            assert!(status.success() && program.is_file(), "{} could not be built", program.display());
        }
        program
    })
}
