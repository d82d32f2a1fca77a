//! The portal with a real browser: what a citizen does there, with a desktop and a phone, in either language, with and
//! without JavaScript.

mod downloads;
