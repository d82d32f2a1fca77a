//! Secrets are compared in constant time: a look at the sources, for no measurement on a busy machine would tell.

use std::fs;
use std::path::{Path, PathBuf};

/// Words by which a secret, or what is made of one, is called in the sources.
const SECRET: [&str; 14] = [
    "secret",
    "token",
    "password",
    "nonce",
    "challenge",
    "hmac",
    "api_key",
    "expose()",
    "typed",
    "otp",
    "bearer",
    "kept.browser",
    "ticket",
    "hash",
];
/// What of a secret may be compared as it is: its length, its absence, the name of its kind, the name of a field.
const HARMLESS: [&str; 7] = [".len()", ".is_some()", ".is_none()", ".count()", ".is_empty()", "::", "\""];

/// Lines that compare something called like a secret, and why that is right: the file, what stands in the line, the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("domain/src/audit/chain/tree.rs", "(last == 0).then_some(hash)", "a number is compared"),
    ("store/src/repo/transactions.rs", "a.token == *token", "the type compares itself in constant time"),
    (
        "store/src/repo/counter_visits.rs",
        "index(crypter, secret)]).await? == 1",
        "how many rows were changed",
    ),
    ("seal/src/cms.rs", "digest(hash, content)", "what is signed travels beside its digest"),
    ("seal/src/cms.rs", "of_hash(oid) == Some(hash)", "names of algorithms are compared"),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() && name != "tests" && name != "safety" && name != "gallery" {
            sources(&entry, into);
        } else if name.ends_with(".rs") && name != "gallery.rs" && !name.ends_with("tests.rs") {
            into.push(entry);
        }
    }
}

/// The lines of a source up to its tests, without comments and texts.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let program = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    program
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(n, line)| (n + 1, line))
}

/// Whether a line compares what is called like a secret, by the words right beside the signs.
fn compares_a_secret(line: &str) -> bool {
    let parts: Vec<&str> = line.split("==").flat_map(|part| part.split("!=")).collect();
    parts.windows(2).any(|pair| {
        let left = pair[0].trim_end().rsplit(' ').next().unwrap_or_default();
        let right = pair[1].trim_start().split(' ').next().unwrap_or_default();
        let beside = format!("{left} {right}");
        let called = beside.to_lowercase();
        SECRET.iter().any(|word| called.contains(word)) && !HARMLESS.iter().any(|word| beside.contains(word))
    })
}

/// The look finds what it looks for.
#[test]
fn a_careless_comparison_is_seen() {
    for careless in [
        "if given == secret.expose() {",
        "let good = hash == self.hash;",
        "sent.try_with(hash == self.hash, now)",
        "if claims.nonce.as_deref() != Some(attempt.nonce.as_str()) {",
        "cookie(t.id).is_some_and(|secret| browser_index(app, &secret) == kept.browser)",
    ] {
        assert!(compares_a_secret(careless), "{careless}");
    }
    for careful in
        ["if secret.len() == 16 {", "if name == \"token\" {", "is_same(&kept.browser, owner)", "a == b"]
    {
        assert!(!compares_a_secret(careful), "{careful}");
    }
}

/// No program compares a secret by `==`: those that have a type compare themselves in constant time, the others by
/// `is_same`. Each line that looks otherwise is explained.
#[test]
fn secrets_are_compared_in_constant_time() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for room in ["wire", "seal", "sdk", "domain", "store", "server", "listen"] {
        sources(&crates.join(room).join("src"), &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    let (mut found, mut used) = (Vec::new(), vec![false; EXPLAINED.len()]);
    for file in &files {
        let name = file.strip_prefix(crates).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        for (number, line) in code(&text) {
            if !compares_a_secret(line) {
                continue;
            }
            let explained = EXPLAINED.iter().position(|(of, says, _)| *of == name && line.contains(says));
            match explained {
                Some(at) => used[at] = true,
                None => found.push(format!("{name}:{number}: {}", line.trim())),
            }
        }
    }
    assert!(found.is_empty(), "compared by ==:\n{}", found.join("\n"));
    assert!(used.iter().all(|used| *used), "an explanation without its line: {used:?}");
}

/// The types of secrets compare themselves in constant time; none has the comparison that the compiler would write.
#[test]
fn types_of_secrets_compare_themselves() {
    let wire = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("wire/src");
    let secret = fs::read_to_string(wire.join("secret.rs")).unwrap();
    let id = fs::read_to_string(wire.join("id.rs")).unwrap();
    for (text, name) in [
        (&secret, "pub struct $name(String);"),
        (&secret, "pub struct SecretKey("),
        (&id, "pub struct AccessToken("),
    ] {
        let (before, _) = text.split_once(name).unwrap_or_else(|| panic!("{name} is gone"));
        let derived = before.rsplit("#[derive(").next().unwrap().split(')').next().unwrap();
        assert!(derived.contains("Clone") && !derived.contains("PartialEq"), "{name} derives {derived}");
    }
    assert_eq!(secret.matches("is_same(").count(), 3, "the function, and both ways to use it");
    assert!(mydata_wire::secret::is_same("a", "a"));
    assert!(!mydata_wire::secret::is_same("a", "b") && !mydata_wire::secret::is_same("a", "aa"));
}
