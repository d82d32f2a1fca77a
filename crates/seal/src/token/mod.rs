//! The sealed token (R121–R127, PROTOCOL.md §5): `header.payload.signature`.
//!
//! `write` seals. Opening walks through `open` (the three parts, the signature), `header`, `payload` (JSON) and
//! `content` (base64 and cipher).

mod content;
mod header;
mod open;
mod payload;
mod write;

pub use open::{OpenError, Opened, open, open_to_folder};
pub use write::{TokenWriter, sealed_len};
