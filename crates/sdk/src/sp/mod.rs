//! The service provider's side of an exchange.
//!
//! | step | here |
//! | --- | --- |
//! | send the citizen to the platform | [`Service::entry_link`] |
//! | read how the citizen came back | [`Return::from_query`] |
//! | be told that the data may be fetched | [`NotificationEndpoint`] |
//! | fetch the token, waiting as long as asked | [`Platform::fetch`] |
//! | open it and check who signed what | [`Received::open`] |
//! | ask how the citizen was verified, how far it is | [`Platform::type_valid`], [`Platform::txid_status`] |

mod entry;
mod fetch;
mod notification;
mod open;
mod platform;
mod status;

pub use entry::{Return, Service};
pub use fetch::{FetchError, FetchOptions, Fetched};
pub use notification::{ApiKey, NotificationEndpoint, NotificationHandler, Verdict};
pub use open::{Content, Dataset, OpenError, Received};
pub use platform::Platform;
pub use status::StatusError;
