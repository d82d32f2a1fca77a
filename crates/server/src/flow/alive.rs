//! Whether what is being sent may go on. A citizen who withdraws cuts it off: at once where the withdrawal was made on this node,
//! within seconds where it was made on another. It owns no stream; whoever sends asks before each piece.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::transaction::{Ended, Ending, State, TransactionId};
use mydata_store::repo::transactions::Which;

use super::{FlowError, look};
use crate::app::App;
use crate::bell::Listener;

/// A withdrawal made on another node is seen after this long.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Watches over what is sent of one transaction.
pub struct Alive {
    app: App,
    id: TransactionId,
    listener: Listener,
    looked_at: Time,
}

impl Alive {
    /// Begins to watch, from now on.
    pub fn of(app: &App, id: TransactionId) -> Self {
        Self { app: app.clone(), id, listener: app.bell.listen(id), looked_at: app.now() }
    }

    /// Asks whether the next piece may be sent.
    ///
    /// # Errors
    /// [`FlowError::Withdrawn`]: it may not. [`FlowError::Store`].
    pub async fn check(&mut self) -> Result<(), FlowError> {
        let now = self.app.now();
        if !self.listener.has_rung() && now < self.looked_at.plus(LOOK_EVERY) {
            return Ok(());
        }
        self.looked_at = now;
        let kept = look(&self.app, Which::Id(self.id)).await?;
        let withdrawn =
            |state: &State| matches!(state, State::Ended(Ended { ending: Ending::Withdrawn, .. }));
        match kept {
            Some(kept) if withdrawn(&kept.transaction.state) => Err(FlowError::Withdrawn),
            _ => Ok(()),
        }
    }
}
