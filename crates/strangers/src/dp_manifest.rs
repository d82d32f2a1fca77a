//! A DP's manifest.

use mydata_wire::manifest::DigestManifest;

/// Reads the bytes.
pub fn read(xml: &[u8]) {
    if let Ok(manifest) = DigestManifest::from_xml(xml)
        && manifest.files.iter().all(|file| !file.filename.chars().any(|c| c.is_control() || c > '\u{fffd}'))
    {
        let again = DigestManifest::from_xml(manifest.to_xml().as_bytes());
        assert_eq!(again, Ok(manifest), "what is written is read");
    }
}
