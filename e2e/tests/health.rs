//! Connection tests against real parties: `mydata probe` beside the running platform, with the sandbox's good and faulty
//! data providers, its bank and its laboratory, and servers with certificates that openssl made.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use serde_json::Value;

/// Quick to lose patience.
fn quick(config: &mut Value) {
    config["policy"] = serde_json::json!({ "dp_first_byte": 8.0, "dp_idle": 8.0, "sp_answer": 1.0 });
    config["health"] = serde_json::json!({ "answer": 1.0 });
}

/// Runs `mydata probe`; gives what it found, and the text of the same test.
fn probe(country: &Country, id: &str) -> Value {
    let ran = country.platform.run(&["probe", id, "--json"]).unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    let found: Value = serde_json::from_str(&out)
        .unwrap_or_else(|_| panic!("{out}{}", String::from_utf8_lossy(&ran.stderr)));
    assert_eq!(ran.status.code(), Some(i32::from(found["passed"] != true)), "{found}");
    found
}

/// The fault, or `passed`.
fn outcome(found: &Value) -> String {
    let steps = found["steps"].as_array().unwrap();
    let failed: Vec<&Value> = steps.iter().filter(|step| step["outcome"] == "failed").collect();
    match failed.as_slice() {
        [] => "passed".to_owned(),
        [one] => {
            for lang in ["zh-TW", "en"] {
                assert!(one["reason"][lang].as_str().is_some_and(|text| !text.is_empty()), "{one}");
                assert!(one["mend"][lang].as_str().is_some_and(|text| !text.is_empty()), "{one}");
            }
            one["fault"].as_str().unwrap().to_owned()
        }
        more => panic!("{more:?}"),
    }
}

/// Real data providers ask the platform back about the fictional person, and give packages that verify or do not.
#[tokio::test(flavor = "multi_thread")]
async fn data_providers_good_and_faulty_are_told_apart() {
    for (engine, every) in [(Engine::Sqlite, true), (Engine::Postgres, false)] {
        let country = Country::start_with(engine, quick).await.unwrap();
        for dataset in Dataset::ALL {
            let found = probe(&country, dataset.id().as_str());
            assert_eq!(outcome(&found), "passed", "{found}");
            let figures = found["steps"][6]["figures"].as_array().unwrap();
            assert!(figures.iter().any(|f| f["is"] == "files" && f["value"] == 2), "{figures:?}");
        }
        let expected = [
            (Fault::Good, "passed"),
            (Fault::Hang, "package-no-answer"),
            (Fault::HalfFile, "package-broken"),
            (Fault::Html, "package-type"),
            (Fault::Fail, "package-server-error"),
            (Fault::Forbidden, "package-refused"),
            (Fault::WaitForever, "passed"),
            (Fault::ZipBomb, "package-bad"),
            (Fault::DotDot, "package-bad"),
            (Fault::ShortManifest, "package-bad"),
            (Fault::WrongDigest, "package-bad"),
            (Fault::EntityManifest, "package-bad"),
            (Fault::NoMeta, "package-bad"),
            (Fault::NoPdf, "package-bad"),
            (Fault::BrokenJson, "package-bad"),
            (Fault::OtherKey, "package-bad"),
            (Fault::Expired, "package-bad"),
            (Fault::WrongRoot, "package-bad"),
            (Fault::Revoked, "package-bad"),
            (Fault::Large, "passed"),
        ];
        for (fault, is) in expected.into_iter().take(if every { usize::MAX } else { 4 }) {
            let found = probe(&country, fault.id().as_str());
            assert_eq!(outcome(&found), is, "{fault:?}: {found}");
            let text = found.to_string();
            assert!(!text.contains("A123456789") && !text.contains("mydata::"), "{fault:?}: {text}");
        }
        let calls = country.sandbox.dp_calls().calls();
        assert!(calls.iter().any(|call| call.path == Fault::Good.path()), "they were really called");
    }
}

