//! Sending the citizen to the platform and reading how they came back.

use mydata_wire::entry::EntryLink;
use mydata_wire::pid::Pid;
use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId, ReturnCode, TxId};
use url::{Url, form_urlencoded};

/// A service as its owner sees it on the back office's edit page.
#[derive(Debug, Clone)]
pub struct Service {
    /// The platform's base URL.
    pub platform: Url,
    /// The service's identifier.
    pub client_id: ClientId,
    /// Its secret, key of `pid`.
    pub client_secret: ClientSecret,
    /// Its "CBC IV", vector of `pid` and of every token.
    pub cbc_iv: CbcIv,
}

impl Service {
    /// The URL to send the citizen's browser to (R98–R104).
    ///
    /// ```
    /// use mydata_sdk::sp::Service;
    /// use mydata_sdk::wire::{SystemRandom, TxId, pid::Pid};
    ///
    /// let service = Service {
    ///     platform: "https://mydata.example".parse()?,
    ///     client_id: "CLI.qqOjnjO4WR".parse()?,
    ///     client_secret: "lxLRIhDcR59kp2SG".parse()?,
    ///     cbc_iv: "Qm7XwT2zB9nKfR4v".parse()?,
    /// };
    /// let link = service.entry_link(
    ///     &["API.Kr1C3b1ijJ".parse()?],
    ///     TxId::generate(&SystemRandom),
    ///     "https://bank.example/return?case=7",
    ///     &Pid::Person("A123456789".parse()?),
    /// );
    /// assert!(link.starts_with("https://mydata.example/service/CLI.qqOjnjO4WR/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn entry_link(&self, resources: &[ResourceId], tx_id: TxId, return_url: &str, pid: &Pid) -> String {
        EntryLink {
            base: &self.platform,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            cbc_iv: &self.cbc_iv,
            resources,
            tx_id,
            return_url,
            pid,
        }
        .to_url()
    }
}

/// How the citizen came back (R106, R107).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Confirmed: the notification comes, or came already.
    Normal(TxId),
    /// Nothing will come, and why.
    Abnormal(ReturnCode, Option<TxId>),
}

impl Return {
    /// Reads the query of the return request. `None` when it did not come from the platform: no `tx_id`, or an unknown
    /// `code`. The query can be forged by anyone: look the `tx_id` up among your own before you act on it.
    ///
    /// ```
    /// use mydata_sdk::sp::Return;
    /// use mydata_sdk::wire::ReturnCode;
    ///
    /// let back = Return::from_query("code=205&tx_id=3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e&case=7");
    /// assert!(matches!(back, Some(Return::Abnormal(ReturnCode::Refused, Some(_)))));
    /// ```
    pub fn from_query(query: &str) -> Option<Self> {
        let mut tx_id = None;
        let mut code = None;
        // The platform's parameters stand first; whatever of the same name follows is the SP's own.
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "tx_id" if tx_id.is_none() => tx_id = Some(value.into_owned()),
                "code" if code.is_none() && tx_id.is_none() => code = Some(value.into_owned()),
                _ => {}
            }
        }
        let tx_id = tx_id?;
        match code {
            None => tx_id.parse().ok().map(Self::Normal),
            Some(code) => {
                let code = code.parse::<u16>().ok().and_then(|n| ReturnCode::try_from(n).ok())?;
                Some(Self::Abnormal(code, tx_id.parse().ok()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TX: &str = "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e";

    /// Shows R106, R107.
    #[test]
    fn reads_both_ways_back_and_not_the_sps_own_code() {
        let tx: TxId = TX.parse().unwrap();
        assert_eq!(Return::from_query(&format!("tx_id={TX}&code=x&case=1")), Some(Return::Normal(tx)));
        assert_eq!(
            Return::from_query(&format!("code=409&tx_id={TX}&tx_id=other")),
            Some(Return::Abnormal(ReturnCode::PersonConflict, Some(tx)))
        );
        assert_eq!(
            Return::from_query("code=400&tx_id=broken"),
            Some(Return::Abnormal(ReturnCode::BadRequest, None))
        );
        for not_ours in ["", "case=1", "code=200&tx_id=x", "tx_id=broken"] {
            assert_eq!(Return::from_query(not_ours), None, "{not_ours}");
        }
    }
}
