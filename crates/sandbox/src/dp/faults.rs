//! A data provider that misbehaves on request: each fault is a dataset of its own, at `/fault/{name}`.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use mydata_sdk::dp::{BadSigner, Builder, Call, DpAnswer, Signer, TokenCheck};
use mydata_wire::{PersonalId, Random, ResourceId, ResourceSecret, TransactionUid};
use url::Url;

use super::document::{Document, Value};
use super::package::{self, Careless, DataFile, PackageError};
use crate::ca::{Authority, CaError, KeyAndCertificate};
use crate::data::DataFolder;

/// How big the zip bomb's one file is: 1,000 times its packed size.
const BOMB: usize = 32 << 20;

/// What the provider does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing: a good package.
    Good,
    /// Takes the request and never answers.
    Hang,
    /// Announces a package, sends half of it and closes.
    HalfFile,
    /// Answers 200 with a web page.
    Html,
    /// Answers 500 to the first request of a transaction, then well.
    FailOnce,
    /// Answers 500 always.
    Fail,
    /// Answers 403.
    Forbidden,
    /// Answers 429 without `Retry-After` to the first request, then well.
    WaitUnsaid,
    /// Answers 429 with `Retry-After: 1` to the first two requests, then well.
    WaitTwice,
    /// Answers 429 with `Retry-After: 36000`.
    WaitForever,
    /// A file that unpacks to a thousand times its size.
    ZipBomb,
    /// A file named `../`.
    DotDot,
    /// The manifest leaves a file out.
    ShortManifest,
    /// The manifest's digest is another file's.
    WrongDigest,
    /// The manifest has a document type and an entity.
    EntityManifest,
    /// No META-INFO at all.
    NoMeta,
    /// Only a JSON, no PDF.
    NoPdf,
    /// The JSON is none.
    BrokenJson,
    /// Signed by another key than the certificate's.
    OtherKey,
    /// The certificate's validity is over.
    Expired,
    /// The certificate comes from another authority.
    WrongRoot,
    /// A good package of a bit more than 16 MiB.
    Large,
    /// The certificate is revoked.
    Revoked,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 23] = [
        Self::Good,
        Self::Hang,
        Self::HalfFile,
        Self::Html,
        Self::FailOnce,
        Self::Fail,
        Self::Forbidden,
        Self::WaitUnsaid,
        Self::WaitTwice,
        Self::WaitForever,
        Self::ZipBomb,
        Self::DotDot,
        Self::ShortManifest,
        Self::WrongDigest,
        Self::EntityManifest,
        Self::NoMeta,
        Self::NoPdf,
        Self::BrokenJson,
        Self::OtherKey,
        Self::Expired,
        Self::WrongRoot,
        Self::Large,
        Self::Revoked,
    ];

    /// Its name in the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Hang => "hang",
            Self::HalfFile => "half-file",
            Self::Html => "html",
            Self::FailOnce => "fail-once",
            Self::Fail => "fail",
            Self::Forbidden => "forbidden",
            Self::WaitUnsaid => "wait-unsaid",
            Self::WaitTwice => "wait-twice",
            Self::WaitForever => "wait-forever",
            Self::ZipBomb => "zip-bomb",
            Self::DotDot => "dot-dot",
            Self::ShortManifest => "short-manifest",
            Self::WrongDigest => "wrong-digest",
            Self::EntityManifest => "entity-manifest",
            Self::NoMeta => "no-meta",
            Self::NoPdf => "no-pdf",
            Self::BrokenJson => "broken-json",
            Self::OtherKey => "other-key",
            Self::Expired => "expired",
            Self::WrongRoot => "wrong-root",
            Self::Large => "large",
            Self::Revoked => "revoked",
        }
    }

    /// The fault of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The identifier of its dataset.
    pub fn id(self) -> ResourceId {
        format!("API.Fault{:05}", self as u32).parse().expect("ten letters and digits")
    }

    /// The secret of its dataset.
    pub fn secret(self) -> ResourceSecret {
        format!("demoFaultDp{:05}", self as u32).parse().expect("sixteen letters and digits")
    }

    /// The path of its DP-API.
    pub fn path(self) -> String {
        format!("/fault/{}", self.name())
    }

    /// The dataset's name.
    pub fn title(self) -> String {
        format!("試驗資料集 {}", self.name())
    }
}

