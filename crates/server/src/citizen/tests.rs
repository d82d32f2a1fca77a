//! The citizen's pages through their door, on both engines, with a clock that the test moves and an identity provider of
//! its own.

mod idp;
mod me;
mod notify;
mod pages;
mod session;
pub(crate) mod sink;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, REFERER, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use mydata_store::Engine;
use mydata_wire::Verification;
use tower::ServiceExt as _;
use url::Url;

use crate::backoffice::tests::Office;
use crate::config::Config;

pub(crate) use idp::{Idp, WANG, WU};

/// A platform with an identity provider that carries out every method but GOV.
pub(crate) struct Portal {
    pub(crate) office: Office,
    pub(crate) idp: Idp,
}

impl Portal {
    pub(crate) async fn open_on(engine: Engine) -> Self {
        Self::open_with(engine, |_| ()).await
    }

    pub(crate) async fn open_with(engine: Engine, set: impl FnOnce(&mut Config)) -> Self {
        let idp = Idp::start().await;
        let provider = idp.settings();
        let office = Office::open_with(engine, |config| {
            config.identity.oidc.push(provider);
            set(config);
        })
        .await;
        Self { office, idp }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            portal: self,
            cookies: BTreeMap::new(),
            token: String::new(),
            page: String::new(),
            address: "192.0.2.7:4000".parse().unwrap(),
        }
    }

    /// A second, binding version of the terms begins to hold.
    pub(crate) async fn new_terms(&self) {
        use mydata_domain::account::Role;
        use mydata_domain::policy_text::PolicyKind;
        use mydata_store::repo::policy_texts::{Texts, begin, publish};
        let by = self.office.account("admin", Role::Administrator, None).await.id;
        let now = self.office.now();
        let texts = &Texts { zh: "第二版條款的內容".to_owned(), en: "The second version".to_owned() };
        let publish = async |tx| {
            let number = begin(&tx, PolicyKind::CitizenTerms, texts, now).await?;
            assert!(publish(&tx, (PolicyKind::CitizenTerms, number, 1), now, true, by, now).await?);
            Ok(())
        };
        self.office.app.store.db.run_tx("test", publish).await.unwrap();
        self.office.app.system_changed();
    }

    /// What is on record, in the order of the alphabet.
    pub(crate) async fn record(&self) -> Vec<String> {
        use mydata_store::repo::audit;
        let list = mydata_store::repo::list::List { descending: false, size: 100, ..Default::default() };
        let rows = audit::list(&self.office.app.store.db, &list).await.unwrap().rows;
        let mut all: Vec<_> = rows.into_iter().map(|row| row.event.what).collect();
        all.sort();
        all
    }
}

/// Runs a test on both engines.
pub(crate) async fn on_both(test: impl AsyncFn(&Portal)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let portal = Portal::open_on(engine).await;
        test(&portal).await;
        portal.office.close().await;
    }
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |v| v.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let (status, to) = (self.status, self.location());
        assert!(self.body.contains(text), "{text:?} is not said: {status} {to}\n{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is said: {}\n{}", self.status, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, path: &str) {
        assert_eq!((self.status, self.location()), (StatusCode::SEE_OTHER, path), "{}", self.body);
    }
}

/// A browser with a cookie jar, that remembers the token of the last page and where it was.
#[derive(Clone)]
pub(crate) struct Browser<'p> {
    portal: &'p Portal,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) token: String,
    pub(crate) page: String,
    pub(crate) address: SocketAddr,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answered {
        self.page = path.to_owned();
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let token = self.token.clone();
        self.post_with(path, fields, &token).await
    }

    pub(crate) async fn post_with(&mut self, path: &str, fields: &[(&str, &str)], token: &str) -> Answered {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("form_token", token).extend_pairs(fields);
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(REFERER, format!("https://mydata.example{}", self.page))
            .body(Body::from(form.finish()))
            .unwrap();
        self.send(request).await
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answered {
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(COOKIE, pairs.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let router = crate::platform::router(self.portal.office.app.clone());
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = body.split("name=\"form_token\" value=\"").last().filter(|t| *t != body) {
            self.token = token.split('"').next().unwrap().to_owned();
        }
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// Chooses a method on the login page `path`, and proves to be `who` by the method `by`; gives the answer to the way
    /// back.
    pub(crate) async fn proves(
        &mut self,
        path: &str,
        chosen: Verification,
        who: &idp::Who,
        by: Verification,
    ) -> Answered {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{} {}", page.location(), page.body);
        let query = Url::parse(&format!("https://mydata.example{path}")).unwrap();
        let mut fields: Vec<(String, String)> = query.query_pairs().into_owned().collect();
        fields.push(("method".to_owned(), chosen.code().to_owned()));
        let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let onward = self.post("/login", &fields).await;
        let back = self.portal.idp.way_back(&onward.body, who, by, self.portal.office.now());
        self.get(&back).await
    }

    /// Logs in, and accepts terms and policy where that is asked for; gives the page that it leads to.
    pub(crate) async fn log_in(&mut self, who: &idp::Who) -> String {
        let landed = self.proves("/login?next=%2Fabout", Verification::Nhi, who, Verification::Nhi).await;
        assert_eq!(landed.status, StatusCode::SEE_OTHER, "{}", landed.body);
        if !landed.location().starts_with("/login/policies?") {
            return landed.location().to_owned();
        }
        self.agree(landed.location()).await.location().to_owned()
    }

    /// Logs out and in; gives the page that follows, whatever it asks for.
    pub(crate) async fn log_in_again(&mut self, who: &idp::Who) -> String {
        self.get("/about").await;
        self.post("/logout", &[]).await.leads_to("/logout");
        let landed = self.proves("/login?next=%2Fabout", Verification::Nhi, who, Verification::Nhi).await;
        landed.location().to_owned()
    }

    /// Accepts what the page shows.
    pub(crate) async fn agree(&mut self, path: &str) -> Answered {
        let page = self.get(path).await;
        let value = |name: &str| {
            let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let (next, versions) = (value("next"), value("versions"));
        let fields = [("agree", "yes"), ("next", next.as_str()), ("versions", versions.as_str())];
        self.post("/login/policies", &fields).await
    }
}
