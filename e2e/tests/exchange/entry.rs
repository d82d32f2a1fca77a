//! Every row of the entry's checks, over HTTP (PROTOCOL.md §2).

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::lab::{LabService, StoppedDataset};
use mydata_sdk::sp::Service;
use mydata_wire::entry::encode_resources;
use mydata_wire::pid::Pid;
use mydata_wire::{ResourceId, SystemRandom, TxId, b64};

use crate::steps::quick;

/// What came back: the status, and where to.
struct Back {
    status: u16,
    location: String,
    body: String,
}

struct Sender<'c> {
    country: &'c Country,
    service: Service,
    registered: String,
}

impl<'c> Sender<'c> {
    fn new(country: &'c Country) -> Self {
        let facts = country.sandbox.bank().facts();
        Self { country, service: facts.service.clone(), registered: facts.return_url.clone() }
    }

    fn encoded(text: &str) -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    }

    fn pid(&self) -> String {
        Self::encoded(&Pid::NotChecked.encrypt(&self.service.client_secret, &self.service.cbc_iv))
    }

    async fn raw(&self, path_and_query: &str) -> Back {
        let base = self.country.platform.base().as_str().trim_end_matches('/').to_owned();
        let answer = client().unwrap().get(format!("{base}{path_and_query}")).send().await.unwrap();
        let location =
            answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        Back { status: answer.status().as_u16(), location, body: answer.text().await.unwrap() }
    }

    /// An entry that is right but for what is given.
    async fn send(&self, client_id: &str, resources: &str, tx_id: &str, return_url: &str, pid: &str) -> Back {
        let return_url = Self::encoded(return_url);
        self.raw(&format!("/service/{client_id}/{resources}/{tx_id}?returnUrl={return_url}&pid={pid}")).await
    }

    async fn with_resources(&self, resources: &str) -> Back {
        let (client_id, tx_id) = (self.service.client_id.to_string(), new_tx());
        self.send(&client_id, resources, &tx_id, &self.registered, &self.pid()).await
    }

    async fn with_pid(&self, pid: &str) -> Back {
        let (client_id, tx_id) = (self.service.client_id.to_string(), new_tx());
        self.send(&client_id, &good(), &tx_id, &self.registered, pid).await
    }

    async fn with_return_url(&self, return_url: &str) -> Back {
        let (client_id, tx_id) = (self.service.client_id.to_string(), new_tx());
        self.send(&client_id, &good(), &tx_id, return_url, &self.pid()).await
    }

    /// The browser was sent to the registered URL with this code, and nowhere else.
    fn returned(&self, back: &Back, code: u16) {
        assert_eq!(back.status, 303, "{}", back.body);
        let expected = format!("{}?code={code}&tx_id=", self.registered);
        assert!(back.location.starts_with(&expected), "{} is not {expected}…", back.location);
    }
}

fn new_tx() -> String {
    TxId::generate(&SystemRandom).to_string()
}

fn good() -> String {
    encode_resources(&[Dataset::Household.id()])
}

