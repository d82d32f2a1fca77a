//! 代辦: somebody goes to the counter in a citizen's place. The citizen names a person, who agrees or declines, and then holds
//! the 資料條碼; either may end it. It refuses every step from a state that does not lead there.

use crate::time::Time;
use crate::transaction::TransactionId;

crate::own_id::own_id!(
    /// The identifier of a delegation: a version 4 UUID.
    DelegationId, "delegation id"
);

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The citizen has asked.
    Asked,
    /// The delegate agreed, and holds the number.
    Agreed,
    /// The delegate declined.
    Declined,
    /// One of the two ended it.
    Ended,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Agreed, Self::Declined, Self::Ended];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Agreed => "agreed",
            Self::Declined => "declined",
            Self::Ended => "ended",
        }
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no state {text:?}"))
    }
}

/// What is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// The delegate agrees.
    Agree,
    /// The delegate declines.
    Decline,
    /// The citizen, or the delegate after agreeing, ends it.
    End,
}

/// A delegation. `Debug` shows nothing of the two.
#[derive(Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Its identifier.
    pub id: DelegationId,
    /// The download.
    pub transaction: TransactionId,
    /// Keyed index of the citizen whose data it is.
    pub citizen: String,
    /// Their name.
    pub citizen_name: String,
    /// Keyed index of the personal id that was named.
    pub delegate: String,
    /// The name that was named with it.
    pub delegate_name: String,
    /// How far it is.
    pub state: State,
    /// Since when.
    pub asked_at: Time,
    /// When it was decided on, or ended.
    pub decided_at: Option<Time>,
    /// When the download ends, and it with it.
    pub ends_at: Time,
}

impl std::fmt::Debug for Delegation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delegation({}, {:?})", self.id, self.state)
    }
}

/// Somebody was quicker, or it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delegation is {}", .0.as_str())]
pub struct WrongState(pub State);

impl Delegation {
    /// Whether it goes on.
    pub fn lives(&self, now: Time) -> bool {
        matches!(self.state, State::Asked | State::Agreed) && now < self.ends_at
    }

    /// Whether a person is the one who was named: the id and the name.
    pub fn names(&self, index: &str, name: &str) -> bool {
        self.delegate == index && same_name(&self.delegate_name, name)
    }

    /// Does it.
    ///
    /// # Errors
    /// [`WrongState`].
    pub fn act(&mut self, act: Act, now: Time) -> Result<(), WrongState> {
        let next = match (act, self.state) {
            (Act::Agree, State::Asked) => State::Agreed,
            (Act::Decline, State::Asked) => State::Declined,
            (Act::End, State::Asked | State::Agreed) => State::Ended,
            _ => return Err(WrongState(self.state)),
        };
        if now >= self.ends_at {
            return Err(WrongState(State::Ended));
        }
        self.state = next;
        self.decided_at = Some(now);
        Ok(())
    }
}

/// Whether two names are one: whatever the case, with spaces wherever.
fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| -> String { name.split_whitespace().collect::<String>().to_lowercase() };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;

    fn asked() -> Delegation {
        Delegation {
            id: DelegationId::generate(&SystemRandom),
            transaction: TransactionId::generate(&SystemRandom),
            citizen: "c".to_owned(),
            citizen_name: "王小明".to_owned(),
            delegate: "d".to_owned(),
            delegate_name: "Nova  Wu".to_owned(),
            state: State::Asked,
            asked_at: Time(0),
            decided_at: None,
            ends_at: Time(100),
        }
    }

    #[test]
    fn it_goes_from_asked_to_its_end_and_nowhere_else() {
        for act in [Act::Agree, Act::Decline, Act::End] {
            let mut one = asked();
            assert_eq!(one.act(act, Time(1)), Ok(()));
            let lives = act == Act::Agree;
            assert_eq!(one.lives(Time(2)), lives);
            assert_eq!(one.act(Act::Agree, Time(2)), Err(WrongState(one.state)));
            assert_eq!(one.act(Act::Decline, Time(2)), Err(WrongState(one.state)));
            assert_eq!(one.act(Act::End, Time(2)).is_ok(), lives);
        }
        assert_eq!(asked().act(Act::Agree, Time(100)), Err(WrongState(State::Ended)), "the download is over");
    }

    #[test]
    fn a_person_is_named_by_id_and_name() {
        let one = asked();
        assert!(one.names("d", "NOVA WU") && one.names("d", " nova wu "));
        assert!(!one.names("d", "Nova Wa") && !one.names("e", "Nova Wu"));
    }
}
