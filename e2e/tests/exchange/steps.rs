//! A citizen's single steps, for tests that stop between them.

use std::time::Duration;

use mydata_e2e::country::{Country, client};
use mydata_sandbox::citizen::html::{Field, Kind};
use mydata_sandbox::citizen::{Citizen, Page};
use mydata_sandbox::sp::{Case, Sp};
use serde_json::Value;
use url::Url;

/// A citizen on the way.
pub struct Walk {
    pub citizen: Citizen,
    pub page: Page,
}

impl Walk {
    /// Opens the entry URL of a case.
    pub async fn enter(entry_url: &str) -> Self {
        let mut citizen = Citizen::new(client().unwrap());
        let page = citizen.get(entry_url).await.unwrap();
        Self { citizen, page }
    }

    /// Ticks the terms and chooses 自然人憑證; ends at the identity provider.
    pub async fn choose_method(&mut self) {
        let form = self
            .page
            .reading
            .form("authorise")
            .unwrap_or_else(|| panic!("no form: {}", self.page.html))
            .clone();
        let fill = |field: &Field| match field.kind {
            Kind::Radio => (field.value == "CER").then(|| field.value.clone()),
            _ => Some(field.value.clone()),
        };
        self.page = self.citizen.submit(&self.page, &form, form.buttons.first(), fill).await.unwrap();
    }

    /// Signs in; ends on the page of ③.
    pub async fn sign_in(&mut self, persona: &str) {
        let form = self
            .page
            .reading
            .form("persona")
            .unwrap_or_else(|| panic!("no personas: {}", self.page.html))
            .clone();
        let button = form.buttons.iter().find(|(_, value)| value == persona).unwrap().clone();
        self.page =
            self.citizen.submit(&self.page, &form, Some(&button), |f| Some(f.value.clone())).await.unwrap();
    }

    /// From the entry to the page of ③.
    pub async fn to_confirm(entry_url: &str, persona: &str) -> Self {
        let mut walk = Self::enter(entry_url).await;
        walk.choose_method().await;
        walk.sign_in(persona).await;
        walk
    }

    /// Loads the page again until `done`; panics after half a minute.
    pub async fn reload_until(&mut self, done: impl Fn(&Page) -> bool) {
        for _ in 0..300 {
            if done(&self.page) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.reload().await;
        }
        panic!("the page never came to it: {}", self.page.html);
    }

    /// Loads the page again.
    pub async fn reload(&mut self) {
        let url = self.page.url.clone();
        self.page = self.citizen.get(url.as_str()).await.unwrap();
    }

    /// Presses the button of a form.
    pub async fn press(&mut self, purpose: &str) -> Result<(), mydata_sandbox::citizen::CitizenError> {
        let form = self
            .page
            .reading
            .form(purpose)
            .unwrap_or_else(|| panic!("no {purpose}: {}", self.page.html))
            .clone();
        self.page =
            self.citizen.submit(&self.page, &form, form.buttons.first(), |f| Some(f.value.clone())).await?;
        Ok(())
    }
}

/// Whether nothing is on its way any more.
pub fn settled(page: &Page) -> bool {
    page.reading.refresh.is_none()
}

/// Waits until the SP has what will come.
pub async fn outcome(sp: &Sp, case: &Case) -> Case {
    let case = sp.wait_for(&case.tx_id, Duration::from_secs(60), |c| c.outcome.is_some()).await.unwrap();
    assert!(case.outcome.is_some(), "the SP got nothing: notified {}", case.notification.is_some());
    case
}

/// Times short enough for tests; what is tested is what follows from them, not how long they are.
pub fn quick(config: &mut Value) {
    config["policy"] = serde_json::json!({
        "dp_retry": [0.2, 0.4, 0.6, 0.8],
        "dp_default_wait": 1.0,
        "dp_first_byte": 3.0,
        "dp_idle": 2.0,
        "sp_connect": 1.0,
        "sp_answer": 2.0,
        "sp_retry": [0.2, 0.4, 0.8, 1.0, 1.0],
        "sp_retry_later": 1.0,
        "sp_default_wait": 1.0,
    });
    config["jobs"] = serde_json::json!({ "lease": 2.0 });
}

/// The bodies of the SP-API calls of a case, in order.
pub fn notifications(sp: &Sp, case: &Case) -> Vec<Value> {
    let tx_id = case.tx_id.to_string();
    let bodies =
        sp.notifications().calls().into_iter().filter_map(|c| serde_json::from_slice::<Value>(&c.body).ok());
    bodies.filter(|body| body["tx_id"] == tx_id.as_str()).collect()
}

/// How a partner call was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub retry_after: Option<String>,
    pub etag: Option<String>,
    pub code: String,
    pub text: String,
    pub body: Vec<u8>,
}

/// Calls a partner API of the platform with one header.
pub async fn call(country: &Country, path: &str, header: Option<(&str, &str)>) -> Answer {
    call_with(country, path, &header.into_iter().collect::<Vec<_>>()).await
}

/// Calls a partner API of the platform with these headers.
pub async fn call_with(country: &Country, path: &str, headers: &[(&str, &str)]) -> Answer {
    call_at(country.platform.url(path), headers).await
}

/// [`call_with`], wherever it is.
pub async fn call_at(url: Url, headers: &[(&str, &str)]) -> Answer {
    let mut request = client().unwrap().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let (kind, retry_after, etag) =
        (header("content-type").unwrap_or_default(), header("retry-after"), header("etag"));
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap().to_vec();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    Answer {
        status,
        kind,
        retry_after,
        etag,
        code: problem["code"].as_str().unwrap_or_default().to_owned(),
        text: problem["detail"].as_str().unwrap_or_default().to_owned(),
        body,
    }
}
