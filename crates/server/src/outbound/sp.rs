//! Platform → SP-API (PROTOCOL.md §3; R109, R115).

use mydata_domain::notify::SpAnswer;
use mydata_domain::service::ServiceWithSecrets;
use mydata_wire::notification::Notification;

use super::Outbound;

impl Outbound {
    /// Calls the SP-API of a service once.
    pub async fn notify(&self, service: &ServiceWithSecrets, notification: &Notification) -> SpAnswer {
        let url = &service.service.sp_api;
        if let Err(blocked) = self.check(url) {
            return SpAnswer::Failed(blocked.to_string());
        }
        let mut request = self.sp.post(url.clone()).json(notification);
        if let Some(key) = &service.secrets.api_key {
            request = request.header("x-api-key", key);
        }
        match request.send().await {
            Ok(answer) => match answer.status().as_u16() {
                200..=299 => SpAnswer::Accepted,
                status @ 400..=499 => SpAnswer::Refused(status),
                status => SpAnswer::Failed(format!("status {status}")),
            },
            Err(error) => SpAnswer::Failed(reason(&error).to_owned()),
        }
    }
}

/// Why a call failed, in words that hold neither URL nor content.
pub(super) fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "connecting failed"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_body() || error.is_decode() {
        "the transfer broke"
    } else {
        "the call failed"
    }
}
