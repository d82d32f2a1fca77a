//! `cargo xtask layers`: proves the arrows between the crates from `cargo metadata`.
//!
//! ```text
//! wire ← seal ← sdk ← sandbox
//! wire ← domain ← store ← server ← cli        server → seal, cli → all; listen ← server, sandbox
//! seal ← revocation ← server, sandbox
//! ```

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run;

/// What each crate of the workspace may depend on, among the crates of the workspace.
const MAY: &[(&str, &[&str])] = &[
    ("mydata-wire", &[]),
    ("mydata-seal", &["mydata-wire"]),
    ("mydata-sdk", &["mydata-wire", "mydata-seal"]),
    ("mydata-listen", &[]),
    ("mydata-revocation", &["mydata-wire", "mydata-seal"]),
    ("mydata-sandbox", &["mydata-wire", "mydata-seal", "mydata-revocation", "mydata-sdk", "mydata-listen"]),
    ("mydata-domain", &["mydata-wire"]),
    ("mydata-store", &["mydata-wire", "mydata-domain"]),
    (
        "mydata-server",
        &[
            "mydata-wire",
            "mydata-seal",
            "mydata-revocation",
            "mydata-domain",
            "mydata-store",
            "mydata-listen",
        ],
    ),
    (
        "mydata",
        &[
            "mydata-wire",
            "mydata-seal",
            "mydata-sdk",
            "mydata-listen",
            "mydata-revocation",
            "mydata-sandbox",
            "mydata-domain",
            "mydata-store",
            "mydata-server",
        ],
    ),
    (
        "mydata-e2e",
        &[
            "mydata-wire",
            "mydata-seal",
            "mydata-sdk",
            "mydata-listen",
            "mydata-revocation",
            "mydata-sandbox",
            "mydata-domain",
            "mydata-store",
            "mydata-server",
        ],
    ),
    ("mydata-strangers", &["mydata-wire", "mydata-seal", "mydata-revocation"]),
    ("xtask", &[]),
];

/// Foreign crates that belong to one room of the house.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["mydata-store"]),
    ("libsqlite3-sys", &["mydata-store"]),
    ("object_store", &["mydata-store"]),
    ("thirtyfour", &["mydata-e2e"]),
    ("clap", &["mydata"]),
    ("figment", &["mydata", "mydata-server"]),
    ("tracing-subscriber", &["mydata", "mydata-server", "mydata-e2e"]),
];

/// What a crate refuses, by its own first doc line.
const REFUSED: &[(&str, &[&str])] = &[
    ("mydata-wire", &["tokio", "axum", "reqwest", "hyper", "http", "futures-util", "jiff"]),
    ("mydata-seal", &["tokio", "axum", "reqwest", "hyper", "http", "futures-util"]),
    ("mydata-revocation", &["axum", "reqwest", "hyper", "http"]),
    ("mydata-domain", &["tokio", "axum", "reqwest", "hyper", "http", "futures-util", "aws-lc-rs"]),
    ("mydata-store", &["axum", "reqwest", "hyper", "http", "askama"]),
];

/// Runs the proof on this repository and prints each fault.
pub fn main(args: &[String]) -> Result<bool> {
    if let Some(arg) = args.first() {
        anyhow::bail!(run::usage(format!("`layers` takes no argument `{arg}`")));
    }
    let text = run::output(&mut run::cargo(["metadata", "--format-version", "1", "--no-deps", "--offline"]))?;
    let edges = edges(&serde_json::from_str(&text).context("the answer of `cargo metadata` is not JSON")?)?;
    let faults = faults(&edges);
    for fault in &faults {
        println!("{fault}");
    }
    let packages: BTreeSet<_> = edges.iter().map(|edge| &edge.from).collect();
    if faults.is_empty() {
        println!("layers: {} dependencies of {} crates, none upward", edges.len(), packages.len());
    }
    Ok(faults.is_empty())
}

/// One dependency as written in a manifest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    /// A `[dev-dependencies]` entry.
    dev: bool,
}

