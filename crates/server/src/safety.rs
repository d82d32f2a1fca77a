//! What browsers may be tricked into, tried at every address: over sockets, with the headers and bytes that a test in memory
//! could not send.
//!
//! | tests | what they try |
//! | --- | --- |
//! | [`walk`] | the headers of every answer, for everybody who may ask; cookies; what is kept of personal pages |
//! | [`injected`] | foreign hosts, line breaks and foreign addresses in everything that a stranger can write |
//! | [`forms`] | every form of a citizen and of a clerk without its token, with another's, from another site |
//! | [`comparisons`] | that secrets are compared in constant time |

mod comparisons;
mod forms;
mod injected;
mod walk;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::Router;
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_listen::{Limits, Settings};
use mydata_store::Engine;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::backoffice;
use crate::citizen::tests::{Portal, WANG};
use crate::counter::tests as counters;

/// Where browsers reach the platform of these tests.
const BASE: &str = "https://mydata.example";

/// Somebody who asks, with everything that they would send along.
#[derive(Debug, Clone)]
struct Visitor {
    name: &'static str,
    cookies: String,
    token: String,
}

/// A platform behind sockets, with a citizen who has a download, a clerk who has opened it, and staff.
struct Place {
    portal: Portal,
    main: SocketAddr,
    partner: SocketAddr,
    stop: watch::Sender<bool>,
    visitors: Vec<Visitor>,
    /// Addresses that the walk would not find by filling in anything: things that exist.
    things: Vec<(&'static str, String)>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: Vec<(String, String)>,
    raw_head: String,
    body: Vec<u8>,
}

impl Reply {
    fn all(&self, name: &str) -> Vec<&str> {
        self.head.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The only header of this name.
    fn one(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            ref several => panic!("{name}: {several:?} in {}", self.raw_head),
        }
    }

