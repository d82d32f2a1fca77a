//! `mydata audit verify` and `mydata receipt verify`, on a record that is made here and bent here; and the Python of the page.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::audit::receipt::{Receipt, Recipient, Signed, Standing, Who};
use mydata_domain::audit::{Actor, Event, What};
use mydata_store::repo::{audit, audit_chain, audit_roots};
use mydata_store::signing::{Purpose, public_keys, signer};
use mydata_store::{Store, StoreConfig, args};
use mydata_wire::SystemRandom;
use serde_json::{Value, json};

use crate::common::{Place, Ran, text};
use crate::docs::block;

/// 2026-11-20T04:00:00Z.
const START: Time = Time(1_795_147_200_000);
const DAY: Duration = Duration::from_secs(86_400);

/// A folder with a record of three days, forty events each, and what was published of it.
struct Kept {
    place: Place,
    /// The identifier of the event with link 57.
    event: String,
}

fn on<T>(place: &Place, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&StoreConfig::in_folder(place.path("data")), START).await.unwrap();
        let answer = work(&store).await;
        store.close().await;
        answer
    })
}

fn bend(place: &Place, statements: &[&'static str]) {
    on(place, async |store| {
        for statement in statements {
            store.db.execute("by hand", *statement, args![]).await.unwrap();
        }
    });
}

impl Kept {
    fn new() -> Self {
        let place = Place::new();
        let (roots, keys, proof, waiting) = on(&place, async |store| {
            let key = signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap();
            for day in 0..3_u32 {
                let now = START.plus(day * DAY);
                let events: &Vec<Event> = &(0..40)
                    .map(|n| {
                        let event =
                            Event::new(now.plus(Duration::from_secs(n)), Actor::Citizen, What::Confirmed);
                        event.with(json!({ "resources": ["API.Example001"], "note": "戶籍" }))
                    })
                    .collect();
                let append = |tx| async move { audit::append(&tx, &SystemRandom, events).await };
                store.db.run_tx("append", append).await.unwrap();
                audit_chain::seal_all(&store.db, &key, now.plus(DAY)).await.unwrap();
            }
            let roots = audit_roots::of_month(&store.db, "2026-11").await.unwrap();
            let roots: Vec<Value> =
                roots.iter().map(|r| json!({ "day": r.root.day, "jws": r.jws })).collect();
            let keys = public_keys(&store.db, &store.crypter).await.unwrap().to_jwks();
            let row =
                store.db.fetch_one("SELECT id FROM audit_events WHERE seq = 57", args![]).await.unwrap();
            let id = row.get_text(0).unwrap();
            let proof = audit_roots::proof(&store.db, &id).await.unwrap().unwrap();
            (json!({ "roots": roots }), keys, serde_json::to_value(proof).unwrap(), id)
        });
        let kept = Self { place, event: waiting };
        kept.write("roots.json", &roots);
        kept.write("keys.json", &keys);
        kept.write("proof.json", &proof);
        kept
    }

    fn write(&self, name: &str, value: &Value) {
        self.place.write(name, value.to_string());
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.place.path(name)).unwrap()).unwrap()
    }

    fn verify(&self, args: &[&str]) -> Ran {
        self.place.run(&[&["audit", "verify", "--data-dir", "data"], args].concat())
    }
}

const OUTSIDE: &[&str] = &["--roots", "roots.json", "--keys", "keys.json"];

#[test]
fn a_record_that_nobody_bent_holds() {
    let kept = Kept::new();
    for args in [&[] as &[&str], OUTSIDE, &["--keys", "keys.json"], &["--roots", "roots.json"]] {
        let ran = kept.verify(args).ends(0);
        assert!(ran.out.contains("120 links hold, from 1 to 120"), "{}", ran.out);
        assert!(ran.out.contains("3 roots hold and are signed, the last of 2026-11-22"), "{}", ran.out);
        assert!(ran.out.ends_with("the record holds\n"), "{}", ran.out);
    }
    let ran = kept.verify(&["--last", "50"]).ends(0);
    assert!(ran.out.contains("50 links hold, from 71 to 120") && ran.out.contains("1 root"), "{}", ran.out);
    // Roots of several downloads in one file.
    let roots = kept.read("roots.json").to_string();
    kept.place.write("more.json", format!("{roots}\n{roots}\n"));
    kept.verify(&["--roots", "more.json"]).ends(0);
    // Without the key file, as an auditor has it.
    std::fs::rename(kept.place.path("data/keys"), kept.place.path("elsewhere")).unwrap();
    kept.verify(OUTSIDE).ends(0);
    assert!(!kept.place.path("data/keys").exists(), "no keys are made");
}

