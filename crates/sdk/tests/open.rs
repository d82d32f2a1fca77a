//! Opening a received token: every DP package is judged on its own, and only verified files come out.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use mydata_sdk::dp::{Builder, Signer};
use mydata_sdk::seal::package;
use mydata_sdk::seal::token::TokenWriter;
use mydata_sdk::seal::trust::{NoRevocationCheck, Trust};
use mydata_sdk::sp::{Content, OpenError, Received};
use mydata_sdk::wire::manifest::{FileCode, PackageEntry, PackageManifest};
use mydata_sdk::wire::{CbcIv, ResourceId, SecretKey, SystemRandom};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};

const JSON: &[u8] = br#"{"name":"fictional"}"#;

/// A root, and a DP's signer under it.
fn authority() -> (String, Signer) {
    let named = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let key = || KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut root = named("Fictional root");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root_key = key();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let signer_key = key();
    let signer = named("Fictional DP").signed_by(&signer_key, &Issuer::new(root, root_key)).unwrap();
    (root_pem, Signer::new(signer_key.serialize_pem().as_bytes(), signer.pem().as_bytes()).unwrap())
}

/// A PDF of one empty page.
fn pdf() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut xref = "xref\n0 4\n0000000000 65535 f \n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        xref.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let at = pdf.len();
    pdf.push_str(&format!("{xref}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"));
    pdf.into_bytes()
}

fn dp_package(signer: &Signer) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new(), signer);
    builder.file("data.json", JSON).unwrap();
    builder.file("sub/data.pdf", pdf().as_slice()).unwrap();
    builder.finish().unwrap()
}

struct Sealed {
    folder: tempfile::TempDir,
    token: PathBuf,
    key: SecretKey,
    iv: CbcIv,
}

fn seal(packages: &[(ResourceId, Option<Vec<u8>>)]) -> Sealed {
    let manifest = PackageManifest {
        files: packages
            .iter()
            .map(|(id, content)| PackageEntry {
                resource_id: id.clone(),
                resource_name: "虛構資料".to_owned(),
                code: if content.is_some() { FileCode::Present } else { FileCode::NoData },
            })
            .collect(),
    };
    let (key, iv) = (SecretKey::generate(&SystemRandom), CbcIv::generate(&SystemRandom));
    let writer = TokenWriter::new(Vec::new(), &"CLI.qqOjnjO4WR".parse().unwrap(), &key, &iv).unwrap();
    let open = |id: &ResourceId| {
        let content = packages.iter().find(|(i, _)| i == id).and_then(|(_, content)| content.clone());
        Ok(Cursor::new(content.unwrap()))
    };
    let token = package::write(writer, &manifest, open).unwrap().finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.jwt");
    std::fs::write(&path, token).unwrap();
    Sealed { token: path, folder, key, iv }
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

/// Shows R126, R127, R129, R131, R132, R133 as an SP meets them.
#[test]
fn each_dataset_is_judged_on_its_own() {
    let (root, signer) = authority();
    let (_, stranger) = authority();
    let (good, foreign, none) = (id("API.Kr1C3b1ijJ"), id("API.TM12KLkB8o"), id("API.0000000000"));
    let sealed = seal(&[
        (foreign.clone(), Some(dp_package(&stranger))),
        (good.clone(), Some(dp_package(&signer))),
        (none.clone(), None),
    ]);
    let trust = Trust::new(root.as_bytes(), Arc::new(NoRevocationCheck)).unwrap();
    let folder = sealed.folder.path();
    let received =
        Received::open(&sealed.token, &sealed.key, &sealed.iv, folder, &trust, None, SystemTime::now())
            .unwrap();
    let [first, second, third] = received.datasets() else { panic!("three datasets") };
    assert!(matches!(first.content, Content::Refused(_)));
    assert!(matches!(&second.content, Content::Verified(v) if v.signer.subject.contains("Fictional DP")));
    assert!(matches!(third.content, Content::NoData));
    assert_eq!(second.resource_name, "虛構資料");

    assert_eq!(received.read_file(&good, "data.json", 1000).unwrap(), JSON);
    assert!(matches!(received.read_file(&good, "data.json", 3), Err(OpenError::Copy(_))));
    for (dataset, name) in [(&foreign, "data.json"), (&none, "data.json"), (&good, "other.json")] {
        let read = received.read_file(dataset, name, 1000);
        assert!(matches!(read, Err(OpenError::NotThere(_))), "{dataset} {name}");
    }
    let out = folder.join("out");
    let mut written = received.extract_to(&out).unwrap();
    written.sort();
    let expected = ["data.json", "sub/data.pdf"].map(|name| out.join(good.as_str()).join(name));
    assert_eq!(written, expected);
    assert_eq!(std::fs::read(&written[0]).unwrap(), JSON);
}

/// Shows R126: a token that was changed, or another key, gives nothing.
#[test]
fn a_token_that_was_changed_or_is_anothers_leaves_no_file() {
    let (root, signer) = authority();
    let sealed = seal(&[(id("API.Kr1C3b1ijJ"), Some(dp_package(&signer)))]);
    let trust = Trust::new(root.as_bytes(), Arc::new(NoRevocationCheck)).unwrap();
    let folder = sealed.folder.path().join("inbox");
    std::fs::create_dir(&folder).unwrap();
    let open = |key: &SecretKey| {
        Received::open(&sealed.token, key, &sealed.iv, &folder, &trust, None, SystemTime::now())
    };
    assert!(matches!(open(&SecretKey::generate(&SystemRandom)), Err(OpenError::Token(_))));
    let mut token = std::fs::read(&sealed.token).unwrap();
    let middle = token.len() / 2;
    token[middle] = if token[middle] == b'A' { b'B' } else { b'A' };
    std::fs::write(&sealed.token, token).unwrap();
    assert!(matches!(open(&sealed.key), Err(OpenError::Token(_))));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing unauthenticated is left");
    std::fs::remove_file(&sealed.token).unwrap();
    let error = open(&sealed.key).unwrap_err();
    assert!(error.to_string().contains("token.jwt"), "{error}");
}
