//! Identifiers that this program gives to its own records: version 4 UUIDs, one type for each kind of record.

/// Declares such an identifier.
macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(mydata_wire::TxId);

        impl $name {
            /// A new one.
            pub fn generate(random: &dyn mydata_wire::Random) -> Self {
                Self(mydata_wire::TxId::generate(random))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = mydata_wire::id::BadId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let bad = |bad: mydata_wire::id::BadId| mydata_wire::id::BadId { kind: $kind, form: bad.form };
                text.parse().map(Self).map_err(bad)
            }
        }

        impl TryFrom<String> for $name {
            type Error = mydata_wire::id::BadId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

pub(crate) use own_id;
