//! A citizen with a real browser: bank → consent → login → what came → back at the bank, on a desktop and on a phone, in
//! both languages, with and without JavaScript, every page free of axe-core violations.

use std::time::Duration;

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::Country;
use mydata_e2e::database::Engine;

use crate::steps::quick;

/// Free of violations; axe-core is itself a script, so without scripts there is nobody to ask.
async fn accessible(browser: &Browser, look: &Look) {
    if look.javascript {
        assert_accessible(browser).await.unwrap();
    }
}

async fn walks(look: Look) {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let english = look.language.starts_with("en");
    let at = country.sandbox.addresses();

    browser.goto(at.bank.as_str()).await.unwrap();
    accessible(&browser, &look).await;
    browser.click("form[data-form=apply] button").await.unwrap();

    // ① and ②: nothing ticked, nothing chosen – the page says so by the field.
    browser.wait_for("form[data-form=authorise]").await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    let purpose = if english { "account" } else { "線上開戶身分與財力審核" };
    assert!(text.contains(purpose), "{text}");
    browser.click("form[data-form=authorise] button.primary").await.unwrap();
    browser.wait_for("[aria-invalid=true], .summary, [role=alert]").await.unwrap();
    accessible(&browser, &look).await;
    browser.click("input[name=terms]").await.unwrap();
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form[data-form=authorise] button.primary").await.unwrap();

    // The identity provider.
    browser.wait_for("button[value=wang-xiaoming]").await.unwrap();
    accessible(&browser, &look).await;
    browser.click("button[value=wang-xiaoming]").await.unwrap();

    // ③: what came can be looked at before anything is sent.
    browser.wait_for_within("a[href*='/preview/']", Duration::from_secs(60)).await.unwrap();
    accessible(&browser, &look).await;
    let text = browser.text().await.unwrap();
    assert!(text.contains("王○明"), "the name is masked: {text}");
    browser.click("a[href*='/preview/']").await.unwrap();
    browser.wait_for("main table, main dl").await.unwrap();
    accessible(&browser, &look).await;
    browser.back().await.unwrap();
    browser.wait_for("form[data-form=confirm]").await.unwrap();
    browser.click("form[data-form=confirm] button").await.unwrap();

    // Back at the bank, which shows what it received.
    for _ in 0..120 {
        let url = browser.current_url().await.unwrap();
        // Between two pages there is no body to read.
        let text = browser.text().await.unwrap_or_default();
        if url.as_str().starts_with(at.bank.as_str()) && text.contains("王大明") {
            accessible(&browser, &look).await;
            browser.close().await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the bank never showed the data: {}", browser.text().await.unwrap());
}

/// Shows R69, R70, R71, R72, R73, R74, R75, R76, R77, R83.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop() {
    walks(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone() {
    walks(Look::phone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_without_javascript() {
    walks(Look { javascript: false, ..Look::phone() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_english() {
    walks(Look { language: "en", ..Look::default() }).await;
}

/// A small web server on an address of its own: what it answers is a redirect, or a document.
async fn elsewhere(router: axum::Router) -> url::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A service may send the citizen on to another address after the return, and an identity provider may have its login
/// on another address than its issuer. Chromium holds redirects after a form against the policy of the form's page; so
/// the platform answers with a page that leads on. Shows R74, R76.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_parties_may_send_the_browser_on() {
    use axum::response::{Html, Redirect};
    use axum::routing::get;

    let end =
        elsewhere(axum::Router::new().route("/end", get(|| async { Html("<p id=arrived>arrived</p>") })))
            .await;
    let to = end.join("end").unwrap().to_string();
    let hop = elsewhere(axum::Router::new().route(
        "/back",
        get(move |uri: axum::http::Uri| async move {
            Redirect::to(&format!("{to}?{}", uri.query().unwrap_or_default()))
        }),
    ))
    .await;
    let back = hop.join("back").unwrap().to_string();
    let country = Country::start_registered(Engine::Sqlite, quick, |sandbox| {
        let mut registry: toml::Table = sandbox.registry_toml().parse()?;
        let bank = sandbox.bank().facts().service.client_id.to_string();
        for service in registry["service"].as_array_mut().into_iter().flatten() {
            if service["client_id"].as_str() == Some(&bank) {
                service["return_urls"] = vec![back.clone()].into();
            }
        }
        Ok(toml::to_string(&registry)?)
    })
    .await
    .unwrap();
    let browser = Browser::start(&Look::default()).await.unwrap();
    for decision in ["confirm", "refuse"] {
        let case = country.sandbox.bank().open_case("王小明", None, "test");
        let mut entry = url::Url::parse(&case.entry_url).unwrap();
        let pairs: Vec<(String, String)> = entry
            .query_pairs()
            .map(|(k, v)| (k.to_string(), if k == "returnUrl" { back.clone() } else { v.to_string() }))
            .collect();
        entry.query_pairs_mut().clear().extend_pairs(pairs);
        browser.goto(entry.as_str()).await.unwrap();
        browser.click("input[name=terms]").await.unwrap();
        browser.click("input[name=method][value=CER]").await.unwrap();
        browser.click("form[data-form=authorise] button.primary").await.unwrap();
        browser.click("button[value=wang-xiaoming]").await.unwrap();
        browser.click(&format!("form[data-form={decision}] button")).await.unwrap();
        browser.wait_for("#arrived").await.unwrap();
        let url = browser.current_url().await.unwrap();
        assert!(url.as_str().starts_with(end.as_str()), "{decision}: {url}");
        assert!(url.query().unwrap().contains(&case.tx_id.to_string()), "{decision}: {url}");
    }
    browser.close().await.unwrap();
}

/// See above: the identity provider's login is two addresses away from its issuer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_may_lie_elsewhere_than_its_issuer() {
    use axum::Json;
    use axum::response::Redirect;
    use axum::routing::get;

    // Where the sandbox's provider is, is known only after the sandbox has started.
    let provider = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let (at_login, at_issuer) = (provider.clone(), provider.clone());
    let login = elsewhere(axum::Router::new().route(
        "/login",
        get(move |uri: axum::http::Uri| async move {
            let real = at_login.get().cloned().unwrap_or_default();
            Redirect::to(&format!("{real}authorize?{}", uri.query().unwrap_or_default()))
        }),
    ))
    .await;
    let login = login.join("login").unwrap().to_string();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}/", listener.local_addr().unwrap());
    let named = issuer.clone();
    let discovery = axum::Router::new().route(
        "/.well-known/openid-configuration",
        get(move || async move {
            let real = at_issuer.get().cloned().unwrap_or_default();
            let mut document: serde_json::Value =
                reqwest::get(format!("{real}.well-known/openid-configuration"))
                    .await
                    .unwrap()
                    .json()
                    .await
                    .unwrap();
            document["issuer"] = named.into();
            document["authorization_endpoint"] = login.into();
            Json(document)
        }),
    );
    tokio::spawn(async move { axum::serve(listener, discovery).await });
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        let real = config["identity"]["oidc"][0]["issuer"].as_str().unwrap_or_default();
        let _ = provider.set(format!("{}/", real.trim_end_matches('/')));
        config["identity"]["oidc"][0]["issuer"] = issuer.clone().into();
    })
    .await
    .unwrap();
    let browser = Browser::start(&Look { javascript: false, ..Look::default() }).await.unwrap();
    let case = country.sandbox.bank().open_case("王小明", None, "test");
    browser.goto(&case.entry_url).await.unwrap();
    browser.click("input[name=terms]").await.unwrap();
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form[data-form=authorise] button.primary").await.unwrap();
    browser.wait_for("button[value=wang-xiaoming]").await.unwrap();
    browser.close().await.unwrap();
}

/// What is typed survives another language and another text size, with and without JavaScript.
async fn keeps_what_is_typed(look: Look) {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let case = country.sandbox.bank().open_case("王小明", None, "test");
    browser.goto(&case.entry_url).await.unwrap();
    let year = "input[name$='.INQ_YR']";
    browser.fill(year, "109").await.unwrap();
    browser.click("input[name=terms]").await.unwrap();
    browser.click("input[name=method][value=CER]").await.unwrap();
    for (button, then) in
        [("button[name=lang]", "html[lang=en]"), ("button[name=size][value=l]", "html.size-l[lang=en]")]
    {
        browser.click(button).await.unwrap();
        browser.wait_for(then).await.unwrap();
        let typed = browser.wait_for(year).await.unwrap();
        assert_eq!(typed.value().await.unwrap().as_deref(), Some("109"), "{button}");
        for chosen in ["input[name=terms]:checked", "input[name=method][value=CER]:checked"] {
            browser.wait_for(chosen).await.unwrap();
        }
        accessible(&browser, &look).await;
    }
    // The form is still one that can be sent.
    browser.click("form[data-form=authorise] button.primary").await.unwrap();
    browser.wait_for("button[value=wang-xiaoming]").await.unwrap();
    browser.close().await.unwrap();
}

/// Shows R60.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_survives_the_buttons_of_the_frame() {
    keeps_what_is_typed(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_survives_them_without_javascript() {
    keeps_what_is_typed(Look { javascript: false, ..Look::default() }).await;
}

/// A page that is left alone ends by itself, by its script or without one, and says so.
async fn ends_by_itself(look: Look) {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["session_idle"] = serde_json::json!(6.0);
        config["policy"]["dp_first_byte"] = serde_json::json!(60.0);
    })
    .await
    .unwrap();
    let browser = Browser::start(&look).await.unwrap();
    let sp = country.sandbox.lab().service(mydata_sandbox::lab::LabService::Faults);
    let hang = mydata_sandbox::dp::faults::Fault::Hang;
    let case = sp.open_case_for(&[hang.id()], "王小明", None, "test");
    browser.goto(&case.entry_url).await.unwrap();
    browser.click("input[name=terms]").await.unwrap();
    browser.click("input[name=method][value=CER]").await.unwrap();
    browser.click("form[data-form=authorise] button.primary").await.unwrap();
    browser.click("button[value=wang-xiaoming]").await.unwrap();
    browser.wait_for("form[data-form=confirm]").await.unwrap();
    browser.wait_for_within("section.end", Duration::from_secs(25)).await.unwrap();
    let text = browser.text().await.unwrap();
    assert!(text.contains("408"), "{text}");
    accessible(&browser, &look).await;
    if look.javascript {
        let url = browser.current_url().await.unwrap();
        assert_eq!(url.query(), None, "the address is put right again");
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_left_alone_ends_by_itself() {
    ends_by_itself(Look::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_left_alone_ends_without_javascript_too() {
    ends_by_itself(Look { javascript: false, ..Look::default() }).await;
}
