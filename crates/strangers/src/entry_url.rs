//! The entry request in the browser: path and query, split at the first `?`.

use mydata_wire::entry::{RawEntry, decode_resources, encode_resources};
use mydata_wire::returns::{RegisteredReturnUrl, ReturnTarget};
use mydata_wire::{ClientId, ReturnCode, TxId};

/// Reads the bytes.
pub fn read(bytes: &[u8]) {
    let text = crate::text(bytes);
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let entry = RawEntry::split(path, query);
    let _ = entry.client_id.parse::<ClientId>();
    let _ = entry.tx_id.parse::<TxId>();
    if let Ok(ids) = decode_resources(&entry.resources) {
        assert_eq!(decode_resources(&encode_resources(&ids)), Ok(ids));
    }
    let registered: Vec<RegisteredReturnUrl> =
        ["https://bank.example/mydata/return"].iter().filter_map(|url| url.parse().ok()).collect();
    assert_eq!(registered.len(), 1);
    if let Some(url) = &entry.return_url
        && let Ok(target) = ReturnTarget::matching(url, &registered)
    {
        let back = target.abnormal(ReturnCode::BadRequest, &entry.tx_id);
        assert!(back.starts_with("https://bank.example/mydata/return?code="), "{back}");
    }
}
