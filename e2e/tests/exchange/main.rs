//! The exchange through its public doors: the running program, real parties around it, both databases.

mod at_rest;
mod backup;
mod browser;
mod crash;
mod dp;
mod edge;
mod entry;
mod hold;
mod keys;
mod partner;
mod restart;
mod safety;
mod scenarios;
mod session;
mod sp;
mod steps;
