//! Everything that is kept: the only crate with SQL. It stores and gives back; it decides nothing.
//!
//! | module | keeps |
//! | --- | --- |
//! | [`db`] | the connection to SQLite or PostgreSQL, statements and transactions |
//! | [`migrate`] | the schema |
//! | [`jobs`] | work due later |
//! | [`keys`], [`crypt`] | secrets and personal data in columns |
//! | [`signing`] | keys that sign what others check, such as the roots of the record |
//! | [`repo`] | the domain's parties and transactions, in and out of rows |
//! | [`blobs`] | large content, beside the database |
//! | [`Store`] | all of it, opened together |

pub mod blobs;
pub mod crypt;
pub mod db;
mod error;
pub mod jobs;
pub mod keys;
pub mod migrate;
mod migrations;
mod opening;
pub mod repo;
pub mod signing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use crypt::Crypter;
pub use db::snapshot;
pub use db::{Arg, Db, DbAddress, Engine, Isolation, PoolSizes, Row, Tx, TxStats};
pub use error::{Result, StoreError};
pub use jobs::Jobs;
pub use opening::{Store, StoreConfig};
