//! `mydata dp`.

use std::os::unix::fs::PermissionsExt as _;

use mydata_sandbox::ca::KeyAndCertificate;
use mydata_sandbox::dp::package::{Careless, DataFile};

use crate::common::{Authority, PERSON, Place, Ran, dp_key, text, vector};

fn input(name: &str) -> String {
    text(&vector(&format!("inputs/{name}")))
}

/// A good pair, its root, and a place with `PERSON` in the environment.
fn provider() -> (Place, KeyAndCertificate, String) {
    let place = Place::new().env("MYDATA_PERSON_ID", PERSON);
    let authority = Authority::new();
    let identity =
        KeyAndCertificate { key: dp_key().serialize_pem(), certificate: authority.signer((2020, 2046)) };
    let root = place.write("root.pem", &authority.root);
    place.write("key.pem", &identity.key);
    place.write("cert.pem", &identity.certificate);
    (place, identity, root)
}

fn pack(place: &Place, files: &[&str]) -> Ran {
    let mut args =
        vec!["dp", "pack", "--key", "key.pem", "--certificate", "cert.pem", "--out", "package.zip"];
    args.extend(files);
    place.run(&args)
}

/// Shows R130, R132, R133, R134, R135.
#[test]
fn what_is_packed_verifies() {
    let (place, _, root) = provider();
    let note = place.write("readme.txt", "fictional");
    let ran = pack(&place, &[&input("household.json"), &input("household.pdf"), &note]).ends(0);
    assert!(ran.out.is_empty() && ran.err.contains("3 files, signed by"), "{}", ran.err);
    assert_eq!(place.path("package.zip").metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let ran = place.run(&["dp", "verify", "package.zip", "--roots", &root, "--pinned", "cert.pem"]).ends(0);
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("ok ")).count(), 10, "{}", ran.out);
    assert!(ran.out.contains("readme.txt"), "{}", ran.out);

    let package = std::fs::read(place.path("package.zip")).unwrap();
    let json = place.run_with(&["dp", "verify", "-", "--roots", &root, "--json"], &package).ends(0).json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["steps"].as_array().unwrap().len(), 11);
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
    assert!(json["signer"]["subject"].as_str().unwrap().contains("Fictional Signer"));

    // To standard output, the same bytes.
    let args = ["dp", "pack", "--key", "key.pem", "--certificate", "cert.pem", "--out", "-"];
    let output =
        place.mydata(&args).args([input("household.json"), input("household.pdf"), note]).output().unwrap();
    assert_eq!(output.stdout, package);
}

/// Shows R134.
#[test]
fn what_the_platform_would_refuse_is_not_packed() {
    let (place, ..) = provider();
    let (json, pdf) = (input("household.json"), input("household.pdf"));
    let broken = place.write("broken.json", "{\"name\": ");
    let not_pdf = place.write("text.pdf", "not a PDF");
    let open = text(&vector("../../crates/seal/tests/fixtures/plain.pdf"));
    let other = text(&vector("../../crates/seal/tests/fixtures/other-person.pdf"));
    std::fs::create_dir(place.path("copy")).unwrap();
    let twice = place.write("copy/household.json", "{}");
    for (files, code, says) in [
        (&[json.as_str()][..], 1, "needs at least one PDF"),
        (&[pdf.as_str()], 1, "needs at least one JSON"),
        (&[&broken, &pdf], 1, "is not JSON in UTF-8: line 1, column"),
        (&[&json, &not_pdf], 1, "it is not a PDF that can be opened"),
        (&[&json, &open], 1, "it opens without a password"),
        (&[&json, &other], 1, "it does not open with the personal id"),
        (&[&json, &twice, &pdf], 2, "would both be household.json inside"),
        (&[&json, "missing.pdf"], 1, "missing.pdf cannot be read"),
    ] {
        let ran = pack(&place, files).ends(code).hides(PERSON);
        assert!(ran.err.contains(says), "{files:?}: {}", ran.err);
        assert!(!place.path("package.zip").exists(), "{files:?}");
        let left: Vec<_> =
            std::fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
    }
    let own = place.write("own.json", "{}");
    let args = ["dp", "pack", "--key", "key.pem", "--certificate", "cert.pem", "--out", &own, &own, &pdf];
    assert!(place.run(&args).ends(2).err.contains("is one of the files"));
    assert_eq!(std::fs::read_to_string(place.path("own.json")).unwrap(), "{}");
}

