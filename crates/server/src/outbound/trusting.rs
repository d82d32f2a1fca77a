//! Calls of SP-APIs whose certificate comes from roots of the service's own (PROTOCOL.md §3): those alone are trusted there.
//! Clients are kept, so that connections are.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client};

use super::builder;
use super::credentials::Credentials;
use super::guard::{Guard, Speech};
use super::registered::NotCalled;

/// So many clients are kept; few services have roots of their own.
const KEPT: usize = 1_024;

/// The clients, by the roots that each trusts.
#[derive(Clone)]
pub(super) struct Trusting {
    connect: Duration,
    answer: Duration,
    kept: Arc<Mutex<HashMap<String, Client>>>,
}

impl fmt::Debug for Trusting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trusting")
    }
}

impl Trusting {
    pub(super) fn new(connect: Duration, answer: Duration) -> Self {
        Self { connect, answer, kept: Arc::default() }
    }

    /// A client that trusts these roots (PEM) and no others.
    pub(super) fn client(
        &self,
        roots: &str,
        guard: &Guard,
        credentials: &Credentials,
    ) -> Result<Client, NotCalled> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept.get(roots) {
            return Ok(client.clone());
        }
        let trusted = Certificate::from_pem_bundle(roots.as_bytes()).map_err(|_| NotCalled::Roots)?;
        if trusted.is_empty() {
            return Err(NotCalled::Roots);
        }
        let client = builder(self.connect, guard, Speech::Private).timeout(self.connect + self.answer);
        let client = credentials.identified(client).tls_certs_only(trusted);
        let client = client.build().map_err(|_| NotCalled::Roots)?;
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(roots.to_owned(), client.clone());
        Ok(client)
    }
}
