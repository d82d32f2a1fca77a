//! Packages: build, sign, verify, seal and open, as one pass over a stream.
//!
//! This crate owns what PROTOCOL.md §5 and §7 say about bytes. Everything works on [`std::io::Read`] and
//! [`std::io::Write`] in memory that does not grow with a package. It refuses sockets, async, and to decide where
//! anything is kept; time comes as an argument.
//!
//! | module | does |
//! | --- | --- |
//! | [`cms`] | signatures that people make with their cards |
//! | [`dp_package`] | a data provider's signed package: build, verify, read a file of it (R130–R135) |
//! | [`package`] | the platform's package: the DP packages of one transaction behind a manifest (R128, R129) |
//! | [`token`] | seals a package into the token, opens it again (R121–R127) |
//! | [`trust`] | which certificates a DP may sign with (R131) |
//! | [`zip`] | the strict little of the zip format that packages need |

pub mod cms;
pub mod dp_package;
pub mod package;
pub mod token;
pub mod trust;
pub mod zip;
