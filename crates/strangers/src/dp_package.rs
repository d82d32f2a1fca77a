//! A DP's zip: verification, and reading one file of it. The root is one whose key nobody has.

use std::io::{Cursor, Read};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use mydata_seal::dp_package::{open_file, verify};
use mydata_seal::trust::{NoRevocationCheck, Trust};

const ROOT: &[u8] = include_bytes!("../../../docs/vectors/2-dp-packages/root.cer.pem");
static TRUST: LazyLock<Trust> =
    LazyLock::new(|| Trust::new(ROOT, Arc::new(NoRevocationCheck)).expect("the vectors' root"));
const SIGNED: [&[u8]; 2] = [
    include_bytes!("../../../docs/vectors/2-dp-packages/API.Kr1C3b1ijJ/META-INFO/manifest.xml"),
    include_bytes!("../../../docs/vectors/2-dp-packages/API.TM12KLkB8o/META-INFO/manifest.xml"),
];

/// Reads the bytes.
pub fn read(zip: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_219_200);
    let verified = verify(Cursor::new(zip), &TRUST, now, None).is_ok();
    let mut manifest = Vec::new();
    for name in ["META-INFO/manifest.xml", "household.json", "household.pdf"] {
        if let Ok(file) = open_file(Cursor::new(zip), name) {
            let len = file.content_len();
            let mut content = Vec::new();
            let whole = file.take(1 << 20).read_to_end(&mut content).is_ok();
            assert!(content.len() as u64 <= len);
            if whole && manifest.is_empty() {
                manifest = content;
            }
        }
    }
    assert!(!verified || SIGNED.contains(&manifest.as_slice()), "only what was signed verifies");
}
