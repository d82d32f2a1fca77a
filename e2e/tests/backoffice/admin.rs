//! `mydata admin` beside the running platform.

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;

use crate::steps::admin;

/// Accounts are opened, locked and reset while the platform runs, and it knows at once.
async fn beside_the_running_platform(engine: Engine) {
    let country = Country::start(engine).await.unwrap();
    let client = client().unwrap();
    let status = async |link: &str| client.get(link).send().await.unwrap().status().as_u16();
    let add = ["add", "--role", "operator", "--account", "olga", "--mail", "olga@mydata.example"];
    let link = admin(&country, &add);
    assert!(link.starts_with(country.platform.url("mydata-backend/password?link=").as_str()), "{link}");
    assert_eq!(status(&link).await, 200);
    assert!(admin(&country, &["list"]).contains("olga"));
    let another = admin(&country, &["reset", "olga"]);
    assert_eq!((status(&link).await, status(&another).await), (410, 200), "the earlier link has ended");
    for args in [&["lock", "olga"][..], &["unlock", "olga"], &["role", "olga", "auditor"]] {
        assert_eq!(admin(&country, args), "");
    }
    assert!(admin(&country, &["list", "--role", "auditor"]).contains("olga"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_looked_after_beside_a_platform_on_sqlite() {
    beside_the_running_platform(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_looked_after_beside_a_platform_on_postgresql() {
    beside_the_running_platform(Engine::Postgres).await;
}
