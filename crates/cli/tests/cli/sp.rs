//! `mydata sp`.

use std::os::unix::fs::PermissionsExt as _;

use mydata_wire::entry::{RawEntry, decode_resources};
use mydata_wire::pid::Pid;

use crate::common::{Authority, PERSON, Place, parameter, registry, text, vector};

fn with_secrets() -> Place {
    Place::new()
        .env("MYDATA_SP_CLIENT_ID", &parameter("CLIENT_ID"))
        .env("MYDATA_SP_CLIENT_SECRET", &parameter("CLIENT_SECRET"))
        .env("MYDATA_SP_CBC_IV", &parameter("CBC_IV"))
}

const LINK: [&str; 7] = [
    "sp",
    "link",
    "--base",
    "https://mydata.example",
    "--return-url",
    "https://b.example/r?a=1",
    "--resource",
];

fn link(place: &Place, more: &[&str]) -> crate::common::Ran {
    let mut args = LINK.to_vec();
    args.push("API.Kr1C3b1ijJ");
    args.extend(more);
    place.run(&args)
}

/// What the platform reads in a link.
fn read(url: &str) -> (RawEntry, Pid) {
    let url = url::Url::parse(url.trim()).unwrap();
    let entry = RawEntry::split(url.path().strip_prefix("/service/").unwrap(), url.query());
    let secret = parameter("CLIENT_SECRET").parse().unwrap();
    let iv = parameter("CBC_IV").parse().unwrap();
    let pid = Pid::decrypt(entry.pid.as_deref().unwrap(), &secret, &iv).unwrap();
    (entry, pid)
}

/// Shows R100, R101, R103, R104.
#[test]
fn a_link_is_one_line_of_data_and_says_whom_it_expects() {
    let place = with_secrets();
    let ran = link(&place, &[]).ends(0);
    assert_eq!(ran.out.lines().count(), 1);
    let (entry, pid) = read(&ran.out);
    assert_eq!(entry.client_id, parameter("CLIENT_ID"));
    assert_eq!(decode_resources(&entry.resources).unwrap()[0].as_str(), "API.Kr1C3b1ijJ");
    assert_eq!(entry.return_url.as_deref(), Some("https://b.example/r?a=1"));
    assert_eq!(pid, Pid::NotChecked);
    assert_eq!(ran.err.trim(), format!("tx_id {}", entry.tx_id));
    let again = link(&place, &[]).ends(0);
    assert_ne!(read(&again.out).0.tx_id, entry.tx_id, "new every time");

    let person = Pid::Person(PERSON.parse().unwrap());
    assert_eq!(read(&link(&place, &["--pid", PERSON]).ends(0).out).1, person);
    assert_eq!(read(&link(&place, &["--pid", "A99999999"]).ends(0).out).1, Pid::NotChecked);
    let mut asked = LINK.to_vec();
    asked.extend(["API.Kr1C3b1ijJ", "--pid", "-"]);
    assert_eq!(read(&place.run_with(&asked, b"a123456789\n").ends(0).out).1, person);

    let json = link(&place, &["--json"]).ends(0).json();
    let (entry, _) = read(json["url"].as_str().unwrap());
    assert_eq!(json["tx_id"], entry.tx_id.as_str());
}

#[test]
fn everything_can_come_from_the_registry_file() {
    let place = Place::new();
    let file = place.write("registry.toml", registry(|_| {}));
    let ran = place.run(&["sp", "link", "--registry", &file]).ends(0);
    let url = url::Url::parse(ran.out.trim()).unwrap();
    assert!(ran.out.starts_with("http://localhost:8480/service/CLI.Example001/"), "{}", ran.out);
    let entry = RawEntry::split(url.path().strip_prefix("/service/").unwrap(), url.query());
    assert_eq!(entry.return_url.as_deref(), Some("http://127.0.0.1:9001/return"));
    assert_eq!(decode_resources(&entry.resources).unwrap()[0].as_str(), "API.Example001");

    let ran = place.run(&[
        "sp",
        "link",
        "--registry",
        &file,
        "--resource",
        "API.Kr1C3b1ijJ",
        "--return-url",
        "https://b.example/",
    ]);
    let ran = ran.ends(0);
    assert!(ran.err.contains("code 404, API.Kr1C3b1ijJ"), "{}", ran.err);
    assert!(ran.err.contains("code 403"), "{}", ran.err);
    let ran = place.run(&["sp", "link", "--registry", &file, "--client-id", "CLI.0000000000"]).ends(1);
    assert!(ran.err.contains("has no service CLI.0000000000"), "{}", ran.err);
}

