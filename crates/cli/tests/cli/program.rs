//! The program as a whole: exit codes, help, completions, manual page; `registry` and `migrate`.

use std::os::unix::fs::PermissionsExt as _;

use crate::common::{Place, registry};

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_right() {
    let place = Place::new();
    for args in [
        &[][..],
        &["nonsense"],
        &["serve", "--nonsense"],
        &["sp"],
        &["dp", "verify"],
        &["registry", "apply"],
        &["demo", "--out", "x"],
        &["serve", "--listen", "nowhere"],
        &["completions", "nonsense"],
    ] {
        let ran = place.run(args).ends(2);
        assert!(ran.out.is_empty(), "{args:?}");
        assert!(ran.err.contains("Usage:") || ran.err.contains("--help"), "{args:?}: {}", ran.err);
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    let all = place.run(&["--help"]).ends(0).out;
    for command in [
        &["demo"][..],
        &["serve"],
        &["migrate"],
        &["registry", "apply"],
        &["registry", "export"],
        &["admin", "add"],
        &["admin", "list"],
        &["admin", "lock"],
        &["admin", "unlock"],
        &["admin", "reset"],
        &["admin", "role"],
        &["sp", "link"],
        &["sp", "open"],
        &["dp", "pack"],
        &["dp", "verify"],
        &["doctor"],
        &["completions"],
        &["man"],
    ] {
        assert!(all.contains(&format!("\n  {} ", command[0])), "{all}");
        let help = place.run(&[command, &["--help"]].concat()).ends(0);
        assert!(help.out.contains(&format!("Usage: mydata {}", command.join(" "))), "{}", help.out);
    }
    assert!(place.run(&["--version"]).ends(0).out.starts_with("mydata "));
}

/// Variables that hold secrets are named in the help, their values are not.
#[test]
fn help_shows_no_secret() {
    let place =
        Place::new().env("MYDATA_SP_CLIENT_SECRET", "hiddenSecret0001").env("MYDATA_PERSON_ID", "A123456789");
    for command in [&["sp", "link", "--help"], &["sp", "open", "--help"], &["dp", "verify", "--help"]] {
        let ran = place.run(command).ends(0).hides("hiddenSecret0001").hides("A123456789");
        assert!(ran.out.contains("[env: MYDATA_"), "{}", ran.out);
    }
}

#[test]
fn shells_accept_the_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(place.run(&["completions", shell]).ends(0).out.contains("doctor"), "{shell}");
    }
    let script = place.write("mydata.bash", place.run(&["completions", "bash"]).ends(0).out);
    let checked = place.command("bash").args(["-n", &script]).status().unwrap();
    assert!(checked.success());
}

