//! The sealed token (R121–R127, PROTOCOL.md §5): `header.payload.signature`.

mod open;
mod write;

pub use open::{OpenError, Opened, open, open_to_folder};
pub use write::{TokenWriter, sealed_len};
