//! A service of a non-public body, in English.
