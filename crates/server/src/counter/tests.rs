//! The counter through its door.
