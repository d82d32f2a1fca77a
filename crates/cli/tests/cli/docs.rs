//! The pages that describe the program say what it does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use mydata_domain::counter_service::{Case, CounterService};
use mydata_domain::dataset::Dataset;
use mydata_domain::organisation::Organisation;
use mydata_domain::parameter::Parameter;
use mydata_domain::registry::Registry;
use mydata_domain::service::Service;
use mydata_server::Config;
use mydata_server::config::{
    CardMethod, OidcProvider, OutsideCaptcha, ServiceField, SmsGateway, Smtp, Traces, TrustedIssuer,
    VerificationService,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::common::{Place, repository};

fn page(name: &str) -> String {
    std::fs::read_to_string(repository().join("docs").join(name)).unwrap()
}

/// The fenced blocks of a kind.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == kind {
                blocks.push(body.join("\n") + "\n");
            }
        }
    }
    blocks
}

/// The rows of the tables below a heading, or of the whole page: cells without backticks.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    })
    .collect()
}

/// All leaves of a configuration: `a.b` and the value.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, out);
            }
        }
        leaf => out.push((path.to_owned(), leaf.clone())),
    }
}

fn variable(key: &str) -> String {
    format!("MYDATA_{}", key.replace('.', "__").to_uppercase())
}

/// `2` and `2.0` are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn configuration() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    leaves(&serde_json::to_value(Config::default()).unwrap(), "", &mut found);
    found
}

#[test]
fn the_configuration_page_has_every_key_with_variable_and_default() {
    let page = page("operators/configuration.md");
    let rows = rows(&page);
    let mut expected: BTreeSet<String> = configuration().into_iter().map(|(key, _)| key).collect();
    for (key, default) in configuration() {
        let row =
            rows.iter().find(|row| row[0] == key).unwrap_or_else(|| panic!("{key} is missing on the page"));
        assert_eq!(row[1], variable(&key));
        if default.is_null() {
            assert_eq!(row[2], "–", "{key} has no default");
        } else {
            let table: toml::Table =
                format!("v = {}", row[2]).parse().unwrap_or_else(|e| panic!("{key}: {e}"));
            assert!(
                same(&serde_json::to_value(&table["v"]).unwrap(), &default),
                "{key} is {default} by default"
            );
        }
        assert!(row[3].len() > 10, "{key} has no meaning");
    }
    expected.extend(fields::<Smtp>().into_iter().map(|field| format!("mail.smtp.{field}")));
    expected.extend(fields::<SmsGateway>().into_iter().map(|field| format!("sms.gateway.{field}")));
    expected.extend(fields::<OidcProvider>().into_iter().map(|field| format!("identity.oidc[].{field}")));
    expected.extend(fields::<CardMethod>().into_iter().map(|field| format!("identity.card[].{field}")));
    expected.extend(
        fields::<VerificationService>().into_iter().map(|field| format!("identity.service[].{field}")),
    );
    expected.extend(
        fields::<ServiceField>().into_iter().map(|field| format!("identity.service[].fields[].{field}")),
    );
    expected.extend(fields::<OutsideCaptcha>().into_iter().map(|field| format!("captcha.outside.{field}")));
    expected.extend(fields::<Traces>().into_iter().map(|field| format!("ops.traces.{field}")));
    expected.extend(fields::<TrustedIssuer>().into_iter().map(|field| format!("trust.issuers[].{field}")));
    let described: BTreeSet<String> = rows.into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(described, expected, "no key too many, none too few");
}

