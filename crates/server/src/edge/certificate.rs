//! Which client certificate a partner must present (R97, PROTOCOL.md §4): one of those that are registered, for services and
//! datasets that have registered some.

use http::request::Parts;
use mydata_domain::Time;
use mydata_domain::client_certificate::ClientCertificate;
use mydata_listen::client::{ClientFault, ClientRoots, Presented, der_of_pem, sha256};
use mydata_revocation::Finding;
use mydata_seal::trust::RevocationStatus;
use rustls_pki_types::CertificateDer;

use crate::address;
use crate::app::App;
use crate::config::OnUnknown;

/// Why a caller is not taken for who is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// None was presented.
    Missing,
    /// Another one was.
    NotRegistered,
    /// It is over.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// It comes from no root for clients, or is not made for them.
    Untrusted,
    /// It cannot be read.
    Unreadable,
    /// Its issuer has revoked it, or one between it and its root.
    Revoked,
    /// Whether it is revoked cannot be learnt at present.
    RevocationUnknown,
}

impl CertificateFault {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "client_certificate_missing",
            Self::NotRegistered => "client_certificate_not_registered",
            Self::Expired => "client_certificate_expired",
            Self::NotYetValid => "client_certificate_not_yet_valid",
            Self::Untrusted => "client_certificate_untrusted",
            Self::Unreadable => "client_certificate_unreadable",
            Self::Revoked => "client_certificate_revoked",
            Self::RevocationUnknown => "client_certificate_revocation_unknown",
        }
    }

    /// The reason and the way out.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Missing => {
                "此服務或資料集已登錄用戶端憑證,本次連線未出示憑證;請連線至平臺的介接專用網址,並於 TLS 交握時出示已登錄的憑證。"
            }
            Self::NotRegistered => {
                "出示的用戶端憑證與登錄的不同;請改用已登錄的憑證,或於管理後臺更新用戶端憑證。"
            }
            Self::Expired => "出示的用戶端憑證已到期;請更換憑證,並於管理後臺登錄新憑證。",
            Self::NotYetValid => "出示的用戶端憑證尚未生效;請確認主機時間,或改用已生效的憑證。",
            Self::Untrusted => {
                "出示的用戶端憑證並非由平臺信任的憑證機構簽發、未附中繼憑證,或用途不含用戶端驗證;請改用符合的憑證,或登錄憑證指紋。"
            }
            Self::Unreadable => "出示的用戶端憑證無法解析;請確認其為 X.509 憑證。",
            Self::Revoked => "出示的用戶端憑證或其中繼憑證已遭廢止;請更換憑證,並於管理後臺登錄新憑證。",
            Self::RevocationUnknown => {
                "平臺目前無法查得用戶端憑證是否已廢止,暫不受理;請稍後再試,並確認憑證機構的 OCSP 或 CRL 可供查詢。"
            }
        }
    }
}

impl From<ClientFault> for CertificateFault {
    fn from(fault: ClientFault) -> Self {
        match fault {
            ClientFault::Unreadable => Self::Unreadable,
            ClientFault::NotYetValid { .. } => Self::NotYetValid,
            ClientFault::Expired { .. } => Self::Expired,
            ClientFault::Untrusted { .. } => Self::Untrusted,
        }
    }
}

/// Stands in the extensions of every request of the partners' listener.
#[derive(Debug, Clone, Copy)]
pub struct OfPartners;

/// What a request presents: in its handshake or, on the partners' listener and where that is set, in the header of a trusted
/// proxy that ended TLS. On another listener nobody removes what callers write into that header.
pub fn presented(parts: &Parts, app: &App) -> Option<Presented> {
    if let Some(presented) = parts.extensions.get::<Presented>() {
        return Some(presented.clone());
    }
    parts.extensions.get::<OfPartners>()?;
    let header = app.config.partner.client_certificate_header.as_deref()?;
    if !address::is_of_proxy(parts, app) {
        return None;
    }
    Presented::from_header(&parts.headers, header)
}

/// A certificate that is taken, as long as it is not revoked.
#[derive(Debug)]
pub struct Taken {
    /// From it to its root, where there is a way to one.
    chain: Option<Vec<CertificateDer<'static>>>,
    /// This very one is registered.
    pinned: bool,
}

/// Whether what is presented is one of those registered; where none is, anybody may come.
///
/// # Errors
/// Why not.
pub fn check(
    registered: &[ClientCertificate],
    presented: Option<&Presented>,
    roots: &ClientRoots,
    now: Time,
) -> Result<Option<Taken>, CertificateFault> {
    if registered.is_empty() {
        return Ok(None);
    }
    let presented = presented.ok_or(CertificateFault::Missing)?;
    let now = now.to_system();
    let fingerprint = presented.sha256();
    let is_pinned = registered.iter().any(|one| match one {
        ClientCertificate::Sha256(pinned) => *pinned == fingerprint,
        ClientCertificate::Pem(pem) => der_of_pem(pem).is_some_and(|der| sha256(&der) == fingerprint),
        ClientCertificate::Subject(_) => false,
    });
    if is_pinned {
        presented.is_valid(now)?;
        return Ok(Some(Taken { chain: roots.vouch_for(presented, now).ok(), pinned: true }));
    }
    let subject = presented.subject().ok_or(CertificateFault::Unreadable)?;
    let is_named = registered.iter().any(|one| match one {
        ClientCertificate::Subject(name) => name.is(&subject),
        _ => false,
    });
    if !is_named {
        return Err(CertificateFault::NotRegistered);
    }
    Ok(Some(Taken { chain: Some(roots.vouch_for(presented, now)?), pinned: false }))
}

impl Taken {
    /// Asks whether it is revoked, as for signers of packages. Where nobody tells, one that is registered by its subject
    /// counts as the setting has it; for one that is registered itself the registration speaks, and taking it out of there
    /// ends it.
    ///
    /// # Errors
    /// It is revoked, or that cannot be learnt.
    pub async fn not_revoked(&self, app: &App, now: Time) -> Result<(), CertificateFault> {
        let Some(chain) = &self.chain else { return Ok(()) };
        let Some(learnt) = app.revocations.of_caller(chain, now.to_system()).await else { return Ok(()) };
        let unknown = || {
            let why: Vec<String> = learnt.findings.iter().map(Finding::faults).collect();
            let certificate = learnt.findings.first().map_or("", |finding| &finding.subject);
            tracing::warn!(
                certificate,
                why = why.join("; "),
                "whether a partner's certificate is revoked is not known"
            );
        };
        match learnt.overall() {
            RevocationStatus::Good => Ok(()),
            RevocationStatus::Revoked => Err(CertificateFault::Revoked),
            RevocationStatus::Unknown if self.pinned => Ok(()),
            RevocationStatus::Unknown => {
                unknown();
                match app.config.trust.on_unknown {
                    OnUnknown::Refuse => Err(CertificateFault::RevocationUnknown),
                    OnUnknown::AcceptAndFlag => Ok(()),
                }
            }
        }
    }
}
