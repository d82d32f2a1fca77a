//! Who holds how many of something: connections, requests, turns of a handler.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// What counts as one address: one IPv4 address, or the /64 of an IPv6 address, of which a subscriber has all.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// The places there are, in all and for one address. Cloning gives the same ones.
#[derive(Debug, Clone)]
pub struct Places {
    in_all: usize,
    per_address: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by: HashMap<IpAddr, usize>,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    address: Option<IpAddr>,
}

impl Places {
    /// So many in all, and so many of them for one address.
    pub fn new(in_all: usize, per_address: usize) -> Self {
        Self { in_all, per_address, taken: Arc::default() }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Taken) -> R) -> R {
        f(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place for somebody of whom it is not known yet who it is.
    pub fn take(&self) -> Option<Place> {
        self.with(|taken| {
            (taken.in_all < self.in_all).then(|| taken.in_all += 1)?;
            Some(Place { places: self.clone(), address: None })
        })
    }
}

impl Place {
    /// Counts the place for an address. `false`: it has as many as it may.
    pub fn is_of(&mut self, address: IpAddr) -> bool {
        let address = subscriber(address);
        let most = self.places.per_address;
        let counted = self.places.with(|taken| {
            let count = taken.by.entry(address).or_default();
            (*count < most).then(|| *count += 1).is_some()
        });
        if counted {
            self.address = Some(address);
        }
        counted
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let address = self.address;
        self.places.with(|taken| {
            taken.in_all -= 1;
            if let Some(address) = address
                && let Some(count) = taken.by.get_mut(&address)
            {
                *count -= 1;
                if *count == 0 {
                    taken.by.remove(&address);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_subscriber_count_as_one() {
        assert_eq!(subscriber(address("2001:db8:1:2::1")), subscriber(address("2001:db8:1:2:ffff::1")));
        assert_ne!(subscriber(address("2001:db8:1:2::1")), subscriber(address("2001:db8:1:3::1")));
        assert_ne!(subscriber(address("192.0.2.1")), subscriber(address("192.0.2.2")));
        assert_eq!(subscriber(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn places_are_given_back() {
        let places = Places::new(3, 2);
        let mut held: Vec<Place> = (0..3).map(|_| places.take().unwrap()).collect();
        assert!(places.take().is_none(), "no more than three in all");
        assert!(held[0].is_of(address("192.0.2.1")) && held[1].is_of(address("192.0.2.1")));
        assert!(!held[2].is_of(address("192.0.2.1")), "no more than two of one address");
        assert!(held[2].is_of(address("192.0.2.2")));
        held.remove(0);
        let mut next = places.take().unwrap();
        assert!(next.is_of(address("192.0.2.1")));
        drop((held, next));
        assert_eq!(places.with(|taken| (taken.in_all, taken.by.len())), (0, 0));
    }
}