#[test]
fn a_key_that_cannot_sign_is_told_with_the_mend() {
    let (place, ..) = provider();
    place.write("expired.pem", Authority::new().signer((2020, 2021)));
    let other = text(&vector("../../crates/seal/tests/fixtures/other.key.pem"));
    let short = text(&vector("../../crates/seal/tests/fixtures/short.key.pem"));
    for (key, certificate, says) in [
        (
            other.as_str(),
            "cert.pem",
            "of another key than the private key given — give the certificate that was made",
        ),
        (&short, "cert.pem", "not an RSA key of at least 2048 bits"),
        ("key.pem", "key.pem", "neither PEM nor DER of an X.509 certificate"),
        ("key.pem", "expired.pem", "not now — have a new one made"),
    ] {
        let args = ["dp", "pack", "--key", key, "--certificate", certificate, "--out", "p.zip"];
        let ran = Ran::of(
            &place.mydata(&args).args([input("household.json"), input("household.pdf")]).output().unwrap(),
        );
        assert!(ran.ends(1).err.contains(says), "{says}");
    }
}

fn data() -> Vec<DataFile> {
    ["household.json", "household.pdf"]
        .map(|name| (name.to_owned(), std::fs::read(vector(&format!("inputs/{name}"))).unwrap()))
        .into()
}

/// Each step's failure is on its own line, those before are ok, those behind are not reached. Shows R132, R133, R134.
#[test]
fn every_step_has_its_line() {
    let (place, identity, root) = provider();
    let stranger = std::fs::read_to_string(vector("../../crates/seal/tests/fixtures/other.key.pem")).unwrap();
    let expired = Authority::new().signer((2020, 2021));
    let foreign =
        std::fs::read_to_string(vector("2-dp-packages/API.Kr1C3b1ijJ/META-INFO/certificate.cer")).unwrap();
    let good = || Careless::of(data(), &identity);
    let extra = |name: &str, content: &[u8]| {
        let mut files = data();
        files.push((name.to_owned(), content.to_vec()));
        files
    };
    let truth = mydata_sandbox::dp::package::manifest(&data());
    let cases: Vec<(&str, Careless<'_>, &str)> = vec![
        ("zip limits", Careless::of(extra("../evil", b"x"), &identity), "has a part .."),
        ("certificate: validity", Careless { certificate: &expired, ..good() }, "expired at"),
        ("certificate: chain", Careless { certificate: &foreign, ..good() }, "does not chain"),
        ("signature", Careless { key: &stranger, ..good() }, "SHA256withRSA (PKCS#1 v1.5)"),
        (
            "digests",
            Careless {
                files: vec![data()[0].clone(), (data()[1].0.clone(), b"changed".to_vec())],
                manifest: Some(truth.clone()),
                ..good()
            },
            "household.pdf is not the one listed",
        ),
        (
            "unlisted files",
            Careless { files: extra("more.txt", b"x"), manifest: Some(truth), ..good() },
            "more.txt is inside, but not listed",
        ),
        ("formats", Careless::of(data()[..1].to_vec(), &identity), "there is no PDF file"),
    ];
    for (step, careless, says) in cases {
        place.write("package.zip", careless.build().unwrap());
        let ran = place.run(&["dp", "verify", "package.zip", "--roots", &root, "--json"]).ends(1);
        let json = ran.json();
        let steps = json["steps"].as_array().unwrap();
        let at = steps.iter().position(|line| line["state"] == "failed").unwrap();
        assert_eq!(steps[at]["step"], step, "{}", ran.out);
        assert!(format!("{}", steps[at]).contains(says), "{step}: {}", steps[at]);
        assert!(steps[at]["mend"].as_str().unwrap().len() > 10);
        assert!(
            steps[..at].iter().all(|line| line["state"] == "ok" || line["state"] == "skipped"),
            "{}",
            ran.out
        );
        assert!(steps[at + 1..].iter().all(|line| line["state"] == "not_reached"), "{}", ran.out);
    }

    place.write("package.zip", "not a zip");
    let ran = place.run(&["dp", "verify", "package.zip", "--roots", &root]).ends(1);
    assert!(ran.out.starts_with("failed      zip limits"), "{}", ran.out);
    place.write("package.zip", good().build().unwrap());
    let other = text(&vector("2-dp-packages/API.Kr1C3b1ijJ/META-INFO/certificate.cer"));
    let ran = place.run(&["dp", "verify", "package.zip", "--roots", &root, "--pinned", &other]).ends(1);
    assert!(ran.out.contains("failed      certificate: registered"), "{}", ran.out);
}

