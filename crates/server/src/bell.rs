//! Wakes whoever waits for news of a transaction on this node. Nobody depends on it: waiters also look by themselves
//! from time to time, so that news made on another node reaches them too. When the platform stops it wakes everybody
//! for good, so that open pages do not hold it.

use std::time::Duration;

use mydata_domain::transaction::TransactionId;
use tokio::sync::{broadcast, watch};

/// The bell.
#[derive(Clone, Debug)]
pub struct Bell {
    news: broadcast::Sender<TransactionId>,
    stopping: watch::Sender<bool>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { news: broadcast::channel(1024).0, stopping: watch::channel(false).0 }
    }
}

impl Bell {
    /// There is news of this transaction.
    pub fn ring(&self, id: TransactionId) {
        // Nobody listening is fine.
        let _ = self.news.send(id);
    }

    /// The platform stops: nobody shall wait any longer.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Begins to listen; news from now on are not missed.
    pub fn listen(&self, id: TransactionId) -> Listener {
        Listener { id, news: self.news.subscribe(), stopping: self.stopping.subscribe() }
    }
}

/// Listens for one transaction.
#[derive(Debug)]
pub struct Listener {
    id: TransactionId,
    news: broadcast::Receiver<TransactionId>,
    stopping: watch::Receiver<bool>,
}

impl Listener {
    /// Whether the platform stops.
    pub fn is_over(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits for news, at most this long.
    pub async fn wait(&mut self, at_most: Duration) {
        let news = async {
            loop {
                match self.news.recv().await {
                    Ok(id) if id == self.id => break,
                    // Too slow to hear everything: something may have been missed, so look.
                    Err(broadcast::error::RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(at_most) => {}
            _ = self.stopping.wait_for(|stop| *stop) => {}
        }
    }
}
