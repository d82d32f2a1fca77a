//! Certificates are replaced while everything goes on: their files are looked at every minute, and at once when the process
//! is told to (SIGHUP). What cannot be used changes nothing, and the log says why.

use std::time::Duration;

use mydata_listen::files::FileFault;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Edge;
use crate::outbound::Outbound;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Looks until `stop` says so.
pub async fn run(edge: Edge, outbound: Outbound, mut stop: watch::Receiver<bool>) {
    // Without the signal there is still the clock.
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        let told = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error means that the platform itself is gone.
            _ = stop.wait_for(|stop| *stop) => return,
            _ = told => tracing::info!("told to read the certificates again"),
            () = tokio::time::sleep(EVERY) => {}
        }
        let (edge, outbound) = (edge.clone(), outbound.clone());
        // Files are read, and keys: not on a thread that answers requests.
        if let Err(error) = tokio::task::spawn_blocking(move || look(&edge, &outbound)).await {
            tracing::error!(%error, "the certificates could not be looked at");
        }
    }
}

/// Looks at every file once.
pub fn look(edge: &Edge, outbound: &Outbound) {
    if let Some(tls) = &edge.tls {
        say("tls.certificate", tls.look());
    }
    if let Some(tls) = &edge.partner_tls {
        say("tls.certificate of the partners' listener", tls.look());
    }
    say("partner.client_roots", edge.client_roots.look());
    match outbound.look() {
        Ok(false) => {}
        Ok(true) => tracing::info!("a new outbound.client_certificate or outbound.roots holds from now on"),
        Err(reason) => tracing::error!(%reason, "outbound: what was read before still holds"),
    }
}

fn say(what: &str, looked: Result<bool, FileFault>) {
    match looked {
        Ok(false) => {}
        Ok(true) => tracing::info!("a new {what} holds from now on"),
        Err(reason) => tracing::error!(%reason, "{what}: what was read before still holds"),
    }
}
