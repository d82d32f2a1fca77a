//! A light request and its answer, for tests and polls alike: of a DP the heartbeat, of an SP the head of its SP-API.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use mydata_domain::health::{Fault, FaultKind, Figure};
use reqwest::{RequestBuilder, Response};

use super::{Found, Target, late, reach, tls};
use crate::app::App;

/// Asks whether somebody is there.
pub(super) async fn ask(app: &App, target: &Target) -> Found<()> {
    let limit = app.config.health.answer.0;
    match target {
        Target::Dataset(dataset) => {
            let client = app.outbound.dp_client(dataset).await.map_err(reach::not_called)?;
            let mut url = dataset.dp_api.clone();
            url.query_pairs_mut().append_pair("heartbeat", "true");
            let answer = send(client.get(url), limit).await?;
            heartbeat(&answer)
        }
        Target::Service(service) => {
            let url = &service.service.sp_api;
            let client = app.outbound.sp_client(&service.service).map_err(reach::not_called)?;
            let answer = send(client.head(url.clone()), limit).await?;
            // A SP-API takes POST alone: what it says to anything else is its own affair, as long as it is not broken.
            let status = answer.status();
            if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
                return Err(Fault::new(FaultKind::ResponseStatus, status.as_u16()));
            }
            Ok(((), figures(&answer)))
        }
    }
}

/// A DP is alive when it answers 2xx, and not with a web page: pages about maintenance come with 200.
fn heartbeat(answer: &Response) -> Found<()> {
    let status = answer.status();
    let code = status.as_u16();
    if status.is_redirection() {
        return Err(Fault::new(FaultKind::ResponseRedirect, code));
    }
    if !status.is_success() {
        return Err(Fault::new(FaultKind::ResponseStatus, code));
    }
    if kind(answer).as_deref() == Some("text/html") {
        return Err(Fault::new(FaultKind::ResponseWebPage, code));
    }
    Ok(((), figures(answer)))
}

/// The type of an answer, in lower case and without parameters.
pub(super) fn kind(answer: &Response) -> Option<String> {
    let value = answer.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Status and type.
pub(super) fn figures(answer: &Response) -> Vec<Figure> {
    let mut figures = vec![Figure::Status(answer.status().as_u16())];
    if let Some(kind) = kind(answer).filter(|kind| !kind.is_empty()) {
        let kind: String = kind.chars().filter(char::is_ascii_graphic).take(80).collect();
        figures.push(Figure::Type(kind));
    }
    figures
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(request: RequestBuilder, limit: Duration) -> Result<Response, Fault> {
    match tokio::time::timeout(limit, request.send()).await {
        Err(_) => Err(late(FaultKind::ResponseNoAnswer, limit)),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(of_call(&error, limit)),
    }
}

/// Why a call failed: what lies at the bottom of the error.
fn of_call(error: &reqwest::Error, limit: Duration) -> Fault {
    let mut at = error.source();
    while let Some(error) = at {
        if let Some(error) = error.downcast_ref::<tokio_rustls::rustls::Error>() {
            return tls::fault(error);
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if let Some(error) = tls::rustls_error(error) {
                return tls::fault(error);
            }
            match error.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable => return reach::of_io(error.kind(), limit),
                _ => {}
            }
        }
        at = error.source();
    }
    if error.is_connect() && error.is_timeout() {
        late(FaultKind::TcpNoAnswer, limit)
    } else if error.is_connect() {
        FaultKind::TcpUnreachable.into()
    } else if error.is_timeout() {
        late(FaultKind::ResponseNoAnswer, limit)
    } else {
        FaultKind::ResponseBroken.into()
    }
}
