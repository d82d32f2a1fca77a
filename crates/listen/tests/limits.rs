//! What one connection, one address and everybody together may hold: tried over raw sockets.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use common::{GET, PATIENCE, ask, quick, rest_of, start};
use mydata_listen::serve::Refused;
use mydata_listen::{Limits, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "the page" }))
        .route("/", post(|body: Bytes| async move { body.len().to_string() }))
}

async fn is_closed_without_answer(stream: &mut TcpStream) {
    let began = Instant::now();
    assert_eq!(rest_of(stream).await, "");
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// Header bytes that come one by one, a connection that says nothing, and one that idles after an answer.
#[tokio::test]
async fn a_head_must_be_there_in_time() {
    let running = start(router(), Settings::plain(quick())).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    is_closed_without_answer(&mut silent).await;

    let mut dribbling = TcpStream::connect(running.address).await.unwrap();
    let began = Instant::now();
    let broken = async {
        dribbling.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        while dribbling.write_all(b"x-a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, broken).await.expect("the connection is broken off");
    assert!(began.elapsed() < Duration::from_secs(5));

    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let said = rest_of(&mut idle).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("the page"), "{said}");
}

/// The words of whoever runs the listener, for each status.
fn in_words() -> Refused {
    Arc::new(|parts, status| (status, format!("{}: refused", parts.uri.path())).into_response())
}

/// Too many bytes, or too many fields: told in words while there are not very many too much, and closed in any case.
#[tokio::test]
async fn a_head_must_not_be_too_large() {
    let limits = Limits { head_bytes: 8_192, ..quick() };
    let running = start(router(), Settings { refused: Some(in_words()), ..Settings::plain(limits) }).await;
    let large = |bytes: usize| format!("GET /a HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(bytes));
    let many = |fields: usize| format!("GET /a HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(fields));
    for request in [large(10_000), many(150)] {
        let said = ask(running.address, &request).await;
        assert!(said.starts_with("HTTP/1.1 431") && said.contains("connection: close"), "{said}");
        assert!(said.ends_with("\r\n\r\n/a: refused"), "{said}");
    }
    for request in [large(100_000), many(1_000)] {
        assert!(ask(running.address, &request).await.starts_with("HTTP/1.1 431"));
    }
    assert!(ask(running.address, GET).await.contains("the page"));
}

/// A body that stops, one that dribbles for ever, and one that is too large, declared or not.
#[tokio::test]
async fn a_body_must_come_in_time_and_not_be_too_large() {
    let settings = Settings { refused: Some(in_words()), ..Settings::plain(quick()) };
    let running = start(router(), settings).await;
    let mut stopped = TcpStream::connect(running.address).await.unwrap();
    stopped.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
    let said = rest_of(&mut stopped).await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("connection: close"), "{said}");
    assert!(said.ends_with("/: refused"), "{said}");

    let (mut read, mut write) = TcpStream::connect(running.address).await.unwrap().into_split();
    write.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 90000\r\n\r\n").await.unwrap();
    let dribbling = tokio::spawn(async move {
        while write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut said = [0; 12];
    tokio::time::timeout(PATIENCE, read.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
    dribbling.abort();

    let declared = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100001\r\n\r\n";
    let said = ask(running.address, declared).await;
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("connection: close"), "{said}");
    assert!(said.ends_with("/: refused"), "{said}");
    let piece = format!("4e20\r\n{}\r\n", "a".repeat(20_000));
    let chunked = |pieces: usize| {
        let pieces = piece.repeat(pieces);
        format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{pieces}0\r\n\r\n"
        )
    };
    assert!(ask(running.address, &chunked(5)).await.ends_with("\r\n\r\n100000"));
    let mut larger = TcpStream::connect(running.address).await.unwrap();
    larger.write_all(chunked(6).as_bytes()).await.unwrap();
    let mut said = [0; 12];
    larger.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 413");
}

/// An answer that nobody takes does not keep what it is made of.
#[tokio::test]
async fn an_answer_that_is_not_read_ends() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dropped);
    let endless = move || async move {
        let held = Counted(counter);
        let pieces = std::iter::repeat_with(move || {
            let _ = &held;
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'a'; 65_536]))
        });
        Body::new(Pieces(pieces))
    };
    let router = Router::new().route("/", get(endless));
    let running = start(router, Settings::plain(quick())).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    let began = Instant::now();
    while dropped.load(Ordering::Relaxed) == 0 {
        assert!(began.elapsed() < PATIENCE, "it is still held");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A body of pieces that never ends.
struct Pieces<I>(I);

impl<I: Iterator<Item = Result<Bytes, std::io::Error>> + Unpin> http_body::Body for Pieces<I> {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.next().map(|piece| piece.map(http_body::Frame::data)))
    }
}

