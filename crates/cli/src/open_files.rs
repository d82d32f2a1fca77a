//! How many files the system lets this program hold open. Every connection is one.

use mydata_server::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is kept back for database, blobs and calls to others.
const RESERVED: u64 = 1_024;

/// Raises the program's own limit as far as it may, and lets the listeners take no more connections than then fit.
pub fn fit(config: &mut Config) {
    let Rlimit { mut current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok() {
        current = maximum;
    }
    // Without a limit everything fits.
    let Some(limit) = current else { return };
    let listeners = 1
        + u64::from(config.partner.listen.is_some() || config.partner.only)
        + u64::from(config.tls.redirect_listen.is_some());
    let most = most(limit, listeners);
    if config.connections.in_all > most {
        tracing::warn!(
            limit,
            most,
            "the system lets this program open too few files for connections.in_all; fewer connections are taken"
        );
        config.connections.in_all = most;
    }
}

/// How many connections each listener may take.
fn most(limit: u64, listeners: u64) -> u32 {
    let free = limit - RESERVED.min(limit / 2);
    u32::try_from((free / listeners).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_besides_is_kept_back() {
        assert_eq!(most(1_048_576, 1), 1_047_552);
        assert_eq!(most(4_096, 1), 3_072);
        assert_eq!(most(4_096, 3), 1_024);
        assert_eq!(most(1_024, 2), 256);
        assert_eq!(most(1, 3), 1);
    }
}
