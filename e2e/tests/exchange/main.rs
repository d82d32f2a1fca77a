//! The exchange through its public doors: the running program, real parties around it, both databases.

mod browser;
mod crash;
mod dp;
mod entry;
mod partner;
mod restart;
mod scenarios;
mod sp;
mod steps;
