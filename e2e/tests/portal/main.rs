//! The portal with a real browser: every page that can be reached, as a reader with a phone, without a mouse, in the dark, in
//! either language meets it.

mod demo;
mod keyboard;
mod look;
mod pages;