/// The faulty provider could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// Its certificates.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// Its key.
    #[error(transparent)]
    Signer(#[from] BadSigner),
    /// Its folder.
    #[error("the faulty DP's folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// The program.
pub struct FaultyDp {
    checks: HashMap<Fault, TokenCheck>,
    signer: Signer,
    identity: KeyAndCertificate,
    expired: KeyAndCertificate,
    revoked: KeyAndCertificate,
    foreign: KeyAndCertificate,
    folder: DataFolder,
    bomb: OnceLock<Vec<u8>>,
    tries: Mutex<HashMap<TransactionUid, u32>>,
    random: Arc<dyn Random>,
}

impl FaultyDp {
    /// A faulty provider of `authority`, checking its tokens with `platform`.
    pub fn new(
        authority: &Authority<'_>,
        pki: &DataFolder,
        folder: DataFolder,
        platform: &Url,
        http: &reqwest::Client,
        random: Arc<dyn Random>,
    ) -> Result<Self, FaultError> {
        const NAME: &str = "示範試驗機關";
        let identity = authority.signer("faulty", NAME)?;
        let expired = authority.expired_signer("faulty-expired", NAME)?;
        let revoked = authority.signer("faulty-revoked", NAME)?;
        let foreign = Authority::open(pki, "foreign-ca", "不受信任的憑證機構", &*random)?
            .signer("faulty-foreign", NAME)?;
        let checks = Fault::ALL.map(|fault| {
            let check = TokenCheck::with_client(platform.clone(), fault.id(), fault.secret(), http.clone());
            (fault, check)
        });
        Ok(Self {
            checks: HashMap::from(checks),
            signer: Signer::new(identity.key.as_bytes(), identity.certificate.as_bytes())?,
            identity,
            expired,
            revoked,
            foreign,
            folder,
            bomb: OnceLock::new(),
            tries: Mutex::default(),
            random,
        })
    }

    /// What the authority issued to it, and whether that is revoked.
    pub(crate) fn issued(&self) -> [(KeyAndCertificate, bool); 3] {
        [(self.identity.clone(), false), (self.expired.clone(), false), (self.revoked.clone(), true)]
    }

    /// Its endpoints.
    pub fn router(self) -> Router {
        Router::new().route("/fault/{name}", get(serve).post(serve)).with_state(Arc::new(self))
    }

    fn package(&self, fault: Fault, person: &PersonalId) -> Result<Vec<u8>, PackageError> {
        let mut files = self.files(fault, person)?;
        let careless = |files| Careless::of(files, &self.identity);
        match fault {
            Fault::ZipBomb => {
                files.push(("bomb.bin".to_owned(), vec![0; BOMB]));
                careless(files).build()
            }
            Fault::DotDot => {
                files.push(("../evil.json".to_owned(), b"{}".to_vec()));
                careless(files).build()
            }
            Fault::ShortManifest => {
                let manifest = package::manifest(&files[..1]);
                Careless { manifest: Some(manifest), ..careless(files) }.build()
            }
            Fault::WrongDigest => {
                let manifest = package::manifest(&files);
                files[0].1.push(b' ');
                Careless { manifest: Some(manifest), ..careless(files) }.build()
            }
            Fault::EntityManifest => {
                let truth = String::from_utf8(package::manifest(&files)).unwrap_or_default();
                let doctype = "<!DOCTYPE files [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<files>\n";
                let manifest = truth.replacen("<files>\n", doctype, 1).into_bytes();
                Careless { manifest: Some(manifest), ..careless(files) }.build()
            }
            Fault::NoMeta => {
                let whole = careless(files).build()?;
                without_meta(&whole)
            }
            Fault::NoPdf => {
                files.truncate(1);
                careless(files).build()
            }
            Fault::BrokenJson => {
                files[0].1 = b"{\"half\": ".to_vec();
                careless(files).build()
            }
            Fault::OtherKey => Careless { key: &self.foreign.key, ..careless(files) }.build(),
            Fault::Expired => Careless::of(files, &self.expired).build(),
            Fault::Revoked => Careless::of(files, &self.revoked).build(),
            Fault::WrongRoot => Careless::of(files, &self.foreign).build(),
            _ => package::good(&files, &self.signer),
        }
    }

    fn files(&self, fault: Fault, person: &PersonalId) -> Result<Vec<DataFile>, PackageError> {
        let document = Document {
            title: "試驗資料".to_owned(),
            issuer: "示範試驗機關".to_owned(),
            content: Value::record([("試驗", fault.name()), ("身分證統一編號", person.expose())]),
        };
        package::files(&document, person, &*self.random)
    }

    /// A good package of this many bytes and a few more, on disk; the file has no name any more.
    fn large(&self, person: &PersonalId, bytes: u64) -> Result<std::fs::File, PackageError> {
        let mut name = [0; 8];
        self.random.fill(&mut name);
        let path = self.folder.path().join(format!("large-{}", mydata_wire::manifest::hex(&name)));
        let file = std::fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        let mut builder = Builder::new(io::BufWriter::new(file), &self.signer);
        for (name, content) in self.files(Fault::Large, person)? {
            builder.file(&name, content.as_slice())?;
        }
        builder.file("noise.bin", Noise(0x9e37_79b9).take(bytes))?;
        let mut file = builder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        io::Seek::rewind(&mut file)?;
        Ok(file)
    }
}

/// Bytes that do not pack.
struct Noise(u32);

impl Read for Noise {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buf {
            // A xorshift generator: enough to keep deflate from packing.
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            *byte = self.0.to_le_bytes()[1];
        }
        Ok(buf.len())
    }
}