/// Each kind of bending is found, and its first place named.
#[test]
fn a_record_that_was_bent_is_named() {
    let bends: [(&[&'static str], &str, &str); 6] = [
        (
            &["UPDATE audit_events SET detail = '{}' WHERE seq = 57"],
            "at link 57 (event {} of 2026-11-21T04:00:16Z)",
            "was changed",
        ),
        (&["DELETE FROM audit_events WHERE seq = 56"], "at link 57 (event {}", "link 56 is missing"),
        (
            &[
                "UPDATE audit_events SET seq = 900 WHERE seq = 58",
                "UPDATE audit_events SET seq = 58 WHERE seq = 57",
                "UPDATE audit_events SET seq = 57 WHERE seq = 900",
            ],
            "at link 57",
            "put in, moved or removed",
        ),
        (
            &["INSERT INTO audit_events (id, at, actor, what, seq, link) \
               SELECT 'forged', at, actor, what, 121, link FROM audit_events WHERE seq = 57"],
            "at link 121 (event forged",
            "put in behind its end",
        ),
        (&["DELETE FROM audit_events WHERE seq > 100"], "at link 101", "those after this one were removed"),
        (
            &[
                "DELETE FROM audit_events WHERE seq > 80",
                "DELETE FROM audit_blocks WHERE last_seq > 80",
                "DELETE FROM audit_roots WHERE last_seq > 80",
                "UPDATE audit_chain SET seq = 80, link = (SELECT link FROM audit_events WHERE seq = 80)",
            ],
            "at link 81",
            "the root of 2026-11-22 was kept elsewhere",
        ),
    ];
    for (statements, place, why) in bends {
        let kept = Kept::new();
        bend(&kept.place, statements);
        let ran = kept.verify(OUTSIDE).ends(1);
        let place = place.replace("{}", &kept.event);
        assert!(ran.out.contains(&format!("the record is broken {place}")), "{place}: {}", ran.out);
        assert!(ran.out.contains(why), "{why}: {}", ran.out);
    }
}

#[test]
fn a_proof_holds_without_the_platform() {
    let kept = Kept::new();
    std::fs::remove_dir_all(kept.place.path("data")).unwrap();
    let ran = kept.place.run(&[&["audit", "verify", "--proof", "proof.json"], OUTSIDE].concat()).ends(0);
    assert!(ran.out.contains(&kept.event) && ran.out.contains("link 57"), "{}", ran.out);
    assert!(ran.out.contains("root of 2026-11-21, which is signed with a published key"), "{}", ran.out);
    let proof = |name: &str| kept.place.run(&["audit", "verify", "--proof", name, "--roots", "roots.json"]);
    proof("proof.json").ends(0);
    let (whole, roots) = (kept.read("proof.json"), kept.read("roots.json"));
    let mut changed = whole.clone();
    changed["event"]["what"] = json!("refused");
    kept.write("changed.json", &changed);
    assert!(proof("changed.json").ends(1).out.contains("the event does not give link 57"));
    let mut path = whole.clone();
    path["path"][1] = whole["path"][0].clone();
    kept.write("path.json", &path);
    assert!(proof("path.json").ends(1).out.contains("does not lead to the root"));
    kept.write(
        "waiting.json",
        &json!({ "version": 1, "waiting": "x", "ready_from": "2026-11-21T16:00:10Z" }),
    );
    assert!(proof("waiting.json").ends(1).out.contains("again after 2026-11-21T16:00:10Z"));
    kept.place.write("none.json", "[");
    assert!(proof("none.json").ends(1).err.contains("is not JSON"));
    assert!(kept.place.run(&["audit", "verify", "--proof", "proof.json"]).ends(2).err.contains("--roots"));
    // The root of another platform.
    let foreign = Kept::new();
    foreign.write("mine.json", &whole);
    let ran = foreign.place.run(&[&["audit", "verify", "--proof", "mine.json"], OUTSIDE].concat()).ends(1);
    assert!(ran.out.contains("does not lead to the root"), "{}", ran.out);
    kept.write("keys.json", &foreign.read("keys.json"));
    let ran = kept.place.run(&[&["audit", "verify", "--proof", "proof.json"], OUTSIDE].concat()).ends(1);
    assert!(ran.out.contains("not among the keys"), "{}", ran.out);
    let mut fewer = roots;
    fewer["roots"].as_array_mut().unwrap().remove(1);
    kept.write("roots.json", &fewer);
    assert!(proof("proof.json").ends(1).out.contains("no published root of 2026-11-21"));
}

/// The Python of the page checks the same proof, and refuses what was bent.
#[test]
fn the_python_of_the_page_agrees() {
    let kept = Kept::new();
    kept.place.write("check.py", block("integrators/audit.md", "python"));
    let interpreter = std::env::var("MYDATA_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python = |proof: &str| {
        let mut command = Command::new(&interpreter);
        let command = command.current_dir(kept.place.folder.path()).args([
            "check.py",
            proof,
            "roots.json",
            "keys.json",
        ]);
        Ran::of(&command.output().unwrap())
    };
    assert_eq!(python("proof.json").ends(0).out, "holds, under the root of 2026-11-21\n");
    let mut changed = kept.read("proof.json");
    changed["event"]["detail"] = json!("{}");
    kept.write("changed.json", &changed);
    assert!(python("changed.json").ends(1).err.contains("not under the root"));
}

fn receipt() -> Receipt {
    Receipt {
        version: 1,
        issuer: "https://mydata.example/".to_owned(),
        issued_at: "2026-11-21T04:00:00Z".to_owned(),
        transaction: "00000001-0000-4000-8000-000000000000".to_owned(),
        zone: "test".to_owned(),
        who: Who { name: "王○明".to_owned(), uid: "A12345****".to_owned() },
        recipient: Recipient::Own,
        purpose: None,
        purpose_en: None,
        datasets: Vec::new(),
        verification: Some("CER".to_owned()),
        policies: Vec::new(),
        entered_at: "2026-11-21T03:50:00Z".to_owned(),
        authorised_at: Some("2026-11-21T03:55:00Z".to_owned()),
        confirmed_at: None,
        ended_at: None,
        ending: None,
        standing: Standing::Given,
    }
}

#[test]
fn a_receipt_holds_without_the_platform() {
    let place = Place::new();
    let (jws, keys, other) = on(&place, async |store| {
        let key = signer(&store.db, &store.crypter, Purpose::Receipts, START).await.unwrap();
        let roots = signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap();
        let payload = serde_json::to_vec(&receipt()).unwrap();
        let keys = public_keys(&store.db, &store.crypter).await.unwrap().to_jwks();
        (key.sign(&payload), keys, roots.sign(&payload))
    });
    place.write("keys.json", keys.to_string());
    let write = |name: &str, receipt: Receipt, jws: &str| {
        let signed = Signed { receipt, jws: jws.to_owned() };
        place.write(name, serde_json::to_string(&signed).unwrap());
    };
    let verify = |name: &str| place.run(&["receipt", "verify", name, "--keys", "keys.json"]);
    write("receipt.json", receipt(), &jws);
    let ran = verify("receipt.json").ends(0);
    for said in ["the receipt holds", "given", "王○明 A12345****", "agreed 2026-11-21T03:55:00Z"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    let whole = std::fs::read(place.path("receipt.json")).unwrap();
    place.run_with(&["receipt", "verify", "-", "--keys", "keys.json"], &whole).ends(0);
    write("changed.json", Receipt { standing: Standing::Withdrawn, ..receipt() }, &jws);
    assert!(verify("changed.json").ends(1).out.contains("not what was signed"));
    write("root.json", receipt(), &other);
    assert!(verify("root.json").ends(1).out.contains("mydata-receipt+jws"), "a key of another purpose");
    let (signed, _) = jws.rsplit_once('.').unwrap();
    write("unsigned.json", receipt(), &format!("{signed}."));
    assert!(verify("unsigned.json").ends(1).out.contains("the signature does not hold"));
    place.write("none.json", "{}");
    assert!(verify("none.json").ends(1).err.contains("is not a receipt"));
    place.write("nobody.json", "{\"keys\": []}");
    assert!(
        place
            .run(&["receipt", "verify", "receipt.json", "--keys", "nobody.json"])
            .ends(1)
            .err
            .contains("no key")
    );
}

#[test]
fn what_is_missing_is_said() {
    let place = Place::new();
    let missing: PathBuf = place.path("nothing");
    let keys = on(&place, async |store| {
        signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap();
        public_keys(&store.db, &store.crypter).await.unwrap().to_jwks()
    });
    place.write("keys.json", keys.to_string());
    let ran = place.run(&["audit", "verify", "--data-dir", &text(&missing), "--keys", "keys.json"]).ends(1);
    assert!(ran.err.contains("there is no database") && !missing.exists(), "{}", ran.err);
    let ran = place.run(&["audit", "verify", "--data-dir", &text(&missing)]).ends(1);
    assert!(ran.err.contains("there is no database") && !missing.exists(), "{}", ran.err);
    let ran = place.run(&["audit", "verify", "--data-dir", "data", "--roots", "missing.json"]).ends(1);
    assert!(ran.err.contains("missing.json cannot be read"), "{}", ran.err);
    place.run(&["audit", "verify", "--data-dir", "data", "--last", "0"]).ends(2);
}