/// Shows R98, R99, R102, R103, R105, R107, R108.
#[tokio::test]
async fn every_check_of_an_entry_has_its_code() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let sender = Sender::new(&country);
    let client_id = sender.service.client_id.to_string();

    // 1. client_id exists: an error page, since no registered URL is known.
    for unknown in ["CLI.0000000000", "CLI.", "x", "%00", "CLI.%E6%88%B6"] {
        let back = sender.send(unknown, &good(), &new_tx(), &sender.registered, &sender.pid()).await;
        assert_eq!((back.status, back.location.as_str()), (401, ""), "{unknown}");
        assert!(back.body.contains("401"), "{unknown}: the page shows the code");
    }

    // 2. returnUrl present and matching; otherwise the registered one is used, never the given one.
    for bad in [
        "",
        "/return",
        "//evil.example/return",
        "https://evil.example/return",
        "http://127.0.0.1:1/return",
        "http://user@127.0.0.1/return",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://ⅼocalhost/",
        "javascript:alert(1)",
        "\\\\evil.example",
    ] {
        sender.returned(&sender.with_return_url(bad).await, 403);
    }
    let registered = sender.registered.clone();
    for bad in
        [format!("{registered}#x"), format!("{registered}/"), registered.replace("http://", "http://a:b@")]
    {
        sender.returned(&sender.with_return_url(&bad).await, 403);
    }
    let missing =
        sender.raw(&format!("/service/{client_id}/{}/{}?pid={}", good(), new_tx(), sender.pid())).await;
    sender.returned(&missing, 403);
    let twice = format!("returnUrl={0}&returnUrl={0}", Sender::encoded(&registered));
    let twice = sender
        .raw(&format!("/service/{client_id}/{}/{}?{twice}&pid={}", good(), new_tx(), sender.pid()))
        .await;
    sender.returned(&twice, 403);

    // 3. tx_id.
    for bad in
        ["x", "3f6c1b52-7d9e-1a10-9c1f-0d2a4b6ca91e", "3f6c1b527d9e4a109c1f0d2a4b6ca91e", "%0D%0AX:%20y"]
    {
        let back = sender.send(&client_id, &good(), bad, &registered, &sender.pid()).await;
        sender.returned(&back, 400);
        assert!(!back.location.contains('\r') && !back.location.contains("X: y"));
    }
    let back = sender.raw(&format!("/service/{client_id}?returnUrl={}", Sender::encoded(&registered))).await;
    sender.returned(&back, 400);

    // 4. resources.
    let many: Vec<ResourceId> = (0..1_000).map(|n| format!("API.{n:010}").parse().unwrap()).collect();
    for bad in [
        "***".to_owned(),
        "QQ=Q".to_owned(),
        b64::url_safe(b"API.Kr1C3b1ijJ:"),
        b64::url_safe(b"API.Kr1C3b1ijJ:API.Kr1C3b1ijJ"),
        b64::url_safe(b"nothing"),
        b64::url_safe(&[0xff, 0xfe]),
        encode_resources(&many),
    ] {
        sender.returned(&sender.with_resources(&bad).await, 400);
    }

    // 5. every resource exists; 6. every resource is approved.
    sender
        .returned(&sender.with_resources(&encode_resources(&["API.0000000000".parse().unwrap()])).await, 401);
    sender
        .returned(&sender.with_resources(&encode_resources(&[StoppedDataset::NotApproved.id()])).await, 404);

    // 7. pid decrypts; 8. pid is a person.
    let encrypted = |text: &str| {
        let pid = Pid::Person(text.parse().unwrap());
        Sender::encoded(&pid.encrypt(&sender.service.client_secret, &sender.service.cbc_iv))
    };
    for bad in ["", "A123456789", "%%%", "AAAA", &"A".repeat(16 * 1024)] {
        sender.returned(&sender.with_pid(bad).await, 400);
    }
    let other = Service { client_secret: "0000000000000000".parse().unwrap(), ..sender.service.clone() };
    let by_other = Pid::Person("A123456789".parse().unwrap()).encrypt(&other.client_secret, &other.cbc_iv);
    sender.returned(&sender.with_pid(&Sender::encoded(&by_other)).await, 400);
    // What decrypts but is nobody's id: the sentinel with one digit too few, encrypted by hand.
    let nobody = encrypt_text("A123456788", &sender.service);
    sender.returned(&sender.with_pid(&Sender::encoded(&nobody)).await, 409);

    // The right ones go on, in every form of base64 the protocol allows.
    let standard = b64::standard(Dataset::Household.id().as_str().as_bytes());
    for form in [good(), standard.clone(), standard.replace('=', "%3D")] {
        let back = sender.with_resources(&form).await;
        assert_eq!(back.status, 303);
        assert!(back.location.starts_with("/exchange/"), "{}", back.location);
    }
    for pid in
        ["A99999999".to_owned(), encrypted("A123456789"), encrypted("A123456789").replace("%2B", "%20")]
    {
        let back = sender.with_pid(&pid).await;
        assert!(back.location.starts_with("/exchange/"), "{}", back.location);
    }

    // A request line that no server takes is refused before anything of ours sees it, and nothing breaks.
    let many: Vec<ResourceId> = (0..10_000).map(|n| format!("API.{n:010}").parse().unwrap()).collect();
    let path = format!("/service/{client_id}/{}/{}", encode_resources(&many), new_tx());
    let status = status_of(&country, &path).await;
    assert!(matches!(status, 414 | 431), "{status}");
    assert_eq!(sender.raw("/").await.status, 200);
}

