//! The back office through its public doors: the running program, its command line, a browser, both databases.

mod admin;
mod browser;
mod health;
mod life;
mod steps;