#[test]
fn the_personal_id_is_never_repeated() {
    let (place, _, root) = provider();
    pack(&place, &[&input("household.json"), &input("household.pdf")]).ends(0);
    let verify = ["dp", "verify", "package.zip", "--roots", root.as_str(), "--person"];
    let with = |id: &str| place.run(&[&verify[..], &[id]].concat());
    with("A123456788").ends(2).hides("A123456788");
    with("B222222228").ends(1).hides("B222222228");
    place.run_with(&[&verify[..], &["-"]].concat(), b"a123456789\n").ends(0).hides(PERSON);
    let ran = place.run_with(&["dp", "verify", "-", "--roots", &root, "--person", "-"], b"x").ends(2);
    assert!(ran.err.contains("cannot both come from standard input"));
}

#[test]
fn roots_that_cannot_be_used_are_named() {
    let (place, ..) = provider();
    pack(&place, &[&input("household.json"), &input("household.pdf")]).ends(0);
    assert!(place.run(&["dp", "verify", "package.zip"]).ends(2).err.contains("--roots"));
    let ran = place.run(&["dp", "verify", "package.zip", "--roots", "nowhere.pem"]).ends(1);
    assert!(ran.err.contains("nowhere.pem"), "{}", ran.err);
    let ran = place.run(&["dp", "verify", "package.zip", "--roots", "key.pem"]).ends(1);
    assert!(ran.err.contains("key.pem: no certificate found"), "{}", ran.err);
    let ran = place.run(&["dp", "verify", "missing.zip", "--roots", "root.pem"]).ends(1);
    assert!(ran.err.contains("missing.zip cannot be read"), "{}", ran.err);
}

/// A web server that gives everybody the same bytes.
fn serve(bytes: Vec<u8>) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ca.crl", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2_048]);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
        }
    });
    url
}

/// Shows R131.
#[test]
fn revocation_is_asked_for_when_wanted() {
    let authority = Authority::new();
    let list = serve(authority.list(&[7]));
    let place = Place::new();
    let root = place.write("root.pem", &authority.root);
    for (serial, revoked) in [(6, false), (7, true)] {
        let key = dp_key().serialize_pem();
        let identity = KeyAndCertificate { key, certificate: authority.listed_signer(&list, serial) };
        place.write("package.zip", Careless::of(data(), &identity).build().unwrap());
        let verify = ["dp", "verify", "package.zip", "--roots", root.as_str()];
        let ran = place.run(&verify).ends(0);
        assert!(ran.out.contains("skipped     certificate: revocation"), "{}", ran.out);
        let blocked = place.run(&[&verify[..], &["--revocation", "ocsp-then-crl"]].concat()).ends(1);
        assert!(blocked.out.contains("it may not be called: the address is internal"), "{}", blocked.out);
        let asked = [&verify[..], &["--revocation", "crl", "--allow-network", "127.0.0.0/8"]].concat();
        let ran = place.run(&asked).ends(i32::from(revoked));
        let says = match revoked {
            false => format!("CRL at {list}"),
            true => "it is revoked: O=Fictional Organisation,CN=Fictional Signer, on 2026-01-02".to_owned(),
        };
        assert!(ran.out.contains(&says), "{}", ran.out);
    }
    let ran =
        place.run(&["dp", "verify", "package.zip", "--roots", &root, "--revocation", "perhaps"]).ends(2);
    assert!(ran.err.contains("ocsp-then-crl"), "{}", ran.err);
}
