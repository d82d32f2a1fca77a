//! Wakes whoever waits for news of a transaction on this node, and nobody else. Nobody depends on it: waiters also look
//! by themselves from time to time, so that news made on another node reaches them too. When the platform stops it wakes
//! everybody for good, so that open pages do not hold it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mydata_domain::notify::Notice;
use mydata_domain::transaction::{State, Transaction, TransactionId};
use tokio::sync::watch;

type Waited = Arc<Mutex<HashMap<TransactionId, watch::Sender<News>>>>;

/// What the ringing says, so that nobody looks in vain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct News {
    /// The browser may go back: the SP has answered once, or the exchange was never confirmed or is over.
    pub way_back: bool,
    /// The data is there, or will never be.
    pub data: bool,
}

impl News {
    /// What there is to tell of a transaction.
    pub fn of(t: &Transaction) -> Self {
        Self {
            way_back: t.confirmed().is_none_or(|c| c.told != Notice::Pending) || t.nothing_usable(),
            data: !matches!(t.state, State::Confirmed(_)) || t.nothing_usable(),
        }
    }
}

/// The bell.
#[derive(Clone, Debug)]
pub struct Bell {
    /// One entry a transaction that somebody waits for now.
    waited: Waited,
    stopping: watch::Sender<bool>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { waited: Waited::default(), stopping: watch::channel(false).0 }
    }
}

impl Bell {
    /// There is news of this transaction.
    pub fn ring(&self, id: TransactionId, news: News) {
        if let Some(waiting) = self.waited.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            waiting.send_replace(news);
        }
    }

    /// A transfer has moved; nothing else is new.
    pub fn ring_again(&self, id: TransactionId) {
        if let Some(waiting) = self.waited.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            waiting.send_modify(|_| ());
        }
    }

    /// The platform stops: nobody shall wait any longer.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Begins to listen; news from now on are not missed.
    pub fn listen(&self, id: TransactionId) -> Listener {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let news = waited.entry(id).or_insert_with(|| watch::channel(News::default()).0).subscribe();
        Listener { id, news, waited: Arc::clone(&self.waited), stopping: self.stopping.subscribe() }
    }
}

/// Listens for one transaction.
#[derive(Debug)]
pub struct Listener {
    id: TransactionId,
    news: watch::Receiver<News>,
    waited: Waited,
    stopping: watch::Receiver<bool>,
}

impl Listener {
    /// Whether the platform stops.
    pub fn is_over(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Whether there was news since this was asked, or waited for, last.
    pub fn has_rung(&mut self) -> bool {
        let rung = self.news.has_changed().unwrap_or(false);
        if rung {
            self.news.mark_unchanged();
        }
        rung
    }

    /// Waits for any news, at most this long.
    pub async fn wait(&mut self, at_most: Duration) {
        self.wait_for(at_most, |_| true).await;
    }

    /// Waits for such news, at most this long.
    pub async fn wait_for(&mut self, at_most: Duration, wanted: impl Fn(News) -> bool) {
        let news = &mut self.news;
        let told = async {
            // The sender lives in the map for as long as anybody listens.
            while news.changed().await.is_ok() && !wanted(*news.borrow_and_update()) {}
        };
        tokio::select! {
            () = told => {}
            () = tokio::time::sleep(at_most) => {}
            _ = self.stopping.wait_for(|stop| *stop) => {}
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        // Subscribing needs the same lock, so the last one here is the last one.
        if waited.get(&self.id).is_some_and(|news| news.receiver_count() == 1) {
            waited.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TransactionId {
        text.parse().expect("a uuid")
    }

    #[tokio::test]
    async fn news_reach_those_who_wait_for_them_and_leave_nothing_behind() {
        let bell = Bell::default();
        let (a, b) = (id("00000000-0000-4000-8000-00000000000a"), id("00000000-0000-4000-8000-00000000000b"));
        let (mut first, mut second) = (bell.listen(a), bell.listen(a));
        let other = bell.listen(b);
        bell.ring(a, News::default());
        first.wait(Duration::MAX).await;
        second.wait(Duration::MAX).await;
        assert!(!other.news.has_changed().expect("the sender lives"));
        drop(first);
        bell.ring_again(a);
        second.wait(Duration::MAX).await;
        {
            let wanted = second.wait_for(Duration::MAX, |news| news.data);
            tokio::pin!(wanted);
            for data in [false, true] {
                assert!(futures_util::poll!(&mut wanted).is_pending());
                bell.ring(a, News { way_back: true, data });
            }
            wanted.await;
        }
        drop((second, other));
        assert!(bell.waited.lock().expect("nobody panicked").is_empty());
    }

    #[tokio::test]
    async fn stopping_wakes_everybody_for_good() {
        let bell = Bell::default();
        let mut listener = bell.listen(id("00000000-0000-4000-8000-00000000000a"));
        bell.stop();
        listener.wait(Duration::MAX).await;
        listener.wait(Duration::MAX).await;
        assert!(listener.is_over());
    }
}
