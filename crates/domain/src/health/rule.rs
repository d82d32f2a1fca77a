//! What follows from polls: nothing at once; a mail and perhaps a suspension when a failure stays; the way back by itself.

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::time::Time;

/// So many polls are kept.
pub const KEPT_POLLS: usize = 48;

/// One poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// When.
    pub at: Time,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What was wrong; none when it was alive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// When something follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// After so many failures in a row the owner is told. Zero: never.
    pub tell_after: u32,
    /// After so many failures in a row the item is suspended as failing; `None`: never.
    pub suspend_after: Option<u32>,
}

/// After so many failures in a row an item is suspended when that is switched on and no number is configured.
pub const SUSPEND_AFTER: u32 = 12;

impl Rule {
    /// The rule as it was switched while the platform runs: on, off, or (`None`) as configured.
    pub fn switched(self, automatic_suspension: Option<bool>) -> Self {
        let suspend_after = match automatic_suspension {
            None => self.suspend_after,
            Some(false) => None,
            Some(true) => self.suspend_after.or(Some(SUSPEND_AFTER)),
        };
        Self { suspend_after, ..self }
    }
}

/// What the rule did in this spell of failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByRule {
    /// Nothing.
    #[default]
    Nothing,
    /// It suspended the item, and will resume it.
    Suspended,
    /// It suspended the item and somebody resumed it, or somebody else had suspended it: it does nothing more.
    Over,
}

impl ByRule {
    /// All of them.
    pub const ALL: [ByRule; 3] = [Self::Nothing, Self::Suspended, Self::Over];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Suspended => "suspended",
            Self::Over => "over",
        }
    }
}

impl std::str::FromStr for ByRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|b| b.as_str() == text).ok_or_else(|| format!("the rule did no {text:?}"))
    }
}

/// How an item is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether it is polled; 未啟用輪詢 otherwise (R42).
    pub polled: bool,
    /// Since when it fails.
    pub since: Option<Time>,
    /// Failures in a row.
    pub failures: u32,
    /// The last of them.
    pub fault: Option<Fault>,
    /// Whether its owner was told of this spell.
    pub told: bool,
    /// Somebody suspended it as failing: it counts as failing until somebody resumes it.
    pub held: bool,
    /// What the rule did in this spell.
    pub by_rule: ByRule,
    /// The last polls, oldest first; at most [`KEPT_POLLS`].
    pub polls: Vec<Poll>,
}

/// Which news the owner gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// It has been failing for a while.
    Failing,
    /// It is well again.
    Mended,
}

/// What follows from a poll.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Follows {
    /// A mail to the owner.
    pub tell: Option<Tell>,
    /// 異常停權.
    pub suspend: bool,
    /// 異常排除.
    pub resume: bool,
    /// It began to fail, or is well again.
    pub turned: bool,
}

impl Health {
    /// Takes a poll.
    pub fn after(&mut self, poll: Poll, rule: &Rule) -> Follows {
        let mut follows = Follows::default();
        let was_failing = self.failures > 0;
        match &poll.fault {
            None => {
                follows.turned = was_failing;
                follows.tell = self.told.then_some(Tell::Mended);
                follows.resume = self.by_rule == ByRule::Suspended;
                self.told = false;
                self.by_rule = ByRule::Nothing;
                self.failures = 0;
                self.fault = None;
                if !self.held {
                    self.since = None;
                }
            }
            Some(fault) => {
                follows.turned = !was_failing;
                self.failures = self.failures.saturating_add(1);
                self.fault = Some(fault.clone());
                self.since.get_or_insert(poll.at);
                if !self.told && rule.tell_after > 0 && self.failures >= rule.tell_after {
                    self.told = true;
                    follows.tell = Some(Tell::Failing);
                }
                if self.by_rule == ByRule::Nothing
                    && rule.suspend_after.is_some_and(|after| self.failures >= after.max(1))
                {
                    self.by_rule = ByRule::Suspended;
                    follows.suspend = true;
                }
            }
        }
        self.polls.push(poll);
        let over = self.polls.len().saturating_sub(KEPT_POLLS);
        self.polls.drain(..over);
        follows
    }

    /// It was suspended as failing by somebody.
    pub fn hold(&mut self, now: Time) {
        self.held = true;
        self.since.get_or_insert(now);
        if self.by_rule == ByRule::Suspended {
            self.by_rule = ByRule::Over;
        }
    }

    /// It was resumed as mended by somebody. While polls still fail it goes on counting as failing.
    pub fn release(&mut self) {
        self.held = false;
        if self.by_rule == ByRule::Suspended {
            self.by_rule = ByRule::Over;
        }
        if self.failures == 0 {
            self.since = None;
        }
    }

    /// Switches polling. What was found is forgotten when it ends: nobody would find out that it is well again. What the
    /// rule suspended is left to people then.
    pub fn switch(&mut self, polled: bool) {
        self.polled = polled;
        if !polled {
            self.calm();
        }
    }

