//! Values bound to a statement's `$1`, `$2` …

use mydata_domain::Time;
use std::borrow::Cow;

/// One bound value. NULL carries its type, since PostgreSQL must know it.
#[derive(Clone)]
pub enum Arg<'a> {
    /// A BIGINT.
    Int(i64),
    /// A TEXT.
    Text(Cow<'a, str>),
    /// A BYTEA.
    Blob(Cow<'a, [u8]>),
    /// NULL for a BIGINT column.
    NullInt,
    /// NULL for a TEXT column.
    NullText,
    /// NULL for a BYTEA column.
    NullBlob,
}

/// Shows the kind only: values may be personal data.
impl std::fmt::Debug for Arg<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Blob(_) => "Blob",
            Self::NullInt => "NullInt",
            Self::NullText => "NullText",
            Self::NullBlob => "NullBlob",
        })
    }
}

macro_rules! from {
    ($($t:ty => $null:ident, |$v:ident| $make:expr;)*) => {$(
        impl<'a> From<$t> for Arg<'a> {
            fn from($v: $t) -> Self { $make }
        }
        impl<'a> From<Option<$t>> for Arg<'a> {
            fn from(v: Option<$t>) -> Self { v.map_or(Self::$null, Self::from) }
        }
    )*};
}

from! {
    i64 => NullInt, |v| Self::Int(v);
    i32 => NullInt, |v| Self::Int(v.into());
    u32 => NullInt, |v| Self::Int(v.into());
    u16 => NullInt, |v| Self::Int(v.into());
    u8 => NullInt, |v| Self::Int(v.into());
    bool => NullInt, |v| Self::Int(v.into());
    Time => NullInt, |v| Self::Int(v.0);
    &'a str => NullText, |v| Self::Text(Cow::Borrowed(v));
    &'a String => NullText, |v| Self::Text(Cow::Borrowed(v));
    String => NullText, |v| Self::Text(Cow::Owned(v));
    Cow<'a, str> => NullText, |v| Self::Text(v);
    &'a [u8] => NullBlob, |v| Self::Blob(Cow::Borrowed(v));
    &'a Vec<u8> => NullBlob, |v| Self::Blob(Cow::Borrowed(v));
    Vec<u8> => NullBlob, |v| Self::Blob(Cow::Owned(v));
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(v: &'a Option<String>) -> Self {
        v.as_deref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Arg<'a> {
    fn from(v: &'a Option<Vec<u8>>) -> Self {
        v.as_deref().into()
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(v: &'a [u8; N]) -> Self {
        v.as_slice().into()
    }
}

impl Arg<'_> {
    /// The same value, kept by itself.
    pub(crate) fn into_owned(self) -> Arg<'static> {
        match self {
            Self::Int(v) => Arg::Int(v),
            Self::Text(v) => Arg::Text(Cow::Owned(v.into_owned())),
            Self::Blob(v) => Arg::Blob(Cow::Owned(v.into_owned())),
            Self::NullInt => Arg::NullInt,
            Self::NullText => Arg::NullText,
            Self::NullBlob => Arg::NullBlob,
        }
    }
}

/// The bound values of a statement, in order: `args![id, name, None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Arg::from($value)),*] };
}

/// `$first, $first+1, …` for `IN (…)` and `VALUES (…)`: `count` placeholders.
pub fn placeholders(first: usize, count: usize) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(count * 5);
    for n in first..first + count {
        if n > first {
            out.push_str(", ");
        }
        write!(out, "${n}").expect("writing to a String does not fail");
    }
    out
}
