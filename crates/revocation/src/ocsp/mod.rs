//! OCSP (RFC 6960, nonces by RFC 8954): the question, and the judgement of the answer.
//!
//! [`Question`] is asked about one certificate; [`Answer`] is what came back, read; [`Answer::judge`] says what it is worth.
//! [`write`] makes answers, for the sandbox's responder and for tests.

mod answer;
mod question;
pub mod write;

pub use answer::{Answer, Delegate, Judged, OcspFault, Status};
pub use question::{NONCE, Question, REQUEST_TYPE, RESPONSE_TYPE};
