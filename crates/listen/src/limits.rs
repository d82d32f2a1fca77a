//! How much of a listener one connection, one address and everybody together may hold.

use std::time::Duration;

/// The limits of one listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections in all. One more is closed at once.
    pub connections: usize,
    /// Open connections of one address; of an IPv6 /64 together.
    pub connections_per_address: usize,
    /// Time for the PROXY protocol's header and the TLS handshake together.
    pub handshake: Duration,
    /// Time until the head of a request is there whole, counted from the connection's beginning or the answer before: how
    /// long a connection may idle, too.
    pub head: Duration,
    /// Largest head of a request in bytes; at least [`MIN_HEAD_BYTES`].
    pub head_bytes: usize,
    /// Longest pause inside the body of a request.
    pub body_pause: Duration,
    /// Time for the whole body.
    pub body: Duration,
    /// Bytes of a body that must come in a second, on the average of the time that was waited for it.
    pub body_rate: u32,
    /// How long a body is waited for before its rate counts.
    pub body_grace: Duration,
    /// Largest body in bytes. Handlers set smaller limits of their own.
    pub body_bytes: u64,
    /// How long an answer may wait for its reader to take the next piece.
    pub stalled: Duration,
    /// Requests that are worked on at a time, each until its answer begins. One more is told to come back.
    pub requests: usize,
    /// The same of one address; of an IPv6 /64 together.
    pub requests_per_address: usize,
    /// After how many seconds whoever was told so may come back.
    pub retry_after: u64,
    /// How long requests that are worked on may take to end when the listener stops.
    pub grace: Duration,
}

/// What the head of a request needs at least.
pub const MIN_HEAD_BYTES: usize = 8 * 1024;

/// Most fields in the head of a request.
pub const HEAD_FIELDS: usize = 100;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 1_024,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            body_pause: Duration::from_secs(20),
            body: Duration::from_secs(600),
            body_rate: 1_024,
            body_grace: Duration::from_secs(10),
            body_bytes: 128 << 20,
            stalled: Duration::from_secs(60),
            requests: 1_024,
            requests_per_address: 64,
            retry_after: 5,
            grace: Duration::from_secs(10),
        }
    }
}