#[test]
fn the_manual_page_is_one() {
    let page = Place::new().run(&["man"]).ends(0).out;
    assert!(page.contains(".TH mydata"), "{page}");
    for command in ["demo", "serve", "doctor"] {
        assert!(page.contains(command), "{command}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let file = place.write("registry.toml", registry(|_| {}));
    let mydata = env!("CARGO_BIN_EXE_mydata");
    let pipe = format!(
        "set -o pipefail; '{mydata}' sp link --registry '{file}' --json | true; echo ${{PIPESTATUS[0]}}"
    );
    let output = place.command("bash").args(["-c", &pipe]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_registry_goes_in_and_comes_out_the_same() {
    let place = Place::new();
    let file = place.write("registry.toml", registry(|_| {}));
    let ran = place.run(&["registry", "apply", &file, "--dry-run"]).ends(0);
    assert_eq!(ran.out.lines().count(), 5, "{}", ran.out);
    assert!(ran.err.contains("5 would be added"), "{}", ran.err);
    let ran = place.run(&["registry", "apply", &file]).ends(0);
    assert!(ran.err.contains("5 were added"), "the trial changed nothing: {}", ran.err);
    assert!(place.run(&["registry", "apply", &file]).ends(0).out.is_empty(), "a second time nothing changes");

    place.run(&["registry", "export", "out.toml"]).ends(0);
    assert_eq!(place.path("out.toml").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let read = |text: &str| toml::from_str::<mydata_domain::registry::Registry>(text).unwrap();
    let mut given = read(&registry(|_| {}));
    let mut exported = read(&std::fs::read_to_string(place.path("out.toml")).unwrap());
    given.organisations.sort_by(|a, b| a.id.cmp(&b.id));
    exported.organisations.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(exported, given);
    let again = place.run(&["registry", "apply", "out.toml"]).ends(0);
    assert!(again.err.contains("5 as declared already"), "{}", again.err);
    assert_eq!(
        place.run(&["registry", "export", "-"]).ends(0).out,
        std::fs::read_to_string(place.path("out.toml")).unwrap()
    );

    // A changed item is changed, the others are not.
    let changed = registry(|text| *text = text.replace("範例開戶", "範例貸款"));
    let ran = place.run_with(&["registry", "apply", "-"], changed.as_bytes()).ends(0);
    assert_eq!(ran.out.trim(), "~ service CLI.Example001");
}

#[test]
fn a_registry_that_does_not_hold_together_changes_nothing() {
    let place = Place::new();
    for (from, to, says) in [
        ("name = \"範例開戶\"", "nmae = \"範例開戶\"", "nmae"),
        ("exampleSecret002", "tooshort-secret", "client_secret must be 16"),
        (
            "datasets = [\"API.Example001\"]",
            "datasets = [\"API.Example009\"]",
            "dataset API.Example009 is not registered",
        ),
        (
            "organisation = \"example-bank\"",
            "organisation = \"nobody\"",
            "organisation nobody is not registered",
        ),
        ("version = 1", "version = 2", "version is 2"),
        (
            "return_urls = [\"http://127.0.0.1:9001/return\"]",
            "return_urls = []",
            "return_urls needs at least one",
        ),
    ] {
        let file = place.write("registry.toml", registry(|text| *text = text.replacen(from, to, 1)));
        let ran = place.run(&["registry", "apply", &file]).ends(1).hides("tooshort-secret");
        assert!(ran.err.contains(says), "{says}: {}", ran.err);
        assert!(ran.err.contains("registry.toml"), "the file is named: {}", ran.err);
    }
    // A line that cannot be read, or a value of a wrong type, is not shown: a secret may stand there.
    for (from, to, says) in [
        ("client_secret = \"exampleSecret002\"", "client_secret = \"exampleSecret002", "line "),
        (
            "client_secret = \"exampleSecret002\"",
            "client_secret = 1234567812345678",
            "client_secret must be a text",
        ),
    ] {
        let file = place.write("registry.toml", registry(|text| *text = text.replacen(from, to, 1)));
        let ran = place.run(&["registry", "apply", &file]).ends(1).hides("exampleSecret002");
        let ran = ran.hides("1234567812345678");
        assert!(ran.err.contains(says) && ran.err.contains("registry.toml"), "{}", ran.err);
    }
    let out = place.run(&["registry", "export", "-"]).ends(0).out;
    assert!(!out.contains("Example001"), "{out}");
    assert!(place.run(&["registry", "apply", "nowhere.toml"]).ends(1).err.contains("nowhere.toml"));
}

/// Whatever is wrong with it, the configuration's values stay untold.
#[test]
fn a_configuration_that_cannot_be_read_is_told_without_its_values() {
    let place = Place::new();
    for (text, says) in [
        ("database_url = 7712345677", "database_url: a number stands where"),
        ("listen = \"hiddenSecret0001\"", "listen: invalid socket address"),
        (
            "[[identity.oidc]]\nissuer = \"https://idp.example/\"\nclient_id = \"x\"\nclient_secret = 7712345677",
            "client_secret: a number",
        ),
        ("sandbox = true\ndatabase_url = \"hiddenSecret0001", "line 2: "),
        ("nonsense = \"hiddenSecret0001\"", "nonsense"),
        ("[policy]\nticket_life = \"hiddenSecret0001\"", "policy.ticket_life: a text stands where"),
    ] {
        let file = place.write("own.toml", text);
        let ran = place.run(&["migrate", "--check", "--config", &file]).ends(1);
        let ran = ran.hides("hiddenSecret0001").hides("7712345677");
        assert!(ran.err.contains(says) && ran.err.contains("own.toml"), "{says}: {}", ran.err);
    }
    let place = place.env("MYDATA_DATABASE_URL", "7712345677");
    let ran = place.run(&["migrate", "--check"]).ends(1).hides("7712345677");
    assert!(ran.err.contains("database_url"), "{}", ran.err);
}

#[test]
fn migrate_says_what_is_missing_and_does_it() {
    let place = Place::new();
    let ran = place.run(&["migrate", "--check"]).ends(1);
    assert!(ran.out.contains("run `mydata migrate` first"), "{}", ran.out);
    assert_eq!(place.run(&["migrate"]).ends(0).out.trim(), "the schema is up to date");
    assert_eq!(place.run(&["migrate", "--check"]).ends(0).out.trim(), "the schema is up to date");
    let ran = place.run(&["migrate", "--database-url", "nonsense://x"]).ends(1);
    assert!(ran.err.contains("scheme is neither sqlite nor postgres"), "{}", ran.err);
}