/// Hundreds of connections that do nothing: one address gets no more than its part, and everybody is served again when
/// they are over.
#[tokio::test]
async fn idle_connections_take_no_more_than_their_part() {
    let limits = Limits { connections: 600, connections_per_address: 300, ..quick() };
    let running = start(router(), Settings::plain(limits)).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(running.address).await.unwrap());
    }
    assert_eq!(ask(running.address, GET).await, "", "this address has its part");
    let began = Instant::now();
    while !ask(running.address, GET).await.contains("the page") {
        assert!(began.elapsed() < PATIENCE, "service does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(idle);
}

/// A proxy that is trusted may hold connections for many; in all there are not more than there may be.
#[tokio::test]
async fn a_trusted_proxy_is_many_people() {
    let limits = Limits { connections: 20, connections_per_address: 3, ..Limits::default() };
    let trusted = vec!["127.0.0.0/8".parse().unwrap()];
    let running = start(router(), Settings { trusted, ..Settings::plain(limits) }).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        held.push(stream);
    }
    assert_eq!(ask(running.address, GET).await, "", "there is no place left");
    held.truncate(10);
    let began = Instant::now();
    while !ask(running.address, GET).await.contains("the page") {
        assert!(began.elapsed() < PATIENCE, "places are not given back");
    }
}

/// A flood of requests: those for whom there is no room are told when to come back, and afterwards all is as before.
#[tokio::test]
async fn a_flood_is_told_to_come_back() {
    let gate = Arc::new(Semaphore::new(0));
    let slow = Arc::clone(&gate);
    let router = router()
        .route("/slow", get(move || async move { slow.acquire().await.map(drop).map_or("", |()| "done") }));
    let limits = Limits { requests: 10, retry_after: 7, ..Limits::default() };
    let settings = Settings { refused: Some(in_words()), ..Settings::plain(limits) };
    let running = start(router, settings).await;
    let slow = GET.replace("GET /", "GET /slow");
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            tokio::spawn({
                let slow = slow.clone();
                async move { ask(running.address, &slow).await }
            })
        })
        .collect();
    let began = Instant::now();
    let shed = loop {
        let said = ask(running.address, GET).await;
        if said.starts_with("HTTP/1.1 503") {
            break said;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is ever shed");
    };
    assert!(shed.contains("retry-after: 7\r\n") && shed.ends_with("/: refused"), "{shed}");
    for _ in 0..100 {
        assert!(ask(running.address, GET).await.starts_with("HTTP/1.1 503"));
    }
    gate.add_permits(10);
    for answer in waiting {
        assert!(answer.await.unwrap().ends_with("done"));
    }
    assert!(ask(running.address, GET).await.ends_with("the page"));
}

