//! A scripted citizen: a browser without JavaScript that walks from a service provider through the platform and back.
//!
//! It knows pages by their forms only (`data-form`, or the last segment of `action`), so that their look may change.

pub mod html;

use std::collections::HashMap;
use std::time::Duration;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use mydata_wire::Verification;
use tokio::time::{Instant, sleep};
use url::{Url, form_urlencoded};

use crate::personas::Persona;
use html::{Form, Kind, Reading};

/// Redirects in a row.
const MAX_REDIRECTS: usize = 20;
/// Largest page that is read.
const MAX_PAGE: usize = 4 << 20;

/// What stopped the citizen. No personal data in it.
#[derive(Debug, thiserror::Error)]
pub enum CitizenError {
    /// A page could not be fetched.
    #[error("cannot fetch a page: {0}")]
    Http(#[from] reqwest::Error),
    /// A redirect or link that leads nowhere.
    #[error("a redirect or link leads nowhere: {0}")]
    Address(String),
    /// Redirects without end.
    #[error("more than {MAX_REDIRECTS} redirects in a row")]
    Circle,
    /// A page that is too large.
    #[error("a page is larger than 4 MiB")]
    TooLarge,
    /// A form lacks what is needed.
    #[error("the page “{title}” {lacks}")]
    Page {
        /// Its title.
        title: String,
        /// What it lacks.
        lacks: String,
    },
    /// The time is over.
    #[error("not at the end after {0:?}; the last page was “{1}”")]
    Late(Duration, String),
}

/// What the citizen decides on the confirmation page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Confirms at once, whatever has arrived.
    ConfirmAtOnce,
    /// Waits until everything has come to an end, then confirms.
    ConfirmWhenDone,
    /// Waits until everything has come to an end, then refuses.
    RefuseWhenDone,
    /// Refuses on the first page, before signing in.
    RefuseBeforeLogin,
    /// Cancels at the identity provider.
    CancelLogin,
}

/// What the citizen is going to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom to sign in as.
    pub persona: &'static Persona,
    /// How.
    pub method: Verification,
    /// What to decide.
    pub decision: Decision,
    /// Values for fields that the page leaves empty, by name.
    pub parameters: Vec<(String, String)>,
    /// When to give up.
    pub patience: Duration,
}

impl Plan {
    /// Signs in as `persona` and confirms when everything has arrived.
    pub fn new(persona: &'static Persona, method: Verification) -> Self {
        Self {
            persona,
            method,
            decision: Decision::ConfirmWhenDone,
            parameters: Vec::new(),
            patience: Duration::from_secs(60),
        }
    }

    /// Another decision.
    #[must_use]
    pub fn decide(mut self, decision: Decision) -> Self {
        self.decision = decision;
        self
    }
}

/// A page as the citizen has it before them.
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Its status.
    pub status: u16,
    /// Its source.
    pub html: String,
    /// What can be done on it.
    pub reading: Reading,
    /// Every address on the way here, redirects included.
    pub trail: Vec<Url>,
}

/// Where a walk ended.
pub enum End {
    /// Back at the service provider.
    Returned {
        /// The whole return URL.
        url: Url,
        /// What the SP showed.
        page: Page,
    },
    /// On a page that leads nowhere.
    DeadEnd(Page),
}

/// A browser.
pub struct Citizen {
    http: reqwest::Client,
    /// By host, then path prefix and name. As in browsers, ports share cookies.
    cookies: HashMap<(String, String, String), String>,
}

impl Citizen {
    /// A browser without cookies. `http` must not follow redirects by itself.
    pub fn new(http: reqwest::Client) -> Self {
        Self { http, cookies: HashMap::new() }
    }

    /// Fetches a page, following redirects.
    pub async fn get(&mut self, url: &str) -> Result<Page, CitizenError> {
        let url = Url::parse(url).map_err(|_| CitizenError::Address(url.to_owned()))?;
        self.fetch(url, None).await
    }

