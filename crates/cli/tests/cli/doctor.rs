//! `mydata doctor`.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use mydata_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::common::{Authority, Place, Ran, Running, registry, text, vector};

/// Everything about every file below a folder.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.metadata().unwrap();
        if meta.is_dir() {
            found.extend(snapshot(&path));
        }
        let content = if meta.is_dir() { Vec::new() } else { std::fs::read(&path).unwrap() };
        found.insert(path, (meta.mode(), meta.modified().unwrap(), content));
    }
    found
}

/// Whether something answers HTTP on a port.
fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        stream.read(&mut [0; 16])
    };
    ask().is_ok_and(|read| read > 0)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A place with a configuration file that only lacks an identity provider that answers.
fn configured(change: impl FnOnce(&mut Value)) -> Place {
    let place = Place::new();
    let root = text(&vector("2-dp-packages/root.cer.pem"));
    let mut config = json!({
        "listen": format!("127.0.0.1:{}", free_port()),
        "base_url": "https://mydata.example",
        "trusted_proxies": ["127.0.0.1/32"],
        "contact": { "phone": "02-1234-5678", "mailbox": "desk@mydata.example" },
        "trust": { "roots": [root] },
        "identity": { "oidc": [{
            "issuer": "https://127.0.0.1:1/", "client_id": "mydata", "client_secret": "hiddenSecretOfOurs", "methods": ["NHI"],
        }] },
    });
    change(&mut config);
    place.write("mydata.toml", toml::to_string(&config).unwrap());
    std::fs::set_permissions(place.path("mydata.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    place
}

/// The findings as `level subject: what`.
fn findings(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = json["findings"].as_array().unwrap();
    for finding in findings {
        assert_eq!(
            finding["level"] == "ok",
            finding["mend"].is_null(),
            "what is not ok says how to mend it: {finding}"
        );
    }
    findings
        .iter()
        .map(|f| format!("{} {}: {}", text(&f["level"]), text(&f["subject"]), text(&f["what"])))
        .collect()
}

fn doctor(place: &Place, more: &[&str]) -> Vec<String> {
    let ran = place.run(&[&["doctor", "--json"], more].concat());
    let found = findings(&ran);
    let fails = found.iter().any(|line| line.starts_with("fail "));
    ran.ends(i32::from(fails)).hides("hiddenSecretOfOurs");
    found
}

#[track_caller]
fn has(found: &[String], begin: &str, part: &str) {
    assert!(
        found.iter().any(|line| line.starts_with(begin) && line.contains(part)),
        "no {begin} … {part}:\n{}",
        found.join("\n")
    );
}

/// A mail server that cannot be used is named, its password is not.
#[test]
fn it_greets_the_mail_server() {
    let port = free_port();
    let server = |config: &mut Value| {
        config["mail"] = json!({ "smtp": {
            "host": "127.0.0.1", "port": port, "tls": "none", "user": "mydata", "password": "hiddenSecretOfOurs",
        } });
    };
    has(&doctor(&configured(server), &[]), "fail mail: 127.0.0.1: ", "cannot be reached");
    has(&doctor(&configured(|_| {}), &[]), "warn mail: no mail server is set", "");
    let faulty = configured(|config| config["mail"] = json!({ "smtp": { "host": "", "user": "mydata" } }));
    let found = doctor(&faulty, &[]);
    has(&found, "fail ", "mail.smtp.host names no host");
    has(&found, "fail ", "mail.smtp.user and mail.smtp.password belong together");
}

/// A gateway of text messages that cannot be reached is named, its token is not.
#[test]
fn it_calls_the_gateway_of_text_messages() {
    let url = format!("https://127.0.0.1:{}/messages", free_port());
    let gateway = |config: &mut Value| {
        config["sms"] = json!({ "gateway": { "url": url, "token": "hiddenSecretOfOurs" } });
    };
    has(
        &doctor(&configured(gateway), &[]),
        "fail text messages: the gateway at https://127.0.0.1:",
        "cannot be reached",
    );
    has(&doctor(&configured(|_| {}), &[]), "ok text messages: no gateway is set", "mail only");
}

/// On a machine where nothing was started yet it makes nothing.
#[test]
fn it_makes_nothing() {
    let place = configured(|_| {});
    let found = doctor(&place, &[]);
    has(&found, "ok data folder: data is not there yet", "");
    has(&found, "ok database: data/mydata.db is not there yet", "");
    has(&found, "ok key file: data/keys is not there yet", "");
    has(&found, "ok trust: ", "days left");
    has(&found, "ok listen: ", "is free");
    has(&found, "fail identity provider: https://127.0.0.1:1/", "internal");
    let names: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["mydata.toml"]);
}

#[test]
fn a_configuration_that_cannot_work_is_told_key_by_key() {
    for (key, value, begin, part) in [
        ("base_url", json!("http://mydata.example"), "fail configuration: base_url", "https://"),
        ("base_url", json!("https://mydata.example/path"), "fail configuration: base_url", "path"),
        ("policy", json!({ "ticket_life": 90000 }), "fail configuration: policy.ticket_life", "28800"),
        ("jobs", json!({ "at_once": 0 }), "fail configuration: jobs.at_once", "at least 1"),
        ("trust", json!({ "roots": ["nowhere.pem"] }), "fail configuration: trust", "nowhere.pem"),
        ("trusted_proxies", json!([]), "warn configuration: trusted_proxies", ""),
        ("contact", json!({}), "warn configuration: contact", ""),
        (
            "database_url",
            json!("mysql://root:hiddenSecretOfOurs@x/y"),
            "fail database: ",
            "scheme is neither",
        ),
        ("no_such_key", json!(1), "fail configuration: ", "no_such_key"),
        ("listen", json!("nowhere"), "fail configuration: ", "listen"),
    ] {
        let found = doctor(&configured(|config| config[key] = value), &[]);
        has(&found, begin, part);
    }
    let found = doctor(&Place::new(), &["--config", "nowhere.toml"]);
    has(&found, "fail configuration: ", "nowhere.toml");

    let place = configured(|config| {
        config["sandbox"] = true.into();
        config["listen"] = format!("0.0.0.0:{}", free_port()).into();
    });
    std::fs::set_permissions(place.path("mydata.toml"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = doctor(&place, &[]);
    has(&found, "warn configuration: sandbox is on while", "");
    has(&found, "warn configuration: mydata.toml holds secrets", "0644");
}

#[test]
fn roots_are_looked_at_one_by_one() {
    let authority = Authority::new();
    for (content, begin, part) in [
        (authority.signer((2020, 2021)), "fail trust: ", "no longer valid"),
        (authority.signer((2044, 2045)), "fail trust: ", "not valid yet"),
        ("no certificate".to_owned(), "fail trust: ", "no certificate"),
        (format!("{}{}", authority.root, authority.root), "ok trust: ", "Fictional Test Root"),
    ] {
        let place = configured(|config| config["trust"]["roots"] = json!(["root.pem"]));
        place.write("root.pem", content);
        has(&doctor(&place, &[]), begin, part);
    }
}

/// A key that does not belong to the certificate is found before it is needed, and named.
#[test]
fn a_key_of_another_certificate_is_found() {
    let both = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["platform.example".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let ((certificate, key), (_, another)) = (both(), both());
    let place = configured(|config| {
        config["outbound"] = json!({ "client_certificate": "client.pem", "client_key": "client.key" });
    });
    place.write("client.pem", certificate);
    place.write("client.key", &key);
    let found = doctor(&place, &[]);
    assert!(!found.iter().any(|line| line.starts_with("fail outgoing calls")), "{found:?}");
    place.write("client.key", &another);
    has(&doctor(&place, &[]), "fail outgoing calls: ", "client.key");
}

/// The data folder of a platform that ran, and was stopped.
fn used(change: impl FnOnce(&mut Value)) -> Place {
    let place = configured(change);
    place.write("registry.toml", registry(|_| {}));
    place.run(&["registry", "apply", "registry.toml"]).ends(0);
    place
}

#[test]
fn folder_and_keys_are_for_their_owner() {
    let place = used(|_| {});
    let keys = place.path("data/keys");
    let good = std::fs::read_to_string(&keys).unwrap();
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let before = snapshot(place.folder.path());
    let found = doctor(&place, &[]);
    has(&found, "ok data folder: data, for its owner only", "");
    has(&found, "ok key file: data/keys", "");
    has(&found, "ok database schema: up to date", "");
    has(&found, "ok registry: 2 organisations, 1 dataset, 1 service", "");
    assert_eq!(snapshot(place.folder.path()), before, "it looks only");

    mode(&place.path("data"), 0o755);
    has(&doctor(&place, &[]), "warn data folder: others may look into data", "0755");
    mode(&place.path("data"), 0o700);
    mode(&keys, 0o640);
    has(&doctor(&place, &[]), "fail key file: others may read", "0640");
    mode(&keys, 0o600);

    has(&found, "ok keys: 1 data key; ", "seals, 0 days old");

    std::fs::write(&keys, good.replace("\nmaster ", "\nmatser ")).unwrap();
    has(&doctor(&place, &[]), "fail key file: data/keys: line ", "neither `master ID KEY` nor");
    // Good keys, but another installation's.
    let other = used(|_| {});
    std::fs::copy(other.path("data/keys"), &keys).unwrap();
    has(&doctor(&place, &[]), "fail keys: ", "not the keys of this database");
    std::fs::remove_file(&keys).unwrap();
    has(&doctor(&place, &[]), "fail key file: data/keys is missing", "");
    assert!(!keys.exists());
    std::fs::write(&keys, good).unwrap();
    mode(&keys, 0o600);

    std::fs::write(place.path("data/mydata.db"), "no database").unwrap();
    std::fs::remove_file(place.path("data/mydata.db-wal")).ok();
    let found = doctor(&place, &[]);
    assert!(found.iter().any(|line| line.starts_with("fail database")), "{found:?}");
}

#[test]
fn a_clock_that_went_back_is_noticed() {
    let place = used(|_| {});
    let file = std::fs::File::options().write(true).open(place.path("data/mydata.db")).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    has(&doctor(&place, &[]), "fail clock: ", "the clock went back");
}

/// What is registered cannot work outside the sandbox: addresses, methods, states.
#[test]
fn what_is_registered_is_held_against_the_configuration() {
    let place = used(|_| {});
    let found = doctor(&place, &[]);
    has(&found, "fail registry: dataset API.Example001: dp_api", "not https");
    has(&found, "fail registry: service CLI.Example001: sp_api", "not https");
    has(&found, "fail registry: service CLI.Example001: return_urls", "not https");

    for (from, to, begin, part) in [
        (
            "weakest_verification = \"NHI\"",
            "weakest_verification = \"CER\"",
            "fail",
            "no identity provider offers CER",
        ),
        ("http://127.0.0.1:9002/household", "https://10.0.0.1/household", "fail", "an internal address"),
        (
            "allowed_ips = [\"127.0.0.1/32\", \"::1\"]\ndatasets",
            "allowed_ips = []\ndatasets",
            "fail",
            "allowed_ips is empty",
        ),
        (
            "state = \"listed\"\n# The",
            "state = \"maintenance\"\n# The",
            "warn",
            "API.Example001 is maintenance",
        ),
        (
            "organisation = \"example-bank\"",
            "organisation = \"nobody\"",
            "fail",
            "organisation nobody is not registered",
        ),
    ] {
        let place = configured(|_| {});
        let file = registry(|text| {
            assert!(text.contains(from), "{from}");
            *text = text.replace(from, to);
        });
        place.write("own.toml", file);
        has(&doctor(&place, &["--registry", "own.toml"]), &format!("{begin} registry own.toml: "), part);
    }
    let certificate =
        std::fs::read_to_string(vector("2-dp-packages/API.Kr1C3b1ijJ/META-INFO/certificate.cer")).unwrap();
    for (other, part) in [
        (Authority::new().signer((2020, 2021)), "signer_certificate: no longer valid"),
        ("x".to_owned(), "cannot be read"),
    ] {
        let place = configured(|_| {});
        place.write("own.toml", registry(|text| *text = text.replace(certificate.trim(), other.trim())));
        has(
            &doctor(&place, &["--registry", "own.toml"]),
            "fail registry own.toml: dataset API.Example001: ",
            part,
        );
    }
    let place = configured(|_| {});
    place.write("own.toml", "version = 1\nnonsense = 2\n");
    has(&doctor(&place, &["--registry", "own.toml"]), "fail registry: ", "nonsense");
}

#[test]
fn a_taken_port_is_told_from_the_platforms_own() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = configured(|config| config["listen"] = taken.local_addr().unwrap().to_string().into());
    has(&doctor(&place, &[]), "fail listen: ", "is taken by another program");
    let place = configured(|config| config["listen"] = "203.0.113.1:8480".into());
    has(&doctor(&place, &[]), "fail listen: ", "no address of this machine");
}

/// A platform with the sandbox's parties around it: everything is fine, while it runs, after it was killed, after it was stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_healthy_platform_is_healthy_running_killed_and_stopped() {
    let place = Place::new();
    let port = free_port();
    let base: url::Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let sandbox = Sandbox::start(SandboxConfig::new(base.clone(), place.path("parties"))).await.unwrap();
    let (provider, told) = (sandbox.idp(), sandbox.revocation());
    let config = json!({
        "listen": format!("127.0.0.1:{port}"),
        "sandbox": true,
        "trust": {
            "roots": [sandbox.ca_file()],
            "revocation": "ocsp-then-crl",
            "issuers": [{ "subject": told.issuer, "ocsp": [told.ocsp], "crl": [told.crl] }],
        },
        "identity": { "oidc": [{
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
            "methods": provider.methods,
        }] },
    });
    place.write("mydata.toml", toml::to_string(&config).unwrap());
    std::fs::set_permissions(place.path("mydata.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    place.write("registry.toml", sandbox.registry_toml());
    let serve = || {
        let mut command = place.mydata(&["serve", "--registry", "registry.toml"]);
        let running = Running(
            command.stderr(std::process::Stdio::null()).stdout(std::process::Stdio::null()).spawn().unwrap(),
        );
        let since = Instant::now();
        // It has the port before it answers.
        while !answers(port) {
            assert!(since.elapsed() < Duration::from_secs(60), "the platform does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    };
    let all_fine = |more: &[&str]| {
        let found = doctor(&place, more);
        // How much room a machine has is not this test's; the laboratory is there to misbehave.
        let bad: Vec<_> = found
            .iter()
            .filter(|line| {
                !line.starts_with("ok ") && !line.contains(" free space: ") && !line.contains(".Lab")
            })
            .collect();
        assert!(bad.is_empty(), "{bad:#?}");
        found
    };

    let running = serve();
    let found = all_fine(&["--reach"]);
    has(&found, "ok database: ", "in use by the running platform");
    has(&found, "ok database schema: up to date", "");
    has(&found, "ok identity provider: ", "publishes 1 key");
    let issuer = format!("ok revocation: {}: ", told.issuer);
    has(&found, &format!("{issuer}CRL at {}", told.crl), " lists 0 certificates, holds until ");
    has(
        &found,
        &format!("{issuer}OCSP at {}", told.ocsp.as_ref().unwrap()),
        " is not asked: no certificate of this issuer is registered",
    );
    has(&found, "ok clock: ", "as the identity provider has it");
    has(&found, "ok listen: ", "taken by a running platform");
    has(&found, "ok registry: dataset API.Hh7Qm2Zt9X: dp_api answers", "");
    has(&found, "ok registry: service CLI.qqOjnjO4WR: sp_api answers", "");
    has(&found, "fail registry: service CLI.LabSilent1: sp_api at ", "no answer in time");
    has(&found, "fail registry: service CLI.LabRetry01: sp_api at ", "answers 500");
    has(&found, "warn registry: service CLI.LabAccept1: dataset API.LabMainten is maintenance", "");
    assert!(reqwest::get(base.clone()).await.unwrap().status().is_success(), "the platform goes on");

    // Killed: what it left must be found by the next start as it was.
    drop(running);
    let before = snapshot(&place.path("data"));
    has(&all_fine(&[]), "ok database: ", "not in use");
    assert_eq!(snapshot(&place.path("data")), before);

    serve().stop();
    let before = snapshot(&place.path("data"));
    has(&all_fine(&[]), "ok listen: ", "is free");
    assert_eq!(snapshot(&place.path("data")), before);

    // Nobody of the parties is there any more.
    sandbox.stop().await;
    let found = doctor(&place, &["--reach"]);
    has(&found, "fail identity provider: ", "discovery");
    has(&found, "fail revocation: ", "CRL at ");
    has(&found, "fail registry: dataset API.Hh7Qm2Zt9X: dp_api at ", "");
    has(&found, "ok clock: ", "nobody could be asked");
}

/// On PostgreSQL: reachable or not, migrated or not.
#[test]
fn a_server_is_looked_at_too() {
    let cluster =
        std::env::var("MYDATA_TEST_POSTGRES").expect("run by `cargo xtask test`, which starts PostgreSQL");
    let name = format!("doctor_{}", std::process::id());
    let psql = |sql: String| {
        let ran = std::process::Command::new("psql").args([&cluster, "-qc", &sql]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    psql(format!("CREATE DATABASE {name}"));
    let url = format!("{}/{name}", cluster.rsplit_once('/').unwrap().0);
    let place = configured(|config| config["database_url"] = url.into());
    let found = doctor(&place, &[]);
    has(&found, "ok database: postgres://", "answers, PostgreSQL 1");
    has(&found, "warn database schema: not applied yet", "");
    place.run(&["migrate"]).ends(0);
    has(&doctor(&place, &[]), "ok database schema: up to date", "");
    psql(format!("DROP DATABASE {name} WITH (FORCE)"));
    let found = doctor(&place, &[]);
    has(&found, "fail database: it cannot be opened", "");

    let begun = Instant::now();
    let place = configured(|config| {
        config["database_url"] = "postgres://mydata:hiddenSecretOfOurs@127.0.0.1:1/x".into();
    });
    has(&doctor(&place, &[]), "fail database: postgres://mydata@127.0.0.1:1/x cannot be reached", "");
    assert!(begun.elapsed() < Duration::from_secs(8), "a refused connection is told at once");
}