/// A connection from another address of this machine.
async fn from(own: &str, to: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{own}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// One request from such an address, and the whole answer.
async fn ask_from(own: &str, to: std::net::SocketAddr, request: &str) -> String {
    let mut stream = from(own, to).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    rest_of(&mut stream).await
}

const BEGUN: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 90000\r\n\r\na";

/// A thousand bodies that hardly come, from one address, hold its own part of the room and nobody else's.
#[tokio::test]
async fn slow_bodies_of_one_address_leave_room_for_others() {
    let limits = Limits { connections_per_address: 2_000, ..Limits::default() };
    assert_eq!((limits.requests, limits.requests_per_address), (1_024, 64));
    let running = start(router(), Settings { refused: Some(in_words()), ..Settings::plain(limits) }).await;
    let mut slow = Vec::new();
    for _ in 0..1_024 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(BEGUN).await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    let own = loop {
        let own = ask(running.address, GET).await;
        if own.starts_with("HTTP/1.1 429") {
            break own;
        }
        assert!(began.elapsed() < PATIENCE, "{own}");
    };
    assert!(own.contains("retry-after: 5\r\n") && own.ends_with("/: refused"), "{own}");
    for n in 2..40 {
        let said = ask_from(&format!("127.0.0.{n}"), running.address, GET).await;
        assert!(said.ends_with("the page"), "{said}");
    }
    drop(slow);
    let began = Instant::now();
    while !ask(running.address, GET).await.ends_with("the page") {
        assert!(began.elapsed() < PATIENCE, "the room does not come back");
    }
}

/// From many addresses they fill the room, until the rate that each must keep ends them. Whoever watches is answered
/// meanwhile.
#[tokio::test]
async fn a_body_must_keep_a_rate() {
    let limits = Limits {
        requests: 40,
        requests_per_address: 8,
        body_rate: 2_000,
        body_grace: Duration::from_millis(1_500),
        ..Limits::default()
    };
    let router = router().route("/healthz", get(|| async { "well" }));
    let settings = Settings { beside: vec!["/healthz"], ..Settings::plain(limits) };
    let running = start(router, settings).await;
    let address = running.address;
    // Half of what is asked for, in pieces without long pauses.
    let began = Instant::now();
    let mut slow = Vec::new();
    for n in 0..40 {
        let mut stream = from(&format!("127.0.0.{}", 10 + n / 8), address).await;
        slow.push(tokio::spawn(async move {
            stream.write_all(BEGUN).await.unwrap();
            while stream.write_all(&[b'a'; 50]).await.is_ok() {
                let mut said = [0; 12];
                let pause = Duration::from_millis(50);
                if let Ok(read) = tokio::time::timeout(pause, stream.read_exact(&mut said)).await {
                    return (read.is_ok(), said);
                }
                assert!(began.elapsed() < PATIENCE, "it goes on");
            }
            (false, [0; 12])
        }));
    }
    // Twice of it, for longer than the grace.
    let steady = tokio::spawn(async move {
        let mut stream = from("127.0.0.60", address).await;
        let body = 12_000;
        let head =
            format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {body}\r\n\r\n");
        tokio::time::sleep(Duration::from_millis(100)).await;
        while !ask_from("127.0.0.61", address, GET).await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..body / 400 {
            stream.write_all(&[b'a'; 400]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        rest_of(&mut stream).await
    });
    let full = loop {
        let full = ask_from("127.0.0.50", address, GET).await;
        if full.starts_with("HTTP/1.1 503") {
            break full;
        }
        assert!(began.elapsed() < PATIENCE, "the room is never full");
    };
    assert!(full.contains("retry-after: 5\r\n"), "{full}");
    let health = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(ask_from("127.0.0.50", address, health).await.ends_with("well"));
    for slow in slow {
        assert_eq!(slow.await.unwrap(), (true, *b"HTTP/1.1 408"));
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let said = steady.await.unwrap();
    assert!(said.ends_with("12000"), "{said}");
}

/// Behind a proxy the room is divided by whom it asks for, not by the proxy.
#[tokio::test]
async fn a_proxys_callers_have_a_part_each() {
    let trusted = vec!["127.0.0.1/32".parse().unwrap()];
    let on_behalf: mydata_listen::serve::OnBehalf = Arc::new(|from, headers| {
        headers.get("x-for").and_then(|said| said.to_str().ok()?.parse().ok()).unwrap_or(from)
    });
    let limits = Limits { requests_per_address: 3, ..Limits::default() };
    let settings = Settings { trusted, on_behalf: Some(on_behalf), ..Settings::plain(limits) };
    let running = start(router(), settings).await;
    let begun = |of: &str| format!("POST / HTTP/1.1\r\nhost: x\r\n{of}content-length: 9\r\n\r\na");
    let mut held = Vec::new();
    for of in ["x-for: 203.0.113.9\r\n", "x-for: 203.0.113.9\r\n", "x-for: 203.0.113.9\r\n", "", "", "", ""] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(begun(of).as_bytes()).await.unwrap();
        held.push(stream);
    }
    let as_if = |of: &str| GET.replace("host: x\r\n", &format!("host: x\r\nx-for: {of}\r\n"));
    let began = Instant::now();
    while !ask(running.address, &as_if("203.0.113.9")).await.starts_with("HTTP/1.1 429") {
        assert!(began.elapsed() < PATIENCE);
    }
    assert!(ask(running.address, &as_if("203.0.113.10")).await.ends_with("the page"));
    assert!(ask(running.address, GET).await.ends_with("the page"), "the proxy itself is many people");
}

/// Being told to stop: nobody new is let in, who idles is let go, what runs ends – or is ended when it takes too long.
#[tokio::test]
async fn the_end_is_orderly() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        "done"
    };
    let router = router().route("/slow", get(slow)).route("/never", get(std::future::pending::<()>));
    let limits = Limits { grace: Duration::from_secs(3), ..Limits::default() };
    let running = start(router, Settings::plain(limits)).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut some = [0; 12];
    idle.read_exact(&mut some).await.unwrap();
    let address = running.address;
    let ask_slow = tokio::spawn(async move { ask(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.stop.send(true).unwrap();
    let began = Instant::now();
    rest_of(&mut idle).await;
    assert!(began.elapsed() < Duration::from_millis(350), "who idles is let go at once");
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody new is let in");
    let said = ask_slow.await.unwrap();
    assert!(said.contains("connection: close") && said.ends_with("done"), "{said}");
    assert!(running.task.await.unwrap(), "all has ended in time");

    let router = Router::new().route("/", get(std::future::pending::<()>));
    let limits = Limits { grace: Duration::from_millis(200), ..Limits::default() };
    let running = start(router, Settings::plain(limits)).await;
    let mut never = TcpStream::connect(running.address).await.unwrap();
    never.write_all(GET.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(true).unwrap();
    assert!(!tokio::time::timeout(PATIENCE, running.task).await.unwrap().unwrap(), "what hangs is ended");
}

/// Shows R96: behind a proxy that passes bytes on, the caller is who the proxy says, and nobody else may say so.
#[tokio::test]
async fn the_proxy_protocol_counts_from_trusted_proxies_only() {
    let say = |ConnectInfo(from): ConnectInfo<std::net::SocketAddr>| async move { from.to_string() };
    let router = || Router::new().route("/", get(say));
    let settings = |trusted: &str| Settings {
        proxy_protocol: true,
        trusted: vec![trusted.parse().unwrap()],
        ..Settings::plain(quick())
    };
    let running = start(router(), settings("127.0.0.0/8")).await;
    let with = format!("PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n{GET}");
    assert!(ask(running.address, &with).await.ends_with("203.0.113.9:4711"));
    let itself = format!("PROXY UNKNOWN\r\n{GET}");
    assert!(ask(running.address, &itself).await.contains("127.0.0.1:"));
    assert_eq!(ask(running.address, GET).await, "", "a header must be there");
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    is_closed_without_answer(&mut silent).await;

    let running = start(router(), settings("192.0.2.0/24")).await;
    assert_eq!(ask(running.address, &with).await, "", "this is no trusted proxy");
}
