//! The platform's zip, as an SP reads it after opening a token.

use std::io::{Cursor, Read};

use mydata_seal::package::Package;

/// Reads the bytes.
pub fn read(zip: &[u8]) {
    let Ok(mut package) = Package::open(Cursor::new(zip)) else { return };
    let ids: Vec<_> = package.manifest().files.iter().map(|file| file.resource_id.clone()).collect();
    for id in ids {
        if let Ok(Some(mut dp)) = package.dp_package(&id) {
            let len = dp.package_len();
            let mut content = Vec::new();
            dp.read_to_end(&mut content).expect("it lies inside the file");
            assert_eq!(content.len() as u64, len);
        }
    }
}