    /// Fills a form and sends it. Fields are sent as the page has them unless `fill` says otherwise.
    pub async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        button: Option<&(String, String)>,
        fill: impl Fn(&html::Field) -> Option<String>,
    ) -> Result<Page, CitizenError> {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for field in &form.fields {
            if let Some(value) = fill(field) {
                pairs.append_pair(&field.name, &value);
            }
        }
        if let Some((name, value)) = button.filter(|(name, _)| !name.is_empty()) {
            pairs.append_pair(name, value);
        }
        let body = pairs.finish();
        let mut url = join(&page.url, &form.action)?;
        if form.post {
            return self.fetch(url, Some(body)).await;
        }
        url.set_query(Some(&body));
        self.fetch(url, None).await
    }

    async fn fetch(&mut self, mut url: Url, mut body: Option<String>) -> Result<Page, CitizenError> {
        let mut trail = Vec::new();
        for _ in 0..MAX_REDIRECTS {
            trail.push(url.clone());
            let mut request = match body.take() {
                Some(body) => self
                    .http
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header("Origin", url.origin().ascii_serialization())
                    .header("Sec-Fetch-Site", "same-origin")
                    .body(body),
                None => self.http.get(url.clone()),
            };
            request = request.header(ACCEPT_LANGUAGE, "zh-TW");
            let cookies = self.cookies_for(&url);
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies);
            }
            let mut answer = request.send().await?;
            self.keep_cookies(&url, &answer);
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            if let (true, Some(location)) = (answer.status().is_redirection(), location) {
                url = join(&url, location)?;
                continue;
            }
            let status = answer.status().as_u16();
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if bytes.len() + chunk.len() > MAX_PAGE {
                    return Err(CitizenError::TooLarge);
                }
                bytes.extend_from_slice(&chunk);
            }
            let html = String::from_utf8_lossy(&bytes).into_owned();
            let reading = html::read(&html);
            // A page that goes on at once is to a browser what a redirect is.
            if let Some((0, Some(next))) = &reading.refresh {
                url = join(&url, next)?;
                continue;
            }
            return Ok(Page { url, status, html, reading, trail });
        }
        Err(CitizenError::Circle)
    }

    /// The `Cookie` header that goes to an address; empty when there is none.
    pub fn cookies_for(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        self.cookies
            .iter()
            .filter(|((h, path, _), _)| h == host && url.path().starts_with(path.as_str()))
            .map(|((_, _, name), value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&mut self, url: &Url, answer: &reqwest::Response) {
        let host = url.host_str().unwrap_or_default();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let Ok(cookie) = cookie.to_str() else { continue };
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let (mut path, mut over) = ("/".to_owned(), false);
            for (attribute, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
                match attribute.to_ascii_lowercase().as_str() {
                    "path" if value.starts_with('/') => value.clone_into(&mut path),
                    "max-age" => over = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                    _ => {}
                }
            }
            let key = (host.to_owned(), path, name.to_owned());
            if over {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }

    /// Walks on from `page` as `plan` says, until back at `home` (a return URL without query) or at a dead end.
    pub async fn walk(&mut self, page: Page, home: &str, plan: &Plan) -> Result<End, CitizenError> {
        let until = Instant::now() + plan.patience;
        let mut page = page;
        let mut authorised = false;
        loop {
            if let Some(url) = page.trail.iter().find(|url| is_home(url, home)) {
                return Ok(End::Returned { url: url.clone(), page });
            }
            if Instant::now() > until {
                return Err(CitizenError::Late(plan.patience, page.reading.title));
            }
            page = match self.step(&page, home, plan, &mut authorised).await? {
                Some(next) => next,
                None => return Ok(End::DeadEnd(page)),
            };
        }
    }

    /// One step; `None` when the page offers none.
    async fn step(
        &mut self,
        page: &Page,
        home: &str,
        plan: &Plan,
        authorised: &mut bool,
    ) -> Result<Option<Page>, CitizenError> {
        let reading = &page.reading;
        if let Some(form) = reading.form("persona") {
            return self.sign_in(page, form, plan).await.map(Some);
        }
        if let Some(form) = reading.form("authorise") {
            if plan.decision == Decision::RefuseBeforeLogin {
                return self.press(page, "refuse").await.map(Some);
            }
            if std::mem::replace(authorised, true) {
                return Err(lacks(page, "came back: it did not accept how its form was filled"));
            }
            return self.authorise(page, form, plan).await.map(Some);
        }
        if reading.form("confirm").is_some() {
            let running = reading.refresh.is_some();
            let purpose = match plan.decision {
                Decision::ConfirmWhenDone | Decision::RefuseWhenDone if running => {
                    sleep(Duration::from_millis(200)).await;
                    return self.fetch(page.url.clone(), None).await.map(Some);
                }
                Decision::ConfirmAtOnce | Decision::ConfirmWhenDone => "confirm",
                _ => "refuse",
            };
            return self.press(page, purpose).await.map(Some);
        }
        if let Some((seconds, next)) = &reading.refresh {
            sleep(Duration::from_secs(*seconds).min(Duration::from_millis(500))).await;
            let url = next.as_deref().map_or(Ok(page.url.clone()), |next| join(&page.url, next))?;
            return self.fetch(url, None).await.map(Some);
        }
        // A page that says why it ends here, with the way back.
        for link in &reading.links {
            if let Ok(url) = join(&page.url, link)
                && (is_home(&url, home) || url.path().ends_with("/return"))
            {
                return self.fetch(url, None).await.map(Some);
            }
        }
        match reading.forms.iter().find(|form| form.post && form.purpose == "refuse") {
            Some(form) => self.submit(page, form, form.buttons.first(), as_it_is).await.map(Some),
            None => Ok(None),
        }
    }

    async fn sign_in(&mut self, page: &Page, form: &Form, plan: &Plan) -> Result<Page, CitizenError> {
        if plan.decision == Decision::CancelLogin {
            return self.press(page, "cancel").await;
        }
        let button = form
            .buttons
            .iter()
            .find(|(_, value)| value == plan.persona.key)
            .ok_or_else(|| lacks(page, "does not offer this person for this method"))?;
        self.submit(page, form, Some(button), as_it_is).await
    }

    async fn authorise(&mut self, page: &Page, form: &Form, plan: &Plan) -> Result<Page, CitizenError> {
        let code = plan.method.code();
        if !form.fields.iter().any(|f| f.kind == Kind::Radio && f.name == "method" && f.value == code) {
            return Err(lacks(page, &format!("does not offer {code}")));
        }
        let given = |name: &str| plan.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let fill = |field: &html::Field| match field.kind {
            Kind::Hidden | Kind::Select => Some(field.value.clone()),
            Kind::Checkbox => Some(field.value.clone()),
            Kind::Radio => {
                (field.name != "method" && field.checked || field.value == code).then(|| field.value.clone())
            }
            Kind::Typed => Some(given(&field.name).unwrap_or_else(|| field.value.clone())),
        };
        let empty = form.fields.iter().find(|field| {
            field.kind == Kind::Typed && field.required && fill(field).is_some_and(|value| value.is_empty())
        });
        if let Some(field) = empty {
            return Err(lacks(
                page,
                &format!("leaves {} empty and the plan has no value for it", field.name),
            ));
        }
        self.submit(page, form, form.buttons.first(), fill).await
    }

    /// Sends the form for `purpose` as it is.
    async fn press(&mut self, page: &Page, purpose: &str) -> Result<Page, CitizenError> {
        let form =
            page.reading.form(purpose).ok_or_else(|| lacks(page, &format!("has no form for {purpose}")))?;
        self.submit(page, form, form.buttons.first(), as_it_is).await
    }
}

fn lacks(page: &Page, lacks: &str) -> CitizenError {
    CitizenError::Page { title: page.reading.title.clone(), lacks: lacks.to_owned() }
}

fn as_it_is(field: &html::Field) -> Option<String> {
    match field.kind {
        Kind::Checkbox | Kind::Radio if !field.checked => None,
        _ => Some(field.value.clone()),
    }
}

fn join(base: &Url, to: &str) -> Result<Url, CitizenError> {
    base.join(to).map_err(|_| CitizenError::Address(to.to_owned()))
}

fn is_home(url: &Url, home: &str) -> bool {
    url.as_str().split(['?', '#']).next() == Some(home)
}
