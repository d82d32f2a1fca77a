//! Which client certificate a partner must present (R97, PROTOCOL.md §4): one of those that are registered, for services and
//! datasets that have registered some.

use http::request::Parts;
use mydata_domain::Time;
use mydata_domain::client_certificate::ClientCertificate;
use mydata_listen::client::{ClientFault, ClientRoots, Presented, der_of_pem, sha256};

use crate::address;
use crate::app::App;

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

/// What a request presents: in its handshake or, where that is set, in the header of a trusted proxy that ended TLS.
pub fn presented(parts: &Parts, app: &App) -> Option<Presented> {
    if let Some(presented) = parts.extensions.get::<Presented>() {
        return Some(presented.clone());
    }
    let header = app.config.partner.client_certificate_header.as_deref()?;
    if !address::is_of_proxy(parts, app) {
        return None;
    }
    Presented::from_header(&parts.headers, header)
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
) -> Result<(), CertificateFault> {
    if registered.is_empty() {
        return Ok(());
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
        return Ok(presented.is_valid(now)?);
    }
    let subject = presented.subject().ok_or(CertificateFault::Unreadable)?;
    let is_named = registered.iter().any(|one| match one {
        ClientCertificate::Subject(name) => name.is(&subject),
        _ => false,
    });
    if is_named { Ok(roots.vouch_for(presented, now)?) } else { Err(CertificateFault::NotRegistered) }
}
