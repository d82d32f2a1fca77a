//! Everything that is kept: the only crate with SQL. It stores and gives back; it decides nothing.

pub mod db;
mod error;

pub use db::{Arg, Db, DbAddress, Engine, Isolation, PoolSizes, Row, Tx, TxStats};
pub use error::{Result, StoreError};
