//! The published vectors: they are what the code makes, and `openssl` and `unzip` agree with them.

mod common;

#[path = "../examples/vectors/make.rs"]
mod make;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use common::{Parts, client_id, dp_cert, iv, now, person, secret_key, trust};
use mydata_seal::dp_package::verify;
use mydata_seal::package::Package;
use mydata_seal::token::open;
use mydata_seal::trust::{NoRevocationCheck, Trust};
use mydata_wire::SecretKey;

fn files_below(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { assert!(found.insert(path)) }
    }
}

/// Shows R122. When it fails after a change that is meant: `cargo run -p mydata-seal --example vectors`.
#[test]
fn the_vectors_are_what_the_code_makes() {
    let folder = make::folder();
    let made = make::all(&folder).unwrap();
    let mut found = BTreeSet::new();
    files_below(&folder, &mut found);
    found.retain(|path| {
        let name = path.strip_prefix(&folder).unwrap();
        !name.starts_with("inputs") && name != Path::new("README.md")
    });
    let names: BTreeSet<PathBuf> = made.keys().map(|name| folder.join(name)).collect();
    assert_eq!(found, names, "no file too many, none too few");
    for (name, content) in made {
        assert!(fs::read(folder.join(&name)).unwrap() == content, "{name} differs from what the code makes");
    }
}

/// Shows R121, R122, R130, R132, R133, R134: the published token opens and everything in it verifies.
#[test]
fn the_published_token_opens() {
    let folder = make::folder();
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let parameters = String::from_utf8(read("inputs/parameters.env")).unwrap();
    let of = |name: &str| {
        parameters
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap()
            .trim_matches('\'')
    };
    let key: SecretKey = of("SECRET_KEY").parse().unwrap();
    let iv = of("CBC_IV").parse().unwrap();
    let opened = open(read("4-token/token.jwt").as_slice(), &key, &iv, Vec::new()).unwrap();
    assert_eq!(opened.content, read("3-package/package.zip"));
    let mut package = Package::open(Cursor::new(opened.content)).unwrap();
    let trust = Trust::new(&read("2-dp-packages/root.cer.pem"), Arc::new(NoRevocationCheck)).unwrap();
    let mut seen = 0;
    for file in package.manifest().files.clone() {
        if let Some(dp) = package.dp_package(&file.resource_id).unwrap() {
            verify(dp, &trust, now(), Some(&person())).unwrap();
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

/// The commands of the page, in their order.
fn commands() -> String {
    let page = fs::read_to_string(make::folder().join("README.md")).unwrap();
    let mut script = String::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    assert!(script.lines().count() > 50, "the page has its commands");
    script
}

fn bash(script: &str, folder: &Path) -> Output {
    let mut child = Command::new("bash")
        .args(["-s"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash is installed");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Shows R121, R123, R124, R125, R126, R127, R128, R129, R130, R132, R133: with the programs `openssl` and `unzip`,
/// both ways, by the very commands of `docs/vectors/README.md`.
#[test]
fn openssl_and_unzip_agree() {
    for program in ["openssl", "unzip", "xxd", "base64"] {
        assert!(
            Command::new("which").arg(program).output().is_ok_and(|o| o.status.success()),
            "the program {program} is needed to check the vectors; install it"
        );
    }
    let output = bash(&commands(), &make::folder());
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("certificate.cer: OK"), "{out}");
    assert!(out.contains("Verified OK"), "{out}");
    assert!(out.contains("household.pdf: the listed digest"), "{out}");
    assert!(out.contains("<code>204</code>"), "{out}");
}

/// The commands notice: a token with one changed character, a package with one changed byte.
#[test]
fn openssl_and_unzip_notice_a_change() {
    for name in
        ["4-token/token.jwt", "2-dp-packages/API.Kr1C3b1ijJ.zip", "3-package/package.zip", "1-entry/url.txt"]
    {
        let copy = tempfile::tempdir().unwrap();
        let mut found = BTreeSet::new();
        files_below(&make::folder(), &mut found);
        for path in found {
            let to = copy.path().join(path.strip_prefix(make::folder()).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(path, to).unwrap();
        }
        let path = copy.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        fs::write(&path, bytes).unwrap();
        assert!(!bash(&commands(), copy.path()).status.success(), "{name}");
    }
}

/// Shows R126, R127, R132: what `openssl` seals and signs, this crate opens and verifies.
#[test]
fn what_openssl_made_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut dp = Parts::good();
    fs::write(folder.path().join("manifest.xml"), dp.manifest.as_ref().unwrap()).unwrap();
    fs::write(folder.path().join("dp.key.pem"), common::input("dp.key.pem")).unwrap();
    fs::write(folder.path().join("certificate.cer"), dp_cert(|_| {})).unwrap();
    let script = "set -euo pipefail
openssl dgst -sha256 -sign dp.key.pem manifest.xml > signature
openssl x509 -in certificate.cer -outform DER -out certificate.der
";
    let output = bash(script, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    dp.signature = Some(fs::read(folder.path().join("signature")).unwrap());
    dp.certificate = Some(fs::read(folder.path().join("certificate.der")).unwrap());
    let package = dp.zip();
    verify(Cursor::new(&package), &trust(), now(), Some(&person())).unwrap();

    fs::write(folder.path().join("package.zip"), &package).unwrap();
    let script = format!(
        r#"set -euo pipefail
base64url() {{ base64 -w0 | tr '+/' '-_' | tr -d '='; }}
KEY=$(printf '%s' '{key}' | base64 -d | xxd -p -c 32); IV=$(printf '%s' '{iv}' | xxd -p)
openssl enc -aes-256-cbc -K "$KEY" -iv "$IV" -in package.zip | base64 -w0 > sealed
printf '%s.%s' "$(printf '{{"typ":"JWT",\r\n "alg":"HS256"}}' | base64url)" \
  "$( (printf '{{ "data": "application/zip;data:'; cat sealed; printf '",\n "filename": "{client_id}.zip" }}') | base64url)" > input
printf '%s.%s' "$(cat input)" "$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary input | base64url)" > token.jwt
"#,
        key = secret_key().to_wire(),
        iv = iv().expose(),
        client_id = client_id(),
    );
    let output = bash(&script, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let token = fs::read(folder.path().join("token.jwt")).unwrap();
    let opened = open(token.as_slice(), &secret_key(), &iv(), Vec::new()).unwrap();
    assert_eq!(opened.content, package);
    assert_eq!(opened.filename, format!("{}.zip", client_id()));
}
