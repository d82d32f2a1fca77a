//! Tests through the public door: the running program, a real browser, foreign tools.
//!
//! This library owns what those tests stand on; the tests themselves are in `tests/`. It starts the program under test as
//! a process of its own and reaches it as the world does, over sockets, files and signals. It refuses to look inside: it
//! depends on neither the server nor the store.
//!
//! | module | gives |
//! | --- | --- |
//! | [`program`] | the binary under test |
//! | [`database`] | SQLite or a PostgreSQL database of one's own |
//! | [`country`] | the program serving on a data folder, and the sandbox's parties around it |
//! | [`demo`] | `mydata demo`, and the pages that can be reached in it |
//! | [`process`] | a child with its log in a file, killed at the end; its processor time and memory |
//! | [`browser`] | Chromium behind ChromeDriver |
//! | [`axe`] | the accessibility checker inside a page |
//! | [`search`] | looks for secrets in what lies on disk |
//! | [`totp`] | an authenticator app |

pub mod axe;
pub mod browser;
pub mod country;
pub mod database;
pub mod demo;
pub mod process;
pub mod program;
pub mod search;
pub mod totp;

/// Reads a variable that `cargo xtask test` sets.
///
/// # Panics
/// When it is not set, with the way out.
#[must_use]
pub fn prepared(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set; run the tests by `cargo xtask test`, which prepares it")
    })
}
