//! The platform: flow, pages, partner APIs, jobs.
