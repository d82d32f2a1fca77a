//! `mydata demo --run`: every scenario, on both engines, as a user runs it; and what the run leaves in the log.

use std::process::Command;

use mydata_e2e::database::{Database, Engine};
use mydata_e2e::program::mydata;

fn run(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(engine);
    let out = folder.path().join("out");
    let mut command = Command::new(mydata());
    command
        .args(["--log", "trace", "demo", "--run", "--port", "0", "--data-dir"])
        .arg(folder.path().join("data"));
    command.arg("--out").arg(&out);
    if let Some(url) = database.url() {
        command.args(["--database-url", url]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    // The tail of a trace-level log tells little, and would hide what the run itself says.
    let told: Vec<_> =
        log.lines().filter(|line| !line.contains("TRACE") && !line.contains("hyper_util")).collect();
    assert!(output.status.success(), "{}\n{said}", told.join("\n"));
    assert!(said.contains(", 0 failed"), "{said}");

    // Everything that travelled is kept; none of it may stand in the log.
    let kept = out.join("everything");
    let names: Vec<_> = std::fs::read_dir(&kept).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(names.len() >= 5, "{names:?}");
    let mut secrets: Vec<String> = mydata_sandbox::personas::all()
        .iter()
        .flat_map(|p| [p.uid.to_owned(), p.name.to_owned(), p.email()])
        .collect();
    for folder in std::fs::read_dir(&out).unwrap().flatten() {
        let Ok(files) = std::fs::read_dir(folder.path()) else { continue };
        for file in files.flatten() {
            let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            collect(&json, &mut secrets);
        }
    }
    assert!(secrets.len() > 60, "{} secrets were found to look for", secrets.len());
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "a secret or personal data stands in the log");
    }
}

/// Tickets and keys of the notifications that were kept.
fn collect(json: &serde_json::Value, secrets: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(text)) =
                    (matches!(key.as_str(), "permission_ticket" | "secret_key"), value.as_str())
                {
                    secrets.push(text.to_owned());
                }
                collect(value, secrets);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| collect(v, secrets)),
        _ => {}
    }
}

/// Shows R70, R75, R76, R77, R101, R106, R107, R109, R112, R122, R128, R129.
#[test]
fn every_scenario_on_sqlite() {
    run(Engine::Sqlite);
}

/// Shows R75, R109, R129.
#[test]
fn every_scenario_on_postgresql() {
    run(Engine::Postgres);
}
