//! A mail server on loopback, small and honest: it speaks SMTP, keeps what it takes, and misbehaves as it is told.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mydata_wire::b64;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How it behaves.
#[derive(Clone, Default)]
pub(super) struct Manners {
    /// It has a certificate for `localhost`.
    pub(super) tls: bool,
    /// TLS begins with STARTTLS.
    pub(super) starttls: bool,
    /// Only this user may send.
    pub(super) user: Option<(&'static str, &'static str)>,
    /// So many mails are put off first.
    pub(super) busy: usize,
    /// Every addressee is refused with this code.
    pub(super) refuse_rcpt: Option<u16>,
}

/// A mail that it took.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) rcpts: usize,
    pub(super) raw: String,
}

/// The server; it ends when it is dropped.
pub(super) struct MailServer {
    pub(super) port: u16,
    pub(super) roots: PathBuf,
    received: Arc<Mutex<Vec<Received>>>,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Shared {
    manners: Manners,
    put_off: AtomicUsize,
    received: Arc<Mutex<Vec<Received>>>,
    tls: TlsAcceptor,
}

impl MailServer {
    pub(super) async fn start(manners: Manners) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let roots = folder.path().join("roots.pem");
        std::fs::write(&roots, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let shared = Arc::new(Shared {
            manners,
            put_off: AtomicUsize::new(0),
            received: Arc::clone(&received),
            tls: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A client that goes away is no fault of the server's.
                tokio::spawn(async move { drop(greet(&shared, stream).await) });
            }
        });
        Self { port, roots, received, serving, _folder: folder }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn greet(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    let Manners { tls, starttls, .. } = shared.manners;
    match (tls, starttls) {
        (true, false) => talk(shared, shared.tls.accept(stream).await?, true, true).await.map(|_| ()),
        (true, true) => match talk(shared, stream, false, true).await? {
            Some(stream) => talk(shared, shared.tls.accept(stream).await?, true, false).await.map(|_| ()),
            None => Ok(()),
        },
        _ => talk(shared, stream, false, true).await.map(|_| ()),
    }
}

/// One conversation; gives the stream back when TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Shared,
    stream: S,
    secured: bool,
    banner: bool,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if banner {
        stream.write_all(b"220 mail.example ESMTP\r\n").await?;
    }
    let manners = &shared.manners;
    let (mut from, mut to, mut rcpts) = (String::new(), String::new(), 0);
    let mut known = manners.user.is_none();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let command = line.trim_end().to_owned();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => {
                let mut answer = "250-mail.example\r\n".to_owned();
                if manners.tls && manners.starttls && !secured {
                    answer += "250-STARTTLS\r\n";
                }
                if manners.user.is_some() && secured {
                    answer += "250-AUTH PLAIN\r\n";
                }
                answer + "250 8BITMIME\r\n"
            }
            "STARTTLS" => {
                stream.write_all(b"220 begin\r\n").await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => {
                let (user, password) = manners.user.unwrap_or_default();
                let said = command.split(' ').nth(2).unwrap_or_default();
                known = b64::decode_lenient(said).unwrap_or_default()
                    == format!("\0{user}\0{password}").into_bytes();
                if known { "235 welcome\r\n" } else { "535 no\r\n" }.to_owned()
            }
            "MAIL" if !known => "530 who are you\r\n".to_owned(),
            "MAIL" if shared.put_off.load(Ordering::SeqCst) < manners.busy => {
                shared.put_off.fetch_add(1, Ordering::SeqCst);
                "451 come back later\r\n".to_owned()
            }
            "MAIL" => {
                from = angled(&command);
                "250 ok\r\n".to_owned()
            }
            "RCPT" => {
                to = angled(&command);
                rcpts += 1;
                match manners.refuse_rcpt {
                    Some(code) => format!("{code} <{to}> jenny is unknown here\r\n"),
                    None => "250 ok\r\n".to_owned(),
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(None);
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    raw += line.strip_prefix('.').unwrap_or(&line);
                }
                let mail = Received { from: from.clone(), to: to.clone(), rcpts, raw };
                shared.received.lock().unwrap().push(mail);
                "250 taken\r\n".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            "NOOP" | "RSET" => "250 ok\r\n".to_owned(),
            _ => "502 what\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

fn angled(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

impl Received {
    fn parts(&self) -> (&str, &str) {
        self.raw.split_once("\r\n\r\n").expect("an empty line ends the headers")
    }

    /// A header, unfolded and with its encoded words (RFC 2047) decoded.
    pub(super) fn header(&self, name: &str) -> String {
        let head = self.parts().0.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{name}: ");
        let mut found = head.split("\r\n").filter_map(|line| line.strip_prefix(&start));
        let value = found.next().unwrap_or_else(|| panic!("no {name}:\n{head}")).to_owned();
        assert!(found.next().is_none(), "{name} twice");
        let mut text = String::new();
        let mut encoded_before = false;
        for word in value.split(' ') {
            let encoded = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
            let decoded = encoded.map(|b| String::from_utf8(b64::decode_lenient(b).unwrap()).unwrap());
            // Space between encoded words is not part of the text.
            let joined = encoded_before && decoded.is_some();
            if !text.is_empty() && !joined {
                text.push(' ');
            }
            encoded_before = decoded.is_some();
            text += decoded.as_deref().unwrap_or(word);
        }
        text
    }

    /// The text, decoded.
    pub(super) fn text(&self) -> String {
        assert_eq!(self.header("Content-Type"), "text/plain; charset=utf-8");
        assert_eq!(self.header("Content-Transfer-Encoding"), "base64");
        let body: String = self.parts().1.split_whitespace().collect();
        String::from_utf8(b64::decode_lenient(&body).unwrap()).unwrap().replace("\r\n", "\n")
    }
}
