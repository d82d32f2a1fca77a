//! The platform's manifest.

use mydata_wire::manifest::PackageManifest;

/// Reads the bytes.
pub fn read(xml: &[u8]) {
    if let Ok(manifest) = PackageManifest::from_xml(xml) {
        let again = PackageManifest::from_xml(manifest.to_xml().as_bytes()).expect("what is written is read");
        assert_eq!(again.files.len(), manifest.files.len());
        for (a, b) in again.files.iter().zip(&manifest.files) {
            assert_eq!((&a.resource_id, a.code), (&b.resource_id, b.code));
        }
    }
}