#[test]
fn a_wrong_link_is_a_usage_error_that_repeats_no_secret() {
    for (more, says) in [
        (&["--client-secret", "tooshort-secret"][..], "--client-secret: client_secret must be 16"),
        (&["--cbc-iv", "short-iv"], "--cbc-iv: "),
        (&["--pid", "A123456788"], "--pid: the check digit does not fit"),
        (&["--return-url", "ftp://b.example/"], "--return-url: the scheme"),
        (&["--resource", "API.Kr1C3b1ijJ"], "--resource: API.Kr1C3b1ijJ stands twice"),
        (&["--resource", "nonsense"], "API. followed by"),
        (&["--tx-id", "nonsense"], "tx_id"),
    ] {
        let mut args = vec!["sp", "link", "--resource", "API.Kr1C3b1ijJ"];
        if more[0] != "--return-url" {
            args.extend(["--return-url", "https://b.example/"]);
        }
        args.extend(more);
        let ran = with_secrets().run(&args).ends(2);
        assert!(ran.err.contains(says), "{}", ran.err);
        if matches!(more[0], "--client-secret" | "--cbc-iv" | "--pid") {
            ran.hides(more[1]);
        }
    }
    let ran = Place::new().run(&[
        "sp",
        "link",
        "--resource",
        "API.Kr1C3b1ijJ",
        "--return-url",
        "https://b.example/",
    ]);
    assert!(ran.ends(2).err.contains("--client-id is missing: set MYDATA_SP_CLIENT_ID"));
}

fn opener() -> Place {
    Place::new()
        .env("MYDATA_SP_SECRET_KEY", &parameter("SECRET_KEY"))
        .env("MYDATA_SP_CBC_IV", &parameter("CBC_IV"))
}

fn roots() -> String {
    text(&vector("2-dp-packages/root.cer.pem"))
}

