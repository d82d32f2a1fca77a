//! The unit in `deploy/` is one that systemd takes, and shuts the program in.

use std::path::Path;
use std::process::Command;

use mydata_e2e::program;

/// Where `systemd-analyze` is not installed there is nothing that could be asked; CI's machines have it.
fn analyze(args: &[&str], unit: &Path) -> Option<String> {
    let output = Command::new("systemd-analyze").args(args).arg(unit).output().ok()?;
    Some(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn systemd_takes_the_unit_and_it_is_shut_in() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/mydata.service");
    let text = std::fs::read_to_string(source).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("mydata.service");
    // The program stands elsewhere here.
    let program = program::mydata();
    std::fs::write(&unit, text.replace("/usr/local/bin/mydata", program.to_str().unwrap())).unwrap();
    let Some(said) = analyze(&["verify", "--man=no"], &unit) else { return };
    assert!(!said.contains("mydata.service"), "{said}");
    let said = analyze(&["security", "--offline=true", "--no-pager"], &unit).unwrap();
    let level = said.lines().rev().find_map(|line| line.split_once("exposure level for mydata.service: "));
    let level = level.unwrap_or_else(|| panic!("{said}")).1;
    let level: f64 = level.split_whitespace().next().unwrap().parse().unwrap();
    assert!(level < 2.5, "{said}");
}
