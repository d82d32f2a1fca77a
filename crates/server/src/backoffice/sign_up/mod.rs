//! Sign-up (建立帳號): an organisation's mail address, terms and policy; the link in the mail; account name and password; the
//! organisation's form and one application; 送出. Until then the account cannot be used for anything else (R1–R7, R18–R26).
//!
//! | module | page |
//! | --- | --- |
//! | [`ask`] | terms and privacy policy, read to the end; the mail address; “mail sent” |
//! | [`open`] | what the link opens: account name and password |
//! | [`progress`] | how far the forms are; after 送出 that they are in review |
//! | [`choose`] | which of the three applications |
//! | [`overview`] | everything once more, and 送出 |

pub mod ask;
pub mod choose;
pub mod open;
pub mod overview;
pub mod progress;

#[cfg(test)]
pub(super) mod samples;

use mydata_domain::forms::FormKind;
use mydata_store::repo::drafts::{self, Draft, Owner};

use super::fault::Fault;
use super::forms::desk::Desk;
use super::route::Route;
use super::rule::Rule;
use super::visit::Visit;

/// Below the root: where signing up begins.
pub const BEGIN: &str = "/signup";
/// Below the root: where the forms are filled in; an account that is not open yet is always led here.
pub const FORM: &str = "/signup/form";

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/mydata-backend/signup", Rule::Public, ask::show),
        Route::post("/mydata-backend/signup", Rule::Public, ask::submit),
        Route::get("/mydata-backend/signup/sent", Rule::Public, ask::sent),
        Route::get("/mydata-backend/signup/account", Rule::Public, open::show),
        Route::post("/mydata-backend/signup/account", Rule::Public, open::submit),
        Route::get("/mydata-backend/signup/form", Rule::Applying, progress::show),
        Route::get("/mydata-backend/signup/choose", Rule::Applying, choose::show),
        Route::post("/mydata-backend/signup/choose", Rule::Applying, choose::submit),
        Route::get("/mydata-backend/signup/overview", Rule::Applying, overview::show),
        Route::post("/mydata-backend/signup/overview", Rule::Applying, overview::submit),
    ]
}

/// The applications that a sign-up may bring.
const APPLICATIONS: [FormKind; 3] = [FormKind::Dataset, FormKind::Service, FormKind::CounterService];

/// The drafts of somebody who signs up.
struct Drafts {
    /// 機關單位基本資料.
    organisation: Option<Draft>,
    /// The application that was chosen: the one saved last, should there be several.
    application: Option<Draft>,
}

impl Drafts {
    async fn of(visit: &Visit) -> Result<Self, Fault> {
        let app = &visit.app;
        let owner = Owner::Account(visit.me()?.account.id);
        let all = drafts::of_owner(&app.store.db, &app.store.crypter, &owner).await?;
        let mut found = Self { organisation: None, application: None };
        for draft in all {
            let place = match draft.form {
                FormKind::Organisation => &mut found.organisation,
                form if APPLICATIONS.contains(&form) => &mut found.application,
                _ => continue,
            };
            place.get_or_insert(draft);
        }
        Ok(found)
    }
}

/// A draft of somebody who signs up, with all around it.
async fn desk(visit: &Visit, draft: Draft) -> Result<Desk, Fault> {
    let owner = Owner::Account(visit.me()?.account.id);
    Desk::around(visit, owner, draft).await
}
