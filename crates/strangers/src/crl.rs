//! A revocation list, looked into for a fixed certificate.

use std::sync::LazyLock;

use mydata_revocation::Certificate;
use mydata_revocation::crl::Crl;

static ISSUER: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::read(include_bytes!("../../../fuzz/seeds/certificates/issuer.der")).expect("a certificate")
});
static LEAF: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::read(include_bytes!("../../../fuzz/seeds/certificates/leaf.der")).expect("a certificate")
});

/// Reads the bytes.
pub fn read(bytes: &[u8]) {
    if let Ok(list) = Crl::read(bytes.to_vec()) {
        let _ = list.check_issuer(&ISSUER);
        let _ = list.check_scope(&LEAF, LEAF.crl_addresses());
        let _ = list.find(&LEAF);
        let again = Crl::read(list.der().to_vec()).expect("what was read is read again");
        assert_eq!((again.len(), again.number()), (list.len(), list.number()));
    }
}