/// Sends a request line that no well-meaning client would; gives the status.
async fn status_of(country: &Country, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let base = country.platform.base();
    let address = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (mut read, mut write) = socket.split();
    // The server may answer and hang up before it has read everything.
    let writing = async { drop(write.write_all(request.as_bytes()).await) };
    let mut answer = vec![0; 64];
    let (_, n) = tokio::join!(writing, read.read(&mut answer));
    let line = String::from_utf8_lossy(&answer[..n.unwrap()]).into_owned();
    line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

fn encrypt_text(text: &str, service: &Service) -> String {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let key = service.client_secret.expose().repeat(2);
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let mut openssl = Command::new("openssl")
        .args([
            "enc",
            "-aes-256-cbc",
            "-K",
            &hex(&key),
            "-iv",
            &hex(service.cbc_iv.expose()),
            "-base64",
            "-A",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap()
}

const PRODUCTION: &str = r#"
version = 1
[[organisation]]
id = "demo-production"
name = "示範正式機關"
name_en = "Demo agency in production"
kind = "agency"
[[dataset]]
resource_id = "API.0000Produc"
resource_secret = "0123456789abcdef"
zone = "production"
organisation = "demo-production"
name = "正式資料"
name_en = "Data in production"
category = "綜合"
weakest_verification = "CER"
dp_api = "http://127.0.0.1:9/production"
state = "listed"
"#;

const SERVICE_OF_TEST: &str = r#"
[[service]]
client_id = "CLI.0000000001"
client_secret = "0123456789abcdef"
cbc_iv = "0123456789abcdef"
zone = "test"
organisation = "demo-production"
name = "測試服務"
name_en = "A service of the test zone"
purpose = "測試"
purpose_en = "Testing"
category = "綜合"
url = "http://127.0.0.1:9/"
terms = "條款"
return_urls = ["http://127.0.0.1:9/return"]
sp_api = "http://127.0.0.1:9/notify"
allowed_ips = ["127.0.0.1/32"]
datasets = ["API.0000Produc"]
state = "listed"
"#;

/// Shows R104, R106, R107, R108.
#[tokio::test]
async fn states_of_services_and_datasets_have_their_codes_and_queries_are_kept() {
    let country = Country::start_with(Engine::Postgres, quick).await.unwrap();
    let lab = country.sandbox.lab();
    let send = async |service: LabService, datasets: &[ResourceId]| {
        let case = lab.service(service).open_case_for(datasets, "王小明", None, "test");
        client().unwrap().get(&case.entry_url).send().await.unwrap().headers()["location"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let household = [Dataset::Household.id()];
    // 9. suspended; 10. stopped; 11. maintenance.
    assert!(send(LabService::Suspended, &household).await.contains("?code=423&tx_id="));
    assert!(send(LabService::Accept, &[StoppedDataset::Stopped.id()]).await.contains("?code=501&tx_id="));
    assert!(send(LabService::Accept, &[StoppedDataset::Maintenance.id()]).await.contains("?code=504&tx_id="));
    // 5. A dataset of the other zone does not exist for a service of this one. Registered while the platform runs.
    let registry = country.platform.data_folder().with_file_name("production.toml");
    std::fs::write(&registry, PRODUCTION).unwrap();
    let applied = country.platform.run(&["registry", "apply", &registry.to_string_lossy()]).unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let other_zone = ["API.0000Produc".parse().unwrap()];
    assert!(send(LabService::Accept, &other_zone).await.contains("?code=401&tx_id="));
    // A service may not even be registered with one, and a zone that there is not is refused with its name.
    for (wrong, word) in [
        (PRODUCTION.replace("production", "staging"), "staging"),
        (format!("{PRODUCTION}{SERVICE_OF_TEST}"), "API.0000Produc"),
    ] {
        std::fs::write(&registry, wrong).unwrap();
        let applied = country.platform.run(&["registry", "apply", &registry.to_string_lossy()]).unwrap();
        let said = String::from_utf8_lossy(&applied.stderr).into_owned();
        assert!(!applied.status.success() && said.contains(word), "{said}");
    }
    // The SP's own parameter stands behind ours.
    let location = send(LabService::Suspended, &household).await;
    assert!(location.contains("&case="), "{location}");
}

/// Shows R102.
#[tokio::test]
async fn a_tx_id_serves_once_and_an_unconfirmed_one_is_resumed() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    let mut first = crate::steps::Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    // The same browser goes on where it was.
    let again = first.citizen.get(&case.entry_url).await.unwrap();
    assert_eq!(again.url, first.page.url);
    assert!(again.reading.form("confirm").is_some());
    // Another browser starts over; the first one has lost the exchange and what was collected.
    let other = crate::steps::Walk::enter(&case.entry_url).await;
    assert!(other.page.reading.form("authorise").is_some(), "{}", other.page.html);
    first.reload().await;
    assert_eq!(first.page.status, 403);
    // Used up once confirmed or refused.
    let mut other = other;
    other.press("refuse").await.unwrap();
    let back = client().unwrap().get(&case.entry_url).send().await.unwrap();
    assert!(back.headers()["location"].to_str().unwrap().contains("?code=400&"));
}

/// What one person's DPs are still answering never arrives in the exchange of another who started it over.
#[tokio::test]
async fn what_was_asked_for_before_an_exchange_started_over_stays_out_of_it() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    for _ in 0..3 {
        // Nobody in particular is expected, and the second person comes while the first one's DPs still work.
        let case = bank.open_case("某人", None, "test");
        crate::steps::Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
        let mut second = crate::steps::Walk::to_confirm(&case.entry_url, "ji-xiaotian").await;
        second.reload_until(crate::steps::settled).await;
        let id = Dataset::Household.id();
        let preview = format!("{}/preview/{id}", second.page.url);
        let shown = second.citizen.get(&preview).await.unwrap().html;
        assert!(shown.contains("G101010105") && !shown.contains("A123456789"), "{shown}");
    }
}
