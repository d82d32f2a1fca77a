//! What travels between the parties of an exchange, as types.
//!
//! This crate owns the forms that PROTOCOL.md settles: identifiers, secrets, the entry and return URLs, result codes,
//! notifications, manifests, the answers of the partner APIs. It refuses all I/O: no socket, no file, no clock.
//! Parsing is the only way in, so a value of one of these types is known to be well formed.
//!
//! | module | travels |
//! | --- | --- |
//! | [`id`] | `client_id`, `resource_id`, `tx_id`, `permission_ticket`, `transaction_uid`, access tokens |
//! | [`secret`] | `client_secret`, CBC IV, `resource_secret`, `secret_key` |
//! | [`person`], [`pid`] | the citizen's personal id, plain and encrypted |
//! | [`entry`], [`returns`] | SP → platform in the browser, and back |
//! | [`code`], [`status`] | what an exchange came to |
//! | [`notification`] | platform → SP |
//! | [`manifest`] | the two manifests inside packages |
//! | [`token`] | the frame of the sealed token |
//! | [`dp`] | introspection, userinfo, the access token on the wire |
//! | [`verification`] | how a citizen proved who they are |
//! | [`retry_after`] | how long to wait |
//! | [`problem`] | errors of the partner APIs |

pub mod b64;
pub mod code;
pub mod dp;
pub mod entry;
pub mod id;
pub mod manifest;
pub mod notification;
pub mod person;
pub mod pid;
pub mod problem;
pub mod random;
pub mod retry_after;
pub mod returns;
pub mod secret;
pub mod status;
pub mod token;
pub mod verification;

pub use code::ReturnCode;
pub use id::{AccessToken, ClientId, PermissionTicket, ResourceId, TransactionUid, TxId};
pub use person::PersonalId;
pub use random::{Random, SystemRandom};
pub use secret::{CbcIv, ClientSecret, ResourceSecret, SecretKey};
pub use verification::Verification;
