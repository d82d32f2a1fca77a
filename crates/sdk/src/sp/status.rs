//! The two status APIs (R136–R141).

use mydata_wire::status::{TxStatus, TxidStatus, TypeValid};
use mydata_wire::{PermissionTicket, TxId, Verification};

use super::platform::{Platform, reason};

/// A status question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// 401: this address may not ask for this service (R138, R141).
    #[error("401: the platform does not allow this address; register it for the service. {0}")]
    Address(String),
    /// 403: the ticket or `tx_id` is malformed, unknown, not yet confirmed, expired, or another service's.
    #[error("403: the ticket or tx_id is unknown, not yet confirmed, expired or another service's. {0}")]
    Denied(String),
    /// Any other status.
    #[error("the platform answered {status}, which this API does not have. {reason}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The platform's words, possibly empty.
        reason: String,
    },
    /// The answer is not the one of PROTOCOL.md §4.
    #[error("the platform's answer is not the one of this API: {0}")]
    Unreadable(&'static str),
    /// The call itself failed.
    #[error("cannot reach the platform: {0}")]
    Connection(#[source] reqwest::Error),
}

impl Platform {
    /// `GET /service/type_valid`: how the citizen proved who they are (R136, R137).
    pub async fn type_valid(&self, ticket: &PermissionTicket) -> Result<Verification, StatusError> {
        let body = self.ask("/service/type_valid", "permission_ticket", &ticket.expose()).await?;
        serde_json::from_slice::<TypeValid>(&body)
            .map(|answer| answer.verification)
            .map_err(|_| StatusError::Unreadable("no known verification in it"))
    }

    /// `GET /service/txid_status`: how far a transaction is (R139, R140).
    pub async fn txid_status(&self, tx_id: &TxId) -> Result<TxStatus, StatusError> {
        let body = self.ask("/service/txid_status", "tx_id", &tx_id.to_string()).await?;
        serde_json::from_slice::<TxidStatus>(&body)
            .ok()
            .and_then(|answer| answer.status())
            .ok_or(StatusError::Unreadable("no known code in it"))
    }

    async fn ask(&self, path: &str, header: &'static str, value: &str) -> Result<Vec<u8>, StatusError> {
        let mut value = http::HeaderValue::from_str(value).expect("a UUID is a header value");
        value.set_sensitive(true);
        let answer = self
            .http
            .get(self.url(path))
            .header(header, value)
            .send()
            .await
            .map_err(|e| StatusError::Connection(e.without_url()))?;
        match answer.status().as_u16() {
            200 => {
                let body = answer.bytes().await.map_err(|e| StatusError::Connection(e.without_url()))?;
                Ok(body.to_vec())
            }
            401 => Err(StatusError::Address(reason(answer).await)),
            403 => Err(StatusError::Denied(reason(answer).await)),
            status => Err(StatusError::Unexpected { status, reason: reason(answer).await }),
        }
    }
}