/// Services that keep to the protocol refuse nobody's transaction; nothing is opened, and no case of theirs changes.
#[tokio::test(flavor = "multi_thread")]
async fn service_providers_are_tried_without_a_real_notification() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    let id = bank.facts().service.client_id.to_string();
    let found = probe(&country, &id);
    assert_eq!(outcome(&found), "passed", "{found}");
    let case = bank.case(&case.tx_id).unwrap();
    assert!(case.notification.is_none() && case.unable_to_deliver.is_empty() && case.outcome.is_none());
    for (service, is) in [
        (LabService::Accept, "passed"),
        (LabService::Refuse, "passed"),
        // It breaks at the first call of each kind: the light request, then the notification.
        (LabService::Retry, "response-status"),
        (LabService::Retry, "notification-status"),
        (LabService::Retry, "passed"),
        (LabService::Silent, "response-no-answer"),
    ] {
        let found = probe(&country, service.client_id().as_str());
        assert_eq!(outcome(&found), is, "{service:?}: {found}");
    }
    // What is not registered is said so.
    let ran = country.platform.run(&["probe", "API.0000000000"]).unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("nothing is registered as API.0000000000"));
    // The text names every step.
    let ran = country.platform.run(&["probe", &id]).unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    for line in ["ok          dns", "skipped     tls", "ok          notification"] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    // The doctor knows how many fail.
    let ran = country.platform.run(&["doctor"]).unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(text.contains("health: 0 items polled, none failing"), "{text}");
}

/// `openssl s_server`, which ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(folder: &Path, args: &str) {
    let ran = Command::new("openssl").args(args.split(' ')).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{args}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl Server {
    fn start(folder: &Path, name: &str) -> Self {
        use std::io::{BufRead as _, BufReader};
        let args = format!("s_server -accept 127.0.0.1:0 -cert {name}.pem -key {name}.key -www");
        let mut child = Command::new("openssl")
            .args(args.split(' '))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said =
            lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_owned()));
        let port = said.unwrap().rsplit(':').next().unwrap().trim().parse().unwrap();
        Self { child, port }
    }
}

/// The program itself, trusting what the system trusts: a root of openssl's is trusted where the system is told so.
#[tokio::test(flavor = "multi_thread")]
async fn the_system_says_which_certificates_are_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    openssl(
        at,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3 -subj /CN=Fictional-Root",
    );
    for (name, host) in [("good", "localhost"), ("other", "other.example")] {
        std::fs::write(at.join("names.cnf"), format!("subjectAltName = DNS:{host}\n")).unwrap();
        openssl(
            at,
            &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN=Fictional"),
        );
        openssl(
            at,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names.cnf -out {name}.pem"
            ),
        );
    }
    let servers = [Server::start(at, "good"), Server::start(at, "other")];
    let mut ports = servers.iter().map(|server| server.port);
    let (good, other) = (ports.next().unwrap(), ports.next().unwrap());
    let registry = |sandbox: &mydata_sandbox::Sandbox| {
        let mut text = sandbox.registry_toml().to_owned();
        for (id, port) in [("API.TlsGoodHst", good), ("API.TlsOtherHt", other)] {
            text += &format!(
                "\n[[dataset]]\nresource_id = \"{id}\"\nresource_secret = \"fictionalSecret1\"\nzone = \"test\"\n\
                 organisation = \"demo-household\"\nname = \"示範\"\nname_en = \"Demo\"\ncategory = \"教育\"\n\
                 weakest_verification = \"NHI\"\ndp_api = \"https://localhost:{port}/\"\nstate = \"listed\"\n\
                 dp_ips = [\"127.0.0.1\", \"::1\"]\n"
            );
        }
        Ok(text)
    };
    let country = Country::start_registered(Engine::Sqlite, quick, registry).await.unwrap();
    let root = at.join("ca.pem");
    let tried = |id: &str, trusted: bool| {
        let ran = country.platform.run_with(&["probe", id, "--json"], |command| {
            if trusted {
                command.env("SSL_CERT_FILE", &root);
            }
        });
        let ran = ran.unwrap();
        serde_json::from_slice::<Value>(&ran.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&ran.stderr)))
    };
    assert_eq!(outcome(&tried("API.TlsGoodHst", false)), "certificate-unknown-issuer");
    assert_eq!(outcome(&tried("API.TlsOtherHt", true)), "certificate-wrong-name");
    let found = tried("API.TlsGoodHst", true);
    assert_eq!(found["steps"][4]["outcome"], "passed", "{found}");
    assert_eq!(found["steps"][4]["figures"][0]["value"], 2, "two days are left: {found}");
    assert_eq!(outcome(&found), "response-web-page", "such a server answers with a page");
}
