//! The loop that accepts, and what becomes of one connection.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use crate::body::Guarded;
use crate::client::Presented;
use crate::limits::{HEAD_FIELDS, Limits, MIN_HEAD_BYTES};
use crate::places::{Place, Places};
use crate::proxy_protocol;
use crate::steady::Steady;
use crate::tls::ServerTls;

/// How long accepting rests when the machine has no room for another connection.
const REST: Duration = Duration::from_millis(100);

/// Requests that are answered beside all others, at a time.
const BESIDE: usize = 64;

/// What is answered to a request that does not reach the router, by status: 503 where there is no room, 429 where its
/// address holds as much as it may, 431 and 413 for what is too large, 408 for what came too slowly.
pub type Refused = Arc<dyn Fn(&Parts, StatusCode) -> Response + Send + Sync>;

/// For whom a request comes, by its connection's address and its headers, where proxies are in between.
pub type OnBehalf = Arc<dyn Fn(IpAddr, &HeaderMap) -> IpAddr + Send + Sync>;

/// How a listener works.
#[derive(Clone)]
pub struct Settings {
    /// How much, how long.
    pub limits: Limits,
    /// Its own TLS; without it http is spoken.
    pub tls: Option<ServerTls>,
    /// Every connection begins with a header of the PROXY protocol, and comes from a trusted proxy.
    pub proxy_protocol: bool,
    /// Proxies: whose PROXY header counts, and who may hold more than one address may.
    pub trusted: Vec<IpNet>,
    /// For whom a request comes. Without it for whoever made the connection.
    pub on_behalf: Option<OnBehalf>,
    /// Paths that are read (GET, HEAD) beside all other requests and never wait for their room: of those who watch the
    /// program.
    pub beside: Vec<&'static str>,
    /// What a request gets that does not reach the router; where there is no room `Retry-After` is added. Without it a bare
    /// status.
    pub refused: Option<Refused>,
}