/// Shows R123, R126, R127, R128, R129, R132, R133.
#[test]
fn a_token_opens_to_verified_files_for_their_owner_only() {
    let place = opener();
    let token = text(&vector("4-token/token.jwt"));
    let args = ["sp", "open", &token, "--roots", &roots(), "--person", PERSON, "--out", "inbox", "--json"];
    let json = place.run(&args).ends(0).hides(PERSON).json();
    assert_eq!(json["verified"], true);
    let states: Vec<_> = json["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["code"].clone(), d["state"].clone()))
        .collect();
    assert_eq!(
        states,
        [(200.into(), "verified".into()), (200.into(), "verified".into()), (204.into(), "no_data".into())]
    );
    assert_eq!(json["datasets"][0]["files"][0]["name"], "household.json");
    for (ours, theirs) in [
        ("inbox/API.Kr1C3b1ijJ/household.json", "inputs/household.json"),
        ("inbox/API.TM12KLkB8o/property.pdf", "inputs/property.pdf"),
        ("inbox/API.Kr1C3b1ijJ.zip", "2-dp-packages/API.Kr1C3b1ijJ.zip"),
        ("inbox/CLI.qqOjnjO4WR.zip", "3-package/package.zip"),
    ] {
        let ours = place.path(ours);
        assert_eq!(std::fs::read(&ours).unwrap(), std::fs::read(vector(theirs)).unwrap(), "{theirs}");
        assert_eq!(ours.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", ours.display());
    }
    assert_eq!(place.path("inbox").metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

/// Shows R126.
#[test]
fn what_does_not_hold_is_refused() {
    let token = std::fs::read_to_string(vector("4-token/token.jwt")).unwrap();
    let place = opener();

    // Another name in the payload, of the same length: everything still decodes.
    let name = |id: &str| mydata_wire::b64::url_safe(format!("{{\"filename\":\"{id}.zi").as_bytes());
    let changed = token.replacen(&name("CLI.qqOjnjO4WR"), &name("CLI.qqOjnjO4WS"), 1);
    assert_ne!(changed, token);
    let head = &token[..token.len() / 2];
    let changed = place.write("changed.jwt", changed);
    let ran = place.run(&["sp", "open", &changed, "--roots", &roots(), "--out", "inbox"]).ends(1);
    assert!(ran.err.contains("signature does not fit"), "{}", ran.err);
    assert_eq!(std::fs::read_dir(place.path("inbox")).unwrap().count(), 0, "nothing unauthenticated stays");

    let cut = place.write("cut.jwt", head);
    let ran = place.run(&["sp", "open", &cut, "--roots", &roots()]).ends(1);
    assert!(ran.err.contains("ends inside its payload; fetch it again"), "{}", ran.err);

    let good = text(&vector("4-token/token.jwt"));
    let ran = place.run(&["sp", "open", &good, "--roots", &roots(), "--cbc-iv", "0000000000000000"]).ends(1);
    assert!(ran.err.contains("check the CBC IV") || ran.err.contains("package"), "{}", ran.err);

    // A root on the same key, but another one's name: the token opens, its signers are strangers.
    let foreign = place.write("foreign.pem", Authority::new().root);
    let ran = place.run(&["sp", "open", &good, "--roots", &foreign, "--out", "refused"]).ends(1);
    assert_eq!(ran.out.matches("\nrefused ").count(), 2, "{}", ran.out);
    assert!(ran.out.contains("does not chain to a configured root"), "{}", ran.out);
    assert!(!place.path("refused/API.Kr1C3b1ijJ").exists(), "files of a refused package are not unpacked");

    // Another person's id: the PDFs do not open.
    let ran = place.run(&["sp", "open", &good, "--roots", &roots(), "--person", "B222222228"]).ends(1);
    assert!(ran.out.contains("household.pdf: it does not open with the personal id"), "{}", ran.out);
    ran.hides("B222222228");
}

#[test]
fn not_to_verify_must_be_said() {
    let place = opener();
    let token = text(&vector("4-token/token.jwt"));
    let ran = place.run(&["sp", "open", &token]).ends(2);
    assert!(ran.err.contains("--roots"), "{}", ran.err);
    place.run(&["sp", "open", &token, "--unverified", "--roots", &roots()]).ends(2);
    let ran = place.run(&["sp", "open", &token, "--unverified", "--out", "inbox"]).ends(0);
    assert_eq!(ran.out.matches("unverified  API.").count(), 2, "{}", ran.out);
    assert!(ran.err.contains("nobody looked at who signed"), "{}", ran.err);
    assert!(place.path("inbox/API.Kr1C3b1ijJ.zip").is_file());
    assert!(!place.path("inbox/API.Kr1C3b1ijJ").exists());
}

#[test]
fn token_key_and_iv_come_from_where_they_already_are() {
    let place = Place::new();
    let token = std::fs::read(vector("4-token/token.jwt")).unwrap();
    let registry = place.write(
        "registry.toml",
        registry(|text| *text = text.replace("exampleCbcIv0001", &parameter("CBC_IV"))),
    );
    let key = parameter("SECRET_KEY");
    let notification = place.write(
        "notification.json",
        format!(r#"{{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","secret_key":"{key}"}}"#),
    );
    let args =
        ["sp", "open", "-", "--notification", &notification, "--registry", &registry, "--roots", &roots()];
    let ran = place.run_with(&args, &token).ends(0).hides(&key);
    assert!(ran.out.contains("個人戶籍資料"), "{}", ran.out);

    let second = place.write(
        "second.json",
        r#"{"tx_id":"3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e","permission_ticket":"0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30","unable_to_deliver":["API.Kr1C3b1ijJ"]}"#,
    );
    let args = ["sp", "open", "-", "--notification", &second, "--registry", &registry, "--roots", &roots()];
    assert!(place.run_with(&args, &token).ends(1).err.contains("the one before it has the key"));

    let broken = place.write("broken.json", format!(r#"{{"secret_key":"{key}""#));
    let args = ["sp", "open", "-", "--notification", &broken, "--registry", &registry, "--roots", &roots()];
    place.run_with(&args, &token).ends(1).hides(&key);

    let both = [
        "sp",
        "open",
        "-",
        "--person",
        "-",
        "--notification",
        &notification,
        "--registry",
        &registry,
        "--roots",
        &roots(),
    ];
    assert!(place.run_with(&both, &token).ends(2).err.contains("cannot both come from standard input"));
}