#[test]
fn the_configuration_page_is_right_about_variables_and_its_example() {
    // Every default, given as a variable, is accepted and changes nothing.
    let mut place = Place::new();
    for (key, default) in configuration().into_iter().filter(|(_, default)| !default.is_null()) {
        place = place.env(&variable(&key), &default.to_string());
    }
    let ran = place.run(&["migrate"]).ends(0);
    assert!(place.path("data/mydata.db").is_file(), "{}", ran.out);
    let place = place.env("MYDATA_POLICY__NO_SUCH_KEY", "1");
    let ran = place.run(&["migrate"]).ends(1);
    assert!(ran.err.to_lowercase().contains("no_such_key"), "{}", ran.err);

    // A later place wins over an earlier.
    let place = Place::new().env("MYDATA_DATA_DIR", "\"from-env\"");
    let file = place.write("mydata.toml", "data_dir = \"from-file\"\n");
    place.run(&["migrate"]).ends(0);
    place.run(&["migrate", "--config", &file, "--data-dir", "from-flag"]).ends(0);
    assert!(
        place.path("from-env").is_dir()
            && place.path("from-flag").is_dir()
            && !place.path("from-file").exists()
    );

    // The example has nothing but a missing root file to complain about.
    let example = &blocks(&page("operators/configuration.md"), "toml")[0];
    let config: Config = toml::from_str(example).unwrap();
    let faults = config.faults();
    assert!(faults.len() == 1 && faults[0].contains("/etc/mydata/roots.pem"), "{faults:?}");
    let place = Place::new()
        .env("MYDATA_TRUST__ROOTS", r#"["a.pem", "b.pem"]"#)
        .env("MYDATA_CONTACT__PHONE", "\"0212345678\"");
    let ran = place.run(&["doctor"]).ends(1);
    assert!(ran.out.contains("there is no file b.pem"), "{}", ran.out);
}

/// The fields that a strict table knows.
fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(json!({ "?": 0 })) else {
        panic!("the table is not strict")
    };
    let error = error.to_string();
    let (_, known) = error.split_once("expected").unwrap_or_else(|| panic!("{error}"));
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The part of a page from a heading to the next.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading} is missing"));
    let rest = &page[start + heading.len() + 2..];
    rest.find("\n##").map_or(rest, |end| &rest[..end])
}

#[test]
fn the_registry_page_has_every_field() {
    const SERVICE_SECRETS: [&str; 6] =
        ["client_secret", "cbc_iv", "api_key", "earlier_client_secret", "earlier_api_key", "earlier_until"];
    let page = page("operators/registry.md");
    let with = |known: BTreeSet<String>, secrets: &[&str]| {
        known.into_iter().chain(secrets.iter().map(|s| (*s).to_owned())).collect::<BTreeSet<_>>()
    };
    for (heading, expected) in [
        ("## `[[organisation]]`", fields::<Organisation>()),
        (
            "## `[[dataset]]`",
            with(fields::<Dataset>(), &["resource_secret", "earlier_resource_secret", "earlier_until"]),
        ),
        ("### `[[dataset.parameter]]`", fields::<Parameter>()),
        ("## `[[service]]`", with(fields::<Service>(), &SERVICE_SECRETS)),
        ("## `[[counter_service]]`", fields::<CounterService>()),
        ("### `[[counter_service.cases]]`", fields::<Case>()),
    ] {
        let rows = rows(section(&page, heading));
        let described: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
        assert_eq!(described, expected, "{heading}");
    }
}

/// Which fields are required is what the reader requires; the example has them all.
#[test]
fn the_registry_example_is_complete_and_the_page_right_about_what_is_required() {
    let text = page("operators/registry.example.toml");
    let whole: toml::Table = text.parse().unwrap();
    let read = |table: &toml::Table| toml::from_str::<Registry>(&toml::to_string(table).unwrap());
    let registry = read(&whole).unwrap();
    assert_eq!(registry.check(|_| false, |_| None), Vec::<String>::new());

    let page = page("operators/registry.md");
    for (heading, path) in [
        ("## `[[organisation]]`", &["organisation"][..]),
        ("## `[[dataset]]`", &["dataset"]),
        ("### `[[dataset.parameter]]`", &["dataset", "parameter"]),
        ("## `[[service]]`", &["service"]),
        ("## `[[counter_service]]`", &["counter_service"]),
        ("### `[[counter_service.cases]]`", &["counter_service", "cases"]),
    ] {
        for row in rows(section(&page, heading)) {
            let mut without = whole.clone();
            let mut table = &mut without;
            for key in path {
                table = table[*key].as_array_mut().unwrap()[0].as_table_mut().unwrap();
            }
            assert!(table.remove(&row[0]).is_some(), "the example lacks {} of {heading}", row[0]);
            let required = row[1].starts_with("required");
            assert_eq!(read(&without).is_err(), required, "{} of {heading} is {}", row[0], row[1]);
        }
    }
}

