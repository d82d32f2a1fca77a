//! Errors of the partner APIs (RFC 9457): a status, a stable code for programs, a sentence for people.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mydata_wire::problem::{MEDIA_TYPE, Problem as Body};

use crate::edge::certificate::CertificateFault;
use crate::flow::FlowError;

/// Why a partner call is refused: one variant per row of PROTOCOL.md §4 and §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A needed header is missing, or is no UUID.
    Header(&'static str),
    /// The caller's address is not registered; the status depends on the API.
    Address(StatusCode),
    /// The client certificate is missing, or not one that is registered.
    Certificate(CertificateFault),
    /// Partners are served by another listener.
    Listener,
    /// The ticket is unknown, of another service, or has ended.
    Ticket,
    /// The service is suspended or delisted.
    NotListed,
    /// The `tx_id` is unknown, of another service, not confirmed, or has ended.
    TxId,
    /// No dataset could be delivered.
    Undeliverable,
    /// The range lies beyond the token's end.
    Range {
        /// The token's length.
        len: u64,
    },
    /// The DP's credentials are not good.
    Credentials,
    /// The access token is not good.
    Token,
    /// The body is not the form that is expected.
    Form,
    /// Too many calls; seconds to wait.
    TooMany(u64),
    /// The platform is in maintenance; seconds until it goes on.
    Maintenance(u64),
    /// The platform failed.
    Internal,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::Header(_) | Self::Form => StatusCode::BAD_REQUEST,
            Self::Address(status) => status,
            Self::Ticket | Self::TxId | Self::NotListed => StatusCode::FORBIDDEN,
            Self::Undeliverable => StatusCode::GATEWAY_TIMEOUT,
            Self::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Credentials | Self::Token | Self::Certificate(_) => StatusCode::UNAUTHORIZED,
            Self::Listener => StatusCode::MISDIRECTED_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Maintenance(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Header("permission_ticket") => "permission_ticket_malformed",
            Self::Header(_) => "header_malformed",
            Self::Address(_) => "address_not_allowed",
            Self::Certificate(fault) => fault.code(),
            Self::Listener => "misdirected_request",
            Self::Ticket => "permission_ticket_invalid",
            Self::TxId => "tx_id_invalid",
            Self::NotListed => "service_not_listed",
            Self::Undeliverable => "undeliverable",
            Self::Range { .. } => "range_not_satisfiable",
            Self::Credentials => "invalid_client",
            Self::Token => "invalid_token",
            Self::Form => "invalid_request",
            Self::TooMany(_) => "too_many_requests",
            Self::Maintenance(_) => "maintenance",
            Self::Internal => "internal_error",
        }
    }

    fn detail(self) -> String {
        match self {
            Self::Header(name) => {
                format!("缺少標頭 {name},或其值不是 36 字元的第 4 版 UUID;請以標頭 {name} 帶入平臺核發的值。")
            }
            Self::Address(_) => "來源 IP 不在此服務登錄的允許連線 IP 內;請以登錄的主機連線,或於管理後臺更新允許連線 IP。".to_owned(),
            Self::Certificate(fault) => fault.zh().to_owned(),
            Self::Listener => "此網址不提供介接 API;請改連平臺公告的介接專用網址,並出示已登錄的用戶端憑證。".to_owned(),
            Self::Ticket => "permission_ticket 無效、已逾時或不屬於此服務;請以 SP-API 收到的 permission_ticket 於效期內重試。".to_owned(),
            Self::TxId => "tx_id 無效:連線未建立、使用者尚未確認傳送,或該筆交易的 permission_ticket 已超過效期。".to_owned(),
            Self::NotListed => "此服務目前停權或已下架,平臺暫停提供資料與狀態;恢復上架後,可於 permission_ticket 效期內重試。".to_owned(),
            Self::Undeliverable => "無法傳送 DP 個人資料檔案:所有資料集皆無法取得,未傳送任何資料;請引導使用者稍後重新申辦。".to_owned(),
            Self::Range { len } => format!("要求的位元組範圍超出權杖長度 {len};請依 Content-Length 重新要求。"),
            Self::Credentials => "resource_id 或 resource_secret 不正確;請以管理後臺顯示的值,依 HTTP Basic 帶入。".to_owned(),
            Self::Token => "access token 無效、已逾時或非此交易所有;請以平臺呼叫 DP-API 時帶入的 token 於該次呼叫內使用。".to_owned(),
            Self::Form => "內容應為 application/x-www-form-urlencoded,且含欄位 token(值為 mydata::<token>)。".to_owned(),
            Self::TooMany(seconds) => format!("呼叫過於頻繁;請於 {seconds} 秒後再試。"),
            Self::Maintenance(seconds) => format!("平臺維護中,暫停服務;請於 {seconds} 秒後再試。"),
            Self::Internal => "平臺處理時發生錯誤,未變更任何資料;請稍後再試。".to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = Body {
            status: status.as_u16(),
            code: self.code().to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            detail: self.detail(),
        };
        let text = serde_json::to_string(&body).expect("a problem is made of texts");
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Credentials => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"mydata\""));
            }
            Self::Token => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
            }
            Self::TooMany(seconds) | Self::Maintenance(seconds) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Self::Range { len } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{len}")) {
                    headers.insert(http::header::CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
        response
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        tracing::error!(%error, "a partner call failed");
        Self::Internal
    }
}

impl From<mydata_store::StoreError> for Problem {
    fn from(error: mydata_store::StoreError) -> Self {
        FlowError::from(error).into()
    }
}
