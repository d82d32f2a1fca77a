//! Calls registered addresses, the way the platform would, without sending anybody's data.

use std::error::Error;
use std::time::Duration;

use mydata_domain::dataset::DatasetState;
use mydata_domain::registry::Registry;
use mydata_domain::service::ServiceState;
use mydata_server::outbound::Outbound;
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use super::report::Report;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How many are called at once.
const AT_ONCE: usize = 16;

/// What an answer must be.
#[derive(Clone, Copy)]
enum Want {
    /// `GET` is answered with success.
    Alive,
    /// `HEAD` is answered with anything but a server error: the address is for other methods.
    Answers,
}

/// Calls every listed dataset and service.
pub async fn check(subject: &str, registry: &Registry, outbound: &Outbound, report: &mut Report) {
    let mut calls = Vec::new();
    for dataset in registry.datasets.iter().map(|d| &d.dataset).filter(|d| d.state == DatasetState::Listed) {
        let mut url = dataset.dp_api.clone();
        url.query_pairs_mut().append_pair("heartbeat", "true");
        let client = outbound.identity(&url).map_err(|blocked| blocked.to_string());
        calls.push((format!("dataset {}: dp_api", dataset.resource_id), url, Want::Alive, client));
    }
    for service in registry.services.iter().map(|s| &s.service).filter(|s| s.state == ServiceState::Listed) {
        let what = format!("service {}: sp_api", service.client_id);
        // With the roots of its own, where it has any.
        let client = outbound.sp_client(service).map_err(|why| why.to_string());
        calls.push((what, service.sp_api.clone(), Want::Answers, client));
        for url in &service.return_urls {
            if let Ok(url) = Url::parse(&url.to_string()) {
                let client = outbound.identity(&url).map_err(|blocked| blocked.to_string());
                let what = format!("service {}: return_urls", service.client_id);
                calls.push((what, url, Want::Answers, client));
            }
        }
    }
    let mut waiting = calls.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((place, (what, url, want, client))) = waiting.next()
        {
            running.spawn(async move { (place, what, call(client, &url, want).await, url) });
        }
        match running.join_next().await {
            Some(Ok(outcome)) => done.push(outcome),
            Some(Err(_)) => {}
            None => break,
        }
    }
    done.sort_by_key(|(place, ..)| *place);
    for (_, what, outcome, url) in done {
        match outcome {
            Ok(status) => report.ok(subject, format!("{what} answers at {url} ({status})")),
            Err(reason) => report.fail(
                subject,
                format!("{what} at {url}: {reason}"),
                "look whether the address is right, the system runs, and its firewall lets this machine in",
            ),
        }
    }
}

async fn call(client: Result<Client, String>, url: &Url, want: Want) -> Result<u16, String> {
    let client = client?;
    let request = match want {
        Want::Alive => client.get(url.clone()),
        Want::Answers => client.head(url.clone()),
    };
    let answer = match timeout(PATIENCE, request.send()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(reason(&error.without_url())),
        Err(_) => return Err("no answer in time".to_owned()),
    };
    let status = answer.status();
    let good = match want {
        Want::Alive => status.is_success(),
        Want::Answers => !status.is_server_error(),
    };
    if good { Ok(status.as_u16()) } else { Err(format!("answers {}", status.as_u16())) }
}

/// The reason at the bottom of an error: the others only say that sending failed.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