fn without_meta(package: &[u8]) -> Result<Vec<u8>, PackageError> {
    let mut old = zip::ZipArchive::new(io::Cursor::new(package))?;
    let mut new = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let file = old.by_index_raw(index)?;
        if !file.name()?.starts_with("META-INFO/") {
            new.raw_copy_file(file)?;
        }
    }
    Ok(new.finish()?.into_inner())
}

async fn serve(
    State(dp): State<Arc<FaultyDp>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(fault) = Fault::by_name(&name) else { return StatusCode::NOT_FOUND.into_response() };
    if query.is_some_and(|query| query.contains("heartbeat=true")) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Ok(call) = Call::read(&headers, &[]) else { return StatusCode::BAD_REQUEST.into_response() };
    let tried = super::count(&dp.tries, call.transaction_uid);
    let wait = |seconds| DpAnswer::Wait(Duration::from_secs(seconds));
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::Html => return Html("<!doctype html><title>維護中</title><p>系統維護中").into_response(),
        Fault::Fail => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::FailOnce if tried < 1 => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::Forbidden => return StatusCode::FORBIDDEN.into_response(),
        Fault::WaitUnsaid if tried < 1 => return StatusCode::TOO_MANY_REQUESTS.into_response(),
        Fault::WaitTwice if tried < 2 => return wait(1).into_answer().await,
        Fault::WaitForever => return wait(36_000).into_answer().await,
        _ => {}
    }
    let citizen = match dp.checks[&fault].check(&call.token).await {
        Ok(citizen) => citizen,
        Err(error) => {
            tracing::warn!(%error, fault = fault.name(), "the faulty DP cannot check a token");
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let built = tokio::task::spawn_blocking(move || match fault {
        Fault::Large => {
            dp.large(&citizen.id, 16 << 20).map(|file| DpAnswer::File(tokio::fs::File::from_std(file)))
        }
        Fault::ZipBomb => {
            // The same for everyone: packing it takes a while.
            if let Some(bomb) = dp.bomb.get() {
                return Ok(bomb.clone().into());
            }
            let bomb = dp.package(fault, &citizen.id)?;
            Ok(dp.bomb.get_or_init(|| bomb).clone().into())
        }
        _ => dp.package(fault, &citizen.id).map(DpAnswer::from),
    })
    .await;
    match built {
        Ok(Ok(DpAnswer::Package(package))) if fault == Fault::HalfFile => half(package),
        Ok(Ok(answer)) => answer.into_answer().await,
        Ok(Err(error)) => {
            tracing::error!(%error, fault = fault.name(), "the faulty DP cannot build its package");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Announces the whole, sends half, and breaks the connection.
fn half(package: Bytes) -> Response {
    let length = package.len();
    let first = stream::once(async move { Ok(package.slice(..length / 2)) });
    let broken = stream::once(async {
        // What was sent has to leave before the connection breaks.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Err(io::Error::other("half is enough"))
    });
    let headers =
        [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    (headers, Body::from_stream(first.chain(broken))).into_response()
}
