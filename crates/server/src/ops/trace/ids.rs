//! Names of traces and spans (W3C Trace Context: 16 and 8 bytes, not all zero).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use mydata_domain::transaction::TransactionId;
use mydata_wire::Random;

/// Names a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// Names a span.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// The trace of a transaction, and the span in it that stands for the whole exchange: from SHA-256 of its id, so that
/// everybody who knows the transaction finds its trace, and nobody else learns the id from it.
pub fn of(uid: TransactionId) -> (TraceId, SpanId) {
    let hash = digest(&SHA256, format!("mydata trace of {uid}").as_bytes());
    let bytes = hash.as_ref();
    let mut trace = TraceId([0; 16]);
    let mut span = SpanId([0; 8]);
    trace.0.copy_from_slice(&bytes[..16]);
    span.0.copy_from_slice(&bytes[16..24]);
    (trace, span)
}

impl TraceId {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut id = [0; 16];
        random.fill(&mut id);
        Self(id)
    }

    /// Whether this trace is kept where one in so many is.
    pub fn is_one_in(self, many: u32) -> bool {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d]).is_multiple_of(many.max(1))
    }
}

impl SpanId {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut id = [0; 8];
        random.fill(&mut id);
        Self(id)
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use mydata_wire::SystemRandom;

    use super::*;

    #[test]
    fn a_transaction_has_one_trace_and_another_has_another() {
        let (one, other) = (TransactionId::generate(&SystemRandom), TransactionId::generate(&SystemRandom));
        assert_eq!(of(one), of(one));
        assert_ne!(of(one).0, of(other).0);
        assert_eq!(of(one).0.to_string().len(), 32);
        assert_eq!(of(one).1.to_string().len(), 16);
    }

    #[test]
    fn about_one_in_ten_is_kept() {
        let kept = (0..2_000).filter(|_| TraceId::generate(&SystemRandom).is_one_in(10)).count();
        assert!((100..350).contains(&kept), "{kept}");
        assert!(TraceId::generate(&SystemRandom).is_one_in(1));
    }
}
