//! The platform as a process: it starts, is killed, starts again on the same data, and ends when asked.

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;

async fn lives_twice(engine: Engine) {
    let mut country = Country::start(engine).await.unwrap();
    let home = country.platform.url("/");
    let answers = async || client().unwrap().get(home.clone()).send().await.unwrap().status().as_u16();
    assert_eq!(answers().await, 200);

    country.platform.kill().unwrap();
    client().unwrap().get(home.clone()).send().await.unwrap_err();
    country.platform.start().await.unwrap();
    assert_eq!(answers().await, 200);

    country.platform.stop().unwrap();

    // What was registered before is still there: the export names the bank's service.
    let export = country.platform.data_folder().with_file_name("export.toml");
    let output = country.platform.run(&["registry", "export", &export.to_string_lossy()]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(&export).unwrap().contains("CLI.qqOjnjO4WR"));
}

#[tokio::test]
async fn on_sqlite() {
    lives_twice(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgresql() {
    lives_twice(Engine::Postgres).await;
}