    /// Forgets the spell of failures: the item was delisted, or nobody asks any more.
    pub fn calm(&mut self) {
        self.failures = 0;
        self.fault = None;
        self.told = false;
        if self.by_rule == ByRule::Suspended {
            // It stays suspended, and failing, until somebody resumes it.
            self.held = true;
        }
        self.by_rule = ByRule::Nothing;
        if !self.held {
            self.since = None;
        }
    }

    /// How many of the polls that are kept found it alive.
    pub fn alive(&self) -> usize {
        self.polls.iter().filter(|poll| poll.fault.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::FaultKind;

    const RULE: Rule = Rule { tell_after: 3, suspend_after: Some(5) };

    /// The ministry switches suspension on or off; what is configured holds where it says nothing.
    #[test]
    fn suspension_is_switched_while_the_platform_runs() {
        let never = Rule { suspend_after: None, ..RULE };
        assert_eq!((RULE.switched(None), never.switched(None)), (RULE, never));
        assert_eq!((RULE.switched(Some(false)), never.switched(Some(false))), (never, never));
        assert_eq!(RULE.switched(Some(true)), RULE);
        assert_eq!(never.switched(Some(true)).suspend_after, Some(SUSPEND_AFTER));
    }

    fn poll(at: i64, well: bool) -> Poll {
        let fault = (!well).then(|| Fault::new(FaultKind::ResponseStatus, 503));
        Poll { at: Time(at), ms: 1, fault }
    }

    fn run(health: &mut Health, polls: &str, rule: &Rule) -> Vec<Follows> {
        let polls = polls.bytes().enumerate();
        polls.map(|(at, b)| health.after(poll(at as i64, b == b'+'), rule)).collect()
    }

    /// Who fails is known since when and why; the owner is told once, and once more when it is well again.
    #[test]
    fn a_spell_of_failures_is_told_once_and_ends_by_itself() {
        let mut health = Health { polled: true, ..Health::default() };
        let follows = run(&mut health, "+--------", &RULE);
        let told: Vec<usize> = (0..9).filter(|n| follows[*n].tell == Some(Tell::Failing)).collect();
        assert_eq!(told, [3], "the third failure in a row");
        let suspended: Vec<usize> = (0..9).filter(|n| follows[*n].suspend).collect();
        assert_eq!(suspended, [5], "the fifth");
        assert_eq!((health.since, health.failures), (Some(Time(1)), 8));
        assert!(follows[1].turned && !follows[2].turned);
        let back = health.after(poll(9, true), &RULE);
        assert_eq!(back, Follows { tell: Some(Tell::Mended), suspend: false, resume: true, turned: true });
        assert_eq!((health.since, health.failures, health.fault), (None, 0, None));
    }

    #[test]
    fn a_stumble_is_told_to_nobody() {
        let mut health = Health::default();
        let follows = run(&mut health, "--+--+--+", &RULE);
        assert!(follows.iter().all(|f| f.tell.is_none() && !f.suspend && !f.resume));
        assert_eq!(health.since, None);
        let mut health = Health::default();
        let never = Rule { tell_after: 0, suspend_after: None };
        assert!(
            run(&mut health, "----------", &never).iter().all(|f| f.tell.is_none() && !f.suspend),
            "an operator may want none of it"
        );
    }

    #[test]
    fn what_people_decide_is_not_taken_back_by_the_rule() {
        // Resumed by an operator while it still fails: not suspended again in this spell, and not resumed later.
        let mut health = Health::default();
        run(&mut health, "-----", &RULE);
        assert_eq!(health.by_rule, ByRule::Suspended);
        health.release();
        let follows = run(&mut health, "---+", &RULE);
        assert!(follows.iter().all(|f| !f.suspend && !f.resume));
        assert_eq!((health.by_rule, health.since), (ByRule::Nothing, None));

        // Suspended by an operator: a healthy poll does not take it off the list, the operator does.
        health.hold(Time(50));
        let follows = run(&mut health, "+", &RULE);
        assert!(!follows[0].resume);
        assert_eq!(health.since, Some(Time(50)));
        health.release();
        assert_eq!(health.since, None);

        // Switched off while suspended by the rule: it stays on the list until somebody resumes it.
        run(&mut health, "-----", &RULE);
        health.switch(false);
        assert!(health.held && health.since.is_some() && health.failures == 0);
        health.release();
        assert_eq!((health.since, health.by_rule), (None, ByRule::Nothing));
    }

    #[test]
    fn the_last_48_are_kept() {
        let mut health = Health::default();
        run(&mut health, &"+-".repeat(40), &RULE);
        assert_eq!((health.polls.len(), health.alive()), (KEPT_POLLS, KEPT_POLLS / 2));
        assert_eq!(health.polls[0].at, Time(32));
    }
}
