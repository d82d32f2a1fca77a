//! Wakes whoever waits for news of a transaction on this node. Nobody depends on it: waiters also look by themselves
//! from time to time, so that news made on another node reaches them too.

use std::time::Duration;

use mydata_domain::transaction::TransactionId;
use tokio::sync::broadcast;

/// The bell.
#[derive(Clone, Debug)]
pub struct Bell(broadcast::Sender<TransactionId>);

impl Default for Bell {
    fn default() -> Self {
        Self(broadcast::channel(1024).0)
    }
}

impl Bell {
    /// There is news of this transaction.
    pub fn ring(&self, id: TransactionId) {
        // Nobody listening is fine.
        let _ = self.0.send(id);
    }

    /// Begins to listen; news from now on are not missed.
    pub fn listen(&self, id: TransactionId) -> Listener {
        Listener { id, from: self.0.subscribe() }
    }
}

/// Listens for one transaction.
#[derive(Debug)]
pub struct Listener {
    id: TransactionId,
    from: broadcast::Receiver<TransactionId>,
}

impl Listener {
    /// Waits for news, at most this long.
    pub async fn wait(&mut self, at_most: Duration) {
        let news = async {
            loop {
                match self.from.recv().await {
                    Ok(id) if id == self.id => break,
                    // Too slow to hear everything: something may have been missed, so look.
                    Err(broadcast::error::RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(at_most, news).await;
    }
}