/// Whether `shown`, in which `[..]` stands for anything, is what was printed.
fn matches(shown: &str, printed: &str) -> bool {
    let mut rest = printed;
    let mut parts = shown.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn wildcards_match_what_they_should() {
    for (shown, printed, fits) in [
        ("a [..] b", "a x y b", true),
        ("a [..] b", "a x y c", false),
        ("a", "a b", false),
        ("[..]", "anything", true),
        ("[..] of [..]", "1 of 2", true),
        ("[..] of [..]", "1 out 2", false),
    ] {
        assert_eq!(matches(shown, printed), fits, "{shown} {printed}");
    }
}

/// A `$ command` and the lines that it prints.
fn examples(block: &str) -> Vec<(String, Vec<String>)> {
    let mut examples: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), examples.last_mut()) {
            (Some(command), _) => examples.push((command.to_owned(), Vec::new())),
            (None, Some((_, printed))) => printed.push(line.to_owned()),
            (None, None) => panic!("an example begins with `$ `"),
        }
    }
    examples
}

/// Runs the commands of a block in one shell; gives what each printed.
fn run_block(place: &Place, examples: &[(String, Vec<String>)]) -> Vec<String> {
    const MARK: &str = "-- next --";
    let mut script = "exec 2>&1\n".to_owned();
    for (command, _) in examples {
        writeln!(script, "printf '%s\\n' '{MARK}'\n{command}").unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_mydata")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = place.command("bash").env("PATH", path).args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(&format!("{MARK}\n")).skip(1).map(str::to_owned).collect()
}

#[test]
fn the_examples_print_what_they_show() {
    let place = Place::new();
    std::os::unix::fs::symlink(repository().join("docs"), place.path("docs")).unwrap();
    let blocks = blocks(&page("operators/commands.md"), "console");
    assert!(blocks.len() >= 9, "{}", blocks.len());
    let mut wrong = String::new();
    for block in blocks {
        // `mydata doctor` is shown as on a machine without anything.
        let fresh = Place::new();
        let place = if block.contains("mydata doctor") { &fresh } else { &place };
        let examples = examples(&block);
        let printed = run_block(place, &examples);
        assert_eq!(printed.len(), examples.len(), "{block}\n{printed:?}");
        for ((command, shown), printed) in examples.iter().zip(&printed) {
            let lines: Vec<&str> = printed.lines().collect();
            if lines.len() != shown.len() || !shown.iter().zip(&lines).all(|(s, p)| matches(s, p)) {
                writeln!(wrong, "$ {command}\nshown:\n{}\nprinted:\n{printed}", shown.join("\n")).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Every `mydata …` in a block that is not run names commands and flags that exist.
#[test]
fn commands_on_the_pages_exist() {
    let place = Place::new();
    let mut seen = 0;
    for name in [
        "operators/commands.md",
        "operators/registry.md",
        "integrators/test-your-sp.md",
        "integrators/test-your-dp.md",
    ] {
        for line in blocks(&page(name), "sh").iter().flat_map(|block| block.lines()) {
            let line = line.split(" # ").next().unwrap().split(" > ").next().unwrap().trim();
            let Some(args) = line.strip_prefix("mydata ") else { continue };
            let mut args: Vec<&str> = args.split_whitespace().collect();
            args.push("--help");
            let ran = place.run(&args);
            assert_eq!(ran.code, 0, "{name}: {line}\n{}", ran.err);
            // The whole line must be right, not only what stands before `--help`.
            args.pop();
            for flag in args.iter().filter(|arg| arg.starts_with("--")) {
                assert!(
                    ran.out.contains(&format!("{flag} ")) || ran.out.contains(&format!("{flag}\n")),
                    "{name}: {line}: {flag}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}

/// The registries on the integrators' pages can be applied beside the sandbox's.
#[test]
fn the_registries_on_the_pages_hold_together() {
    for name in ["integrators/test-your-sp.md", "integrators/test-your-dp.md"] {
        let registry: Registry = toml::from_str(&blocks(&page(name), "toml")[0]).unwrap();
        let sandbox = mydata_sandbox::dp::Dataset::ALL.map(mydata_sandbox::dp::Dataset::id);
        let known = |id: &mydata_wire::ResourceId| sandbox.contains(id).then_some(mydata_domain::Zone::Test);
        assert_eq!(registry.check(|_| false, known), Vec::<String>::new(), "{name}");
    }
}

/// For other tests: the first block of a kind on a page.
pub fn block(name: &str, kind: &str) -> String {
    blocks(&page(name), kind).remove(0)
}
