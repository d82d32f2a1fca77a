//! The program from outside: real files, real processes, and the pages that describe it.

mod admin;
mod audit;
mod common;
mod demo;
mod docs;
mod doctor;
mod dp;
mod own;
mod program;
mod sp;
mod tls;
