//! The DP-API endpoint of one dataset as an axum router (PROTOCOL.md §6).

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::answer::DpAnswer;
use super::call::{BadCall, Call, Parameter};
use super::check::{CheckError, Citizen, TokenCheck};

/// One dataset.
#[derive(Debug, Clone)]
pub struct DpConfig {
    /// Asks the platform about tokens.
    pub check: TokenCheck,
    /// The parameters the dataset asks the citizen for (R59).
    pub parameters: Vec<Parameter>,
}

/// A call whose token is good. `Debug` hides the person.
pub struct DpRequest {
    /// Token, transaction and parameters.
    pub call: Call,
    /// Whose data is asked for.
    pub citizen: Citizen,
}

impl fmt::Debug for DpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpRequest").field("call", &self.call).finish_non_exhaustive()
    }
}

/// Gives a person's data. Implemented for async closures.
pub trait DpHandler: Send + Sync + 'static {
    /// Called once the platform said that the token is good for this dataset. The same
    /// [`transaction_uid`](Call::transaction_uid) may come again: after [`DpAnswer::Wait`], or when an answer got lost.
    fn answer(&self, request: DpRequest) -> impl Future<Output = DpAnswer> + Send;
}

impl<F, Fut> DpHandler for F
where
    F: Fn(DpRequest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = DpAnswer> + Send,
{
    fn answer(&self, request: DpRequest) -> impl Future<Output = DpAnswer> + Send {
        self(request)
    }
}

/// Answers GET and POST of one dataset.
///
/// | request | answer |
/// | --- | --- |
/// | `?heartbeat=true` | 204 |
/// | no token in the wire form | 401 |
/// | `transaction_uid` or a parameter missing or malformed | 400, saying which |
/// | the platform says the token is not good | 401 |
/// | the platform cannot be asked | 503 |
/// | otherwise | the handler's [`DpAnswer`] |
///
/// ```
/// use mydata_sdk::dp::{DpAnswer, DpConfig, DpRequest, DpRouter, Parameter, TokenCheck};
///
/// # fn f() -> Result<axum::Router, Box<dyn std::error::Error>> {
/// let check =
///     TokenCheck::new("https://mydata.example".parse()?, "API.Kr1C3b1ijJ".parse()?, "lxLRIhDcR59kp2SG".parse()?)?;
/// let config = DpConfig { check, parameters: vec![Parameter::required("INQ_YR")] };
/// let router = DpRouter::new(config, |request: DpRequest| async move {
///     match look_up(request.citizen.id.expose(), &request.call.parameters["INQ_YR"]) {
///         Some(package) => DpAnswer::from(package),
///         None => DpAnswer::NoData,
///     }
/// })
/// .at("/property");
/// # Ok(router) }
/// # fn look_up(_: &str, _: &str) -> Option<Vec<u8>> { None }
/// ```
pub struct DpRouter<H> {
    config: DpConfig,
    handler: H,
}

impl<H> fmt::Debug for DpRouter<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpRouter").field("config", &self.config).finish_non_exhaustive()
    }
}

impl<H: DpHandler> DpRouter<H> {
    /// For the dataset of `config`, answered by `handler`.
    pub fn new(config: DpConfig, handler: H) -> Self {
        Self { config, handler }
    }

    /// The router, answering at `path`.
    pub fn at(self, path: &str) -> Router {
        Router::new()
            .route(path, get(serve::<H>).post(serve::<H>))
            .layer(DefaultBodyLimit::max(16 * 1024))
            .with_state(Arc::new(self))
    }
}

async fn serve<H: DpHandler>(
    State(dp): State<Arc<DpRouter<H>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if query.is_some_and(|q| q.split('&').any(|pair| pair == "heartbeat=true")) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let call = match Call::read(&headers, &dp.config.parameters) {
        Ok(call) => call,
        Err(BadCall::Token) => return unauthorised(&BadCall::Token.to_string()),
        Err(bad) => return (StatusCode::BAD_REQUEST, bad.to_string()).into_response(),
    };
    match dp.config.check.check(&call.token).await {
        Ok(citizen) => dp.handler.answer(DpRequest { call, citizen }).await.into_answer().await,
        Err(error @ CheckError::Inactive) => unauthorised(&error.to_string()),
        Err(error) => {
            tracing::warn!(
                transaction_uid = %call.transaction_uid,
                resource_id = %dp.config.check.resource_id(),
                %error,
                "cannot check the token with the platform"
            );
            (StatusCode::SERVICE_UNAVAILABLE, "the token cannot be checked now").into_response()
        }
    }
}

fn unauthorised(reason: &str) -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)];
    (StatusCode::UNAUTHORIZED, challenge, reason.to_owned()).into_response()
}
