//! The back office (管理後臺) under `/mydata-backend`: accounts sign in, and do what their role may.
//!
//! Owns the table of its routes, each with the rule of who may; the gate that applies the rules; sign-in and sessions;
//! the frame of its pages and the parts they are made of. Refuses to decide what becomes of items and filings: that is
//! the domain's, and is done one layer down.
//!
//! | module | subject |
//! | --- | --- |
//! | [`routes`] | **the** table: every address, its method, its rule, its handler |
//! | [`route`], [`rule`], [`owner`] | what stands in a line of the table |
//! | [`gate`] | what every request passes before its handler: session, rule, form token, repeated proof |
//! | [`visit`], [`posted`] | a request as its handler sees it |
//! | [`browser`], [`session`] | the cookie, and the session it stands for |
//! | [`sign_in`], [`second_factor`], [`enrol`], [`prove`], [`password`], [`me`] | signing in, and one's own account |
//! | [`gov`] | signing in with an e-government account |
//! | [`forgot`], [`account_mail`] | links that set a password, and what holders are told by mail |
//! | [`hash`], [`totp`], [`passkey`], [`recovery`], [`qr`] | what proves who somebody is |
//! | [`accept`], [`announce`] | a new version of a policy is accepted, and told by mail |
//! | [`sign_up`] | 建立帳號, from the mail address to 送出 |
//! | [`forms`], [`uploads`] | the application forms as pages; their files |
//! | [`frame`], [`menu`], [`fault`], [`home`] | the frame of every page |
//! | [`flow`] | what happens when somebody acts |
//! | [`scope`] | whose items and filings an account may see |
//! | [`lists`], [`item`] | lists of items, and the page of one |
//! | [`front_test`] | 前臺測試頁: trying an item as a citizen would |
//! | [`organisation`] | 機關單位管理: an organisation, its accounts and files; all organisations |
//! | [`health`] | whether items can be reached: tests, polls, 異常管理 |
//! | [`review`], [`system`] | filings under review; accounts, mails and the record |
//! | [`statistics`] | 統計數據 |
//! | [`parts`] | what pages are made of: lists, forms, notices |
//! | [`upload`] | what an uploaded file is, by its content |

pub mod accept;
pub mod account_mail;
pub mod announce;
pub mod browser;
pub mod enrol;
pub mod factor;
pub mod fault;
pub mod flow;
pub mod forgot;
pub mod forms;
pub mod frame;
pub mod front_test;
pub mod gate;
pub mod gov;
pub mod hash;
pub mod health;
pub mod home;
pub mod item;
pub mod lists;
pub mod me;
pub mod menu;
pub mod organisation;
pub mod owner;
pub mod parts;
pub mod passkey;
pub mod password;
pub mod posted;
pub mod prove;
pub mod qr;
pub mod recovery;
pub mod review;
pub mod route;
pub mod routes;
pub mod rule;
pub mod scope;
pub mod second_factor;
pub mod session;
pub mod sign_in;
pub mod sign_up;
pub mod statistics;
pub mod system;
pub mod totp;
pub mod upload;
pub mod uploads;
pub mod visit;

#[cfg(test)]
pub(crate) mod gallery;
#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use axum::extract::State;
use axum::routing::{MethodFilter, on};

use crate::app::App;

/// Where the back office begins.
pub const ROOT: &str = "/mydata-backend";

/// All routes of the table, and a page that says 404 for every other address below [`ROOT`].
pub fn router() -> Router<App> {
    let mut router = Router::new();
    for route in routes::table() {
        let filter = MethodFilter::try_from(route.method.clone()).expect("the table holds GET and POST only");
        let pass =
            move |State(app): State<App>, request: axum::extract::Request| gate::pass(app, route, request);
        router = router.route(route.path, on(filter, pass));
    }
    router.route(&format!("{ROOT}/{{*rest}}"), axum::routing::any(gate::nowhere))
}
