//! `cargo xtask bench tls`: what TLS costs the listener. In alternate rounds of one run, without and with it: new
//! connections with one small request each, small requests on connections that stay, large answers.
//!
//! The listener has a thread of its own, whose processor time is read from the kernel; the callers share the rest of the
//! machine with everybody else. So the time of the processor tells what it costs, and the clock only what came out here.
//! Arguments: seconds a turn, rounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use mydata_listen::tls::Ask;
use mydata_listen::{Limits, ServerTls, Settings, serve};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

const CALLERS: usize = 8;
const SMALL: usize = 1 << 10;
const LARGE: usize = 16 << 20;

/// How a caller connects; `None`: without TLS.
type How = Option<TlsConnector>;

/// What a caller does again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Connects, asks once, and waits for the end.
    Connect,
    /// Asks for something small on a connection that stays.
    Ask,
    /// Fetches something large on a connection that stays.
    Fetch,
}

/// What one turn gave.
#[derive(Clone, Copy)]
struct Turn {
    per_second: f64,
    /// Of the listener's processor, for each.
    micros: f64,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn connect(at: SocketAddr, how: &How) -> std::io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    Ok(match how {
        None => Box::new(stream),
        Some(tls) => {
            let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            Box::new(tls.connect(name, stream).await?)
        }
    })
}

/// Sends a request and reads the whole answer, whose length is known.
async fn ask(stream: &mut dyn Stream, path: &str, len: usize, buffer: &mut [u8]) -> std::io::Result<()> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    let mut got = loop {
        let read = stream.read(buffer).await?;
        head.extend_from_slice(&buffer[..read]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break head.len() - end - 4;
        }
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    while got < len {
        match stream.read(buffer).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => got += read,
        }
    }
    Ok(())
}

async fn caller(at: SocketAddr, how: How, work: Work, done: Arc<AtomicU64>, over: Arc<AtomicBool>) {
    let mut buffer = vec![0; 256 << 10];
    let mut kept = None;
    while !over.load(Ordering::Relaxed) {
        let one = async {
            if work == Work::Connect {
                let mut stream = connect(at, &how).await?;
                stream.write_all(b"GET /small HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await?;
                return Ok(());
            }
            let stream = match &mut kept {
                Some(stream) => stream,
                none => none.insert(connect(at, &how).await?),
            };
            let (path, len) = if work == Work::Ask { ("/small", SMALL) } else { ("/large", LARGE) };
            ask(&mut **stream, path, len, &mut buffer).await
        };
        let outcome: std::io::Result<()> = one.await;
        outcome.expect("the listener answers");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// The processor time of a thread, by the kernel.
fn processor(thread: &str) -> Duration {
    let text =
        std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).expect("Linux tells it");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds come first"))
}

struct Listener {
    thread: String,
    plain: SocketAddr,
    tls: SocketAddr,
    _stop: watch::Sender<bool>,
}

/// Both listeners, on a thread of their own.
fn listen(tls: ServerTls) -> Listener {
    let (stop, stopped) = watch::channel(false);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (small, large) = (Bytes::from(vec![b'a'; SMALL]), Bytes::from(vec![b'a'; LARGE]));
            let router = Router::new()
                .route("/small", get(move || async move { small }))
                .route("/large", get(move || async move { large }));
            let open = async || TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let (plain, secret) = (open().await, open().await);
            let at = |listener: &TcpListener| listener.local_addr().expect("it listens");
            let thread = std::fs::read_link("/proc/thread-self").expect("Linux tells it");
            let thread = thread.file_name().expect("its number").to_string_lossy().into_owned();
            tell.send((thread, at(&plain), at(&secret))).expect("somebody waits");
            let settings = Settings::plain(Limits::default());
            let with = Settings { tls: Some(tls), ..settings.clone() };
            tokio::join!(
                serve(plain, router.clone(), settings, stopped.clone()),
                serve(secret, router, with, stopped)
            );
        });
    });
    let (thread, plain, tls) = told.recv().expect("it starts");
    Listener { thread, plain, tls, _stop: stop }
}

async fn turn(listener: &Listener, how: &How, work: Work, long: Duration) -> Turn {
    let at = if how.is_some() { listener.tls } else { listener.plain };
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(caller(at, how.clone(), work, Arc::clone(&done), Arc::clone(&over))))
        .collect();
    // Connections that stay are made, and sessions that are taken up again are known.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (began, before, used) = (Instant::now(), done.load(Ordering::Relaxed), processor(&listener.thread));
    tokio::time::sleep(long).await;
    let number = (done.load(Ordering::Relaxed) - before) as f64;
    let (took, used) = (began.elapsed(), processor(&listener.thread) - used);
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller ends well");
    }
    Turn { per_second: number / took.as_secs_f64(), micros: used.as_secs_f64() * 1e6 / number }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<f64>().expect("a number"));
    let long = Duration::from_secs_f64(numbers.next().unwrap_or(1.5));
    let rounds = numbers.next().unwrap_or(5.0) as usize;

    let folder = tempfile::tempdir().expect("a folder");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let (pem, secret) = (folder.path().join("pem"), folder.path().join("key"));
    std::fs::write(&pem, certificate.pem()).expect("it is written");
    std::fs::write(&secret, key.serialize_pem()).expect("it is written");
    let listener = listen(ServerTls::read(&pem, &secret, Ask::Nobody).expect("they belong together"));

    let root = CertificateDer::from(certificate.der().to_vec());
    let speaking = |version: &'static SupportedProtocolVersion, again: bool| -> How {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).expect("a root");
        let mut config = ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(roots)
            .with_no_client_auth();
        if !again {
            config.resumption = Resumption::disabled();
        }
        Some(TlsConnector::from(Arc::new(config)))
    };
    let rows = [
        ("connection, plain", Work::Connect, None),
        ("connection, TLS 1.3", Work::Connect, speaking(&TLS13, false)),
        ("connection, TLS 1.3 resumed", Work::Connect, speaking(&TLS13, true)),
        ("connection, TLS 1.2", Work::Connect, speaking(&TLS12, false)),
        ("request of 1 KiB, plain", Work::Ask, None),
        ("request of 1 KiB, TLS 1.3", Work::Ask, speaking(&TLS13, true)),
        ("answer of 16 MiB, plain", Work::Fetch, None),
        ("answer of 16 MiB, TLS 1.3", Work::Fetch, speaking(&TLS13, true)),
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut found: Vec<Vec<Turn>> = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for ((_, work, how), found) in rows.iter().zip(&mut found) {
            found.push(runtime.block_on(turn(&listener, how, *work, long)));
        }
    }
    println!("ECDSA P-256; {rounds} rounds of {long:?}; {CALLERS} callers; medians");
    println!("| | per second | listener's CPU, µs each | of plain |");
    println!("| --- | ---: | ---: | ---: |");
    let mut plain = 0.0;
    for ((name, _, how), found) in rows.iter().zip(found) {
        let per_second = median(found.iter().map(|turn| turn.per_second).collect());
        let micros = median(found.iter().map(|turn| turn.micros).collect());
        if how.is_none() {
            plain = micros;
        }
        println!("| {name} | {per_second:.0} | {micros:.1} | {:.2} |", micros / plain);
    }
}
