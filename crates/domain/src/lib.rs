//! Parties, datasets, services and transactions as states, and the rules between them.
//!
//! This crate decides; it never does. It refuses sockets, SQL, tasks, and reading a clock: time and randomness are
//! arguments, so every rule can be shown under any clock.
//!
//! | module | decides |
//! | --- | --- |
//! | [`time`] | moments, and who tells them |
//! | [`account`] | who may sign in to the back office, as what |
//! | [`zone`], [`organisation`], [`dataset`], [`service`], [`registry`] | what is registered |
//! | [`address`] | who may call from where |
//! | [`entry`] | whether a citizen sent by an SP may go on (PROTOCOL.md §2) |
//! | [`method`] | which ways of proving identity are strong enough |
//! | [`parameter`] | what a citizen may fill in |
//! | [`transaction`] | the way of one exchange, from entry to forgetting |
//! | [`collect`] | what a DP's answer means (PROTOCOL.md §6) |
//! | [`notify`] | what an SP-API's answer means (PROTOCOL.md §3) |
//! | [`policy`] | how long everything may take |
//! | [`audit`] | what goes on record |
//! | [`item`] | the life of a dataset or service, from draft to delisting |
//! | [`filing`] | what is filed, numbered and reviewed |
//! | [`forms`] | what the forms ask, and what is wrong with an answer |
//! | [`counter_service`] | services at a counter |
//! | [`counter`], [`delegate`] | what clerks and delegates may do, and for how long |
//! | [`health`] | whether parties can be reached, and what follows when they cannot |
//! | [`credentials`] | secrets that are replaced while the earlier ones go on |
//! | [`mail`] | which mails there are, and what they say |
//! | [`citizen`] | how long citizens stay logged in, how they are reached, what they agree to |
//! | [`barcode`], [`one_time`] | the numbers by which data is handed over at a counter |
//! | [`statistics`] | what is counted of exchanges |
//! | [`category`] | the trees that datasets and services are sorted by |
//! | [`policy_text`], [`news`], [`markup`] | texts that the operating side publishes |
//! | [`contact`] | what people write to the service desk |
//! | [`maintenance`] | when the platform or a dataset is not to be used |
//! | [`settings`] | what may be changed while the platform runs |
//! | [`calendar`], [`text`] | days and words as people write them |

pub mod account;
pub mod address;
pub mod audit;
pub mod barcode;
pub mod calendar;
pub mod category;
pub mod citizen;
pub mod client_certificate;
pub mod collect;
pub mod contact;
pub mod counter;
pub mod counter_service;
pub mod credentials;
pub mod dataset;
pub mod delegate;
pub mod entry;
pub mod filing;
pub mod forms;
pub mod front_test;
pub mod health;
pub mod item;
pub mod mail;
pub mod maintenance;
pub mod markup;
pub mod method;
pub mod news;
pub mod notify;
pub mod one_time;
pub mod organisation;
mod own_id;
pub mod parameter;
pub mod policy;
pub mod policy_text;
pub mod registry;
pub mod service;
pub mod settings;
pub mod statistics;
pub mod text;
pub mod time;
pub mod transaction;
pub mod zone;

pub use dataset::Dataset;
pub use organisation::Organisation;
pub use policy::Policy;
pub use service::Service;
pub use time::{Clock, Time};
pub use transaction::Transaction;
pub use zone::Zone;
