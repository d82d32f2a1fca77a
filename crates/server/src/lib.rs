//! The platform: flow, pages, partner APIs, jobs.
pub mod web;
