//! The data provider's side of an exchange.
//!
//! | step | here |
//! | --- | --- |
//! | take the platform's call apart | [`router`](DpRouter) |
//! | ask the platform whether the token is good, and who the citizen is | [`TokenCheck`] |
//! | build and sign the package | [`Builder`], [`Signer`] |
//! | answer: package, nothing found, ask later, no | [`DpAnswer`] |

mod answer;
mod call;
mod check;
mod router;

pub use answer::DpAnswer;
pub use call::{BadCall, Call, Parameter};
pub use check::{CheckError, Citizen, TokenCheck};
pub use mydata_seal::dp_package::{BadSigner, BuildError, Builder, FileKind, Signer};
pub use router::{DpConfig, DpHandler, DpRequest, DpRouter};
