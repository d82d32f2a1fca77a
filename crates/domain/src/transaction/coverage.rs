//! Which bytes of a token have gone out, over all the requests together.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Pieces that are remembered. An SP that fetches in more pieces than that, out of order, is taken at its word only once
/// it has fetched the rest in order.
const MOST: usize = 64;

/// Parts of a token, in order, none touching the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(Vec<Range<u64>>);

impl Coverage {
    /// Adds what went out.
    pub fn add(&mut self, mut new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        self.0.retain(|old| {
            let apart = old.end < new.start || new.end < old.start;
            if !apart {
                new = new.start.min(old.start)..new.end.max(old.end);
            }
            apart
        });
        let at = self.0.partition_point(|old| old.start < new.start);
        self.0.insert(at, new);
        if self.0.len() > MOST
            && let Some(shortest) = (0..self.0.len()).min_by_key(|&i| self.0[i].end - self.0[i].start)
        {
            self.0.remove(shortest);
        }
    }

    /// Whether it is all of `len` bytes.
    pub fn is_whole(&self, len: u64) -> bool {
        matches!(self.0.as_slice(), [one] if one.start == 0 && one.end >= len)
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As it is kept: `0-10 20-30`, ends excluded.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, piece) in self.0.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{}-{}", piece.start, piece.end)?;
        }
        Ok(())
    }
}

/// The text is not what [`Coverage`]'s `Display` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of byte ranges such as 0-10 20-30")]
pub struct BadCoverage;

impl FromStr for Coverage {
    type Err = BadCoverage;

    fn from_str(text: &str) -> Result<Self, BadCoverage> {
        let mut coverage = Self::default();
        for piece in text.split_whitespace() {
            let (start, end) = piece.split_once('-').ok_or(BadCoverage)?;
            let number = |text: &str| text.parse().map_err(|_| BadCoverage);
            coverage.add(number(start)?..number(end)?);
        }
        Ok(coverage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[(u64, u64)]) -> Coverage {
        let mut coverage = Coverage::default();
        pieces.iter().for_each(|&(start, end)| coverage.add(start..end));
        coverage
    }

    #[test]
    fn is_whole_once_every_byte_went_out_in_whatever_order() {
        assert!(of(&[(0, 100)]).is_whole(100));
        assert!(!of(&[(99, 100)]).is_whole(100), "the last byte alone is not all");
        assert!(!of(&[(0, 50), (51, 100)]).is_whole(100));
        assert!(of(&[(60, 100), (0, 20), (20, 40), (40, 60)]).is_whole(100));
        assert!(of(&[(10, 90), (0, 50), (40, 100)]).is_whole(100));
        assert!(!of(&[]).is_whole(100) && of(&[(5, 5)]).is_empty());
    }

    #[test]
    fn is_kept_as_text() {
        let coverage = of(&[(20, 30), (0, 10)]);
        assert_eq!(coverage.to_string(), "0-10 20-30");
        assert_eq!("0-10 20-30".parse(), Ok(coverage));
        assert_eq!("".parse(), Ok(Coverage::default()));
        assert_eq!("0-x".parse::<Coverage>(), Err(BadCoverage));
    }

    #[test]
    fn does_not_grow_without_end() {
        let mut coverage = Coverage::default();
        (0..1_000).for_each(|n| coverage.add(n * 10..n * 10 + 1));
        assert!(coverage.to_string().split(' ').count() <= MOST);
        coverage.add(0..10_000);
        assert!(coverage.is_whole(10_000));
    }
}
