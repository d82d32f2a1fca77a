//! A citizen's request: who asks, from where, in which language, and for which exchange.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;
use mydata_domain::transaction::{State, TransactionId};
use mydata_store::repo::transactions::{Kept, Which};

use super::browser;
use super::fault::{Fault, FaultPage};
use super::views;
use crate::address::CallerAddress;
use crate::app::App;
use crate::browser::is_our_origin;
use crate::citizen::header;
use crate::citizen::session::{self, Citizen};
use crate::flow::{confirm, entry, forget, look};
use crate::limit::subscriber;
use crate::web::{Chrome, Prefs};

/// The whole query of a page that loads itself: the refresh without JavaScript, the script's own reload.
pub const AUTOMATIC: &str = "auto";

/// A citizen's request.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The platform.
    pub app: App,
    /// Language and text size.
    pub prefs: Prefs,
    /// From where.
    pub from: IpAddr,
    /// The headers.
    pub headers: HeaderMap,
    /// Path and query.
    pub here: String,
    /// Who is logged in to the portal. Nobody on the pages of an exchange, which has a login of its own.
    pub citizen: Option<Citizen>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(CallerAddress(from)) = CallerAddress::from_request_parts(parts, app).await;
        let here = match parts.method {
            http::Method::GET => parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str),
            // What was posted cannot be shown again; its exchange can.
            _ => parts.uri.path().rsplit_once('/').map_or("/", |(before, _)| before),
        };
        let mut visit = Self {
            app: app.clone(),
            prefs: Prefs::from_headers(&parts.headers),
            from,
            headers: parts.headers.clone(),
            here: here.to_owned(),
            citizen: None,
        };
        if let Err(error) = app.system().await {
            return Err(visit.fault(&error.into()));
        }
        if belongs_to_portal(parts.uri.path()) {
            match session::known(parts, app).await {
                Ok(known) => visit.citizen = known.citizen(),
                Err(error) => return Err(visit.fault(&error.into())),
            }
        }
        // Reading pages is cheap; entries and posted forms change something, and a preview opens a package.
        let path = parts.uri.path();
        let counts = parts.method != http::Method::GET
            || path.starts_with("/service/")
            || (path.starts_with("/exchange/") && path.contains("/preview/"));
        if counts && let Err(wait) = app.page_limit.take(subscriber(from), app.now()) {
            return Err(visit.fault(&Fault::TooMany(wait)));
        }
        // From however many addresses: one citizen has two hands.
        if parts.method != http::Method::GET
            && let Some(citizen) = &visit.citizen
            && let Err(wait) = app.citizen_limit.take(citizen.index.clone(), app.now())
        {
            return Err(visit.fault(&Fault::TooMany(wait)));
        }
        Ok(visit)
    }
}

impl Visit {
    /// The exchange named in the address, when it belongs to this browser. One whose time is over is ended first, if
    /// nobody has done so yet.
    pub async fn exchange(&self, id: &str) -> Result<Kept, Fault> {
        let id: TransactionId = id.parse().map_err(|_| Fault::NotFound)?;
        let kept = self.owned(id).await?;
        let t = &kept.transaction;
        let open = matches!(t.state, State::Entered | State::Authorised(_));
        if !open || self.app.now() < t.idle_until {
            return Ok(kept);
        }
        forget::abandon(&self.app, id, None).await?;
        self.owned(id).await
    }

    async fn owned(&self, id: TransactionId) -> Result<Kept, Fault> {
        let kept = look(&self.app, Which::Id(id)).await?.ok_or(Fault::NotFound)?;
        if !browser::owns(&self.app, &self.headers, &kept) {
            return Err(Fault::OtherBrowser);
        }
        self.within(&kept).await?;
        Ok(kept)
    }

    /// In a pilot every page is for registered addresses only (R15).
    pub async fn within(&self, kept: &Kept) -> Result<(), Fault> {
        let catalogue = self.app.catalogue().await?;
        match entry::kept_out(&catalogue, &kept.transaction, self.from) {
            Some(insiders) => Err(Fault::Pilot(insiders)),
            None => Ok(()),
        }
    }

    /// Whether the page loads itself, which does not mean that somebody sits before it; see [`AUTOMATIC`].
    fn is_automatic(&self) -> bool {
        self.here.split_once('?').is_some_and(|(_, query)| query == AUTOMATIC)
    }

    /// The exchange that a form of ours was posted to, from a page of ours.
    pub async fn posted(&self, id: &str, form: &[(String, String)]) -> Result<Kept, Fault> {
        let kept = self.exchange(id).await?;
        if !is_our_origin(&self.app, &self.headers) {
            return Err(Fault::FormExpired);
        }
        let token = field(form, "form_token").unwrap_or_default();
        if browser::is_our_form(&self.app, &kept, token) { Ok(kept) } else { Err(Fault::FormExpired) }
    }

    /// The citizen did something; written down when the session has visibly run down. A page that loads itself prolongs
    /// nothing.
    pub async fn touch(&self, kept: &mut Kept) -> Result<(), Fault> {
        if self.is_automatic() {
            return Ok(());
        }
        let full = self.app.config.policy.session_idle.0;
        let now = self.app.now();
        if now.until(kept.transaction.idle_until) < full.mul_f32(0.9) {
            confirm::touch(&self.app, kept.transaction.id, &kept.browser).await?;
            kept.transaction.touch(now, &self.app.config.policy);
        }
        Ok(())
    }

    /// The frame of a page that belongs to no exchange.
    pub fn chrome(&self) -> Chrome {
        let mut chrome = views::chrome(&self.app, self.prefs, self.here.clone());
        header::fill(&mut chrome, self);
        chrome
    }

    /// A fault as a page.
    pub fn fault(&self, fault: &Fault) -> Response {
        FaultPage { app: &self.app, prefs: self.prefs, here: &self.here, citizen: self.citizen.as_ref() }
            .page(fault)
    }

    /// An answer, or the page of the fault.
    pub fn or_fault(&self, answer: Result<Response, Fault>) -> Response {
        answer.unwrap_or_else(|fault| self.fault(&fault))
    }
}

/// Whether a page shows who is logged in to the portal.
fn belongs_to_portal(path: &str) -> bool {
    !["/service/", "/exchange/", "/identity/", "/api/"].iter().any(|apart| path.starts_with(apart))
}

/// The value of a form's field.
pub fn field<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