impl Settings {
    /// Plain http with these limits, no proxies.
    pub fn plain(limits: Limits) -> Self {
        Self {
            limits,
            tls: None,
            proxy_protocol: false,
            trusted: Vec::new(),
            on_behalf: None,
            beside: Vec::new(),
            refused: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("limits", &self.limits)
            .field("tls", &self.tls)
            .field("proxy_protocol", &self.proxy_protocol)
            .field("trusted", &self.trusted)
            .field("beside", &self.beside)
            .finish_non_exhaustive()
    }
}

/// What the connections of a listener share.
struct Shared {
    settings: Settings,
    router: Router,
    working: Places,
    beside: Places,
    stop: watch::Receiver<bool>,
}

/// Who is at the other end.
#[derive(Clone)]
struct Caller {
    address: SocketAddr,
    presented: Option<Presented>,
}

/// Serves `router` until `stop` says so or its sender is gone. Then nobody is let in any more, connections that idle are
/// closed, and requests that are worked on have [`Limits::grace`] to end. `false`: some did not.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    stop: watch::Receiver<bool>,
) -> bool {
    let limits = settings.limits;
    let places = Places::new(limits.connections, limits.connections_per_address);
    let working = Places::new(limits.requests, limits.requests_per_address);
    let beside = Places::new(BESIDE, BESIDE);
    let shared = Arc::new(Shared { settings, router, working, beside, stop: stop.clone() });
    let mut connections = JoinSet::new();
    {
        let mut stopped = pin!(told(stop));
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match places.take() {
                    Some(place) => {
                        connections.spawn(Arc::clone(&shared).connection(stream, peer, place));
                    }
                    None => tracing::debug!(%peer, "closed: as many connections are open as may be"),
                },
                // A connection that broke while it waited says nothing of the next one.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted for a moment");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(limits.grace, ended).await.is_ok();
    connections.shutdown().await;
    in_time
}

async fn told(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is to stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

impl Shared {
    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.settings.trusted.iter().any(|network| network.contains(&address))
    }

    async fn connection(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr, mut place: Place) {
        // Answers go out in pieces that are whole already.
        let _ = stream.set_nodelay(true);
        let until = tokio::time::Instant::now() + self.settings.limits.handshake;
        let mut address = peer;
        if self.settings.proxy_protocol {
            if !self.trusts(peer.ip()) {
                tracing::warn!(%peer, "closed: a PROXY header is expected, and this is no trusted proxy");
                return;
            }
            match tokio::time::timeout_at(until, proxy_protocol::read(&mut stream)).await {
                Ok(Ok(said)) => address = said.unwrap_or(peer),
                Ok(Err(fault)) => return tracing::warn!(%peer, %fault, "closed"),
                Err(_) => return tracing::debug!(%peer, "closed: no PROXY header in time"),
            }
        }
        // Many people are behind a proxy; what it says of them is not known yet.
        if !self.trusts(address.ip()) && !place.is_of(address.ip()) {
            return tracing::debug!(%address, "closed: this address has as many connections as it may");
        }
        let Some(tls) = &self.settings.tls else {
            return self.http(stream, Caller { address, presented: None }).await;
        };
        let shaking = TlsAcceptor::from(tls.config()).accept(stream);
        let stopped = told(self.stop.clone());
        let shaken = tokio::select! {
            shaken = tokio::time::timeout_at(until, shaking) => shaken,
            () = stopped => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let chain = stream.get_ref().1.peer_certificates();
                let chain = chain.map(|chain| chain.iter().map(|one| one.clone().into_owned()).collect());
                let presented = chain.and_then(Presented::new);
                self.http(stream, Caller { address, presented }).await;
            }
            Ok(Err(error)) => tracing::debug!(%address, %error, "closed: the handshake failed"),
            Err(_) => tracing::debug!(%address, "closed: no handshake in time"),
        }
    }

    async fn http<S>(self: Arc<Self>, stream: S, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.settings.limits;
        let shared = Arc::clone(&self);
        let address = caller.address;
        let service = service_fn(move |request| {
            let (shared, caller) = (Arc::clone(&shared), caller.clone());
            async move { Ok::<_, Infallible>(shared.answer(request, caller).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            // More than may be, so that whoever sends a little too much is told so in words.
            .max_buf_size(2 * limits.head_bytes.max(MIN_HEAD_BYTES))
            .max_headers(2 * HEAD_FIELDS)
            .serve_connection(TokioIo::new(Steady::new(stream, limits.stalled)), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told(self.stop.clone()) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%address, %error, "a connection ended");
        }
    }

    async fn answer(&self, request: Request<Incoming>, caller: Caller) -> Response {
        let limits = self.settings.limits;
        let (mut parts, body) = request.into_parts();
        if head_bytes(&parts) > limits.head_bytes.max(MIN_HEAD_BYTES) || parts.headers.len() > HEAD_FIELDS {
            return last(self.refused(&parts, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        let said = parts.headers.get(CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|len| len > limits.body_bytes) {
            return last(self.refused(&parts, StatusCode::PAYLOAD_TOO_LARGE));
        }
        let _turn = match self.turn(&parts, caller.address.ip()) {
            Ok(turn) => turn,
            Err(status) => return self.later(&parts, status),
        };
        // The answer to one whose body breaks off is made when the rest of it is gone.
        let asked = (!body.is_end_stream()).then(|| parts.clone());
        parts.extensions.insert(ConnectInfo(caller.address));
        if let Some(presented) = caller.presented {
            parts.extensions.insert(presented);
        }
        let body = Guarded::new(body, limits);
        let verdict = body.verdict();
        let request = Request::from_parts(parts, Body::new(body));
        let Ok(response) = self.router.clone().call(request).await;
        match verdict.status().zip(asked) {
            Some((status, asked)) => last(self.refused(&asked, status)),
            None => response,
        }
    }

    /// A place among the requests that are worked on; or with which status there is none.
    fn turn(&self, parts: &Parts, from: IpAddr) -> Result<Place, StatusCode> {
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if reads && self.settings.beside.contains(&parts.uri.path()) {
            return self.beside.take().ok_or(StatusCode::SERVICE_UNAVAILABLE);
        }
        let mut turn = self.working.take().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        let on_behalf = self.settings.on_behalf.as_ref();
        let address = on_behalf.map_or(from, |of| of(from, &parts.headers));
        // A proxy that does not say for whom it asks is many people.
        if self.trusts(address) || turn.is_of(address) {
            Ok(turn)
        } else {
            Err(StatusCode::TOO_MANY_REQUESTS)
        }
    }

    fn refused(&self, parts: &Parts, status: StatusCode) -> Response {
        match &self.settings.refused {
            Some(answer) => answer(parts, status),
            None => status.into_response(),
        }
    }

    fn later(&self, parts: &Parts, status: StatusCode) -> Response {
        let mut response = self.refused(parts, status);
        let after = HeaderValue::from(self.settings.limits.retry_after);
        response.headers_mut().insert(RETRY_AFTER, after);
        response
    }
}

/// About as many bytes as the head of a request came in.
fn head_bytes(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let fields = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    parts.method.as_str().len() + target + fields.sum::<usize>()
}

/// An answer after which the connection ends: the rest of the request is not read.
fn last(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
