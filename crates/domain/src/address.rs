//! Who may call from where (R15, R96).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

/// Networks from which a party may call. An empty list permits nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct AllowList(Vec<IpNet>);

impl AllowList {
    /// The list of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether nobody is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` lies in one of the networks. An IPv4 address written as IPv6 counts as the IPv4 address.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<'de> Deserialize<'de> for AllowList {
    /// Reads networks (`163.22.21.0/24`) and bare addresses (`163.22.21.64`, R37).
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let parse = |text: &String| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| serde::de::Error::custom(format!("{text:?} is no IP address or network")))
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_networks_addresses_and_mapped_ones() {
        let list: AllowList =
            serde_json::from_str(r#"["163.22.21.64", "10.1.0.0/16", "2001:db8::/32"]"#).unwrap();
        for yes in ["163.22.21.64", "10.1.2.3", "2001:db8::5", "::ffff:10.1.2.3"] {
            assert!(list.permits(yes.parse().unwrap()), "{yes}");
        }
        for no in ["163.22.21.65", "10.2.0.1", "2001:db9::5", "::ffff:10.2.0.1"] {
            assert!(!list.permits(no.parse().unwrap()), "{no}");
        }
        assert!(!AllowList::default().permits("127.0.0.1".parse().unwrap()));
        assert!(serde_json::from_str::<AllowList>(r#"["bank.example"]"#).is_err());
    }
}
