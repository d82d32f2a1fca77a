//! The program `mydata`: one file per command.

fn main() {}
