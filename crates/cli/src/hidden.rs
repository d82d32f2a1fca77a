//! What a person types that nobody else shall see: secrets and personal ids. Neither help, errors nor `Debug` show them.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use mydata_wire::PersonalId;

use crate::Usage;

/// A value that is not repeated, not even when it is wrong: it is read later, where the error names the flag only.
#[derive(Clone, Default)]
pub struct Hidden(String);

impl FromStr for Hidden {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl Hidden {
    /// The value; `None` when it is blank, as an empty variable is.
    pub fn given(&self) -> Option<&str> {
        let text = self.0.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Reads the value; an error names `flag` and the reason.
    pub fn read<T: FromStr<Err: fmt::Display>>(&self, flag: &str) -> anyhow::Result<T> {
        self.0.trim().parse().map_err(|reason| Usage(format!("{flag}: {reason}")).into())
    }

    /// Whether it says to ask on standard input.
    pub fn asks(&self) -> bool {
        self.given() == Some("-")
    }
}

/// The personal id that `flag` gives; `-` asks for it on standard input.
pub fn person(given: Option<&Hidden>, flag: &str) -> anyhow::Result<Option<PersonalId>> {
    let Some(hidden) = given.filter(|hidden| hidden.given().is_some()) else { return Ok(None) };
    if !hidden.asks() {
        return hidden.read(flag).map(Some);
    }
    if io::stdin().is_terminal() {
        eprint!("personal id: ");
    }
    let mut line = Hidden::default();
    io::stdin().lock().read_line(&mut line.0).context("standard input cannot be read")?;
    line.read(&format!("{flag} (standard input)")).map(Some)
}

/// Standard input is read once only.
pub fn one_reader_of_stdin(file: &Path, person: Option<&Hidden>, flag: &str) -> anyhow::Result<()> {
    if file == Path::new("-") && person.is_some_and(Hidden::asks) {
        return Err(Usage(format!("the file and {flag} cannot both come from standard input")).into());
    }
    Ok(())
}
