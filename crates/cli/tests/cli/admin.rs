//! `mydata admin`: what it prints, and what it refuses. With a running platform: `e2e/tests/backoffice`.

use crate::common::{Place, registry};

const SANDBOX: &str = "base_url = \"https://mydata.example\"\n";

fn place() -> Place {
    let place = Place::new();
    place.write("mydata.toml", SANDBOX);
    let file = place.write("registry.toml", registry(|_| ()));
    place.run(&["registry", "apply", &file]).ends(0);
    place
}

const ROOT: &[&str] =
    &["admin", "add", "--role", "administrator", "--account", "Root.One", "--mail", "root@mydata.example"];

#[test]
fn an_account_is_opened_with_a_link_that_is_shown_once() {
    let place = place();
    let ran = place.run(ROOT).ends(0);
    let link = ran.out.trim_end();
    let secret = link.strip_prefix("https://mydata.example/mydata-backend/password?link=").unwrap();
    assert_eq!((secret.len(), ran.out.lines().count()), (43, 1), "{}", ran.out);
    assert!(ran.err.contains("root.one") && ran.err.contains("once"), "{}", ran.err);
    assert!(!ran.err.contains(secret));

    let again = place.run(ROOT).ends(1).hides(secret);
    assert!(again.err.contains("there is an account root.one already"), "{}", again.err);
    let list = place.run(&["admin", "list"]).ends(0).hides(secret).hides("root@mydata.example");
    assert!(list.out.contains("root.one") && list.out.contains("invited") && list.out.contains("never"));
    let reset = place.run(&["admin", "reset", "root.one"]).ends(0).hides(secret);
    assert!(reset.out.contains("/mydata-backend/password?link="), "another link");
    let database = std::fs::read(place.path("data/mydata.db")).unwrap();
    let holds = |text: &str| database.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        !holds(secret) && !holds("root@mydata.example"),
        "neither secret nor address lies there in the clear"
    );
}

#[test]
fn accounts_are_listed_locked_and_given_roles() {
    let place = place();
    let deputy =
        ["admin", "add", "--role", "deputy", "--account", "jenny", "--organisation", "example-office"];
    place.run(&[&deputy[..], &["--mail", "jenny@office.example", "--name", "陳示華"]].concat()).ends(0);
    place.run(ROOT).ends(0);
    let listed = |args: &[&str]| place.run(&[&["admin", "list", "--json"], args].concat()).ends(0).json();
    let all = listed(&[]);
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(
        listed(&["--role", "deputy"]),
        serde_json::json!([{
            "account": "jenny", "role": "deputy", "organisation": "example-office",
            "state": "invited", "locked": false, "signed_in_at": null,
        }])
    );
    place.run(&["admin", "lock", "jenny"]).ends(0);
    assert_eq!(listed(&["--role", "deputy"])[0]["locked"], true);
    place.run(&["admin", "lock", "jenny"]).ends(0);
    place.run(&["admin", "unlock", "jenny"]).ends(0);
    assert_eq!(listed(&["--role", "deputy"])[0]["locked"], false);
    place.run(&["admin", "role", "jenny", "operator"]).ends(0);
    assert_eq!(listed(&["--role", "operator"])[0]["organisation"], serde_json::Value::Null);
    place.run(&["admin", "role", "jenny", "applicant", "--organisation", "example-office"]).ends(0);
    assert!(listed(&["--role", "operator"]).as_array().unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused_with_the_way_out() {
    let place = place();
    let add = |args: &[&str]| {
        place.run(&[&["admin", "add", "--mail", "a@office.example", "--account"], args].concat())
    };
    for (args, code, says) in [
        (&["jenny", "--role", "king"][..], 2, "a role is applicant, deputy"),
        (&["1", "--role", "operator"], 2, "3 to 40 of a-z"),
        (&["jenny", "--role", "deputy"], 1, "name it with --organisation"),
        (&["jenny", "--role", "operator", "--organisation", "example-office"], 1, "leave --organisation out"),
        (&["jenny", "--role", "deputy", "--organisation", "nowhere"], 1, "there is no organisation nowhere"),
        (&["jenny", "--role", "operator", "--name", "a\nb"], 2, "--name: control characters"),
    ] {
        let ran = add(args).ends(code);
        assert!(ran.err.contains(says) && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
    let ran =
        place.run(&["admin", "add", "--account", "jenny", "--role", "operator", "--mail", "a b"]).ends(2);
    assert!(ran.err.contains("--mail: it is no mail address"), "{}", ran.err);
    for command in
        [&["lock", "nobody"][..], &["unlock", "nobody"], &["reset", "nobody"], &["role", "nobody", "auditor"]]
    {
        let ran = place.run(&[&["admin"], command].concat()).ends(1);
        assert!(ran.err.contains("there is no account nobody; `mydata admin list`"), "{}", ran.err);
    }
    assert!(place.run(&["admin", "list"]).ends(0).out.is_empty(), "nothing was opened");
}
