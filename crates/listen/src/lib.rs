//! Where connections arrive: sockets, TLS, who is at the other end, and how much of the program one of them may hold.
//!
//! It owns everything between the network and a router: the PROXY protocol, the handshake, certificates that are read
//! again while connections go on, client certificates, time and size limits, shedding, and an orderly end. It refuses to
//! know any route, any party and any configuration file.
//!
//! | module | what |
//! | --- | --- |
//! | [`serve`] | the loop that accepts, and what becomes of one connection |
//! | [`limits`] | how much, how long |
//! | [`tls`] | certificate and key, reloaded |
//! | [`client`] | the certificates that callers present, and what is said of them |
//! | [`places`] | who holds how many of something |
//! | [`proxy_protocol`] | who is behind a proxy that speaks it |
//! | [`redirect`] | plain http that only points to https |
//!
//! A handler finds in a request's extensions [`axum::extract::ConnectInfo`] with the caller's address and, where one was
//! presented, a [`client::Presented`].

mod body;
pub mod client;
mod client_header;
pub mod files;
pub mod limits;
pub mod places;
pub mod proxy_protocol;
pub mod redirect;
pub mod serve;
mod steady;
pub mod tls;

pub use limits::Limits;
pub use serve::{Settings, serve};
pub use tls::ServerTls;