/// Reads the direct dependencies of every workspace member.
fn edges(metadata: &Value) -> Result<BTreeSet<Edge>> {
    let packages = metadata["packages"].as_array().context("`cargo metadata` names no packages")?;
    let mut edges = BTreeSet::new();
    for package in packages {
        let from = package["name"].as_str().context("a package without a name")?;
        for dependency in package["dependencies"].as_array().context("a package without dependencies")? {
            let to = dependency["name"].as_str().context("a dependency without a name")?;
            let dev = dependency["kind"].as_str() == Some("dev");
            edges.insert(Edge { from: from.to_owned(), to: to.to_owned(), dev });
        }
    }
    Ok(edges)
}

/// Every edge that breaks a rule, as a sentence.
fn faults(edges: &BTreeSet<Edge>) -> Vec<String> {
    let may: BTreeMap<&str, &[&str]> = MAY.iter().copied().collect();
    let mut faults = Vec::new();
    for Edge { from, to, dev } in edges {
        let ours = may.contains_key(to.as_str()) || to.starts_with("mydata");
        match may.get(from.as_str()) {
            None => faults.push(format!("{from}: unknown crate; give it its place in xtask/src/layers.rs")),
            Some(_) if !ours => {}
            Some(allowed) if allowed.contains(&to.as_str()) => {}
            // A test may stand higher than the code it tests, as long as no circle comes of it.
            Some(_) if *dev => {
                if reaches(edges, to, from) {
                    faults.push(format!("{from} → {to} (dev): closes a circle, for {to} builds on {from}"));
                }
            }
            Some(allowed) => faults.push(format!(
                "{from} → {to}: upward or sideways; {from} may use {}",
                if allowed.is_empty() { "no crate of ours".to_owned() } else { allowed.join(", ") }
            )),
        }
        if *dev {
            continue;
        }
        if let Some((_, rooms)) = RESERVED.iter().find(|(name, _)| name == to)
            && !rooms.contains(&from.as_str())
        {
            faults.push(format!("{from} → {to}: only {} may use {to}", rooms.join(", ")));
        }
        if REFUSED.iter().any(|(name, refused)| name == from && refused.contains(&to.as_str())) {
            faults.push(format!("{from} → {to}: {from} refuses it, see the first line of its documentation"));
        }
    }
    faults.dedup();
    faults
}

/// Whether `from` depends on `to` over any number of normal dependencies.
fn reaches(edges: &BTreeSet<Edge>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(
                edges.iter().filter(|edge| edge.from == at && !edge.dev).map(|edge| edge.to.as_str()),
            );
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(list: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let packages: Vec<Value> = list
            .iter()
            .map(|(from, to, kind)| {
                serde_json::json!({ "name": from, "dependencies": [{ "name": to, "kind": kind }] })
            })
            .collect();
        faults(&edges(&serde_json::json!({ "packages": packages })).unwrap())
    }

    #[test]
    fn the_arrows_as_drawn_are_fine() {
        assert_eq!(
            faults_of(&[
                ("mydata-seal", "mydata-wire", None),
                ("mydata-server", "mydata-seal", None),
                ("mydata-store", "sqlx", None),
                ("mydata-wire", "proptest", Some("dev")),
            ]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_upward_edge_is_named() {
        let faults = faults_of(&[("mydata-sandbox", "mydata-store", None)]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("mydata-sandbox → mydata-store: upward"), "{faults:?}");
    }

    #[test]
    fn sql_stays_in_the_store() {
        let faults = faults_of(&[("mydata-server", "sqlx", None)]);
        assert_eq!(faults, ["mydata-server → sqlx: only mydata-store may use sqlx"]);
    }

    #[test]
    fn a_dev_dependency_may_go_further_but_not_in_a_circle() {
        assert_eq!(faults_of(&[("mydata-server", "mydata-sandbox", Some("dev"))]), Vec::<String>::new());
        let faults = faults_of(&[
            ("mydata-seal", "mydata-wire", None),
            ("mydata-sdk", "mydata-seal", None),
            ("mydata-wire", "mydata-sdk", Some("dev")),
        ]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("closes a circle"), "{faults:?}");
    }

    #[test]
    fn a_new_crate_must_be_given_a_place() {
        let faults = faults_of(&[("mydata-extra", "serde", None)]);
        assert!(faults[0].starts_with("mydata-extra: unknown crate"), "{faults:?}");
    }

    #[test]
    fn the_wire_stays_without_io() {
        let faults = faults_of(&[("mydata-wire", "tokio", None)]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("refuses it"), "{faults:?}");
    }
}
