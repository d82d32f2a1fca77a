//! The back office of the demo: everybody that is listed at its start is there.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use mydata_domain::account::Role;
use mydata_domain::item::StageName;
use mydata_sandbox::authenticator;

use crate::common::{Place, Running};

/// The value of the form token on a page.
fn token(page: &str) -> String {
    let rest = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_back_office_has_every_stage_and_every_role() {
    let place = Place::new();
    let mut command = place.mydata(&["demo", "--port", "0"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let said: Vec<String> =
        lines.by_ref().take_while(|line| !line.trim_start().starts_with("Personas")).collect();
    std::thread::spawn(move || lines.for_each(drop));
    let after = |word: &str| {
        let line = said.iter().find(|line| line.trim_start().starts_with(word));
        line.unwrap_or_else(|| panic!("{word} is not said: {said:#?}")).trim()[word.len()..].trim().to_owned()
    };
    for stage in StageName::ALL {
        assert!(after(&format!("{stage} ")).ends_with(stage.zh()), "{stage}");
    }
    for role in Role::ALL {
        after(role.as_str());
    }

    // Staff sign in with the password that is said and a code of the authenticator.
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let office = after("Back office");
    assert!(office.starts_with("http://localhost:"), "browsers give passkeys to names only: {office}");
    let mut cookie = String::new();
    let mut send = async |path: &str, form: Option<&[(&str, &str)]>, page: &str| {
        let url = format!("{office}{path}");
        let mut request = match form {
            Some(fields) => {
                let token = token(page);
                let mut all = vec![("form_token", token.as_str())];
                all.extend(fields);
                http.post(url).form(&all)
            }
            None => http.get(url),
        };
        if !cookie.is_empty() {
            request = request.header("cookie", &cookie);
        }
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            if pair.starts_with("mydata_backend=") || pair.contains("mydata_backend") {
                pair.clone_into(&mut cookie);
            }
        }
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let password = after("password of every account:");
    let (_, page) = send("/signin", None, "").await;
    let (status, _) = send("/signin", Some(&[("account", "operator"), ("password", &password)]), &page).await;
    assert_eq!(status, 303);
    let (_, page) = send("/second-factor", None, "").await;
    let (code, _) = authenticator::code(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    let (status, _) = send("/second-factor", Some(&[("code", &code)]), &page).await;
    assert_eq!(status, 303);
    let (status, reviews) = send("/reviews", None, "").await;
    assert_eq!(status, 200);
    assert!(reviews.contains("示範氣象證明") && reviews.contains("示範博物館"), "{reviews}");
    drop(running);
}
