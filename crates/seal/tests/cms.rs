//! Signatures of cards, made by `openssl cms` with certificates of a CA that `openssl` made.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mydata_seal::cms::{self, CmsError};
use mydata_seal::dp_package::Signer;
use mydata_seal::trust::{CertificateError, NoRevocationCheck, Trust};

const CONTENT: &[u8] = b"MyData; method=CER; nonce=0000";

/// A folder with a CA in it.
struct Ca {
    folder: tempfile::TempDir,
}

impl Ca {
    fn new() -> Self {
        let ca = Self { folder: tempfile::tempdir().unwrap() };
        ca.openssl(
            "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=Root",
        );
        ca
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, line: &str) {
        let ran = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(ran.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// A key and certificate `name` with a key usage.
    fn card(&self, name: &str, key: &str, usage: &str, more: &str) {
        std::fs::write(self.path("ext"), format!("keyUsage=critical,{usage}\n")).unwrap();
        self.openssl(&format!(
            "req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -utf8 -subj /C=TW/CN=王小明/serialNumber=A123456789"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -out {name}.pem -extfile ext {more}"
        ));
    }

    fn sign(&self, by: &str, content: &[u8], more: &str) -> Vec<u8> {
        std::fs::write(self.path("content"), content).unwrap();
        self.openssl(&format!("cms -sign -binary -in content -outform DER -out signed {by} {more}"));
        std::fs::read(self.path("signed")).unwrap()
    }

    fn trust(&self) -> Trust {
        trust(&self.path("root.pem"))
    }
}

fn trust(root: &Path) -> Trust {
    Trust::new(&std::fs::read(root).unwrap(), Arc::new(NoRevocationCheck)).unwrap()
}

const CARD: &str = "-signer card.pem -inkey card.key";

/// Attached or not, with signed attributes or without, RSA or ECDSA: it holds, and says whose it is.
#[test]
fn what_openssl_signs_holds() {
    let ca = Ca::new();
    ca.card("card", "rsa:2048", "digitalSignature", "-days 10");
    ca.card("curve", "ec -pkeyopt ec_paramgen_curve:P-256", "digitalSignature", "-days 10");
    for more in ["", "-nodetach", "-noattr", "-nodetach -noattr", "-md sha512", "-keyid"] {
        // A key identifier has to be there to be named.
        let by = if more == "-keyid" {
            std::fs::write(ca.path("ski"), "keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n").unwrap();
            ca.openssl("x509 -req -in card.csr -CA root.pem -CAkey root.key -CAcreateserial -out named.pem -extfile ski");
            "-signer named.pem -inkey card.key"
        } else {
            CARD
        };
        let message = ca.sign(by, CONTENT, more);
        let signed = cms::verify(&message, CONTENT, &ca.trust(), SystemTime::now())
            .unwrap_or_else(|e| panic!("{more}: {e}"));
        assert_eq!(signed.subject("CN"), Some("王小明"));
        assert_eq!(signed.subject("2.5.4.5"), Some("A123456789"));
        assert_eq!((signed.subject("OU"), signed.chain.len()), (None, 2));
        assert!(!format!("{signed:?}").contains("A123456789"));
    }
    for more in ["", "-md sha384 -nodetach"] {
        let message = ca.sign("-signer curve.pem -inkey curve.key", CONTENT, more);
        cms::verify(&message, CONTENT, &ca.trust(), SystemTime::now()).unwrap();
    }
    let pss = ca.sign(CARD, CONTENT, "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32");
    cms::verify(&pss, CONTENT, &ca.trust(), SystemTime::now()).unwrap();
}

#[test]
fn what_does_not_hold_is_refused_and_says_why() {
    let ca = Ca::new();
    ca.card("card", "rsa:2048", "digitalSignature", "-days 10");
    ca.card("other", "rsa:2048", "digitalSignature", "-days 10");
    ca.card("wraps", "rsa:2048", "keyEncipherment", "-days 10");
    ca.card("bare", "rsa:2048", "digitalSignature", "-days 10");
    std::fs::write(ca.path("none"), "basicConstraints=CA:FALSE\n").unwrap();
    ca.openssl(
        "x509 -req -in bare.csr -CA root.pem -CAkey root.key -CAcreateserial -out bare.pem -extfile none",
    );
    let now = SystemTime::now();
    let refused = |message: &[u8]| cms::verify(message, CONTENT, &ca.trust(), now).unwrap_err();

    for more in ["", "-nodetach"] {
        assert_eq!(refused(&ca.sign(CARD, b"another nonce", more)), CmsError::OtherContent, "{more}");
    }
    assert_eq!(refused(&ca.sign(CARD, b"another nonce", "-noattr")), CmsError::Signature);
    assert_eq!(
        refused(&ca.sign("-signer card.pem -inkey card.key -signer other.pem -inkey other.key", CONTENT, "")),
        CmsError::Signers(2)
    );
    assert_eq!(refused(&ca.sign(CARD, CONTENT, "-nocerts")), CmsError::NoCertificate);
    assert_eq!(refused(&ca.sign(CARD, CONTENT, "-md sha1")), CmsError::Algorithm);
    for name in ["wraps", "bare"] {
        let by = format!("-signer {name}.pem -inkey {name}.key");
        assert_eq!(refused(&ca.sign(&by, CONTENT, "")), CmsError::Usage, "{name}");
    }
    // The certificate of another than who signed.
    let mut swapped = ca.sign(CARD, CONTENT, "");
    let at = swapped.len() - 1;
    swapped[at] ^= 1;
    assert_eq!(refused(&swapped), CmsError::Signature);

    let good = ca.sign(CARD, CONTENT, "");
    let at = |days: i64| {
        let days_off = Duration::from_secs(days.unsigned_abs() * 86_400);
        if days < 0 { now - days_off } else { now + days_off }
    };
    let when = |days| cms::verify(&good, CONTENT, &ca.trust(), at(days)).unwrap_err();
    assert!(matches!(when(11), CmsError::Certificate(CertificateError::Expired { .. })));
    assert!(matches!(when(-1), CmsError::Certificate(CertificateError::NotYetValid { .. })));
    let stranger = Ca::new();
    let foreign = cms::verify(&good, CONTENT, &stranger.trust(), now).unwrap_err();
    assert!(matches!(foreign, CmsError::Certificate(CertificateError::Untrusted { .. })), "{foreign}");

    for garbage in [&b""[..], b"garbage", &good[..good.len() - 1], &[&good[..], b"x"].concat()] {
        assert_eq!(refused(garbage), CmsError::Unreadable);
    }
    assert_eq!(refused(&vec![0x30; cms::MAX + 1]), CmsError::TooLarge);
    let streamed = ca.sign(CARD, CONTENT, "-nodetach -stream");
    assert_eq!(refused(&streamed), CmsError::Unreadable, "lengths that are not definite are not DER");
}

/// What this crate signs holds here and with `openssl`.
#[test]
fn what_is_signed_here_openssl_verifies() {
    let ca = Ca::new();
    ca.card("card", "rsa:2048", "digitalSignature", "-days 10");
    let read = |name: &str| std::fs::read(ca.path(name)).unwrap();
    let signer = Signer::new(&read("card.key"), &read("card.pem")).unwrap();
    for detached in [true, false] {
        let message = cms::sign(CONTENT, &signer, detached).unwrap();
        cms::verify(&message, CONTENT, &ca.trust(), SystemTime::now()).unwrap();
        std::fs::write(ca.path("made"), message).unwrap();
        std::fs::write(ca.path("content"), CONTENT).unwrap();
        let content = if detached { "-content content" } else { "" };
        ca.openssl(&format!(
            "cms -verify -binary -inform DER -in made -CAfile root.pem -purpose any -out shown {content}"
        ));
        assert_eq!(read("shown"), CONTENT);
    }
}
