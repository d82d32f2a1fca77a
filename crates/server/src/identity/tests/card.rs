//! By card: cards of an authority of the test's own, signatures made by `openssl cms`.

use std::process::Command;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use mydata_store::Engine;
use mydata_store::testing::START;
use mydata_wire::{Verification, b64};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

use super::{LENIENT, STRICT, begin, consents, exchange, follow, onward, person, state};
use crate::citizen::tests::{Answered, Browser, Portal};
use crate::config::{CardMethod, Config, IdHolds, OnUnknown, RevocationOrder, TrustedIssuer};

const WANG: &str = "A123456789";
const LIN: &str = "B222222228";

/// An authority that gives out cards, and a folder for what `openssl` reads.
pub(super) struct Cards {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

fn name(cn: &str, id: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "TW");
    name.push(DnType::CommonName, cn);
    if !id.is_empty() {
        name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), id);
    }
    name
}

impl Cards {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = name("Card Root", "");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
        std::fs::write(folder.path().join("root.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    /// A card with this serial number as its file's name.
    pub(super) fn card(&self, serial: u64, cn: &str, id: &str, change: impl FnOnce(&mut CertificateParams)) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = name(cn, id);
        params.serial_number = Some(SerialNumber::from(serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2030, 1, 1));
        change(&mut params);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        self.write(&format!("{serial}.pem"), pem.as_bytes());
        self.write(&format!("{serial}.key"), key.serialize_pem().as_bytes());
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// Signs with cards, as Base64.
    pub(super) fn sign(&self, content: &str, cards: &[u64], more: &[&str]) -> String {
        self.write("content", content.as_bytes());
        let mut openssl = Command::new("openssl");
        openssl.args(["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed"]);
        for card in cards {
            openssl.args(["-signer", &format!("{card}.pem"), "-inkey", &format!("{card}.key")]);
        }
        let ran = openssl.args(more).current_dir(self.folder.path()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        b64::standard(&std::fs::read(self.folder.path().join("signed")).unwrap())
    }

    pub(super) fn method(&self) -> CardMethod {
        CardMethod {
            methods: vec![Verification::Cer, Verification::Moe],
            roots: vec![self.folder.path().join("root.pem")],
            intermediates: Vec::new(),
            on_unknown: OnUnknown::Refuse,
            id_attribute: "serialNumber".to_owned(),
            id_holds: IdHolds::Whole,
            name_attribute: "CN".to_owned(),
            component: None,
        }
    }

    /// A revocation list that names these serial numbers, DER.
    fn list(&self, revoked: &[u64]) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 11, 1),
            next_update: date_time_ymd(2027, 1, 1),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

async fn portal(engine: Engine, cards: &Cards, set: impl FnOnce(&mut Config)) -> Portal {
    let method = cards.method();
    Portal::open_with(engine, |config| {
        config.identity.card.push(method);
        set(config);
    })
    .await
}

/// What the page says is to be signed.
fn challenge(page: &Answered) -> String {
    let rest = page.body.split("<code>").nth(1).unwrap_or_else(|| panic!("nothing to sign: {}", page.body));
    rest.split("</code>").next().unwrap().replace("&#38;", "&")
}

/// Opens the page of an attempt and signs what it says.
async fn signs(browser: &mut Browser<'_>, path: &str, cards: &Cards, by: &[u64], more: &[&str]) -> Answered {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let signed = cards.sign(&challenge(&page), by, more);
    browser.post(path, &[("signed", &signed)]).await
}

/// Shows R74: a signature over the text of this attempt logs its holder in, on both engines, attached or not, once.
#[tokio::test]
async fn a_signature_over_the_text_logs_in_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let cards = Cards::new();
        cards.card(7, "王小明", WANG, |_| ());
        let portal = portal(engine, &cards, |_| ()).await;
        for more in [&[][..], &["-nodetach"], &["-noattr"]] {
            let mut browser = portal.browser();
            let path = begin(&mut browser, "CER").await;
            let back = signs(&mut browser, &path, &cards, &[7], more).await;
            let landed = follow(&mut browser, &back).await;
            assert!(landed.location().starts_with("/login/"), "{} {}", landed.location(), landed.body);
            // Neither the code nor the page serves again.
            let again = browser.get(back.location()).await;
            assert_ne!(again.location(), landed.location(), "{}", again.body);
            assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        portal.office.close().await;
    }
}

/// Shows R74: what does not hold is refused with its reason, and the fifth time ends the attempt.
#[tokio::test]
async fn what_does_not_hold_is_refused_with_its_reason() {
    let cards = Cards::new();
    let other = Cards::new();
    cards.card(1, "王小明", WANG, |_| ());
    cards.card(2, "王小明", WANG, |params| params.not_after = date_time_ymd(2026, 1, 1));
    cards.card(3, "王小明", WANG, |params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    cards.card(4, "王小明", "no id", |_| ());
    other.card(1, "王小明", WANG, |_| ());
    let portal = portal(Engine::Sqlite, &cards, |_| ()).await;
    let mut browser = portal.browser();
    let wrong = async |browser: &mut Browser<'_>, path: &str, signed: &str, why: &str| {
        let refused = browser.post(path, &[("signed", signed)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}: {}", refused.location());
        refused.says(why);
    };
    let path = begin(&mut browser, "CER").await;
    let text = challenge(&browser.get(&path).await);
    wrong(&mut browser, &path, &cards.sign("another text", &[1], &[]), "簽署的不是這一次的文字").await;
    wrong(&mut browser, &path, &cards.sign(&text, &[2], &[]), "已經過期").await;
    wrong(&mut browser, &path, &cards.sign(&text, &[3], &[]), "不是用來簽章的").await;
    wrong(&mut browser, &path, &other.sign(&text, &[1], &[]), "不是平臺接受的憑證機構").await;
    // What cannot be read as a signature at all is no try; what can is the fifth.
    for nothing in ["", "not base64!"] {
        let refused = browser.post(&path, &[("signed", nothing)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{nothing}");
    }
    let garbage = browser.post(&path, &[("signed", "AAAA")]).await;
    assert!(garbage.location().contains("error=login_failed"), "{}", garbage.body);

    let path = begin(&mut browser, "CER").await;
    let text = challenge(&browser.get(&path).await);
    wrong(&mut browser, &path, &cards.sign(&text, &[4], &[]), "不是這個證號的").await;
    wrong(&mut browser, &path, &cards.sign(&text, &[1, 4], &[]), "由一個人簽署").await;
    wrong(&mut browser, &path, &cards.sign(&text, &[1], &["-nocerts"]), "附有憑證").await;
    wrong(&mut browser, &path, &cards.sign(&text, &[1], &["-md", "sha1"]), "演算法太舊").await;
    let fifth = browser.post(&path, &[("signed", &cards.sign("x", &[1], &[]))]).await;
    assert!(fifth.location().contains("error=login_failed"), "{}", fifth.body);
    browser.get(fifth.location()).await.leads_to("/login?next=%2Fabout&fault=failed");
    // A good one comes too late.
    let late = browser.post(&path, &[("signed", &cards.sign(&text, &[1], &[]))]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(portal.record().await.iter().any(|what| what == "identity-refused"));
    portal.office.close().await;
}

/// Shows R74: the page belongs to the browser that opened it first, and the proof to the one that began.
#[tokio::test]
async fn an_attempt_is_its_browsers_alone() {
    let cards = Cards::new();
    cards.card(1, "王小明", WANG, |_| ());
    let portal = portal(Engine::Sqlite, &cards, |_| ()).await;
    let (mut mine, mut theirs) = (portal.browser(), portal.browser());
    let path = begin(&mut mine, "CER").await;
    let text = challenge(&mine.get(&path).await);
    assert_eq!(theirs.get(&path).await.status, StatusCode::FORBIDDEN);
    let file = mine.get(&format!("{path}/challenge.txt")).await;
    assert_eq!((file.status, file.body.as_str()), (StatusCode::OK, text.as_str()));
    assert_eq!(theirs.get(&format!("{path}/challenge.txt")).await.status, StatusCode::FORBIDDEN);
    // With a token of their own, and with none.
    let own = begin(&mut theirs, "CER").await;
    theirs.get(&own).await;
    let signed = cards.sign(&text, &[1], &[]);
    assert_eq!(theirs.post(&path, &[("signed", &signed)]).await.status, StatusCode::FORBIDDEN);
    let before = mine.token.clone();
    assert_ne!(mine.post_with(&path, &[("signed", &signed)], "x").await.status, StatusCode::SEE_OTHER);
    mine.token = before;
    // Somebody who is sent the way back of another logs in nowhere.
    let back = mine.post(&path, &[("signed", &signed)]).await;
    let stolen = theirs.get(back.location()).await;
    assert!(!stolen.location().starts_with("/login/policies"), "{}", stolen.location());

    // Cancelling leads back as a provider does.
    let path = begin(&mut mine, "CER").await;
    mine.get(&path).await;
    let cancelled = mine.post(&format!("{path}/cancel"), &[]).await;
    assert!(cancelled.location().contains("error=access_denied"));
    mine.get(cancelled.location()).await.leads_to("/login?next=%2Fabout&fault=cancelled");
    // And ten minutes are all there are.
    let path = begin(&mut mine, "CER").await;
    mine.get(&path).await;
    portal.office.pass(std::time::Duration::from_secs(601));
    assert_eq!(mine.get(&path).await.status, StatusCode::FORBIDDEN);
    super::super::own::sweep(&portal.office.app).await;
    let left = "SELECT COUNT(*) FROM identity_attempts";
    let rows = portal.office.app.store.db.fetch_all(left, &[]).await.unwrap();
    assert_eq!(rows[0].get_i64(0).unwrap(), 0, "nothing grows");
    portal.office.close().await;
}

/// Shows R74, R131: a card that is revoked is refused; one of which nothing is known as the operator set it.
#[tokio::test]
async fn a_card_that_is_revoked_is_refused() {
    let cards = Cards::new();
    cards.card(1, "王小明", WANG, |_| ());
    cards.card(2, "王小明", WANG, |_| ());
    let list = cards.list(&[2]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/list", listener.local_addr().unwrap());
    let router = Router::new().route("/list", get(|| async move { list }));
    let web = tokio::spawn(async move { axum::serve(listener, router).await });
    let known = |config: &mut Config| {
        config.trust.revocation = Some(RevocationOrder::Crl);
        config.trust.issuers = vec![TrustedIssuer {
            subject: "CN=Card Root,C=TW".to_owned(),
            ocsp: Vec::new(),
            crl: vec![address.parse().unwrap()],
        }];
    };
    let first = portal(Engine::Sqlite, &cards, known).await;
    let mut browser = first.browser();
    let path = begin(&mut browser, "CER").await;
    let refused = signs(&mut browser, &path, &cards, &[2], &[]).await;
    refused.says("已經廢止或停用");
    let good = signs(&mut browser, &path, &cards, &[1], &[]).await;
    assert!(good.location().contains("code="), "{}", good.body);
    first.office.close().await;
    web.abort();

    for (on_unknown, accepted) in [(OnUnknown::Refuse, false), (OnUnknown::AcceptAndFlag, true)] {
        let portal = portal(Engine::Sqlite, &cards, |config| {
            config.trust.revocation = Some(RevocationOrder::Crl);
            config.identity.card[0].on_unknown = on_unknown;
        })
        .await;
        let mut browser = portal.browser();
        let path = begin(&mut browser, "CER").await;
        for _ in 0..6 {
            let answer = signs(&mut browser, &path, &cards, &[1], &[]).await;
            if accepted {
                assert!(answer.location().contains("code="), "{}", answer.body);
                break;
            }
            // However often: it is nobody's fault.
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.location());
            answer.says("不計入次數");
        }
        portal.office.close().await;
    }
}

/// A card that holds the last four digits is whose it was first, by the whole id that was typed.
#[tokio::test]
async fn a_card_with_four_digits_is_its_first_users() {
    let cards = Cards::new();
    cards.card(1, "王小明", "0000-6789", |_| ());
    let portal = portal(Engine::Sqlite, &cards, |config| {
        config.identity.card[0].id_holds = IdHolds::LastFour;
    })
    .await;
    let mut browser = portal.browser();
    let tried = async |browser: &mut Browser<'_>, id: &str| {
        let path = begin(browser, "MOE").await;
        browser.get(&path).await.says("請先輸入證號");
        browser.post(&path, &[("id", "A123")]).await.says("請輸入正確的 10 碼證號");
        browser.post(&path, &[("id", id)]).await.leads_to(&path);
        signs(browser, &path, &cards, &[1], &[]).await
    };
    tried(&mut browser, LIN).await.says("不是這個證號的");
    assert!(tried(&mut browser, WANG).await.location().contains("code="));
    assert!(tried(&mut browser, WANG).await.location().contains("code="));
    // Another whose id ends the same way.
    let same_end = (0..=9).flat_map(|a| (0..=9).map(move |b| format!("C1000{a}{b}6789")[..].to_owned()));
    let same_end = same_end
        .map(|id| format!("{}{}", &id[..4], &id[id.len() - 6..]))
        .find(|id| id.parse::<mydata_wire::PersonalId>().is_ok())
        .unwrap();
    tried(&mut browser, &same_end).await.says("不是這個證號的");
    portal.office.close().await;
}

/// Whoever typed wrong for one person five times is kept from that person, however many attempts they begin.
#[tokio::test]
async fn tries_are_counted_by_person_across_attempts() {
    let cards = Cards::new();
    cards.card(1, "王小明", "9999", |_| ());
    let portal = portal(Engine::Sqlite, &cards, |config| {
        config.identity.card[0].id_holds = IdHolds::LastFour;
    })
    .await;
    let mut browser = portal.browser();
    for round in 0..2 {
        let path = begin(&mut browser, "CER").await;
        browser.get(&path).await;
        browser.post(&path, &[("id", WANG)]).await;
        for _ in 0..3 {
            let answer = signs(&mut browser, &path, &cards, &[1], &[]).await;
            let expected = if answer.body.contains("嘗試次數太多") {
                StatusCode::TOO_MANY_REQUESTS
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            assert_eq!(answer.status, expected);
            if round == 1 && expected == StatusCode::TOO_MANY_REQUESTS {
                return portal.office.close().await;
            }
        }
    }
    panic!("nobody counted");
}

/// The browser comes from the card component without a cookie, and is led on by the page that it owns.
#[tokio::test]
async fn a_component_posts_what_was_signed() {
    let cards = Cards::new();
    cards.card(1, "王小明", WANG, |_| ());
    let portal = portal(Engine::Sqlite, &cards, |config| {
        config.identity.card[0].component = Some("http://localhost:61161/sign".parse().unwrap());
    })
    .await;
    let mut browser = portal.browser();
    let path = begin(&mut browser, "CER").await;
    let page = browser.get(&path).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://localhost:61161;"), "{policy}");
    page.says("action=\"http://localhost:61161/sign\"").says(&b64::standard(challenge(&page).as_bytes()));
    let comes = async |signed: &str, origin: &str| {
        let mut stranger = portal.browser();
        let form =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("signed", signed).finish();
        let request = Request::post(format!("{path}/signed"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", origin)
            .body(Body::from(form))
            .unwrap();
        stranger.send(request).await
    };
    let good = cards.sign(&challenge(&page), &[1], &[]);
    assert_ne!(comes(&good, "https://evil.example").await.status, StatusCode::OK);
    let bad = comes(&cards.sign("x", &[1], &[]), "http://localhost:61161").await;
    assert_eq!(onward(&bad), path);
    browser.get(&path).await.says("簽署的不是這一次的文字");
    let came = comes(&good, "http://localhost:61161").await;
    assert_eq!(onward(&came), path, "who posts it learns no code");
    came.hides("code=");
    let back = browser.get(&path).await;
    let landed = follow(&mut browser, &back).await;
    assert!(landed.location().starts_with("/login/"), "{}", landed.location());
    portal.office.close().await;
}

/// Shows R71: the dataset that takes cards only takes them, and nothing weaker; and 409 when it is another than the service asked for.
#[tokio::test]
async fn an_exchange_by_card_is_for_whom_the_service_expects() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let cards = Cards::new();
        cards.card(1, "王小明", WANG, |_| ());
        let portal = portal(engine, &cards, |_| ()).await;
        for (expected, dataset) in [(WANG, STRICT), (LIN, LENIENT)] {
            let mut browser = portal.browser();
            let id = exchange(&portal, &mut browser, dataset, person(expected)).await;
            if dataset == STRICT {
                let refused = consents(&mut browser, &id, "NHI").await;
                assert_eq!(
                    refused.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "a weaker method is not offered"
                );
            }
            let path = onward(&consents(&mut browser, &id, "CER").await);
            let back = signs(&mut browser, &path, &cards, &[1], &[]).await;
            let landed = follow(&mut browser, &back).await;
            if expected == WANG {
                landed.leads_to(&format!("/exchange/{id}"));
                assert_eq!(state(&portal, &id).await, "authorised CER");
            } else {
                landed.says("code=409");
                assert_eq!(state(&portal, &id).await, "ended");
            }
        }
        portal.office.close().await;
    }
}

/// The office's clock lies inside the cards' time.
#[test]
fn the_cards_are_of_the_clocks_time() {
    assert!(START.to_timestamp().to_string().starts_with("2026-11"));
}
