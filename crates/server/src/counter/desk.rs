//! Who stands at the counter: an address on a list, a browser with a secret of its own, and the forms that it posts.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use http::request::Parts;
use mydata_domain::Time;

use super::stop::{Stop, stop};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::browser::{Browser, Door};
use crate::catalogue::Registered;
use crate::citizen::form;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::counter;
use crate::web::FormTarget;

/// The door of clerks.
pub static DOOR: Door =
    Door { secure_name: "__Host-mydata_counter", plain_name: "mydata_counter", forms: "counter form" };

/// A clerk at an address of a counter service. As an argument of a handler it refuses everybody else.
pub struct Desk {
    /// The request.
    pub visit: Visit,
    /// The browser.
    pub browser: Browser,
    /// What is registered.
    pub catalogue: Arc<Registered>,
}

impl Desk {
    /// A form of this browser.
    pub fn form(&self, action: &str) -> FormTarget {
        FormTarget { action: action.to_owned(), token: self.browser.form_token(&self.visit.app) }
    }

    /// The platform.
    pub fn app(&self) -> &App {
        &self.visit.app
    }

    /// Until when this address is locked.
    pub async fn closed(&self) -> Result<Option<Time>, Fault> {
        Ok(counter::closed(self.app(), self.visit.from).await?)
    }
}

async fn open(visit: Visit) -> Result<Desk, Response> {
    let opened = async {
        if let Some(occurrence) = visit.app.maintenance().await? {
            return Err(Fault::maintenance(occurrence));
        }
        Ok(visit.app.catalogue().await?)
    };
    let catalogue = opened.await.map_err(|fault| visit.fault(&fault))?;
    let here = counter::services_at(&catalogue, visit.from);
    let refused = match here.as_slice() {
        [] => Some(Stop::Address),
        all if all.iter().all(|service| !service.is_listed()) => Some(Stop::Suspended),
        _ => None,
    };
    if let Some(refused) = refused {
        return Err(stop(&visit, refused));
    }
    let browser = Browser::of(&DOOR, &visit.app, &visit.headers);
    Ok(Desk { browser, visit, catalogue })
}

impl FromRequestParts<App> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        open(Visit::from_request_parts(parts, app).await?).await
    }
}

/// A form of a clerk; its origin and its token are right. As an argument of a handler it is the last.
pub struct ClerkForm {
    /// Who posted it.
    pub desk: Desk,
    /// What was posted.
    pub posted: Posted,
}

impl FromRequest<App> for ClerkForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let desk = open(Visit::from_request_parts(&mut parts, app).await?).await?;
        let posted = form::read(&parts, app, body, Some(&desk.browser)).await;
        let posted = posted.map_err(|fault| desk.visit.fault(&fault))?;
        Ok(Self { desk, posted })
    }
}
