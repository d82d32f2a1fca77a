//! Whether a certificate is revoked (R131, PROTOCOL.md §7): revocation lists (CRL, RFC 5280 §5) and OCSP (RFC 6960) are read,
//! judged, asked for and kept.
//!
//! This crate owns their formats and when they may be relied on. It refuses to make connections itself ([`fetch::Fetch`] is
//! the caller's, with the caller's guard), to build chains (that is `mydata-seal`), and to decide what happens when nobody
//! tells.
//!
//! | module | does |
//! | --- | --- |
//! | [`certificate`] | what a certificate says of its revocation |
//! | [`crl`] | revocation lists |
//! | [`ocsp`] | questions and answers of OCSP |
//! | [`checker`] | where to ask, in which order; what was learnt, kept for its time |
//! | [`fetch`] | the way out, as a port |

mod cache;
pub mod certificate;
pub mod checker;
pub mod crl;
mod der;
pub mod fetch;
mod files;
pub mod ocsp;
mod oid;
mod signed;

pub use certificate::Certificate;
pub use checker::{Addresses, Checker, Finding, Learnt, Method, Order, Settings, Tried};
pub use der::BadDer;
pub use signed::SignatureFault;
