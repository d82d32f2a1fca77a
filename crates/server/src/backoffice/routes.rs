//! **The table**: every address of the back office with its method, its rule and its handler. The router, the menu and the
//! tests are made from it. An area with many pages gives its lines from a function of its own, added in [`table`].

use std::sync::LazyLock;

use super::owner::Thing;
use super::route::Route;
use super::rule::Rule;
use super::{
    accept, enrol, forgot, forms, front_test, gov, health, home, item, lists, me, organisation, password,
    prove, review, second_factor, session, sign_in, sign_up, statistics, system, uploads,
};

static TABLE: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut table = signing_in();
    table.extend(own_account());
    table.extend(accept::routes());
    table.extend(sign_up::routes());
    table.extend(forms::routes());
    table.extend(uploads::routes());
    table.extend(lists::routes());
    table.extend(item::routes());
    table.extend(front_test::routes());
    table.extend(health::routes());
    table.extend(review::routes());
    table.extend(organisation::routes());
    table.extend(statistics::routes());
    table.extend(system::routes());
    table
});

/// The table.
pub fn table() -> &'static [Route] {
    &TABLE
}

/// Whether the table has this page.
pub fn has_page(path: &str) -> bool {
    table().iter().any(|route| route.method == http::Method::GET && route.path == path)
}

fn signing_in() -> Vec<Route> {
    vec![
        Route::get("/mydata-backend", Rule::SignedIn, home::show),
        Route::get("/mydata-backend/signin", Rule::Public, sign_in::show),
        Route::post("/mydata-backend/signin", Rule::Public, sign_in::submit),
        Route::post("/mydata-backend/signout", Rule::Halfway, session::sign_out),
        Route::get("/mydata-backend/second-factor", Rule::Halfway, second_factor::show),
        Route::post("/mydata-backend/second-factor", Rule::Halfway, second_factor::submit),
        Route::get("/mydata-backend/second-factor/new", Rule::Halfway, enrol::show),
        Route::post("/mydata-backend/second-factor/new", Rule::Halfway, enrol::submit),
        Route::get("/mydata-backend/forgot", Rule::Public, forgot::show),
        Route::post("/mydata-backend/forgot", Rule::Public, forgot::submit),
        Route::get("/mydata-backend/gov", Rule::Public, gov::start),
        Route::get("/mydata-backend/gov/callback", Rule::Public, gov::callback),
        Route::get("/mydata-backend/password", Rule::Public, password::show_link),
        Route::post("/mydata-backend/password", Rule::Public, password::submit_link),
        Route::get("/mydata-backend/prove", Rule::SignedIn, prove::show),
        Route::post("/mydata-backend/prove", Rule::SignedIn, prove::submit),
        Route::post("/mydata-backend/extend", Rule::Session, session::extend),
        Route::post("/mydata-backend/zone", Rule::SignedIn, session::set_zone),
    ]
}

fn own_account() -> Vec<Route> {
    let own_session = Rule::Owner { of: Thing::Session, or: &[] };
    let own_factor = Rule::Owner { of: Thing::Factor, or: &[] };
    vec![
        Route::get("/mydata-backend/me", Rule::SignedIn, me::show),
        Route::get("/mydata-backend/me/password", Rule::SignedIn, password::show_change),
        Route::post("/mydata-backend/me/password", Rule::SignedIn, password::submit_change),
        Route::post("/mydata-backend/me/gov/link", Rule::SignedIn, gov::link).fresh(),
        Route::post("/mydata-backend/me/gov/unlink", Rule::SignedIn, gov::unlink).fresh(),
        Route::post("/mydata-backend/me/recovery", Rule::SignedIn, me::new_recovery_codes).fresh(),
        Route::post("/mydata-backend/me/sessions/end", Rule::SignedIn, me::end_other_sessions),
        Route::post("/mydata-backend/me/sessions/{id}/end", own_session, me::end_session),
        Route::get("/mydata-backend/me/factors/{id}/remove", own_factor, me::ask_remove_factor).fresh(),
        Route::post("/mydata-backend/me/factors/{id}/remove", own_factor, me::remove_factor).fresh(),
    ]
}
