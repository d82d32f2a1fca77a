//! Whether a certificate is revoked: where to ask, in which order, and how long what was said holds.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::join_all;
use mydata_seal::trust::{Revocation, RevocationStatus};
use mydata_wire::Random;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;
use url::Url;

use crate::cache::{Cache, Held, Key};
use crate::certificate::Certificate;
use crate::crl::{Crl, Number, Revoked};
use crate::fetch::{Fetch, Request};
use crate::files::Files;
use crate::ocsp::{Answer, Question, REQUEST_TYPE, Status};

/// An answer serves no longer, whatever it says itself, so that a revocation takes effect soon.
const ANSWER_LIFE: Duration = Duration::from_secs(3_600);
/// An answer that names no end serves so long.
const ENDLESS_ANSWER_LIFE: Duration = Duration::from_secs(300);
/// Something that was just fetched serves at least so long.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
/// A list is fetched anew, in the background, at least so often.
const LIST_REFRESH: Duration = Duration::from_secs(3_600);
/// Longest time that fetching a list may take; who waits for it waits less.
const LIST_TIME: Duration = Duration::from_secs(120);
/// Largest answer.
const ANSWER_BYTES: usize = 64 * 1024;
/// The latest answers' times of so many certificates are remembered.
const MOST_SEEN: usize = 10_000;

/// One way to learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The responder is asked.
    Ocsp,
    /// The list is looked into.
    Crl,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ocsp => "OCSP",
            Self::Crl => "CRL",
        })
    }
}

/// Which ways, in which order; the next is taken where the one before tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// OCSP, then CRL.
    OcspThenCrl,
    /// CRL, then OCSP.
    CrlThenOcsp,
    /// OCSP alone.
    Ocsp,
    /// CRL alone.
    Crl,
}

impl Order {
    /// The ways.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Self::OcspThenCrl => &[Method::Ocsp, Method::Crl],
            Self::CrlThenOcsp => &[Method::Crl, Method::Ocsp],
            Self::Ocsp => &[Method::Ocsp],
            Self::Crl => &[Method::Crl],
        }
    }
}

/// Where an issuer tells it, instead of where its certificates say.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The issuer's subject as RFC 4514 text.
    pub issuer: String,
    /// Responders.
    pub ocsp: Vec<String>,
    /// Lists.
    pub crl: Vec<String>,
}

/// How a [`Checker`] works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which ways, in which order.
    pub order: Order,
    /// Where issuers tell it whose certificates do not say so.
    pub addresses: Vec<Addresses>,
    /// How long one way is waited for.
    pub patience: Duration,
    /// Largest list in bytes.
    pub max_list: usize,
    /// Where lists are kept; `None`: in memory only.
    pub folder: Option<PathBuf>,
}

/// What was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// How.
    pub method: Method,
    /// Where; `None`: no address is known.
    pub address: Option<String>,
    /// Why nothing was learnt; `None`: it was learnt here.
    pub fault: Option<String>,
}

/// What was learnt of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The certificate's subject.
    pub subject: String,
    /// What was learnt.
    pub status: RevocationStatus,
    /// When and why it was revoked.
    pub revoked: Option<Revoked>,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
}

impl Finding {
    fn nothing(certificate: &Certificate) -> Self {
        let subject = certificate.subject();
        Self { subject, status: RevocationStatus::Unknown, revoked: None, tried: Vec::new() }
    }

    fn take(&mut self, method: Method, address: &str, said: &Result<Option<Revoked>, String>) {
        let fault = said.as_ref().err().cloned();
        self.tried.push(Tried { method, address: Some(address.to_owned()), fault });
        if let Ok(revoked) = said {
            self.revoked = *revoked;
            self.status = if revoked.is_some() { RevocationStatus::Revoked } else { RevocationStatus::Good };
        }
    }

    /// Why nothing was learnt, way by way.
    pub fn faults(&self) -> String {
        let said = |tried: &Tried| {
            let fault = tried.fault.as_deref()?;
            let at = tried.address.as_deref().map(|at| format!(" {at}")).unwrap_or_default();
            Some(format!("{}{at}: {fault}", tried.method))
        };
        self.tried.iter().filter_map(said).collect::<Vec<_>>().join("; ")
    }
}

/// What was learnt of a chain, to verify packages of this signer with; of any other chain it knows nothing.
#[derive(Debug, Clone)]
pub struct Learnt {
    chain: Vec<Vec<u8>>,
    /// Certificate by certificate: the signer, then those between it and the root.
    pub findings: Vec<Finding>,
}

