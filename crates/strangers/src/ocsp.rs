//! An OCSP answer, judged for a fixed certificate and issuer; and a question.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use mydata_revocation::Certificate;
use mydata_revocation::ocsp::write::Asked;
use mydata_revocation::ocsp::{Answer, Question};
use mydata_wire::SystemRandom;

static ISSUER: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::read(include_bytes!("../../../fuzz/seeds/certificates/issuer.der")).expect("a certificate")
});
static QUESTION: LazyLock<Question> = LazyLock::new(|| {
    let leaf = Certificate::read(include_bytes!("../../../fuzz/seeds/certificates/leaf.der"))
        .expect("a certificate");
    Question::about(&leaf, &ISSUER, &SystemRandom)
});

/// Reads the bytes.
pub fn read(bytes: &[u8]) {
    let _ = Asked::read(bytes);
    let _ = Certificate::read(bytes);
    if let Ok(answer) = Answer::read(bytes) {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        if let Ok(judged) = answer.judge(&QUESTION, &ISSUER, now, None) {
            assert!(!judged.by_nonce, "nobody knows the nonce");
        }
    }
}
