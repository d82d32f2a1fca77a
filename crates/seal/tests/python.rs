//! Python's `cryptography` and `PyJWT` agree with this crate, both ways.
//!
//! The interpreter comes from `MYDATA_TEST_PYTHON` (`cargo xtask test` makes one with the two modules), else `python3`.
//! Without the modules these tests fail: a foreign implementation that is not asked proves nothing.

mod common;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use mydata_seal::dp_package::{FileKind, verify};
use mydata_seal::package::{self, Package};
use mydata_seal::token::{TokenWriter, open_to_folder};
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest};
use mydata_wire::pid::Pid;
use mydata_wire::{ClientSecret, ResourceId};
use serde_json::{Value, json};

fn python(arguments: &[&str]) -> Result<(), String> {
    let interpreter = std::env::var("MYDATA_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/python/foreign.py");
    let output = Command::new(&interpreter)
        .arg(script)
        .args(arguments)
        .output()
        .map_err(|e| format!("{interpreter} does not start: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{interpreter}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn require_python() {
    if let Err(reason) = python(&["probe"]) {
        panic!(
            "Python with the modules cryptography and pyjwt is needed: run `cargo xtask test`, which makes one, or \
             set MYDATA_TEST_PYTHON to an interpreter that has them.\n{reason}"
        );
    }
}

fn client_secret() -> ClientSecret {
    "lxLRIhDcR59kp2SG".parse().unwrap()
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(folder.join(name), content).unwrap();
}

const PRESENT: &str = "API.Kr1C3b1ijJ";
const NO_DATA: &str = "API.TM12KLkB8o";

/// Shows R100, R121, R123, R124, R125, R126, R127, R128, R129, R130, R132, R133.
#[test]
fn python_opens_what_we_seal() {
    require_python();
    let folder = tempfile::tempdir().unwrap();
    let entry = |resource, name: &str, code| PackageEntry {
        resource_id: id(resource),
        resource_name: name.to_owned(),
        code,
    };
    let manifest = PackageManifest {
        files: vec![
            entry(PRESENT, "個人戶籍資料 <A&B> 𠮷", FileCode::Present),
            entry(NO_DATA, "財產資料", FileCode::NoData),
        ],
    };
    let dp = good_package();
    let zip = package::write(Vec::new(), &manifest, |_| Ok(dp.as_slice())).unwrap();
    let mut token = TokenWriter::new(Vec::new(), &client_id(), &secret_key(), &iv()).unwrap();
    token.write_all(&zip).unwrap();
    write(folder.path(), "token.jwt", token.finish().unwrap());
    write(folder.path(), "root.cer.pem", root_pem());
    let given = json!({
        "secret_key": secret_key().to_wire(),
        "cbc_iv": iv().expose(),
        "client_secret": client_secret().expose(),
        "pid": Pid::Person(person()).encrypt(&client_secret(), &iv()),
    });
    write(folder.path(), "given.json", given.to_string());

    python(&["open", folder.path().to_str().unwrap()]).unwrap();
    let found: Value = serde_json::from_slice(&fs::read(folder.path().join("found.json")).unwrap()).unwrap();
    assert_eq!(
        found,
        json!({
            "filename": "CLI.qqOjnjO4WR.zip",
            "pid": "A123456789",
            "datasets": {
                PRESENT: {"name": "個人戶籍資料 <A&B> 𠮷", "code": "200", "files": ["戶籍資料.json", "household.pdf"]},
                NO_DATA: {"name": "財產資料", "code": "204", "files": null},
            },
        })
    );
}

/// Shows R100, R121, R123, R124, R125, R126, R127, R128, R129, R130, R132, R133, R134.
#[test]
fn we_open_what_python_seals() {
    require_python();
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in good_files() {
        write(folder.path(), &name, content);
    }
    write(folder.path(), "dp.key.pem", input("dp.key.pem"));
    write(folder.path(), "dp.cer.pem", dp_cert(|_| {}));
    let given = json!({
        "secret_key": secret_key().to_wire(),
        "cbc_iv": iv().expose(),
        "client_secret": client_secret().expose(),
        "client_id": client_id().as_str(),
        "person": person().expose(),
        "files": ["戶籍資料.json", "household.pdf"],
        "datasets": [[PRESENT, "個人戶籍資料", "200"], [NO_DATA, "財產資料", "204"]],
    });
    write(folder.path(), "given.json", given.to_string());
    python(&["make", folder.path().to_str().unwrap()]).unwrap();

    let pid = fs::read_to_string(folder.path().join("pid.txt")).unwrap();
    assert_eq!(Pid::decrypt(&pid, &client_secret(), &iv()), Ok(Pid::Person(person())));

    let token = fs::File::open(folder.path().join("token.jwt")).unwrap();
    let path = open_to_folder(token, &secret_key(), &iv(), folder.path()).unwrap();
    let mut package = Package::open(Cursor::new(fs::read(path).unwrap())).unwrap();
    let codes: Vec<_> = package.manifest().files.iter().map(|f| (f.resource_name.clone(), f.code)).collect();
    assert_eq!(
        codes,
        [("個人戶籍資料".to_owned(), FileCode::Present), ("財產資料".to_owned(), FileCode::NoData)]
    );
    let dp = package.dp_package(&id(PRESENT)).unwrap().unwrap();
    let verified = verify(dp, &trust(), now(), Some(&person())).unwrap();
    let kinds: Vec<_> = verified.files.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FileKind::Json, FileKind::Pdf]);
}