impl Learnt {
    /// All in all: one that is revoked outweighs one of which nothing is known.
    pub fn overall(&self) -> RevocationStatus {
        let any = |status| self.findings.iter().any(|finding| finding.status == status);
        if any(RevocationStatus::Revoked) {
            RevocationStatus::Revoked
        } else if any(RevocationStatus::Unknown) {
            RevocationStatus::Unknown
        } else {
            RevocationStatus::Good
        }
    }
}

impl Revocation for Learnt {
    fn status(&self, chain: &[CertificateDer<'_>], _now: SystemTime) -> RevocationStatus {
        let same =
            chain.len() == self.chain.len() && chain.iter().zip(&self.chain).all(|(a, b)| a.as_ref() == b);
        if same { self.overall() } else { RevocationStatus::Unknown }
    }
}

/// Learns whether certificates are revoked. Cloning gives the same one, with what it has learnt.
#[derive(Clone)]
pub struct Checker(Arc<Inner>);

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checker").field(&self.0.settings).finish()
    }
}

struct Inner {
    settings: Settings,
    fetch: Arc<dyn Fetch>,
    random: Arc<dyn Random>,
    files: Option<Files>,
    lists: Cache<Arc<Crl>>,
    answers: Cache<Status>,
    numbers: Mutex<HashMap<Key, Option<Number>>>,
    latest: Mutex<HashMap<Key, SystemTime>>,
}

impl Checker {
    /// One that has learnt nothing yet.
    pub fn new(settings: Settings, fetch: Arc<dyn Fetch>, random: Arc<dyn Random>) -> Self {
        let files = settings.folder.as_deref().map(Files::new);
        Self(Arc::new(Inner {
            settings,
            fetch,
            random,
            files,
            lists: Cache::default(),
            answers: Cache::default(),
            numbers: Mutex::default(),
            latest: Mutex::default(),
        }))
    }

    /// How it works.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Learns it of a verified chain, signer first and root last. The root itself is trusted because it was configured, and
    /// nobody above it could revoke it.
    pub async fn learn(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Learnt {
        let pairs = chain.windows(2).filter(|pair| pair[0] != pair[1]);
        let findings = pairs.map(|pair| async move {
            match (Certificate::read(&pair[0]), Certificate::read(&pair[1])) {
                (Ok(certificate), Ok(issuer)) => self.check(&certificate, &issuer, now).await,
                _ => Finding {
                    subject: "a certificate that cannot be read".to_owned(),
                    status: RevocationStatus::Unknown,
                    revoked: None,
                    tried: Vec::new(),
                },
            }
        });
        let findings = join_all(findings).await;
        Learnt { chain: chain.iter().map(|der| der.to_vec()).collect(), findings }
    }

    /// Learns it of one certificate.
    pub async fn check(&self, certificate: &Certificate, issuer: &Certificate, now: SystemTime) -> Finding {
        let mut finding = Finding::nothing(certificate);
        let (certificate, issuer) = (Arc::new(certificate.clone()), Arc::new(issuer.clone()));
        for method in self.0.settings.order.methods() {
            let addresses = self.addresses(*method, Some(&certificate), &issuer);
            if addresses.is_empty() {
                let fault = Some("no address is known".to_owned());
                finding.tried.push(Tried { method: *method, address: None, fault });
            }
            let began = Instant::now();
            for address in addresses {
                let patience = self.0.settings.patience.saturating_sub(began.elapsed());
                let said = match method {
                    Method::Ocsp => self.0.by_ocsp(&certificate, &issuer, &address, now, patience).await,
                    Method::Crl => self.0.by_crl(&certificate, &issuer, &address, now, patience).await,
                };
                finding.take(*method, &address, &said);
                if finding.status != RevocationStatus::Unknown {
                    return finding;
                }
            }
        }
        finding
    }

    /// Asks in one way at one address.
    pub async fn ask_at(
        &self,
        method: Method,
        certificate: &Certificate,
        issuer: &Certificate,
        address: &str,
        now: SystemTime,
    ) -> Finding {
        let patience = self.0.settings.patience;
        let (of, by) = (Arc::new(certificate.clone()), Arc::new(issuer.clone()));
        let said = match method {
            Method::Ocsp => self.0.by_ocsp(&of, &by, address, now, patience).await,
            Method::Crl => self.0.by_crl(&of, &by, address, now, patience).await,
        };
        let mut finding = Finding::nothing(certificate);
        finding.take(method, address, &said);
        finding
    }

    /// Where it would be asked: as configured for the issuer, else as the certificate says.
    pub fn addresses(
        &self,
        method: Method,
        certificate: Option<&Certificate>,
        issuer: &Certificate,
    ) -> Vec<String> {
        self.0.addresses(method, certificate, issuer)
    }

    /// The list of `issuer` that lies at an address, judged.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn list(
        &self,
        issuer: &Certificate,
        address: &str,
        now: SystemTime,
    ) -> Result<Arc<Crl>, String> {
        self.0.list(&Arc::new(issuer.clone()), address, now, self.0.settings.patience).await
    }
}

