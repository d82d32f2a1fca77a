//! Secrets that are replaced (R44, R99): the earlier one goes on for a while, so that nothing breaks between the page that
//! shows the new one and the program that uses it.

use crate::time::Time;

/// An earlier secret that still works for a while. It has no `Debug`: it is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Earlier<T> {
    /// The secret.
    pub secret: T,
    /// When it ends.
    pub until: Time,
}

impl<T> Earlier<T> {
    /// The secret, while it works.
    pub fn at(&self, now: Time) -> Option<&T> {
        (now < self.until).then_some(&self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_secret_ends_at_its_moment() {
        let earlier = Earlier { secret: "old", until: Time(10) };
        assert_eq!((earlier.at(Time(9)), earlier.at(Time(10))), (Some(&"old"), None));
    }
}
