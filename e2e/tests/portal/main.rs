//! The portal with a real browser: every page that can be reached, as a reader with a phone, without a mouse, in the dark, in
//! either language meets it; and what a citizen does there.

mod at_rest;
mod counter;
mod crash;
mod delegate;
mod downloads;
mod keyboard;
mod look;
mod pages;
mod record;
mod walk;