impl Inner {
    fn addresses(
        &self,
        method: Method,
        certificate: Option<&Certificate>,
        issuer: &Certificate,
    ) -> Vec<String> {
        let name = issuer.subject();
        let pick = |a: &'_ Addresses| match method {
            Method::Ocsp => a.ocsp.clone(),
            Method::Crl => a.crl.clone(),
        };
        let set: Vec<String> =
            self.settings.addresses.iter().filter(|a| a.issuer.trim() == name).flat_map(pick).collect();
        match certificate {
            Some(certificate) if set.is_empty() => match method {
                Method::Ocsp => certificate.ocsp.clone(),
                Method::Crl => certificate.crl.clone(),
            },
            _ => set,
        }
    }

    async fn by_crl(
        self: &Arc<Self>,
        certificate: &Certificate,
        issuer: &Arc<Certificate>,
        address: &str,
        now: SystemTime,
        patience: Duration,
    ) -> Result<Option<Revoked>, String> {
        let list = self.list(issuer, address, now, patience).await?;
        // What the certificate itself names counts beside what is configured.
        let mut names = self.addresses(Method::Crl, Some(certificate), issuer);
        names.extend(certificate.crl.iter().cloned());
        list.check_scope(certificate, &names).map_err(|fault| fault.to_string())?;
        Ok(list.find(certificate))
    }

    async fn list(
        self: &Arc<Self>,
        issuer: &Arc<Certificate>,
        address: &str,
        now: SystemTime,
        patience: Duration,
    ) -> Result<Arc<Crl>, String> {
        let key = key(issuer, &[address.as_bytes()]);
        let fetch = || {
            let (inner, issuer) = (Arc::clone(self), Arc::clone(issuer));
            let (key, address) = (key.clone(), address.to_owned());
            async move { inner.fetch_list(issuer, &address, key, now).await }
        };
        self.lists.get(&key, now, patience, fetch).await
    }

    async fn fetch_list(
        self: Arc<Self>,
        issuer: Arc<Certificate>,
        address: &str,
        key: Key,
        now: SystemTime,
    ) -> Result<Held<Arc<Crl>>, String> {
        let kept = self.kept_list(&issuer, &key, now).await;
        if let Some(kept) = &kept
            && now < kept.refresh
        {
            return Ok(kept.clone());
        }
        match self.new_list(issuer, address, &key, now).await {
            Ok(list) => Ok(list),
            // One that was kept and still holds serves on.
            Err(why) => kept.ok_or(why),
        }
    }

    /// The list on disk, looked for once; where its time is over its number still counts.
    async fn kept_list(
        self: &Arc<Self>,
        issuer: &Arc<Certificate>,
        key: &Key,
        now: SystemTime,
    ) -> Option<Held<Arc<Crl>>> {
        let files = self.files.clone()?;
        if self.numbers.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key) {
            return None;
        }
        let (issuer, limit, of) = (Arc::clone(issuer), self.settings.max_list, key.clone());
        let read = tokio::task::spawn_blocking(move || {
            let bytes = files.read(&of, limit).inspect_err(|error| {
                tracing::warn!(%error, "a revocation list that was kept cannot be read");
            });
            let list = Crl::read(bytes.ok()??).ok()?;
            list.check_issuer(&issuer).ok()?;
            Some(list)
        });
        let list = read.await.ok()??;
        self.note_number(key, &list);
        list.check_times(now, None).ok()?;
        // When it came is not known: it is looked after at once when it is old.
        let refresh = list.this_update() + LIST_REFRESH;
        let until = list.next_update().unwrap_or(now);
        (now <= until).then(|| Held { value: Arc::new(list), refresh: refresh.min(until), until })
    }

    fn note_number(&self, key: &Key, list: &Crl) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert(key.clone(), list.number().cloned());
    }

    async fn new_list(
        self: &Arc<Self>,
        issuer: Arc<Certificate>,
        address: &str,
        key: &Key,
        now: SystemTime,
    ) -> Result<Held<Arc<Crl>>, String> {
        let url = Url::parse(address).map_err(|_| "the address cannot be read".to_owned())?;
        let request = Request { url, body: None, limit: self.settings.max_list, time: LIST_TIME };
        let bytes = self.fetch.fetch(request).await.map_err(|fault| fault.to_string())?;
        let last = {
            let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            numbers.get(key).cloned().flatten()
        };
        let (files, of, random) = (self.files.clone(), key.clone(), Arc::clone(&self.random));
        // A large list takes a while.
        let judge = tokio::task::spawn_blocking(move || {
            let list = Crl::read(bytes)?;
            list.check_issuer(&issuer)?;
            list.check_times(now, last.as_ref())?;
            if let Some(files) = files
                && let Err(error) = files.write(&of, list.der(), &*random)
            {
                tracing::warn!(%error, "a revocation list cannot be kept; it is fetched again after a restart");
            }
            Ok::<_, crate::crl::CrlFault>(list)
        });
        let list = judge.await.map_err(|_| "judging it was broken off".to_owned())?;
        let list = list.map_err(|fault| fault.to_string())?;
        self.note_number(key, &list);
        let until = list.next_update().unwrap_or(now).max(now + SHORTEST_LIFE);
        let rest = until.duration_since(now).unwrap_or_default();
        Ok(Held { value: Arc::new(list), refresh: now + (rest * 3 / 4).min(LIST_REFRESH), until })
    }

    async fn by_ocsp(
        self: &Arc<Self>,
        certificate: &Arc<Certificate>,
        issuer: &Arc<Certificate>,
        address: &str,
        now: SystemTime,
        patience: Duration,
    ) -> Result<Option<Revoked>, String> {
        let key = key(issuer, &[&certificate.serial, address.as_bytes()]);
        let fetch = || {
            let (inner, certificate, issuer) =
                (Arc::clone(self), Arc::clone(certificate), Arc::clone(issuer));
            let (key, address) = (key.clone(), address.to_owned());
            async move { inner.ask(certificate, issuer, &address, key, now).await }
        };
        match self.answers.get(&key, now, patience, fetch).await? {
            Status::Good => Ok(None),
            Status::Revoked(revoked) => Ok(Some(revoked)),
            Status::Unknown => Err("the responder does not know the certificate".to_owned()),
        }
    }

    async fn ask(
        self: Arc<Self>,
        certificate: Arc<Certificate>,
        issuer: Arc<Certificate>,
        address: &str,
        key: Key,
        now: SystemTime,
    ) -> Result<Held<Status>, String> {
        let url = Url::parse(address).map_err(|_| "the address cannot be read".to_owned())?;
        let question = Question::about(&certificate, &issuer, &*self.random);
        let request = Request {
            url,
            body: Some((REQUEST_TYPE, question.der())),
            limit: ANSWER_BYTES,
            time: self.settings.patience,
        };
        let bytes = self.fetch.fetch(request).await.map_err(|fault| fault.to_string())?;
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        let judged = Answer::read(&bytes)
            .and_then(|answer| answer.judge(&question, &issuer, now, latest))
            .map_err(|fault| fault.to_string())?;
        if let Some(delegate) = &judged.unchecked {
            self.check_delegate(&delegate.certificate, &certificate, &issuer, now).await?;
        }
        let mut all = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_SEEN && !all.contains_key(&key) {
            all.clear();
        }
        all.entry(key).and_modify(|at| *at = judged.this_update.max(*at)).or_insert(judged.this_update);
        drop(all);
        let life = match judged.next_update {
            Some(next) => next.duration_since(now).unwrap_or_default().clamp(SHORTEST_LIFE, ANSWER_LIFE),
            None => ENDLESS_ANSWER_LIFE,
        };
        Ok(Held { value: judged.status, refresh: now + life / 2, until: now + life })
    }

    /// A responder whose certificate does not say `ocsp-nocheck` may have been revoked itself. Its list is looked into, for it
    /// cannot vouch for itself.
    async fn check_delegate(
        self: &Arc<Self>,
        delegate: &Certificate,
        asked_about: &Certificate,
        issuer: &Arc<Certificate>,
        now: SystemTime,
    ) -> Result<(), String> {
        let mut addresses = self.addresses(Method::Crl, Some(delegate), issuer);
        if addresses.is_empty() {
            addresses = self.addresses(Method::Crl, Some(asked_about), issuer);
        }
        for address in addresses {
            match self.by_crl(delegate, issuer, &address, now, self.settings.patience).await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => return Err("the responder's own certificate is revoked".to_owned()),
                Err(_) => {}
            }
        }
        Err("whether the responder's own certificate is revoked cannot be learnt (it has no ocsp-nocheck)"
            .to_owned())
    }
}

/// What something is kept under: the issuer's certificate, and more.
fn key(issuer: &Certificate, more: &[&[u8]]) -> Key {
    let mut key = digest(&SHA256, issuer.der()).as_ref().to_vec();
    for part in more {
        key.extend_from_slice(&(part.len() as u64).to_be_bytes());
        key.extend_from_slice(part);
    }
    key
}