    fn is_html(&self) -> bool {
        self.all("content-type").iter().any(|kind| kind.starts_with("text/html"))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn listening(router: Router, stop: watch::Receiver<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(mydata_listen::serve(listener, router, Settings::plain(Limits::default()), stop));
    address
}

impl Place {
    async fn open() -> Self {
        let portal = Portal::open_with(Engine::Sqlite, |config| {
            let limits = &mut config.limits;
            limits.pages_per_minute = 10_000_000;
            limits.partner_per_minute = 10_000_000;
            limits.citizen_per_minute = 10_000_000;
        })
        .await;
        counters::registered(&portal, |_| ()).await;
        let app = portal.office.app.clone();
        let (stop, stopped) = watch::channel(false);
        let main = listening(crate::platform::router(app.clone()), stopped.clone()).await;
        let partner = listening(crate::platform::partner_router(app), stopped).await;
        let mut place = Self { portal, main, partner, stop, visitors: Vec::new(), things: Vec::new() };
        place.populate().await;
        place
    }

    async fn populate(&mut self) {
        let mut wang = self.portal.browser();
        wang.log_in(&WANG).await;
        wang.get("/me").await;
        let (download, _, number) = counters::held(&self.portal, true).await;
        let mut clerk = counters::clerk(&self.portal);
        counters::opens(&self.portal, &mut clerk, &number).await;
        let change = wang.post("/me/mail", &[("address", "new@example.test")]).await.location().to_owned();
        let office = &self.portal.office;
        let mut visitors = vec![Visitor { name: "nobody", cookies: String::new(), token: String::new() }];
        for (name, browser) in [("citizen", &wang), ("clerk", &clerk)] {
            let cookies: Vec<_> =
                browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            visitors.push(Visitor { name, cookies: cookies.join("; "), token: browser.token.clone() });
        }
        for (name, role) in [("applicant", Role::Applicant), ("administrator", Role::Administrator)] {
            let account = office.account(name, role, role.needs_organisation().then_some("library")).await;
            let (browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
            let cookies = browser.cookie.clone().unwrap_or_default();
            visitors.push(Visitor { name, cookies, token: browser.token.clone() });
        }
        let download = download.to_string();
        let dataset = counters::DATASET;
        self.things = vec![
            ("/me/changes/{id}", change),
            ("/downloads/{id}/preview/{resource_id}/file", {
                format!("/downloads/{download}/preview/{dataset}/file?name=household.pdf")
            }),
            ("/downloads/{id}/preview/{resource_id}", format!("/downloads/{download}/preview/{dataset}")),
            ("/downloads/{id}/progress", format!("/downloads/{download}/progress")),
            ("/downloads/{id}/withdraw", format!("/downloads/{download}/withdraw")),
            ("/downloads/{id}", format!("/downloads/{download}")),
            ("/record/{id}", format!("/record/{download}")),
            ("/datasets/{id}", format!("/datasets/{dataset}")),
            ("/counter-services/{id}", format!("/counter-services/{}", counters::SERVICE)),
            ("/counter-services/{id}/apply", {
                let case = utf8_percent_encode(counters::CASE, NON_ALPHANUMERIC);
                format!("/counter-services/{}/apply?case={case}", counters::SERVICE)
            }),
        ];
        self.visitors = visitors;
    }

    fn visitor(&self, name: &str) -> &Visitor {
        self.visitors.iter().find(|visitor| visitor.name == name).expect("one of the visitors")
    }

    /// Every path of the main listener, as the router has them.
    fn paths(&self) -> BTreeSet<String> {
        paths_of(&crate::platform::router(self.portal.office.app.clone()))
    }

    /// Addresses with this path: of what exists where there is something, and of nothing.
    fn filled(&self, path: &str) -> Vec<String> {
        let mut all: Vec<String> =
            self.things.iter().filter(|(of, _)| *of == path).map(|(_, address)| address.clone()).collect();
        if all.is_empty() || path.contains('{') {
            all.push(fill(path, "nothing"));
        }
        all
    }

    /// Sends these bytes and reads all that comes back.
    async fn send(&self, to: SocketAddr, request: &[u8]) -> Reply {
        let mut socket = TcpStream::connect(to).await.unwrap();
        let mut answer = Vec::new();
        let (mut read, mut write) = socket.split();
        // Whoever is refused early may be hung up on while still writing.
        let writing = async { drop(write.write_all(request).await) };
        let ((), end) = tokio::join!(writing, read.read_to_end(&mut answer));
        if answer.is_empty() {
            end.unwrap();
        }
        read_reply(&answer)
    }

    /// A request to the main listener.
    async fn ask(&self, method: &str, address: &str, visitor: &Visitor, more: &[(&str, &str)]) -> Reply {
        self.ask_with(method, address, visitor, more, "").await
    }

    /// The same with a form.
    async fn ask_with(
        &self,
        method: &str,
        address: &str,
        visitor: &Visitor,
        more: &[(&str, &str)],
        form: &str,
    ) -> Reply {
        self.send(self.main, request(method, address, visitor, more, form).as_bytes()).await
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.portal.office.close().await;
    }
}

fn request(method: &str, address: &str, visitor: &Visitor, more: &[(&str, &str)], form: &str) -> String {
    let mut request = format!("{method} {address} HTTP/1.1\r\nConnection: close\r\n");
    if !more.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str("Host: mydata.example\r\n");
    }
    if !visitor.cookies.is_empty() {
        request.push_str(&format!("Cookie: {}\r\n", visitor.cookies));
    }
    if method != "GET" && method != "HEAD" {
        let kind = "application/x-www-form-urlencoded";
        request.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", form.len()));
    }
    for (name, value) in more {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request + "\r\n" + form
}

/// A path with every part that is to be filled in replaced.
fn fill(path: &str, by: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { by } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The router has no list of its routes but the one that it shows when it is debugged.
fn paths_of(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let paths = shown.split("RouteId(").filter_map(|rest| rest.split_once("): \"")?.1.split('"').next());
    // What the fallback takes is no route; it is shown as `/` and as a name of its own.
    paths.filter(|path| path.starts_with('/') && !path.contains("__private")).map(str::to_owned).collect()
}

fn read_reply(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| {
        panic!("no answer: {}", String::from_utf8_lossy(&answer[..answer.len().min(300)]))
    });
    let raw_head = String::from_utf8(answer[..end].to_vec()).expect("the head is text");
    let mut lines = raw_head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let head: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?} in {raw_head}")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let body = &answer[end + 4..];
    let chunked = head.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { joined(body) } else { body.to_vec() };
    Reply { status, head, raw_head, body }
}

/// The content of chunks.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(at) = body.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&body[..at]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let size = size.expect("the size of a chunk");
        if size == 0 {
            break;
        }
        content.extend_from_slice(&body[at + 2..at + 2 + size]);
        body = &body[at + 2 + size + 2..];
    }
    content
}

/// The table of the back office, for whoever walks it.
fn office_table() -> &'static [backoffice::route::Route] {
    backoffice::routes::table()
}
