//! TLS as an operator meets it: the demo with it, a certificate replaced on a signal, an end that waits for what runs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::json;

use crate::common::{Place, Running, text, vector};

/// Every scenario, with TLS and client certificates between all parties. Shows R96, R97.
#[test]
fn the_demo_walks_every_scenario_with_tls() {
    let place = Place::new();
    let ran = place.run(&["demo", "--tls", "--run", "--port", "0"]).ends(0);
    assert!(ran.out.contains(", 0 failed") && !ran.out.contains("FAIL"), "{}", ran.out);
}

/// Whoever looks at the demo is told how to trust it, and curl does. Without the platform's certificate nobody else's call
/// is taken. Shows R97.
#[test]
fn the_demo_says_how_to_trust_it() {
    let place = Place::new();
    let mut command = place.mydata(&["demo", "--tls", "--port", "0"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let said: Vec<String> = lines.by_ref().take_while(|line| !line.contains("Personas")).collect();
    std::thread::spawn(move || lines.for_each(drop));
    let curl = said.iter().find_map(|line| line.trim().strip_prefix("curl ")).expect("curl is shown");
    let ask = |arguments: &[&str]| {
        let mut command = place.command("curl");
        let output = command.args(["-s", "-w", "\n%{http_code}", "--noproxy", "*"]).args(arguments).output();
        String::from_utf8(output.expect("curl is installed").stdout).unwrap()
    };
    let arguments: Vec<&str> = curl.split_whitespace().collect();
    assert!(ask(&arguments).ends_with("\n200"), "{curl}");
    let [_, ca, platform] = arguments[..] else { panic!("{curl}") };
    assert!(ask(&[platform]).ends_with("\n000"), "nobody trusts it by itself");
    let at = |word: &str| {
        let line = said.iter().find(|line| line.trim_start().starts_with(word)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let mailbox = format!("{}messages", at("Mailbox"));
    assert!(ask(&["--cacert", ca, &mailbox]).ends_with("\n401"), "mails are for the platform to bring");
    let household = said.iter().find(|line| line.trim_start().starts_with("Providers")).unwrap();
    let household = household.split_whitespace().nth(1).unwrap();
    let heartbeat = format!("{household}household?heartbeat=true");
    assert!(ask(&["--cacert", ca, &heartbeat]).ends_with("\n401"), "data is for the platform to fetch");
    running.stop();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a certificate of its own making for localhost.
fn certify(place: &Place, name: &str) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    // The key first: what is found in between is refused, and taken when both are there.
    place.write("tls.key", key.serialize_pem());
    place.write("tls.pem", params.self_signed(&key).unwrap().pem());
}

/// A platform of one's own with TLS, and how to connect to it.
fn platform(place: &Place) -> (Running, u16) {
    let port = free_port();
    certify(place, "before");
    let config = json!({
        "listen": format!("127.0.0.1:{port}"),
        "base_url": format!("https://localhost:{port}/"),
        "sandbox": true,
        "tls": { "certificate": place.path("tls.pem"), "key": place.path("tls.key") },
        "connections": { "grace": 5, "drain": 0 },
        "trust": { "roots": [text(&vector("2-dp-packages/root.cer.pem"))] },
        "identity": { "oidc": [{
            "issuer": "http://127.0.0.1:1/", "client_id": "mydata", "client_secret": "x", "methods": ["NHI"],
        }] },
    });
    place.write("mydata.toml", toml::to_string(&config).unwrap());
    let mut command = place.mydata(&["serve"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("https://localhost:"), "{line}");
    (running, port)
}

/// The name in the certificate that is served.
fn served(port: u16) -> String {
    let at = format!("127.0.0.1:{port}");
    let mut openssl = Command::new("openssl");
    let output = openssl.args(["s_client", "-connect", &at]).stdin(Stdio::null()).output();
    let said = String::from_utf8_lossy(&output.expect("openssl is installed").stdout).into_owned();
    let subject = said.lines().find_map(|line| line.strip_prefix("subject=")).unwrap_or_default();
    subject.rsplit("CN = ").next().unwrap_or_default().to_owned()
}

#[test]
fn a_certificate_is_replaced_on_a_signal() {
    let place = Place::new();
    let (running, port) = platform(&place);
    assert_eq!(served(port), "before");
    certify(&place, "after");
    assert_eq!(served(port), "before", "nobody has looked yet");
    Command::new("kill").args(["-HUP", &running.0.id().to_string()]).status().unwrap();
    let began = Instant::now();
    while served(port) != "after" {
        assert!(began.elapsed() < Duration::from_secs(20), "the new certificate is not taken");
        std::thread::sleep(Duration::from_millis(50));
    }
    running.stop();
}

/// Told to end, the platform lets nobody in and lets go of who only idles; it does not wait for them.
#[test]
fn the_end_does_not_wait_for_who_only_idles() {
    let place = Place::new();
    let (running, port) = platform(&place);
    let mut idle: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    idle[0].write_all(b"\x16\x03\x01").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    running.stop();
    assert!(began.elapsed() < Duration::from_secs(4), "it waited {:?}", began.elapsed());
    for mut stream in idle {
        let mut rest = Vec::new();
        // Reset or ended: either way it is gone.
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
